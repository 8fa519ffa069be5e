"""Who made a change, from entries of the audit log that come late, or never."""

from dataclasses import replace
from datetime import timedelta

from tests.workflows.core.builders import NOW
from tests.workflows.core.posture.watch.drifts import drift, found
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.watch.authors import (
    LIST_MAY_LAG,
    LOG_EXPECTED_WITHIN,
    LOOKED_BACK,
    author_of,
    first_author,
    log_needed_since,
)
from workflows.core.posture.watch.drift import Author, AuthorState
from workflows.core.settings.partner_changes import ChangesByPartner, LoggedChange, PartnerChange

MINUTE = timedelta(minutes=1)


def entry(minutes: float, *, by: str = "mallory@woodgrove.com", is_ours: bool = False) -> PartnerChange:
    """An entry some minutes before NOW."""
    return PartnerChange(
        at=NOW - minutes * MINUTE,
        activity="Update a partner cross-tenant access setting",
        changed_by=by,
        is_ours=is_ours,
        user_id="" if is_ours else "id-mallory",
    )


def test_the_newest_entry_of_somebody_else_counts() -> None:
    author = author_of(drift(), [entry(90, by="sam@woodgrove.com"), entry(30)], own_until=None, now=NOW)
    assert author == Author(
        state=AuthorState.KNOWN, name="mallory@woodgrove.com", account="id-mallory", at=NOW - 30 * MINUTE
    )


def test_what_gatehouse_wrote_by_a_plan_is_not_the_change() -> None:
    ours = [entry(30, by="Gatehouse", is_ours=True)]
    assert author_of(drift(), ours, own_until=NOW - 30 * MINUTE, now=NOW) == Author()
    critical = author_of(drift(), ours, own_until=NOW - 60 * MINUTE, now=NOW)
    assert critical.is_own_application
    assert author_of(drift(), ours, own_until=None, now=NOW).is_own_application
    by_hand_before = [*ours, entry(40)]
    assert author_of(drift(), by_hand_before, own_until=NOW - 60 * MINUTE, now=NOW).is_own_application
    assert author_of(drift(), by_hand_before, own_until=None, now=NOW).is_own_application
    assert not author_of(drift(), by_hand_before, own_until=NOW - 30 * MINUTE, now=NOW).is_own_application
    by_hand_after = [*ours, entry(20)]
    assert not author_of(drift(), by_hand_after, own_until=NOW - 60 * MINUTE, now=NOW).is_own_application


def test_the_log_does_not_show_who_changed_capabilities_alone() -> None:
    capabilities = found(settings=("m365Capabilities",))
    assert first_author(capabilities).state is AuthorState.NOT_LOGGED
    kinds = found(settings=("m365Capabilities.crossTenantMailTipsAll",), code=ConcernCode.REVOKED_BUT_OPEN)
    assert first_author(kinds).state is AuthorState.NOT_LOGGED
    for other in (
        found(settings=("m365Capabilities", "inboundTrust")),
        found(),
        replace(capabilities, code=ConcernCode.UNKNOWN_TO_GATEHOUSE),
        replace(capabilities, settings=()),
    ):
        assert first_author(other) == Author()


def test_a_log_that_is_late_is_asked_again_until_it_is_said_that_it_has_nothing() -> None:
    late = NOW + LOG_EXPECTED_WITHIN
    assert author_of(drift(), [], own_until=None, now=late - MINUTE).state is AuthorState.PENDING
    assert author_of(drift(), None, own_until=None, now=late - MINUTE).state is AuthorState.PENDING
    assert author_of(drift(), [], own_until=None, now=late).state is AuthorState.NOT_IN_LOG
    assert author_of(drift(), None, own_until=None, now=late).state is AuthorState.LOG_UNREADABLE


def test_the_log_is_read_from_the_last_sweep_that_found_nothing() -> None:
    assert log_needed_since(drift(unchanged_at=NOW - 60 * MINUTE)) == NOW - 60 * MINUTE - LIST_MAY_LAG
    assert log_needed_since(drift()) == NOW - LOOKED_BACK
    assert log_needed_since(drift(unchanged_at=NOW - 2 * LOOKED_BACK)) == NOW - LOOKED_BACK


def test_an_entry_that_names_no_partner_counts_for_each_unless_it_is_about_the_default() -> None:
    def logged(partners: frozenset[str], *, is_default: bool = False) -> LoggedChange:
        return LoggedChange(change=entry(1), partners=partners, is_default=is_default)

    assert logged(frozenset({"a"})).is_about("a")
    assert not logged(frozenset({"a"})).is_about("b")
    assert logged(frozenset()).is_about("b")
    assert not logged(frozenset(), is_default=True).is_about("b")


def test_entries_are_found_by_partner_in_the_order_of_the_log() -> None:
    log = [
        LoggedChange(
            change=replace(entry(1), activity=f"{number}"), partners=frozenset(partners), is_default=is_default
        )
        for number, (partners, is_default) in enumerate(
            [({"a"}, False), ((), False), ({"a", "b"}, False), ((), True), ({"b"}, True)]
        )
    ]
    found = ChangesByPartner(log)
    for subject in ("a", "b", "c"):
        assert found.about(subject) == tuple(one.change for one in log if one.is_about(subject)), subject
    assert [one.activity for one in found.about("b")] == ["1", "2", "4"]

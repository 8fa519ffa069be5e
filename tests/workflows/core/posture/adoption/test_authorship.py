"""Who made the settings, as far as the audit log says, and one approver more when it does not say."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.workflows.core.builders import BRUNO, CHIE, NOW, STAGES
from workflows.core.checks.findings import FindingCode
from workflows.core.people import ADMIN
from workflows.core.policy.relations import REQUESTER_MANAGER
from workflows.core.policy.template import Stage
from workflows.core.posture.adoption.authorship import (
    Authorship,
    UnknownAuthor,
    adoption_findings,
    authorship_of,
    chains_with_one_more,
    new_authors,
)
from workflows.core.requests.delays.downtime import AUDIT_KEPT_FOR
from workflows.core.settings.partner_changes import PartnerChange

HOUR = timedelta(hours=1)


def change(**given: Any) -> PartnerChange:
    usual = {"at": NOW - HOUR, "activity": "Update", "changed_by": "bruno@example.com", "is_ours": False}
    return PartnerChange(**{**usual, "user_id": BRUNO.id, **given})


def test_the_log_names_everybody_since_the_partner_was_added() -> None:
    added = change(is_creation=True)
    later = change(user_id=CHIE.id, changed_by="chie@example.com")
    found = authorship_of([added, later, later], since=None, now=NOW)
    assert found == Authorship(authors=(BRUNO.id, CHIE.id))
    assert found.is_known


def test_without_the_log_or_its_beginning_the_author_is_not_known() -> None:
    """Those whom it names are excluded all the same."""
    assert authorship_of(None, since=None, now=NOW) == Authorship(unknown=UnknownAuthor.LOG_UNREADABLE)
    assert authorship_of([], since=None, now=NOW) == Authorship(unknown=UnknownAuthor.TOO_OLD)
    found = authorship_of([change()], since=None, now=NOW)
    assert found == Authorship(authors=(BRUNO.id,), unknown=UnknownAuthor.TOO_OLD)
    assert not found.is_known


def test_an_application_and_gatehouse_itself_are_no_persons() -> None:
    script = change(user_id="", is_creation=True)
    assert authorship_of([script], since=None, now=NOW).unknown is UnknownAuthor.NOT_A_PERSON
    own = change(user_id="", is_creation=True, is_ours=True)
    assert authorship_of([own, change()], since=None, now=NOW).unknown is UnknownAuthor.NOT_A_PERSON


def test_a_change_by_gatehouses_application_that_no_plan_holds_makes_the_author_unknown() -> None:
    """Somebody else may use its credential. What it wrote until the settings were approved is no change since."""
    own = change(user_id="", is_ours=True)
    added = change(is_creation=True, at=NOW - 2 * HOUR)
    assert authorship_of([added, own], since=None, now=NOW).unknown is UnknownAuthor.NOT_A_PERSON
    assert authorship_of([own, change()], since=NOW - 2 * HOUR, now=NOW).unknown is UnknownAuthor.NOT_A_PERSON
    by_plan = change(user_id="", is_ours=True, at=NOW - 2 * HOUR)
    assert authorship_of([by_plan, change()], since=NOW - 2 * HOUR, now=NOW) == Authorship(authors=(BRUNO.id,))


def test_for_drift_only_what_happened_since_the_approval_counts() -> None:
    before, after = change(at=NOW - 3 * HOUR), change(user_id=CHIE.id)
    found = authorship_of([before, after], since=NOW - 2 * HOUR, now=NOW)
    assert found == Authorship(authors=(CHIE.id,))
    assert authorship_of([before], since=NOW - 2 * HOUR, now=NOW).unknown is UnknownAuthor.TOO_OLD
    long_ago = NOW - AUDIT_KEPT_FOR - HOUR
    assert authorship_of([after], since=long_ago, now=NOW).unknown is UnknownAuthor.TOO_OLD


def test_an_entry_whose_time_cannot_be_read_counts() -> None:
    unreadable = change(at=datetime.fromtimestamp(0, UTC))
    assert authorship_of([unreadable], since=NOW - HOUR, now=NOW).authors == (BRUNO.id,)


def test_one_approver_more_in_the_last_stage_or_else_before_it_or_else_an_admin() -> None:
    security, owners = STAGES
    more = chains_with_one_more(STAGES, "Partner admins")
    assert [[stage.quorum for stage in chain] for chain in more] == [[1, 3], [2, 2], [1, 2, 1]]
    assert more[-1] == (security, owners, Stage(title="Partner admins", role=ADMIN, quorum=1))
    admins = (Stage(title="Admins", role=ADMIN, quorum=1),)
    assert [[stage.quorum for stage in chain] for chain in chains_with_one_more(admins, "")] == [[2]]
    by_manager = (Stage(title="Manager", role=REQUESTER_MANAGER, quorum=1), *admins)
    assert [[stage.quorum for stage in chain] for chain in chains_with_one_more(by_manager, "")] == [[1, 2]]


def test_approvers_hear_who_made_it_and_what_is_not_known() -> None:
    known = adoption_findings(Authorship(authors=(BRUNO.id,)), [BRUNO], has_template=True)
    assert [one.code for one in known] == [FindingCode.MADE_BY]
    assert known[0].values == {"names": ["Bruno"]}
    unknown = adoption_findings(Authorship(unknown=UnknownAuthor.TOO_OLD), [], has_template=False)
    assert [one.code for one in unknown] == [FindingCode.AUTHOR_UNKNOWN, FindingCode.EQUALS_NO_TEMPLATE]
    assert unknown[0].values == {"why": "too_old"}


def test_another_author_is_noticed_by_account_in_any_case() -> None:
    changes = [change(), change(user_id=CHIE.id, changed_by="Chie"), change(user_id=""), change(is_ours=True)]
    assert new_authors(changes, [BRUNO.id], since=None) == ("Chie",)
    assert new_authors(changes, [type(BRUNO.id)(BRUNO.id.upper()), CHIE.id], since=None) == ()
    assert new_authors(changes, [], since=NOW) == ()

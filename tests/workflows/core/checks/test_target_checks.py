"""The ids that a plan names: found in our directory, absent, on the wrong side, unread. Nothing unread is fine."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.words.findings.finding import finding_words
from bot.words.plans.changes import describe_changes
from tests.workflows.core.builders import TENANT
from workflows.core.checks.findings import Finding, Severity
from workflows.core.checks.target_checks import (
    MAX_LOOKED_UP,
    Names,
    check_targets,
    ids_to_look_up,
    is_microsoft_application,
    known_names,
    shown_name,
)
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.plans.named_targets import NamedTarget, current_targets, shown_targets, written_targets
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access
from workflows.core.settings.documents import to_document
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import (
    ALL_USERS,
    OFFICE_365,
    AccessType,
    B2BSetting,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
)

INBOUND, OUTBOUND = Property.B2B_COLLABORATION_INBOUND, Property.B2B_COLLABORATION_OUTBOUND
G, U, A = TargetType.GROUP, TargetType.USER, TargetType.APPLICATION
OUR_GROUP, THEIR_GROUP, OUR_APP, THEIR_APP = (f"5f0a1b2c-000{n}-4d3e-8f90-a1b2c3d4e5f6" for n in range(4))
SHAREPOINT: Final = "00000003-0000-0ff1-ce00-000000000000"
FORBIDDEN: Final = UnreadableFact(reason=UnreadableReason.FORBIDDEN)


def target(kind: TargetType, id: str) -> Target:
    """One target."""
    return Target(type=kind, id=id)


def only(people: Target, application: Target) -> B2BSetting:
    """Let one of each in."""
    return B2BSetting(
        users_and_groups=TargetConfiguration(access=AccessType.ALLOWED, targets=(people,)),
        applications=TargetConfiguration(access=AccessType.ALLOWED, targets=(application,)),
    )


def plan(settings: dict[Property, Setting], before: dict[str, Any] | None = None) -> Plan:
    """A plan that writes these settings."""
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=settings,
        template="t",
        template_hash="h",
        duration=timedelta(days=30),
    )


PROJECT: Final = plan(
    {
        INBOUND: only(target(G, THEIR_GROUP), target(A, OUR_APP)),
        OUTBOUND: only(target(G, OUR_GROUP.upper()), target(A, THEIR_APP)),
    }
)


def found(names: Names, which: Plan = PROJECT, asked: dict[str, str] | None = None) -> dict[str, Finding]:
    """The findings by code."""
    return {one.code: one for one in check_targets(which, names, asked or {})}


def test_every_id_is_named_with_its_owner_and_reserved_words_are_no_ids() -> None:
    assert written_targets(PROJECT) == (
        NamedTarget(setting=INBOUND, target=target(G, THEIR_GROUP), owner=Owner.THEIRS),
        NamedTarget(setting=INBOUND, target=target(A, OUR_APP), owner=Owner.OURS),
        NamedTarget(setting=OUTBOUND, target=target(G, OUR_GROUP), owner=Owner.OURS),
        NamedTarget(setting=OUTBOUND, target=target(A, THEIR_APP), owner=Owner.THEIRS),
    )
    reserved = plan({INBOUND: only(target(U, ALL_USERS), target(A, OFFICE_365))})
    assert shown_targets(reserved) == ()


def test_what_stood_before_is_shown_but_not_checked() -> None:
    before = {"tenantId": TENANT, INBOUND.value: to_document(only(target(U, ALL_USERS), target(A, OUR_APP)))}
    narrowed = plan({INBOUND: only(target(U, ALL_USERS), target(A, THEIR_APP))}, before)
    assert [one.target.id for one in shown_targets(narrowed)] == [THEIR_APP, OUR_APP]
    assert found({target(A, THEIR_APP): "Archive", target(A, OUR_APP): None}, narrowed).keys() == {"targets_named"}
    assert [one.target.id for one in current_targets(before)] == [OUR_APP]
    assert current_targets(None) == ()


@pytest.mark.parametrize("document", [{"usersAndGroups": "?"}, 7])
def test_what_cannot_be_read_names_nothing(document: object) -> None:
    assert current_targets({"tenantId": TENANT, INBOUND.value: document, "unknown": {}}) == ()


def test_half_a_setting_and_other_settings_name_what_they_hold() -> None:
    target_list = B2BSetting(
        users_and_groups=None, applications=only(target(U, ALL_USERS), target(A, OUR_APP)).applications
    )
    assert [one.target.id for one in written_targets(plan({INBOUND: target_list}))] == [OUR_APP]


def test_what_is_ours_is_looked_up_and_so_are_their_people_and_last_their_applications() -> None:
    assert ids_to_look_up(shown_targets(PROJECT)) == (
        target(G, THEIR_GROUP),
        target(A, OUR_APP),
        target(G, OUR_GROUP),
        target(A, THEIR_APP),
    )
    assert ids_to_look_up(reversed(shown_targets(PROJECT)))[-1] == target(A, THEIR_APP)


def test_an_application_of_theirs_that_is_here_as_well_is_only_told() -> None:
    told = found({target(A, THEIR_APP): "Salesforce"})
    assert told["targets_in_both"].severity is Severity.NOTE
    assert f"application {THEIR_APP} is “Salesforce” here" in finding_words(told["targets_in_both"])
    for nothing in (None, FORBIDDEN):
        assert found({target(A, THEIR_APP): nothing, target(A, OUR_APP): "x"}).keys() == {
            "targets_left_out",
            "targets_named",
            "targets_theirs",
        }


def test_names_that_were_found_are_told_and_shown() -> None:
    names = {target(G, OUR_GROUP): "Bridge", target(A, OUR_APP): "Portal", target(G, THEIR_GROUP): None}
    told = found(names)
    assert told.keys() == {"targets_named", "targets_theirs"}
    assert told["targets_named"].severity is told["targets_theirs"].severity is Severity.NOTE
    assert f"application {OUR_APP} is “Portal”, group {OUR_GROUP} is “Bridge”." in finding_words(told["targets_named"])
    assert THEIR_APP in finding_words(told["targets_theirs"])
    assert known_names(names) == {OUR_GROUP: "Bridge", OUR_APP: "Portal"}
    words = " ".join(line.after for line in describe_changes(PROJECT, names=known_names(names)))
    assert f"application “Portal” ({OUR_APP})" in words
    assert f"group “Bridge” ({OUR_GROUP.upper()})" in words


def test_an_id_of_the_partner_is_never_shown_with_our_name_for_it() -> None:
    words = " ".join(line.after for line in describe_changes(PROJECT, names={THEIR_GROUP: "Ours", THEIR_APP: "Ours"}))
    assert "Ours" not in words


def several(*ids: str) -> B2BSetting:
    """Let groups of ours out, to everything."""
    groups = tuple(target(G, one) for one in ids)
    people = TargetConfiguration(access=AccessType.ALLOWED, targets=groups)
    return replace(only(target(U, ALL_USERS), target(A, THEIR_APP)), users_and_groups=people)


def test_a_list_that_keeps_a_deleted_id_can_be_narrowed() -> None:
    before = {"tenantId": TENANT, OUTBOUND.value: to_document(several(OUR_GROUP.upper(), THEIR_GROUP))}
    told = found({target(G, OUR_GROUP): None}, plan({OUTBOUND: several(OUR_GROUP)}, before))
    assert told.keys() == {"target_gone", "targets_theirs"}
    assert told["target_gone"].severity is Severity.WARNING
    assert f"listed group {OUR_GROUP} before and lists it after this" in finding_words(told["target_gone"])
    assert "this tenant has no such group now" in finding_words(told["target_gone"])


def test_an_id_that_another_setting_listed_is_new_here() -> None:
    inbound = only(target(G, THEIR_GROUP), target(A, OUR_APP))
    before = {"tenantId": TENANT, INBOUND.value: to_document(inbound), OUTBOUND.value: to_document(several(THEIR_APP))}
    told = found({target(G, THEIR_GROUP): None}, plan({OUTBOUND: several(THEIR_GROUP)}, before))
    assert told["target_absent"].severity is Severity.ERROR


def test_what_is_restored_may_name_what_is_nobodys_now() -> None:
    absent = {target(A, OUR_APP): None, target(G, OUR_GROUP): None}
    assert "target_absent" in found(absent)
    told = list(check_targets(PROJECT, absent, {}, is_restoration=True))
    assert [one.severity for one in told if one.code == "target_gone"] == [Severity.WARNING] * 2
    assert "target_absent" not in {one.code for one in told}
    office = plan({INBOUND: only(target(U, ALL_USERS), target(A, SHAREPOINT))})
    (note,) = check_targets(office, {target(A, SHAREPOINT): None}, {}, is_restoration=True)
    assert note.code == "target_not_installed"


@pytest.mark.parametrize("asked", [{}, {OUR_APP: "Portal application"}])
def test_an_id_that_has_to_be_ours_and_is_not_ends_the_request(asked: dict[str, str]) -> None:
    error = found({target(A, OUR_APP): None, target(G, OUR_GROUP): "Bridge"}, asked=asked)["target_absent"]
    assert error.severity is Severity.ERROR
    field = " (“Portal application” on the form)" if asked else ""
    assert finding_words(error).startswith(
        f"There is no application {OUR_APP}{field} in this tenant, where “B2B collaboration, "
    )
    assert "Application ID, not the Object ID" in finding_words(error)


def test_an_id_of_ours_where_the_partners_belongs_ends_the_request() -> None:
    error = found({target(G, THEIR_GROUP): "Finance"}, asked={THEIR_GROUP: "Pilot group"})["target_is_ours"]
    assert error.severity is Severity.ERROR
    assert finding_words(error).startswith(
        f"Group {THEIR_GROUP} (“Pilot group” on the form) is “Finance” in this tenant"
    )


def test_an_id_of_ours_that_was_listed_there_before_is_a_warning() -> None:
    """Nobody chose it in this request: what narrows the list, or puts it back, must not hang on it."""
    (told,) = (
        one
        for one in check_targets(PROJECT, {target(G, THEIR_GROUP): "Finance"}, {}, is_restoration=True)
        if one.code == "target_is_ours"
    )
    assert told.severity is Severity.WARNING
    before = {"tenantId": TENANT, INBOUND.value: to_document(only(target(G, THEIR_GROUP), target(A, THEIR_APP)))}
    narrowed = plan({INBOUND: only(target(G, THEIR_GROUP), target(A, OUR_APP))}, before)
    assert found({target(G, THEIR_GROUP): "Finance"}, narrowed)["target_is_ours"].severity is Severity.WARNING


def test_microsofts_own_applications_need_not_be_in_use_here() -> None:
    office = plan({INBOUND: only(target(U, ALL_USERS), target(A, SHAREPOINT))})
    assert found({target(A, SHAREPOINT): None}, office)["target_not_installed"].severity is Severity.NOTE
    assert is_microsoft_application(target(A, SHAREPOINT))
    assert not is_microsoft_application(target(G, SHAREPOINT))
    assert not is_microsoft_application(target(A, OUR_APP))


def test_what_could_not_be_read_is_said_with_the_permission_it_takes() -> None:
    names: Names = {target(A, OUR_APP): FORBIDDEN, target(G, OUR_GROUP): FORBIDDEN, target(G, THEIR_GROUP): FORBIDDEN}
    told = [one for one in check_targets(PROJECT, names, {}) if one.severity is Severity.UNCHECKED]
    assert [one.code for one in told] == ["groups_unread", "applications_unread"]
    assert "GroupMember.Read.All" in finding_words(told[0])
    assert "Application.Read.All" in finding_words(told[1])
    user = plan({OUTBOUND: only(target(U, OUR_GROUP), target(A, OFFICE_365))})
    assert "User.Read.All" in finding_words(found({target(U, OUR_GROUP): FORBIDDEN}, user)["users_unread"])


@pytest.mark.parametrize(("count", "words"), [(1, "One more ID could"), (7, "7 more IDs could")])
def test_more_ids_than_are_looked_up_are_counted(count: int, words: str) -> None:
    many = tuple(target(G, f"5f0a1b2c-0000-4d3e-8f90-{n:012d}") for n in range(MAX_LOOKED_UP + count))
    everything = only(target(U, ALL_USERS), target(A, OFFICE_365))
    people = TargetConfiguration(access=AccessType.ALLOWED, targets=many)
    big = plan({OUTBOUND: replace(everything, users_and_groups=people)})
    asked_for = ids_to_look_up(shown_targets(big))
    assert len(asked_for) == MAX_LOOKED_UP
    told = found(dict.fromkeys(asked_for, "Group"), big)
    assert finding_words(told["targets_left_out"]).startswith(words)
    assert f"and {MAX_LOOKED_UP - 5} more" in finding_words(told["targets_named"])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (" Bridge \n project ", "Bridge project"),
        ("x” (approved), group “y", 'x" (approved), group "y'),
        ("n" * 80, f"{'n' * 59}…"),
    ],
)
def test_a_name_fits_in_quotation_marks(name: str, shown: str) -> None:
    assert shown_name(name) == shown


def test_a_shown_name_is_one_short_line_without_quotation_marks() -> None:
    assert shown_name("Sales\n  “East”") == 'Sales "East"'
    assert shown_name("a" * 60) == "a" * 60
    assert shown_name("a" * 61) == "a" * 59 + "…"

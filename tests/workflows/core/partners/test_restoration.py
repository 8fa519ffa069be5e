"""A restore: from the current settings to the earlier ones, never by deleting, and by which approval policy."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words.findings.finding import finding_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import NOW, STAGES, TENANT, closed_document, prepared, request
from tests.workflows.core.strategies import PROPERTY, SETTINGS, partner_documents
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, NothingToChange, UnreadableSetting
from workflows.core.partners.restoration.deciding_template import (
    deciding_template,
    likely_templates,
    with_deciding_template,
)
from workflows.core.partners.restoration.not_restored import restoration_findings, settings_not_restored
from workflows.core.partners.restoration.restorable import is_restorable, restored_summary
from workflows.core.partners.restoration.restoration_plan import is_same_configuration, plan_restoration
from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.closing import closes_everything, only_reduces_access
from workflows.core.plans.plan import Plan, count_written, is_confirmed
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.policy.template import Stage, Template, stages_for
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState, WriteRefusal
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import is_equivalent, to_document
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_USERS,
    BLOCK_ALL,
    CLOSED,
    AccessType,
    B2BSetting,
    InboundTrust,
    Property,
    Target,
    TargetConfiguration,
    TargetType,
)

OPEN: Final = B2BSetting(
    users_and_groups=TargetConfiguration(
        access=AccessType.ALLOWED, targets=(Target(type=TargetType.USER, id=ALL_USERS),)
    ),
    applications=TargetConfiguration(
        access=AccessType.ALLOWED, targets=(Target(type=TargetType.APPLICATION, id=ALL_APPLICATIONS),)
    ),
)
SYNC: Final = Property.IDENTITY_SYNCHRONIZATION
DOCUMENTS: Final = st.none() | partner_documents(TENANT)


def restoration(now: JsonObject | None, earlier: JsonObject | None) -> Plan:
    return plan_restoration(tenant_id=TENANT, current_configuration=now, earlier_configuration=earlier)


def document(**settings: Any) -> dict[str, Any]:
    return {"tenantId": TENANT, **settings}


def body(plan: Plan) -> JsonObject:
    [operation] = plan.operations
    return operation.body


def template(name: str = "one", stages: tuple[Stage, ...] = STAGES) -> Template:
    return Template(
        name=name,
        title=name.capitalize(),
        description="",
        settings={},
        stages=stages,
        review_interval=timedelta(days=30),
        durations=(timedelta(days=90),),
        default_duration=timedelta(days=90),
        decide_within=timedelta(days=14),
        content_hash=f"hash of {name}",
    )


def applied(plan: Plan, **changes: Any) -> AccessRequest:
    usual = request(RequestState.APPLIED, prepared=prepared(plan=plan), confirmed_at=NOW)
    return replace(usual, **changes)


# --- for every earlier configuration, whatever somebody else changed since ---


@PROPERTY
@given(now=DOCUMENTS, earlier=DOCUMENTS)
def test_it_leads_back_to_the_image_in_every_setting_of_the_model(
    now: JsonObject | None, earlier: JsonObject | None
) -> None:
    try:
        plan = restoration(now, earlier)
    except NothingToChange:
        after = now
    else:
        after = plan.configuration_after()
    there = effective_settings(earlier, None), effective_settings(after, None)
    assert there[0].flags[SYNC, "is_allowed"].value == there[1].flags[SYNC, "is_allowed"].value
    for name in (name for name in Property if name is not SYNC):
        wanted, stands = (one.get(name) if one else None for one in (earlier, after))
        if name is Property.M365_CAPABILITIES:
            wanted, stands = _that_are_on(wanted), _that_are_on(stands)
        assert is_equivalent({"": wanted}, {"": stands}), name


def _that_are_on(capabilities: Any) -> Any:
    """The capabilities that show something: one that is switched off is never deleted, and shows what none shows."""
    return [one for one in capabilities or () if one["inboundAccess"]["isAllowed"]]


@PROPERTY
@given(now=DOCUMENTS, earlier=DOCUMENTS)
def test_twice_is_nothing_to_change(now: JsonObject | None, earlier: JsonObject | None) -> None:
    try:
        after = restoration(now, earlier).configuration_after()
    except NothingToChange:
        after = now
    with pytest.raises(NothingToChange):
        restoration(after, earlier)
    assert is_same_configuration(TENANT, after, earlier) is ((after is None) is (earlier is None))


@PROPERTY
@given(now=DOCUMENTS, earlier=DOCUMENTS)
def test_nothing_is_deleted_and_what_is_not_of_the_model_is_left(
    now: JsonObject | None, earlier: JsonObject | None
) -> None:
    try:
        plan = restoration(now, earlier)
    except NothingToChange:
        return
    assert {operation.method for operation in plan.operations} <= {"POST", "PATCH", "PUT"}
    after = plan.configuration_after()
    assert after is not None
    for name in set(now or {}) - {one.value for one in Property}:
        assert after[name] == (now or {})[name]
    written = {name for operation in plan.operations if "/m365Cap" not in operation.path for name in operation.body}
    assert written <= {"tenantId", "userSyncInbound", *(name.value for name in Property)} - {SYNC.value}


@PROPERTY
@given(now=DOCUMENTS, earlier=DOCUMENTS)
def test_each_step_is_recognized_and_the_end_is_confirmed(now: JsonObject | None, earlier: JsonObject | None) -> None:
    try:
        plan = restoration(now, earlier)
    except NothingToChange:
        return
    assert is_confirmed(plan, plan.configuration_after())
    assert count_written(plan, plan.configuration_after()) == len(plan.operations)
    for count in range(len(plan.operations)):
        assert count_written(plan, plan.configuration_after(count)) is not None
    assert plan.digest == restoration(now, earlier).digest


@PROPERTY
@given(before=partner_documents(TENANT), settings=SETTINGS, foreign=SETTINGS)
def test_a_plan_is_restored_whatever_somebody_else_wrote_after_it(
    before: dict[str, Any], settings: dict[Property, Any], foreign: dict[Property, Any]
) -> None:
    try:
        change = plan_access(
            tenant_id=TENANT,
            before=before,
            settings=settings,
            template="t",
            template_hash="h",
            duration=timedelta(days=90),
        )
    except NothingToChange:
        return
    now = {
        **(change.configuration_after() or {}),
        **{name.value: to_document(value) for name, value in foreign.items()},
    }
    try:
        after: JsonObject | None = restoration(now, change.before).configuration_after()
    except NothingToChange:
        after = now
    assert is_same_configuration(TENANT, after, before)


@PROPERTY
@given(before=partner_documents(TENANT))
def test_a_revocation_restored_never_passes_as_narrowing(before: dict[str, Any]) -> None:
    revocation = plan_revocation(tenant_id=TENANT, default={}, before=before)
    now = revocation.configuration_after()
    try:
        plan = restoration(now, before)
    except NothingToChange:
        return
    assert not only_reduces_access(plan)
    assert stages_for_plan(plan) == STAGES


def stages_for_plan(plan: Plan) -> tuple[Stage, ...]:
    return stages_for(plan_access_change(plan), template())


# --- what exactly is written ---


def test_a_value_goes_back_whole_as_graph_had_it() -> None:
    """Annotations and members that v1.0 does not describe do not go with it, and unset members are named."""
    earlier = document(
        inboundTrust={"isMfaAccepted": True, "isNewerAccepted": True, "@odata.type": "#x"},
        b2bCollaborationInbound=to_document(OPEN),
    )
    now = document(inboundTrust=to_document(CLOSED[Property.INBOUND_TRUST]), b2bCollaborationInbound=to_document(OPEN))
    assert body(restoration(now, earlier)) == {
        "inboundTrust": {
            "isMfaAccepted": True,
            "isCompliantDeviceAccepted": None,
            "isHybridAzureADJoinedDeviceAccepted": None,
        }
    }


def test_a_member_that_was_not_there_is_unset_by_name() -> None:
    """How deep Graph merges inside a setting is not documented."""
    now = document(b2bCollaborationInbound={**(to_document(OPEN) or {}), "newer": {"x": 1}})
    earlier = document(b2bCollaborationInbound={"applications": (to_document(OPEN) or {})["applications"]})
    assert body(restoration(now, earlier))["b2bCollaborationInbound"] == {
        "usersAndGroups": None,
        "applications": (to_document(OPEN) or {})["applications"],
    }


def test_a_partner_that_had_no_settings_inherits_again_and_stays() -> None:
    plan = restoration(closed_document(), None)
    assert [operation.method for operation in plan.operations] == ["PATCH"]
    assert body(plan) == dict.fromkeys(name.value for name in CLOSED)
    assert not only_reduces_access(plan), "what is inherited is not known to be narrower"


def test_a_partner_that_somebody_removed_is_created_again() -> None:
    plan = restoration(None, document(inboundTrust={"isMfaAccepted": True}))
    assert [operation.method for operation in plan.operations] == ["POST"]
    assert plan.operations[0].body["tenantId"] == TENANT
    empty = restoration(None, document(inboundTrust=None))
    assert body(empty) == {"tenantId": TENANT}


def test_what_never_was_and_is_not_needs_nothing() -> None:
    with pytest.raises(NothingToChange):
        restoration(None, None)


def test_closing_comes_first_and_synchronization_last() -> None:
    on, off = ({"userSyncInbound": {"isSyncAllowed": flag}} for flag in (True, False))
    trusted, closed = to_document(InboundTrust(mfa=True)), to_document(CLOSED[Property.INBOUND_TRUST])
    opening = restoration(
        document(inboundTrust=closed, identitySynchronization=off),
        document(inboundTrust=trusted, identitySynchronization=on),
    )
    assert [operation.path.rpartition("/")[2] for operation in opening.operations] == [TENANT, SYNC]
    closing = restoration(
        document(inboundTrust=trusted, identitySynchronization=on),
        document(inboundTrust=closed, identitySynchronization=off),
    )
    assert [operation.path.rpartition("/")[2] for operation in closing.operations] == [SYNC, TENANT]


@pytest.mark.parametrize("wanted", [None, {"userSyncInbound": None}, {"userSyncInbound": {"isSyncAllowed": None}}])
def test_only_an_explicit_yes_is_restored_as_a_yes(wanted: JsonObject | None) -> None:
    now = document(identitySynchronization={"userSyncInbound": {"isSyncAllowed": True}})
    plan = restoration(now, document(identitySynchronization=wanted))
    assert body(plan) == {"userSyncInbound": {"isSyncAllowed": False}}


def test_a_synchronization_that_was_removed_is_created_again() -> None:
    earlier = document(identitySynchronization={"displayName": "x", "userSyncInbound": {"isSyncAllowed": True}})
    [operation] = restoration(document(), earlier).operations
    assert (operation.method, operation.body) == ("PUT", {"userSyncInbound": {"isSyncAllowed": True}})


def test_a_policy_that_cannot_be_read_is_left_while_it_stands_and_not_written_back() -> None:
    strange = document(identitySynchronization={"userSyncInbound": "sometimes"})
    with pytest.raises(NothingToChange):
        restoration(strange, strange)
    with pytest.raises(UnreadableSetting):
        restoration(document(), strange)


def test_devices_are_never_sent() -> None:
    lists = to_document(BLOCK_ALL) or {}
    earlier = document(tenantRestrictions={**lists, "devices": {"mode": "allowed"}})
    plan = restoration(document(), earlier)
    assert body(plan) == {"tenantRestrictions": lists}
    assert settings_not_restored(document(), earlier) == ("tenantRestrictions.devices",)


def test_a_value_that_graph_shows_without_its_name_is_never_sent() -> None:
    earlier = document(b2bCollaborationInbound={"usersAndGroups": {"accessType": "unknownFutureValue", "targets": []}})
    with worded_refusal(UnreadableSetting, match="B2B collaboration, inbound cannot be restored"):
        restoration(document(), earlier)
    with pytest.raises(NothingToChange):
        restoration(earlier, earlier)
    assert not is_same_configuration(TENANT, document(), earlier)


def test_a_value_of_a_shape_that_is_not_known_goes_back_as_it_was_by_the_whole_chain() -> None:
    plan = restoration(document(), document(inboundTrust="only a part"))
    assert body(plan) == {"inboundTrust": "only a part"}
    assert not only_reduces_access(plan)


# --- narrowing and opening ---


def test_what_provably_narrows_needs_one_approver() -> None:
    opened = document(**{**closed_document(), "inboundTrust": {"isMfaAccepted": True}})
    plan = restoration(opened, closed_document())
    assert only_reduces_access(plan)
    assert closes_everything(plan)
    assert [stage.quorum for stage in stages_for_plan(plan)] == [1]


# --- what can be put back ---


@pytest.mark.parametrize("state", list(RequestState))
def test_what_changed_the_tenant_can_be_restored(state: RequestState) -> None:
    stands = state in (RequestState.APPLIED, RequestState.OVERWRITTEN)
    assert is_restorable(request(state)) is stands


@pytest.mark.parametrize("state", list(RequestState))
def test_what_was_cut_short_while_it_was_written_can_be_restored(state: RequestState) -> None:
    """None, a part or all of it may be set; a running change must end first."""
    ended = (RequestState.APPLIED, RequestState.OVERWRITTEN, RequestState.FAILED, RequestState.STOPPED)
    assert is_restorable(request(state, writing_since=NOW)) is (state in ended)


@pytest.mark.parametrize(
    ("accepted", "is_unsure", "earlier", "part", "stands"),
    [
        (0, False, None, 0, False),
        (1, False, None, 0, True),
        (0, True, None, 0, True),
        (0, False, NOW, 0, True),
        (0, False, None, 1, True),
    ],
)
def test_what_graph_refused_before_anything_was_written_has_nothing_to_restore(
    accepted: int, is_unsure: bool, earlier: datetime | None, part: int, stands: bool
) -> None:
    refusal = WriteRefusal(reason=(), accepted=accepted, is_unsure=is_unsure)
    ended = request(RequestState.FAILED, writing_since=NOW, write_refusal=refusal, earlier_write_at=earlier)
    assert is_restorable(replace(ended, applied_part=part)) is stands


def test_of_what_was_cut_short_it_is_said_that_perhaps_not_all_was_written() -> None:
    setup = applied(restoration(document(), closed_document()), state=RequestState.FAILED, writing_since=NOW)
    codes = {one.code: finding_words(one) for one in restoration_findings(setup, document())}
    assert codes.keys() == {"restores_a_part"}
    assert "planned from the current settings" in codes[FindingCode.RESTORES_A_PART]


def test_what_wrote_nothing_has_nothing_to_restored() -> None:
    nothing = plan_revocation(tenant_id=TENANT, default={}, before=closed_document())
    assert not is_restorable(applied(nothing))


def test_the_change_that_is_restored_is_summed_up() -> None:
    change = request(RequestState.OVERWRITTEN, RequestKind.REVOCATION)
    was = restored_summary(change)
    assert (was.request_id, was.kind, was.title, was.person.name, was.at) == (
        change.id,
        RequestKind.REVOCATION,
        "Revoke",
        "Riley",
        change.changed_at,
    )


# --- what is said beside the plan ---


def test_settings_that_are_not_ours_are_named_and_left() -> None:
    change = applied(
        plan_revocation(tenant_id=TENANT, default={}, before=document(protectedContentSharing={"inboundAllowed": True}))
    )
    now = document(crossCloudMeetingConfiguration={"inboundAllowed": True}, isServiceProvider=False)
    [finding] = restoration_findings(change, now)
    assert finding.code == "not_restored"
    assert "1 setting that Gatehouse does not know (crossCloudMeetingConfiguration)" in finding_words(finding)
    assert restoration_findings(change, change.plan.before) == ()


def test_a_partner_that_goes_back_to_inheriting_is_said_to_stay() -> None:
    [finding] = restoration_findings(
        applied(plan_revocation(tenant_id=TENANT, default={}, before=None)), closed_document()
    )
    assert finding.code == "restores_inheritance"
    assert "not deleted" in finding_words(finding)
    assert Fact(Consequence.NOTHING_OF_ITS_OWN) in consequences(restoration(closed_document(), None))
    assert Fact(Consequence.NOTHING_OF_ITS_OWN) not in consequences(
        restoration(closed_document(), document(inboundTrust={"isMfaAccepted": True}))
    )


# --- whose chain decides ---

WEAK: Final = template("weak", stages=STAGES[:1])
STRONG: Final = template("strong")
WIDER: Final = template("wider", stages=(replace(STAGES[0], quorum=3),))


def chosen(plan: Plan, earlier: JsonObject | None, *requests: AccessRequest, of: tuple[Template, ...]) -> str:
    templates = {one.name: one for one in of}
    return deciding_template(plan, earlier, requests=requests, templates=templates).name


def opened_by(name: str, **settings: Any) -> AccessRequest:
    plan = plan_restoration(
        tenant_id=TENANT, current_configuration=None, earlier_configuration=document(**settings), template=name
    )
    return applied(plan)


COLLABORATION: Final = {
    "b2bCollaborationInbound": {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": ALL_USERS, "targetType": "user"}]},
        "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
    }
}


def test_the_chain_that_approved_this_state_once_decides() -> None:
    earlier = document(**COLLABORATION)
    plan = restoration(closed_document(), closed_document() | earlier)
    earlier = dict(plan.configuration_after() or {})
    was = applied(
        plan_restoration(
            tenant_id=TENANT, current_configuration=closed_document(), earlier_configuration=earlier, template="weak"
        )
    )
    assert chosen(plan, earlier, was, of=(WEAK, STRONG)) == "weak"
    newer = applied(was.plan, confirmed_at=NOW + timedelta(days=1))
    newer = replace(
        newer, prepared=replace(newer.require_prepared(), plan=with_deciding_template(newer.plan, WIDER, None))
    )
    assert chosen(plan, earlier, was, newer, of=(WEAK, WIDER, STRONG)) == "wider"
    assert chosen(plan, earlier, was, of=(STRONG, WIDER)) == "strong", "most people, then most stages"


def test_a_newer_request_that_led_elsewhere_does_not_lend_its_chain() -> None:
    earlier = document(**COLLABORATION)
    requests = [opened_by("weak", **COLLABORATION), opened_by("strong", inboundTrust={"isMfaAccepted": True})]
    templates = {"weak": WEAK, "strong": STRONG}
    found = likely_templates(earlier, requests=requests[::-1], templates=templates)
    assert [one.name for one in found] == ["weak", "strong"]


@pytest.mark.parametrize(
    "other",
    [
        {"state": RequestState.OVERWRITTEN},
        {"state": RequestState.PREPARING, "prepared": None},
        {"fields": replace(request().fields, kind=RequestKind.RESTORATION)},
    ],
)
def test_only_an_applied_access_request_lends_its_chain(other: dict[str, Any]) -> None:
    earlier = document(**COLLABORATION)
    was = replace(opened_by("weak", **COLLABORATION), **other)
    assert [
        one.name for one in likely_templates(earlier, requests=[was], templates={"weak": WEAK, "strong": STRONG})
    ] == ["strong"]


def test_a_chain_that_is_too_weak_for_what_opens_gives_way_to_the_strongest() -> None:
    """A state can have been approved in two steps, each of which opened little."""
    everything = {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}}
    earlier = document(**everything)
    plan = restoration(closed_document(), earlier)
    assert chosen(plan, earlier, opened_by("weak", **everything), of=(WEAK, STRONG)) == "strong"


def test_where_even_the_strongest_is_too_weak_nothing_is_restored() -> None:
    earlier = document(inboundTrust={"isMfaAccepted": True, "isCompliantDeviceAccepted": True})
    with worded_refusal(InvalidField, match="no approval policy is strong enough. The strongest is that of “Weak”"):
        chosen(restoration(closed_document(), earlier), earlier, of=(WEAK,))


def test_a_plan_is_bound_to_the_template_whose_chain_decides() -> None:
    plan = restoration(closed_document(), None)
    bound = with_deciding_template(plan, STRONG, None)
    assert (bound.template, bound.template_hash) == ("strong", "hash of strong")
    assert bound.digest != plan.digest


def test_ids_of_requests_are_not_part_of_the_plan() -> None:
    """What is approved is what is written: two requests for the same change have the same digest."""
    assert RequestId("R-1") not in restoration(closed_document(), None).digest

"""A reduction with one approver approves nothing that stood before it: drift stays drift, and narrowing stays easy."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.workflows.core.builders import TENANT, partnership
from tests.workflows.core.settings.test_capabilities import SOME, shown
from tests.workflows.core.strategies import PROPERTY
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.raised import NothingToChange
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.restoration.restoration_plan import plan_restoration
from workflows.core.plans.closing import closes_everything, only_reduces_access
from workflows.core.plans.default_drift import with_inheritance
from workflows.core.plans.plan import ApprovedSettings, Operation, Plan, partner_address
from workflows.core.plans.planning import plan_revocation
from workflows.core.posture.differing_settings import differing_settings
from workflows.core.posture.watch.comparison import inherits_other_values
from workflows.core.posture.watch.kept_approval import NOTHING, kept_approval_findings, reduced, with_kept_approval
from workflows.core.settings.block import BLOCK
from workflows.core.settings.documents import is_same_value

USERS: Final = ("AllUsers", *(f"00000000-0000-0000-0000-00000000000{n}" for n in range(1, 5)))
APPS: Final = ("AllApplications", *(f"00000000-0000-0000-0000-00000000001{n}" for n in range(1, 4)))
B2B: Final = ("b2bCollaborationInbound", "b2bDirectConnectOutbound", "tenantRestrictions")
ROOMS: Final = "crossTenantPlacesRoomBooking"
RECORD: Final = partnership()
Document = dict[str, Any]


def a_list(access: str, *ids: str, kind: str = "user") -> Document:
    """One list of targets, as Graph shows it."""
    return {"accessType": access, "targets": [{"target": one, "targetType": kind} for one in ids]}


def lists(users: Document, applications: Document | None = None) -> Document:
    """A whole setting; all applications unless told otherwise."""
    everything = a_list("allowed", "AllApplications", kind="application")
    return {"usersAndGroups": users, "applications": applications or everything}


ALL: Final = lists(a_list("allowed", "AllUsers"))
NOBODY: Final[Document] = BLOCK["b2bCollaborationInbound"]


@st.composite
def some_lists(draw: st.DrawFn) -> Document | None:
    """A setting with few different ids, so that lists overlap."""
    if draw(st.integers(0, 5)) == 0:
        return None if draw(st.booleans()) else NOBODY
    made = []
    for ids, kind in ((USERS, "user"), (APPS, "application")):
        chosen = draw(st.one_of(st.just([ids[0]]), st.lists(st.sampled_from(ids[1:]), min_size=1, unique=True)))
        access = "allowed" if chosen == [ids[0]] else draw(st.sampled_from(["allowed", "allowed", "blocked"]))
        made.append(a_list(access, *chosen, kind=kind))
    return lists(*made)


FLAG: Final = st.sampled_from([None, True, False])
CONFIGURATIONS: Final = st.fixed_dictionaries(
    {
        "tenantId": st.just(TENANT),
        **{name: some_lists() for name in B2B},
        "inboundTrust": st.fixed_dictionaries({"isMfaAccepted": FLAG, "isCompliantDeviceAccepted": FLAG}),
        "identitySynchronization": st.one_of(
            st.none(), st.fixed_dictionaries({"userSyncInbound": st.fixed_dictionaries({"isSyncAllowed": FLAG})})
        ),
    }
)


@st.composite
def reductions_of(draw: st.DrawFn, configuration: Document) -> Document:
    """The same settings with less access in some of them."""
    after = dict(configuration)
    for name in draw(st.lists(st.sampled_from(B2B), unique=True)):
        after[name] = draw(st.one_of(st.just(NOBODY), some_lists()))
    if draw(st.booleans()):
        after["inboundTrust"] = {**after["inboundTrust"], "isMfaAccepted": False}
    if after["identitySynchronization"] and draw(st.booleans()):
        after["identitySynchronization"] = {"userSyncInbound": {"isSyncAllowed": False}}
    return after


CASES: Final = st.tuples(CONFIGURATIONS, CONFIGURATIONS).flatmap(
    lambda one: st.tuples(st.just(one[0]), st.just(one[1]), reductions_of(one[1]))
)


def plan_to(before: Document | None, after: Document, **changes: Any) -> Plan:
    """A plan that changes one configuration to another one."""
    plan = plan_restoration(tenant_id=TENANT, current_configuration=before, earlier_configuration=after)
    return replace(plan, template="guest-collaboration", duration=timedelta(days=90), **changes)


def approving(configuration: Document | None, **changes: Any) -> Plan:
    """The plan of a record after which a configuration is approved."""
    usual = Plan(tenant_id=TENANT, operations=(), before=configuration, template="t", template_hash="h", duration=None)
    return replace(usual, **changes)


def allowed(document: Any) -> frozenset[tuple[str, str]] | None:
    """Which user may use which application; None for a setting that is inherited. `*` stands for every other id."""
    if document is None:
        return None
    sides = []
    for name, ids in (("usersAndGroups", USERS), ("applications", APPS)):
        named = {item["target"] for item in document[name]["targets"]}
        chosen = {*ids[1:], "*"} if ids[0] in named else named
        sides.append(chosen if document[name]["accessType"] == "allowed" else {*ids[1:], "*"} - chosen)
    return frozenset((user, app) for user in sides[0] for app in sides[1])


def flags(configuration: Mapping[str, Any]) -> dict[str, bool | None]:
    """Every flag by its name."""
    policy = configuration.get("identitySynchronization") or {}
    return {**(configuration.get("inboundTrust") or {}), **(policy.get("userSyncInbound") or {})}


@pytest.mark.load
@PROPERTY
@given(CASES)
def test_nothing_that_was_not_approved_counts_as_approved_after_a_reduction(
    case: tuple[Document, Document, Document],
) -> None:
    approved, drifted, wanted = case
    try:
        plan = plan_to(drifted, wanted)
    except NothingToChange:
        assume(False)
    assume(only_reduces_access(plan) and not closes_everything(plan))
    after = with_kept_approval(plan, RECORD, approving(approved))
    counts, stands = after.approved_settings.configuration or {}, after.configuration_after() or {}
    opened = False
    for name in B2B:
        was, now, left = allowed(approved[name]), allowed(counts.get(name)), allowed(stands.get(name))
        assert now == was or (now is not None and (not now or (was is not None and now <= was))), name
        opened |= left is not None and was is not None and not left <= was
    was_flags, now_flags = flags(approved), flags(counts)
    for name, now_flag in now_flags.items():
        assert now_flag is False or now_flag is was_flags.get(name), name
        opened |= flags(stands).get(name) is True and was_flags.get(name) is not True
    assert not opened or differing_settings(after, stands), "the alarm stays"
    assert (after.kept_approval is not None) == bool(differing_settings(after, stands))
    if after.kept_approval is not None:
        assert after.digest != plan.digest, "people decide on what will count as approved"
    if opened:
        assert plan_to(dict(stands), dict(counts)).operations, "a restoration reaches exactly that"


@pytest.mark.load
@PROPERTY
@given(CASES)
def test_without_drift_a_reduction_is_approved_as_it_is(case: tuple[Document, Document, Document]) -> None:
    _, drifted, wanted = case
    try:
        plan = plan_to(drifted, wanted)
    except NothingToChange:
        assume(False)
    assume(only_reduces_access(plan))
    assert with_kept_approval(plan, RECORD, approving(drifted)) == plan


ONE, TWO, THREE, FOUR = USERS[1:]


@pytest.mark.parametrize(
    ("approved", "drifted", "after", "counts"),
    [
        pytest.param((ONE, TWO), ("AllUsers",), (TWO, THREE), a_list("allowed", TWO), id="what both lists name"),
        pytest.param((ONE, TWO), ("AllUsers",), (ONE, TWO, THREE), a_list("allowed", ONE, TWO), id="more than it"),
        pytest.param((ONE, TWO), ("AllUsers",), (ONE,), a_list("allowed", ONE), id="less than approved"),
        pytest.param((ONE,), ("AllUsers",), (TWO,), None, id="nothing in both: blocked"),
    ],
)
def test_the_approved_settings_lose_what_the_reduction_takes(
    approved: tuple[str, ...], drifted: tuple[str, ...], after: tuple[str, ...], counts: Document | None
) -> None:
    name = B2B[0]
    sides = [{"tenantId": TENANT, name: lists(a_list("allowed", *ids))} for ids in (approved, drifted, after)]
    plan = with_kept_approval(plan_to(sides[1], sides[2]), RECORD, approving(sides[0]))
    expected = NOBODY if counts is None else lists(counts)
    assert is_same_value((plan.approved_settings.configuration or {})[name], expected)


@pytest.mark.parametrize(
    ("approved", "before", "after", "counts"),
    [
        pytest.param(
            a_list("blocked", ONE),
            a_list("blocked", TWO),
            a_list("blocked", TWO, THREE),
            a_list("blocked", ONE, TWO, THREE),
            id="two lists of exceptions",
        ),
        pytest.param(
            a_list("blocked", ONE),
            a_list("allowed", TWO, THREE),
            a_list("allowed", TWO),
            a_list("blocked", ONE),
            id="a user may be in a group that is left out, so the approved list stays",
        ),
        pytest.param(
            a_list("allowed", ONE, "surprise"),
            a_list("allowed", TWO, THREE),
            a_list("allowed", TWO),
            a_list("allowed", ONE, "surprise"),
            id="a list whose meaning is not known stays",
        ),
        pytest.param(
            a_list("allowed", "AllUsers"),
            a_list("allowed", ONE, TWO),
            a_list("allowed", ONE),
            a_list("allowed", ONE),
            id="everybody was approved",
        ),
        pytest.param(None, a_list("allowed", ONE, TWO), a_list("allowed", ONE), None, id="the list was inherited"),
    ],
)
def test_lists_that_overlap_keep_what_is_certain(
    approved: Document | None, before: Document, after: Document, counts: Document | None
) -> None:
    name = B2B[0]
    sides = [{name: {**lists(before), "usersAndGroups": users}} for users in (approved, before, after)]
    kept = reduced(approving(sides[0]).approved_settings, plan_to(sides[1], sides[2]))
    assert is_same_value((kept.configuration or {})[name]["usersAndGroups"], counts)


def test_an_unchanged_list_of_a_reduced_setting_stays_as_approved() -> None:
    name, application = B2B[0], a_list("allowed", APPS[1], kind="application")
    approved = {name: lists(a_list("allowed", ONE, TWO), application)}
    plan = plan_to({name: ALL}, {name: lists(a_list("allowed", ONE))})
    kept = reduced(approving(approved).approved_settings, plan).configuration or {}
    assert is_same_value(kept[name], lists(a_list("allowed", ONE), application))


def test_a_list_that_did_not_drift_is_reduced_as_it_was_asked() -> None:
    name = B2B[0]
    approved = {name: lists(a_list("blocked", ONE), a_list("allowed", APPS[1], APPS[2], kind="application"))}
    before = {name: lists(a_list("blocked", ONE), a_list("allowed", APPS[2], APPS[3], kind="application"))}
    after = {name: lists(a_list("blocked", ONE, TWO), a_list("allowed", APPS[2], kind="application"))}
    kept = reduced(approving(approved).approved_settings, plan_to(before, after)).configuration or {}
    assert is_same_value(kept[name], after[name])


def test_a_setting_that_was_inherited_stays_inherited_unless_it_is_blocked() -> None:
    name = B2B[0]
    approved = approving({"tenantId": TENANT})
    some = plan_to({name: ALL}, {name: lists(a_list("allowed", ONE))})
    assert (reduced(approved.approved_settings, some).configuration or {}).get(name) is None
    blocked = plan_to({name: ALL}, {name: NOBODY})
    assert is_same_value((reduced(approved.approved_settings, blocked).configuration or {})[name], NOBODY)


@pytest.mark.parametrize(
    ("approved", "before", "after", "counts"),
    [
        pytest.param(None, True, False, False, id="what was inherited is off now"),
        pytest.param(True, True, False, False, id="no drift"),
        pytest.param(False, True, True, False, id="not a part of the reduction"),
    ],
)
def test_flags_count_as_approved_one_by_one(
    approved: bool | None, before: bool, after: bool, counts: bool | None
) -> None:
    def settings(flag: bool | None, trust: bool) -> Document:
        policy = None if flag is None else {"userSyncInbound": {"isSyncAllowed": flag}}
        return {"identitySynchronization": policy, "inboundTrust": {"isMfaAccepted": flag, **_compliant(trust)}}

    plan = plan_to(settings(before, True), settings(after, False))
    kept = reduced(approving(settings(approved, False)).approved_settings, plan).configuration or {}
    assert flags(kept) == {"isMfaAccepted": counts, "isCompliantDeviceAccepted": False, "isSyncAllowed": counts}


def _compliant(trust: bool) -> dict[str, bool]:
    return {"isCompliantDeviceAccepted": trust}


def test_undocumented_members_that_somebody_added_are_not_approved() -> None:
    name = B2B[0]
    approved = {name: lists(a_list("allowed", ONE, TWO))}
    before = {name: {**ALL, "somethingNew": True}}
    plan = plan_to(before, {name: lists(a_list("allowed", ONE))})
    plan = with_kept_approval(plan, RECORD, approving(approved))
    assert plan.kept_approval is not None
    assert differing_settings(plan, plan.configuration_after() or {}) == (f"{name}.somethingNew",)


@pytest.mark.parametrize("unreadable", ["approved", "before"])
def test_a_setting_that_cannot_be_read_stays_as_approved(unreadable: str) -> None:
    name = B2B[0]
    strange = {"usersAndGroups": {"accessType": "sometimes", "targets": []}, "applications": None}
    approved = {name: strange if unreadable == "approved" else lists(a_list("blocked", ONE))}
    before = {name: strange if unreadable == "before" else ALL}
    body = {name: lists(a_list("allowed", TWO))}
    plan = approving(before, operations=(Operation(method="PATCH", path=partner_address(TENANT), body=body),))
    assert reduced(approving(approved).approved_settings, plan).configuration == approved


def test_what_a_reduction_writes_besides_settings_is_not_approved() -> None:
    operation = Operation(method="PATCH", path=partner_address(TENANT), body={"crossCloudMeetingConfiguration": None})
    plan = approving({"tenantId": TENANT}, operations=(operation,))
    assert reduced(approving({"tenantId": TENANT}).approved_settings, plan).configuration == {"tenantId": TENANT}


def test_a_partner_that_was_deleted_keeps_what_was_approved() -> None:
    name = B2B[0]
    approved = {"tenantId": TENANT, name: NOBODY, B2B[1]: lists(a_list("allowed", ONE))}
    plan = plan_to(None, {"tenantId": TENANT, name: NOBODY})
    plan = with_kept_approval(plan, RECORD, approving(approved))
    assert (plan.approved_settings.configuration or {})[B2B[1]] == approved[B2B[1]]
    assert differing_settings(plan, plan.configuration_after() or {}) == (B2B[1],)


TRUSTS: Final = {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}}
LESS: Final = {"inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": False}}


@pytest.mark.parametrize(
    ("record", "plan"),
    [
        pytest.param(None, plan_to(None, LESS), id="nobody opened it"),
        pytest.param(None, plan_to({"tenantId": TENANT, B2B[0]: None}, LESS), id="it sets nothing itself"),
        pytest.param(RECORD, plan_to(LESS, TRUSTS), id="an opening plan"),
        pytest.param(RECORD, plan_to(TRUSTS, LESS, extends=True), id="an extension"),
        pytest.param(RECORD, plan_revocation(tenant_id=TENANT, before=TRUSTS, default=None), id="a block"),
    ],
)
def test_what_the_whole_chain_decides_or_what_closes_is_unchanged(record: Partnership | None, plan: Plan) -> None:
    assert with_kept_approval(plan, record, approving({"tenantId": TENANT})) is plan


@pytest.mark.parametrize("record", [None, partnership(state=PartnershipState.REVOKED)], ids=["no record", "revoked"])
def test_what_was_opened_without_an_approval_is_not_approved_by_a_reduction(record: Partnership | None) -> None:
    everything = {**TRUSTS, B2B[0]: ALL}
    plan = with_kept_approval(plan_to(everything, {**LESS, B2B[0]: ALL}), record, approving(everything))
    assert is_same_value((plan.approved_settings.configuration or {})[B2B[0]], NOBODY)
    assert {"inboundTrust", B2B[0]} <= set(differing_settings(plan, plan.configuration_after() or {}))


def test_a_second_reduction_starts_from_what_was_kept() -> None:
    name = B2B[0]
    approved = approving({name: lists(a_list("allowed", ONE, TWO))})
    first = with_kept_approval(
        plan_to({name: ALL}, {name: lists(a_list("allowed", ONE, TWO, THREE))}), RECORD, approved
    )
    second = with_kept_approval(
        plan_to({name: lists(a_list("allowed", ONE, TWO, THREE))}, {name: lists(a_list("allowed", ONE, THREE))}),
        RECORD,
        first,
    )
    assert is_same_value((second.approved_settings.configuration or {})[name], lists(a_list("allowed", ONE)))
    third = with_kept_approval(
        plan_to({name: lists(a_list("allowed", ONE, THREE))}, {name: lists(a_list("allowed", ONE))}), RECORD, second
    )
    assert third.kept_approval is None, "nothing is left that nobody approved"


def test_when_the_recorded_request_cannot_be_read_nothing_counts_as_approved() -> None:
    plan = with_kept_approval(plan_to(TRUSTS, LESS), RECORD, None)
    assert plan.kept_approval is not None
    assert is_same_value((plan.kept_approval.configuration or {})["b2bCollaborationInbound"], NOBODY)
    assert plan.kept_approval.is_created is NOTHING.is_created


def test_a_changed_default_stays_changed_for_the_partner() -> None:
    """One approver of a reduction does not approve what the partner inherits."""
    shown, opened = {B2B[0]: NOBODY, "inboundTrust": {"isMfaAccepted": False}}, {B2B[0]: ALL}
    approved = with_inheritance(approving({**TRUSTS}), shown)
    plan = with_inheritance(plan_to(TRUSTS, LESS), opened)
    kept = with_kept_approval(plan, RECORD, approved)
    assert kept.kept_approval is not None
    assert inherits_other_values(kept, opened)
    assert not inherits_other_values(kept, shown)
    assert kept_approval_findings(kept)[0].values == {"settings": []}
    same = with_inheritance(plan_to(TRUSTS, LESS), shown)
    assert with_kept_approval(same, RECORD, approved) is same


def test_a_default_that_nobody_saw_is_not_invented() -> None:
    earlier = approving(dict(TRUSTS), inherited=None)
    assert reduced(earlier.approved_settings, plan_to(TRUSTS, LESS)).inherited is None


def test_the_approver_is_told_what_stays_different() -> None:
    plan = plan_to({**TRUSTS, B2B[0]: ALL}, {**LESS, B2B[0]: ALL})
    assert kept_approval_findings(plan) == ()
    (finding,) = kept_approval_findings(with_kept_approval(plan, RECORD, approving({**TRUSTS, B2B[0]: NOBODY})))
    assert (finding.code, finding.values) == (FindingCode.DRIFT_STAYS, {"settings": [B2B[0]]})


def test_the_digest_covers_what_is_kept_and_stored_digests_stay() -> None:
    plan = plan_to(TRUSTS, LESS)
    kept = ApprovedSettings(configuration=TRUSTS, inherited=None, is_created=False)
    other = replace(kept, is_created=True)
    digests = {replace(plan, kept_approval=one).digest for one in (None, kept, other)}
    assert len(digests) == 3


def capability(name: str, **more: Any) -> Document:
    return {**shown(**more), "@odata.type": f"#microsoft.graph.{name}", "name": name}


@pytest.mark.parametrize(
    ("approved", "before", "after", "kept"),
    [
        # What nobody approved stays drift, and what was approved is reduced with it.
        (
            [shown()],
            [shown(), capability(ROOMS)],
            [shown(is_allowed=False), capability(ROOMS)],
            [shown(is_allowed=False)],
        ),
        ([shown()], [shown(), capability(ROOMS)], [shown([SOME]), capability(ROOMS)], [shown([SOME])]),
        ([shown([SOME])], [shown()], [shown([SOME])], [shown([SOME])]),
        # A smaller part of what nobody approved is no approval.
        ([], [shown(), capability(ROOMS)], [shown([SOME]), capability(ROOMS)], []),
        ([shown([SOME], [SOME])], [shown()], [shown([SOME])], [shown([SOME], [SOME])]),
        (["junk"], [shown()], [shown(is_allowed=False)], ["junk"]),
    ],
)
def test_a_reduced_capability_never_counts_as_more_than_was_approved(
    approved: Any, before: Any, after: Any, kept: Any
) -> None:
    plan = plan_restoration(
        tenant_id=TENANT,
        current_configuration={"tenantId": TENANT, "m365Capabilities": before},
        earlier_configuration={"tenantId": TENANT, "m365Capabilities": after},
    )
    settings = ApprovedSettings(
        configuration={"tenantId": TENANT, "m365Capabilities": approved}, inherited=None, is_created=False
    )
    found = reduced(settings, plan).configuration or {}
    on = [one for one in found["m365Capabilities"] if one not in kept]
    assert all(isinstance(one, dict) and one["inboundAccess"]["isAllowed"] is False for one in on)
    assert [one for one in kept if one not in found["m365Capabilities"]] == [] or is_same_value(
        [one for one in found["m365Capabilities"] if one in kept or one["name"] == shown()["name"]], kept
    )

"""Plans and states in words: complete, exact, and silent about what is not known."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words.plans.changes import EFFECTS, ChangeLine, describe_changes, duration_words
from bot.words.requests.states import state_words
from bot.words.settings.values import DEFAULT_UNSET, INHERITS, UNREADABLE
from tests.workflows.core.builders import NOW, TENANT, access_plan, closed_document, noted, request
from tests.workflows.core.strategies import PROPERTY
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import Operation, Plan
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.plans.renewal import plan_renewal
from workflows.core.requests.request import RequestKind, RequestState
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import to_document
from workflows.core.settings.model import (
    AccessType,
    AutomaticRedemption,
    B2BSetting,
    InboundTrust,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
)

APP = "00000000-aaaa-4aaa-8aaa-000000000001"
GROUP = "00000000-bbbb-4bbb-8bbb-000000000002"


def test_each_effect_has_words_of_its_own() -> None:
    assert {change.value: text for change, text in EFFECTS.items()} == {
        "opens": "More access",
        "narrows": "Less access",
        "closes": "Blocked",
        "no change": "No change",
        "may open or narrow": "Not known whether more or less access",
    }
    assert set(EFFECTS) == set(AccessChange)


def targets(access: str, *ids: str, kind: str = "application") -> TargetConfiguration:
    types = ["user" if target == "AllUsers" else kind for target in ids]
    return TargetConfiguration(
        access=AccessType(access),
        targets=tuple(Target(type=TargetType(t), id=i) for t, i in zip(types, ids, strict=True)),
    )


def b2b(users: TargetConfiguration | None, applications: TargetConfiguration | None) -> B2BSetting:
    return B2BSetting(users_and_groups=users, applications=applications)


EVERYONE = targets("allowed", "AllUsers")
NOBODY = b2b(targets("blocked", "AllUsers"), targets("blocked", "AllApplications"))
OFFICE = b2b(EVERYONE, targets("allowed", "Office365"))
ALL = b2b(EVERYONE, targets("allowed", "AllApplications"))


def plan(before: JsonObject | None, settings: dict[Property, Setting], days: int = 90) -> Plan:
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=settings,
        template="t",
        template_hash="h",
        duration=timedelta(days=days),
    )


def change(name: Property, before: Setting, after: Setting) -> ChangeLine:
    made = plan({"tenantId": TENANT, name.value: to_document(before)}, {name: after})
    (line,) = describe_changes(made)
    return line


INBOUND = Property.B2B_COLLABORATION_INBOUND


@pytest.mark.parametrize(
    ("name", "before", "after", "was", "becomes", "effect"),
    [
        (INBOUND, None, OFFICE, INHERITS, "everyone from the partner may use only Office 365", "may open or narrow"),
        (INBOUND, None, ALL, INHERITS, "everyone from the partner may use every application", "opens"),
        (
            INBOUND,
            OFFICE,
            NOBODY,
            "everyone from the partner may use only Office 365",
            "blocked for everyone",
            "closes",
        ),
        (INBOUND, NOBODY, OFFICE, "blocked for everyone", "everyone from the partner may use only Office 365", "opens"),
        (INBOUND, OFFICE, None, "everyone from the partner may use only Office 365", INHERITS, "may open or narrow"),
        (INBOUND, NOBODY, None, "blocked for everyone", INHERITS, "opens"),
        (
            INBOUND,
            OFFICE,
            b2b(EVERYONE, targets("allowed", "AllMicrosoftApps")),
            "everyone from the partner may use only Office 365",
            "everyone from the partner may use only all Microsoft apps, also those added later",
            "may open or narrow",
        ),
        (
            INBOUND,
            OFFICE,
            b2b(EVERYONE, targets("allowed", "Office365", APP)),
            "everyone from the partner may use only Office 365",
            f"everyone from the partner may use only Office 365, application {APP}",
            "opens",
        ),
        (
            INBOUND,
            OFFICE,
            b2b(targets("allowed", GROUP, kind="group"), targets("allowed", "Office365")),
            "everyone from the partner may use only Office 365",
            f"only group {GROUP} may use only Office 365",
            "narrows",
        ),
        (
            INBOUND,
            b2b(EVERYONE, targets("allowed", APP)),
            OFFICE,
            f"everyone from the partner may use only application {APP}",
            "everyone from the partner may use only Office 365",
            "may open or narrow",
        ),
        (
            INBOUND,
            ALL,
            b2b(targets("blocked", GROUP, kind="group"), targets("allowed", "AllApplications")),
            "everyone from the partner may use every application",
            f"everyone from the partner except group {GROUP} may use every application",
            "narrows",
        ),
        (
            Property.B2B_COLLABORATION_OUTBOUND,
            NOBODY,
            ALL,
            "blocked for everyone",
            "everyone here may use every application",
            "opens",
        ),
        (
            Property.B2B_DIRECT_CONNECT_INBOUND,
            None,
            b2b(None, targets("allowed", "Office365")),
            INHERITS,
            f"people: {INHERITS}; applications: only Office 365 (not certain: one list is set and the other is not; "
            "Microsoft does not document what then applies)",
            "may open or narrow",
        ),
    ],
)
def test_a_b2b_setting_says_who_may_use_what(
    name: Property, before: Setting, after: Setting, was: str, becomes: str, effect: str
) -> None:
    line = change(name, before, after)
    assert (line.before, line.after, line.access) == (was, becomes, effect)


def test_two_deny_lists_are_shown_as_they_are_and_called_neither_open_nor_closed() -> None:
    """How Entra combines two of them is documented ambiguously, so nothing is claimed."""
    exceptions = b2b(targets("blocked", GROUP, kind="group"), targets("blocked", APP))
    line = change(INBOUND, OFFICE, exceptions)
    assert f"blocked people: group {GROUP}; blocked applications: application {APP}" in line.after
    assert (line.opens, line.access) == (None, "may open or narrow")


@pytest.mark.parametrize(
    ("before", "after", "effect", "opens"),
    [
        (None, True, "opens", True),
        (None, False, "closes", False),
        (True, False, "closes", False),
        (False, True, "opens", True),
    ],
)
def test_trust_has_one_line_for_each_flag(
    before: bool | None, after: bool | None, effect: str, opens: bool | None
) -> None:
    made = plan(
        {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": before, "isCompliantDeviceAccepted": True}},
        {Property.INBOUND_TRUST: InboundTrust(mfa=after)},
    )
    mfa, device = describe_changes(made)
    assert (mfa.setting, mfa.access, mfa.opens) == ("Trust in the partner's MFA", effect, opens)
    assert (device.before, device.after, device.access) == ("trusted", "trusted", "no change")


@pytest.mark.parametrize(("flag", "effect"), [(True, "may open or narrow"), (False, "opens")])
def test_giving_trust_back_to_the_default_claims_nothing_about_the_default(flag: bool, effect: str) -> None:
    made = plan({"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": flag}}, {Property.INBOUND_TRUST: None})
    (line,) = describe_changes(made)
    assert (line.after, line.access) == (INHERITS, effect)


def test_automatic_redemption_says_whose_side_is_missing_and_that_unset_is_off() -> None:
    made = plan(None, {Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True, outbound=False)})
    inbound, outbound = describe_changes(made)
    assert (inbound.before, inbound.after) == (
        "off (not set)",
        "on (works only after the partner sets outbound too)",
    )
    assert (outbound.before, outbound.after, outbound.access) == ("off (not set)", "off", "no change")
    assert Fact(Consequence.REDEMPTION_INBOUND) in consequences(made)
    assert Fact(Consequence.REDEMPTION_OUTBOUND) not in consequences(made)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("b2bCollaborationInbound", {"usersAndGroups": {"accessType": "unknownFutureValue", "targets": []}}),
        ("b2bCollaborationInbound", {"usersAndGroups": "everybody"}),
        ("inboundTrust", {"isMfaAccepted": "yes"}),
        ("automaticUserConsentSettings", [1, 2]),
        ("identitySynchronization", {"userSyncInbound": {"isSyncAllowed": "maybe"}}),
    ],
)
def test_what_cannot_be_read_is_shown_as_json_and_never_called_open_or_closed(name: str, value: Any) -> None:
    before = {"tenantId": TENANT, name: value}
    shown = [
        line
        for line in describe_changes(plan_revocation(tenant_id=TENANT, default={}, before=before))
        if UNREADABLE in line.before
    ]
    (line,) = shown
    assert json.dumps(value) in line.before
    assert (line.opens, line.access) == (False, "closes")  # what it becomes is known, whatever it was
    plan_to_close = plan_revocation(tenant_id=TENANT, default={}, before=before)
    assert Fact(Consequence.UNKNOWN_VALUES) in consequences(plan_to_close)


def test_an_unreadable_value_that_becomes_something_else_may_do_either() -> None:
    made = replace(access_plan(), before={"tenantId": TENANT, "inboundTrust": [1]})
    made = replace(
        made, operations=(Operation(method="PATCH", path="/p", body={"inboundTrust": {"isMfaAccepted": 1}}),)
    )
    (line,) = describe_changes(made)
    assert (line.opens, line.access) == (None, "may open or narrow")


def test_a_setting_of_a_later_version_is_shown_as_json() -> None:
    made = replace(access_plan(), operations=(Operation(method="PATCH", path="/p", body={"novelty": {"on": True}}),))
    (line,) = describe_changes(made)
    assert line.setting == "Setting that Gatehouse does not know (novelty)"
    assert (line.before, line.after) == ("not set", f'{{"on": true}} ({UNREADABLE})')
    assert line.opens is None


def test_a_setting_without_any_flag_has_one_line() -> None:
    path = f"/policies/crossTenantAccessPolicy/partners/{TENANT}"
    made = replace(
        plan(None, {Property.INBOUND_TRUST: None}),
        before={"tenantId": TENANT, "inboundTrust": {}},
        operations=(Operation(method="PATCH", path=path, body={"inboundTrust": None}),),
    )
    assert [(line.setting, line.after, line.access) for line in describe_changes(made)] == [
        ("Inbound trust", INHERITS, "no change")
    ]


@pytest.mark.parametrize(
    ("name", "after", "words"),
    [
        ("inboundTrust", None, INHERITS),
        ("inboundTrust", {"isMfaAccepted": True}, "Trust in the partner's MFA: trusted; "),
        ("automaticUserConsentSettings", {"inboundAllowed": True}, "Automatic redemption, inbound: on"),
        ("b2bCollaborationInbound", None, INHERITS),
    ],
)
def test_next_to_an_unreadable_value_the_whole_other_one_is_said(name: str, after: Any, words: str) -> None:
    made = replace(access_plan(), before={"tenantId": TENANT, name: 7})
    made = replace(made, operations=(Operation(method="PATCH", path="/p", body={name: after}),))
    (line,) = describe_changes(made)
    assert line.after.startswith(words)
    assert line.access == "may open or narrow"


def test_order_of_targets_is_no_change() -> None:
    line = change(
        INBOUND,
        b2b(EVERYONE, targets("allowed", APP, "Office365")),
        b2b(EVERYONE, targets("allowed", "Office365", APP, APP)),
    )
    assert line.access == "no change"


def test_members_that_this_version_does_not_know_get_a_line_of_their_own() -> None:
    before = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": False, "isRobotAccepted": True, "@odata.type": "x"}}
    made = plan(before, {Property.INBOUND_TRUST: InboundTrust(mfa=True)})
    unknown = describe_changes(made)[-1]
    assert unknown.setting == "Inbound trust, other values"
    assert unknown.before == unknown.after == f'{{"isRobotAccepted": true}} ({UNREADABLE})'


def test_a_long_list_is_counted_rather_than_cut_silently() -> None:
    ids = [f"00000000-cccc-4ccc-8ccc-{number:012d}" for number in range(30)]
    line = change(INBOUND, None, b2b(EVERYONE, targets("allowed", *ids)))
    assert line.after.endswith(f"application {ids[5]}, 24 more (30 in all)")


def test_a_revocation_says_what_it_does_and_what_it_does_not() -> None:
    before = {"tenantId": TENANT, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    made = plan_revocation(tenant_id=TENANT, default={}, before=before)
    assert len(describe_changes(made)) == 4 + 3 + 2 + 1
    assert all(line.opens is not True for line in describe_changes(made))
    assert consequences(made, {}) == (
        Fact(Consequence.NOT_DELETED),
        Fact(Consequence.TOKENS),
        Fact(Consequence.GUESTS_STAY),
        Fact(Consequence.SYNCHRONIZED_STAY),
        Fact(Consequence.ENCRYPTED_MAIL),
    )


def test_only_what_is_true_of_the_plan_is_said() -> None:
    trust = consequences(access_plan())
    assert Fact(Consequence.TRUST) in trust
    assert Fact(Consequence.NOT_DELETED) not in trust
    assert Fact(Consequence.TOKENS) not in trust
    assert Fact(Consequence.ONLY_NAMED) not in trust
    assert trust[-1] == Fact(Consequence.STAYS_OPEN, {"seconds": 90 * 86_400})
    office = consequences(plan(None, {INBOUND: OFFICE}))
    assert Fact(Consequence.ONLY_NAMED) in office
    assert Fact(Consequence.DEPENDS_ON_DEFAULT) in office
    assert Fact(Consequence.TRUST) not in office
    direct = consequences(plan(None, {Property.B2B_DIRECT_CONNECT_INBOUND: ALL}))
    assert Fact(Consequence.DIRECT_CONNECT) in direct
    outbound = consequences(plan(None, {Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(outbound=True)}))
    assert Fact(Consequence.REDEMPTION_OUTBOUND) in outbound


def test_a_renewal_says_that_nothing_is_written() -> None:
    renewal = plan_renewal(
        tenant_id=TENANT,
        before={"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}},
        template="t",
        template_hash="h",
        duration=timedelta(days=90),
    )
    assert describe_changes(renewal) == ()
    values = {"seconds": 90 * 86_400}
    assert consequences(renewal) == (Fact(Consequence.EXTENDS, values), Fact(Consequence.STAYS_OPEN, values))


def test_narrowing_tells_about_guests_and_tokens() -> None:
    narrowed = plan({"tenantId": TENANT, INBOUND.value: to_document(ALL)}, {INBOUND: OFFICE})
    assert {Fact(Consequence.TOKENS), Fact(Consequence.GUESTS_STAY)} <= set(consequences(narrowed))
    assert Fact(Consequence.NOT_DELETED) not in consequences(narrowed)


def test_a_partner_that_is_closed_already_changes_nothing_in_words() -> None:
    before = {**closed_document(), "inboundTrust": None}
    made = plan_revocation(tenant_id=TENANT, default={}, before=before)
    effects = {line.access for line in describe_changes(made) if line.setting.startswith("B2B")}
    assert effects == {"no change"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@PROPERTY
@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*Property, "identitySynchronization"], json_values)))
def test_no_document_breaks_the_wording(document: dict[str, Any]) -> None:
    """Whatever Graph may return, the card can be shown and the partner can be blocked."""
    try:
        made = plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT, **document})
    except AttributeError:
        return  # the plan itself cannot read such a synchronization policy
    assert describe_changes(made)
    assert all(line.opens is not True for line in describe_changes(made))
    assert {Fact(Consequence.NOT_DELETED), Fact(Consequence.KEPT)} & set(consequences(made))


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(days=1), "1 day"),
        (timedelta(days=180), "180 days"),
        (timedelta(days=365), "1 year (365 days)"),
        (timedelta(days=730), "2 years (730 days)"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=61), "61 seconds"),
        (timedelta(0), "0 seconds"),
    ],
)
def test_durations_read_as_people_say_them(duration: timedelta, words: str) -> None:
    assert duration_words(duration) == words


@pytest.mark.parametrize("kind", list(RequestKind))
@pytest.mark.parametrize("state", list(RequestState))
def test_every_state_has_words(state: RequestState, kind: RequestKind) -> None:
    words = state_words(request(state, kind))
    assert words
    assert words[0].islower()
    assert "delet" not in words


def test_read_back_is_claimed_only_where_it_happened() -> None:
    claims = {state for state in RequestState if "verified" in state_words(request(state))}
    assert claims == {RequestState.APPLIED}


def test_waiting_for_graph_is_said() -> None:
    assert state_words(request(RequestState.STOPPED)) == "stopped, nothing was written"
    assert state_words(request(RequestState.STOPPED, writing_since=NOW)) == "stopped before it was confirmed"
    waiting = request(RequestState.APPLYING, note=noted("Microsoft Graph does not answer."))
    assert state_words(waiting) == "approved, waiting to be written"
    assert (
        state_words(request(RequestState.APPLYING, RequestKind.REVOCATION, note=noted("…"))) == "waiting to be blocked"
    )


# --- With the tenant's default known --------------------------------------------------------------------------------

SERVICE_DEFAULT: dict[str, Any] = {
    "isServiceDefault": True,
    INBOUND.value: to_document(ALL),
    "b2bDirectConnectInbound": to_document(NOBODY),
    "inboundTrust": {"isMfaAccepted": False},
}


@pytest.mark.parametrize(
    ("before", "wanted", "was", "becomes", "effect"),
    [
        (
            {},
            {INBOUND: OFFICE},
            "Microsoft's default: everyone from the partner may use every application",
            "everyone from the partner may use only Office 365",
            "narrows",
        ),
        (
            {INBOUND.value: to_document(NOBODY)},
            {INBOUND: None},
            "blocked for everyone",
            "Microsoft's default: everyone from the partner may use every application",
            "opens",
        ),
        (
            {},
            {Property.B2B_DIRECT_CONNECT_INBOUND: OFFICE},
            "Microsoft's default: blocked for everyone",
            "everyone from the partner may use only Office 365",
            "opens",
        ),
        (
            {},
            {INBOUND: b2b(None, targets("allowed", "Office365"))},
            "Microsoft's default: everyone from the partner may use every application",
            "people: Microsoft's default: everyone from the partner; applications: only Office 365 (not certain: one "
            "list is set and the other is not; Microsoft does not document what then applies)",
            "may open or narrow",
        ),
        (
            {},
            {Property.INBOUND_TRUST: InboundTrust(mfa=False)},
            "Microsoft's default: not trusted",
            "not trusted",
            "no change",
        ),
        ({}, {Property.INBOUND_TRUST: InboundTrust(hybrid_joined_device=True)}, DEFAULT_UNSET, "trusted", "opens"),
    ],
)
def test_what_is_inherited_is_said_and_decided_where_the_default_is_known(
    before: dict[str, Any], wanted: dict[Property, Setting], was: str, becomes: str, effect: str
) -> None:
    made = plan({"tenantId": TENANT, **before}, wanted)
    (line,) = describe_changes(made, SERVICE_DEFAULT)
    assert (line.before, line.after, line.access) == (was, becomes, effect)
    assert Fact(Consequence.DEPENDS_ON_DEFAULT) not in consequences(made, SERVICE_DEFAULT)


def test_a_default_that_the_tenant_changed_is_called_the_tenants() -> None:
    made = plan({"tenantId": TENANT}, {INBOUND: OFFICE})
    (line,) = describe_changes(made, {**SERVICE_DEFAULT, "isServiceDefault": False})
    assert line.before == "Default: everyone from the partner may use every application"


def test_narrowing_from_everything_is_known_even_for_two_deny_lists() -> None:
    exceptions = b2b(targets("blocked", GROUP, kind="group"), targets("blocked", APP))
    assert change(INBOUND, ALL, exceptions).access == "narrows"
    assert change(INBOUND, ALL, b2b(EVERYONE, None)).access == "may open or narrow"


def test_one_deny_list_inside_another_lets_more_in() -> None:
    one, two = targets("blocked", GROUP, kind="group"), targets("blocked", GROUP, APP, kind="group")
    apps = targets("allowed", "Office365")
    assert change(INBOUND, b2b(two, apps), b2b(one, apps)).access == "opens"
    assert change(INBOUND, b2b(one, apps), b2b(two, apps)).access == "narrows"


def test_an_unreadable_value_that_stays_is_no_change_and_leads_to_no_claim() -> None:
    body = {"inboundTrust": [1], "novelty": {"on": True}}
    made = replace(access_plan(), before=body, operations=(Operation(method="PATCH", path="/p", body=body),))
    assert {line.access for line in describe_changes(made)} == {"no change"}
    assert Fact(Consequence.TRUST) not in consequences(made)
    assert Fact(Consequence.UNKNOWN_VALUES) in consequences(made)

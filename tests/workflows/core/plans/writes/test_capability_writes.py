"""Plans that give and take Microsoft 365 capabilities: the exact writes, their order, and every state between them."""

from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.words.plans.changes import describe_changes
from bot.words.plans.current_settings import describe_current
from bot.words.plans.kept_access import kept_access_words, open_now_words
from bot.words.plans.short_changes import short_changes
from bot.words.settings.values import setting_words
from tests.workflows.core.builders import TENANT, closed_document
from tests.workflows.core.settings.test_capabilities import (
    ALL as EVERYONE,
)
from tests.workflows.core.settings.test_capabilities import (
    COLLABORATION,
    EVERYBODY,
    FREE_BUSY,
    GROUP,
    MIGRATION,
    NO_COLLABORATION,
    OF_GROUP,
    SOME,
    allowed,
    shown,
)
from tests.workflows.core.strategies import CAPABILITIES, PROPERTY
from workflows.core.checks.findings import FindingCode
from workflows.core.checks.partner_setup.steps import setup_of
from workflows.core.checks.rules import Circumstances, check_plan
from workflows.core.checks.tenant_facts import CapabilityAccess
from workflows.core.errors.raised import NothingToChange, UnreadableSetting
from workflows.core.partners.restoration.restoration_plan import plan_restoration
from workflows.core.plans.changes import plan_access_change, setting_changes
from workflows.core.plans.default_drift import default_drift, kept_inheritance, with_inheritance
from workflows.core.plans.named_targets import current_targets, written_targets
from workflows.core.plans.plan import PARTNERS_PATH, Plan, count_written, is_confirmed, partner_address
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.plans.writes.refused_writes import is_shown, written_names
from workflows.core.policy.risk import RiskLevel, RiskReason, risk_for_approval, risk_of
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import to_document
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import (
    NOBODY,
    Capabilities,
    Capability,
    CapabilityName,
    M365CollaborationInbound,
    Property,
    Setting,
    TargetConfiguration,
)
from workflows.core.settings.open_access import AccessState, open_access

PARTNER: Final = partner_address(TENANT)
LIST: Final = f"{PARTNER}/m365Capabilities"
ROOMS: Final = CapabilityName.ROOM_BOOKING
EVERYTHING: Final = CapabilityName.CALENDAR_EVERYTHING
NAMES: Final = {GROUP: "Project team"}


def everybody() -> TargetConfiguration:
    return allowed(EVERYONE)


def capabilities(**people: TargetConfiguration) -> dict[Property, Setting]:
    """The settings of a template with collaboration and these capabilities."""
    items = (Capability(name=CapabilityName[name.upper()], people=one) for name, one in people.items())
    return {
        Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound(users=everybody()),
        Property.M365_CAPABILITIES: Capabilities(items=tuple(sorted(items, key=lambda item: item.name))),
    }


def access(before: JsonObject | None, settings: dict[Property, Setting]) -> Plan:
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=settings,
        template="calendar-sharing",
        template_hash="",
        duration=timedelta(days=90),
    )


def standing(*entries: Any, collaboration: Any = COLLABORATION) -> dict[str, Any]:
    """A partner with collaboration and these capabilities."""
    return {"tenantId": TENANT, "m365CollaborationInbound": collaboration, "m365Capabilities": list(entries)}


def calls(plan: Plan) -> list[tuple[str, str]]:
    return [(operation.method, operation.path) for operation in plan.operations]


def entry(name: CapabilityName, **more: Any) -> dict[str, Any]:
    return {**shown(**more), "@odata.type": f"#microsoft.graph.{name}", "name": name.value}


# --- the exact writes and their order ---


def test_a_new_partner_is_created_first_and_then_gets_its_capability() -> None:
    plan = access(None, capabilities(free_busy=everybody()))
    assert calls(plan) == [("POST", PARTNERS_PATH), ("POST", LIST)]
    assert plan.operations[1].body == {
        "@odata.type": f"#microsoft.graph.{FREE_BUSY}",
        "inboundAccess": {"isAllowed": True, "resourceScopes": {"included": [EVERYBODY], "excluded": []}},
    }
    after = plan.configuration_after()
    assert after is not None
    assert after["m365Capabilities"] == [{"name": FREE_BUSY, **plan.operations[1].body}]
    assert count_written(plan, {**(plan.configuration_after(1) or {}), "m365Capabilities": []}) == 1
    assert is_confirmed(plan, {**after, "m365Capabilities": [shown(lastModifiedDateTime=None)]})


def test_what_shows_less_is_written_first_and_what_shows_more_last() -> None:
    before = standing(entry(ROOMS), shown(), entry(CapabilityName.MAIL_TIPS_ALL), collaboration=NO_COLLABORATION)
    plan = access(before, capabilities(free_busy=allowed(OF_GROUP), profile_card=everybody()))
    assert calls(plan) == [
        ("PATCH", f"{LIST}/{FREE_BUSY}"),
        ("PATCH", f"{LIST}/{CapabilityName.MAIL_TIPS_ALL}"),
        ("PATCH", f"{LIST}/{ROOMS}"),
        ("PATCH", PARTNER),
        ("POST", LIST),
    ]
    assert [operation.body["inboundAccess"]["isAllowed"] for operation in plan.operations[1:3]] == [False, False]
    for count in range(len(plan.operations) + 1):
        assert count_written(plan, plan.configuration_after(count)) == count


def test_a_capability_that_is_off_already_is_left() -> None:
    off = shown(is_allowed=False)
    with pytest.raises(NothingToChange):
        access(standing(off, entry(ROOMS)), capabilities(room_booking=everybody()))
    assert calls(access(standing(off), capabilities(free_busy=everybody()))) == [("PATCH", f"{LIST}/{FREE_BUSY}")]


def test_everybody_but_a_group_is_written_and_read_back() -> None:
    before = standing(shown(excluded=[SOME]))
    plan = plan_restoration(tenant_id=TENANT, current_configuration=standing(), earlier_configuration=before)
    assert plan.operations[0].body["inboundAccess"]["resourceScopes"] == {"included": [EVERYBODY], "excluded": [SOME]}
    assert is_confirmed(plan, before)


def test_a_capability_whose_meaning_is_not_certain_is_switched_off_but_never_restored() -> None:
    unclear = standing(shown([SOME], [SOME]))
    plan = access(unclear, capabilities(room_booking=everybody()))
    assert ("PATCH", f"{LIST}/{FREE_BUSY}") in calls(plan)
    with pytest.raises(UnreadableSetting):
        plan_restoration(tenant_id=TENANT, current_configuration=standing(), earlier_configuration=unclear)


@pytest.mark.parametrize(
    ("before", "default", "expected"),
    [
        (standing(shown()), {}, [("PATCH", f"{LIST}/{FREE_BUSY}")]),
        (standing(shown([SOME], [SOME])), {}, [("PATCH", f"{LIST}/{FREE_BUSY}")]),
        (standing(shown(is_allowed=False)), {"m365Capabilities": [shown()]}, []),
        (standing(), {"m365Capabilities": [shown(), entry(ROOMS, is_allowed=False)]}, [("POST", LIST)]),
        (None, {"m365Capabilities": [shown()]}, [("POST", LIST)]),
        ({**standing(), "m365Capabilities": "junk"}, {"m365Capabilities": "junk"}, []),
        ({**standing(), "m365Capabilities": "junk"}, {"m365Capabilities": [shown()]}, [("POST", LIST)]),
        (standing(MIGRATION), {}, []),
        (standing(), None, []),
    ],
)
def test_a_revocation_switches_off_every_capability_that_may_be_on_after_its_block(
    before: JsonObject | None, default: JsonObject | None, expected: list[tuple[str, str]]
) -> None:
    """Mailbox migration is never written: the block of what it needs switches it off."""
    plan = plan_revocation(tenant_id=TENANT, before=before, default=default)
    of_capabilities = [one for one in plan.operations if one.path.startswith(LIST)]
    assert [(one.method, one.path) for one in of_capabilities] == expected
    for one in of_capabilities:
        assert one.may_be_refused
        assert one.body["inboundAccess"]["isAllowed"] is False
        assert plan.operations.index(one) > 0
        services = [other for other in plan.operations if "m365CollaborationInbound" in other.body]
        assert all(plan.operations.index(one) < plan.operations.index(other) for other in services)
        assert written_names(one) == (f"m365Capabilities.{FREE_BUSY}",)
        after = plan.configuration_after() or {}
        assert is_shown(one, after)
        assert not is_shown(one, {**after, "m365Capabilities": [shown()]})
        assert not is_shown(one, {name: value for name, value in after.items() if name != "m365Capabilities"})
    left = {kind.name: kind.opening for kind in open_access(plan.configuration_after() or {}, default)}
    assert not [name for name in left if name.startswith("m365Capabilities.cross")]


@PROPERTY
@given(CAPABILITIES, CAPABILITIES, st.booleans())
def test_a_restoration_leads_back_and_a_second_one_changes_nothing(
    now: Capabilities, earlier: Capabilities, is_new: bool
) -> None:
    current = None if is_new else standing(*to_document(now))
    goal = standing(*to_document(earlier))
    try:
        plan = plan_restoration(tenant_id=TENANT, current_configuration=current, earlier_configuration=goal)
    except NothingToChange:
        return
    after = plan.configuration_after()
    assert after is not None
    on = [one for one in after.get("m365Capabilities", ()) if one["inboundAccess"]["isAllowed"]]
    assert [one["name"] for one in on] == [one.name for one in earlier.items if one.people != NOBODY]
    with pytest.raises(NothingToChange):
        plan_restoration(tenant_id=TENANT, current_configuration=after, earlier_configuration=goal)
    assert is_confirmed(plan, after)


@PROPERTY
@given(CAPABILITIES, CAPABILITIES)
def test_every_part_of_a_plan_that_shows_less_comes_before_every_part_that_shows_more(
    now: Capabilities, wanted: Capabilities
) -> None:
    before = standing(*to_document(now))
    less = M365CollaborationInbound(users=allowed(OF_GROUP))
    plan = access(before, {Property.M365_COLLABORATION_INBOUND: less, Property.M365_CAPABILITIES: wanted})
    partner = [operation.path for operation in plan.operations].index(PARTNER)
    default: JsonObject = {"m365Capabilities": []}
    for change in setting_changes(plan, default):
        if change.key:
            written = next(
                index
                for index, one in enumerate(plan.operations)
                if str(one.body.get("@odata.type")).endswith(change.key)
            )
            assert (change.access in (AccessChange.REDUCES, AccessChange.CLOSES)) <= (
                written < partner or change.before is None
            )
            assert (change.access is AccessChange.OPENS) <= (written > partner)


# --- the effect, the risk and the words ---


@pytest.mark.parametrize(
    ("before", "settings", "line"),
    [
        (standing(), capabilities(free_busy=everybody()), "They see free/busy times of everyone here"),
        (standing(), capabilities(free_busy=allowed(OF_GROUP)), "They see free/busy times of “Project team”"),
        (
            standing(shown()),
            capabilities(free_busy=allowed(OF_GROUP)),
            "They see free/busy times of “Project team” (now: everyone here)",
        ),
        (standing(shown(), entry(ROOMS)), capabilities(room_booking=everybody()), "They no longer see free/busy times"),
        (
            standing(shown([{"resourceId": GROUP[:-1] + "2", "resourceType": "group"}])),
            capabilities(free_busy=allowed(OF_GROUP)),
            "They perhaps see free/busy times of “Project team” (now: 1 group of ours)",
        ),
    ],
)
def test_the_card_says_in_one_line_whose_data_they_see_and_how_much(
    before: JsonObject, settings: dict[Property, Setting], line: str
) -> None:
    [change] = short_changes(access(before, settings), {"m365Capabilities": []}, NAMES)
    assert change.text == line


def test_details_say_what_was_and_what_will_be() -> None:
    plan = access(standing(entry(ROOMS)), capabilities(free_busy=allowed(OF_GROUP)))
    lines = {one.setting: (one.before, one.after) for one in describe_changes(plan, {"m365Capabilities": []}, NAMES)}
    assert lines == {
        "Free/busy times of our calendars": ("Microsoft's default: off", f"of group “Project team” ({GROUP})"),
        "Booking of our rooms": ("of everyone here", "off"),
    }
    assert {target.owner for target in written_targets(plan)} == {Owner.OURS}
    assert [target.target for target in current_targets(standing(shown([SOME])))] == [OF_GROUP]
    assert plan_access_change(plan, {"m365Capabilities": []}) is AccessChange.OPENS


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not set"),
        ([], "not set"),
        ([shown()], "Free/busy times of our calendars: of everyone here"),
        ([shown(excluded=[SOME])], f"Free/busy times of our calendars: of everyone here except group {GROUP}"),
        ([shown([SOME], [SOME])], "Free/busy times of our calendars: not certain of whom"),
    ],
)
def test_a_list_of_capabilities_is_worded_one_by_one(value: Any, words: str) -> None:
    assert setting_words("m365Capabilities", value) == words


def test_a_capability_that_this_version_does_not_know_is_shown_as_it_is() -> None:
    words = setting_words("m365Capabilities", [MIGRATION])
    assert words.startswith("crossTenantMigration: {")
    assert "cannot read" in words
    assert "cannot read" in setting_words("m365Capabilities", "junk")


def test_what_stands_is_listed_and_what_the_default_gives_says_so() -> None:
    default = {"m365Capabilities": [entry(ROOMS), entry(CapabilityName.DESK_BOOKING, is_allowed=False)]}
    current = {one.setting: one.words for one in describe_current(standing(shown()), default)}
    assert current["Free/busy times of our calendars"] == "of everyone here"
    assert current["Booking of our rooms"] == "Default: of everyone here"
    assert "Booking of our desks" not in current
    unread = [
        one.words for one in describe_current({"m365Capabilities": "junk"}, {}) if "Microsoft 365 cap" in one.setting
    ]
    assert ["cannot read" in words for words in unread] == [True]
    less: dict[Property, Setting] = {
        Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound(users=allowed(OF_GROUP))
    }
    plan = access(standing(shown()), less)
    assert "They see free/busy times of everyone here" in kept_access_words(plan, default)
    assert "They see free/busy times of everyone here" in open_now_words(plan, default)


@pytest.mark.parametrize(
    ("name", "people", "reason"),
    [
        ("free_busy", everybody(), RiskReason.CAPABILITIES),
        ("room_booking", everybody(), RiskReason.CAPABILITIES),
        ("calendar_times", everybody(), RiskReason.CAPABILITIES),
        ("free_busy_with_details", allowed(OF_GROUP), RiskReason.MEETING_DETAILS),
        ("calendar_details", allowed(OF_GROUP), RiskReason.MEETING_DETAILS),
        ("free_busy_with_details", everybody(), RiskReason.MEETING_DETAILS_ALL),
        ("calendar_everything", allowed(OF_GROUP), RiskReason.MEETING_DETAILS_ALL),
    ],
)
def test_how_much_and_of_whom_decides_the_risk(name: str, people: TargetConfiguration, reason: RiskReason) -> None:
    plan = access(standing(), capabilities(**{name: people}))
    assert risk_of(plan, {"m365Capabilities": []}).reasons == (reason,)
    assert risk_of(plan).reasons == (reason,)


@pytest.mark.parametrize(
    ("own", "default", "reason", "words"),
    [
        (
            [entry(EVERYTHING)],
            [],
            RiskReason.MEETING_DETAILS_ALL,
            "They see everything in shared calendars of everyone",
        ),
        (
            [],
            [entry(EVERYTHING)],
            RiskReason.MEETING_DETAILS_ALL,
            "They see everything in shared calendars of everyone",
        ),
        (None, [], RiskReason.CAPABILITIES_NOT_READ, "They perhaps see all our calendars"),
        ([], None, RiskReason.CAPABILITIES_NOT_READ, "They perhaps see all our calendars"),
        ([entry(FREE_BUSY, newer=True)], [], RiskReason.UNREADABLE, "other values"),
        ([], [{**entry(FREE_BUSY), "@odata.type": "#x", "name": "new"}], RiskReason.UNREADABLE, "other values"),
        ([entry(FREE_BUSY)], [entry(EVERYTHING)], RiskReason.MEETING_DETAILS_ALL, "They see free/busy times"),
    ],
)
def test_more_collaboration_is_as_risky_as_the_capabilities_that_are_on_with_it(
    own: list[Any] | None, default: list[Any] | None, reason: RiskReason, words: str
) -> None:
    before = {"tenantId": TENANT, "m365CollaborationInbound": NO_COLLABORATION}
    before |= {} if own is None else {"m365Capabilities": own}
    shared: JsonObject = {"m365CollaborationInbound": NO_COLLABORATION}
    shared = shared if default is None else {**shared, "m365Capabilities": default}
    plan = access(before, {Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound(users=everybody())})
    assert risk_of(plan, shared).level is RiskLevel.HIGH
    assert reason in risk_of(plan, shared).reasons
    assert reason in risk_for_approval(plan, shared).reasons
    assert [one.text for one in short_changes(plan, shared) if words in one.text]
    assert all("(now:" not in one.text for one in short_changes(plan, shared) if "They see" in one.text)
    assert len(describe_changes(plan, shared)) == len(setting_changes(plan, shared))


@pytest.mark.parametrize("before", [None, standing(collaboration=NO_COLLABORATION), standing(MIGRATION)])
def test_collaboration_without_any_capability_is_no_higher_risk(before: JsonObject | None) -> None:
    default: JsonObject = {"m365CollaborationInbound": NO_COLLABORATION, "m365Capabilities": []}
    group = M365CollaborationInbound(users=allowed(OF_GROUP))
    plan = access(before, {Property.M365_COLLABORATION_INBOUND: group})
    assert set(risk_of(plan, default).reasons) <= {RiskReason.OTHER}


def test_a_capability_that_is_reduced_while_collaboration_begins_shows_more_than_before() -> None:
    before = standing(entry(EVERYTHING), entry(ROOMS), collaboration=NO_COLLABORATION)
    plan = access(before, capabilities(calendar_everything=allowed(OF_GROUP)))
    default: JsonObject = {"m365Capabilities": []}
    found = {one.key: one.access for one in setting_changes(plan, default) if one.key}
    assert found == {EVERYTHING: AccessChange.OPENS, ROOMS: AccessChange.CLOSES}
    assert RiskReason.MEETING_DETAILS_ALL in risk_of(plan, default).reasons


def test_the_default_of_capabilities_is_approved_with_collaboration() -> None:
    plan = access(None, {Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound(users=everybody())})
    drift = default_drift(plan, {"m365Capabilities": []}, {"m365Capabilities": [entry(EVERYTHING)]})
    assert drift is not None


# --- the rules ---


def codes(plan: Plan, default: JsonObject | None) -> list[FindingCode]:
    return [
        finding.code
        for finding in check_plan(plan, Circumstances(default=default))
        if finding.code not in (FindingCode.LICENCE_P1, FindingCode.FOREIGN_IDS)
    ]


def test_capabilities_are_written_only_where_they_were_read() -> None:
    settings = capabilities(free_busy=everybody())
    unchecked = FindingCode.ORGANIZATION_RELATIONSHIPS_UNCHECKED
    assert codes(access(None, settings), {"m365Capabilities": []}) == [unchecked]
    for before, default in ((None, {}), (None, None), ({"tenantId": TENANT}, {"m365Capabilities": []})):
        assert codes(access(before, settings), default) == [FindingCode.CAPABILITIES_UNAVAILABLE, unchecked]


@pytest.mark.parametrize("state", [*CapabilityAccess, None])
def test_the_refusal_says_why_they_were_not_read(state: CapabilityAccess | None) -> None:
    plan = access(None, capabilities(free_busy=everybody()))
    found = check_plan(plan, Circumstances(default={}, capability_access=state))
    refusal = next(one for one in found if one.code is FindingCode.CAPABILITIES_UNAVAILABLE)
    assert refusal.values.get("access") == state


def test_a_capability_without_collaboration_is_an_error_and_switching_off_needs_none() -> None:
    before = standing(shown(), collaboration=NO_COLLABORATION)
    given = {Property.M365_CAPABILITIES: capabilities(room_booking=everybody())[Property.M365_CAPABILITIES]}
    assert FindingCode.CAPABILITIES_WITHOUT_COLLABORATION in codes(access(before, given), {})
    assert codes(access(before, {Property.M365_CAPABILITIES: Capabilities(items=())}), {}) == []
    assert codes(access(before, {Property.M365_COLLABORATION_INBOUND: None}), {}) == []


# --- what is inherited, and the partner's side ---


def test_a_change_of_a_default_that_the_partner_inherits_is_found() -> None:
    plan = access(standing(), capabilities(free_busy=everybody()))
    off: JsonObject = {"m365Capabilities": []}
    on: JsonObject = {"m365Capabilities": [entry(ROOMS)]}
    assert with_inheritance(plan, off).digest != with_inheritance(plan, on).digest
    drift = default_drift(plan, off, on)
    assert drift is not None
    assert [change.name for change in drift.defaults] == ["m365Capabilities"]
    assert default_drift(plan, off, {"m365Capabilities": [shown()]}) is None  # the partner sets this one itself
    inherited = with_inheritance(plan, on).inherited
    assert inherited is not None
    assert kept_inheritance(inherited, plan.configuration_after()) == inherited


def test_the_partner_has_nothing_to_set_and_is_told_what_its_people_see() -> None:
    setup = setup_of(standing(shown(), entry(ROOMS, is_allowed=False)), {"m365Capabilities": [entry(ROOMS)]})
    assert setup.capabilities == (FREE_BUSY,)
    assert setup.steps == ()


def test_after_the_block_nothing_of_a_calendar_is_open() -> None:
    before = {**closed_document(), "m365CollaborationInbound": NO_COLLABORATION, "m365Capabilities": [shown()]}
    default: JsonObject = {"m365Capabilities": []}
    plan = plan_revocation(tenant_id=TENANT, before=before, default=default)
    assert ("PATCH", f"{LIST}/{FREE_BUSY}") in calls(plan)
    assert AccessState.OPEN not in {one.opening for one in open_access(plan.configuration_after() or {}, default)}


@PROPERTY
@given(CAPABILITIES)
def test_a_plan_of_the_same_capabilities_changes_nothing(wanted: Capabilities) -> None:
    assume(wanted.items)
    settings = {**capabilities(), Property.M365_CAPABILITIES: wanted}
    with pytest.raises(NothingToChange):
        access(standing(*to_document(wanted)), settings)

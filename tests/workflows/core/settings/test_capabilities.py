"""Microsoft 365 capabilities: read in every form, compared by meaning, and never called off when they may be on."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bot.words.refused import worded_refusal
from tests.workflows.core.strategies import CAPABILITIES, DOCUMENTS, JSON, PROPERTY, reordered
from workflows.core.errors.raised import UnreadableSetting
from workflows.core.settings.access_change import is_certainly_blocked, is_wide_open
from workflows.core.settings.capabilities import (
    capability_body,
    capability_document,
    entries,
    entry_of,
    has_list,
    is_list_missing,
    known_entries,
    known_names,
    parse_capabilities,
    unknown_capabilities,
    with_capability,
)
from workflows.core.settings.documents import is_equivalent, is_same_value, parse_setting, to_document
from workflows.core.settings.effective import Origin, effective_settings
from workflows.core.settings.model import (
    ALL_USERS,
    NOBODY,
    AccessType,
    Capabilities,
    Capability,
    CapabilityName,
    Property,
    Target,
    TargetConfiguration,
    TargetType,
)
from workflows.core.settings.open_access import AccessState, access_kinds, open_access
from workflows.core.settings.undocumented_members import documented_configuration, undocumented_members

FREE_BUSY: Final = CapabilityName.FREE_BUSY
TYPE: Final = f"#microsoft.graph.{FREE_BUSY}"
GROUP: Final = "1b4f7c2e-0a5d-4f3b-9c61-000000000001"
EVERYBODY: Final = {"resourceId": "All", "resourceType": "user"}
SOME: Final = {"resourceId": GROUP, "resourceType": "group"}
COLLABORATION: Final = {
    "users": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
}
NO_COLLABORATION: Final = {
    "users": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]},
}
NO_APPLICATIONS: Final = {
    "applications": {
        "accessType": "blocked",
        "targets": [{"target": "AllApplications", "targetType": "application"}],
    }
}
MIGRATION: Final = {
    "@odata.type": "#microsoft.graph.crossTenantMigration",
    "name": "crossTenantMigration",
    "inboundAccess": {"isAllowed": True},
}


def shown(included: Any = (EVERYBODY,), excluded: Any = (), *, is_allowed: Any = True, **more: Any) -> dict[str, Any]:
    """One entry as Graph returns it."""
    scopes = {"included": list(included), "excluded": list(excluded)}
    access = {"isAllowed": is_allowed, "resourceScopes": scopes}
    return {"@odata.type": TYPE, "name": FREE_BUSY.value, "inboundAccess": access, **more}


def people_of(entry: Any) -> TargetConfiguration | None:
    found = parse_capabilities([entry])
    assert found is not None
    [capability] = found.items
    return capability.people


def allowed(*targets: Target) -> TargetConfiguration:
    return TargetConfiguration(access=AccessType.ALLOWED, targets=targets)


ALL: Final = Target(type=TargetType.USER, id=ALL_USERS)
OF_GROUP: Final = Target(type=TargetType.GROUP, id=GROUP)


@pytest.mark.parametrize(
    ("entry", "people"),
    [
        (shown(), allowed(ALL)),
        (shown([{"resourceId": "All", "resourceType": "group"}]), allowed(ALL)),
        (shown([EVERYBODY, SOME]), allowed(ALL)),
        (shown([SOME]), allowed(OF_GROUP)),
        (shown([{"resourceId": GROUP.upper(), "resourceType": "group"}]), allowed(OF_GROUP)),
        (shown(excluded=[SOME]), TargetConfiguration(access=AccessType.BLOCKED, targets=(OF_GROUP,))),
        (shown(excluded=[{}]), allowed(ALL)),
        (shown(is_allowed=False), NOBODY),
        ({**shown(), "inboundAccess": {"isAllowed": False}}, NOBODY),
        ({**shown(), "inboundAccess": {"isAllowed": False, "resourceScopes": None}}, NOBODY),
        # It is not documented what a block of some people means for the others.
        (shown([SOME], is_allowed=False), None),
        (shown(excluded=[SOME], is_allowed=False), None),
        (shown([]), None),
        (shown([SOME], [SOME]), None),
        (shown(excluded=[EVERYBODY]), None),
        (shown(is_allowed=None), None),
        (shown(is_allowed="true"), None),
        ({**shown(), "inboundAccess": None}, None),
        ({**shown(), "inboundAccess": {"isAllowed": True, "resourceScopes": "All"}}, None),
        ({**shown(), "inboundAccess": {"isAllowed": True, "resourceScopes": {"included": "All"}}}, None),
        (shown(["All"]), None),
        (shown([{"resourceId": "All", "resourceType": "device"}]), None),
        (shown([{"resourceId": None, "resourceType": "user"}]), None),
        (shown([{**SOME, "resourceFilter": "x"}]), None),
    ],
)
def test_whose_data_an_entry_is_about_is_read_or_not_certain(
    entry: dict[str, Any], people: TargetConfiguration | None
) -> None:
    assert people_of(entry) == people
    setting = Capability(name=FREE_BUSY, people=people)
    assert is_certainly_blocked(setting) is (people == NOBODY)
    assert is_wide_open(setting) is (people == allowed(ALL))


@pytest.mark.parametrize(
    "entry",
    [
        MIGRATION,
        {**shown(), "@odata.type": "#microsoft.graph.crossTenantMigration"},
        {**shown(), "name": "crossTenantMigration"},
        {key: value for key, value in shown().items() if key != "@odata.type"},
        {key: value for key, value in shown().items() if key != "name"},
        shown(newer=True),
        {**shown(), "inboundAccess": {"isAllowed": True, "newer": True}},
        {**shown(), "inboundAccess": "allowed"},
        "crossTenantCalendarAvailabilityBasic",
        None,
        7,
    ],
)
def test_an_entry_of_another_form_is_unknown_and_an_opening(entry: Any) -> None:
    """Nobody approved it, and no plan writes it."""
    assert parse_capabilities([entry]) == Capabilities(items=())
    assert known_entries([entry]) == []
    [(name, value)] = unknown_capabilities([entry]).items()
    assert value is not False
    document = {"m365Capabilities": [entry], "m365CollaborationInbound": COLLABORATION}
    kinds = {kind.name: kind for kind in access_kinds(document, {"m365Capabilities": []})}
    assert kinds[f"m365Capabilities.{name}"].opening is AccessState.UNKNOWN
    assert documented_configuration({"m365Capabilities": [entry]}) == {"m365Capabilities": []}


def test_an_unknown_capability_that_is_off_is_closed() -> None:
    off = {**MIGRATION, "inboundAccess": {"isAllowed": False}}
    assert unknown_capabilities([off]) == {"crossTenantMigration": False}
    kinds = {kind.name: kind for kind in access_kinds({"m365Capabilities": [off]}, {})}
    assert kinds["m365Capabilities.crossTenantMigration"].opening is AccessState.CLOSED
    assert unknown_capabilities("junk") == unknown_capabilities(None) == {}


def test_a_second_entry_with_the_same_name_makes_both_uncertain() -> None:
    twice = {"m365Capabilities": [shown(is_allowed=False), shown()]}
    assert [entry.name for entry in entries(twice["m365Capabilities"])] == [FREE_BUSY, f"{FREE_BUSY} (2)"]
    found = effective_settings(twice, {"m365Capabilities": []}).capabilities[FREE_BUSY]
    assert not is_certainly_blocked(found.setting)
    assert undocumented_members(twice) != {}


@pytest.mark.parametrize("junk", ["allowed", 1, True, {"isAllowed": False}])
def test_what_is_no_list_is_unreadable_and_never_off(junk: Any) -> None:
    with worded_refusal(UnreadableSetting, match=f"m365Capabilities: expected a list, got {type(junk).__name__}"):
        parse_setting(Property.M365_CAPABILITIES, junk)
    document = {"m365Capabilities": junk, "m365CollaborationInbound": NO_COLLABORATION}
    kinds = {kind.name: kind for kind in access_kinds(document, {"m365Capabilities": []})}
    assert kinds["m365Capabilities"].opening is AccessState.UNKNOWN
    assert kinds["m365Capabilities"].is_explicit
    assert list(known_names(junk)) == []
    assert entry_of(junk, FREE_BUSY) is None
    assert known_entries(junk) == junk
    assert with_capability(junk, FREE_BUSY, {"inboundAccess": None}) == [{"name": FREE_BUSY, "inboundAccess": None}]


@PROPERTY
@given(CAPABILITIES, st.integers(0, 5))
def test_what_is_written_is_read_back_in_any_order_and_with_nulls(wanted: Capabilities, turn: int) -> None:
    written = to_document(wanted)
    assert [capability_document(one) for one in wanted.items] == [to_document(one) for one in wanted.items] == written
    there = [{**entry, "lastModifiedDateTime": None, "extra": None} for entry in reversed(written)]
    assert parse_setting(Property.M365_CAPABILITIES, json.loads(json.dumps(there))) == wanted
    assert is_same_value(written, reordered(there, turn))
    assert is_equivalent({"m365Capabilities": written}, {"m365Capabilities": there})
    assert is_equivalent({"m365Capabilities": written}, {}) is (not written)
    for one in wanted.items:
        body = capability_body(one)
        assert body["@odata.type"] == f"#microsoft.graph.{one.name}"
        assert "name" not in body
        assert entry_of(with_capability(None, one.name, body), one.name) == {"name": one.name, **body}


def test_a_capability_of_which_it_is_not_certain_whose_data_it_shows_is_not_written() -> None:
    with pytest.raises(ValueError, match="is not known"):
        capability_body(Capability(name=FREE_BUSY, people=None))


def test_no_name_of_mailbox_migration_can_be_written() -> None:
    assert len(CapabilityName) == 10
    assert not [name for name in CapabilityName if "migration" in name.lower()]


# --- what applies: the partner's own entries, the default's, and Microsoft's: off ---


@pytest.mark.parametrize(
    ("own", "default", "opening", "origin"),
    [
        ({"m365Capabilities": [shown()]}, {}, AccessState.OPEN, Origin.SET_HERE),
        ({"m365Capabilities": [shown([SOME])]}, {}, AccessState.PARTLY, Origin.SET_HERE),
        ({"m365Capabilities": [shown(is_allowed=False)]}, {"m365Capabilities": [shown()]}, None, Origin.SET_HERE),
        ({"m365Capabilities": []}, {"m365Capabilities": [shown()]}, AccessState.OPEN, Origin.TENANT_DEFAULT),
        ({"m365Capabilities": []}, {"m365Capabilities": []}, None, Origin.MICROSOFT_DEFAULT),
        (None, {"m365Capabilities": [shown()]}, AccessState.OPEN, Origin.TENANT_DEFAULT),
        (None, {"m365Capabilities": []}, None, Origin.MICROSOFT_DEFAULT),
        ({"m365Capabilities": []}, {}, AccessState.UNKNOWN, Origin.UNREADABLE),
        ({}, {"m365Capabilities": []}, AccessState.UNKNOWN, Origin.UNREADABLE),
        ({}, None, AccessState.UNKNOWN, Origin.UNREADABLE),
        ({"m365Capabilities": "junk"}, {"m365Capabilities": []}, AccessState.UNKNOWN, Origin.UNREADABLE),
    ],
)
def test_a_capability_is_the_partners_own_or_the_defaults(
    own: dict[str, Any] | None, default: dict[str, Any] | None, opening: AccessState | None, origin: Origin
) -> None:
    found = effective_settings(own, default).capabilities[FREE_BUSY]
    assert found.origins == (origin,)
    assert is_certainly_blocked(found.setting) is (opening is None)
    document = None if own is None else {**own, "m365CollaborationInbound": COLLABORATION}
    shared = {**(default or {}), "m365CollaborationInbound": COLLABORATION}
    kinds = {kind.name: kind.opening for kind in access_kinds(document, shared if default is not None else None)}
    if f"m365Capabilities.{FREE_BUSY}" in kinds:
        assert kinds[f"m365Capabilities.{FREE_BUSY}"] is (opening or AccessState.CLOSED)
    else:
        assert kinds["m365Capabilities"] is (AccessState.UNKNOWN if opening else AccessState.CLOSED)


def test_a_tenant_of_another_cloud_that_is_not_added_sees_nothing() -> None:
    found = effective_settings(None, {"m365Capabilities": [shown()]}, is_cross_cloud=True).capabilities[FREE_BUSY]
    assert (is_certainly_blocked(found.setting), found.origins) == (True, (Origin.NOT_ADDED,))


def test_without_collaboration_no_capability_has_an_effect() -> None:
    document = {
        "m365CollaborationInbound": NO_COLLABORATION,
        "appServiceConnectInbound": NO_APPLICATIONS,
        "m365Capabilities": [shown(), MIGRATION],
    }
    kinds = {kind.name: kind for kind in access_kinds(document, {})}
    for name in (FREE_BUSY, "crossTenantMigration"):
        assert kinds[f"m365Capabilities.{name}"].opening is AccessState.CLOSED
    assert kinds[f"m365Capabilities.{FREE_BUSY}"].is_explicit
    inherits = {**document, "m365CollaborationInbound": COLLABORATION}
    left = {one.name: one.opening for one in open_access(inherits, {})}
    assert left[f"m365Capabilities.{FREE_BUSY}"] is AccessState.OPEN
    assert left["m365Capabilities.crossTenantMigration"] is AccessState.UNKNOWN


@PROPERTY
@given(st.none() | JSON | CAPABILITIES.map(to_document), st.none() | JSON | CAPABILITIES.map(to_document), DOCUMENTS)
def test_no_document_is_called_off_unless_every_list_says_so(own: Any, default: Any, more: dict[str, Any]) -> None:
    """The oracle reads the lists in the simplest way."""
    collaboration = {"m365CollaborationInbound": COLLABORATION}
    document = {**more, **collaboration, "m365Capabilities": own}
    shared = {**collaboration, "m365Capabilities": default}
    states = {kind.name: kind.opening for kind in access_kinds(document, shared)}
    applied = effective_settings(document, shared).capabilities
    for name in CapabilityName:
        mine = [one for one in own if _is_about(one, name)] if isinstance(own, list) else None
        theirs = [one for one in default if _is_about(one, name)] if isinstance(default, list) else None
        is_off = mine is not None and (
            all(map(_says_off, mine)) if mine else theirs is not None and all(map(_says_off, theirs))
        )
        assert is_certainly_blocked(applied[name].setting) <= is_off, name
        state = states.get(f"m365Capabilities.{name}", states["m365Capabilities"])
        assert (state is AccessState.CLOSED) <= is_off, name


def _is_about(entry: Any, name: str) -> bool:
    return isinstance(entry, dict) and (entry.get("name") == name or str(entry.get("@odata.type")).endswith(name))


def _says_off(entry: Any) -> bool:
    access = entry.get("inboundAccess")
    return isinstance(access, dict) and access.get("isAllowed") is False


def test_a_list_that_was_not_read_is_missing_only_where_capabilities_were_expected() -> None:
    expected = {"m365Capabilities": [shown()]}
    assert is_list_missing(expected, {})
    assert not is_list_missing(expected, {"m365Capabilities": []})
    assert not is_list_missing(expected, None)
    assert not is_list_missing({"m365Capabilities": []}, {})
    assert not is_list_missing(None, {})
    assert has_list({"m365Capabilities": []})
    assert not has_list({"m365Capabilities": None})


def test_one_capability_alone_has_the_same_document_as_in_a_list() -> None:
    off = Capability(name=FREE_BUSY, people=NOBODY)
    assert to_document(off) == capability_document(off)

"""What Microsoft does not document is a doubt: nothing is called blocked or allowed for certain because of it."""

from itertools import product
from typing import Any

import pytest

from bot.words.plans.current_settings import describe_current
from bot.words.settings.values import setting_words
from tests.workflows.core.builders import TENANT
from tests.workflows.core.settings.test_effective import A1, ALL, G1, INBOUND, asked, listed
from workflows.core.plans.changes import setting_changes
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.settings.access_change import (
    AccessChange,
    has_known_meaning,
    is_certainly_blocked,
    is_unbounded,
    targets_change,
)
from workflows.core.settings.certainty import Doubt, blocks_all, setting_doubts
from workflows.core.settings.documents import parse_targets
from workflows.core.settings.effective import Origin, effective_settings
from workflows.core.settings.model import Property, TargetConfiguration, TargetSetting, configurations

BLOCKED = {"usersAndGroups": listed("blocked", "AllUsers"), "applications": listed("blocked", "AllApplications")}


def parsed(document: dict[str, Any]) -> TargetSetting:
    found = parse_targets(INBOUND, document)
    assert found is not None
    return found


def one(target: str, kind: str, access: str = "allowed") -> dict[str, Any]:
    return {"accessType": access, "targets": [{"target": target, "targetType": kind}]}


DOUBTFUL = [
    ({**ALL, "usersAndGroups": {"accessType": "allowed", "targets": []}}, Doubt.EMPTY_LIST),
    ({**ALL, "applications": {"accessType": "blocked", "targets": []}}, Doubt.EMPTY_LIST),
    ({**ALL, "usersAndGroups": one("allusers", "user")}, Doubt.UNKNOWN_WORD),
    ({**ALL, "usersAndGroups": one("All", "group")}, Doubt.UNKNOWN_WORD),
    ({**ALL, "applications": one("allapplications", "application")}, Doubt.UNKNOWN_WORD),
    ({**ALL, "applications": one("AllUsers", "user")}, Doubt.UNKNOWN_WORD),
    ({**ALL, "usersAndGroups": one("AllUsers", "group")}, Doubt.WRONG_TYPE),
    ({**ALL, "usersAndGroups": one(G1, "application")}, Doubt.WRONG_TYPE),
    ({**ALL, "usersAndGroups": listed("allowed", "AllUsers", G1)}, Doubt.ALL_AND_SOME),
    ({**BLOCKED, "applications": listed("blocked", "Office365")}, Doubt.BLOCK_OF_ONE_LIST),
    ({**BLOCKED, "applications": listed("allowed", A1)}, Doubt.BLOCK_OF_ONE_LIST),
    ({**BLOCKED, "usersAndGroups": listed("blocked", G1)}, Doubt.BLOCK_OF_ONE_LIST),
    ({**BLOCKED, "usersAndGroups": listed("allowed", "AllUsers")}, Doubt.BLOCK_OF_ONE_LIST),
]


@pytest.mark.parametrize(("document", "doubt"), DOUBTFUL)
@pytest.mark.parametrize("is_own", [True, False])
def test_a_doubtful_list_is_never_certain_whether_it_is_the_partners_or_the_defaults(
    document: dict[str, Any], doubt: Doubt, is_own: bool
) -> None:
    """Answered as open with the doubt said; never shut, never clear, and the words say that it is not certain."""
    own, default = (document, ALL) if is_own else (None, document)
    for user, application in product((G1, "somebody else"), (A1, "Office365", "something else")):
        found = asked(own, default, user=user, application=application)
        assert (found.allowed, found.is_certain) == (True, False)
        assert doubt in found.doubts
    setting = parsed(document)
    assert doubt in setting_doubts(setting)
    assert not is_certainly_blocked(setting)
    assert not has_known_meaning(setting)
    said = setting_words(INBOUND, document)
    assert "not certain" in said
    assert "blocked for everyone" not in said
    current = describe_current(None if own is None else {INBOUND: own}, {INBOUND: default})
    standing = next(each for each in current if each.setting == "B2B collaboration, inbound")
    assert standing.fact.may_allow_access
    assert "not certain" in standing.words


@pytest.mark.parametrize(("document", "_"), DOUBTFUL)
def test_what_is_doubtful_counts_as_open_before_a_change_and_as_not_closed_after_it(
    document: dict[str, Any], _: Doubt
) -> None:
    doubtful, shut, wide = parsed(document), parsed(BLOCKED), parsed(ALL)
    assert targets_change(doubtful, shut) is AccessChange.CLOSES
    assert targets_change(shut, doubtful) is AccessChange.OPENS
    assert targets_change(doubtful, wide) is AccessChange.OPENS
    assert targets_change(wide, doubtful) is AccessChange.UNKNOWN
    assert targets_change(doubtful, doubtful) is AccessChange.SAME
    revoked = plan_revocation(tenant_id=TENANT, before={"tenantId": TENANT, INBOUND: document})
    assert {item.access for item in setting_changes(revoked, {}) if item.name == INBOUND} == {AccessChange.CLOSES}


@pytest.mark.parametrize("target_list", ["usersAndGroups", "applications"])
def test_a_list_that_is_null_next_to_one_that_is_set_is_not_certain(target_list: str) -> None:
    """What is shown is what the default says of it, and nothing relies on that."""
    own = {**BLOCKED, target_list: None}
    for default in (ALL, BLOCKED, None):
        found = asked(own, default)
        assert (found.allowed, found.is_certain) == (True, False)
        targets = effective_settings({INBOUND: own}, {INBOUND: default}).targets[INBOUND]
        assert Doubt.ONE_LIST_ONLY in targets.doubts
        assert configurations(targets.certain_setting) == (None, None)
        assert not is_certainly_blocked(targets.certain_setting)
    assert "not certain" in setting_words(INBOUND, own)


def test_two_null_lists_are_nothing_set() -> None:
    nothing = {"usersAndGroups": None, "applications": None}
    targets = effective_settings({INBOUND: nothing}, {INBOUND: ALL}).targets[INBOUND]
    assert (targets.doubts, targets.origins) == ((), (Origin.TENANT_DEFAULT,) * 2)
    assert asked(nothing, ALL).is_certain


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        [],
        {"accessType": None, "targets": []},
        {"accessType": "allowed", "targets": None},
        {"accessType": "allowed", "targets": [None]},
        {"accessType": "allowed", "targets": [{"target": None, "targetType": "user"}]},
        {"accessType": "unknownFutureValue", "targets": []},
    ],
)
def test_nothing_crashes_and_nothing_is_certain_where_a_list_is_of_another_shape(value: Any) -> None:
    for own in ({**ALL, "usersAndGroups": value}, {**ALL, "applications": value}):
        assert asked(own, ALL).is_certain is False
        assert asked(None, own).is_certain is False
        assert setting_words(INBOUND, own)
        plan = Plan(
            tenant_id=TENANT, operations=(), before={INBOUND: own}, template="", template_hash="", duration=None
        )
        assert setting_changes(plan, {INBOUND: own}) == ()


def test_all_microsoft_apps_is_not_a_limit_and_office_365_is() -> None:
    """Graph, "crossTenantAccessPolicyTarget": any Microsoft cloud application; one suite with published members."""

    def applications(*ids: str, access: str = "allowed") -> TargetConfiguration | None:
        return configurations(parsed({**ALL, "applications": listed(access, *ids)}))[1]

    def microsofts(*more: str) -> TargetConfiguration | None:
        targets = [{"target": each, "targetType": "application"} for each in ("AllMicrosoftApps", *more)]
        return configurations(parsed({**ALL, "applications": {"accessType": "allowed", "targets": targets}}))[1]

    assert is_unbounded(microsofts())
    assert is_unbounded(microsofts(A1))
    assert is_unbounded(applications("AllApplications"))
    assert is_unbounded(applications(A1, access="blocked"))
    assert is_unbounded(None)
    assert not is_unbounded(applications("Office365"))
    assert not is_unbounded(applications(A1, "Office365"))


def test_a_whole_block_is_the_one_word_alone() -> None:
    people, apps = configurations(parsed(BLOCKED))
    assert blocks_all(people)
    assert blocks_all(apps)
    assert not blocks_all(configurations(parsed({**BLOCKED, "usersAndGroups": listed("blocked", "AllUsers", G1)}))[0])
    assert not blocks_all(None)
    swapped = {"usersAndGroups": BLOCKED["applications"], "applications": BLOCKED["usersAndGroups"]}
    assert not is_certainly_blocked(parsed(swapped)), "each word in the other's list"
    assert is_certainly_blocked(
        parse_targets(Property.M365_COLLABORATION_INBOUND, {"users": BLOCKED["usersAndGroups"]})
    )

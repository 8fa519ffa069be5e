"""A role has exactly its active, full members; one bad entry hides nobody; only as many as needed are read."""

from dataclasses import replace
from typing import Any, Final

import pytest

from bot.sandbox.http.faults import Fault
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.workspace import people as slack_people
from bot.slack.people.directory import CHECKED_MEMBERS, SlackDirectory
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.users import ids_of, main_id
from tests.bot.slack.people.test_directory import (
    ACCOUNTS,
    ADMIN,
    GROUP,
    SECURITY,
    FakeTenant,
    asked,
    chat,
    directory,
    person,
    tenant,
    user_info,
)
from tests.bot.words.refused import worded_refusal
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, PersonId, Role, is_same_mail, mail_in_lower_case
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable

__all__ = ["directory", "tenant"]

KELVIN: Final = "\u212a"


def groups(world: Sandbox, *listed: dict[str, Any], times: int = 99, **answer: Any) -> None:
    """Let Slack list these user groups, or answer otherwise, from now on."""
    body = answer or {"ok": True, "usergroups": list(listed)}
    world.faults.add(Fault(target="slack", method="usergroups.list", body=body, times=times))


# --- who is listed and who holds the role ---


@pytest.mark.parametrize(
    "change",
    [
        {"deleted": True},
        {"is_restricted": True},
        {"team_id": "T0ANOTHER"},
        {"is_bot": True},
        {"profile": {"email": ""}},
    ],
    ids=["deactivated", "guest", "outsider", "bot", "no mail address"],
)
async def test_a_group_with_nobody_who_can_decide_has_no_holder(
    directory: SlackDirectory, world: Sandbox, change: dict[str, Any]
) -> None:
    user_info(world, "approver1", **change)
    assert await directory.holders(SECURITY) == frozenset()


async def test_one_unknown_user_hides_nobody_else(directory: SlackDirectory, world: Sandbox) -> None:
    groups(world, {"handle": "partner-security", "users": ["U0NOBODY", chat("approver1")]})
    assert await directory.holders(SECURITY) == {chat("approver1")}
    assert (await directory.current_roles([person("approver1")])).holds(ACCOUNTS["approver1"].id, SECURITY)


async def test_one_entry_that_slack_refuses_for_good_hides_nobody_else(
    directory: SlackDirectory, world: Sandbox
) -> None:
    groups(world, {"handle": "partner-security", "users": ["U0BROKEN", chat("approver1")]})
    broken = Fault(target="slack", method="users.info", match="U0BROKEN", body={"ok": False, "error": "invalid_user"})
    world.faults.add(broken.model_copy(update={"times": 9}))
    assert await directory.holders(SECURITY) == {chat("approver1")}


async def test_a_disabled_account_of_an_entra_group_has_nothing(directory: SlackDirectory, tenant: FakeTenant) -> None:
    tenant.groups[GROUP] = frozenset({ACCOUNTS["approver3"].id})
    tenant.change("approver3", is_enabled=False)
    assert await directory.holders(ADMIN) == {chat("admin"), chat("approver2")}


async def test_a_deactivated_user_found_by_mail_address_has_nothing(directory: SlackDirectory, world: Sandbox) -> None:
    gone = slack_people.user_object(slack_people.find_person("approver2"))  # type: ignore[arg-type]
    body = {"ok": True, "user": {**gone, "deleted": True}}
    world.faults.add(Fault(target="slack", method="users.lookupByEmail", body=body, times=9))
    assert await directory.holders(ADMIN) == {chat("admin")}


# --- groups that are not there ---


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": True, "usergroups": []},
        {"ok": False, "error": "no_such_subteam"},
        {"ok": False, "error": "plan_upgrade_required"},
    ],
    ids=["none", "no such group", "no plan with groups"],
)
async def test_groups_that_do_not_exist_have_no_members_and_are_named(
    directory: SlackDirectory, world: Sandbox, answer: dict[str, Any]
) -> None:
    """It is an answer, and not trouble that passes: nothing waits for it."""
    groups(world, **answer)
    assert await directory.holders(SECURITY) == frozenset()
    assert await directory.missing_groups(SECURITY) == ("partner-security",)
    assert not (await directory.current_roles([person("approver1")])).holds(ACCOUNTS["approver1"].id, SECURITY)


async def test_a_renamed_group_is_named_as_missing(directory: SlackDirectory, world: Sandbox) -> None:
    groups(world, {"handle": "partner-security-2", "users": [chat("approver1")]})
    assert await directory.missing_groups(SECURITY) == ("partner-security",)
    assert await directory.holders(SECURITY) == frozenset()


async def test_a_role_whose_groups_are_all_there_misses_none(directory: SlackDirectory) -> None:
    assert await directory.missing_groups(SECURITY) == ()
    assert await directory.missing_groups(ADMIN) == ("no-such-group",)
    assert await directory.missing_groups(Role("unheard-of")) == ()


# --- what passes, and what does not ---


async def test_a_lasting_refusal_is_no_trouble_that_passes(directory: SlackDirectory, world: Sandbox) -> None:
    groups(world, ok=False, error="invalid_arguments")
    with worded_refusal(PeopleDirectoryRefused, match="invalid_arguments"):
        await directory.holders(SECURITY)
    with pytest.raises(PeopleDirectoryRefused):
        await directory.current_roles([person("approver1")])


@pytest.mark.parametrize("answer", [{"ok": True}, {"ok": True, "usergroups": None}])
async def test_an_answer_without_groups_is_none(
    directory: SlackDirectory, world: Sandbox, answer: dict[str, Any]
) -> None:
    """What could not be read is never an empty role."""
    groups(world, **answer)
    with pytest.raises(PeopleDirectoryUnavailable):
        await directory.holders(SECURITY)


# --- how many are asked ---


async def test_of_a_large_role_only_enough_people_are_looked_at(directory: SlackDirectory, world: Sandbox) -> None:
    crowd = [f"U1MEMBER{number:04}" for number in range(160)]
    groups(world, {"handle": "partner-security", "users": crowd})
    user_info(world, "approver1", id=None)
    assert await directory.holders(SECURITY) == set(crowd)
    assert CHECKED_MEMBERS <= asked(world, "users.info") <= CHECKED_MEMBERS + 8


async def test_what_is_shown_of_a_large_role_is_remembered(directory: SlackDirectory, world: Sandbox) -> None:
    groups(world, {"handle": "partner-security", "users": [f"U1MEMBER{number:04}" for number in range(160)]})
    user_info(world, "approver1", id=None)
    shown = DisplayDirectory(directory, world.clock)
    for _ in range(2):
        await shown.holders(SECURITY)
        world.clock.advance(31)
    assert asked(world, "users.info") <= CHECKED_MEMBERS + 8
    assert asked(world, "usergroups.list") == 2


# --- one person, two ids ---


def test_a_grid_user_has_one_main_id_under_every_id() -> None:
    user = {"id": "U0RILEY", "enterprise_user": {"id": "W0RILEY"}}
    assert ids_of(user, ChatId("U0RILEY")) == {"U0RILEY", "W0RILEY"}
    assert main_id(user, ChatId("U0RILEY")) == main_id(user, ChatId("W0RILEY")) == "W0RILEY"


async def test_a_role_under_one_id_is_a_role_under_the_other(directory: SlackDirectory, world: Sandbox) -> None:
    """Slack lists a user group's members under U… ids and may name who clicks by a W… one."""
    user_info(world, "approver1", enterprise_user={"id": "W0APPROVER1"})
    who = await directory.identify(ChatId("W0APPROVER1"))
    assert (who.id, who.chat_id) == (ACCOUNTS["approver1"].id, "W0APPROVER1")
    assert (await directory.current_roles([who])).holds(who.id, SECURITY)
    assert await directory.identify(chat("approver1")) == who
    assert await directory.holders(SECURITY) == {"W0APPROVER1"}


async def test_every_id_of_a_person_is_known_from_either(directory: SlackDirectory, world: Sandbox) -> None:
    user_info(world, "approver1", enterprise_user={"id": "W0APPROVER1"})
    both = {chat("approver1"), ChatId("W0APPROVER1")}
    for one in (directory, DisplayDirectory(directory, world.clock)):
        assert await one.all_ids([chat("approver1")]) == await one.all_ids([ChatId("W0APPROVER1")]) == both
        assert await one.all_ids([]) == frozenset()


async def test_whom_slack_does_not_know_keeps_the_id(directory: SlackDirectory) -> None:
    assert await directory.all_ids([ChatId("U0NOBODY"), chat("approver1")]) == {"U0NOBODY", chat("approver1")}


# --- mail addresses ---


def test_only_ascii_letters_are_folded() -> None:
    assert is_same_mail("Kim@Woodgrove.com", "kim@woodgrove.COM")
    assert not is_same_mail(f"{KELVIN}im@woodgrove.com", "kim@woodgrove.com")
    assert not is_same_mail("ÄRA@woodgrove.com", "ära@woodgrove.com")
    assert mail_in_lower_case("STRASSE@x") != mail_in_lower_case("straße@x")


async def test_the_kelvin_sign_is_not_the_letter_k(
    directory: SlackDirectory, world: Sandbox, tenant: FakeTenant
) -> None:
    tenant.accounts.append(replace(ACCOUNTS["approver1"], id=PersonId("kim"), mail="kim@woodgrove.com"))
    user_info(world, "approver1", profile={"email": f"{KELVIN}im@woodgrove.com"})
    with pytest.raises(Refused) as refused:
        await directory.identify(chat("approver1"))
    assert refused.value.code == "not_one_account"
    kim = replace(person("approver1"), id=PersonId("kim"))
    assert (await directory.current_roles([kim])).roles == {}


async def test_a_role_by_mail_address_distinguishes_the_kelvin_sign_from_k(
    directory: SlackDirectory, world: Sandbox, tenant: FakeTenant
) -> None:
    tenant.change("approver2", mail="approver2@woodgrove.com".replace("o", "\u2134", 1))
    user_info(world, "approver2", profile={"email": "approver2@woodgrove.com".replace("o", "\u2134", 1)})
    assert not (await directory.current_roles([person("approver2")])).holds(ACCOUNTS["approver2"].id, ADMIN)

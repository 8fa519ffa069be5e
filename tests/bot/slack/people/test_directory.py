"""Who people are: Slack's word from the simulator over HTTP, Entra's from a fake; in doubt, refused."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.http.faults import Fault
from bot.sandbox.seed import BOT_USER_ID, PEOPLE, TEAM_ID
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.workspace import people
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.display_directory import DisplayDirectory
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.words.refused import worded_refusal
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Person, PersonId, Role
from workflows.ports.people_directory import PeopleDirectoryUnavailable, RoleSource
from workflows.ports.tenant import Account, ReadsTogether

ACCOUNTS: Final = {
    person.handle: Account(
        id=PersonId(person.entra_id),
        name=person.name,
        mail=person.mail,
        is_enabled=True,
        is_member=person.user_type == "Member",
    )
    for person in PEOPLE
    if person.entra_id is not None
}
GROUP: Final = "9a0a0000-0000-4000-8000-000000000001"
SECURITY: Final = Role("security")
ADMIN: Final = Role("admin")


@dataclass(slots=True)
class FakeTenant:
    """Accounts and groups that a test may change."""

    accounts: list[Account] = field(default_factory=lambda: list(ACCOUNTS.values()))
    groups: dict[str, frozenset[PersonId]] = field(default_factory=dict)

    def together(self) -> ReadsTogether:
        return ReadsTogether()

    async def accounts_by_mail(self, mails: Sequence[str]) -> Sequence[Account]:
        wanted = {mail.casefold() for mail in mails}
        return [account for account in self.accounts if account.mail.casefold() in wanted]

    async def accounts_by_id(self, ids: Sequence[PersonId]) -> Sequence[Account]:
        return [account for account in self.accounts if account.id in ids]

    async def group_members(self, group_id: str) -> frozenset[PersonId]:
        return self.groups[group_id]

    def change(self, handle: str, **changes: Any) -> None:
        """Change somebody's account."""
        self.accounts = [replace(a, **changes) if a.id == ACCOUNTS[handle].id else a for a in self.accounts]


ROLES: Final = {
    SECURITY: RoleSource(role=SECURITY, title="Security", user_groups=("partner-security",)),
    Role("data-owner"): RoleSource(role=Role("data-owner"), title="Owners", user_groups=("partner-data-owners",)),
    ADMIN: RoleSource(
        role=ADMIN,
        title="Admins",
        user_groups=("partner-admins", "no-such-group"),
        entra_groups=(GROUP,),
        people=("Approver2@Woodgrove.com",),
    ),
}


@pytest.fixture
def tenant() -> FakeTenant:
    """Everybody of the first day; nobody in the Entra group."""
    return FakeTenant(groups={GROUP: frozenset()})


@pytest.fixture
async def directory(world: Sandbox, tenant: FakeTenant) -> SlackDirectory:
    """A directory over the simulator's Slack."""
    assert world.slack_simulator is not None
    client = AsyncWebClient(
        token=world.slack_simulator.credentials.bot_token, base_url=f"{world.url}slack/api/", retry_handlers=[]
    )
    return SlackDirectory(client=client, tenant=tenant, team_id=TEAM_ID, roles=ROLES)  # type: ignore[arg-type]


def chat(handle: str) -> ChatId:
    """Give somebody's Slack id."""
    return ChatId(SLACK_IDS[handle])


def person(handle: str) -> Person:
    """Give somebody as identified."""
    account = ACCOUNTS[handle]
    return Person(id=account.id, chat_id=chat(handle), name=account.name)


def user_info(world: Sandbox, handle: str = "approver1", **changes: Any) -> None:
    """Let Slack say something else about one person, from now on."""
    found = people.find_person(handle)
    assert found is not None
    user = people.user_object(found)
    profile = user["profile"] | changes.pop("profile", {})
    body = {"ok": True, "user": user | {"profile": profile} | changes}
    world.faults.add(Fault(target="slack", method="users.info", body=body, times=99))


# --- identify ---


@pytest.mark.parametrize("handle", ["requester", "approver1", "admin"])
async def test_a_full_member_is_one_person(directory: SlackDirectory, handle: str) -> None:
    assert await directory.identify(chat(handle)) == person(handle)
    assert await directory.is_member(chat(handle))


OUTSIDE: Final = [
    (SLACK_IDS["guest"], "workspace_guest"),
    (SLACK_IDS["outsider"], "outsider"),
    (BOT_USER_ID, "not_human"),
    ("U0NOBODY", "unknown_user"),
]


@pytest.mark.threats("B2", "B3", "B5")
@pytest.mark.parametrize(("chat_id", "code"), OUTSIDE)
async def test_who_is_no_full_member_is_refused(directory: SlackDirectory, chat_id: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        await directory.identify(ChatId(chat_id))
    assert refused.value.code == code
    assert not await directory.is_member(ChatId(chat_id))


@pytest.mark.threats("B2", "B3", "B4", "B5")
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"deleted": True}, "deactivated"),
        ({"is_bot": True}, "not_human"),
        ({"is_workflow_bot": True}, "not_human"),
        ({"id": "USLACKBOT"}, "not_human"),
        ({"is_restricted": True}, "workspace_guest"),
        ({"is_ultra_restricted": True}, "workspace_guest"),
        ({"is_stranger": True}, "outsider"),
        ({"team_id": "T0ANOTHER"}, "outsider"),
        ({"team_id": None}, "outsider"),
        ({"enterprise_user": {"teams": ["T0ANOTHER"]}}, "outsider"),
        ({"profile": {"email": ""}}, "no_mail"),
        ({"profile": {"email": None}}, "no_mail"),
    ],
)
async def test_what_slack_says_about_somebody_decides(
    directory: SlackDirectory, world: Sandbox, said: dict[str, Any], code: str
) -> None:
    user_info(world, **said)
    with pytest.raises(Refused) as refused:
        await directory.identify(chat("approver1"))
    assert refused.value.code == code


@pytest.mark.threats("B8")
async def test_on_a_grid_the_workspaces_of_a_person_count(directory: SlackDirectory, world: Sandbox) -> None:
    """An organization's user may be listed under the workspace that was looked up first (Slack: "user object")."""
    user_info(world, team_id="E0GRID", enterprise_user={"teams": ["T0ANOTHER", TEAM_ID]})
    assert await directory.identify(chat("approver1")) == person("approver1")


@pytest.mark.threats("B6")
@pytest.mark.parametrize("mail", ["Approver1@Woodgrove.com", "APPROVER1@WOODGROVE.COM"])
async def test_the_case_of_a_mail_address_says_nothing(
    directory: SlackDirectory, tenant: FakeTenant, mail: str
) -> None:
    tenant.change("approver1", mail=mail)
    assert (await directory.identify(chat("approver1"))).id == ACCOUNTS["approver1"].id


@pytest.mark.threats("B6")
@pytest.mark.parametrize(
    "mail", ["approver1@woodgrove.com.evil.example", "äpprover1@woodgrove.com", "ａpprover1@woodgrove.com"]
)
async def test_a_mail_address_that_looks_alike_is_another(
    directory: SlackDirectory, tenant: FakeTenant, world: Sandbox, mail: str
) -> None:
    user_info(world, profile={"email": mail})
    with pytest.raises(Refused) as refused:
        await directory.identify(chat("approver1"))
    assert refused.value.code == "not_one_account"


@pytest.mark.threats("B6")
async def test_an_account_found_by_another_address_is_not_it(
    directory: SlackDirectory, tenant: FakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Graph is asked for mail addresses and user principal names; only the mail address proves anything."""

    async def by_name(_: FakeTenant, mails: Sequence[str]) -> Sequence[Account]:
        return [replace(ACCOUNTS["admin"], mail="dana@woodgrove.com")]

    monkeypatch.setattr(FakeTenant, "accounts_by_mail", by_name)
    with worded_refusal(Refused, match="no account"):
        await directory.identify(chat("admin"))


@pytest.mark.threats("B6")
async def test_two_accounts_with_one_address_are_nobody(directory: SlackDirectory, tenant: FakeTenant) -> None:
    tenant.accounts.append(replace(ACCOUNTS["approver1"], id=PersonId("0a6f7d10-0002-4e1b-9b51-6d1f000000ff")))
    with worded_refusal(Refused, match="2 accounts") as refused:
        await directory.identify(chat("approver1"))
    assert refused.value.code == "not_one_account"


SECOND: Final = "U0SECOND001"


def two_users(world: Sandbox, *, named: str, second: dict[str, Any] | None = None) -> None:
    """Let Slack have a second user with the address of `approver1`, and name one of the two by it.

    :param named: the id of the user that Slack finds by the address.
    :param second: what Slack says otherwise about the second user.
    """
    found = people.find_person("approver1")
    assert found is not None
    first = people.user_object(found)
    other = first | {"id": SECOND} | (second or {})
    for match, user in ((SECOND, other), (str(first["id"]), first)):
        body = {"ok": True, "user": user}
        world.faults.add(Fault(target="slack", method="users.info", match=match, body=body, times=99))
    body = {"ok": True, "user": other if named == SECOND else first}
    world.faults.add(Fault(target="slack", method="users.lookupByEmail", body=body, times=99))


@dataclass
class Marks:
    """What was stored; it outlives a directory."""

    stored: dict[str, str] = field(default_factory=dict)

    async def mark(self, name: str) -> str | None:
        return self.stored.get(name)

    async def save_mark(self, name: str, value: str) -> None:
        self.stored[name] = value


def restarted(directory: SlackDirectory, marks: Marks) -> SlackDirectory:
    """The same directory after a restart."""
    again = copy(directory)
    again._marks = marks
    return again


async def refused_with(directory: SlackDirectory, chat_id: str) -> str:
    with pytest.raises(Refused) as refused:
        await directory.identify(ChatId(chat_id))
    return refused.value.code


@pytest.mark.threats("B6")
@pytest.mark.parametrize("named", [SECOND, SLACK_IDS["approver1"]])
@pytest.mark.parametrize("first_known", [False, True])
async def test_two_slack_users_with_one_address_are_both_refused(
    directory: SlackDirectory, world: Sandbox, named: str, first_known: bool
) -> None:
    """Whichever of them Slack finds by the address, and whoever clicked first."""
    marks, first = Marks(), SLACK_IDS["approver1"]
    if first_known:
        assert await restarted(directory, marks).identify(chat("approver1")) == person("approver1")
    two_users(world, named=named)
    if named == SECOND and not first_known:  # the first one to click is the one whom Slack does not name
        assert await refused_with(restarted(directory, marks), first) == "several_users"
        assert await refused_with(restarted(directory, marks), SECOND) == "several_users"
    else:
        assert await refused_with(restarted(directory, marks), SECOND) == "several_users"
        assert await refused_with(restarted(directory, marks), first) == "several_users"
    roles = await restarted(directory, marks).current_roles([person("approver1")])
    assert not roles.holds(ACCOUNTS["approver1"].id, SECURITY), "nor does an earlier approval count"


@pytest.mark.threats("B6")
@pytest.mark.parametrize(
    "corrected", [{"deleted": True}, {"is_restricted": True}, {"profile": {"email": "second@woodgrove.com"}}]
)
async def test_once_one_of_the_two_is_corrected_the_other_is_one_person_again(
    directory: SlackDirectory, world: Sandbox, corrected: dict[str, Any]
) -> None:
    marks = Marks()
    two_users(world, named=SLACK_IDS["approver1"])
    assert await refused_with(restarted(directory, marks), SECOND) == "several_users"
    assert await refused_with(restarted(directory, marks), SLACK_IDS["approver1"]) == "several_users"
    world.faults.clear()
    two_users(world, named=SLACK_IDS["approver1"], second=corrected)
    again = restarted(directory, marks)
    assert await again.identify(chat("approver1")) == person("approver1")
    assert (await again.current_roles([person("approver1")])).holds(ACCOUNTS["approver1"].id, SECURITY)


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", "null"])
async def test_users_that_were_stored_in_another_form_are_asked_for_again(
    directory: SlackDirectory, world: Sandbox, text: str
) -> None:
    marks = Marks({f"slack_users:{ACCOUNTS['approver1'].id}": text})
    assert await restarted(directory, marks).identify(chat("approver1")) == person("approver1")
    assert asked(world, "users.lookupByEmail") == 1
    assert await restarted(directory, marks).identify(chat("approver1")) == person("approver1")
    assert asked(world, "users.lookupByEmail") == 1, "a user who was seen is not looked up again"


async def test_whom_slack_does_not_find_by_the_own_address_waits(directory: SlackDirectory, world: Sandbox) -> None:
    body = {"ok": False, "error": "users_not_found"}
    world.faults.add(Fault(target="slack", method="users.lookupByEmail", body=body))
    with pytest.raises(PeopleDirectoryUnavailable):
        await directory.identify(chat("approver1"))


async def test_two_accounts_are_nobody_even_if_one_is_disabled(directory: SlackDirectory, tenant: FakeTenant) -> None:
    twin = replace(ACCOUNTS["approver1"], id=PersonId("0a6f7d10-0002-4e1b-9b51-6d1f000000ff"), is_enabled=False)
    tenant.accounts.append(twin)
    with worded_refusal(Refused, match="2 accounts"):
        await directory.identify(chat("approver1"))


@pytest.mark.threats("B4")
@pytest.mark.parametrize("change", [{"is_enabled": False}, {"is_member": False}])
async def test_a_disabled_or_guest_account_is_refused(
    directory: SlackDirectory, tenant: FakeTenant, change: dict[str, bool]
) -> None:
    tenant.change("approver1", **change)
    with pytest.raises(Refused) as refused:
        await directory.identify(chat("approver1"))
    assert refused.value.code == "not_a_member"


@pytest.mark.threats("B4")
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 429},
        {"reset": True},
        {"body": {"ok": False, "error": "token_revoked"}},
        {"body": {"ok": False, "error": "missing_scope"}},
        {"body": "<html>not Slack</html>"},
        {"body": "<html>not Slack</html>", "status": 502},
        {"body": "<html>not Slack</html>", "status": 503, "headers": {"Content-Type": "text/html"}},
        {"body": "<html>not Slack</html>", "headers": {"Content-Type": "application/json"}},
    ],
)
async def test_a_slack_that_does_not_tell_makes_nobody_eligible(
    directory: SlackDirectory, world: Sandbox, fault: dict[str, Any]
) -> None:
    """It is no refusal either: it is asked again later."""
    world.faults.add(Fault(target="slack", times=99, **fault))
    with pytest.raises(PeopleDirectoryUnavailable):
        await directory.identify(chat("approver1"))
    with pytest.raises(PeopleDirectoryUnavailable):
        await directory.is_member(chat("approver1"))
    with pytest.raises(PeopleDirectoryUnavailable):
        await directory.current_roles([person("approver1")])
    with pytest.raises(PeopleDirectoryUnavailable):
        await directory.holders(SECURITY)


# --- roles ---


async def test_roles_come_from_user_groups_entra_groups_and_addresses(
    directory: SlackDirectory, tenant: FakeTenant
) -> None:
    tenant.groups[GROUP] = frozenset({ACCOUNTS["approver3"].id})
    everybody = [person(handle) for handle in ("requester", "approver1", "approver2", "approver3", "admin")]
    current_roles = await directory.current_roles(everybody)
    assert {one.name: set(current_roles.roles[one.id]) for one in everybody} == {
        "Riley Park": set(),
        "Amara Okafor": {"security"},
        "Bruno Keller": {"data-owner", "admin"},
        "Chie Tanaka": {"data-owner", "admin"},
        "Dana Reyes": {"admin"},
    }
    assert await directory.holders(ADMIN) == {chat("admin"), chat("approver2"), chat("approver3")}
    assert await directory.holders(SECURITY) == {chat("approver1")}
    assert await directory.holders(Role("unheard-of")) == frozenset()


@pytest.mark.threats("B4")
@pytest.mark.parametrize(
    "change",
    [{"is_enabled": False}, {"is_member": False}, {"mail": "new@woodgrove.com"}, {"id": PersonId("another")}],
    ids=["disabled", "guest", "another address", "gone"],
)
async def test_who_lost_the_account_has_no_role(
    directory: SlackDirectory, tenant: FakeTenant, change: dict[str, Any]
) -> None:
    tenant.change("approver1", **change)
    current_roles = await directory.current_roles([person("approver1"), person("admin")])
    assert not current_roles.holds(ACCOUNTS["approver1"].id, SECURITY)
    assert current_roles.holds(ACCOUNTS["admin"].id, ADMIN)


@pytest.mark.threats("B4")
async def test_who_lost_the_slack_user_has_no_role(directory: SlackDirectory, world: Sandbox) -> None:
    user_info(world, "approver1", deleted=True)
    assert not (await directory.current_roles([person("approver1")])).holds(ACCOUNTS["approver1"].id, SECURITY)


@pytest.mark.parametrize("error", ["user_not_found", "user_not_visible"])
async def test_who_is_gone_from_slack_has_no_role_and_keeps_nobody_from_theirs(
    directory: SlackDirectory, world: Sandbox, error: str
) -> None:
    """One approver who left must not make everybody else's decisions unreadable."""
    gone = Fault(target="slack", method="users.info", match=chat("approver1"), body={"ok": False, "error": error})
    world.faults.add(gone.model_copy(update={"times": 9}))
    current_roles = await directory.current_roles([person("approver1"), person("admin")])
    assert not current_roles.holds(ACCOUNTS["approver1"].id, SECURITY)
    assert current_roles.holds(ACCOUNTS["admin"].id, ADMIN)


async def test_a_user_group_that_was_switched_off_has_no_members(directory: SlackDirectory, world: Sandbox) -> None:
    group = {"id": "S0SECURITY1", "handle": "partner-security", "date_delete": 1_700_000_000, "users": ["U0APPROVER1"]}
    body = {"ok": True, "usergroups": [group]}
    world.faults.add(Fault(target="slack", method="usergroups.list", body=body, times=9))
    assert await directory.holders(SECURITY) == frozenset()
    assert not (await directory.current_roles([person("approver1")])).holds(ACCOUNTS["approver1"].id, SECURITY)


async def test_slack_is_not_asked_for_switched_off_groups(directory: SlackDirectory, world: Sandbox) -> None:
    await directory.holders(SECURITY)
    (asked,) = [entry for entry in world.slack_log.entries if entry["path"].endswith("usergroups.list")]
    assert asked["query"] == {"include_disabled": "false", "include_users": "true"}


async def test_people_whom_slack_does_not_know_have_no_role_there(
    directory: SlackDirectory, tenant: FakeTenant
) -> None:
    unknown = replace(ACCOUNTS["admin"], id=PersonId("unknown"), mail="unknown@woodgrove.com")
    tenant.accounts.append(unknown)
    tenant.groups[GROUP] = frozenset({unknown.id})
    assert await directory.holders(ADMIN) == {chat("admin"), chat("approver2")}


async def test_names_are_for_display(directory: SlackDirectory, world: Sandbox) -> None:
    assert await directory.name_of(chat("approver1")) == "Amara Okafor"
    user_info(world, real_name="", name="")
    assert await directory.name_of(chat("approver1")) == chat("approver1")


# --- how often Slack is asked ---


def asked(world: Sandbox, method: str) -> int:
    """How often Slack was asked by a method."""
    return sum(entry["path"].endswith(f"/{method}") for entry in world.slack_log.entries)


async def test_all_user_groups_are_read_in_one_call(directory: SlackDirectory, world: Sandbox) -> None:
    """Slack allows 20 such calls a minute; one for each group of each role would use them up in one request."""
    await directory.current_roles([person(handle) for handle in ("approver1", "approver2", "admin")])
    assert asked(world, "usergroups.list") == 1
    await directory.holders(ADMIN)
    assert asked(world, "usergroups.list") == 2
    assert asked(world, "usergroups.users.list") == 0


@pytest.mark.parametrize(("said", "seconds"), [("30", 30.0), ("soon", None)])
async def test_a_busy_slack_is_left_alone_for_as_long_as_it_says(
    directory: SlackDirectory, world: Sandbox, said: str, seconds: float | None
) -> None:
    world.faults.add(Fault(target="slack", status=429, headers={"Retry-After": said}))
    with pytest.raises(PeopleDirectoryUnavailable) as busy:
        await directory.holders(SECURITY)
    assert busy.value.retry_after == seconds


async def test_what_is_shown_may_be_thirty_seconds_old(directory: SlackDirectory, world: Sandbox) -> None:
    shown = DisplayDirectory(directory, world.clock)
    for _ in range(3):
        assert await shown.holders(SECURITY) == {chat("approver1")}
        assert await shown.holders(ADMIN) == {chat("admin"), chat("approver2")}
        assert await shown.name_of(chat("approver1")) == "Amara Okafor"
    assert (asked(world, "usergroups.list"), asked(world, "users.info")) == (1, 2)
    world.clock.advance(31)
    body = {"ok": True, "usergroups": [{"handle": "partner-security", "users": ["U0ADMIN0001"]}]}
    world.faults.add(Fault(target="slack", method="usergroups.list", body=body))
    assert await shown.holders(SECURITY) == {chat("admin")}


async def test_what_could_not_be_read_is_not_remembered(directory: SlackDirectory, world: Sandbox) -> None:
    shown = DisplayDirectory(directory, world.clock)
    world.faults.add(Fault(target="slack", method="usergroups.list", status=503))
    with pytest.raises(PeopleDirectoryUnavailable):
        await shown.holders(SECURITY)
    assert await shown.holders(SECURITY) == {chat("approver1")}


async def test_nothing_is_decided_on_a_memory(directory: SlackDirectory, world: Sandbox) -> None:
    shown = DisplayDirectory(directory, world.clock)
    for _ in range(2):
        await shown.holders(SECURITY)
        await shown.identify(chat("approver1"))
        assert await shown.is_member(chat("approver1"))
        assert (await shown.current_roles([person("approver1")])).holds(ACCOUNTS["approver1"].id, SECURITY)
    assert (asked(world, "usergroups.list"), asked(world, "users.info")) == (3, 7)
    user_info(world, deleted=True)
    assert not (await shown.current_roles([person("approver1")])).holds(ACCOUNTS["approver1"].id, SECURITY)

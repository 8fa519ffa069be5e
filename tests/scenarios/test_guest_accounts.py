"""Guest accounts are disabled and enabled: shown first, confirmed by typing, written, read back, and undone."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.scenarios.stage import NO_SECOND_LOOK, Stage, actions, running_stage, words
from tests.scenarios.test_freeze import freeze, with_two_admins
from tests.scenarios.test_guests import guests
from tests.scenarios.test_posture import gatehouse
from workflows.catalog.catalog import SHIPPED

pytestmark = pytest.mark.story

USER_ADMINISTRATOR: Final = "fe930be7-5e62-47db-91af-98c3a49a38b1"
HOUR: Final = 3_600


async def add_guests(stage: Stage, count: int, domain: str = "contoso.com") -> None:
    """Add invited guests of a partner to the tenant."""
    users = {}
    for number in range(count):
        mail = f"guest{number}@{domain}"
        users[f"00000000-0000-4000-9000-{number:012d}"] = {
            "displayName": f"Guest {number:03d}",
            "mail": mail,
            "userPrincipalName": f"{mail.replace('@', '_')}#EXT#@northwind.onmicrosoft.com",
            "userType": "Guest",
            "accountEnabled": True,
            "externalUserState": "Accepted",
            "creationType": "Invitation",
        }
    await stage.call("PATCH", "graph/state", {"users": users})


async def users(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return the people of the tenant that have an address, by address."""
    found = (await stage.see("graph/state"))["state"]["users"].values()
    return {str(one["mail"]).lower(): one for one in found if one["mail"]}


async def enabled(stage: Stage, *mails: str) -> list[bool]:
    """Return whether the accounts with these addresses are enabled."""
    by_mail = await users(stage)
    return [by_mail[mail]["accountEnabled"] for mail in mails]


async def writes(stage: Stage) -> list[str]:
    """List the accounts whose `accountEnabled` was written, one for each request that Graph received."""
    log = await stage.graph("PATCH")
    return [entry["path"].rpartition("/")[2] for entry in log if "/users/" in entry["path"]]


async def listed(stage: Stage, user: str = "admin", name: str = "contoso.com") -> dict[str, Any]:
    """Type `/partner guests` and return the answer, which only this person sees."""
    await stage.do("command", user=user, text=f"/partner guests {name}")
    await stage.rest()
    found = (await stage.see("messages", channel="partner-access", user=user))["messages"]
    answer: dict[str, Any] = [one for one in found if one.get("is_ephemeral")][-1]
    return answer


async def press(stage: Stage, user: str, action_id: str, message: dict[str, Any], channel: str) -> dict[str, Any]:
    """Press a button that opens a window, and return the filled window."""
    click = {"user": user, "action_id": action_id, "channel": channel, "ts": message["ts"]}
    opened: list[str] = []

    async def is_open() -> bool:
        opened.extend((await stage.do("click", **click))["views"])
        return bool(opened)

    await stage.until(is_open, f"the window of {action_id}")
    await stage.rest()
    views = (await stage.see("views", user=user))["views"]
    view: dict[str, Any] = next(one for one in views if one["id"] == opened[-1])
    return view


async def submit(stage: Stage, user: str, view: dict[str, Any], **values: str) -> dict[str, Any]:
    """Send a window; return the answer with its `errors`."""
    filled = {name: {name: value} for name, value in values.items()}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=filled)
    await stage.rest()
    return answer


async def ask(stage: Stage, *, change: str = "disable", user: str = "admin", **values: str) -> dict[str, Any]:
    """Ask to disable or enable accounts from the list of guests; return the message with the preview."""
    message = await listed(stage, user)
    form = await press(stage, user, f"accounts_{change}", message, "partner-access")
    filled = {"accounts_which": "all", "reason": "The project has ended", **values}
    assert (await submit(stage, user, form, **filled))["errors"] == {}
    return await newest(stage, user)


async def newest(stage: Stage, user: str = "admin") -> dict[str, Any]:
    """Return the newest message to somebody about guest accounts, which is updated in place."""
    found = [one for one in await stage.direct(user) if one["blocks"][0]["type"] == "header"]
    return [one for one in found if "guest account" in one["blocks"][0]["text"]["text"]][-1]


async def confirm(stage: Stage, preview: dict[str, Any], typed: str, user: str = "admin") -> dict[str, Any]:
    """Press the button of the preview, and type what confirms it."""
    window = await press(stage, user, "accounts_confirm", preview, f"@{user}")
    return await submit(stage, user, window, confirm=typed)


async def prepared(stage: Stage) -> None:
    """Contoso has seven accounts here: two guests, and one each that must never be written."""
    await add_guests(stage, 5)
    ids = {mail: one["id"] for mail, one in (await users(stage)).items()}
    await stage.call(
        "PATCH",
        "graph/state",
        {
            "users": {
                ids["guest0@contoso.com"]: {"userType": "Member"},
                ids["guest1@contoso.com"]: {"onPremisesSyncEnabled": True},
                ids["guest2@contoso.com"]: {"accountEnabled": False},
            },
            "roleAssignments": {
                "role-1": {
                    "id": "role-1",
                    "principalId": ids["guest3@contoso.com"],
                    "roleDefinitionId": USER_ADMINISTRATOR,
                    "directoryScopeId": "/",
                }
            },
        },
    )


async def test_an_admin_disables_the_guests_of_a_revoked_partner_and_nobody_else(stage: Stage) -> None:
    """A member, a role holder, a synchronized one, and one that changes after the preview stay as they are."""
    await stage.open_access()
    await prepared(stage)
    await stage.revoke()
    closed = [one for one in await stage.direct("admin") if "Guest accounts stay" in words(one)][-1]
    assert actions(closed) == ["accounts_disable"]

    form = await press(stage, "admin", "accounts_disable", closed, "@admin")
    assert (await submit(stage, "admin", form, accounts_which="all", reason=""))["errors"] != {}
    form = await press(stage, "admin", "accounts_disable", closed, "@admin")
    assert (await submit(stage, "admin", form, accounts_which="all", reason="The project has ended"))["errors"] == {}
    preview = await newest(stage)
    said = " ".join(words(preview).split())
    assert "confirm disabling 3 guest accounts" in said
    assert "1 member" in said
    assert "1 with a directory role" in said
    assert "1 synchronized" in said
    assert "1 already disabled" in said
    assert "Nothing is deleted" in said
    assert "There will be no Undo" in said
    assert await writes(stage) == []

    details = words(await press(stage, "admin", "review_request", preview, "@admin"))
    assert "accountEnabled" in details

    window = await press(stage, "admin", "accounts_confirm", preview, "@admin")
    assert "contoso.com 3" in str((await submit(stage, "admin", window, confirm="contoso.com"))["errors"])
    assert await writes(stage) == []
    ids = {mail: one["id"] for mail, one in (await users(stage)).items()}
    await stage.call("PATCH", "graph/state", {"users": {ids["guest4@contoso.com"]: {"userType": "Member"}}})
    assert (await submit(stage, "admin", window, confirm="Contoso.com  3"))["errors"] == {}

    done = " ".join(words(await newest(stage)).split())
    assert "disabled 2 of 3 guest accounts (verified" in done
    assert "2 disabled, read back, 1 left alone" in done
    assert "The partner is blocked, so no account of it can be enabled" in done
    assert "accounts_undo" not in actions(await newest(stage))
    assert sorted(await writes(stage)) == sorted([ids["maria@contoso.com"], ids["jon@contoso.com"]])
    assert await enabled(stage, "maria@contoso.com", "jon@contoso.com") == [False, False]
    mails = [f"guest{number}@contoso.com" for number in (0, 1, 3, 4)]
    assert await enabled(stage, *mails) == [True, True, True, True]


async def test_a_disabling_is_undone_by_the_same_admin_within_a_day(stage: Stage) -> None:
    """The preview of the undo is confirmed, too; what somebody else changed since stays as it is."""
    await stage.open_access()
    done = await ask(stage)
    assert (await confirm(stage, done, "contoso.com 2"))["errors"] == {}
    assert await enabled(stage, "maria@contoso.com", "jon@contoso.com") == [False, False]

    result = await newest(stage)
    form = await press(stage, "admin", "accounts_undo", result, "@admin")
    assert (await submit(stage, "admin", form, reason="It was the wrong partner"))["errors"] == {}
    preview = await newest(stage)
    assert "confirm enabling 2 guest accounts" in words(preview)
    assert await enabled(stage, "maria@contoso.com", "jon@contoso.com") == [False, False]
    await guests(stage, {"jon@contoso.com": {"userType": "Member"}})
    assert (await confirm(stage, preview, "contoso.com 2"))["errors"] == {}
    assert await enabled(stage, "maria@contoso.com", "jon@contoso.com") == [True, False]
    assert "enabled 1 of 2 guest accounts (verified" in words(await newest(stage))
    [first] = [one for one in await stage.direct("admin") if one["ts"] == result["ts"]]
    assert "accounts_undo" not in actions(first)
    assert "Undone by Dana Reyes on" in " ".join(words(first).split())
    assert "1 account enabled" in words(first)


async def test_an_undo_is_refused_later_and_for_a_blocked_partner(stage: Stage) -> None:
    """After a day the approvers of the partner decide; of a blocked partner nobody enables anything."""
    await stage.open_access()
    assert (await confirm(stage, await ask(stage), "contoso.com 2"))["errors"] == {}
    result = await newest(stage)
    form = await press(stage, "admin", "accounts_undo", result, "@admin")
    await stage.later(25 * HOUR)
    await submit(stage, "admin", form, reason="Too late")
    told = " ".join(words(one) for one in await stage.direct("admin"))
    assert "More than a day has passed" in told
    [shown] = [one for one in await stage.direct("admin") if one["ts"] == result["ts"]]
    assert "accounts_undo" not in actions(shown), "the message is shown anew without its button"
    assert "accounts_enable" in actions(shown)
    assert await enabled(stage, "maria@contoso.com", "jon@contoso.com") == [False, False]

    preview = await ask(stage, change="enable", reason="They work here again")
    assert "these people decide" in words(preview)
    assert (await confirm(stage, preview, "contoso.com 2"))["errors"] == {}
    card = await stage.card()
    assert "enable 2 guest accounts" in words(card)
    assert "maria" not in words(card).lower(), "the channel sees no names"
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", card["ts"]) == []
    assert await enabled(stage, "maria@contoso.com", "jon@contoso.com") == [True, True]

    await stage.revoke()
    refused = words(await press(stage, "admin", "accounts_enable", shown, "@admin"))
    assert "The partner is revoked, so its guest accounts are not enabled. Request access first." in refused
    assert "Ask an admin" not in refused
    message = await listed(stage)
    assert "accounts_disable" in actions(message)
    assert "accounts_enable" not in actions(message)


async def test_a_kill_in_the_middle_writes_nobody_twice_and_nobody_else(stage: Stage) -> None:
    """Sixty accounts in groups of twenty; the bot is killed while they are written, and goes on."""
    await add_guests(stage, 60)
    await stage.open_access()
    preview = await ask(stage)
    assert "62 guest accounts" in words(preview)
    window = await press(stage, "admin", "accounts_confirm", preview, "@admin")
    values = {"confirm": {"confirm": "contoso.com 62"}}
    assert (await stage.do("submit", user="admin", view_id=window["id"], values=values))["errors"] == {}

    async def has_begun() -> bool:
        return len(await writes(stage)) >= 20

    await stage.until(has_begun, "the first group")
    await stage.kill_the_bot()
    await stage.rest()
    assert "disabled 62 guest accounts (verified" in words(await newest(stage))
    written = await writes(stage)
    accounts = {one["id"] for mail, one in (await users(stage)).items() if mail.endswith("@contoso.com")}
    assert set(written) == accounts
    assert len(written) == len(accounts), "nobody twice"


@pytest.fixture
async def with_chain(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox whose template asks an approver before guest accounts are disabled."""
    templates = tmp_path / "templates"
    shutil.copytree(SHIPPED, templates)
    path = templates / "trusted-partner.toml"
    path.write_text(f'disabling_guests = "chain"\n{path.read_text()}')
    environment = {**NO_SECOND_LOOK, "GATEHOUSE_TEMPLATES": str(templates)}
    async with running_stage(Stage(data=tmp_path / "data", warm=True, environment=environment)) as stage:
        yield stage


async def test_a_template_can_ask_an_approver_who_sees_the_list_while_deciding(
    with_chain: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The admin confirms first; the command line refuses, because it is nobody's approver."""
    stage = with_chain
    await stage.open_access()
    before = len(await stage.messages())
    preview = await ask(stage, accounts_which="listed", accounts_list="JON@contoso.com")
    assert "these people decide" in words(preview)
    assert len(await stage.messages()) == before, "nobody else sees it before it is confirmed"
    monkeypatch.setenv("GATEHOUSE_TEMPLATES", stage.environment["GATEHOUSE_TEMPLATES"])
    status, _, err = await gatehouse(stage, "guests", "contoso.com", "--disable", "--dry-run")
    assert (status, "approvers of this partner decide" in err) == (1, True)
    assert (await confirm(stage, preview, "contoso.com 1"))["errors"] == {}
    card = await stage.card()
    assert "disable 1 guest account" in words(card)
    assert "jon" not in words(card).lower()
    assert "Waits for 1 approval" in str(await stage.direct("admin")) or "waiting for approval" in words(
        await newest(stage)
    )

    details = await press(stage, "approver1", "review_request", card, "partner-access")
    shown = await stage.do("click", user="approver1", action_id="show_part", view_id=details["id"])
    await stage.rest()
    assert shown["ephemeral"] == []
    assert "jon@contoso.com" in words((await stage.see("views", user="approver1"))["views"][-1])
    others = await press(stage, "requester", "review_request", card, "partner-access")
    assert "show_part" not in actions(others)
    assert "Names are shown to admins" in words(others)

    assert await stage.press("approver1", "approve", card["ts"]) == []
    assert await enabled(stage, "maria@contoso.com", "jon@contoso.com") == [True, False]
    assert "disabled 1 guest account (verified" in words(await newest(stage))


async def test_an_undo_is_of_one_admin_and_of_no_time_of_a_freeze(stage: Stage) -> None:
    """Another admin has no Undo, only a request that approvers decide. A freeze stops the undo, and no disabling."""
    await with_two_admins(stage)
    await stage.open_access()
    form = await press(stage, "admin", "accounts_disable", await listed(stage), "partner-access")
    typed = {"accounts_list": "jon@contoso.com, Nobody@contoso.com", "reason": "The project has ended"}
    refused = (await submit(stage, "admin", form, accounts_which="all", **typed))["errors"]
    assert list(refused) == ["accounts_which"], "a list is never ignored"
    assert (await submit(stage, "admin", form, accounts_which="listed", **typed))["errors"] == {}
    [kept] = [one for one in (await stage.see("views", user="admin"))["views"] if one["id"] == form["id"]]
    assert "1 entry is no guest of this partner." in words(kept)
    assert kept["callback_id"] == form["callback_id"]
    assert typed["accounts_list"] in str(kept["blocks"]), "everything typed stays"

    await freeze(stage)
    mended = {"accounts_which": "listed", "accounts_list": "jon@contoso.com", "reason": "The project has ended"}
    assert (await submit(stage, "admin", kept, **mended))["errors"] == {}
    preview = await newest(stage)
    assert (await confirm(stage, preview, "contoso.com 1"))["errors"] == {}
    assert await enabled(stage, "maria@contoso.com", "jon@contoso.com") == [True, False]
    form = await press(stage, "admin", "accounts_undo", await newest(stage), "@admin")
    assert "No guest account is enabled now." in words(form), "refused before it asks for a reason"
    assert form["callback_id"] != "undo_accounts_form"
    assert await enabled(stage, "jon@contoso.com") == [False]

    theirs = await listed(stage, "approver3")
    assert "accounts_enable" in actions(theirs)
    assert "accounts_undo" not in str([one["blocks"] for one in await stage.direct("approver3")])


async def test_the_command_line_disables_after_a_preview_beside_the_bot(stage: Stage) -> None:
    """Nothing is enabled there, and nothing is written without the typed confirmation."""
    await stage.open_access()
    await prepared(stage)
    run = ("guests", "contoso.com", "--disable")
    status, out, err = await gatehouse(stage, *run, "--dry-run")
    assert (status, err) == (0, "")
    assert "jon@contoso.com" in out
    assert "with a directory role: User Administrator" in " ".join(out.split())
    assert "Dry run: nothing was stored or written." in out
    for options, said in (
        ((), "a reason is needed"),
        (("--reason", "Ended"), "add --confirm"),
        (("--reason", "Ended", "--confirm", "contoso.com 2"), "not what has to be typed"),
    ):
        status, _, err = await gatehouse(stage, *run, *options)
        assert (status, said in err) == (1, True), err
    status, _, err = await gatehouse(stage, "guests", "contoso.com", "--enable")
    assert (status, "enabled in Slack only" in err) == (1, True)
    assert await writes(stage) == []

    status, out, err = await gatehouse(stage, *run, "--reason", "Ended", "--confirm", "Contoso.com 3")
    assert (status, err) == (0, ""), (out, err)
    assert "Disabled 3 guest accounts (verified)" in " ".join(out.split())
    assert await enabled(stage, "maria@contoso.com", "jon@contoso.com", "guest3@contoso.com") == [False, False, True]
    status, _, err = await gatehouse(stage, *run, "--reason", "Ended", "--confirm", "contoso.com 3")
    assert status == 1
    assert "No guest account of this partner can be disabled now" in err


async def test_a_missing_permission_is_named_and_nothing_is_planned(stage: Stage) -> None:
    """Without it, nobody knows who has a directory role. The sponsor is offered nothing."""
    roles = (await stage.see("graph/state"))["state"]["guestsAppRoles"]
    left = [role for role in roles if role != "RoleManagement.Read.Directory"]
    # NB. before the first token: Entra puts permissions into a token when it issues it.
    await stage.call("PATCH", "graph/state", {"guestsAppRoles": left})
    await stage.open_access()
    assert "accounts_disable" not in actions(await listed(stage, "requester"))
    form = await press(stage, "admin", "accounts_disable", await listed(stage), "partner-access")
    assert (await submit(stage, "admin", form, accounts_which="all", reason="The project has ended"))["errors"] == {}
    told = " ".join(words(one) for one in await stage.direct("admin"))
    assert "RoleManagement.Read.Directory" in told
    assert await writes(stage) == []

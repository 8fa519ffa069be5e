"""Absences and reassignments: the delegate is asked, decides, and the record names both; nobody gets a right by it."""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any, Final

import pytest

from tests.bot.bot_under_test import SLACK_IDS
from tests.scenarios.stage import DAY, Stage, actions, words
from tests.scenarios.test_posture import gatehouse

pytestmark = pytest.mark.story

TWO_EACH: Final = {
    "ok": True,
    "usergroups": [
        {"handle": "partner-security", "users": [SLACK_IDS["approver1"], SLACK_IDS["approver2"]]},
        {"handle": "partner-data-owners", "users": [SLACK_IDS["approver2"], SLACK_IDS["approver3"]]},
        {"handle": "partner-admins", "users": [SLACK_IDS["admin"]]},
    ],
}
"""What Slack lists: one of the data owners has the role security, too."""
HOURS_TO_NEW_YORK: Final = 5 * 3600
"""From ten o'clock in UTC until approver2 works, in New York."""
BOTH: Final = "Bruno Keller for Amara Okafor"


async def with_two_security_people(stage: Stage) -> None:
    """Make a data owner a holder of the role security, too."""
    await stage.do("faults", target="slack", method="usergroups.list", times=10_000, body=TWO_EACH)


async def window(stage: Stage, user: str, text: str = "/partner away") -> dict[str, Any]:
    """Open a window by a command, and return it as it is shown."""
    await stage.do("command", user=user, text=text)
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def today(stage: Stage, days: int = 0) -> str:
    """A day of the shared clock."""
    now = (await stage.see("clock"))["now"]
    moment = datetime.fromisoformat(now) if isinstance(now, str) else datetime.fromtimestamp(now, UTC)
    return (moment + timedelta(days=days)).date().isoformat()


async def away(
    stage: Stage, user: str, delegate: str, *, first: int = 0, last: int = 7, person: str = "", note: str = ""
) -> dict[str, str]:
    """Set an absence in the window; returns the refusals at its fields."""
    view = await window(stage, user)
    values: dict[str, Any] = {
        "absent_from": {"absent_from": {"type": "datepicker", "selected_date": await today(stage, first)}},
        "absent_until": {"absent_until": {"type": "datepicker", "selected_date": await today(stage, last)}},
        "delegate": {"delegate": {"type": "users_select", "selected_user": SLACK_IDS[delegate]}},
        "note": {"note": {"type": "plain_text_input", "value": note}},
    }
    if person:
        chosen = {"type": "users_select", "selected_user": SLACK_IDS[person]}
        values["absent_person"] = {"absent_person": chosen}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.rest()
    if errors := answer["errors"]:
        await stage.do("close", user=user, view_id=view["id"])
    return {field: str(text) for field, text in errors.items()}


async def asked(stage: Stage, user: str) -> list[str]:
    """The direct messages of a person that have a button Approve."""
    return [one["text"] for one in await stage.direct(user) if "approve" in actions(one)]


async def is_reminded(stage: Stage, user: str) -> bool:
    """Whether somebody was reminded of what waits for them."""
    return any("waits for" in one["text"] for one in await stage.direct(user))


async def card_words(stage: Stage, ts: str) -> str:
    """Every text of a card in the channel, with single spaces."""
    return " ".join(words(next(one for one in await stage.messages() if one["ts"] == ts)).split())


async def test_the_delegate_is_asked_approves_and_the_record_names_both(stage: Stage) -> None:
    await stage.until_monday()
    await with_two_security_people(stage)
    assert await away(stage, "approver1", "approver2", note="At the sea") == {}
    said = [one["text"] for one in await stage.direct("approver2")]
    assert any("You stand in for Amara Okafor" in text and "At the sea" in text for text in said)
    assert any("Amara Okafor is away from" in one["text"] for one in await stage.direct("approver1"))

    ts = await stage.ask()
    card = await stage.read()
    assert BOTH in card
    assert await asked(stage, "approver1") == [], "who is away is not asked"
    assert len(await asked(stage, "approver2")) == 1

    await stage.kill_the_bot()  # the absence is stored, not remembered
    await stage.later(DAY + HOURS_TO_NEW_YORK)
    assert await is_reminded(stage, "approver2")
    assert not await is_reminded(stage, "approver1"), "and not reminded"
    assert await stage.press("approver2", "approve", ts) == []
    card = await card_words(stage, ts)
    assert f"approved by {BOTH}" in card
    (twice,) = await stage.press("approver2", "approve", ts)
    assert "already" in twice, "a person counts once, as oneself or as a delegate"
    assert await stage.partner() is None


async def test_after_the_delegate_the_chain_goes_on_and_the_report_names_both(stage: Stage) -> None:
    await with_two_security_people(stage)
    assert await away(stage, "approver1", "approver2") == {}
    ts = await stage.ask(template="guest-collaboration")
    assert await stage.press("approver2", "approve", ts) == []
    await stage.tick()
    assert (await stage.partner()) is not None
    status, out, err = await gatehouse(stage, "audit", "report", "--partner", "contoso.com", "--format", "csv")
    assert status == 0, err
    assert "Bruno Keller" in out
    assert "for Amara Okafor" in out
    assert list(csv.reader(StringIO(out)))


async def test_who_is_away_may_still_decide_and_ends_the_absence_from_the_home(stage: Stage) -> None:
    await with_two_security_people(stage)
    assert await away(stage, "approver1", "approver2") == {}
    ts = await stage.ask()
    assert await stage.press("approver1", "approve", ts) == []
    card = await card_words(stage, ts)
    assert "approved by Amara Okafor" in card
    assert BOTH not in card
    view = await window(stage, "approver1")
    assert "You are away from" in " ".join(words(view).split())
    assert not view.get("submit"), "one absence at a time"
    await stage.do("close", user="approver1", view_id=view["id"])
    home = json.dumps((await stage.see("home", user="approver1"))["home"])
    assert "end_absence" in home
    view = await window(stage, "approver1")
    await stage.do("click", user="approver1", view_id=view["id"], action_id="end_absence")
    await stage.rest()
    await stage.tick()
    assert any("ended the absence of Amara Okafor" in one["text"] for one in await stage.direct("approver2"))
    second = await stage.ask(target="fabrikam.com")
    assert second
    assert len(await asked(stage, "approver1")) == 1


async def test_what_a_rule_forbids_is_refused_at_its_field(stage: Stage) -> None:
    await with_two_security_people(stage)
    assert "themselves" in (await away(stage, "approver1", "approver1"))["delegate"]
    assert "none of the roles" in (await away(stage, "approver1", "approver3"))["delegate"]
    assert "guest" in (await away(stage, "approver1", "guest"))["delegate"]
    assert "before the first day" in (await away(stage, "approver1", "approver2", first=5, last=3))["absent_until"]
    assert "90 days" in (await away(stage, "approver1", "approver2", last=100))["absent_until"]
    assert "has passed" in (await away(stage, "approver1", "approver2", first=-5, last=-3))["absent_until"]
    assert await away(stage, "approver1", "approver2") == {}
    assert "lead back" in (await away(stage, "approver2", "approver1"))["delegate"]
    assert await away(stage, "approver2", "approver1", first=10, last=12) == {}


async def test_an_admin_sets_the_absence_of_somebody_and_lists_all(stage: Stage) -> None:
    await with_two_security_people(stage)
    assert await away(stage, "admin", "approver2", person="approver1") == {}
    view = await window(stage, "admin")
    assert "Amara Okafor" in words(view)
    assert "Set by" in words(view)
    await stage.do("close", user="admin", view_id=view["id"])
    assert "1 other person is away" in json.dumps((await stage.see("home", user="admin"))["home"])
    await stage.ask()
    assert BOTH in await stage.read()


async def reassign(
    stage: Stage, ts: str, of: str, to: str, reason: str = "On a business trip", user: str = "admin"
) -> dict[str, str]:
    """Reassign an approval from Details; returns the refusals at the window's fields."""
    channel = (await stage.see("channels"))["channels"][0]["id"]
    assert channel
    await stage.press(user, "review_request", ts)
    view = (await stage.see("views", user=user))["views"][-1]
    await stage.do("click", user=user, view_id=view["id"], action_id="reassign")
    await stage.rest()
    top = (await stage.see("views", user=user))["views"][-1]
    values = {
        "reassign_from": {"reassign_from": {"type": "static_select", "selected_option": {"value": SLACK_IDS[of]}}},
        "reassign_to": {"reassign_to": {"type": "users_select", "selected_user": SLACK_IDS[to]}},
        "reason": {"reason": {"type": "plain_text_input", "value": reason}},
    }
    answer = await stage.do("submit", user=user, view_id=top["id"], values=values)
    await stage.rest()
    for left in reversed((await stage.see("views", user=user))["views"]):
        await stage.do("close", user=user, view_id=left["id"])
    return {field: str(text) for field, text in answer["errors"].items()}


async def test_an_admin_reassigns_and_does_not_decide(stage: Stage) -> None:
    await stage.until_monday()
    await with_two_security_people(stage)
    ts = await stage.ask()
    assert "Give a reason." in (await reassign(stage, ts, "approver1", "approver2", " "))["reason"]
    assert "does not have the role" in (await reassign(stage, ts, "approver1", "approver3"))["reassign_to"]
    assert "asked already" in (await reassign(stage, ts, "approver1", "approver1"))["reassign_to"]
    assert "may not decide" in (await reassign(stage, ts, "approver1", "requester"))["reassign_to"]
    assert await reassign(stage, ts, "approver1", "approver2") == {}
    assert any("Dana Reyes asks you to decide" in one["text"] for one in await stage.direct("approver2"))
    in_thread = [one for one in await stage.messages() if one.get("thread_ts") == ts]
    assert "Dana Reyes asks Bruno Keller to decide in place of Amara Okafor" in " ".join(words(in_thread[-1]).split())
    await stage.kill_the_bot()
    await stage.later(DAY + HOURS_TO_NEW_YORK)
    assert len([one for one in await stage.messages() if "in place of" in one["text"]]) == 1, "posted once"
    assert await is_reminded(stage, "approver2")
    assert not await is_reminded(stage, "approver1"), "not reminded any more"
    assert await stage.press("approver1", "approve", ts) == [], "an honest holder keeps the right"
    (told,) = await stage.press("admin", "approve", ts)
    assert "You chose who is asked to decide on this request" in told
    await stage.press("approver2", "review_request", ts)
    details = words((await stage.see("views", user="approver2"))["views"][-1])
    assert "Approval reassigned from Amara Okafor to Bruno Keller" in details


async def test_an_admin_names_the_person_after_the_command_and_a_name_that_is_not_unique_is_refused(
    stage: Stage,
) -> None:
    """Slack sends the command's text as it is typed: a name, no id."""
    for typed in ("@Amara Okafor", "amara okafor"):
        view = await window(stage, "admin", f"/partner away {typed}")
        chosen = next(one["element"] for one in view["blocks"] if one.get("block_id") == "absent_person")
        assert chosen["initial_user"] == SLACK_IDS["approver1"]
        assert "You named: Amara Okafor, approver1@" in " ".join(words(view).split())
        await stage.do("close", user="admin", view_id=view["id"])
    assert "No full member of this workspace is called" in words(await window(stage, "admin", "/partner away @nobody"))
    assert "Only admins can set" in words(await window(stage, "approver2", "/partner away @Amara Okafor"))
    own = await window(stage, "approver2", "/partner away @Bruno Keller")
    assert own["callback_id"] == "absence_form", "their own absence, as without a name"

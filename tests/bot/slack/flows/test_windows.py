"""Windows: opened in time or not at all; a known partner can be closed while Microsoft does not answer."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from bot.sandbox.http.faults import Fault
from bot.slack.flows import windows
from bot.slack.flows.windows import Windows
from bot.slack.ids import confirmation
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, submission
from tests.workflows.core import builders
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantUnavailable

CONTOSO: Final = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
FABRIKAM: Final = TenantId("fab0fab0-2222-4aaa-8bbb-0123456789a2")
AWAY: Final = [
    Fault(target="graph", status=503, times=999),
    Fault(target="slack", method="users.info", status=503, times=999),
]
UNREAD: Final = "cannot be read now"


@pytest.fixture
async def opened(gatehouse: BotUnderTest) -> BotUnderTest:
    """A bot that has opened Contoso."""
    request = await gatehouse.file_request()
    for approver in ("approver1", "approver2", "approver3"):
        value = f"{request.id}:{request.known.plan.digest}"
        await gatehouse.interact(click(approver, "approve", value))
        await gatehouse.idle()
    assert await gatehouse.store.partnership(CONTOSO) is not None
    return gatehouse


async def shown(gatehouse: BotUnderTest, text: str, user: str = "admin") -> tuple[str, str]:
    """Give the id of the view that a command opens, and what it shows when it has settled."""
    answer = await gatehouse.control.post("command", user=user, text=text)
    await gatehouse.idle()
    [view] = (await gatehouse.control.get("views", user=user))["views"]
    return str(answer["view_id"]), json.dumps(view, ensure_ascii=False)


async def until(gatehouse: BotUnderTest, is_so: Callable[[list[tuple[str, str]]], bool], actor: str = "") -> None:
    """Wait until the audit log tells of something."""
    async with asyncio.timeout(15):
        while not is_so(await gatehouse.outcomes(actor)):
            await gatehouse.world.wait_for_change(gatehouse.world.revision.number)


async def until_revoked(gatehouse: BotUnderTest) -> None:
    """Wait until Contoso is recorded as blocked."""
    await until(gatehouse, lambda outcomes: outcomes.count(("record_applied", "accepted")) == 2)
    found = await gatehouse.store.partnership(CONTOSO)
    assert found is not None
    assert found.state is PartnershipState.REVOKED


# --- revoking while somebody does not answer ---


@pytest.mark.parametrize("target", ["contoso.com", CONTOSO])
@pytest.mark.parametrize("away", AWAY, ids=["graph", "directory"])
async def test_a_known_partner_can_be_revoked_while_nothing_can_be_read(
    opened: BotUnderTest, away: Fault, target: str
) -> None:
    """The window opens from our own records, says what is not known, and what is confirmed is done later."""
    opened.world.faults.add(away)
    view_id, text = await shown(opened, f"revoke {target}")
    assert UNREAD in text
    assert "in both directions as soon as Microsoft answers" in text
    assert "Whether you may revoke is checked then" in text
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": "Project ended"}}
    answer = await opened.control.post("submit", user="admin", view_id=view_id, values=values)
    assert answer["errors"] == {}
    opened.world.faults.clear()
    await opened.control.post("clock", advance_seconds=60)  # what waits is due
    await until_revoked(opened)


async def test_who_may_not_revoke_is_refused_once_that_can_be_read(opened: BotUnderTest) -> None:
    opened.world.faults.add(AWAY[1])
    view_id, text = await shown(opened, "revoke contoso.com", user="approver1")
    assert UNREAD in text
    assert "Riley Park" not in text, "who asks is not known yet, so nothing of our records is shown"
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": ""}}
    await opened.control.post("submit", user="approver1", view_id=view_id, values=values)
    opened.world.faults.clear()
    await until(opened, lambda outcomes: ("want_revoke", "not_an_admin") in outcomes, "approver1")


async def test_a_refusal_names_the_tenant(gatehouse: BotUnderTest) -> None:
    _, text = await shown(gatehouse, "revoke contoso.com", user="approver1")
    assert "Only partner admins can revoke" in text
    (entry,) = await gatehouse.history()
    assert (entry.command, entry.outcome, entry.tenant_id) == ("/partner revoke", "not_an_admin", CONTOSO)


async def test_a_partner_without_a_record_has_to_be_read_first(gatehouse: BotUnderTest) -> None:
    gatehouse.world.faults.add(AWAY[1])
    _, text = await shown(gatehouse, "revoke contoso.com")
    assert "Not possible now" in text


@pytest.mark.parametrize(("target", "expected"), [("contoso.com", UNREAD), ("fabrikam.com", "Not possible now")])
async def test_nobody_waits_long_for_a_directory_that_is_slow(
    opened: BotUnderTest, monkeypatch: pytest.MonkeyPatch, target: str, expected: str
) -> None:
    monkeypatch.setattr(windows, "_READING_SECONDS", 0.2)
    opened.world.faults.add(Fault(target="slack", method="users.info", delay_seconds=30, times=2))
    began = time.monotonic()
    _, text = await shown(opened, f"revoke {target}")
    assert expected in text
    assert time.monotonic() - began < 5


async def test_a_blocked_partner_has_nothing_to_revoke(opened: BotUnderTest) -> None:
    view_id, text = await shown(opened, "revoke contoso.com")
    assert UNREAD not in text
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": ""}}
    await opened.control.post("submit", user="admin", view_id=view_id, values=values)
    await until_revoked(opened)
    _, text = await shown(opened, "revoke contoso.com")
    assert "Nothing to do" in text


async def test_a_blocked_partner_whose_opening_waits_can_be_revoked_again(opened: BotUnderTest) -> None:
    """What waits would put the access back: the window names it, and confirming stops it for good."""
    confirmed = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": ""}}
    view_id, text = await shown(opened, "revoke contoso.com")
    assert "What this stops" not in text
    await opened.control.post("submit", user="admin", view_id=view_id, values=confirmed)
    await until_revoked(opened)
    await opened.idle()
    waiting = await opened.file_request()
    view_id, text = await shown(opened, "revoke contoso.com")
    assert "already blocked in every respect" in text
    assert waiting.id in text
    answer = await opened.control.post("submit", user="admin", view_id=view_id, values=confirmed)
    assert answer["errors"] == {}
    await opened.idle()
    stopped = await opened.store.request(waiting.id)
    assert stopped is not None
    assert stopped.state is RequestState.STOPPED
    for approver in ("approver1", "approver2", "approver3"):
        await opened.interact(click(approver, "approve", f"{waiting.id}:{waiting.known.plan.digest}"))
        await opened.idle()
        assert (await opened.outcomes(approver))[-1] == ("want_approve", "not_now")
    found = await opened.store.partnership(CONTOSO)
    assert found is not None
    assert found.state is PartnershipState.REVOKED
    assert "unfit" not in await opened.told("admin")
    _, text = await shown(opened, "revoke contoso.com")
    assert "Nothing to do" in text


async def test_a_refusal_in_the_checklists_window_is_said_there_and_not_twice(opened: BotUnderTest) -> None:
    assert opened.world.slack_stand_in is not None
    trigger_id = opened.world.slack_stand_in.client.triggers.issue(SLACK_IDS["guest"])
    await opened.interact(click("guest", "show_checklist", CONTOSO, trigger_id=trigger_id))
    await opened.idle()
    [view] = (await opened.control.get("views", user="guest"))["views"]
    assert "guest" in json.dumps(view)
    (refused,) = [entry for entry in await opened.history() if entry.command == "/partner checklist"]
    assert refused.tenant_id == CONTOSO
    private = await opened.control.get("messages", channel="@guest", user="guest")
    assert private["messages"] == []


# --- what has to be typed ---


class Records:
    """Partnerships, and a Graph that takes its time."""

    def __init__(self, *partnerships: Partnership, seconds: float = 0.0) -> None:
        self._partnerships = partnerships
        self._seconds = seconds

    async def partnerships(self) -> tuple[Partnership, ...]:
        return self._partnerships

    async def find(self, _: str) -> None:
        await asyncio.sleep(self._seconds)
        raise TenantUnavailable("away")


def windows_over(records: Records) -> Windows:
    """Windows with nothing but records."""
    nothing: Any = None
    known: Any = records
    return Windows(
        client=nothing,
        service=nothing,
        intake=nothing,
        store=known,
        tenant=known,
        directory=nothing,
        catalog=nothing,
        looking=nothing,
    )


@pytest.mark.parametrize("domain", ["contoso.onmicrosoft.com", " "])
async def test_exactly_what_the_window_names_has_to_be_typed(domain: str) -> None:
    """A tenant without a domain is confirmed by its id; what somebody else once typed to find it does not do."""
    usual = builders.partnership()
    known = replace(usual, identity=replace(usual.identity, default_domain=domain, asked="contoso.com"))
    expected = confirmation(known.identity)
    window = windows_over(Records(known))
    assert await window.confirmation_problem(known.identity.tenant_id, f" {expected.upper()} ") == ""
    for typed in ("", "contoso.com", "fabrikam.com"):
        assert f"Type {expected} to confirm" in await window.confirmation_problem(known.identity.tenant_id, typed)


async def test_a_confirmation_does_not_wait_for_graph() -> None:
    """It is acknowledged within three seconds, whatever Graph does; our own records are asked first."""
    known = builders.partnership()
    window = windows_over(Records(known, seconds=60))
    assert await window.confirmation_problem(known.identity.tenant_id, confirmation(known.identity)) == ""
    began = time.monotonic()
    assert "does not answer in time" in await window.confirmation_problem(FABRIKAM, "fabrikam.com")
    assert time.monotonic() - began < 2


# --- a Slack that does not open the window ---


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trigger that lives shorter."""
    assert windows._TRIGGER_SECONDS < 3
    monkeypatch.setattr(windows, "_TRIGGER_SECONDS", 0.2)


NOT_OPENED: Final = [
    Fault(target="slack", method="views.open", delay_seconds=30),
    Fault(target="slack", method="views.open", reset=True, times=2),
    Fault(target="slack", method="views.open", body="<html>proxy</html>"),
    Fault(target="slack", method="views.open", body={"ok": False, "error": "expired_trigger_id"}),
]
WHY: Final = ["slow", "gone", "proxy", "expired"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", NOT_OPENED, ids=WHY)
@pytest.mark.parametrize("text", ["request contoso.com", "request", "revoke contoso.com"])
async def test_a_command_says_when_slack_did_not_open_its_window(
    gatehouse: BotUnderTest, fault: Fault, text: str
) -> None:
    gatehouse.world.faults.add(fault)
    began = time.monotonic()
    answer = await gatehouse.command(text)
    assert time.monotonic() - began < 2
    assert answer.status == 200
    assert answer.json["response_type"] == "ephemeral"
    assert "did not open the window; try again" in answer.text
    await gatehouse.idle()
    assert await gatehouse.outcomes() == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", NOT_OPENED, ids=WHY)
async def test_a_button_whose_window_slack_does_not_open_is_acknowledged_in_time(
    gatehouse: BotUnderTest, fault: Fault
) -> None:
    request = await gatehouse.file_request()
    gatehouse.world.faults.add(fault)
    began = time.monotonic()
    answer = await gatehouse.interact(click("approver1", "reject", f"{request.id}:{request.known.plan.digest}"))
    assert time.monotonic() - began < 2
    assert (answer.status, answer.text) == (200, "")
    assert await gatehouse.outcomes("approver1") == []


OPENING: Final = ["review_request", "keep", "revoke_review", "show_checklist", "open_request"]
"""Every other button that opens a window."""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("action", "fault"),
    [*(("reject", fault) for fault in NOT_OPENED), *((action, NOT_OPENED[-1]) for action in OPENING)],
    ids=[*(f"reject {why}" for why in WHY), *OPENING],
)
async def test_who_pressed_a_button_is_told_that_its_window_did_not_open(
    opened: BotUnderTest, action: str, fault: Fault
) -> None:
    """Only that person is told, once, with what to do."""
    request = await opened.file_request("fabrikam.com", "guest-collaboration")
    value = f"{request.id}:{request.known.plan.digest}" if action in ("reject", "review_request") else CONTOSO
    opened.world.faults.add(fault)
    await opened.interact(click("approver1", action, value))
    await opened.idle()
    assert (await opened.told("approver1")).count("Click the button again") == 2, "the text, and the blocks"
    assert "Click the button again" not in await opened.told("approver2")


@pytest.mark.usefixtures("impatient")
async def test_who_used_the_shortcut_is_told_that_its_window_did_not_open(gatehouse: BotUnderTest) -> None:
    gatehouse.world.faults.add(NOT_OPENED[-1])
    await gatehouse.control.post("shortcut", user="requester", callback_id="request_partner_access")
    await gatehouse.idle()
    assert "The window did not open" in await gatehouse.told("requester")


CONFLICT: Final = {"ok": False, "error": "hash_conflict"}


@pytest.mark.parametrize("times", [1, 3])
async def test_a_window_that_changed_at_the_same_moment_is_updated_all_the_same(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(windows, "_COUNTING_GRACE", windows._COUNTING_SECONDS)  # else shown before sign-ins are counted
    gatehouse.world.faults.add(Fault(target="slack", method="views.update", status=200, body=CONFLICT, times=times))
    title, said = await shown(gatehouse, "revoke fabrikam.com")
    assert title != "Loading"
    assert "fabrikam.com" in said
    sent = [e["body"] for e in gatehouse.world.slack_log.entries if e["path"].endswith("views.update")]
    assert len(sent) == times + 1
    assert all("hash" not in body for body in sent)


@pytest.mark.parametrize("fault", [{"status": 200, "body": CONFLICT}, {"status": 503}, {"reset": True}], ids=str)
async def test_who_waits_before_a_window_that_cannot_be_filled_is_told(
    gatehouse: BotUnderTest, fault: dict[str, Any]
) -> None:
    gatehouse.world.faults.add(Fault(target="slack", method="views.update", times=99, **fault))
    await gatehouse.control.post("command", user="admin", text="/partner revoke fabrikam.com")
    await gatehouse.idle()
    assert "The window could not be filled" in await gatehouse.told("admin")
    assert "Close it and open it again" in await gatehouse.told("admin")


async def test_a_confirmed_revocation_is_answered_in_time(gatehouse: BotUnderTest) -> None:
    gatehouse.world.faults.add(Fault(target="graph", delay_seconds=30, times=99))
    values = {"confirm": {"confirm": {"value": "fabrikam.com"}}}
    began = time.monotonic()
    answer = await gatehouse.interact(submission("admin", "confirm_revoke", FABRIKAM, values))
    assert time.monotonic() - began < 2.5
    assert set(answer.json["errors"]) == {"confirm"}

"""ModalWindows: opened in time or not at all, filled or said not to be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.http.faults import Fault
from bot.slack.answers import windows
from bot.slack.flows.revoke import flow as revoke
from bot.words.requests.messages import message_words
from bot.words.requests.notes import refusal_words
from tests.bot.bot_under_test import SOME_STAMPS, BotUnderTest, click, window_shown
from tests.bot.surfaces import shown
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, Refused, UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

CONTOSO: Final = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")

# --- a Slack that does not open the window ---

USUAL_SECONDS: Final = windows._TRIGGER_SECONDS
"""As the bot has it. The bots of these tests wait longer; see `tests.warm.patience`."""


def test_a_window_is_waited_for_less_long_than_its_trigger_is_valid() -> None:
    assert USUAL_SECONDS < 3


async def test_a_window_that_a_slow_machine_opens_late_is_open_in_these_tests(gatehouse: BotUnderTest) -> None:
    """Otherwise a test fails in which nothing is wrong: the first window of a process takes four times as long."""
    gatehouse.world.faults.add(Fault(target="slack", method="views.open", delay_seconds=3.1))
    assert (await gatehouse.file_request()).state is RequestState.AWAITING_APPROVAL


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the triggers from now on live shorter. A window before that may open as slowly as the machine does."""
    return lambda: monkeypatch.setattr(windows, "_TRIGGER_SECONDS", 0.2)


NOT_OPENED: Final = [
    Fault(target="slack", method="views.open", delay_seconds=600),
    Fault(target="slack", method="views.open", reset=True, times=2),
    Fault(target="slack", method="views.open", body="<html>proxy</html>"),
    Fault(target="slack", method="views.open", body={"ok": False, "error": "expired_trigger_id"}),
]


async def open_views(gatehouse: BotUnderTest, user: str) -> list[Any]:
    """List the windows that Slack shows somebody."""
    return list((await gatehouse.control.get("views", user=user))["views"])


WHY: Final = ["slow", "gone", "proxy", "expired"]


@pytest.mark.parametrize("fault", NOT_OPENED, ids=WHY)
@pytest.mark.parametrize("text", ["request contoso.com", "request", "revoke contoso.com"])
async def test_a_command_says_when_slack_did_not_open_its_window(
    gatehouse: BotUnderTest, fault: Fault, text: str, short_timeouts: Callable[[], None]
) -> None:
    short_timeouts()
    gatehouse.world.faults.add(fault)
    answer = await gatehouse.command(text)
    assert await open_views(gatehouse, "requester") == [], "it was answered before Slack had opened anything"
    assert answer.status == 200
    assert answer.json["response_type"] == "ephemeral"
    assert "did not open the window; try again" in answer.text
    await gatehouse.idle()
    assert await gatehouse.outcomes() == []


@pytest.mark.parametrize("fault", NOT_OPENED, ids=WHY)
async def test_a_button_whose_window_slack_does_not_open_is_acknowledged_in_time(
    gatehouse: BotUnderTest, fault: Fault, short_timeouts: Callable[[], None]
) -> None:
    request = await gatehouse.file_request()
    short_timeouts()
    gatehouse.world.faults.add(fault)
    answer = await gatehouse.interact(click("approver1", "reject", f"{request.id}:{request.plan.digest}"))
    assert await open_views(gatehouse, "approver1") == [], "it was answered before Slack had opened anything"
    assert (answer.status, answer.text) == (200, "")
    assert await gatehouse.outcomes("approver1") == []


OPENING: Final = [
    "review_request",
    "keep",
    "reduce",
    "review_details",
    "revoke_review",
    "show_checklist",
    "open_request",
    "request_named",
]
"""Every other button that opens a window."""


@pytest.mark.parametrize(
    ("action", "fault"),
    [*(("reject", fault) for fault in NOT_OPENED), *((action, NOT_OPENED[-1]) for action in OPENING)],
    ids=[*(f"reject {why}" for why in WHY), *OPENING],
)
async def test_who_pressed_a_button_is_told_that_its_window_did_not_open(
    opened: BotUnderTest, action: str, fault: Fault, short_timeouts: Callable[[], None]
) -> None:
    """Only that person is told, once, with what to do."""
    request = await opened.file_request("fabrikam.com", "guest-collaboration")
    value = f"{request.id}:{request.plan.digest}" if action in ("reject", "review_request") else CONTOSO
    short_timeouts()
    opened.world.faults.add(fault)
    await opened.interact(click("approver1", action, value))
    await opened.idle()
    assert (await opened.told("approver1")).count("Click the button again") == 2, "the text, and the blocks"
    assert "Click the button again" not in await opened.told("approver2")


async def test_who_used_the_shortcut_is_told_that_its_window_did_not_open(
    gatehouse: BotUnderTest, short_timeouts: Callable[[], None]
) -> None:
    short_timeouts()
    gatehouse.world.faults.add(NOT_OPENED[-1])
    await gatehouse.control.post("shortcut", user="requester", callback_id="request_partner_access")
    await gatehouse.idle()
    assert "The window did not open" in await gatehouse.told("requester")


CONFLICT: Final = {"ok": False, "error": "hash_conflict"}


@pytest.mark.parametrize("times", [1, 3])
async def test_a_window_that_changed_at_the_same_moment_is_updated_all_the_same(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(revoke, "_COUNTING_GRACE", revoke._COUNTING_SECONDS)  # else shown before sign-ins are counted
    gatehouse.world.faults.add(Fault(target="slack", method="views.update", status=200, body=CONFLICT, times=times))
    title, said = await window_shown(gatehouse, "revoke fabrikam.com")
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
    assert "The window could not be shown" in await gatehouse.told("admin")
    assert "Close it and open it again" in await gatehouse.told("admin")


# --- what is said in a window that cannot show what was asked for ---


@dataclass(slots=True)
class FakeWindows:
    """A Slack that keeps what is shown, and a service that keeps what is refused and said."""

    is_closed: bool = False
    views: list[Any] = field(default_factory=list)
    refusals: list[tuple[str, str, CommandSubject]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    async def views_update(self, *, view_id: str, view: Any) -> None:
        """Keep what is shown."""
        if self.is_closed:
            raise SlackApiError("closed", {"ok": False, "error": "not_found"})  # type: ignore[no-untyped-call]
        self.views.append(view)

    async def record_refusal(self, refused: Refused, *, command: str, subject: CommandSubject, **_: Any) -> None:
        """Keep what is recorded."""
        self.refusals.append((command, refused.code, subject))

    async def send_message(self, said: Fact, **_: Any) -> None:
        """Keep what is said directly."""
        self.said.append(message_words(said))


async def fill(windows_seen: FakeWindows, error: Exception) -> None:
    """Fill a window by a build that learns what it is about, and then fails."""
    as_any: Any = windows_seen
    window = windows.Window(id="V1", actor=ChatId("U1"), key="k", command="/partner revoke")

    async def build(window: windows.Window) -> Any:
        window.subject = CommandSubject(tenant_id=CONTOSO)
        raise error

    shown = windows.ModalWindows(client=as_any, service=as_any, background=as_any, stamps=SOME_STAMPS)
    await shown.show(window, build)


@pytest.mark.parametrize(
    ("error", "title", "text"),
    [
        (
            InvalidField("target", RefusalCode.TARGET_NOT_ONE_NAME),
            "Not possible",
            ("Enter one domain, for example contoso.com, or one tenant ID."),
        ),
        (
            UnreadableSetting(RefusalCode.SYNCHRONIZATION_UNKNOWN),
            "Not possible",
            "false or null. Ask an admin to check it",
        ),
        (TenantUnavailable("Away."), "Not possible now", "Away. Nothing was changed; try again."),
        (TenantRefused(400, "x", "No."), "Not possible now", "No. Nothing was changed; try again."),
        (PeopleDirectoryUnavailable("Away."), "Not possible now", "Away. Nothing was changed; try again."),
    ],
)
async def test_what_cannot_be_read_is_said_in_the_window_and_is_no_refusal(
    error: Exception, title: str, text: str
) -> None:
    windows_seen = FakeWindows()
    await fill(windows_seen, error)
    [view] = windows_seen.views
    assert view["title"]["text"] == title
    assert text in shown(view)
    assert (windows_seen.refusals, windows_seen.said) == ([], [])


@pytest.mark.parametrize("is_closed", [False, True])
async def test_a_refusal_is_recorded_about_what_was_learned_and_said_once(is_closed: bool) -> None:
    windows_seen = FakeWindows(is_closed=is_closed)
    await fill(windows_seen, Refused(RefusalCode.ONLY_ADMINS_DECIDE_GIVEN_UP))
    assert windows_seen.refusals == [("/partner revoke", "not_admin", CommandSubject(tenant_id=CONTOSO))]
    assert [("Ask one of them." in shown(view)) for view in windows_seen.views] == ([] if is_closed else [True])
    assert windows_seen.said == ([refusal_words(Refused(RefusalCode.ONLY_ADMINS_DECIDE_GIVEN_UP))] if is_closed else [])

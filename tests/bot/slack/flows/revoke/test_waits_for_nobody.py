"""The windows that close access are filled at once, however many windows and lookups of others wait."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from bot.slack import ids
from bot.slack.answers.background import Background
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.flows.request_access.close_early import CloseEarlyFlow
from bot.slack.flows.revoke.flow import RevokeFlow
from bot.slack.payloads.models import Interaction, SlashCommand
from tests.bot.bot_under_test import SOME_STAMPS, click, submission
from tests.waiting import LONGEST_WAIT
from tests.workflows.core import builders
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantUnavailable

CONTOSO: Final = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
COMMAND: Final = SlashCommand(user_id="U0ADMIN", team_id="T0WOODGROVE", trigger_id="1.2.3", text="revoke contoso.com")
FORM: Final = submission("admin", ids.NAME_PARTNER, "", {"target": {ids.TARGET: {"value": "contoso.com"}}})


@dataclass(slots=True)
class Slack:
    """A Slack that takes every window, members who cannot be read, and a background in which nothing ends."""

    background: Background = field(default_factory=lambda: Background(max_running=1))
    filled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def windows(self) -> ModalWindows:
        """The windows over it."""
        as_any: Any = self
        return ModalWindows(client=as_any, service=as_any, background=self.background, stamps=SOME_STAMPS)

    async def views_open(self, **_: Any) -> dict[str, Any]:
        """Open a window."""
        return {"view": {"id": "V1"}}

    async def views_update(self, **_: Any) -> None:
        """Fill it."""
        self.filled.set()

    async def refuse_known_guests(self, actor: ChatId) -> None:
        """Say something in the window that needs no other system."""
        raise InvalidField("target", RefusalCode.TARGET_NOT_ONE_NAME)

    async def ack(self, **_: Any) -> None:
        """Acknowledge."""


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    """Many windows of others wait for what does not answer."""
    slack = Slack()
    for _ in range(200):
        slack.background.start(asyncio.sleep(3600))
    await asyncio.sleep(0)
    yield slack
    await slack.background.close()


def revoke_flow(slack: Any, **changes: Any) -> RevokeFlow:
    """The flow with nothing but Slack."""
    usual: dict[str, Any] = dict.fromkeys(("service", "directory", "store", "tenant", "clock"))
    return RevokeFlow(**{**usual, "windows": slack.windows, "members": slack, **changes})


def close_early_flow(slack: Any) -> CloseEarlyFlow:
    """The flow that files a request to block, with nothing but Slack."""

    class RequestAccess:
        windows = slack.windows
        members = slack

    nothing: Any = None
    request_access: Any = RequestAccess()
    return CloseEarlyFlow(request_access=request_access, store=nothing)


def clicked(action: str) -> Interaction:
    """A click on a button about Contoso."""
    return Interaction.model_validate(click("admin", action, CONTOSO))


OPENED: Final[dict[str, Callable[[Slack], Awaitable[None]]]] = {
    "command": lambda slack: revoke_flow(slack).open_from_command(slack.ack, COMMAND),  # type: ignore[arg-type]
    "review": lambda slack: revoke_flow(slack).open_from_review(slack.ack, clicked(ids.REVOKE_REVIEW)),  # type: ignore[arg-type]
    "home": lambda slack: revoke_flow(slack).open_from_home(slack.ack, clicked(ids.REVOKE_PARTNER)),  # type: ignore[arg-type]
    "form": lambda slack: revoke_flow(slack).open_from_form(slack.ack, Interaction.model_validate(FORM)),  # type: ignore[arg-type]
    "close early": lambda slack: close_early_flow(slack).open(slack.ack, clicked(ids.CLOSE_EARLY)),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("how", OPENED)
async def test_a_window_that_closes_access_waits_behind_no_other(slack: Slack, how: str) -> None:
    await OPENED[how](slack)
    async with asyncio.timeout(LONGEST_WAIT):
        await slack.filled.wait()


class SlowDirectory:
    """A directory that does not answer."""

    async def identify(self, _: ChatId) -> None:
        """Take too long."""
        await asyncio.sleep(3600)


@pytest.mark.parametrize("is_known", [True, False])
async def test_the_time_to_read_begins_at_the_click(
    slack: Slack, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    """What passed before counts, when there is a record. Without one, nothing can be revoked before it is read."""
    seconds = 10 * LONGEST_WAIT if is_known else 1.0
    monkeypatch.setattr("bot.slack.flows.revoke.flow._READING_SECONDS", seconds)
    partnership = builders.partnership() if is_known else None
    window = Window(id="V1", actor=ChatId("U0ADMIN"), key="k", command="/partner revoke")
    window.asked_at = time.monotonic() - 2 * seconds
    flow = revoke_flow(slack, directory=SlowDirectory())
    if is_known:
        async with asyncio.timeout(LONGEST_WAIT):
            assert await flow._plan_revocation(builders.identity(), partnership, window, in_review=False) is None
    else:
        began = time.monotonic()
        with pytest.raises(TenantUnavailable):
            await flow._plan_revocation(builders.identity(), partnership, window, in_review=False)
        assert time.monotonic() - began >= 1.0

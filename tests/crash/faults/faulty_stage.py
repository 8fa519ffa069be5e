"""A stage whose services fail, and people who read what they are told.

Somebody who is told that nothing was done, and why, does it again, with the newest card. Somebody whose click was
acknowledged, and who sees neither its effect nor a refusal, has lost it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.crash.faults.failing import Failing
from tests.crash.records import read
from tests.crash.stage import CrashStage, Seen
from tests.scenarios.stage import CHANNEL, actions

_NOT_ACKNOWLEDGED: Final = ("operation_timeout", "dispatch_failed")
_TRIES: Final = 5
"""So often somebody does again what was refused, or once in each minute that people wait."""
_MINUTE: Final = 65
_QUIET_MINUTES: Final = 6
"""So many minutes after the last call that failed everything was tried again: the longest pause is five minutes."""
ACCEPTED: Final = "accepted"


class GaveUpError(AssertionError):
    """Somebody was refused again and again, and was told so each time."""


@dataclass(kw_only=True)
class FaultyStage(CrashStage):
    """A stage whose faults begin with the story."""

    failing: Failing
    rounds: int = 6
    """How many minutes people wait for what was acknowledged, and go on with what was refused."""
    refused: list[str] = field(default_factory=list)
    """What was refused and said: in a window, or by a message to the person."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.faults = self.failing

    def arm(self) -> None:
        """Begin."""
        super().arm()
        self.failing.is_armed = True

    def end_faults(self) -> None:
        """Let nothing fail any more."""
        self.failing.is_armed = False

    async def click_on(self, user: str, action_id: str, ts: str, done: Seen, channel: str = CHANNEL) -> None:
        """Press a button of the newest card that has it. Approvers decide when they were asked.

        Who decided before their own message was sent gets none, and misses nothing.
        """
        if action_id == "approve":
            await self._wait_until_asked(user)

        async def act() -> dict[str, Any]:
            newest = await self._newest(action_id, channel, ts)
            body = {"user": user, "action_id": action_id, "channel": channel, "ts": newest}
            return await self.call("POST", "click", body)

        await self._insist(user, f"{user} {action_id}", act, done)

    async def send_view(self, user: str, view_id: str, values: dict[str, Any], done: Seen) -> None:
        """Submit a window until it is acknowledged and its effect is seen."""
        body = {"user": user, "view_id": view_id, "values": {name: {name: value} for name, value in values.items()}}
        await self._insist(user, f"{user} submits", lambda: self.call("POST", "submit", body), done)

    async def see_in_time(self, what: str, done: Seen) -> None:
        """Wait until something is seen, however many attempts that takes."""
        if not await self._comes(done):
            raise AssertionError(f"acknowledged and lost: {what}")

    async def _insist(self, user: str, what: str, act: Callable[[], Awaitable[dict[str, Any]]], done: Seen) -> None:
        for _ in range(max(_TRIES, self.rounds)):
            told, rows = await self._told(user), len(read(self.database).audit)
            answer = await act()
            if not answer["ok"]:
                if await self._comes(done):
                    return
                assert answer["error"] in _NOT_ACKNOWLEDGED, (what, answer)
            elif answer.get("errors"):
                self.refused.append(f"{what}: {answer['errors']}")
                await self.pass_time(_MINUTE)
            elif await self._comes(done):
                return
            else:
                self._note_refusal(what, await self._told(user) - told, rows)
        raise GaveUpError(f"{what}: {self.refused}")

    def _note_refusal(self, what: str, told: set[str], rows: int) -> None:
        """Note that a click was refused, which its person was told and which is recorded."""
        recorded = [row["outcome"] for row in read(self.database).audit[rows:] if row["outcome"] != ACCEPTED]
        assert told, f"acknowledged and lost: {what}; recorded: {recorded}"
        assert recorded, f"acknowledged and lost: {what}; told: {told}"
        self.refused.append(f"{what}: {recorded}, {told}")

    async def _comes(self, done: Seen) -> bool:
        for _ in range(self.rounds):
            await self.rest()
            if await self.seen(done):
                return True
            await self.do("clock", advance_seconds=_MINUTE)
        return False

    async def _wait_until_asked(self, user: str) -> None:
        """Wait until somebody is asked: as long as calls fail, and some minutes more."""
        quiet = 0
        for _ in range(self.rounds):
            failed = len(self.failing.failed)
            await self.rest()
            if await self._is_asked(user):
                return
            await self.do("clock", advance_seconds=_MINUTE)
            quiet = 0 if len(self.failing.failed) > failed else quiet + 1
            if quiet == _QUIET_MINUTES:
                return

    async def _is_asked(self, user: str) -> bool:
        """Tell whether somebody has a message about the newest request, and the bot knows where."""
        stored = read(self.database)
        known = {row["message_id"] for row in stored.copies if row["subject"] == stored.newest.id}
        return any(one["ts"] in known for one in await self.direct(user))

    async def _newest(self, action_id: str, channel: str, ts: str) -> str:
        found = [one for one in await self.messages(channel=channel) if one.get("blocks") and action_id in actions(one)]
        return str(found[-1]["ts"]) if found else ts

    async def _told(self, user: str) -> set[str]:
        """Return what somebody was told alone: by a message to them, or by one in the channel that only they see."""
        shown = (await self.see("messages", channel=CHANNEL, user=user))["messages"]
        alone = [one for one in shown if one.get("is_ephemeral")]
        return {f"{one['ts']} {one['text']}" for one in [*alone, *await self.direct(user)]}

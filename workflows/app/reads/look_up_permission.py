"""Who may look partners up: full members, so many times an hour. Every look is recorded, and so is every refusal."""

from dataclasses import dataclass
from typing import Protocol

from workflows.app.limits import Limited, Limits
from workflows.app.service import Service
from workflows.core.people import ChatId


class Members(Protocol):
    """Who is a full member."""

    async def require_member(self, chat_id: ChatId) -> None:
        """Let full members pass.

        :raises Refused: for everybody else.
        :raises DirectoryUnavailable: when it cannot be told now.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Stands before every look at a partner."""

    members: Members
    service: Service
    limits: Limits | None = None

    async def require(self, actor: ChatId, target: str, *, key: str, by: str) -> None:
        """Let one more look pass, and record it; the one that nears the limit is told how many are left.

        :param by: what was used to look.
        :raises Refused: for who is no full member, and above the limit; recording that is the caller's.
        :raises DirectoryUnavailable: when it cannot be told now whether this is a full member.
        """
        await self.members.require_member(actor)
        look = f"look:{key}"
        if self.limits is not None and await self.limits.store.is_known(look):
            return  # delivered again
        allowance = None if self.limits is None else await self.limits.require(Limited.LOOK_UPS, actor)
        await self.service.note_look(actor, target, key=look, by=by)
        if allowance is None or self.limits is None:
            return
        if allowance.is_first_near:
            await self.service.say(allowance.words, key=f"left:{key}", person=actor)
        await self.limits.used(allowance, actor)

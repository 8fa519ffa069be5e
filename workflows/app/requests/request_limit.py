"""What every form that files a request goes through: how many one person may send in an hour."""

from dataclasses import dataclass, field

from workflows.app.limits import Allowance, Limited, Limits
from workflows.app.service import Service
from workflows.core.errors import Refused
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.commands.request import Subject


@dataclass(slots=True, kw_only=True)
class Filing:
    """One request that is about to be filed, held against the limit of an hour."""

    service: Service
    limits: Limits | None
    _allowance: Allowance | None = field(default=None)

    async def require(self, requester: ChatId, *, key: str, account: PersonId | None = None) -> None:
        """Let one more request pass. May be asked again once the account is known.

        :raises Refused: when the limit is reached; that is recorded, and the caller's to say.
        """
        if self.limits is None or await self.limits.store.is_known(key):
            return  # a repetition of what was filed already
        try:
            self._allowance = await self.limits.require(Limited.REQUESTS, requester, account)
        except Refused as refused:
            # The same form may be sent once more, later.
            limit_key = f"limit:{key}:{self.limits.clock.now().isoformat()}"
            await self.service.refuse(
                refused, key=limit_key, actor=requester, command="submit", subject=Subject(), is_told=True
            )
            raise

    async def done(self, *, key: str) -> None:
        """State how many are left, and alarm the admins where it was the last one of the hour."""
        allowance = self._allowance
        if allowance is None or self.limits is None:
            return
        if allowance.words:
            await self.service.say(allowance.words, key=f"left:{key}", person=allowance.actor)
        await self.limits.used(allowance, allowance.actor)

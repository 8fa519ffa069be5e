"""What every form needs to file a request: the services, and the limit of requests per hour."""

from dataclasses import dataclass, field

from workflows.app.limits import Allowance, LimitedAction, Limits
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.commands.request import CommandSubject
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class FormServices:
    """The services with which a form is checked and filed."""

    service: Service
    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    catalog: Catalog
    clock: Clock
    limits: Limits | None = None
    """The limit of requests per hour for one person; None: no limit."""


@dataclass(slots=True, kw_only=True)
class RequestLimitCheck:
    """The check of the limit per hour before a request is stored, and the message about it afterwards."""

    service: Service
    limits: Limits | None
    is_new: bool = True
    """Whether one more request will be open; not when one is edited."""
    _allowance: Allowance | None = field(default=None)

    async def require(self, requester: ChatId, *, key: str, account: PersonId | None = None) -> None:
        """Check that the person may file one more request. May be called again when the account is known.

        :raises Refused: when the limit is reached. The refusal is recorded, and the caller shows it.
        """
        if self.limits is None or await self.limits.store.is_known(key):
            return  # filed already; this is a repetition
        try:
            self._allowance = await self.limits.require(LimitedAction.REQUESTS, requester, account)
            if self.is_new:
                await self.limits.require_few_open(requester, account)
        except Refused as refused:
            # The same form may be sent once more, later.
            limit_key = f"limit:{key}:{self.limits.clock.now().isoformat()}"
            await self.service.record_refusal(
                refused, key=limit_key, actor=requester, command="submit", subject=CommandSubject(), is_told=True
            )
            raise

    async def tell_when_few_are_left(self, *, key: str) -> None:
        """Warn the person when few requests are left in this hour, and raise an alarm when none is left."""
        allowance = self._allowance
        if allowance is None or self.limits is None:
            return
        if (warning := allowance.warning) is not None:
            await self.service.send_message(warning, key=f"left:{key}", person=allowance.actor)
        await self.limits.alarm_when_used_up(allowance, allowance.actor)

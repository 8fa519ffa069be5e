"""Check the bot's own way to Graph: its permissions at the start and every hour, and services that do not answer."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from workflows.app.alarms import Alarms
from workflows.core.policy.stops.permissions import (
    FOR_GUESTS,
    OPTIONAL,
    REQUIRED,
    PermissionReport,
    compare_permissions,
)
from workflows.core.requests.alarms import AlarmCode
from workflows.intervals import PERMISSIONS_CHECKED_AGAIN_AFTER, PERMISSIONS_CHECKED_EVERY, SERVICE_SILENT_AFTER
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.store import SharedNotes
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_log = structlog.get_logger()

_TIMEOUT_SECONDS: Final = 3.0
_NOTE: Final = f"{AlarmCode.SERVICE_SILENT.value}:"
"""How the name of a note about a silent service begins; the service and the process follow."""
BOT: Final = "bot"
GUESTS: Final = "guests"
"""The subjects of alarms about permissions: the two applications."""

Granted = Callable[[], Awaitable[frozenset[str] | None]]


@dataclass(slots=True, kw_only=True)
class PermissionWatch:
    """Compares the permissions in the tokens with those that are needed, at the start and every hour.

    An alarm is raised for what is too much, and for what Gatehouse cannot work without. What holds writes is not the
    alarm, but the token itself (`Tenant.verify_permissions`), so nothing depends on when this was last done.
    """

    tenant: Tenant
    accounts: GuestAccounts
    alarms: Alarms
    clock: Clock
    is_one_application: bool
    """Whether both are the same application."""
    allowed: Collection[str] = frozenset()
    """The names that a setting allows."""
    _due_at: datetime | None = field(default=None, init=False)

    async def check(self) -> None:
        """Compare them, when it is time. Safe to repeat."""
        now = self.clock.now()
        if self._due_at is not None and now < self._due_at:
            return
        also = FOR_GUESTS if self.is_one_application else frozenset()
        is_done = await self._compare(BOT, self.tenant.granted_permissions, REQUIRED, OPTIONAL | also)
        if self.accounts.is_configured and not self.is_one_application:
            is_done = await self._compare(GUESTS, self.accounts.granted_permissions, FOR_GUESTS, ()) and is_done
        self._due_at = now + (PERMISSIONS_CHECKED_EVERY if is_done else PERMISSIONS_CHECKED_AGAIN_AFTER)

    async def _compare(self, who: str, read: Granted, required: Collection[str], optional: Collection[str]) -> bool:
        """Compare those of one application. Returns whether there was a token; its alarms stay as they are if not."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                granted = await read()
        except (TenantUnavailable, TenantRefused, TimeoutError):
            return False
        if granted is not None:
            report = compare_permissions(granted, required=required, optional=optional, allowed=self.allowed)
            await self._tell(who, report)
        return True

    async def _tell(self, who: str, report: PermissionReport) -> None:
        if report.missing_optional:
            _log.info("optional_permissions_missing", application=who, permissions=report.missing_optional)
        for code, names in (
            (AlarmCode.PERMISSIONS_SURPLUS, report.surplus),
            (AlarmCode.PERMISSIONS_MISSING, report.missing),
        ):
            if names:
                _log.warning(code.value, application=who, permissions=names)
                await self.alarms.raise_alarm(code, who, {"permissions": list(names)})
            else:
                await self.alarms.clear_alarm(code, who)


@dataclass(slots=True, kw_only=True)
class SilentServices:
    """Raises an alarm when a service of Graph has not been called for some minutes, because it does not answer.

    Each process calls Graph for itself, and leaves a note for the one that leads. So one that is answered does not
    clear the alarm of another one.
    """

    states: Callable[[], Mapping[str, str]]
    """Returns for each service whether this process calls it: `closed` when it does."""
    alarms: Alarms
    clock: Clock
    notes: SharedNotes | None = None
    """Those of the processes that share the store; None when one process uses it."""
    _name: str = field(default_factory=lambda: secrets.token_hex(4), init=False)
    """How this process is called among those that share the store."""
    _since: dict[str, datetime] = field(default_factory=dict, init=False)
    _noted: set[str] = field(default_factory=set, init=False)
    """The notes of this process that are stored."""

    async def check(self) -> None:
        """Make the alarms equal to what all processes find. Safe to repeat."""
        await self.look()
        found = await self._found_by_all()
        values = {service: {"service": service, "since": since} for service, since in found.items()}
        await self.alarms.update_alarms(AlarmCode.SERVICE_SILENT, values)

    async def look(self) -> None:
        """Look at every service, and note what this process finds. Safe to repeat."""
        now = self.clock.now()
        for service, state in self.states().items():
            if state == "closed":
                self._since.pop(service, None)
            else:
                self._since.setdefault(service, now)
        if self.notes is None:
            return
        mine = {f"{_NOTE}{service}:{self._name}": since for service, since in self._found().items()}
        for name, since in mine.items():
            await self.notes.put(name, since, kept_for=SERVICE_SILENT_AFTER)
            self._noted.add(name)
        for name in self._noted - mine.keys():
            await self.notes.forget(name)
            self._noted.discard(name)

    def _found(self) -> Mapping[str, str]:
        """Return since when each service is silent for this process, when that is long enough."""
        now = self.clock.now()
        return {
            service: since.isoformat() for service, since in self._since.items() if now - since >= SERVICE_SILENT_AFTER
        }

    async def _found_by_all(self) -> Mapping[str, str]:
        """Return since when each service is silent for one of the processes; the earliest time of each."""
        if self.notes is None:
            return self._found()
        found: dict[str, str] = {}
        for name, since in (await self.notes.read(_NOTE)).items():
            service = name.removeprefix(_NOTE).rpartition(":")[0]
            found[service] = min(since, found.get(service, since))
        return found

"""What commands read without Slack, created from the settings: the tenant, the clock, the stored records.

Approvals, ends of access and signatures depend on the clock. It may be wrong after a machine was suspended or restored.
So it is compared with the `Date` headers of Slack's and Microsoft Graph's answers.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.process.logs.redactor import redactor_of
from bot.process.opening.shared_traffic import SharedTraffic
from bot.process.settings import SettingsProblems, TenantSettings
from bot.process.start_and_end import giving_way, without_package
from workflows.core.errors.facts import Fact
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.partners.records import Records
from workflows.intervals import CLOCK_ALARM_UNTIL, CLOCK_COMPARED_AFTER, CLOCK_DATES_COUNT_FOR, USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock
from workflows.ports.tenant import TenantRefused

if TYPE_CHECKING:
    from workflows.entra import Entra, EntraSettings, GraphGuestAccounts


SLACK: Final = "Slack"
GRAPH: Final = "Microsoft Graph"
ENOUGH_DATES: Final = 3
"""How many dates of a service are needed, so that a single wrong one changes nothing."""
_DATES_KEPT: Final = 5

ObserveDate = Callable[[str, float], None]
"""Takes the `Date` header of an answer, and how many seconds passed since its request was sent."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present time in UTC."""
        return datetime.now(UTC)


class OffsetClock:
    """The machine's clock plus a number of seconds from a file; for tests with simulated services.

    The file contains a whole number, and is read again whenever it was replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, int] | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the moved time in UTC."""
        file_status = self._path.stat()
        version = (file_status.st_ino, file_status.st_mtime_ns)
        if version != self._version:
            self._offset = timedelta(seconds=int(self._path.read_text(encoding="utf-8")))
            self._version = version
        return datetime.now(UTC) + self._offset


class ClockSkew:
    """Implements `ports.ClockComparison` with the last five dates of each service.

    Of a service the median counts, so two wrong headers change nothing. A slow answer cannot be the reason: only what
    is wrong whenever the answer was made counts. If the services disagree, the one counts that is nearest to our clock:
    then two of three clocks agree. When our clock jumps, what was compared before does not count any more, and until
    three dates have come again, a single one counts.
    """

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._dates: dict[str, deque[tuple[float, float]]] = {}
        """For each service: when an answer came, by the monotonic clock, and by how many seconds ours was wrong."""
        self._offset: float | None = None
        """Our clock without the monotonic one. It changes when our clock is set."""
        self._jumped_at: float | None = None
        """When our clock was last found to have jumped; None when it was compared often enough since."""

    def observer(self, service: str) -> ObserveDate:
        """Return what takes the dates of a service."""
        return partial(self.observe, service)

    def observe(self, service: str, date: str, elapsed: float) -> None:
        """Compare our clock with one date. What is no date is ignored.

        :param elapsed: seconds from sending the request to the answer, by the monotonic clock.
        """
        self._notice_jump()
        if self._jumped_at is not None and self._monotonic() - elapsed < self._jumped_at:
            return  # it was asked before our clock jumped
        try:
            server = parsedate_to_datetime(date)
            server = server.replace(tzinfo=UTC) if server.tzinfo is None else server
            latest = (self._clock.now() - server).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return
        # The server made the answer between `elapsed` seconds ago and now; its date has no parts of a second.
        earliest = latest - elapsed - 1
        wrong_by = 0.0 if earliest <= 0 <= latest else min(earliest, latest, key=abs)
        dates = self._dates.setdefault(service, deque(maxlen=_DATES_KEPT))
        dates.append((self._monotonic(), wrong_by))
        if len(dates) >= ENOUGH_DATES:
            self._jumped_at = None

    def wrong_by(self) -> timedelta | None:
        """Return how far our clock is ahead (negative: behind); see `ports.ClockComparison`."""
        self._notice_jump()
        since = self._monotonic() - CLOCK_DATES_COUNT_FOR.total_seconds()
        recent = [[wrong_by for at, wrong_by in dates if at >= since] for dates in self._dates.values()]
        enough = ENOUGH_DATES if self._jumped_at is None else 1
        # NB. of an even number the smaller one in the middle; the module `statistics` would cost the start 7 modules.
        found = [sorted(dates)[(len(dates) - 1) // 2] for dates in recent if len(dates) >= enough]
        return timedelta(seconds=min(found, key=abs)) if found else None

    @property
    def is_outdated(self) -> bool:
        """Return whether a service should be asked: none has answered for a minute, or our clock has jumped."""
        self._notice_jump()
        newest = max((dates[-1][0] for dates in self._dates.values()), default=None)
        is_old = newest is None or self._monotonic() - newest > CLOCK_COMPARED_AFTER.total_seconds()
        return is_old or self._jumped_at is not None

    def _notice_jump(self) -> None:
        offset = self._clock.now().timestamp() - self._monotonic()
        if self._offset is not None and abs(offset - self._offset) > CLOCK_ALARM_UNTIL.total_seconds():
            self._dates.clear()
            self._jumped_at = self._monotonic()
        self._offset = offset


def open_tenant(
    settings: TenantSettings,
    pauses: Pauses = USUAL_PAUSES,
    traffic: SharedTraffic | None = None,
    observe_date: ObserveDate | None = None,
) -> "Entra":
    """Create the gateway to the tenant; nothing is sent yet. Imports Microsoft's packages: never on an event loop.

    :param traffic: what it shares with the gateway to guest accounts; None: it shares nothing.
    :param observe_date: takes the `Date` header of each answer, and the seconds since its request was sent.
    :raises SettingsProblems: when the credential cannot be used.
    """
    with without_package("pygments"), giving_way():
        # With it, the HTTP library imports a command line of its own, with rich.
        from workflows.entra import connect

    try:
        with giving_way():
            observing = replace(entra_settings(settings, pauses), observe_date=observe_date)
            return connect(observing, None if traffic is None else traffic.get())
    except ValueError as error:
        raise SettingsProblems((f"AZURE_…: the credential cannot be used ({error})",)) from error


def open_guest_accounts(
    settings: TenantSettings, clock: Clock, pauses: Pauses = USUAL_PAUSES, traffic: SharedTraffic | None = None
) -> "GraphGuestAccounts":
    """Create the gateway to guest accounts. Imports Microsoft's packages: never on an event loop.

    :param traffic: what it shares with the gateway to the tenant; None: it shares nothing.
    :raises TenantRefused: when no application is configured for it, or its certificate cannot be used.
    """
    with giving_way():
        from bot.process.opening.permissions import permitted_for_guests
        from workflows.entra import ApplicationCredential, connect_guest_accounts

    if settings.guests_azure_client_id is None:
        raise TenantRefused(403, "", (Fact(TenantCode.GUEST_ACCOUNTS_NOT_SET_UP),))
    application = ApplicationCredential(
        client_id=settings.guests_azure_client_id,
        client_secret=settings.guests_azure_client_secret.get_secret_value(),
        certificate_path=settings.guests_azure_client_certificate_path,
        certificate_password=settings.guests_azure_client_certificate_password.get_secret_value(),
    )
    own = replace(entra_settings(settings, pauses), application=application, permissions=permitted_for_guests(settings))
    try:
        return connect_guest_accounts(own, clock.now, None if traffic is None else traffic.get())
    except ValueError as error:
        raise TenantRefused(401, "", (Fact(TenantCode.GUEST_CREDENTIALS_REFUSED, {"says": str(error)}),)) from error


def entra_settings(settings: TenantSettings, pauses: Pauses = USUAL_PAUSES) -> "EntraSettings":
    """Return Entra's addresses, and the function that removes secrets from error texts."""
    from bot.process.opening.permissions import permitted_to_bot
    from workflows.entra import EntraSettings

    return EntraSettings(
        graph_url=settings.graph_url,
        authority_host=settings.azure_authority_host,
        tenant_id=settings.azure_tenant_id,
        client_id=settings.azure_client_id,
        permissions=permitted_to_bot(settings),
        redact=redactor_of(settings),
        pauses=pauses,
    )


def open_clock(settings: TenantSettings) -> Clock:
    """Return the machine's clock, or the clock that the file moves."""
    return OffsetClock(settings.gatehouse_clock_file) if settings.gatehouse_clock_file else SystemClock()


async def read_stored_records(settings: TenantSettings, *, only_compared: bool = False) -> Records | None:
    """Read our records, also while the bot runs; None when there is no database.

    :param only_compared: whether to leave out the fields that a posture does not compare.
    :raises StoreUnusable: when the database cannot be read.
    """
    return await settings.records.read_records(only_compared=only_compared)

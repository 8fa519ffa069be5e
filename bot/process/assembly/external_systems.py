"""The open connections to other systems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slack_sdk.web.async_client import AsyncWebClient

from bot.process.settings import Settings
from bot.slack.answers.background import Background
from bot.slack.inbound.identity import PinnedIdentity
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.reads import ReadListeners
from workflows.app.schedule.freezing.held_start import HeldStart
from workflows.catalog.catalog import Catalog
from workflows.intervals import USUAL_PAUSES, Pauses
from workflows.ports.clock import Clock, ClockComparison
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

if TYPE_CHECKING:
    from bot.slack.payloads.stamps import Stamps
    from workflows.ports.audit_log import AuditKeys
    from workflows.ports.guest_accounts import GuestAccounts


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalSystems:
    """The open connections to other systems."""

    settings: Settings
    catalog: Catalog
    clock: Clock
    client: AsyncWebClient
    store: Store
    audit_keys: "AuditKeys"
    """Those of the store, which has read them: whatever happens to their file later, they are known."""
    tenant: Tenant
    background: Background
    guest_accounts: "GuestAccounts"
    """With an application of their own. Not configured: whatever is asked of them is refused."""
    held: HeldStart
    """Whether these are the newest records."""
    pinned: PinnedIdentity
    """Which workspace, Enterprise Grid and app payloads must be of."""
    circuits: Callable[[], Mapping[str, str]] = dict
    """Returns for each service of Graph whether it is called; see `SharedTraffic`."""
    throttled: Callable[[], Mapping[str, int]] = dict
    """Returns how often Slack, and each service of Graph, asked for fewer calls."""
    clock_comparison: ClockComparison | None = None
    redact: Callable[[str], str] = str
    pauses: Pauses = USUAL_PAUSES
    listeners: ReadListeners = field(init=False)
    """Shared by all directories, so that what one of them reads can be shown by another."""

    def __post_init__(self) -> None:
        """Let what was read become old by the bot's clock."""
        object.__setattr__(self, "listeners", ReadListeners(now=lambda: self.clock.now().timestamp()))

    @property
    def changes_guests(self) -> bool:
        """Return whether guest accounts can be disabled and enabled at all."""
        return self.guest_accounts.is_configured

    @property
    def stamps(self) -> "Stamps":
        """Return what stamps windows and App Homes."""
        from bot.slack.payloads.stamps import Stamps  # a start does not wait for it

        return Stamps(keys=self.audit_keys, now=lambda: self.clock.now())

    @property
    def directory(self) -> SlackDirectory:
        """Return a directory of people. It has no cache, so each use may have its own."""
        return SlackDirectory(
            client=self.client,
            tenant=self.tenant,
            team_id=self.settings.slack_team_id,
            roles=self.catalog.roles,
            listeners=self.listeners,
            marks=self.store,
        )

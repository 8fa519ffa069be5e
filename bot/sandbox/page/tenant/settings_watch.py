"""Compare the tenant's settings with their last state: what they are now, and the latest change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.page.tenant.policies import PolicyRow, policy_rows
from bot.sandbox.page.tenant.settings_table import Setting, has_own_settings, is_blocked, settings_of

Json = Mapping[str, Any]
_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_QUESTION = "/evaluate"
"""The end of a path that is called by POST and changes nothing."""
_DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerCard:
    """One partner configuration as the page shows it."""

    tenant_id: str
    name: str
    domain: str
    state_words: str
    """Its state in one or two words: Blocked, Own settings, Default applies, Removed."""
    tone: str
    settings: tuple[Setting, ...]
    raw: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The latest change: the earlier text of each changed row, by (tenant id or "default", setting key)."""

    number: int = 0
    """The number of changes so far, so that the style sheet can distinguish two changes."""
    was: Mapping[tuple[str, str], str] = field(default_factory=dict)
    by: str = ""
    """Who made it: "by the bot" or "in the portal"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPane:
    """Everything that the tenant's part of the page shows."""

    default: PartnerCard
    partners: tuple[PartnerCard, ...]
    policies: tuple[PolicyRow, ...]
    changes: Changes


def cards(state: Json) -> tuple[PartnerCard, tuple[PartnerCard, ...]]:
    """Return the default configuration's card, and the partners' cards in their order in the tenant."""
    default: Json = state.get("default") or {}
    organizations: Json = state.get("organizations") or {}
    partners: Json = state.get("partners") or {}
    first = PartnerCard(
        tenant_id=_DEFAULT,
        name="Default configuration",
        domain="for partners without own settings",
        state_words="Microsoft's default" if default.get("isServiceDefault", True) else "Changed",
        tone="off",
        settings=settings_of(default),
        raw=default,
    )
    return first, tuple(
        _partner(tenant_id, raw, default, organizations.get(tenant_id) or {}) for tenant_id, raw in partners.items()
    )


def _partner(tenant_id: str, raw: Json, default: Json, organization: Json) -> PartnerCard:
    domains = organization.get("domains") or ()
    if is_blocked(raw):
        state_words, tone = "Blocked", "closed"
    elif has_own_settings(raw):
        state_words, tone = "Own settings", "open"
    else:
        state_words, tone = "Default applies", "off"
    return PartnerCard(
        tenant_id=tenant_id,
        name=str(organization.get("displayName") or "Unknown organization"),
        domain=str(organization.get("defaultDomainName") or (domains[0] if domains else "")),
        state_words=state_words,
        tone=tone,
        settings=settings_of(raw, default),
        raw=raw,
    )


def writes_in(log: Sequence[Json]) -> int:
    """Return how many writes to the tenant in a request log succeeded."""
    return sum(
        entry["method"] in _WRITES and 200 <= (entry["status"] or 0) < 300 and not entry["path"].endswith(_QUESTION)
        for entry in log
    )


class SettingsWatch:
    """Stores the settings as last read, so that a change can be shown."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], str] | None = None
        self._cards: dict[str, PartnerCard] = {}
        self._writes = 0
        self._changes = Changes()
        self._gone: tuple[PartnerCard, ...] = ()

    def observe(self, state: Json, graph_log: Sequence[Json]) -> TenantPane:
        """Read the present state, and return the cards for the page.

        The latest change is marked until the next change.
        """
        default, partners = cards(state)
        writes = writes_in(graph_log)
        now = {(card.tenant_id, row.key): row.says for card in (default, *partners) for row in card.settings}
        if self._seen is not None and now != self._seen:
            by = "by the bot" if writes > self._writes else "in the portal"
            self._changes = Changes(
                number=self._changes.number + 1, was=_changed_rows(self._seen, now, partners), by=by
            )
            present_ids = {card.tenant_id for card in partners}
            self._gone = tuple(_removed_card(card) for key, card in self._cards.items() if key not in present_ids)
        self._seen, self._writes = now, writes
        self._cards = {card.tenant_id: card for card in partners}
        return TenantPane(
            default=default, partners=partners + self._gone, policies=policy_rows(state), changes=self._changes
        )


def _changed_rows(
    before: Mapping[tuple[str, str], str], now: Mapping[tuple[str, str], str], partners: Sequence[PartnerCard]
) -> dict[tuple[str, str], str]:
    """Return the rows whose text changed; for a new partner, the rows that it sets itself."""
    own = {(card.tenant_id, row.key) for card in partners for row in card.settings if not row.inherited}
    altered = {}
    for place, says in now.items():
        if place in before and before[place] != says:
            altered[place] = before[place]
        elif place not in before and place in own:
            altered[place] = before.get((_DEFAULT, place[1]), "not set") + " · from default"
    return altered


def _removed_card(card: PartnerCard) -> PartnerCard:
    return PartnerCard(
        tenant_id=card.tenant_id,
        name=card.name,
        domain=card.domain,
        state_words="Removed: the default applies",
        tone="mixed",
        settings=(),
        raw={},
    )

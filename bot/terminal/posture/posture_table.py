"""Print a posture on a terminal: the default, a table of partners, the issues, the counts."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.terminal.posture.guest_policy import guest_policy_lines
from bot.terminal.printing import safe_text
from bot.words.posture.concerns import SEVERITY_WORDS, concern_words
from bot.words.posture.sources import concern_source
from bot.words.posture.summary import (
    B2B_DIRECTIONS,
    NO_RECORDS,
    SHORT_ACCESS_STATE_WORDS,
    concerns_with_partners,
    counts_words,
    day_or_dash,
    flag_words,
    not_adopted_words,
    record_words,
    risk_words,
    trust_words,
)
from bot.words.sentences import minute
from workflows.core.policy.risk import RiskLevel
from workflows.core.posture.model import Concern, ConcernSeverity, DefaultPosture, PartnerPosture, Posture
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Property
from workflows.core.settings.open_access import AccessState

WIDE: Final = 160
"""The number of columns from which on additional data gets columns of its own."""
MAX_NAMES: Final = 12
_NAME: Final = 60
_STYLES: Final = {
    ConcernSeverity.ALERT: "bold red",
    ConcernSeverity.WARNING: "yellow",
    ConcernSeverity.UNCHECKED: "magenta",
    ConcernSeverity.NOTE: "dim",
}
_OPENING_STYLES: Final = {
    AccessState.OPEN: "yellow",
    AccessState.PARTLY: "",
    AccessState.CLOSED: "green",
    AccessState.UNKNOWN: "magenta",
}
_RISK_STYLES: Final = {RiskLevel.LOW: "green", RiskLevel.ELEVATED: "yellow", RiskLevel.HIGH: "red"}


def print_posture(posture: Posture, console: Console, guests: JsonObject | None = None) -> None:
    """Print a posture, as wide as the console is.

    :param guests: the tenant's authorization policy; None when it could not be read.
    """
    home = f" of tenant {posture.home}" if posture.home else ""
    console.print(safe_text(f"Posture{home}, read {minute(posture.read_at)}", style="bold"))
    console.print()
    for line in _default_lines(posture.default):
        console.print(line)
    for guest_line in guest_policy_lines(guests):
        console.print(safe_text(f"  {guest_line}"))
    console.print()
    if posture.partners:
        console.print(_table(posture, is_wide=console.width >= WIDE))
    for concern in _concerns(posture):
        console.print(concern)
    console.print()
    for sentence in _footer(posture):
        console.print(safe_text(sentence))


def _default_lines(default: DefaultPosture) -> Iterator[RenderableType]:
    yield safe_text("The default, for every tenant without settings of its own", style="bold")
    for name, inbound, outbound in B2B_DIRECTIONS:
        line = Text(f"  {name}: in ")
        line.append_text(_access_state(default.b2b_access[inbound].opening)).append(", out ")
        yield line.append_text(_access_state(default.b2b_access[outbound].opening))
    yield Text(f"  Trusted: {', '.join(trust_words(default)) or 'nothing'}")
    yield from (_concern_line(concern) for concern in default.concerns)


def _table(posture: Posture, *, is_wide: bool) -> Table:
    table = Table(box=None, padding=(0, 2 if is_wide else 1, 0, 0), header_style="bold underline")
    table.add_column("Partner", min_width=20 if is_wide else 36, overflow="fold")
    if is_wide:
        table.add_column("Tenant ID", min_width=36, no_wrap=True)
    table.add_column("Collab.", min_width=10, no_wrap=True)
    table.add_column("Direct", min_width=10, no_wrap=True)
    table.add_column("Trust", min_width=9, no_wrap=True)
    if is_wide:
        for name, least in (("Redemption", 10), ("Sync", 4), ("Record", 18), ("Next review", 11)):
            table.add_column(name, min_width=least, overflow="fold")
    table.add_column("Risk", min_width=10, no_wrap=True)
    for partner in posture.partners:
        table.add_row(*_row(posture, partner, is_wide=is_wide))
    return table


def _row(posture: Posture, partner: PartnerPosture, *, is_wide: bool) -> list[RenderableType]:
    row: list[RenderableType] = [_name(posture, partner, is_wide=is_wide)]
    if is_wide:
        row.append(Text(partner.tenant_id))
    row += [_in_and_out(partner, inbound, outbound) for _, inbound, outbound in B2B_DIRECTIONS]
    row.append(Text("\n".join(_short_trust(partner)) or "-"))
    if is_wide:
        redemption = "\n".join(
            f"{kind} {flag_words(partner.redemption[key].value)}"
            for kind, key in (("in", "inbound"), ("out", "outbound"))
        )
        review = None if partner.record is None else partner.record.next_review_at
        row += [
            Text(redemption),
            Text(flag_words(partner.synchronization.value)),
            safe_text(record_words(partner, posture.read_at), 100),
            Text(day_or_dash(review)),
        ]
    row.append(Text(risk_words(partner), style=_RISK_STYLES[partner.risk.level]))
    return row


def _short_trust(partner: PartnerPosture) -> Iterator[str]:
    """Return which MFA and device claims are trusted, each in at most nine characters."""
    for word in trust_words(partner):
        yield word.partition(" ")[0] + ("?" if word.endswith("?") and " " in word else "")


def _name(posture: Posture, partner: PartnerPosture, *, is_wide: bool) -> RenderableType:
    style = (
        _STYLES.get(partner.severity, "")
        if partner.severity in (ConcernSeverity.ALERT, ConcernSeverity.WARNING)
        else ""
    )
    lines: list[RenderableType] = [safe_text(partner.name, _NAME, style=style)]
    if partner.identity is not None and partner.identity.display_name not in ("", partner.name):
        lines.append(safe_text(f"“{partner.identity.display_name}”", _NAME, style="dim").append(" (not verified)"))
    if not is_wide:
        if partner.name != partner.tenant_id:
            lines.append(Text(partner.tenant_id, style="dim"))
        lines.append(safe_text(record_words(partner, posture.read_at), 100, style="dim"))
    return Group(*lines)


def _in_and_out(partner: PartnerPosture, inbound: Property, outbound: Property) -> Text:
    text = Text("in ").append_text(_access_state(partner.b2b_access[inbound].opening)).append("\nout ")
    return text.append_text(_access_state(partner.b2b_access[outbound].opening))


def _access_state(access_state: AccessState) -> Text:
    return Text(SHORT_ACCESS_STATE_WORDS[access_state], style=_OPENING_STYLES[access_state])


def _concerns(posture: Posture) -> Iterator[RenderableType]:
    found = list(concerns_with_partners(posture))
    if found:
        yield Text()
        yield safe_text("Issues", style="bold")
    for concern, partners in found:
        yield _concern_line(concern)
        yield Padding(safe_text(_names(partners), style="dim"), (0, 0, 0, 4), expand=False)


def _concern_line(concern: Concern) -> RenderableType:
    text = Text().append(f"{SEVERITY_WORDS[concern.severity].upper()}: ", style=_STYLES[concern.severity])
    text.append_text(safe_text(concern_words(concern))).append(" ")
    text.append_text(safe_text(f"({concern_source(concern)})", style="dim"))
    return Padding(text, (0, 0, 0, 2), expand=False)


def _names(partners: Sequence[PartnerPosture]) -> str:
    named = ", ".join(
        partner.name if partner.name == partner.tenant_id else f"{partner.name} ({partner.tenant_id})"
        for partner in partners[:MAX_NAMES]
    )
    more = len(partners) - MAX_NAMES
    return f"{named}, and {more:,} more; --json lists all" if more > 0 else named


def _footer(posture: Posture) -> Iterator[str]:
    yield counts_words(posture)
    if said := not_adopted_words(len(posture.not_adopted)):
        yield said
    if posture.unanswered:
        yield f"{posture.unanswered:,} tenant IDs could not be looked up, because Entra gave no answer."
    if not posture.records_are_read:
        yield NO_RECORDS

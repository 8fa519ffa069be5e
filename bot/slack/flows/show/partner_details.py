"""`/partner show` as a message: one partner in detail. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    bullets,
    cleaned_text,
    fixed_text,
    header,
    local_time,
    paragraph,
    quote,
    rich_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.concerns import concern_elements
from bot.slack.cards.partner_and_plan import identity_block, notified_partner, partner_name
from bot.slack.cards.partnership import close_early_button, partnership_facts, partnership_state_words
from bot.slack.cards.requests import icon, kind_words, own_buttons, restore_hint
from bot.slack.cards.setup_steps import setup_elements
from bot.words.plans.current_settings import CurrentLine, describe_current
from bot.words.posture.concerns import SEVERITY_WORDS, concern_words
from bot.words.requests.notes import note_words
from bot.words.requests.states import STATE_WORDS
from bot.words.sentences import counted
from bot.words.settings.open_access import access_kinds_words
from bot.words.settings.values import NO_NAMES
from workflows.core.partners.approval_policy import is_live
from workflows.core.partners.partnership import Partnership, PartnershipState, is_over, opened_at
from workflows.core.partners.restoration.restorable import is_restorable
from workflows.core.people import ChatId, PersonId
from workflows.core.plans.current_settings import unmanaged_settings
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.approval import Choice
from workflows.core.posture.model import Concern, ConcernSeverity
from workflows.core.requests.notes import displayed_state
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import Origin
from workflows.core.settings.open_access import AccessKind, AccessState, access_kinds, closed_by_default, possibly_open

MAX_CONCERNS: Final = 30
MAX_HISTORY_ENTRIES: Final = 15
MAX_APPROVALS: Final = 40
MAX_JUSTIFICATION_CHARACTERS: Final = 1000
MAX_SETTING_CHARACTERS: Final = 1500
"""Characters for the words of one setting, which count their targets themselves."""
MAX_ACCESS_KINDS_CHARACTERS: Final = 1500

NOT_ADDED: Final = "a tenant of another Microsoft cloud, blocked until it is added here"
_INHERITED: Final[Mapping[Origin, str]] = {
    Origin.SET_HERE: " · from the default",
    Origin.UNREADABLE: " · from the default",
    Origin.TENANT_DEFAULT: " · from the tenant's default",
    Origin.MICROSOFT_DEFAULT: " · from Microsoft's default",
    Origin.NOT_ADDED: "",
}


def partner_details(
    identity: TenantIdentity,
    configuration: JsonObject | None,
    default: JsonObject | None,
    partnership: Partnership | None,
    requests: Sequence[AccessRequest],
    now: datetime,
    names: Mapping[str, str] = NO_NAMES,
    concerns: Sequence[Concern] = (),
    reader: frozenset[ChatId | PersonId] = frozenset(),
) -> Message:
    """Show the current settings of a partner as just read, and the requests about it.

    :param configuration: None when the partner has no configuration of its own.
    :param default: None when the tenant's default could not be read.
    :param names: the names in our own directory of its ids, by id.
    :param concerns: the concerns of a posture about it, the most serious first.
    :param reader: the ids of the person who reads it, for the buttons of what is theirs.
    """
    is_cross_cloud = not identity.is_resolved
    current = describe_current(configuration, default, names, is_cross_cloud=is_cross_cloud)
    found = access_kinds(configuration, default, is_cross_cloud=is_cross_cloud)
    blocks: list[Block] = [
        header(f"🔎 {clean(partner_name(identity), 90)}: current settings"),
        identity_block(identity),
        *_concern_blocks(concerns),
        rich_text(*_current_elements(configuration, current, is_cross_cloud=is_cross_cloud)),
        rich_text(*_access_state_elements(found)),
        rich_text(*setup_elements(configuration, default, identity, partnership)),
        rich_text(*_record_elements(partnership, requests, now)),
        rich_text(*_history_elements(requests, identity)),
        *_own_actions(requests, partnership, reader, now),
    ]
    summary = f"{sum(entry.is_own for entry in current)} settings set here"
    if configuration is None:
        summary = NOT_ADDED if is_cross_cloud else "no settings of its own, the tenant's defaults apply"
    known = counted(len(requests), "request")
    return message(
        f"{notified_partner(identity)}: {summary}.{_most_serious_concern(concerns)} {known} on record.", blocks
    )


def _most_serious_concern(concerns: Sequence[Concern]) -> str:
    return "".join(
        f" {SEVERITY_WORDS[one.severity].capitalize()}: {concern_words(one)}"
        for one in concerns[:1]
        if one.severity > ConcernSeverity.NOTE
    )


def _own_actions(
    requests: Sequence[AccessRequest],
    partnership: Partnership | None,
    reader: frozenset[ChatId | PersonId],
    now: datetime,
) -> Iterator[Block]:
    """Return what the reader can do: with their open request, with their last closed one, and as the sponsor."""
    mine = [one for one in requests if {one.particulars.requester, one.requester_account} & reader]
    is_waiting = any(not one.is_terminal for one in requests)
    access = next((one for one in mine if one.particulars.kind is RequestKind.ACCESS), None)
    for one in mine:
        if not one.is_terminal:
            yield from own_buttons(one, now)
    if access is not None and not is_waiting and is_over(access, partnership, now):
        yield from own_buttons(access, now, can_request_again=True)
    if partnership is not None and is_live(partnership) and {partnership.sponsor.id} & reader:
        tenant_id = partnership.identity.tenant_id
        yield actions(f"close:{tenant_id}", close_early_button(tenant_id))


def _concern_blocks(concerns: Sequence[Concern]) -> Iterator[Block]:
    if concerns:
        label = paragraph(fixed_text("Issues, from the current settings and Gatehouse's records", bold=True))
        yield rich_text(label, *concern_elements(concerns, MAX_CONCERNS, where="gatehouse posture --json"))


def _current_elements(
    configuration: JsonObject | None, current: Sequence[CurrentLine], *, is_cross_cloud: bool
) -> Iterator[RichTextElement]:
    yield paragraph(fixed_text("Settings, read just now", bold=True))
    if configuration is None and is_cross_cloud:
        yield paragraph(fixed_text(f"This is {NOT_ADDED}:"))
    elif configuration is None:
        yield paragraph(
            fixed_text("This tenant has no configuration of its own here. The tenant's defaults apply to it:")
        )
    yield bullets(_current_parts(entry) for entry in current)
    if others := unmanaged_settings(configuration):
        yield paragraph(
            fixed_text("Also set, and not managed by Gatehouse: "),
            cleaned_text(", ".join(others), MAX_SETTING_CHARACTERS),
        )


def _access_state_elements(found: Sequence[AccessKind]) -> Iterator[RichTextElement]:
    """Summarize what is open, what is not known, and what only a default closes."""
    yield paragraph(fixed_text("What this leaves open", bold=True))
    left = possibly_open(found)
    unknown = [kind for kind in left if kind.opening is AccessState.UNKNOWN]
    opened = [kind for kind in left if kind.opening is not AccessState.UNKNOWN]
    items = (
        [[fixed_text("Open: "), cleaned_text(access_kinds_words(opened), MAX_ACCESS_KINDS_CHARACTERS)]]
        if opened
        else []
    )
    if unknown:
        items.append(
            [
                fixed_text("Not known, so perhaps open: "),
                cleaned_text(access_kinds_words(unknown), MAX_ACCESS_KINDS_CHARACTERS),
            ]
        )
    if not left:
        items.append([fixed_text("Nothing: every way in and out is closed.")])
    if closed := closed_by_default(found):
        items.append(
            [
                fixed_text("Closed by a default only, not for this partner itself: "),
                cleaned_text(access_kinds_words(closed), MAX_ACCESS_KINDS_CHARACTERS),
            ]
        )
    yield bullets(items)


def _current_parts(entry: CurrentLine) -> list[TextRun]:
    shown = [
        cleaned_text(entry.setting, bold=True),
        fixed_text(": "),
        cleaned_text(entry.words, MAX_SETTING_CHARACTERS),
    ]
    if entry.is_own or entry.fact.inherits:
        shown.append(fixed_text(" · set here" if entry.is_own else _INHERITED[entry.fact.origin]))
    return shown


def _record_elements(
    partnership: Partnership | None, requests: Sequence[AccessRequest], now: datetime
) -> Iterator[RichTextElement]:
    yield paragraph(fixed_text("Gatehouse's record", bold=True))
    if partnership is None:
        yield paragraph(fixed_text("Gatehouse has neither opened nor closed this partner."))
        return
    yield paragraph(
        fixed_text(f"Recorded as {partnership_state_words(partnership, now)}.\n"), *partnership_facts(partnership)
    )
    if partnership.state is not PartnershipState.REVOKED and partnership.is_as_approved:
        yield paragraph(fixed_text("Active since "), local_time(opened_at(partnership, requests)), fixed_text("."))
    current = next((one for one in requests if one.id == partnership.request_id), None)
    if current is not None and current.prepared is not None:
        yield from _approved_elements(current)
    for kept in partnership.attestations[-3:]:
        yield paragraph(
            fixed_text("Kept by "),
            cleaned_text(kept.person.name),
            fixed_text(" on "),
            local_time(kept.at),
            fixed_text(": "),
            cleaned_text(kept.reason, 300),
        )


def _approved_elements(request: AccessRequest) -> Iterator[RichTextElement]:
    """Show who asked for the present settings and why, and who approved them when."""
    prepared = request.require_prepared()
    yield paragraph(
        fixed_text("Requested by "),
        cleaned_text(prepared.requester.name),
        fixed_text(" on "),
        local_time(request.created_at),
    )
    if request.particulars.justification.strip():
        yield quote(request.particulars.justification, MAX_JUSTIFICATION_CHARACTERS)
    approvals = [
        one for one in request.decisions if one.choice is Choice.APPROVE and one.digest == prepared.plan.digest
    ]
    if not approvals:
        return
    shown = [
        [fixed_text("Approved by "), cleaned_text(one.person.name), fixed_text(", "), local_time(one.at)]
        for one in approvals
    ]
    if (more := len(shown) - MAX_APPROVALS) > 0:
        shown = [*shown[:MAX_APPROVALS], [fixed_text(f"and {more} more")]]
    yield bullets(shown)


def _history_elements(requests: Sequence[AccessRequest], identity: TenantIdentity) -> Iterator[RichTextElement]:
    yield paragraph(fixed_text("Requests, newest first", bold=True))
    if not requests:
        yield paragraph(fixed_text("None."))
        return
    yield bullets(_history_parts(request) for request in requests[:MAX_HISTORY_ENTRIES])
    if len(requests) > MAX_HISTORY_ENTRIES:
        more = len(requests) - MAX_HISTORY_ENTRIES
        yield paragraph(fixed_text(f"and {more} older ones. An auditor finds them with the search on the Home tab."))
    if any(is_restorable(request) for request in requests):
        yield restore_hint(identity)


def _history_parts(request: AccessRequest) -> list[TextRun]:
    by = [fixed_text(" by "), cleaned_text(request.prepared.requester.name)] if request.prepared else []
    kind = fixed_text(f"{icon(request)} {request.id}: {kind_words(request)}")
    shown = [kind, *by, fixed_text(", "), fixed_text(STATE_WORDS[displayed_state(request)], bold=True)]
    shown += [fixed_text(", "), local_time(request.confirmed_at or request.changed_at)]
    if request.note:
        shown += [fixed_text(". "), cleaned_text(note_words(request.note), 300)]
    return shown

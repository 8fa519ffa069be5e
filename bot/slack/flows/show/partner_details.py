"""`/partner show` as a message: one partner in detail. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    TextRun,
    actions,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    header,
    paragraph,
    rich_text,
)
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.concerns import concern_elements
from bot.slack.cards.partner_and_plan import MAX_JSON_CHARACTERS, identity_block, notified_partner, partner_name
from bot.slack.cards.partner_setup.setup_steps import setup_elements
from bot.slack.cards.partnership import (
    ask_access_test_button,
    change_sponsor_button,
    close_early_button,
    handover_buttons,
    partner_section_row,
    withdraw_handover_buttons,
)
from bot.slack.cards.requests import own_buttons
from bot.slack.flows.alarms.drift_views import drift_elements
from bot.slack.flows.show.partner_record import record_blocks
from bot.slack.ids import PartnerSection
from bot.slack.words.drift_buttons import drift_answers
from bot.words.plans.current_settings import CurrentLine, describe_current
from bot.words.plans.risk import OF_ALL_ACCESS, all_access_level_words
from bot.words.posture.concerns import SEVERITY_WORDS, concern_words
from bot.words.reviews.sponsorship import IF_YOU_ACCEPT
from bot.words.sentences import counted, pieces
from bot.words.settings.open_access import access_kinds_words, graph_names_words, unknown_settings_words
from bot.words.settings.values import NO_NAMES
from workflows.app.watch.telling import alarm_values
from workflows.core.partners.partnership import Partnership, PartnershipState, is_over
from workflows.core.partners.reviewing.answers.access_test import is_testable
from workflows.core.people import ChatId, PersonId
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.current_settings import unmanaged_settings
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.concern_codes import may_be_adopted
from workflows.core.posture.model import Concern, ConcernSeverity
from workflows.core.posture.settings_evaluation import evaluate_settings
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import Origin
from workflows.core.settings.open_access import AccessKind, AccessState, access_kinds, closed_by_default, possibly_open

MAX_CONCERNS: Final = 30
MAX_SETTING_CHARACTERS: Final = 1500
"""Characters for the words of one setting, which count their targets themselves."""
MAX_ACCESS_KINDS_CHARACTERS: Final = 1500

_ONLY_DEFAULTS: Final = "no settings of its own, the tenant's defaults apply"
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
    drift: Drift | None = None,
) -> Message:
    """Show the current settings of a partner as just read, and the requests about it.

    :param configuration: None when the partner has no configuration of its own.
    :param default: None when the tenant's default could not be read.
    :param names: the names in our own directory of its ids, by id.
    :param concerns: the concerns of a posture about it, the most serious first.
    :param reader: the ids of the person who reads it, for the buttons of their own requests and partners.
    :param drift: what the last sweep found about it.
    """
    is_cross_cloud = not identity.is_resolved
    current = describe_current(configuration, default, names, is_cross_cloud=is_cross_cloud)
    blocks: list[Block] = [
        header(f"🔎 {clean(partner_name(identity), 90)}: current settings"),
        identity_block(identity),
        *_drift_blocks(drift, now, has_reader=bool(reader)),
        *_concern_blocks(concerns, identity),
        rich_text(*_current_elements(configuration, current, is_cross_cloud=is_cross_cloud)),
        *_settings_row(identity, configuration),
        _open_access_block(configuration, default, is_cross_cloud),
        rich_text(*setup_elements(configuration, default, identity, partnership, has_drifted=drift is not None)),
        *record_blocks(identity, partnership, requests, now, drift=drift),
        *_own_actions(requests, partnership, reader, now),
        *_adopt_action(identity, requests, concerns, reader),
    ]
    own_settings = f"{sum(entry.is_own for entry in current)} settings set here"
    none_set = NOT_ADDED if is_cross_cloud else _ONLY_DEFAULTS
    summary = f"{none_set if configuration is None else own_settings}.{_most_serious_concern(concerns)}"
    return message(f"{notified_partner(identity)}: {summary} {_on_record(requests)}", blocks)


def _on_record(requests: Sequence[AccessRequest]) -> str:
    return f"{counted(len(requests), 'request')} on record."


def _most_serious_concern(concerns: Sequence[Concern]) -> str:
    return "".join(
        f" {SEVERITY_WORDS[concern.severity].capitalize()}: {concern_words(concern)}"
        for concern in concerns[:1]
        if concern.severity > ConcernSeverity.NOTE
    )


def _own_actions(
    requests: Sequence[AccessRequest],
    partnership: Partnership | None,
    reader: frozenset[ChatId | PersonId],
    now: datetime,
) -> Iterator[Block]:
    """Return what the reader can do: with their open request, with their last closed one, and as the sponsor."""
    own_requests = [request for request in requests if {request.fields.requester, request.requester_account} & reader]
    is_waiting = any(not request.is_terminal for request in requests)
    access = next((request for request in own_requests if request.fields.kind is RequestKind.ACCESS), None)
    for one in own_requests:
        if not one.is_terminal:
            yield from own_buttons(one, now)
    if access is not None and not is_waiting and is_over(access, partnership, now):
        yield from own_buttons(access, now, can_request_again=True)
    is_closing = any(
        not request.is_terminal and request.prepared is not None and closes_everything(request.plan)
        for request in requests
    )
    if partnership is not None and partnership.state is PartnershipState.SUSPENDED and reader and not is_waiting:
        lift = button("Lift suspension", ids.LIFT_PARTNER, partnership.identity.tenant_id)
        yield actions(f"lift:{partnership.identity.tenant_id}", lift)
    yield from _live_actions(partnership, reader, now, is_closing=is_closing)


def _live_actions(
    partnership: Partnership | None, reader: frozenset[ChatId | PersonId], now: datetime, *, is_closing: bool
) -> Iterator[Block]:
    """Return the buttons of a live partner, and the question to a reader who was asked to be the sponsor.

    Its sponsor sees Close early. Everybody who may look a partner up sees Change sponsor and Ask if it works: who may
    is known only when it is clicked.
    """
    if partnership is None or partnership.is_closed or not reader:
        return
    tenant_id, handover = partnership.identity.tenant_id, partnership.handover
    if handover is not None and handover.is_open and {handover.proposed.id, handover.proposed.chat_id} & reader:
        yield rich_text(paragraph(fixed_text("You are asked to be the sponsor. "), fixed_text(IF_YOU_ACCEPT)))
        yield actions(f"handover:{tenant_id}", *handover_buttons(tenant_id, handover.number))
    can_close = not is_closing and partnership.sponsor.id in reader
    closing = (close_early_button(tenant_id),) if can_close else ()
    withdraw = withdraw_handover_buttons(partnership, reader)
    test = (ask_access_test_button(tenant_id),) if is_testable(partnership, now) else ()
    yield actions(f"sponsor:{tenant_id}", *closing, change_sponsor_button(tenant_id), *test, *withdraw)


def _adopt_action(
    identity: TenantIdentity,
    requests: Sequence[AccessRequest],
    concerns: Sequence[Concern],
    reader: frozenset[ChatId | PersonId],
) -> Iterator[Block]:
    """Return the button to adopt settings that have no record, or are not those of the record."""
    codes = {one.code for one in concerns if one.severity is not ConcernSeverity.NOTE}
    is_open = any(not one.is_terminal for one in requests)
    if reader and may_be_adopted(codes) and not is_open:
        adopts = button("Adopt settings", ids.ADOPT_PARTNER, identity.tenant_id)
        yield actions(f"adopt:{identity.tenant_id}", adopts)


def _drift_blocks(drift: Drift | None, now: datetime, *, has_reader: bool) -> Iterator[Block]:
    """Return what the last sweep found, and the button that asks for the approved settings."""
    if drift is None:
        return
    yield rich_text(
        paragraph(fixed_text("⚠️ Not as approved, as the last sweep found it", bold=True)),
        *drift_elements(drift, now, with_name=False),
    )
    answers = drift_answers(drift.subject, alarm_values(drift), is_admin=False) if has_reader else None
    if answers is not None:
        yield answers


def _concern_blocks(concerns: Sequence[Concern], identity: TenantIdentity) -> Iterator[Block]:
    if concerns:
        label = paragraph(fixed_text("Issues, from the current settings and Gatehouse's records", bold=True))
        yield rich_text(label, *concern_elements(concerns, MAX_CONCERNS))
    if (count := len(concerns)) > MAX_CONCERNS:
        yield partner_section_row(identity.tenant_id, PartnerSection.CONCERNS, counted(count, "issue"))


def _current_elements(
    configuration: JsonObject | None, lines: Sequence[CurrentLine], *, is_cross_cloud: bool
) -> Iterator[RichTextElement]:
    yield paragraph(fixed_text("Settings, read just now", bold=True))
    if configuration is None and is_cross_cloud:
        yield paragraph(fixed_text(f"This is {NOT_ADDED}:"))
    elif configuration is None:
        yield paragraph(
            fixed_text("This tenant has no configuration of its own here. The tenant's defaults apply to it:")
        )
    yield bullets(_current_parts(entry) for entry in lines)
    if others := unmanaged_settings(configuration):
        yield paragraph(
            fixed_text(f"Also set: {unknown_settings_words(others)}. Microsoft Graph's names: "),
            cleaned_text(graph_names_words(others), MAX_SETTING_CHARACTERS),
        )


def settings_pieces(configuration: JsonObject | None) -> list[str]:
    """Return everything that is set for a partner as JSON, in pieces that fit into one block. ASCII only."""
    if configuration is None:
        return []
    return list(pieces(json.dumps(configuration, indent=1, sort_keys=True), MAX_JSON_CHARACTERS))


def _settings_row(identity: TenantIdentity, configuration: JsonObject | None) -> Iterator[Block]:
    """Return the button for all settings, when a list may be too long for its line."""
    if _longest_list(configuration) > 1:
        yield partner_section_row(identity.tenant_id, PartnerSection.SETTINGS, "Every target of every list, as JSON")


def _longest_list(value: Any) -> int:
    """Return the number of targets in the longest list of a configuration."""
    if isinstance(value, dict):
        return max((_longest_list(one) for one in value.values()), default=0)
    if isinstance(value, list):
        return max([len(value), *map(_longest_list, value)])
    return 0


def _open_access_block(configuration: JsonObject | None, default: JsonObject | None, is_cross_cloud: bool) -> Block:
    found = access_kinds(configuration, default, is_cross_cloud=is_cross_cloud)
    return rich_text(*_access_state_elements(found), _risk_of_all_access(configuration, default, is_cross_cloud))


def _access_state_elements(access_kinds: Sequence[AccessKind]) -> Iterator[RichTextElement]:
    """Summarize what is open, what is not known, and what only a default closes."""
    yield paragraph(fixed_text("What this leaves open", bold=True))
    possibly_open_kinds = possibly_open(access_kinds)
    unknown = [kind for kind in possibly_open_kinds if kind.opening is AccessState.UNKNOWN]
    open_kinds = [kind for kind in possibly_open_kinds if kind.opening is not AccessState.UNKNOWN]
    items = [_kinds_parts("Open: ", open_kinds)] if open_kinds else []
    if unknown:
        items.append(_kinds_parts("Not known, so perhaps open: ", unknown))
    if not possibly_open_kinds:
        items.append([fixed_text("Nothing: every way in and out is closed.")])
    if closed := closed_by_default(access_kinds):
        items.append(_kinds_parts("Closed only by a default: ", closed))
    yield bullets(items)


def _risk_of_all_access(
    configuration: JsonObject | None, default: JsonObject | None, is_cross_cloud: bool
) -> RichTextElement:
    evaluated = evaluate_settings(configuration, default, is_cross_cloud=is_cross_cloud)
    level = all_access_level_words(evaluated.risk.level, is_certain=evaluated.is_risk_certain)
    return paragraph(fixed_text(f"{OF_ALL_ACCESS}: {level}"))


def _kinds_parts(label: str, kinds: Sequence[AccessKind]) -> list[TextRun]:
    return [
        fixed_text(label),
        cleaned_text(access_kinds_words(kinds, with_graph_names=True), MAX_ACCESS_KINDS_CHARACTERS),
    ]


def _current_parts(entry: CurrentLine) -> list[TextRun]:
    runs = [
        cleaned_text(entry.setting, bold=True),
        fixed_text(": "),
        cleaned_text(entry.words, MAX_SETTING_CHARACTERS),
    ]
    if entry.is_own or entry.fact.inherits:
        runs.append(fixed_text(" · set here" if entry.is_own else _INHERITED[entry.fact.origin]))
    return runs

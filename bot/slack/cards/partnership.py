"""The parts about a partnership that review cards, the partner list and the App Home share."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, RichTextBlock, SectionBlock

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    TextRun,
    actions,
    button,
    cleaned_text,
    fixed_text,
    local_day,
    local_time,
    paragraph,
    rich_text,
    row,
)
from bot.slack.cards.partner_and_plan import partner_name
from bot.slack.ids import PartnerSection
from bot.words.partner_setup.state import setup_words
from bot.words.requests.access_end import AT_END, ended_state_words
from bot.words.requests.titles import partner_title
from bot.words.reviews.reasons import ended_review_words, reasons_words
from bot.words.settings.open_access import access_kind_titles, access_kinds_words, closing_rest_words
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.people import ChatId, PersonId
from workflows.core.posture.watch.drift import Drift
from workflows.core.settings.model import TenantId

MAX_ACCESS_KINDS_CHARACTERS: Final = 600
MAX_REASONS_CHARACTERS: Final = 900
_BASIS: Final[Mapping[SettingsBasis, str]] = {
    SettingsBasis.PARTLY_APPLIED: "partly applied",
    SettingsBasis.PARTLY_REDUCED: "partly reduced",
    SettingsBasis.OVERWRITTEN: "changed by somebody else",
}
"""What is said instead of “active”, where nobody approved the settings as they are."""


def partnership_state_words(partnership: Partnership, now: datetime) -> str:
    """Return the state of a partnership in words, as last recorded."""
    if partnership.is_closed:
        state = "suspended" if partnership.state is PartnershipState.SUSPENDED else "revoked"
        return ", ".join(filter(None, (state, closing_rest_words(partnership.not_closed))))
    if partnership.basis is not SettingsBasis.APPROVED:
        is_due = partnership.state is PartnershipState.REVIEW_DUE or not partnership.is_as_approved
        return f"{_BASIS[partnership.basis]}, review is due" if is_due else _BASIS[partnership.basis]
    if partnership.is_past_its_end(now):
        return f"active, {ended_state_words(partnership)}"
    return "active, review is due" if partnership.state is PartnershipState.REVIEW_DUE else "active"


def partnership_icon(partnership: Partnership, now: datetime) -> str:
    """Return the emoji for `partnership_state_words`."""
    if partnership.is_closed:
        closed = "⏸️" if partnership.state is PartnershipState.SUSPENDED else "🔒"
        return "⚠️" if partnership.not_closed else closed
    is_due = partnership.state is PartnershipState.REVIEW_DUE or partnership.is_past_its_end(now)
    return "⏰" if is_due else "✅"


def partnership_facts(partnership: Partnership) -> Iterator[TextRun]:
    """State since when, under which template, until when, and when the next review is."""
    if partnership.is_closed:
        yield from _closed_facts(partnership)
        return
    is_approved = partnership.basis is SettingsBasis.APPROVED
    yield fixed_text("Settings since " if is_approved else "Settings found ")
    yield local_time(partnership.since)
    yield fixed_text(" as “" if is_approved else " after “")
    yield cleaned_text(partner_title(partnership))
    yield fixed_text(f"” ({partnership.request_id})")
    yield from basis_parts(partnership)
    if partnership.ends_at is not None and partnership.is_as_approved:
        yield fixed_text("\nUntil ")
        yield local_time(partnership.ends_at)
        yield fixed_text(f", {AT_END[partnership.at_end].then}")
    if partnership.state is PartnershipState.ACTIVE and partnership.review_due_at is not None:
        yield fixed_text("\nNext review ")
        yield local_time(partnership.review_due_at)
    yield from _review_parts(partnership)
    yield fixed_text("\nSponsor: ")
    yield cleaned_text(partnership.sponsor.name)
    if partnership.sponsor_gone_at is not None:
        yield fixed_text(" (no enabled account in Entra, found ")
        yield local_time(partnership.sponsor_gone_at)
        yield fixed_text(")")
    if partnership.handover is not None and partnership.handover.is_open:
        yield cleaned_text(f"; {partnership.handover.proposed.name} is asked to be the sponsor")
    if setup_state := setup_words(partnership.setup, partnership.confirmations):
        yield fixed_text(f"\nPartner setup: {setup_state}")


def _closed_facts(partnership: Partnership) -> Iterator[TextRun]:
    """State since when a partner is blocked, what was open then, and of a suspended one what is kept for a lift."""
    suspension = partnership.suspension
    yield fixed_text("Revoked (verified) " if suspension is None else "Suspended (verified) ")
    yield local_time(partnership.since)
    yield fixed_text(f" ({partnership.request_id})")
    if partnership.not_closed:
        yield fixed_text("\nStill open or not known then: ")
        yield cleaned_text(access_kinds_words(partnership.not_closed), MAX_ACCESS_KINDS_CHARACTERS)
    if suspension is None or suspension.request_id is None:
        return
    yield fixed_text("\nBefore: “")
    yield cleaned_text(partner_title(partnership))
    yield fixed_text(f"” ({suspension.request_id})")
    if partnership.ends_at is not None:
        yield fixed_text(", approved until ")
        yield local_time(partnership.ends_at)
    yield fixed_text("\nSponsor: ")
    yield cleaned_text(partnership.sponsor.name)


def _review_parts(partnership: Partnership) -> Iterator[TextRun]:
    """State why the open review is due, or why nobody had to answer the last one."""
    if partnership.state is PartnershipState.REVIEW_DUE and partnership.review_reasons:
        yield fixed_text("\nReview due: ")
        yield cleaned_text(reasons_words(partnership.review_reasons), MAX_REASONS_CHARACTERS)
    elif partnership.review_ended_by is not None:
        yield fixed_text("\nLast review: ")
        yield fixed_text(ended_review_words(partnership.review_ended_by))


def review_terms(partnership: Partnership) -> Iterator[TextRun]:
    """State in one line what a review decides on: the template, until when, and who answers for it."""
    yield cleaned_text(partner_title(partnership), bold=True)
    yield fixed_text(f" ({partnership.request_id})")
    if partnership.ends_at is not None and partnership.is_as_approved:
        yield fixed_text(", until ")
        yield local_day(partnership.ends_at)
        yield fixed_text(f", {AT_END[partnership.at_end].then}")
    yield fixed_text(". Sponsor: ")
    yield cleaned_text(partnership.sponsor.name)
    if partnership.sponsor_gone_at is not None:
        yield fixed_text(" (no enabled account in Entra)")
    yield from basis_parts(partnership)


def basis_parts(partnership: Partnership) -> Iterator[TextRun]:
    """State that the settings are not the approved ones, and what of the approved change is missing."""
    match partnership.basis:
        case SettingsBasis.PARTLY_APPLIED:
            yield fixed_text(
                "\n⚠️ Only a part of an approved change is in the tenant. This part was not approved on its own."
            )
        case SettingsBasis.PARTLY_REDUCED:
            yield fixed_text("\n⚠️ Only a part of the approved reduction is in the tenant. The rest is as before.")
        case SettingsBasis.OVERWRITTEN:
            yield fixed_text("\n⚠️ Somebody else changed the settings while the approved change was sent.")
        case SettingsBasis.APPROVED:
            return
    if partnership.not_applied:
        yield fixed_text(" Not applied: ")
        yield cleaned_text(access_kind_titles(partnership.not_applied), MAX_ACCESS_KINDS_CHARACTERS)
        yield fixed_text(".")


def review_buttons(
    partnership: Partnership, now: datetime, drift: Drift | None = None, *, offers_reduction: bool = True
) -> ActionsBlock | None:
    """Return Keep, Reduce, Revoke and Details while a review waits for an answer.

    Nobody can keep or reduce access after the approved end date, or settings that differ from what was approved.

    :param drift: the drift of the partner that the last sweep found; Restore then takes the place of Keep.
    :param offers_reduction: whether no reduction is requested yet.
    """
    if partnership.state is not PartnershipState.REVIEW_DUE:
        return None
    tenant_id = partnership.identity.tenant_id
    # NB. no colour: none of the answers is the recommended one.
    revoke = button("Revoke", ids.REVOKE_REVIEW, tenant_id)
    details = button("Details", ids.REVIEW_DETAILS, tenant_id)
    if drift is not None:
        restore = [button("Restore", ids.RESTORE_APPROVED, tenant_id)] if drift.can_be_restored else []
        return actions(f"review:{tenant_id}", *restore, revoke, details)
    if partnership.is_past_its_end(now) or not partnership.is_as_approved:
        return actions(f"review:{tenant_id}", revoke, details)
    reduce = [button("Reduce", ids.REDUCE, tenant_id)] if offers_reduction else []
    return actions(f"review:{tenant_id}", button("Keep", ids.KEEP, tenant_id), *reduce, revoke, details)


def partner_section_value(tenant_id: TenantId, name: PartnerSection, page: int) -> str:
    """Return the value of a button that shows one page of a list: `<tenant id>:<part>:<page>`."""
    return f"{tenant_id}:{name.value}:{page}"


def partner_section_row(tenant_id: TenantId, name: PartnerSection, text: str) -> SectionBlock:
    """Return the line below a shortened list: how much there is, and the button that shows all of it."""
    shows = button("Show all", ids.SHOW_PARTNER_SECTION, partner_section_value(tenant_id, name, 0))
    return row(text, f"part:{name.value}", shows)


def revoke_again_button(tenant_id: TenantId) -> ActionsBlock:
    """Return Revoke again, for a revocation that Microsoft does not show."""
    return actions(f"review:{tenant_id}", button("Revoke again", ids.REVOKE_REVIEW, tenant_id))


def change_sponsor_button(tenant_id: TenantId) -> ButtonElement:
    """Return Change sponsor, for the sponsor, the sponsor's manager and the admins. Who clicks it is checked."""
    return button("Change sponsor", ids.CHANGE_SPONSOR, tenant_id)


def handover_buttons(tenant_id: TenantId, number: int) -> tuple[ButtonElement, ButtonElement]:
    """Return Accept and Decline, for the person who is asked to be the sponsor."""
    value = ids.handover_value(tenant_id, number)
    accept = button("Accept", ids.ACCEPT_SPONSORSHIP, value)
    return accept, button("Decline", ids.DECLINE_SPONSORSHIP, value)


def withdraw_handover_buttons(
    partnership: Partnership, reader: Collection[ChatId | PersonId]
) -> tuple[ButtonElement, ...]:
    """Return Withdraw question for whoever proposed another sponsor who has not answered; nothing for others."""
    handover = partnership.handover
    if handover is None or not handover.is_open:
        return ()
    if not {handover.proposed_by.id, handover.proposed_by.chat_id} & set(reader):
        return ()
    value = ids.handover_value(partnership.identity.tenant_id, handover.number)
    return (button("Withdraw question", ids.WITHDRAW_HANDOVER, value),)


def access_test_buttons(tenant_id: TenantId, question: int) -> tuple[ButtonElement, ...]:
    """Return the answers to the question whether the access works, and how to test it."""
    value = ids.handover_value(tenant_id, question)
    return (
        button("Yes, it works", ids.ACCESS_WORKS, value),
        button("No", ids.ACCESS_FAILS, value),
        button("Not tried yet", ids.ACCESS_NOT_TRIED, value),
        button("How to test", ids.HOW_TO_TEST, tenant_id),
    )


def ask_access_test_button(tenant_id: TenantId, label: str = "Ask if it works") -> ButtonElement:
    """Return the button that has the question asked. Who clicks it is checked."""
    return button(label, ids.ASK_ACCESS_TEST, tenant_id)


def diagnose_button(tenant_id: TenantId, question: int) -> ButtonElement:
    """Return Find the cause, which explains what the answer to a question names. Who clicks it is checked."""
    return button("Find the cause", ids.DIAGNOSE_FAILURE, ids.handover_value(tenant_id, question))


def close_early_button(tenant_id: TenantId) -> ButtonElement:
    """Return Close early, which opens a request to block a partner. One approver decides on it."""
    return button("Close early", ids.CLOSE_EARLY, tenant_id)


def partner_row(partnership: Partnership, now: datetime, drift: str = "") -> RichTextBlock:
    """Return one partner in a few lines, tenant first.

    :param drift: how the settings differ from the approved ones, in a few words.
    """
    identity = partnership.identity
    drifted = [fixed_text("⚠️ Not as approved: "), cleaned_text(drift), fixed_text("\n")] if drift else []
    state = f": recorded as {partnership_state_words(partnership, now)}\n"
    return rich_text(
        paragraph(
            fixed_text(f"{partnership_icon(partnership, now)} "),
            cleaned_text(partner_name(identity), DOMAIN_LIMIT, bold=True),
            fixed_text(state),
            *drifted,
            *partnership_facts(partnership),
            fixed_text("\nDisplay name: "),
            cleaned_text(identity.display_name, 80),
            fixed_text(" (not verified)"),
        )
    )

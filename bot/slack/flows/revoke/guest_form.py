"""The windows that disable or enable guest accounts: which accounts and why, and the typed confirmation. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from slack_sdk.models.blocks import Block, Option, PlainTextInputElement, RadioButtonsElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import NAME_LIMIT, Json, bullets, cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import input_block, message_view, modal, option, text_area
from bot.slack.blocks.untrusted import clean, encodable
from bot.slack.cards.approval.sections.accounts import preview_elements
from bot.slack.cards.partner_and_plan import identity_block
from bot.slack.payloads.button_values import parse_tenant_id
from bot.slack.payloads.models import Interaction
from bot.words.plans.accounts import CHANGES, NEVER_WRITTEN, after_words
from bot.words.sentences import counted
from workflows.app.evidence.guests.chosen import MAX_CHOSEN, split_chosen
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.accounts import AccountChange, AccountEnd
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.reviews.terms import GuestLimits
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.guest_accounts import account_plan, confirmation_text, progress_of
from workflows.core.settings.model import TenantId

MAX_LIST_CHARACTERS: Final = 3000
"""Characters that Slack accepts in one field: about eighty object IDs."""
_LIST_HINT: Final = "Mail addresses or object IDs of guests of this partner, one a line."
_LISTED: Final = "Only those in the list below"
_LIST_NOT_CHOSEN: Final = f"There is a list below. Choose “{_LISTED}”, or empty the list."
REASON_MISSING: Final = "The reason is missing. Write why."
_PREVIEW_FOLLOWS: Final = (
    "Guest accounts and directory roles are being read. You get the preview as a direct message. "
    "Nothing is written before you confirm it there."
)


_MAX_UNKNOWN: Final = 20


class Which(StrEnum):
    """Which accounts. The values stand in the window."""

    ALL = "all"
    FOUND = "found"
    """Those that a review finds: without a sign-in for long, and old invitations."""
    LISTED = "listed"


_CHOICES: Final[Mapping[AccountChange, tuple[Which, ...]]] = {
    AccountChange.DISABLE: (Which.ALL, Which.FOUND, Which.LISTED),
    AccountChange.ENABLE: (Which.ALL, Which.LISTED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsForm:
    """What was filled in, and what is wrong with it, by field."""

    tenant_id: TenantId
    change: AccountChange
    which: Which
    listed: tuple[str, ...]
    """The typed addresses and ids; empty for another choice."""
    text: str
    """The list exactly as it was typed."""
    reason: str
    problems: Mapping[str, str]


def accounts_view(
    identity: TenantIdentity,
    change: AccountChange,
    limits: GuestLimits,
    *,
    address: str = "",
    sent: AccountsForm | None = None,
    problem: Sequence[RichTextElement] = (),
) -> Json:
    """Return the window that asks which accounts are disabled or enabled, and why. Nothing is written by it.

    :param address: the one person whom an answer was about, and who is listed; empty for all.
    :param sent: what was filled in before; it stays.
    :param problem: what is wrong with its list; it stands at the list.
    """
    words, which = CHANGES[change], _first_choice(change, address) if sent is None else sent.which
    choices = {one: _choice(one, change, limits) for one in _CHOICES[change]}
    listed = PlainTextInputElement(
        action_id=ids.ACCOUNTS_LIST,
        multiline=True,
        max_length=MAX_LIST_CHARACTERS,
        initial_value=encodable(address if sent is None else sent.text) or None,
    )
    radio = RadioButtonsElement(
        action_id=ids.ACCOUNTS_WHICH, options=list(choices.values()), initial_option=choices[which]
    )
    why = text_area(ids.REASON, initial="" if sent is None else sent.reason)
    blocks: list[Block] = [
        identity_block(identity),
        rich_text(paragraph(fixed_text(f"{words.effect} {NEVER_WRITTEN}"))),
        input_block("Which accounts?", ids.ACCOUNTS_WHICH, radio),
        *([rich_text(*problem)] if problem else []),
        input_block("The list", ids.ACCOUNTS_LIST, listed, hint=_LIST_HINT, is_optional=True),
        input_block("Why?", ids.REASON, why, hint="It is recorded, and shown with the request."),
    ]
    metadata = f"{change.value}:{identity.tenant_id}"
    return modal(words.form_title, blocks, ids.ACCOUNTS_FORM, submit="Show preview", metadata=metadata)


def _first_choice(change: AccountChange, address: str) -> Which:
    """Return the choice at the beginning. Accounts are enabled by name: some of all were disabled on purpose."""
    return Which.LISTED if address or change is AccountChange.ENABLE else Which.ALL


def _choice(which: Which, change: AccountChange, limits: GuestLimits) -> Option:
    match which:
        case Which.ALL:
            return option(f"All that may be {CHANGES[change].done}", which.value)
        case Which.FOUND:
            days, older = limits.unused_after.days, limits.invited_before.days
            return option(f"No sign-in for {days} days, or an invitation older than {older} days", which.value)
        case Which.LISTED:
            return option(_LISTED, which.value)


def parse_accounts_form(click: Interaction) -> AccountsForm:
    """Read the window, and what is wrong with it.

    :raises Refused: when the window was not made by Gatehouse.
    """
    view = click.required_view
    change, _, tenant_id = view.private_metadata.partition(":")
    try:
        parsed, which = AccountChange(change), Which(view.value(ids.ACCOUNTS_WHICH) or Which.ALL)
    except ValueError as error:
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE) from error
    text = view.value(ids.ACCOUNTS_LIST)
    listed = split_chosen(text) if which is Which.LISTED else ()
    reason = view.value(ids.REASON).strip()
    problems = {}
    if which is Which.LISTED and not listed:
        problems[ids.ACCOUNTS_LIST] = "The list is empty. Paste addresses or object IDs, or make another choice."
    if which is not Which.LISTED and split_chosen(text):
        problems[ids.ACCOUNTS_WHICH] = _LIST_NOT_CHOSEN
    if len(listed) > MAX_CHOSEN:
        problems[ids.ACCOUNTS_LIST] = f"These are {len(listed)}. At most {MAX_CHOSEN} can be listed at once."
    if not reason:
        problems[ids.REASON] = REASON_MISSING
    return AccountsForm(
        tenant_id=parse_tenant_id(tenant_id),
        change=parsed,
        which=which,
        listed=listed,
        text=text,
        reason=reason,
        problems=problems,
    )


def received_view(change: AccountChange) -> Json:
    """Return the view that says that the preview follows."""
    return message_view(CHANGES[change].form_title, _PREVIEW_FOLLOWS)


def confirm_view(request: AccessRequest, *, is_partner_closed: bool = False) -> Json:
    """Return the window that asks to type the partner and the number of accounts.

    :param is_partner_closed: whether the partner is revoked or suspended: then there is no undo.
    :raises Refused: while the request has no plan yet.
    """
    plan, text = account_plan(request), clean(confirmation_text(request), 300)
    words = CHANGES[plan.change]
    field = PlainTextInputElement(action_id=ids.CONFIRM, max_length=300)
    blocks: list[Block] = [
        identity_block(request.require_prepared().observation.identity),
        rich_text(
            *preview_elements(plan), paragraph(fixed_text(after_words(plan, is_partner_closed=is_partner_closed)))
        ),
        input_block(f"Type {text} to confirm", ids.CONFIRM, field),
    ]
    submit = f"{words.verb.capitalize()} {counted(len(plan.accounts), 'account')}"
    return modal(words.confirm_title, blocks, ids.CONFIRM_ACCOUNTS, submit=submit, metadata=ids.decision_value(request))


def undo_view(request: AccessRequest) -> Json:
    """Return the window that asks why a disabling is undone. A preview follows.

    :raises Refused: while the request has no plan yet.
    """
    done = counted(progress_of(request).count(AccountEnd.DONE), "account")
    text = f"This enables the {done} that {request.id} disabled, as far as nobody changed them since. "
    blocks: list[Block] = [
        identity_block(request.require_prepared().observation.identity),
        rich_text(paragraph(fixed_text(f"{text}You see a preview first."))),
        input_block("Why?", ids.REASON, text_area(ids.REASON), hint="It is recorded."),
    ]
    return modal("Undo disabling", blocks, ids.UNDO_ACCOUNTS_FORM, submit="Show preview", metadata=request.id)


def unknown_elements(
    unknown: tuple[str, ...], shared: Mapping[str, int], *, is_complete: bool
) -> tuple[RichTextElement, ...]:
    """Return what of the list chooses no guest of the partner, for the window that was sent. Nothing was stored.

    :param shared: the addresses that several accounts have, and how many.
    :param is_complete: whether everything was read.
    """
    return (
        paragraph(fixed_text("⚠️ Check the list. Nothing was stored.", bold=True)),
        *(_unknown(unknown, is_complete=is_complete) if unknown else ()),
        *(_shared(shared) if shared else ()),
    )


def _unknown(unknown: tuple[str, ...], *, is_complete: bool) -> Iterator[RichTextElement]:
    what = "no guest of this partner" if is_complete else "not found for certain"
    unread = "" if is_complete else " Not everything could be read: try again later, or use object IDs."
    yield paragraph(fixed_text(f"{counted(len(unknown), 'entry is', 'entries are')} {what}.{unread}"))
    yield bullets(_first([[cleaned_text(one, NAME_LIMIT)] for one in unknown]))


def _shared(shared: Mapping[str, int]) -> Iterator[RichTextElement]:
    number = counted(len(shared), "address has", "addresses have")
    yield paragraph(fixed_text(f"{number} more than one account. Choose one by its object ID."))
    lines = [[cleaned_text(address, NAME_LIMIT), fixed_text(f": {n} accounts")] for address, n in shared.items()]
    yield bullets(_first(lines))


def _first(shown: list[list[RichTextElement]]) -> list[list[RichTextElement]]:
    """Return the first lines of a list, and how many more there are."""
    more = len(shown) - _MAX_UNKNOWN
    return shown if more <= 0 else [*shown[:_MAX_UNKNOWN], [fixed_text(f"and {more} more")]]

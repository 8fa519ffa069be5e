"""The part of the request form below the partner: which organization it is, what applies to it, what is open. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from slack_sdk.models.blocks import ActionsBlock, RichTextBlock
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    actions,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    paragraph,
    rich_text,
)
from bot.slack.cards.partner_and_plan import MAX_SETTING_CHARACTERS, identity_paragraph
from bot.slack.cards.requests import edit_element, withdraw_element
from bot.words.plans.consequences import default_guests_end_words
from bot.words.plans.current_settings import describe_current
from bot.words.refusals.sentences import fact_words
from bot.words.requests.form import NOT_A_PARTNER, NOT_ADDED, guests_words
from workflows.app.requests.open_request import may_edit, may_withdraw, open_request_fact
from workflows.core.people import ChatId, PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import AccessRequest, ObservedPartner
from workflows.core.requests.transitions.taking_part.supporting import may_support
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import Property
from workflows.core.settings.open_access import AccessState, access_state_of

MAX_SHOWN_SETTINGS: Final = 15
"""Settings of the partner in the form; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupResult:
    """The result of looking up the target."""

    identity: TenantIdentity
    has_configuration: bool
    """Whether the partner has its own configuration already."""
    setting_lines: tuple[str, ...] = ()
    """The settings of that configuration, one in each line."""
    extracted_name: str = ""
    """The name that was found in the typed text; empty when the text was only the name."""
    open_request: AccessRequest | None = None
    """The open request about this partner."""
    viewer_account: PersonId | None = None
    """The account of the person who looks up; set when the chat id alone does not show whose request it is."""
    default_guest_access: AccessState = AccessState.UNKNOWN
    """How far the tenant's default lets the partner's guests in; unknown when the partner has a setting of its own."""

    @classmethod
    def of(
        cls,
        observation: ObservedPartner,
        *,
        typed_text: str = "",
        open_request: AccessRequest | None = None,
        viewer_account: PersonId | None = None,
    ) -> Self:
        """Return a summary of the directory's answer."""
        typed_name = observation.identity.typed_name
        is_cross_cloud = not observation.identity.is_resolved
        current = describe_current(observation.configuration, observation.default, is_cross_cloud=is_cross_cloud)
        return cls(
            identity=observation.identity,
            has_configuration=observation.configuration is not None,
            setting_lines=tuple(f"{entry.setting}: {entry.words}" for entry in current if entry.is_own),
            extracted_name="" if typed_text.strip().lower() in ("", typed_name) else typed_name,
            open_request=open_request,
            viewer_account=viewer_account,
            default_guest_access=_inherited_guests(observation),
        )


def _inherited_guests(observation: ObservedPartner) -> AccessState:
    """Return how far the default lets guests in, where it decides on it alone."""
    is_cross_cloud = not observation.identity.is_resolved
    effective = effective_settings(observation.configuration, observation.default, is_cross_cloud=is_cross_cloud)
    guests = effective.targets[Property.B2B_COLLABORATION_INBOUND]
    is_default = all(origin.is_inherited for origin in guests.origins)
    return access_state_of(guests) if is_default else AccessState.UNKNOWN


def target_result(
    lookup_result: LookupResult | None,
    problem: str,
    requester: ChatId,
    *,
    is_closing: bool = False,
    ends_default_guests: bool = False,
) -> RichTextBlock:
    """Return the text below the target: the tenant and what exists already, or the problem in words.

    :param is_closing: whether access is to be closed.
    :param ends_default_guests: whether the chosen template leaves guests to the default, and ends in a block.
    """
    if problem:
        text = paragraph(fixed_text("⚠️ Problem: ", bold=True), cleaned_text(problem, 1000, lines=True))
        return rich_text(text, block_id=ids.TARGET_RESULT)
    if lookup_result is None:
        return rich_text(paragraph(fixed_text("No organization looked up yet.")), block_id=ids.TARGET_RESULT)
    elements: list[RichTextElement] = [identity_paragraph(lookup_result.identity)]
    if lookup_result.extracted_name:
        elements.insert(
            0,
            paragraph(
                fixed_text("Taken from what you typed: "),
                cleaned_text(lookup_result.extracted_name, DOMAIN_LIMIT, bold=True),
            ),
        )
    if lookup_result.open_request is not None:
        open_request, account = lookup_result.open_request, lookup_result.viewer_account
        is_offered = may_support(open_request, requester, account, is_closing=is_closing)
        open_one = fact_words(open_request_fact(open_request, requester, account, may_support=is_offered))
        elements.append(paragraph(fixed_text("⏳ "), cleaned_text(open_one, 600, bold=True)))
    applies = _what_applies(lookup_result, is_closing=is_closing, ends_default_guests=ends_default_guests)
    return rich_text(*elements, *applies, block_id=ids.TARGET_RESULT)


def _what_applies(
    lookup_result: LookupResult, *, is_closing: bool, ends_default_guests: bool
) -> Iterator[RichTextElement]:
    if not lookup_result.has_configuration and not lookup_result.identity.is_resolved:
        yield paragraph(fixed_text(NOT_ADDED))
    elif not lookup_result.has_configuration:
        yield paragraph(fixed_text(NOT_A_PARTNER))
    elif not lookup_result.setting_lines:
        yield paragraph(fixed_text("Already a partner, without any setting of its own."))
    else:
        yield paragraph(fixed_text("Already a partner. Set for it now:"))
        items = [
            [cleaned_text(line, MAX_SETTING_CHARACTERS)] for line in lookup_result.setting_lines[:MAX_SHOWN_SETTINGS]
        ]
        if more := len(lookup_result.setting_lines) - len(items):
            items.append([fixed_text(f"and {more} more; /partner show with the domain lists them")])
        yield bullets(items)
    guests = guests_words(lookup_result.default_guest_access)
    if guests and not is_closing:
        # A template that leaves guests to the default is no way to ask for more of them, or for less.
        yield paragraph(fixed_text(f"⚠️ {default_guests_end_words(is_at_end=True) if ends_default_guests else guests}"))
    elif guests:
        yield paragraph(fixed_text(f"⚠️ {default_guests_end_words(is_at_end=False)}"))


def open_request_buttons(
    lookup_result: LookupResult | None, requester: ChatId, *, is_closing: bool = False
) -> Iterator[ActionsBlock]:
    """Return the buttons for the open request that this person may use; every click is checked again.

    :param is_closing: whether access is to be closed. What opens access is then not supported.
    """
    if lookup_result is None or lookup_result.open_request is None:
        return
    open_request = lookup_result.open_request
    buttons = []
    if open_request.prepared is not None:
        buttons.append(button("Show", ids.REVIEW_REQUEST, ids.decision_value(open_request)))
    if may_edit(open_request, requester, lookup_result.viewer_account):
        buttons.append(edit_element(open_request))
    if may_withdraw(open_request, requester, lookup_result.viewer_account):
        buttons.append(withdraw_element(open_request))
    if may_support(open_request, requester, lookup_result.viewer_account, is_closing=is_closing):
        buttons.append(button("Support it", ids.SUPPORT, open_request.id))
    if buttons:
        yield actions(f"waiting:{open_request.id}", *buttons)

"""The view of the form that requests access for a partner. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from slack_sdk.models.blocks import Block, InputBlock, PlainTextInputElement, UserSelectElement
from slack_sdk.models.blocks.basic_components import DispatchActionConfig

from bot.slack import ids
from bot.slack.blocks.blocks import (
    Json,
    Limit,
    actions,
    button,
    fixed_text,
    paragraph,
    plain_text,
    small_text,
)
from bot.slack.blocks.freeze_banner import freeze_banner
from bot.slack.blocks.modal import SPONSOR_HINT, input_block, message_view, modal, text_area
from bot.slack.blocks.untrusted import cut, encodable
from bot.slack.flows.request_access.approvers_in_form import approvers_blocks
from bot.slack.flows.request_access.fields import (
    duration_field,
    end_date_field,
    for_person_field,
    left_out_field,
    not_offered_note,
    placeholder_fields,
    start_date_field,
    template_field,
    ticket_field,
)
from bot.slack.flows.request_access.partner_result import LookupResult, open_request_buttons, target_result
from bot.slack.people.approvers import StageApprovers
from bot.words.requests.form import (
    EDITED_PARTNER,
    NOT_CHOSEN,
    edit_effect_words,
    refill_note_words,
)
from bot.words.reviews.template_policy import chosen_template_words
from bot.words.settings.capabilities import ONE_WAY
from workflows.app.requests.forms import EditedRequest, RefillCode
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId
from workflows.core.plans.plan import AtEnd
from workflows.core.policy.left_out import known_parts
from workflows.core.policy.offers import Offer
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.policy.template import Template
from workflows.core.settings.model import Property, TenantId

REQUEST_TITLE = "Request partner access"
CLOSE_TITLE = "Close partner access"
EDIT_TITLE = "Edit request"


_NOTE_ICONS: Final[Mapping[str, str]] = {RefillCode.GIVES_LESS: "", RefillCode.CHANGES_REQUESTED: "✏️ "}
"""The icons of notes that warn of nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestForm:
    """The content of the request form. Empty fields are shown empty, except that the requester is the first sponsor."""

    offers: Sequence[Offer]
    requester: ChatId
    target: str = ""
    lookup_result: LookupResult | None = None
    problem: str = ""
    template: str = ""
    justification: str = ""
    sponsor: ChatId | None = None
    days: int = 0
    ends_on: str = ""
    starts_on: str = ""
    ticket: str = ""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """The values for the template's placeholders, by name."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The text of the option that was chosen for one of them, by name."""
    unsearchable: Mapping[str, Fact] = field(default_factory=dict)
    """Why our own directory cannot be searched for one of them, by name."""
    approvers_by_stage: Sequence[StageApprovers] = ()
    """Who would decide on the chosen template."""
    edited_request: EditedRequest | None = None
    """What the form edits; None for a new request."""
    approval_count: int = 0
    """How many people have approved what it edits."""
    notes: Mapping[str, Fact] = field(default_factory=dict)
    """What of the earlier request that it was filled in from is different today, by the field."""
    freeze: Freeze | None = None
    """The freeze in force: the request may be sent and decided, and is applied later."""
    left_out: Sequence[str] = ()
    """The parts of the template that are not asked for, by their codes."""
    offered_to_leave_out: Sequence[str] = ()
    """Those that the earlier request did not ask for."""
    answers_review_of: TenantId | None = None
    """The partner whose review the request answers; None for any other request."""
    for_person: ChatId | None = None
    """On whose behalf it is sent; None for the person who fills the form in."""
    not_offered: Sequence[Template] = ()
    """The templates that only other people may request."""

    @property
    def chosen_offer(self) -> Offer | None:
        """Return the chosen template, if any."""
        return next((offer for offer in self.offers if offer.template.name == self.template), None)

    @property
    def template_chosen(self) -> Template | None:
        """Return the chosen template, if any."""
        return None if self.chosen_offer is None else self.chosen_offer.template

    @property
    def offered_templates(self) -> Sequence[Template]:
        """Return the templates for the rest of the form: the chosen one, or all of them."""
        return [one.template for one in ((self.chosen_offer,) if self.chosen_offer else self.offers)]


def request_view(form: RequestForm) -> Json:
    """Return the request form. Slack keeps the state of its fields; nothing is decided by its metadata."""
    if not form.offers:
        return message_view(REQUEST_TITLE, "There is no access template to choose from. Tell an administrator.")
    template = form.template_chosen
    blocks: list[Block] = [
        *freeze_banner(None if form.chosen_offer is not None and form.chosen_offer.closes else form.freeze),
        *_partner(form),
        template_field(form.offers, form.template),
        *_note(form, ids.TEMPLATE),
        *not_offered_note(form.not_offered),
        small_text(*([NOT_CHOSEN] if form.chosen_offer is None else chosen_template_words(form.chosen_offer))),
        *approvers_blocks(
            form.approvers_by_stage,
            (form.requester, form.sponsor or form.requester, form.for_person or form.requester),
            offer=form.chosen_offer,
        ),
        *for_person_field(None if form.edited_request else template, form.for_person or form.requester),
        *placeholder_fields(template, form.placeholders, form.labels, form.unsearchable),
        input_block("Justification", ids.JUSTIFICATION, text_area(ids.JUSTIFICATION, form.justification)),
        *ticket_field(None if template is None else template.ticket, form.ticket),
        input_block(
            "Sponsor",
            ids.SPONSOR,
            UserSelectElement(action_id=ids.SPONSOR, initial_user=form.sponsor or form.requester),
            hint=SPONSOR_HINT,
        ),
        *_end_fields(form, template),
        *_left_out_fields(form, template),
    ]
    answered = {} if form.answers_review_of is None else {ids.ANSWERS_REVIEW: form.answers_review_of}
    metadata = {ids.LOOKED_UP: cut(form.target, 300), **_placeholders_shown(template), **answered}
    if form.edited_request is not None:
        metadata[ids.EDITS] = f"{form.edited_request.request_id}:{form.edited_request.digest}"
        return modal(EDIT_TITLE, blocks, ids.EDIT_REQUEST, submit="Send again", metadata=json.dumps(metadata))
    title = CLOSE_TITLE if form.chosen_offer is not None and form.chosen_offer.closes else REQUEST_TITLE
    return modal(title, blocks, ids.REQUEST_ACCESS, submit="Send request", metadata=json.dumps(metadata))


def _end_fields(form: RequestForm, template: Template | None) -> Iterator[Block]:
    """Return the fields for start and end of the access. What only closes a partner has neither."""
    if form.chosen_offer is not None and form.chosen_offer.closes:
        return
    yield from start_date_field(template, form.starts_on)
    yield duration_field(form.offered_templates, form.days)
    yield from _note(form, ids.DURATION)
    yield from end_date_field(template, form.ends_on)
    yield from _note(form, ids.END_DATE)


def _left_out_fields(form: RequestForm, template: Template | None) -> Iterator[Block]:
    """Return the parts of the template that the earlier request left out, so that its requester sees them."""
    codes = () if template is None else known_parts(template.settings, form.offered_to_leave_out)
    if codes:
        yield left_out_field(codes, form.left_out)


def _partner(form: RequestForm) -> Iterator[Block]:
    """Return the field for the partner with what was found. An edit only shows it, and says what sending does."""
    is_closing = form.chosen_offer is not None and form.chosen_offer.closes
    chosen = None if form.chosen_offer is None else form.chosen_offer.template
    target_blocks = target_result(
        form.lookup_result,
        form.problem,
        form.requester,
        is_closing=is_closing,
        ends_default_guests=chosen is not None and _leaves_guests_to_default(chosen),
    )
    if chosen is not None and Property.M365_CAPABILITIES in chosen.settings:
        target_blocks.elements.append(paragraph(fixed_text(ONE_WAY)))
    if form.edited_request is None:
        yield _target_field(form)
        yield target_blocks
        yield from open_request_buttons(form.lookup_result, form.requester, is_closing=is_closing)
        return
    yield target_blocks
    yield from _note(form, ids.EDITS)
    yield small_text(EDITED_PARTNER, *edit_effect_words(form.approval_count))
    yield actions(f"edits:{form.edited_request.request_id}", button("New request", ids.OPEN_REQUEST, "edit"))


def _leaves_guests_to_default(template: Template) -> bool:
    """Return whether a template has no setting for guests, and its access ends in a block, which has one."""
    is_blocked = template.at_end is AtEnd.BLOCK and template.may_end_on_date
    return is_blocked and Property.B2B_COLLABORATION_INBOUND not in template.settings


def _note(form: RequestForm, field: str) -> Iterator[Block]:
    """Return how a field differs from the request that the form was filled in from."""
    if field in form.notes:
        note = form.notes[field]
        icon = _NOTE_ICONS.get(note.code, "⚠️ ")
        yield small_text(f"{icon}{refill_note_words(note)}")


def _target_field(form: RequestForm) -> InputBlock:
    element = PlainTextInputElement(
        action_id=ids.TARGET,
        initial_value=encodable(cut(form.target, 300)) or None,
        max_length=300,
        dispatch_action_config=DispatchActionConfig(trigger_actions_on=["on_enter_pressed"]),
        placeholder=plain_text("contoso.com", Limit.OPTION),
    )
    # Slack sends a text field on Enter only, not when the user leaves it (Slack: "Dispatch action configuration
    # object").
    hint = "Press Enter to see which organization it is."
    return input_block("Partner domain or tenant ID", ids.TARGET, element, hint=hint, is_dispatched=True)


def _placeholders_shown(template: Template | None) -> dict[str, str]:
    """Return the template of the shown placeholders, so that they are not taken for another's."""
    return {ids.PLACEHOLDERS_OF: template.name} if template is not None and template.placeholders else {}

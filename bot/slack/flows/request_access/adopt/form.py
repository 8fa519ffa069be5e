"""The view of the form that adopts the current settings of a partner. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from slack_sdk.models.blocks import Block, StaticSelectElement, UserSelectElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import Json, cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import SPONSOR_HINT, input_block, message_view, modal, option, text_area
from bot.slack.cards.approval.sections.open_now import open_now, open_now_elements
from bot.slack.cards.partner_and_plan import finding_elements, identity_block
from bot.slack.cards.risk import risk_elements, unchanged_access_elements
from bot.slack.flows.request_access.approvers_in_form import approvers_blocks
from bot.slack.people.approvers import StageApprovers
from bot.words.plans.changes import duration_words
from bot.words.settings.values import NO_NAMES
from workflows.app.adoption.adopt_intake import AdoptForm
from workflows.app.adoption.adopting import ProposedAdoption
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.canonical import JsonObject

ADOPT_TITLE: Final = "Adopt settings"
_ABOUT: Final = (
    "After approval, these settings become the record: with a sponsor, reviews and an end. Nothing is written to the "
    "tenant. If they change before that, it needs new approval."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptFormContent:
    """The content of the form: what stands, as it was just read."""

    identity: TenantIdentity
    default: JsonObject | None
    proposal: ProposedAdoption
    form: AdoptForm
    names: Mapping[str, str] = field(default_factory=lambda: NO_NAMES)
    """The names in our own directory of its ids, by id."""
    who_decides: Sequence[StageApprovers] = ()


def adopt_view(content: AdoptFormContent) -> Json:
    """Return the form. Its metadata names the tenant and what the form shows, and is unverified when it comes back."""
    form = content.form
    excluded = (form.requester, form.sponsor, *(one.chat_id for one in content.proposal.authors if one.chat_id))
    blocks: list[Block] = [
        identity_block(content.identity),
        rich_text(*_elements(content)),
        *approvers_blocks(content.who_decides, excluded),
        input_block("Justification", ids.JUSTIFICATION, text_area(ids.JUSTIFICATION, form.justification)),
        input_block(
            "Sponsor",
            ids.SPONSOR,
            UserSelectElement(action_id=ids.SPONSOR, initial_user=form.sponsor),
            hint=SPONSOR_HINT,
        ),
        _duration_field(content),
    ]
    metadata = f"{form.tenant_id}:{form.shown_settings}"
    return modal(ADOPT_TITLE, blocks, ids.ADOPT_SETTINGS, submit="Send request", metadata=metadata)


def problem_view(text: str) -> Json:
    """Return the window that says why the settings cannot be adopted."""
    return message_view(ADOPT_TITLE, text)


def _elements(content: AdoptFormContent) -> Iterator[RichTextElement]:
    plan, default, names = content.proposal.plan, content.default, content.names
    yield paragraph(fixed_text(_ABOUT))
    yield from open_now_elements(open_now(plan, default, names))
    yield paragraph(*_template_parts(content.proposal))
    yield from risk_elements(plan, default)
    yield from finding_elements(content.proposal.findings)
    yield from unchanged_access_elements(plan, default, names)


def _template_parts(proposal: ProposedAdoption) -> list[RichTextElement]:
    if proposal.equal is None:
        return [fixed_text("Same as template: ", bold=True), fixed_text("none. The strongest approval policy decides.")]
    return [fixed_text("Same as template: ", bold=True), cleaned_text(proposal.equal.title, 80)]


def _duration_field(content: AdoptFormContent) -> Block:
    template = content.proposal.decides
    options = [option(duration_words(one), str(one.days)) for one in template.durations[:100]]
    chosen = content.form.days or template.default_duration.days
    element = StaticSelectElement(
        action_id=ids.DURATION,
        options=options,
        initial_option=next((one for one in options if one.value == str(chosen)), None),
    )
    hint = f"How long the settings are approved. A review every {template.review_interval.days} days."
    return input_block("Duration", ids.DURATION, element, hint=hint)

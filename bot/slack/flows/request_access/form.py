"""The view of the form that requests access for a partner. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    InputBlock,
    PlainTextInputElement,
    RichTextBlock,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.blocks.basic_components import DispatchActionConfig
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN,
    Json,
    Limit,
    actions,
    bullets,
    button,
    footnote,
    paragraph,
    part,
    plain_text,
    rich,
    words,
)
from bot.slack.blocks.modal import SPONSOR_HINT, input_block, message_view, modal, option, text_area
from bot.slack.blocks.untrusted import cut, encodable
from bot.slack.cards.partners import MOST_LINE, identity_paragraph
from bot.words.actions import with_commands
from bot.words.found_object import found_words
from bot.words.plans.changes import duration_words
from bot.words.plans.current_settings import describe_current
from bot.words.refusals.ids import wanted_words
from bot.words.refusals.words import fact_words
from workflows.app.requests.open_request import may_withdraw, open_request_fact
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId, PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.template import Template
from workflows.core.requests.request import AccessRequest, ObservedPartner
from workflows.core.settings.directory_objects import Owner
from workflows.ports.tenant_settings import FoundObject

REQUEST_TITLE = "Request partner access"
_NOT_ADDED = (
    "Not a partner yet. A tenant of another Microsoft cloud is blocked until it is added here, whatever the tenant's "
    "default says."
)
_MUST_LOOK = "Not sent yet. Check what was found for the names below, then send again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result of looking up the target."""

    identity: TenantIdentity
    exists: bool
    """Whether the partner has its own configuration already."""
    lines: tuple[str, ...] = ()
    """The settings of that configuration, one in each line."""
    taken: str = ""
    """The name that was found in the typed text; empty when the text was only the name."""
    waiting: AccessRequest | None = None
    """The open request about this partner."""
    account: PersonId | None = None
    """The account of the person who looks up, when the chat id does not show that the open request is theirs."""

    @classmethod
    def of(
        cls,
        observation: ObservedPartner,
        *,
        typed: str = "",
        waiting: AccessRequest | None = None,
        account: PersonId | None = None,
    ) -> Self:
        """Return a summary of the directory's answer."""
        asked = observation.identity.asked
        is_cross_cloud = not observation.identity.is_resolved
        current = describe_current(observation.configuration, observation.default, is_cross_cloud=is_cross_cloud)
        return cls(
            identity=observation.identity,
            exists=observation.configuration is not None,
            lines=tuple(f"{entry.setting}: {entry.words}" for entry in current if entry.is_own),
            taken="" if typed.strip().lower() in ("", asked) else asked,
            waiting=waiting,
            account=account,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestForm:
    """The content of the request form. Empty fields are shown empty, except that the requester is the first sponsor."""

    templates: Sequence[Template]
    requester: ChatId
    target: str = ""
    found: Found | None = None
    problem: str = ""
    template: str = ""
    justification: str = ""
    sponsor: ChatId | None = None
    days: int = 0
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """The values typed for the template's placeholders, by name."""
    named: Mapping[str, FoundObject] = field(default_factory=dict)
    """The objects that were found for names among them."""
    name_problems: Mapping[str, Fact] = field(default_factory=dict)
    must_look: bool = False
    """Whether the person must see the found objects before sending."""

    @property
    def chosen(self) -> Template | None:
        """Return the chosen template, if any."""
        return next((template for template in self.templates if template.name == self.template), None)

    @property
    def offered(self) -> Sequence[Template]:
        """Return the templates for the rest of the form: the chosen one, or all of them."""
        return self.templates if self.chosen is None else (self.chosen,)


def request_view(form: RequestForm) -> Json:
    """Return the request form. Slack keeps the state of its fields; nothing is decided by its metadata."""
    if not form.templates:
        return message_view(REQUEST_TITLE, "There is no access template to choose from. Tell an administrator.")
    blocks: list[Block] = [
        _target_field(form),
        _target_result(form),
        *_waiting_buttons(form),
        _template_field(form),
        footnote(*(f"{t.title}: {t.description}" for t in form.offered)),
        *_placeholder_fields(form),
        input_block("Justification", ids.JUSTIFICATION, text_area(ids.JUSTIFICATION, form.justification)),
        input_block(
            "Sponsor",
            ids.SPONSOR,
            UserSelectElement(action_id=ids.SPONSOR, initial_user=form.sponsor or form.requester),
            hint=SPONSOR_HINT,
        ),
        _duration_field(form),
    ]
    if form.must_look:
        blocks.insert(0, rich(paragraph(words(_MUST_LOOK, bold=True))))
    metadata = json.dumps({"looked_up": cut(form.target, 300), **_placeholders_shown(form)})
    return modal(REQUEST_TITLE, blocks, ids.REQUEST_ACCESS, submit="Send request", metadata=metadata)


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
    hint = "Press Enter to see which organization it is. It is checked again when you send."
    return input_block("Partner domain or tenant ID", ids.TARGET, element, hint=hint, is_dispatched=True)


def _target_result(form: RequestForm) -> RichTextBlock:
    """Return the text below the target: the tenant and what exists already, or the problem in words."""
    if form.problem:
        said = paragraph(words("⚠️ Problem: ", bold=True), part(with_commands(form.problem), 1000, lines=True))
        return rich(said, block_id=ids.TARGET_RESULT)
    if form.found is None:
        return rich(paragraph(words("No organization looked up yet.")), block_id=ids.TARGET_RESULT)
    elements: list[RichTextElement] = [identity_paragraph(form.found.identity)]
    if form.found.taken:
        elements.insert(0, paragraph(words("Taken from what you typed: "), part(form.found.taken, DOMAIN, bold=True)))
    if form.found.waiting is not None:
        open_one = fact_words(open_request_fact(form.found.waiting, form.requester, form.found.account))
        elements.append(paragraph(words("⏳ "), part(open_one, 600, bold=True)))
    if not form.found.exists and not form.found.identity.is_resolved:
        elements.append(paragraph(words(_NOT_ADDED)))
    elif not form.found.exists:
        elements.append(paragraph(words("Not a partner yet: the tenant's defaults apply to it.")))
    elif not form.found.lines:
        elements.append(paragraph(words("Already a partner, without any setting of its own.")))
    else:
        elements.append(paragraph(words("Already a partner. Set for it now:")))
        elements.append(bullets([part(line, MOST_LINE)] for line in form.found.lines[:15]))
    return rich(*elements, block_id=ids.TARGET_RESULT)


def _waiting_buttons(form: RequestForm) -> Iterator[ActionsBlock]:
    """Return the buttons for the open request that this person may use; every click is checked again."""
    if form.found is None or form.found.waiting is None:
        return
    waiting = form.found.waiting
    buttons = []
    if waiting.prepared is not None:
        buttons.append(button("Show", ids.REVIEW_REQUEST, ids.decision_value(waiting)))
    if may_withdraw(waiting, form.requester, form.found.account):
        buttons.append(button("Withdraw", ids.WITHDRAW, waiting.id))
    if buttons:
        yield actions(f"waiting:{waiting.id}", *buttons)


def _template_field(form: RequestForm) -> InputBlock:
    options = [option(t.title, t.name, t.description) for t in form.templates[:100]]
    element = StaticSelectElement(
        action_id=ids.TEMPLATE,
        options=options,
        initial_option=next((option for option in options if option.value == form.template), None),
        placeholder=plain_text("Select access type", Limit.OPTION),
    )
    return input_block("Access template", ids.TEMPLATE, element, is_dispatched=True)


def _placeholder_fields(form: RequestForm) -> Iterator[Block]:
    """Return one field for each placeholder of the chosen template."""
    for placeholder in form.chosen.placeholders if form.chosen else ():
        is_ours = placeholder.owner is Owner.OURS
        element = PlainTextInputElement(
            action_id=placeholder.field,
            initial_value=encodable(cut(form.placeholders.get(placeholder.name, ""), ids.MOST_PLACEHOLDER)) or None,
            max_length=ids.MOST_PLACEHOLDER,
            placeholder=plain_text("00000000-0000-0000-0000-000000000000", Limit.OPTION),
            dispatch_action_config=DispatchActionConfig(trigger_actions_on=["on_enter_pressed"]) if is_ours else None,
        )
        by_name = "Or type its name and press Enter to look it up." if is_ours else ""
        hint = " ".join(
            filter(None, (wanted_words(placeholder.kind.value, placeholder.owner.value), by_name, placeholder.hint))
        )
        yield input_block(
            placeholder.label,
            placeholder.field,
            element,
            hint=hint,
            is_optional=not placeholder.is_required,
            is_dispatched=is_ours,
        )
        if one := form.named.get(placeholder.name):
            yield footnote(f"✓ {found_words(placeholder, one)}")
        elif problem := form.name_problems.get(placeholder.name):
            yield footnote(f"⚠️ {placeholder.label}: {fact_words(problem)}")


def _placeholders_shown(form: RequestForm) -> dict[str, object]:
    """Return the template of the shown placeholders, and the IDs shown for names, so that neither is confused later."""
    if form.chosen is None or not form.chosen.placeholders:
        return {}
    named = {name: f"{ids.fingerprint(form.placeholders.get(name, ''))}:{one.id}" for name, one in form.named.items()}
    return {ids.PLACEHOLDERS_OF: form.chosen.name, **({ids.NAMED: named} if named else {})}


def _duration_field(form: RequestForm) -> InputBlock:
    choices = sorted({duration for template in form.offered for duration in template.durations})[:100]
    options = [option(duration_words(duration), str(duration.days)) for duration in choices]
    is_offered = form.days in [duration.days for duration in choices]
    days = str(form.days if is_offered else _default_days(form))
    element = StaticSelectElement(
        action_id=ids.DURATION,
        options=options,
        initial_option=next((option for option in options if option.value == days), None),
    )
    allowed = (f"{t.title}: {_choices(t.durations)}" for t in form.offered)
    return input_block("Duration", ids.DURATION, element, hint=f"{'. '.join(allowed)}.")


def _default_days(form: RequestForm) -> int:
    """Return the chosen template's default; without a choice, the default common to all templates, if any."""
    defaults = {t.default_duration.days for t in form.offered}
    return defaults.pop() if len(defaults) == 1 else 0


def _choices(durations: Sequence[timedelta]) -> str:
    *first, last = (str(duration.days) for duration in durations)
    return f"{', '.join(first)} or {last} days" if first else f"{last} days"

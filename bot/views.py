"""Modal views: the request form, and the ones that ask for a reason or a confirmation. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextInputElement,
    RichTextBlock,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.blocks.basic_components import DispatchActionConfig
from slack_sdk.models.blocks.block_elements import InputInteractiveElement, RichTextElement
from slack_sdk.models.views import View

from bot import ids
from bot.blocks import Json, Limit, bullets, footnote, paragraph, part, plain_text, rich, within_limits, words
from bot.partner_parts import change_elements, consequence_elements, identity_block, identity_paragraph
from bot.review_parts import partnership_facts
from bot.untrusted import clean, cut, encodable
from workflows.core.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.plan import TenantIdentity
from workflows.core.request import AccessRequest, Observation
from workflows.core.standing import describe_standing
from workflows.core.template import Template
from workflows.core.wording import Line, duration_words

REQUEST_TITLE = "Request partner access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look-up of the target found."""

    identity: TenantIdentity
    exists: bool
    """Whether the partner has a configuration of its own already."""
    lines: tuple[str, ...] = ()
    """What that configuration sets, one setting a line."""

    @classmethod
    def of(cls, observation: Observation) -> Self:
        """Sum up what the directory said."""
        standings = describe_standing(observation.configuration, observation.default)
        return cls(
            identity=observation.identity,
            exists=observation.configuration is not None,
            lines=tuple(f"{standing.setting}: {standing.words}" for standing in standings if standing.is_own),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestForm:
    """What the request form shows; empty fields are shown empty, except that the requester is the first sponsor."""

    templates: Sequence[Template]
    requester: ChatId
    target: str = ""
    found: Found | None = None
    problem: str = ""
    template: str = ""
    justification: str = ""
    sponsor: ChatId | None = None
    days: int = 0
    holes: Mapping[str, str] = field(default_factory=dict)
    """What was typed for the template's holes, by their names."""

    @property
    def chosen(self) -> Template | None:
        """The template that is chosen, if any."""
        return next((template for template in self.templates if template.name == self.template), None)

    @property
    def offered(self) -> Sequence[Template]:
        """The templates that the rest of the form is about: the chosen one, or all of them."""
        return self.templates if self.chosen is None else (self.chosen,)


def loading_view(title: str = "One moment") -> Json:
    """Say that something is being read. Opened at once, because a trigger lives three seconds; updated afterwards."""
    return _modal(title, [rich(paragraph(words("⏳ Reading from Microsoft Entra…")))], ids.REQUEST_ACCESS_LOADING)


def message_view(title: str, text: str) -> Json:
    """Say something in a modal that asks for nothing."""
    return _modal(title, [rich(paragraph(part(text, Limit.PLAIN, lines=True)))], ids.MESSAGE_VIEW)


def request_view(form: RequestForm) -> Json:
    """Show the request form. The state of its fields is Slack's; its metadata decides nothing."""
    if not form.templates:
        return message_view(REQUEST_TITLE, "There is no access template to choose from. Tell an administrator.")
    blocks: list[Block] = [
        _target_field(form),
        _target_result(form),
        _template_field(form),
        footnote(*(f"{t.title}: {t.description}" for t in form.offered)),
        *_hole_fields(form),
        _input("Justification", ids.JUSTIFICATION, _text_area(ids.JUSTIFICATION, form.justification)),
        _input(
            "Sponsor",
            ids.SPONSOR,
            UserSelectElement(action_id=ids.SPONSOR, initial_user=form.sponsor or form.requester),
            hint="Answers for the access and is asked in reviews. Cannot approve this request.",
        ),
        _duration_field(form),
    ]
    metadata = json.dumps({"looked_up": cut(form.target, 300), **_holes_shown(form)})
    return _modal(REQUEST_TITLE, blocks, ids.REQUEST_ACCESS, submit="Send request", metadata=metadata)


def reject_view(request: AccessRequest) -> Json:
    """Ask why a request is rejected.

    :raises Refused: while the request has no plan yet.
    """
    blocks: list[Block] = [
        identity_block(request.known.observation.identity),
        _input(
            "Reason",
            ids.REASON,
            _text_area(ids.REASON),
            hint="The requester reads it: say what would have to change.",
        ),
    ]
    return _modal("Reject request", blocks, ids.REJECT_REASON, submit="Reject", metadata=ids.decision_value(request))


def keep_view(partnership: Partnership) -> Json:
    """Ask why access is still needed."""
    blocks: list[Block] = [
        identity_block(partnership.identity),
        rich(paragraph(*partnership_facts(partnership))),
        _input("Why is the access still needed?", ids.REASON, _text_area(ids.REASON)),
    ]
    return _modal("Keep access", blocks, ids.KEEP_REASON, submit="Keep", metadata=partnership.identity.tenant_id)


def revoke_view(
    identity: TenantIdentity,
    lines: Sequence[Line],
    partnership: Partnership | None,
    consequences: Sequence[str],
) -> Json:
    """Show what a revocation will do and what it will not, and ask for the partner's domain to be typed."""
    changes = rich(*change_elements(lines, "What will change"), *consequence_elements(consequences))
    return _revoke_modal(identity, [_standing_block(partnership), changes])


def revoke_unread_view(identity: TenantIdentity) -> Json:
    """Offer a revocation while nothing can be read: neither the settings nor who asks, so no record is shown either."""
    said = rich(
        paragraph(words("⚠️ The present settings cannot be read now.", bold=True)),
        paragraph(
            words(
                "If you confirm, Gatehouse blocks this partner in every direction as soon as Microsoft answers, and "
                "reads the blocks back. Whether you may revoke is checked then."
            )
        ),
    )
    return _revoke_modal(identity, [said])


def _revoke_modal(identity: TenantIdentity, told: Sequence[Block]) -> Json:
    blocks: list[Block] = [
        identity_block(identity),
        *told,
        _input(
            f"Type {clean(ids.confirmation(identity), 300)} to confirm",
            ids.CONFIRM,
            PlainTextInputElement(action_id=ids.CONFIRM, max_length=300),
        ),
        _input("Reason", ids.REASON, _text_area(ids.REASON), is_optional=True),
    ]
    return _modal("Revoke access", blocks, ids.CONFIRM_REVOKE, submit="Revoke", metadata=identity.tenant_id)


def _standing_block(partnership: Partnership | None) -> RichTextBlock:
    if partnership is None:
        return rich(paragraph(words("Gatehouse has no record of this partner; it can be closed all the same.")))
    return rich(paragraph(*partnership_facts(partnership)))


def _target_field(form: RequestForm) -> InputBlock:
    element = PlainTextInputElement(
        action_id=ids.TARGET,
        initial_value=encodable(cut(form.target, 300)) or None,
        max_length=300,
        dispatch_action_config=DispatchActionConfig(trigger_actions_on=["on_enter_pressed"]),
        placeholder=plain_text("contoso.com", Limit.OPTION),
    )
    # Slack sends a text field on Enter only, not when it is left (Slack: "Dispatch action configuration object").
    hint = "Press Enter to see which organization it is. It is checked again when you send."
    return _input("Partner domain or tenant ID", ids.TARGET, element, hint=hint, is_dispatched=True)


def _target_result(form: RequestForm) -> RichTextBlock:
    """Below the target: which tenant it is and what exists already, or what is wrong, in words."""
    if form.problem:
        said = paragraph(words("⚠️ Problem: ", bold=True), part(form.problem, 1000, lines=True))
        return rich(said, block_id=ids.TARGET_RESULT)
    if form.found is None:
        return rich(paragraph(words("No organization looked up yet.")), block_id=ids.TARGET_RESULT)
    elements: list[RichTextElement] = [identity_paragraph(form.found.identity)]
    if not form.found.exists:
        elements.append(paragraph(words("Not a partner yet: the tenant's defaults apply to it.")))
    elif not form.found.lines:
        elements.append(paragraph(words("Already a partner, without any setting of its own.")))
    else:
        elements.append(paragraph(words("Already a partner. Set for it now:")))
        elements.append(bullets([part(line, 300)] for line in form.found.lines[:15]))
    return rich(*elements, block_id=ids.TARGET_RESULT)


def _template_field(form: RequestForm) -> InputBlock:
    options = [_option(t.title, t.name, t.description) for t in form.templates[:100]]
    element = StaticSelectElement(
        action_id=ids.TEMPLATE,
        options=options,
        initial_option=next((option for option in options if option.value == form.template), None),
        placeholder=plain_text("Choose what to open", Limit.OPTION),
    )
    return _input("Access template", ids.TEMPLATE, element, is_dispatched=True)


def _hole_fields(form: RequestForm) -> Iterator[InputBlock]:
    """One field for each id that the chosen template leaves open."""
    for hole in form.chosen.holes if form.chosen else ():
        element = PlainTextInputElement(
            action_id=hole.field,
            initial_value=encodable(cut(form.holes.get(hole.name, ""), ids.MOST_HOLE)) or None,
            max_length=ids.MOST_HOLE,
            placeholder=plain_text("00000000-0000-0000-0000-000000000000", Limit.OPTION),
        )
        hint = f"{hole.wanted} {hole.hint}".strip()
        yield _input(hole.label, hole.field, element, hint=hint, is_optional=not hole.is_required)


def _holes_shown(form: RequestForm) -> dict[str, str]:
    """Say whose holes the form shows: what is typed there must not be taken for another template's."""
    return {ids.HOLES_OF: form.chosen.name} if form.chosen and form.chosen.holes else {}


def _duration_field(form: RequestForm) -> InputBlock:
    choices = sorted({duration for template in form.offered for duration in template.durations})[:100]
    options = [_option(duration_words(duration), str(duration.days)) for duration in choices]
    is_offered = form.days in [duration.days for duration in choices]
    days = str(form.days if is_offered else _default_days(form))
    element = StaticSelectElement(
        action_id=ids.DURATION,
        options=options,
        initial_option=next((option for option in options if option.value == days), None),
    )
    allowed = (f"{t.title}: {_choices(t.durations)}" for t in form.offered)
    return _input("Duration", ids.DURATION, element, hint=f"{'. '.join(allowed)}.")


def _default_days(form: RequestForm) -> int:
    """The chosen template's default; with none chosen, the one that all templates agree on, else none."""
    defaults = {t.default_duration.days for t in form.offered}
    return defaults.pop() if len(defaults) == 1 else 0


def _choices(durations: Sequence[timedelta]) -> str:
    *first, last = (str(duration.days) for duration in durations)
    return f"{', '.join(first)} or {last} days" if first else f"{last} days"


def _option(label: str, value: str, description: str = "") -> Option:
    return Option(
        text=plain_text(label, Limit.OPTION),
        value=value,
        description=plain_text(description, Limit.OPTION) if description else None,
    )


def _text_area(action_id: str, initial: str = "") -> PlainTextInputElement:
    value = encodable(cut(initial, Limit.INPUT)) or None
    return PlainTextInputElement(action_id=action_id, multiline=True, max_length=Limit.INPUT, initial_value=value)


def _input(
    label: str,
    block_id: str,
    element: InputInteractiveElement,
    *,
    hint: str = "",
    is_optional: bool = False,
    is_dispatched: bool = False,
) -> InputBlock:
    return InputBlock(
        block_id=block_id,
        label=plain_text(label, Limit.LABEL),
        element=element,
        hint=plain_text(hint, Limit.LABEL) if hint else None,
        optional=is_optional or None,
        dispatch_action=is_dispatched or None,
    )


def _modal(title: str, blocks: Sequence[Block], callback_id: str, *, submit: str = "", metadata: str = "") -> Json:
    view = View(
        type="modal",
        callback_id=callback_id,
        title=plain_text(title, Limit.TITLE),
        submit=plain_text(submit, Limit.TITLE) if submit else None,
        close=plain_text("Cancel" if submit else "Close", Limit.TITLE),
        blocks=within_limits(blocks, "modal"),
        private_metadata=cut(metadata, Limit.METADATA) or None,
    )
    return view.to_dict()

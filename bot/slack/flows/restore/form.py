"""The view of the form that requests a restoration. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from slack_sdk.models.blocks import Block, InputBlock, Option, OptionGroup, StaticSelectElement, UserSelectElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    Json,
    Limit,
    bullets,
    button,
    cleaned_text,
    fixed_text,
    paragraph,
    plain_text,
    rich_text,
    row,
)
from bot.slack.blocks.freeze_banner import freeze_banner
from bot.slack.blocks.modal import SPONSOR_HINT, input_block, message_view, modal, option, text_area
from bot.slack.blocks.pages import page_blocks
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import (
    MAX_FINDINGS,
    change_elements,
    consequence_elements,
    finding_elements,
    finding_parts,
    identity_block,
    partner_name,
    shown_findings,
)
from bot.slack.cards.risk import risk_elements, unchanged_access_elements
from bot.words.plans.changes import describe_changes, duration_words
from bot.words.plans.consequences import consequence_words
from bot.words.requests.titles import prepared_title
from bot.words.sentences import counted, day
from workflows.app.requests.restoration.restore_intake import RestoreForm
from workflows.core.checks.consequences import consequences
from workflows.core.checks.findings import Finding
from workflows.core.partners.restoration.restorable import ended_at
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.canonical import JsonObject

RESTORE_TITLE: Final = "Restore settings"
MAX_GROUP: Final = 100
"""The most choices that Slack accepts in one group of a select."""

_END_WORDS: Final[Mapping[RequestState, str]] = {
    RequestState.OVERWRITTEN: "overwritten",
    RequestState.FAILED: "failed, partly applied",
    RequestState.STOPPED: "stopped, partly applied",
}
_CHOOSE_FIRST: Final = "Choose a change to see what the restore would change."


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The effect of undoing the chosen change, from what was just read."""

    plan: Plan
    default: JsonObject | None
    template: Template
    """The template whose approval chain decides."""
    stages: tuple[Stage, ...]
    findings: tuple[Finding, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    """The names in our own directory of its ids, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFormContent:
    """The content of the restore form."""

    identity: TenantIdentity
    changes: Sequence[AccessRequest]
    """The changes that can be undone, newest first."""
    templates: Sequence[Template]
    form: RestoreForm
    approved: AccessRequest | None = None
    """The request whose approved settings can be restored, because the partner has drifted; None otherwise."""
    preview: Preview | None = None
    problem: str = ""
    freeze: Freeze | None = None
    """The freeze in force."""

    @property
    def offered_templates(self) -> Sequence[Template]:
        """Return the templates whose durations are offered.

        This is the one whose approval chain decides, or all while it is not known.
        """
        return self.templates if self.preview is None else (self.preview.template,)


def restore_view(content: RestoreFormContent) -> Json:
    """Return the restore form. Its metadata names the tenant, and is unverified when it comes back."""
    if not content.changes and content.approved is None:
        text = "There is no change of this partner to restore from. See /partner show."
        return message_view("Nothing to restore", text)
    form = content.form
    blocks: list[Block] = [
        *freeze_banner(content.freeze),
        identity_block(content.identity),
        _changes_field(content),
        rich_text(*_result_elements(content), block_id=ids.RESTORE_RESULT),
        *_issues_row(content),
        input_block("Justification", ids.JUSTIFICATION, text_area(ids.JUSTIFICATION, form.justification)),
        input_block(
            "Sponsor",
            ids.SPONSOR,
            UserSelectElement(action_id=ids.SPONSOR, initial_user=form.sponsor),
            hint=SPONSOR_HINT,
        ),
        _duration_field(content),
    ]
    return modal(RESTORE_TITLE, blocks, ids.RESTORE_ACCESS, submit="Send request", metadata=form.tenant_id)


def change_words(change: AccessRequest) -> str:
    """Describe a change in one line: id, how it ended and when, its kind, the requester."""
    prepared = change.require_prepared()
    at, ended = ended_at(change), _END_WORDS.get(change.state, "applied")
    return f"{change.id}, {ended} {day(at)}, {clean(prepared_title(prepared), 40)}, by {prepared.requester.name}"


def _changes_field(content: RestoreFormContent) -> InputBlock:
    options = [option(change_words(change), change.id) for change in content.changes]
    if (approved := content.approved) is not None:
        options.insert(0, option(f"Approved settings ({approved.id})", f"{ids.APPROVED_PREFIX}{approved.id}"))
    is_one = len(options) <= MAX_GROUP
    element = StaticSelectElement(
        action_id=ids.RESTORES,
        options=options if is_one else None,
        option_groups=None if is_one else list(_groups(options)),
        initial_option=next((option for option in options if option.value == _chosen_value(content.form)), None),
        placeholder=plain_text("Choose a change", Limit.OPTION),
    )
    hint = (
        "The settings from before this change are restored. The plan is made again from the current settings when you "
        "send."
    )
    if content.approved is not None:
        hint = "Approved settings: as they were last approved. For a change: the settings from before it are restored."
    return input_block("Change to undo", ids.RESTORES, element, hint=hint, is_dispatched=True)


def _chosen_value(form: RestoreForm) -> str:
    prefix = ids.APPROVED_PREFIX if form.restores_result else ""
    return f"{prefix}{form.restored_request_id}"


def _groups(options: Sequence[Option]) -> Iterator[OptionGroup]:
    """Yield all choices in groups that Slack accepts, the newest first."""
    for start in range(0, len(options), MAX_GROUP):
        group = options[start : start + MAX_GROUP]
        label = f"Changes {start + 1} to {start + len(group)} of {len(options)}, newest first"
        yield OptionGroup(label=plain_text(label, Limit.OPTION), options=group)


def _issues_row(content: RestoreFormContent) -> Iterator[Block]:
    """Return the button that shows all findings, where the form has only the first ones."""
    preview = content.preview
    if content.problem or preview is None or (count := len(shown_findings(preview.findings))) <= MAX_FINDINGS:
        return
    shows = button("Show all", ids.SHOW_RESTORE_ISSUES, _issues_value(content.form, 0))
    yield row(f"{count} results of the checks", ids.RESTORE_ISSUES, shows)


def _issues_value(form: RestoreForm, page: int) -> str:
    mark = ids.RESULT_MARK if form.restores_result else ""
    return f"{form.tenant_id}:{form.restored_request_id}{mark}:{page}"


def issues_view(identity: TenantIdentity, form: RestoreForm, findings: Sequence[Finding], page: int) -> Json:
    """Return the window with one page of the findings about a restoration."""
    blocks = page_blocks(
        [cleaned_text(partner_name(identity), DOMAIN_LIMIT, bold=True)],
        [bullets([finding_parts(shown_finding)]) for shown_finding in shown_findings(findings)],
        page,
        action_ids=(ids.RESTORE_ISSUES_PREVIOUS, ids.RESTORE_ISSUES_NEXT),
        value=lambda to: _issues_value(form, to),
    )
    return modal("Checks", blocks, ids.RESTORE_ISSUES)


def _result_elements(content: RestoreFormContent) -> Iterator[RichTextElement]:
    """Return the text below the choice: the difference and the approvers, or the problem in words."""
    preview = content.preview
    if content.problem:
        yield paragraph(fixed_text("⚠️ Problem: ", bold=True), cleaned_text(content.problem, 1000, lines=True))
    elif preview is None:
        yield paragraph(fixed_text(_CHOOSE_FIRST))
    else:
        plan, default = preview.plan, preview.default
        yield from risk_elements(plan, default)
        yield from change_elements(describe_changes(plan, default, preview.names), "What would change from now")
        yield from unchanged_access_elements(plan, default, preview.names)
        yield from consequence_elements(tuple(map(consequence_words, consequences(plan, default))))
        yield from finding_elements(preview.findings)
        yield from _chain_elements(preview)


def _chain_elements(preview: Preview) -> Iterator[RichTextElement]:
    yield paragraph(fixed_text("Who decides", bold=True))
    if only_reduces_access(preview.plan):
        yield paragraph(fixed_text("This only reduces or blocks access, so one approval is enough."))
    stages = ((stage.title, stage.quorum) for stage in preview.stages)
    yield bullets([cleaned_text(title), fixed_text(f": {counted(quorum, 'approval')}")] for title, quorum in stages)
    yield paragraph(
        fixed_text("This is the approval policy of “"), cleaned_text(preview.template.title), fixed_text("”.")
    )


def _duration_field(content: RestoreFormContent) -> InputBlock:
    choices = sorted({duration for template in content.offered_templates for duration in template.durations})[:100]
    options = [option(duration_words(duration), str(duration.days)) for duration in choices]
    defaults = {template.default_duration.days for template in content.offered_templates}
    is_offered = content.form.days in [duration.days for duration in choices]
    days = content.form.days if is_offered else defaults.pop() if len(defaults) == 1 else 0
    element = StaticSelectElement(
        action_id=ids.DURATION,
        options=options,
        initial_option=next((option for option in options if option.value == str(days)), None),
    )
    hint = "How long the restored settings are valid. The approval policy sets the choices."
    return input_block("Duration", ids.DURATION, element, hint=hint)

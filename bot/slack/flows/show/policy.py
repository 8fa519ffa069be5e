"""`/partner policy`: who may request a template, who decides, until when, and what silence leads to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks import Block

from bot.slack.answers.response_url import Answers
from bot.slack.blocks.blocks import TextRun, bullets, cleaned_text, fixed_text, header, paragraph, rich_text
from bot.slack.blocks.message import Message, message
from bot.slack.blocks.untrusted import clean
from bot.slack.flows.entry_point_types import EntryPoint, Subcommand
from bot.slack.flows.request_access.approvers_in_form import approvers_blocks
from bot.slack.payloads.models import SlashCommand
from bot.slack.people.approvers import StageApprovers, name_stages
from bot.slack.people.display_directory import DisplayDirectory
from bot.words.plans.risk import risk_level_words
from bot.words.reviews.template_policy import EVERY_MEMBER, policy_words, who_requests_words
from bot.words.sentences import counted
from workflows.catalog.catalog import Catalog
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.risk import risk_of_settings
from workflows.core.policy.template import Stage, Template

MAX_TEMPLATES: Final = 40
"""Templates that the list names; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFlow:
    """Answers full members. It reads the templates and the people of their roles, and no partner."""

    answers: Answers
    catalog: Catalog
    display_directory: DisplayDirectory

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("policy", self.show)

    async def show(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Show the approval policy of one template; without a name, the list of templates."""
        await self.answers.answer_later(ack, command, self._build, reads_tenant=False)

    async def _build(self, command: SlashCommand) -> Message:
        templates = list(self.catalog.templates.values())
        typed = " ".join(command.argument.split())
        if not typed:
            return policy_list(templates)
        template, reader = find_template(templates, typed), command.actor
        requesters = [Stage(title=self.catalog.roles[role].title, role=role, quorum=1) for role in template.may_request]
        return policy_message(
            template,
            # As for a request of the reader: a stage can be decided by the manager of the requester or sponsor.
            await name_stages(template.stages, (), self.display_directory, requester=reader, sponsor=reader),
            await name_stages(requesters, (), self.display_directory, requester=reader, sponsor=reader),
        )


def find_template(templates: Sequence[Template], typed: str) -> Template:
    """Return the template with this name or title, in any case.

    :raises InvalidField: when there is none; the error names the templates.
    """
    wanted = typed.strip("“”\"'").casefold()
    for template in templates:
        if wanted in (template.name.casefold(), template.title.casefold()):
            return template
    names = [template.name for template in templates]
    raise InvalidField("template", RefusalCode.NO_SUCH_TEMPLATE, template=clean(typed, 60), known=names)


def policy_list(templates: Sequence[Template]) -> Message:
    """Return every template in one line each: its name, risk and approvals, and who may request it."""
    rows = [
        [
            cleaned_text(template.title, bold=True),
            fixed_text(" ("),
            cleaned_text(template.name),
            fixed_text(f"): {_risk(template)}, {counted(sum(one.quorum for one in template.stages), 'approval')}. "),
            *([cleaned_text(who, 300)] if (who := who_requests_words(template)) != EVERY_MEMBER else []),
        ]
        for template in templates[:MAX_TEMPLATES]
    ]
    if more := len(templates) - len(rows):
        rows.append([fixed_text(f"and {more} more")])
    end = paragraph(
        fixed_text(
            "Where nothing else is said, every full member may request it. /partner policy with a name shows who "
            "decides, until when, and what silence leads to."
        )
    )
    names = ", ".join(template.name for template in templates[:MAX_TEMPLATES])
    return message(f"Access templates: {names}", [header("Access templates"), rich_text(bullets(rows), end)])


def policy_message(
    template: Template, approvers: Sequence[StageApprovers], requesters: Sequence[StageApprovers]
) -> Message:
    """Return everything that a template says about asking and deciding.

    :param approvers: who decides in each stage, as far as it is known now.
    :param requesters: who has each of the roles that may request it.
    """
    blocks: list[Block] = [
        header(f"{clean(template.title, 60)}: approval policy"),
        rich_text(
            paragraph(cleaned_text(template.description, 300)),
            paragraph(fixed_text("Risk: ", bold=True), fixed_text(f"{_risk(template)}.")),
            paragraph(fixed_text("Who may request: ", bold=True), cleaned_text(who_requests_words(template), 600)),
            *([bullets([_requesters(one) for one in requesters])] if requesters else []),
        ),
        *approvers_blocks(approvers, ()),
        rich_text(
            *(
                paragraph(fixed_text(f"{label}: ", bold=True), fixed_text(text))
                for label, text in policy_words(template)
            )
        ),
    ]
    return message(f"{template.title}: {who_requests_words(template)}", blocks)


def _risk(template: Template) -> str:
    word = risk_level_words(risk_of_settings(template.settings, template.longest).level)
    return f"{word} risk at most"


def _requesters(stage_approvers: StageApprovers) -> list[TextRun]:
    known = stage_approvers.approvers
    names = "not known now" if known is None else ", ".join(known.names) or "nobody"
    others = 0 if known is None else known.other_count
    return [
        cleaned_text(stage_approvers.stage.title, bold=True),
        fixed_text(": "),
        cleaned_text(names, 1000),
        *([fixed_text(f" and {others} more")] if others else []),
    ]

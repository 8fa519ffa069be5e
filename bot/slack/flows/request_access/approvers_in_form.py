"""Who will be asked, before a request is sent: stage by stage, as far as it is known now. Pure."""

from collections.abc import Iterator, Sequence

from slack_sdk.models.blocks import Block

from bot.slack.blocks.blocks import Limit, TextRun, bullets, cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.flows.request_access.all_approvers_modal import all_approvers_row
from bot.slack.people.approvers import StageApprovers
from bot.words.refusals.named_people.approvers import manager_problem_words
from bot.words.requests.approval_chain import offered_chain_words
from bot.words.requests.form import CANNOT_APPROVE, no_approvers_words, stage_words
from workflows.core.people import ChatId
from workflows.core.policy.offers import Offer


def approvers_blocks(
    approvers_by_stage: Sequence[StageApprovers], excluded: Sequence[ChatId], *, offer: Offer | None = None
) -> Iterator[Block]:
    """Return who will be asked, stage by stage, as far as it is known now. A button lists those who are not named here.

    :param excluded: the requester and the sponsor, who cannot approve.
    :param offer: the chosen template, for the rule that asks for these approvals.
    """
    if approvers_by_stage:
        stages = bullets((_stage(stage_approvers) for stage_approvers in approvers_by_stage), ordered=True)
        rule = (
            ""
            if offer is None
            else offered_chain_words(offer, [stage_approvers.stage for stage_approvers in approvers_by_stage])
        )
        rule_text = paragraph(fixed_text(" ".join(filter(None, [CANNOT_APPROVE, rule]))))
        yield rich_text(paragraph(fixed_text("Who decides", bold=True)), stages, rule_text)
    if any(
        stage_approvers.approvers is not None and stage_approvers.approvers.other_count
        for stage_approvers in approvers_by_stage
    ):
        yield all_approvers_row(approvers_by_stage, excluded)


def _stage(stage_approvers: StageApprovers) -> list[TextRun]:
    runs, approvers = [cleaned_text(stage_words(stage_approvers.stage), bold=True)], stage_approvers.approvers
    if approvers is None:
        return runs
    if not approvers.names and not approvers.other_count:
        return [*runs, fixed_text(": ⚠️ "), cleaned_text(_why_nobody(stage_approvers), 300)]
    more = f" and {approvers.other_count} more" if approvers.names and approvers.other_count else ""
    names = ", ".join(approvers.names) or f"{approvers.other_count} people"
    return (
        [*runs, fixed_text(": "), cleaned_text(names, Limit.PLAIN), fixed_text(more)]
        if more
        else [*runs, fixed_text(": "), cleaned_text(names, Limit.PLAIN)]
    )


def _why_nobody(stage_approvers: StageApprovers) -> str:
    holder = stage_approvers.relation
    if holder is None:
        return no_approvers_words(stage_approvers.stage)
    return f"nobody. {manager_problem_words(holder.as_values())}"

"""`/partner diagnose`: why somebody from outside cannot get in, privately; who may not ask learns nothing."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.response_url import Answers
from bot.slack.blocks.message import Message
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand
from bot.slack.flows.show.diagnosis import diagnosis_message, side_message
from bot.slack.payloads.button_values import parse_handover_value
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.words.findings.diagnosis.steps import without_policy_names
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.permission import DiagnosisLevel, DiagnosisPermission
from workflows.app.evidence.diagnosis.subject import Subject, parse_subject
from workflows.core.errors.raised import InvalidField
from workflows.core.policy.reviews.access_test import AccessFailure
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnoseFlow:
    """Answers admins, the help desk and sponsors. Each question is recorded and counted as a lookup."""

    answers: Answers
    permission: DiagnosisPermission
    diagnoser: Diagnoser

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("diagnose", self.diagnose)
        yield Action(ids.DIAGNOSE_FAILURE, self.diagnose_failure)

    async def diagnose(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Answer only the person who asked."""
        await self.answers.answer_later(ack, command, self._build)

    async def diagnose_failure(self, ack: AsyncAck, click: Interaction) -> None:
        """Explain what somebody reported: for the person and the application that they named."""
        tenant_id, question = parse_handover_value(click.action.value)
        failure = await self._reported(tenant_id, question)

        async def build() -> Message:
            # NB. the right is that about the partner, whatever address somebody wrote.
            level = await self.permission.level(click.actor, parse_subject(tenant_id))
            if failure.address and level is not DiagnosisLevel.SIDE:
                # An address that names nobody of a partner, such as one of our own domain, answers nothing.
                with suppress(InvalidField):
                    return await self._answer(level, parse_subject(failure.address), failure.application)
            return await self._answer(level, parse_subject(tenant_id), failure.application)

        await self.answers.answer_click(ack, click, build, target=tenant_id, named=failure.address)

    async def _reported(self, tenant_id: TenantId, question: int) -> AccessFailure:
        """Return what the answer to a question says; nothing when it is not known any more."""
        tests = [record.access_test for record in await self.permission.find_records(tenant_id)]
        answers = [one for test in tests if test is not None for one in test.answers if one.question == question]
        return next((one.failure for one in answers if one.failure is not None), AccessFailure(what=""))

    async def _build(self, command: SlashCommand) -> Message:
        name, _, application = " ".join(command.argument.split()).partition(" ")
        level = await self.permission.level(command.actor, _parsed(name))
        return await self._answer(level, parse_subject(name), application)

    async def _answer(self, level: DiagnosisLevel, subject: Subject, application: str) -> Message:
        if level is DiagnosisLevel.SIDE:
            # NB. about the organization, whoever was named: whether somebody has an account is not for sponsors.
            diagnoser = replace(self.diagnoser, suggests_partners=False)
            return side_message(await diagnoser.diagnose(replace(subject, address=""), ""))
        is_whole = level is DiagnosisLevel.WHOLE
        # NB. names of our own objects are for admins: others are answered only about names that they know.
        diagnoser = replace(self.diagnoser, completes_names=is_whole)
        diagnosis = await diagnoser.diagnose(subject, application.strip("“”\"'"))
        if not is_whole:
            return diagnosis_message(without_policy_names(diagnosis), is_admin=False)
        return diagnosis_message(diagnosis, is_admin=True, admins=await self.permission.admins())


def _parsed(name: str) -> Subject | None:
    """Return what was named; None when it names nothing, which only people who may ask are told."""
    try:
        return parse_subject(name)
    except InvalidField:
        return None

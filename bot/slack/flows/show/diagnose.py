"""`/partner diagnose`: why somebody from outside cannot get in, privately; who may not ask learns nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from slack_bolt.async_app import AsyncAck

from bot.slack.answers.response_url import Answers
from bot.slack.blocks.message import Message
from bot.slack.flows.entry_point_types import EntryPoint, Subcommand
from bot.slack.flows.show.diagnosis import diagnosis_message, side_message
from bot.slack.payloads.models import SlashCommand
from bot.words.findings.diagnosis.steps import without_policy_names
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.permission import DiagnosisLevel, DiagnosisPermission
from workflows.app.evidence.diagnosis.subject import Subject, parse_subject
from workflows.core.errors.raised import InvalidField


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnoseFlow:
    """Answers admins, the help desk and sponsors. Each question is recorded and counted as a lookup."""

    answers: Answers
    permission: DiagnosisPermission
    diagnoser: Diagnoser

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("diagnose", self.diagnose)

    async def diagnose(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Answer only the person who asked."""
        await self.answers.answer_later(ack, command, self._build)

    async def _build(self, command: SlashCommand) -> Message:
        name, _, application = " ".join(command.argument.split()).partition(" ")
        level = await self.permission.level(command.actor, _parsed(name))
        subject = parse_subject(name)
        if level is DiagnosisLevel.SIDE:
            # NB. about the organization, whoever was named: whether somebody has an account is not for sponsors.
            return side_message(await self.diagnoser.diagnose(replace(subject, address=""), ""))
        is_whole = level is DiagnosisLevel.WHOLE
        # NB. names of our own objects are for admins: others are answered only about names that they know.
        diagnoser = replace(self.diagnoser, completes_names=is_whole)
        diagnosis = await diagnoser.diagnose(subject, application.strip("“”\"'"))
        if not is_whole:
            return diagnosis_message(without_policy_names(diagnosis), is_admin=False)
        return diagnosis_message(diagnosis, is_admin=True, admins=await self.permission.count_admins())


def _parsed(name: str) -> Subject | None:
    """Return what was named; None when it names nothing, which only people who may ask are told."""
    try:
        return parse_subject(name)
    except InvalidField:
        return None

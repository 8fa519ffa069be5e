"""Create the flow that answers why somebody cannot get in. A boundary: the rest of the process imports it late."""

from collections.abc import Sequence

from bot.process.assembly.external_systems import ExternalSystems
from bot.slack.answers.response_url import Answers
from bot.slack.flows.show.diagnose import DiagnoseFlow
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.permission import DiagnosisPermission
from workflows.core.partners.partnership import Partnership


def diagnose_flow(systems: ExternalSystems, answers: Answers) -> DiagnoseFlow:
    """Return the flow."""

    async def find_records(name: str) -> Sequence[Partnership]:
        return await systems.store.partnerships_named(name)

    return DiagnoseFlow(
        answers=answers,
        permission=DiagnosisPermission(directory=systems.directory, find_records=find_records),
        diagnoser=Diagnoser(
            tenant=systems.tenant,
            records=systems.store,
            clock=systems.clock,
            templates=tuple(systems.catalog.templates.values()),
            enables_accounts=systems.changes_guests,
        ),
    )

"""Create the flow that answers why somebody cannot get in. A boundary: the rest of the process imports it late."""

from bot.process.assembly.external_systems import ExternalSystems
from bot.slack.answers.response_url import Answers
from bot.slack.flows.show.diagnose import DiagnoseFlow
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.permission import DiagnosisPermission


def diagnose_flow(systems: ExternalSystems, answers: Answers) -> DiagnoseFlow:
    """Return the flow."""
    find_records = systems.store.partnerships_named
    return DiagnoseFlow(
        answers=answers,
        permission=DiagnosisPermission(directory=systems.directory, find_records=find_records),
        diagnoser=Diagnoser(tenant=systems.tenant, find_records=find_records, clock=systems.clock),
    )

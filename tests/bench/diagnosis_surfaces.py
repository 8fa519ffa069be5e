"""A diagnosis as an admin and as a sponsor see it."""

from typing import Any

from bot.slack.flows.show.diagnosis import diagnosis_message, side_message
from tests.workflows.core.posture.diagnosis.read_facts import application, facts, log, read, signed_in
from tests.workflows.core.posture.diagnosis.test_later_steps import access, verdict
from workflows.core.checks.conditional_access.controls import PolicyEffect
from workflows.core.posture.diagnosis.diagnosing import diagnose


def diagnosis_messages() -> dict[str, list[dict[str, Any]]]:
    """Return the answers."""
    stopped = diagnose(
        facts(
            application=application(),
            access=access(verdict(PolicyEffect.REQUIRED_IN_OUR_TENANT)),
            accounts=read(()),
            sign_ins=read(log(signed_in(50020))),
        )
    )
    return {"diagnosis": diagnosis_message(stopped).blocks, "diagnosis-of-a-sponsor": side_message(stopped).blocks}

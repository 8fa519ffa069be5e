"""Begin another round in which only some approvals are missing: what was told about the request begins again. Pure."""

from typing import Any

from workflows.core.people import CurrentRoles
from workflows.core.requests.request import AccessRequest, Escalation, EscalationStep


def values_of_next_round(request: AccessRequest, current_roles: CurrentRoles) -> dict[str, Any]:
    """Return the values of the next round: no step of an escalation is done, and nobody was told about the expiry.

    Where an approval of an alternate stays, the step that gave this right stays as well: otherwise the approval would
    not count any more.

    :param request: the request with the decisions that stay.
    :param current_roles: the roles of the people who decided. Who is not in them is taken for an alternate.
    """
    kept = tuple(step for step in request.escalations if _is_needed(request, step, current_roles))
    return {"round": request.round + 1, "escalations": kept, "expiry_told_at": None}


def _is_needed(request: AccessRequest, step: Escalation, current_roles: CurrentRoles) -> bool:
    role = request.require_prepared().stages[step.stage].role
    people = (decision.person.id for decision in request.decisions if decision.stage == step.stage)
    return step.step is EscalationStep.ALTERNATES and any(not current_roles.holds(person, role) for person in people)

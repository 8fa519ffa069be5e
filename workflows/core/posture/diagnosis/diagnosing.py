"""Make a diagnosis from what was read: every step runs, also after one that stops them or is not known.

A boundary: the only function that other packages call with the facts.
"""

from collections.abc import Callable
from typing import Final

from workflows.core.checks.tenant_facts import UnreadableFact
from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import PartnershipState
from workflows.core.posture.diagnosis.access_steps import conditional_access_step, sharing_step
from workflows.core.posture.diagnosis.account_steps import account_step, invitation_step
from workflows.core.posture.diagnosis.facts import DiagnosisFacts, NamedApplication
from workflows.core.posture.diagnosis.settings_steps import home_step, partner_side_step, settings_step
from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES
from workflows.core.posture.diagnosis.sign_in_step import sign_in_step
from workflows.core.posture.diagnosis.steps import CHANGES, Action, Cause, Change, Changer, Diagnosis, Step
from workflows.core.settings.model import is_guid

_STEPS: Final[tuple[Callable[[DiagnosisFacts], Step], ...]] = (
    home_step,
    settings_step,
    partner_side_step,
    account_step,
    invitation_step,
    conditional_access_step,
    sharing_step,
)
"""The steps before that of the sign-ins, in the order of `StepKey`."""


def diagnose(facts: DiagnosisFacts) -> Diagnosis:
    """Return every step with its result."""
    application = None if facts.application is None else facts.application.value
    name = application.name or application.typed if isinstance(application, NamedApplication) else ""
    before = tuple(step(facts) for step in _STEPS)
    home = facts.home.value
    identity = None if isinstance(home, UnreadableFact) else home.identity
    return Diagnosis(
        subject=facts.subject,
        domain=facts.domain,
        application=name,
        typed_application=_typed_differently(application),
        steps=(*before, sign_in_step(facts, before)),
        tenant_id=None if identity is None else identity.tenant_id,
        waiting=facts.waiting,
        enabling=facts.enabling,
    )


def _typed_differently(application: NamedApplication | UnreadableFact | None) -> str:
    if not isinstance(application, NamedApplication) or not application.name:
        return ""
    is_the_same = is_guid(application.typed) or application.typed.casefold() == application.name.casefold()
    return "" if is_the_same else application.typed


def change_for(cause: Fact) -> Change:
    """Return who can change a cause, and how.

    For an error of a sign-in, Microsoft's code decides. What was revoked is requested again, and what somebody changed
    after the approval is restored. A policy may be satisfied by what the partner's tenant confirms, where a template
    accepts it and opens the application that was asked about.
    """
    if cause.code == Cause.SIGN_IN_ERROR:
        code = SIGN_IN_CODES[cause.values["code"]]
        return Change(code.changer, code.action)
    usual = CHANGES[Cause(cause.code)]
    if cause.values.get("drifted"):
        return Change(usual.changer, Action.RESTORE)
    if cause.code == Cause.ACCOUNT_DISABLED and "request" in cause.values:
        return Change(Changer.APPROVERS, Action.ENABLE_BY_REQUEST)
    if cause.values.get("enables"):
        return Change(usual.changer, Action.ENABLE_WITH_APPROVAL)
    if cause.code == Cause.APPLICATION_BLOCKED and cause.values.get("templates") == []:
        return Change(Changer.OUR_ADMINS, Action.ADD_APPLICATION)
    if cause.code == Cause.LOCKED_OUT and cause.values["templates"]:
        return Change(usual.changer, Action.ACCEPT_CLAIMS)
    is_revoked = cause.code == Cause.CLOSED and cause.values["state"] == PartnershipState.REVOKED
    return Change(usual.changer, Action.REQUEST_ACCESS) if is_revoked else usual

"""A diagnosis as an admin and as a sponsor see it."""

from dataclasses import replace
from typing import Any

from bot.slack.flows.show.diagnosis import diagnosis_message, side_message
from tests.workflows.core.builders import request
from tests.workflows.core.posture.diagnosis.read_facts import MARIA, application, both, facts, log, read, signed_in
from tests.workflows.core.posture.diagnosis.test_later_steps import access, verdict
from workflows.core.checks.conditional_access.controls import PolicyEffect
from workflows.core.people import ChatId
from workflows.core.posture.diagnosis.diagnosing import diagnose
from workflows.core.posture.diagnosis.facts import Home, HomeKind
from workflows.core.requests.request import RequestState

_ADMINS = frozenset({ChatId("U0AMARA00001"), ChatId("U0BRUNO00001")})


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
    blocked = diagnose(facts(configuration=read({"b2bCollaborationInbound": both("blocked")})))
    waiting = replace(blocked, waiting=(request(RequestState.AWAITING_APPROVAL),))
    unknown = diagnose(facts())
    refused = diagnose(facts(sign_ins=read(log(signed_in(53003)))))
    disabled = diagnose(facts(accounts=read((replace(MARIA, is_enabled=False),)), enables_accounts=True))
    home = read(Home(kind=HomeKind.NO_TENANT, similar=("contoso.com",)))
    unasked: dict[str, Any] = {"configuration": None, "access": None, "sign_ins": None}
    typed = {"subject": "maria@contoso.co", "domain": "contoso.co"}
    mistyped = diagnose(facts(home=home, accounts=read(()), **typed, **unasked))
    return {
        "diagnosis": diagnosis_message(blocked, is_admin=True, admins=_ADMINS).blocks,
        "diagnosis-two-causes": diagnosis_message(stopped, is_admin=True, admins=_ADMINS).blocks,
        "diagnosis-waiting": diagnosis_message(waiting, is_admin=True, admins=_ADMINS).blocks,
        "diagnosis-nothing-known": diagnosis_message(unknown, is_admin=True, admins=_ADMINS).blocks,
        "diagnosis-refused": diagnosis_message(refused, is_admin=True, admins=_ADMINS).blocks,
        "diagnosis-disabled": diagnosis_message(disabled, is_admin=True, admins=_ADMINS).blocks,
        "diagnosis-mistyped": diagnosis_message(mistyped, is_admin=True, admins=_ADMINS).blocks,
        "diagnosis-of-a-sponsor": side_message(waiting).blocks,
    }

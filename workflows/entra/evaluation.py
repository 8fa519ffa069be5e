"""Ask Entra's What If evaluation about one sign-in (Graph: "conditionalAccessRoot: evaluate"). It changes nothing.

The body and the answer are JSON, because the SDK's models remove unknown values. A `userId` is sent only for one
account, because a person of the partner may have no account in our tenant yet. Microsoft does not document that the
service accepts a question without it. When it refuses, the policies are read instead.
"""

from collections.abc import Sequence

from kiota_abstractions.method import Method

from workflows.core.checks.conditional_access.questions import Question
from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.settings.canonical import JsonObject, canonical_json
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import GraphCall, rows_of, unavailable, without_annotations
from workflows.entra.answers.failed_calls import failure
from workflows.entra.transport.connection import Connection


async def evaluate(connection: Connection, question: Question) -> Sequence[JsonObject]:
    """Ask about one sign-in.

    :returns: every policy, and whether it applies.
    :raises TenantUnavailable: when there is no answer, or it is not the complete list.
    :raises TenantRefused: when Entra refuses the question.
    """
    call = GraphCall(
        method="POST",
        path="/identity/conditionalAccess/evaluate",
        purpose=Purpose.EVALUATE_ACCESS,
        permission="Policy.Read.ConditionalAccess or Policy.Read.All",
        is_question=True,
    )
    request = request_to(Method.POST, connection.graph.identity.conditional_access.evaluate)
    request.set_stream_content(canonical_json(body_of(question)), "application/json")
    answer = await connection.send(call, request)
    if not answer.is_success:
        raise failure(call, answer)
    rows, link = rows_of(call, answer)
    if link is not None:
        raise unavailable(TenantCode.PARTIAL_LIST, call=call.as_value)
    found: list[JsonObject] = [without_annotations(row) for row in rows]
    if len({row["id"] for row in found}) != len(found):
        raise unavailable(TenantCode.REPEATED_POLICY, call=call.as_value)
    return found


def body_of(question: Question) -> JsonObject:
    """Return a question as Graph's `signInIdentity`, `signInContext` and `signInConditions`."""
    return {
        "signInIdentity": {
            "@odata.type": "#microsoft.graph.userSignIn",
            "externalTenantId": question.tenant_id,
            "externalUserType": question.visitor.value,
            **({"userId": question.user_id} if question.user_id else {}),
        },
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": [question.application],
        },
        "signInConditions": {
            "clientAppType": question.client.value,
            "signInRiskLevel": question.sign_in_risk,
            "userRiskLevel": question.user_risk,
        },
        "appliedPoliciesOnly": False,
    }

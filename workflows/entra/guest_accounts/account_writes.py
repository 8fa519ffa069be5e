"""Send the writes of `accountEnabled` in one `$batch`, once, and tell what came of each.

Why these are sent in a batch: docs/decisions/0043. Operations of plans have their own: `transport/batched_writes.py`.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import RetryHandlerOption

from workflows.core.errors.facts import Fact
from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountOutcome, AccountWritten
from workflows.core.plans.plan import CallIds
from workflows.entra.answers.answers import Answer, GraphCall, is_not_found
from workflows.entra.answers.batch_answers import inner_answers
from workflows.entra.answers.failed_calls import failure
from workflows.entra.transport.batch import BATCH_PATH
from workflows.entra.transport.connection import Connection, own_id_of
from workflows.ports.tenant import TenantUnavailable

WRITE_PERMISSION: Final = "User.EnableDisableAccount.All"
_NEVER_AGAIN: Final = RetryHandlerOption(max_retries=0, should_retry=False)
_CALL: Final = GraphCall(
    method="POST", path=BATCH_PATH, purpose=Purpose.CHANGE_GUEST_ACCOUNT, permission=WRITE_PERMISSION
)
_NOT_SENT: Final = frozenset(
    {
        *(TenantCode.UNREACHABLE, TenantCode.NO_TOKEN, TenantCode.NO_CREDENTIALS, TenantCode.WRONG_TENANT),
        *(TenantCode.NOT_CALLED, TenantCode.OUT_OF_TURN, TenantCode.TOKEN_REFUSED_TWICE),
    }
)


async def send_writes(
    connection: Connection,
    ids: Sequence[PersonId],
    *,
    is_enabled: bool,
    now: Callable[[], datetime],
    redact: Callable[[str], str],
) -> Sequence[AccountWritten]:
    """Write `accountEnabled` of these accounts, and return what came of each, in the same order.

    :raises TenantUnavailable, TenantRefused: when nothing was written: there was no connection or no token, or Graph
        refused the whole.
    """
    request = _request(ids, is_enabled=is_enabled)
    try:
        answer = await connection.send(_CALL, request)
        if not answer.is_success and answer.status != 429:
            raise failure(_CALL, answer)
        answers = inner_answers(_CALL, answer, ids, redact=redact) if answer.is_success else dict.fromkeys(ids, answer)
    except TenantUnavailable as error:
        if _was_not_sent(error.facts):
            raise
        # NB. also when one part has no answer: the others then prove nothing either.
        return [_outcome(person, AccountOutcome.UNKNOWN, now(), request, reason=error.facts) for person in ids]
    for person in ids:
        connection.saw_part(_call_of(person), answers[person])
    return [_written(person, answers[person], now(), request) for person in ids]


def _call_of(person: PersonId) -> GraphCall:
    return replace(_CALL, method="PATCH", path=f"/users/{person}", object_name=person)


def not_yet(ids: Sequence[PersonId], error: TenantUnavailable, at: datetime) -> Sequence[AccountWritten]:
    """Return that nothing was sent, because the limit of writes is reached."""
    return [
        AccountWritten(
            id=person,
            outcome=AccountOutcome.LATER,
            at=at,
            reason=error.facts,
            retry_after_seconds=error.retry_after,
        )
        for person in ids
    ]


def _request(ids: Sequence[PersonId], *, is_enabled: bool) -> RequestInformation:
    """Return the batch. The id of each part is that of its account."""
    content = {
        "requests": [
            {
                "id": person,
                "method": "PATCH",
                "url": f"/users/{person}",
                "headers": {"Content-Type": "application/json"},
                "body": {"accountEnabled": is_enabled},
            }
            for person in ids
        ]
    }
    request = RequestInformation(Method.POST, "{+baseurl}/$batch", {})
    request.headers.try_add("Accept", "application/json")
    request.set_stream_content(json.dumps(content).encode(), "application/json")
    # NB. the retries of reads take every batch for reads.
    request.add_request_options([_NEVER_AGAIN])
    return request


def _was_not_sent(facts: Sequence[Fact]) -> bool:
    return any(
        fact.code in _NOT_SENT or (fact.code == TenantCode.TOO_LATE and not fact.values.get("is_sent"))
        for fact in facts
    )


def _written(person: PersonId, answer: Answer, at: datetime, request: RequestInformation) -> AccountWritten:
    """Return what the answer to one write means."""
    if answer.is_success:
        return _outcome(person, AccountOutcome.ACCEPTED, at, request, answer=answer)
    error = failure(_call_of(person), answer)
    if answer.status == 401:
        # The token was refused, so nothing was written. The next read gets a new one.
        return _outcome(person, AccountOutcome.LATER, at, request, answer=answer, reason=error.facts)
    if isinstance(error, TenantUnavailable):
        outcome = AccountOutcome.LATER if error.is_throttled else AccountOutcome.UNKNOWN
        wait = error.retry_after if error.is_throttled else None
        return _outcome(person, outcome, at, request, answer=answer, reason=error.facts, retry_after=wait)
    outcome = AccountOutcome.GONE if is_not_found(answer) else AccountOutcome.REFUSED
    return _outcome(person, outcome, at, request, answer=answer, reason=error.facts)


def _outcome(
    person: PersonId,
    outcome: AccountOutcome,
    at: datetime,
    request: RequestInformation,
    *,
    answer: Answer | None = None,
    reason: tuple[Fact, ...] = (),
    retry_after: float | None = None,
) -> AccountWritten:
    request_id = "" if answer is None else answer.request_id
    return AccountWritten(
        id=person,
        outcome=outcome,
        at=at,
        reason=reason,
        retry_after_seconds=retry_after,
        ids=CallIds(request_id=request_id, client_request_id=own_id_of(request)),
    )

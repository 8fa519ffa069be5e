"""Send operations of several plans in one `$batch`, once, and judge each part as if it had been sent alone.

Why writes may share a request: docs/decisions/0048. The body of each part is exactly the canonical JSON that was
approved (docs/decisions/0002).
"""

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import RetryHandlerOption

from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.plans.plan import CallIds, Operation
from workflows.core.settings.canonical import canonical_json
from workflows.entra.addresses import permission_to_write
from workflows.entra.answers.answers import Answer, GraphCall, unavailable
from workflows.entra.answers.batch_answers import inner_answers, problem_about
from workflows.entra.answers.failed_calls import failure
from workflows.entra.transport.batch import BATCH_PATH
from workflows.entra.transport.connection import Connection
from workflows.ports.tenant import MAX_WRITES_TOGETHER, SendAlone, TenantRefused, TenantUnavailable, WriteResult

WRITE_PERMISSION: Final = "Policy.ReadWrite.CrossTenantAccess"
_NEVER_AGAIN: Final = RetryHandlerOption(max_retries=0, should_retry=False)
_CALL: Final = GraphCall(method="POST", path=BATCH_PATH, purpose=Purpose.CHANGE_PARTNER, permission=WRITE_PERMISSION)
_PARTNER: Final = re.compile(r"/partners/([^/]+)")
_TEMPORARY: Final = frozenset({401, 408, 425, 429})
"""Refusals of a whole batch that say nothing against the next one."""

_log = structlog.get_logger(__name__)


def write_call(operation: Operation) -> GraphCall:
    """Return the description of one operation of a plan."""
    return GraphCall(
        method=operation.method,
        path=operation.path,
        purpose=Purpose.CHANGE_PARTNER,
        permission=permission_to_write(operation),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One operation in a batch."""

    operation: Operation
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Its id in the batch, and the `client-request-id` by which Graph's logs name it."""

    @property
    def call(self) -> GraphCall:
        return write_call(self.operation)

    def encoded(self) -> bytes:
        """Return the part as JSON, with the approved bytes as its body."""
        headers = {"Content-Type": "application/json", "client-request-id": self.id}
        head = {"id": self.id, "method": self.operation.method, "url": self.operation.path, "headers": headers}
        return json.dumps(head).encode()[:-1] + b', "body": ' + canonical_json(self.operation.body) + b"}"


class BatchedWrites:
    """Sends writes together. When Graph refuses a whole batch, nothing is sent together until a restart."""

    def __init__(self, connection: Connection, write: Callable[[Operation], Awaitable[CallIds]]) -> None:
        """Create it. Nothing is sent.

        :param write: sends one operation alone.
        """
        self._connection = connection
        self._write = write
        self._is_refused = False

    async def send(self, operations: Sequence[Operation]) -> Sequence[WriteResult]:
        """Send operations whose addresses were checked, and return the result of each, in the same order.

        :raises ValueError: for more than fit in one batch, or two about one partner; nothing was sent.
        """
        if len(operations) > MAX_WRITES_TOGETHER or len({*map(_partner_of, operations)}) < len(operations):
            # NB. Graph performs the parts of a batch in any order.
            raise ValueError(f"{len(operations)} operations may not share a batch")
        if len(operations) < 2:
            return [await self._alone(operation) for operation in operations]
        if self._is_refused:
            # NB. not in turn here: each is checked again right before it is sent, and twenty may take minutes.
            return [SendAlone() for _ in operations]
        parts = [_Part(operation=operation) for operation in operations]
        try:
            answers = await self._answers(parts)
        except (TenantUnavailable, TenantRefused) as error:
            return [problem_about(part.call, error) for part in parts]
        return [self._result(part, answers[part.id]) for part in parts]

    async def _answers(self, parts: Sequence[_Part]) -> Mapping[str, Answer]:
        """Post the batch, and return the answer to each part by its id.

        :raises TenantUnavailable: when no result is known, also when one part has no answer.
        """
        answer = await self._connection.send(_CALL, _request(parts))
        if answer.is_success:
            return inner_answers(_CALL, answer, [part.id for part in parts], redact=self._connection.redact)
        if answer.status == 429:
            return {part.id: answer for part in parts}  # nothing was done
        self._is_refused = 400 <= answer.status < 500 and answer.status not in _TEMPORARY
        if self._is_refused:
            _log.warning("graph_refuses_batches_of_writes", status=answer.status, request_id=answer.request_id)
        # NB. never a refusal: the status of the whole says nothing about any part.
        raise unavailable(
            TenantCode.ANSWERED_OTHERWISE,
            call=_CALL.as_value,
            status=answer.status,
            request_id=answer.request_id,
            is_write=True,
        )

    def _result(self, part: _Part, answer: Answer) -> WriteResult:
        """Return what the answer to one part means.

        A part whose token was refused must be sent again alone, as a single write is: nothing was done.
        """
        _log.info(
            "graph call in batch",
            method=part.call.method,
            path=part.call.path,
            status=answer.status,
            request_id=answer.request_id,
            client_request_id=part.id,
        )
        self._connection.saw_part(part.call, answer)
        if answer.is_success:
            return CallIds(request_id=answer.request_id, client_request_id=part.id)
        return SendAlone() if answer.status == 401 else failure(part.call, answer)

    async def _alone(self, operation: Operation) -> WriteResult:
        try:
            return await self._write(operation)
        except (TenantUnavailable, TenantRefused) as error:
            return error


def _partner_of(operation: Operation) -> str:
    found = _PARTNER.search(operation.path)
    return found[1] if found else str(operation.body.get("tenantId")).lower()


def _request(parts: Sequence[_Part]) -> RequestInformation:
    request = RequestInformation(Method.POST, "{+baseurl}/$batch", {})
    request.headers.try_add("Accept", "application/json")
    request.set_stream_content(
        b'{"requests": [' + b", ".join(part.encoded() for part in parts) + b"]}", "application/json"
    )
    # NB. the retries of reads take every batch for reads.
    request.add_request_options([_NEVER_AGAIN])
    return request

"""Send one request to Graph and receive its answer: token, deadline, retries of reads, log line.

It is long because every way to send a request is here.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import httpx
import structlog
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import ResponseHandlerOption
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.settings.canonical import JsonObject
from workflows.entra.addresses import request_to_link
from workflows.entra.answers.answers import (
    Answer,
    GraphCall,
    is_same_service,
    json_object,
    rows_of,
    unavailable,
    without_annotations,
)
from workflows.entra.answers.batch_answers import inner_answers
from workflows.entra.answers.failed_calls import failure, retry_after
from workflows.entra.transport.batch import (
    BATCH_PATH,
    BatchedRead,
    BatchedReads,
    BatchSender,
    batch_request,
    batch_sender,
)
from workflows.entra.transport.claims import claims_in
from workflows.entra.transport.credential import UnattendedCredential
from workflows.entra.transport.traffic.rate_limit import RateLimit, send_patiently
from workflows.entra.transport.traffic.read_retries import ONE_TRY_LESS, is_sent_again, pause_before_second_try
from workflows.entra.transport.traffic.traffic import Traffic
from workflows.ports.tenant import TenantRefused, TenantUnavailable, current_urgency

_READ_SECONDS: Final = 10.0
WRITE_SECONDS: Final = 15.0
_PAGES: Final = 1000
_OWN_ID: Final = "client-request-id"
"""The header with the id that the sender chooses; Graph's logs have it, too (Graph: "Best practices")."""

_DROPPED: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""The errors of a connection that the other end has closed."""

_log = structlog.get_logger(__name__)


class Connection:
    """The connection to Graph. Reads may be repeated. A write is sent again only after a 401, when nothing was done."""

    def __init__(
        self,
        *,
        adapter: GraphRequestAdapter,
        client: httpx.AsyncClient,
        credential: UnattendedCredential,
        root: str,
        scope: str,
        traffic: Traffic,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._traffic = traffic
        self._redact = redact
        self._adapter = adapter
        self._client = client
        self._credential = credential
        self._root = root
        self._scope = scope

    @property
    def graph(self) -> GraphServiceClient:
        """Return a new client. Only one builder of a client may be used."""
        return GraphServiceClient(request_adapter=self._adapter)

    @property
    def redact(self) -> Callable[[str], str]:
        """Return what removes secrets from the body of an error."""
        return self._redact

    def rate_limit(self, limit: int, seconds: float, *, longest_wait: float | None = None) -> RateLimit:
        """Return a rate limit of Graph's, of which each of several processes has its part."""
        return RateLimit(limit, seconds, longest_wait=longest_wait, processes=self._traffic.processes)

    def own_ids(self) -> frozenset[str]:
        """Return the ids by which the bot is named in Entra's audit log; empty when they cannot be read."""
        return self._credential.own_ids()

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()
        await self._credential.close()

    async def granted_permissions(self) -> frozenset[str] | None:
        """Return the application permissions in the token; None when they cannot be read. Gets a token when needed.

        :raises TenantRefused, TenantUnavailable: when there is no token.
        """
        return claims_in((await self._credential.get_token(self._scope, enable_cae=True)).token).permissions

    async def surplus_permissions(self, allowed: frozenset[str] | None) -> Sequence[str]:
        """List the permissions in the token that are not allowed; empty when there is no token, or it is not readable.

        :param allowed: None: all are.
        """
        try:
            granted = None if allowed is None else await self.granted_permissions()
        except (TenantUnavailable, TenantRefused):
            return ()
        return () if granted is None or allowed is None else tuple(sorted(granted - allowed))

    def together(self) -> BatchedReads:
        """Return a new group of reads, which are sent in one `$batch`."""
        return BatchedReads(self._post)

    async def document(self, call: GraphCall, request: RequestInformation) -> JsonObject:
        """Read one object, without annotations."""
        return document_of(call, await self.send(call, request))

    async def collect(self, call: GraphCall, request: RequestInformation, *, key: str = "id") -> Sequence[JsonObject]:
        """Read a complete collection, annotations included. A part of it is never returned."""
        return [row async for page in self.pages(call, request, key=key) for row in page]

    async def pages(
        self,
        call: GraphCall,
        request: RequestInformation,
        *,
        key: str = "id",
        take_turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
        waits: int = 0,
    ) -> AsyncIterator[Sequence[JsonObject]]:
        """Read a collection page by page.

        :param key: the property that identifies an object of this collection.
        :param take_turn: returns a context in which each page is requested; it keeps a rate limit (see `RateLimit`).
        :param waits: how often the same page is requested again after the pause that Graph asks for, when throttled.
        """
        earlier_links: set[str] = set()
        while True:
            answer = await send_patiently(call, request, self.send, take_turn, waits)
            rows, link = rows_of(call, answer, key=key)
            yield rows
            if link is None:
                return
            if link in earlier_links or len(earlier_links) >= _PAGES or not is_same_service(link, self._root):
                raise unavailable(TenantCode.ENDLESS_LIST, call=call.as_value)
            earlier_links.add(link)
            request = request_to_link(link)

    async def page(
        self,
        call: GraphCall,
        first: RequestInformation,
        link: str | None,
        *,
        waits: int = 0,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[Sequence[JsonObject], str | None]:
        """Read one page of a collection: the first, or the one of a link. Returns its rows and the next link.

        :param headers: further headers, which each page of the collection needs.
        :raises TenantUnavailable: also for a link to another server, which is not used, and one to the same page.
        """
        self._require_own_link(call, link)
        request = first if link is None else request_to_link(link)
        for name, value in headers.items():
            request.headers.try_add(name, value)
        rows, next_link = rows_of(call, await send_patiently(call, request, self.send, nullcontext, waits))
        self._require_own_link(call, next_link, after=link)
        return rows, next_link

    def _require_own_link(self, call: GraphCall, link: str | None, *, after: str | None = None) -> None:
        if link is not None and (link == after or not is_same_service(link, self._root)):
            raise unavailable(TenantCode.ENDLESS_LIST, call=call.as_value)

    async def send(self, call: GraphCall, request: RequestInformation) -> Answer:
        """Send one request and log it: method, path, status, ids and time; never a body, a query or a token.

        :raises TenantUnavailable: when no answer came. The result of a write is then unknown, unless the error says
            that nothing was sent.
        :raises TenantRefused: when the credentials are refused.
        """
        own_id = str(uuid.uuid4())
        request.headers.try_add(_OWN_ID, own_id)
        send_in_batch = batch_sender(call, request, own_id)
        request.path_parameters["baseurl"] = self._root
        request.url = request.url  # otherwise the adapter expands the template each time it is read
        request.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        started = time.perf_counter()
        deadline = asyncio.get_running_loop().time() + (WRITE_SECONDS if call.is_write else _READ_SECONDS)
        answer: Answer | None = None
        is_sent = False
        try:
            async with asyncio.timeout_at(deadline):
                # The adapter gets the token from the cache. So when getting a token fails, nothing was sent.
                await self._credential.get_token(self._scope, enable_cae=True)
                is_sent = True
                answer = None if send_in_batch is None else await self._from_batch(call, request, send_in_batch)
            answer = answer or await self._send_in_turn(call, request, deadline)
            return answer
        except TimeoutError as error:
            values = {"call": call.as_value, "is_sent": is_sent, "is_write": call.is_write}
            raise unavailable(TenantCode.TOO_LATE, **values) from error
        finally:
            _log.info(
                "graph call",
                method=call.method,
                path=call.path,
                status=None if answer is None else answer.status,
                request_id=None if answer is None else answer.request_id,
                client_request_id=own_id,
                ms=round((time.perf_counter() - started) * 1000),
            )

    async def _send_in_turn(self, call: GraphCall, request: RequestInformation, deadline: float) -> Answer:
        """Send a request when its service accepts it. The wait for that does not count against the deadline.

        :raises TenantUnavailable: also when it may not be sent now; nothing was sent then.
        """
        now = asyncio.get_running_loop().time
        began = now()
        lane = self._traffic.lane_of(call.service_path or call.path)
        async with lane.turn(current_urgency()):
            async with asyncio.timeout_at(deadline + now() - began):
                answer = await self._send_with_repeats(call, request)
            if not (call.path == BATCH_PATH and answer.is_success):  # its parts say how their service is
                self._saw(call, answer)
            return answer

    def saw_part(self, call: GraphCall, answer: Answer) -> None:
        """Record what the answer to one part of a batch says about its service.

        A throttled part holds only itself: Graph throttles each one alone.
        """
        if answer.status != 429:
            self._saw(call, answer)

    def _saw(self, call: GraphCall, answer: Answer) -> None:
        self._traffic.lane_of(call.service_path or call.path).answered(answer.status, retry_after(answer.headers))
        if answer.is_success:
            self._traffic.repeats.earn()

    async def _from_batch(
        self, call: GraphCall, request: RequestInformation, send_in_batch: BatchSender
    ) -> Answer | None:
        """Return the answer to a read from a batch; None when the read must be sent alone now.

        A throttled read, and one whose token was refused, is sent again after the usual pause.
        """
        answer = await send_in_batch()
        if answer is None or answer.status == 401:
            return None
        self.saw_part(call, answer)
        if not is_sent_again(request, answer):
            return answer
        await asyncio.sleep(pause_before_second_try(answer))
        request.add_request_options([ONE_TRY_LESS])
        return None

    async def _post(self, reads: Sequence[BatchedRead]) -> Mapping[str, Answer] | None:
        """Send a batch. Returns the answers by id; None when Graph refuses the batch, so that each is sent alone.

        NB. a refused batch says nothing about its parts. Its 404 must not mean that an object does not exist.
        """
        first = reads[0].call
        call = replace(first, method="POST", path=BATCH_PATH, is_question=True, service_path=first.path)
        answer = await self.send(call, await batch_request(self._adapter, reads))
        ids = [read.item.id for read in reads]
        if answer.is_success:
            return inner_answers(call, answer, ids, redact=self._redact)
        if 400 <= answer.status < 500 and answer.status != 429:
            return None
        return dict.fromkeys(ids, answer)

    async def _send_with_repeats(self, call: GraphCall, request: RequestInformation) -> Answer:
        """Send a request, and send it again in two cases.

        A read is sent again when Graph has closed a kept connection. Every request is sent again with a new token after
        a 401. The token may have been revoked, and nothing was done.
        """
        try:
            response = await self._send_once(call, request)
        except TenantUnavailable as error:
            if call.is_write or not isinstance(error.__cause__, _DROPPED):
                raise
            response = await self._send_once(call, request)
        if response.status_code == 401 and "claims=" not in response.headers.get("www-authenticate", ""):
            await self._credential.forget(response.request.headers.get("authorization", "").removeprefix("Bearer "))
            request.headers.remove("Authorization")
            response = await self._send_once(call, request)
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content if response.is_success else self._redact_body(response.content),
        )

    def _redact_body(self, body: bytes) -> bytes:
        """Return the body of an error without secrets."""
        return self._redact(body.decode(errors="replace")).encode()

    async def _send_once(self, call: GraphCall, request: RequestInformation) -> httpx.Response:
        try:
            response: Any = await self._adapter.send_primitive_async(request, "bytes", None)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise unavailable(TenantCode.UNREACHABLE, call=call.as_value) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            # ValueError: the adapter could not decode a claims challenge.
            raise unavailable(TenantCode.BROKEN_OFF, call=call.as_value, is_write=call.is_write) from error
        answered: httpx.Response = response
        return answered


def own_id_of(request: RequestInformation) -> str:
    """Return the id that was sent with a request; empty when it was not sent."""
    return next(iter(request.headers.get(_OWN_ID)), "")


def document_of(call: GraphCall, answer: Answer) -> JsonObject:
    """Read an answer that must be one object, without annotations.

    :raises TenantRefused, TenantUnavailable: for any other answer.
    """
    if not answer.is_success:
        raise failure(call, answer)
    document: JsonObject = without_annotations(json_object(call, answer))
    return document

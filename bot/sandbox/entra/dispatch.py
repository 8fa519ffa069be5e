"""Check the token, the path and the permission of a call, then run its handler. A refusal becomes an answer."""

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from bot.sandbox.entra.endpoints.routing import match, not_allowed
from bot.sandbox.entra.endpoints.table import endpoints_of
from bot.sandbox.entra.odata.batch import run_batch
from bot.sandbox.entra.odata.calls import Answer, Call, Refusal
from bot.sandbox.entra.tenant.tenant import Tenant
from bot.sandbox.http.batches import failing_answer
from bot.sandbox.http.faults import Fault


def answer(
    tenant: Tenant,
    call: Call,
    *,
    accepts_token: Callable[[str], bool],
    is_inside_batch: bool = False,
    faults: Mapping[str, Fault] = MappingProxyType({}),
) -> Answer:
    """Answer a call.

    As in Graph, headers and body of an error have the request id, the client's request id and the date.

    :param is_inside_batch: whether the call is part of a `$batch`.
    :param faults: the faults of calls in a `$batch`, by their ids.
    """
    request_id = str(uuid.uuid4())
    client_request_id = _safe_request_id(call.headers.get("client-request-id", "")) or request_id
    ids = {"request-id": request_id, "client-request-id": client_request_id}
    try:
        answer_to_call = _check_and_handle(tenant, call, accepts_token, is_inside_batch, faults)
        return replace(answer_to_call, headers={**ids, **answer_to_call.headers})
    except Refusal as refusal:
        date = tenant.now().strftime("%Y-%m-%dT%H:%M:%S")
        return Answer(
            status=refusal.status,
            body={"error": _error(refusal, {"date": date, **ids})},
            headers={**ids, **refusal.headers},
        )


def _check_and_handle(
    tenant: Tenant,
    call: Call,
    accepts_token: Callable[[str], bool],
    is_inside_batch: bool,
    faults: Mapping[str, Fault],
) -> Answer:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _invalid_token_refusal("Access token is empty.")
    if not accepts_token(token.strip()):
        raise _invalid_token_refusal(
            "Access token validation failure. The token is not ours, not for this audience, or expired."
        )
    app_id = _app_id(token)
    call = replace(call, app_id=app_id, permissions=frozenset(tenant.app_roles(app_id)))
    if call.segments == ("$batch",) and not is_inside_batch:
        if call.method != "POST":
            raise not_allowed()

        def send(name: str, inner: Call) -> Answer:
            fault = faults.get(name)
            fails = fault is not None and not fault.only_delays
            if fault is not None and fails and not fault.after_commit:
                return _failing(fault)
            inner_answer = answer(tenant, inner, accepts_token=accepts_token, is_inside_batch=True)
            return _failing(fault) if fault is not None and fails else inner_answer

        return run_batch(call, send)
    endpoints = endpoints_of(has_capabilities=bool(tenant.objects["hasM365Capabilities"]))
    endpoint, call = match(endpoints, call)
    if not endpoint.permissions & call.permissions:
        raise Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    return endpoint.handler(tenant, call)


def _failing(fault: Fault) -> Answer:
    status, headers, body = failing_answer(fault)
    return Answer(status=status, body=body, headers=headers)


def _invalid_token_refusal(message: str) -> Refusal:
    challenge = 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'
    return Refusal(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge})


def _error(refusal: Refusal, inner: dict[str, str]) -> dict[str, Any]:
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        error["details"] = refusal.details
    return {**error, "innerError": inner}


def _safe_request_id(client_request_id: str) -> str:
    """Return the caller's own request id when it is safe in a header."""
    is_safe = 0 < len(client_request_id) <= 64 and client_request_id.isascii() and client_request_id.isprintable()
    return client_request_id if is_safe else ""


def _app_id(token: str) -> str:
    """Read `appid` from an accepted token; empty when it is not a JWT (a test may accept anything)."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return str(claims["appid"])
    except (ValueError, LookupError, TypeError):
        return ""

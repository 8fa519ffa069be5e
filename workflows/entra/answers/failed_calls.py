"""Turn an unsuccessful answer of Graph, or of the service that gives tokens, into an error."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.errors.tenant_problems import TenantCode
from workflows.entra.answers.answers import Answer, GraphCall, error_object, one_line, unavailable
from workflows.entra.answers.known_refusals import meaning_of
from workflows.ports.tenant import MAX_RETRY_AFTER, AlreadyExists, TenantRefused, TenantUnavailable

_SIGN_IN_CODE: Final = re.compile(r"AADSTS\d+")
_TRANSPORT_STATUSES: Final = frozenset({407, 408, 412, 421, 423, 425, 429})
"""Client errors that are about a proxy, a lock or a temporary state, not the request (RFC 9110, 4918, 8470)."""


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Read `Retry-After`, in seconds or as a date (RFC 9110); None when it is absent or unreadable.

    :returns: seconds, never more than `MAX_RETRY_AFTER`.
    """
    text = headers.get("retry-after", "").strip()
    seconds = text.partition(",")[0].strip()
    if seconds.isascii() and seconds.isdigit():
        # NB. the header may contain any number of digits. A long number counts as the maximum.
        return min(float(seconds), MAX_RETRY_AFTER) if len(seconds) < 8 else MAX_RETRY_AFTER
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), MAX_RETRY_AFTER)


def failure(call: GraphCall, answer: Answer) -> TenantUnavailable | TenantRefused:
    """Return the error for an unsuccessful answer.

    It is TenantRefused only when the answer contains Graph's error object, and its status can be about the request. In
    every other case the result is not known: throttling, redirects, 5xx, pages of a proxy, locks. A conflict means that
    the object exists already, but only for POST and PUT, which create. A conflict of a PATCH is temporary. A refused
    token holds what was to be done, and ends nothing.
    """
    status = answer.status
    if status == 429:
        wait = retry_after(answer.headers)
        throttled = Fact(
            TenantCode.THROTTLED, {"call": call.as_value, "request_id": answer.request_id, "seconds": wait}
        )
        return TenantUnavailable((throttled,), wait, is_throttled=True)
    error = error_object(answer)
    if not isinstance(error, dict) or not _is_about_the_request(call, status):
        values = {"call": call.as_value, "status": status, "request_id": answer.request_id, "is_write": call.is_write}
        return TenantUnavailable((Fact(TenantCode.ANSWERED_OTHERWISE, values),), retry_after(answer.headers))
    code = str(error.get("code") or "")
    says = one_line(str(error.get("message") or ""))
    if status == 401:
        # The connection has tried once more with a new token. Nothing was done, and an admin can mend it.
        values = {"call": call.as_value, "status": status, "code": code, "says": says, "request_id": answer.request_id}
        return TenantUnavailable((Fact(TenantCode.TOKEN_REFUSED_TWICE, values),))
    meaning = meaning_of(status, says)
    fact = Fact(
        TenantCode.REFUSED_BY_ENTRA,
        {
            "call": call.as_value,
            "status": status,
            "code": code,
            "says": says,
            "request_id": answer.request_id,
            "permission": call.permission,
            "meaning": None if meaning is None else meaning.value,
        },
    )
    kind = AlreadyExists if status == 409 and call.method in ("POST", "PUT") else TenantRefused
    return kind(status, code, (fact,))


def token_failure(
    message: str, status: int | None, refusal: TenantCode = TenantCode.CREDENTIALS_REFUSED
) -> TenantUnavailable | TenantRefused:
    """Return the error when the authority refuses to give a token, or does not answer (`status` None).

    :param refusal: the code of the refusal, which names whose credentials they are.
    """
    message = one_line(message)
    if status is None or status >= 500 or status in (408, 429):
        return unavailable(TenantCode.NO_TOKEN, says=message)
    match = _SIGN_IN_CODE.search(message)
    code = match.group() if match else "invalid_client"
    return TenantRefused(401, code, (Fact(refusal, {"says": message}),))


def no_credential(missing: Sequence[str]) -> TenantUnavailable:
    """Return the error that no credential could be tried, with the reason of the last one."""
    return unavailable(TenantCode.NO_CREDENTIALS, says=one_line(missing[-1]) if missing else "")


def _is_about_the_request(call: GraphCall, status: int) -> bool:
    """Return whether a status can be about the request. Sending it again then does not help."""
    passes = status == 409 and call.method not in ("POST", "PUT")
    return 400 <= status < 500 and status not in _TRANSPORT_STATUSES and not passes

"""Read Microsoft Graph's answers: JSON without annotations, accounts, pages, and refusals. No SDK, no I/O.

Graph's errors are `{"error": {"code", "message", "innerError": {"request-id"}}}` ("Microsoft Graph error responses").
`code` may be empty, and messages change. So only the status is used, and whether there is an error object. An answer
without an error object did not come from Graph.

This file is long because each kind of answer has one short function here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from workflows.core.checks.tenant_facts import SignIns
from workflows.core.errors.facts import Fact, Values
from workflows.core.people import PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId, is_guid
from workflows.entra.known_refusals import meaning_of
from workflows.ports.tenant import MAX_RETRY_AFTER, Account, AlreadyExists, TenantRefused, TenantUnavailable
from workflows.ports.tenant_problems import Purpose, TenantCode

_PORTS: Final = {"http": 80, "https": 443}
_SIGN_IN_CODE: Final = re.compile(r"AADSTS\d+")
_MAX_QUOTED_CHARACTERS: Final = 300
_TRANSPORT_STATUSES: Final = frozenset({407, 408, 412, 421, 423, 425, 429})
"""Client errors that are about a proxy, a lock or a temporary state, not the request (RFC 9110, 4918, 8470)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphCall:
    """The description of one request to Graph, for log lines and refusals."""

    method: str
    path: str
    """The path below the service root, without the query: filters contain names of people."""
    purpose: Purpose
    permission: str
    """The application permission that the call needs."""
    of: str = ""
    """The name or id of the object that the call is about; may be empty."""
    kind: str = ""
    """The kind of object that the call is about; may be empty."""
    is_question: bool = False
    """Whether it is a POST that changes nothing."""

    @property
    def as_value(self) -> Values:
        """Return the value `call` of a problem (see `ports.tenant_problems`)."""
        return {"purpose": self.purpose.value, "of": self.of, "kind": self.kind}

    @property
    def is_write(self) -> bool:
        """Return whether the call changes anything."""
        return self.method != "GET" and not self.is_question


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a request. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        """Return whether Graph carried out the request (2xx). A redirect does not count."""
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str:
        """Return the id that Microsoft's support asks for; empty when there is none."""
        named = self.headers.get("request-id", "")
        return named if named or self.is_success else str(_inner_error(self).get("request-id") or "")


def read_call(path: str, purpose: Purpose, permission: str, *, of: str = "", kind: str = "") -> GraphCall:
    """Return the description of a GET request."""
    return GraphCall(method="GET", path=path, purpose=purpose, permission=permission, of=of, kind=kind)


def unavailable(code: TenantCode, **values: Any) -> TenantUnavailable:
    """Return the error that Entra did not answer, or that its answer cannot be used."""
    return TenantUnavailable((Fact(code, values),))


def quoted(text: str) -> str:
    """Write `text` as an OData string literal: in single quotes, with single quotes inside it doubled."""
    return "'" + text.replace("'", "''") + "'"


def chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Split `items` into parts of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def json_object(call: GraphCall, answer: Answer) -> JsonObject:
    """Parse a successful answer's body, annotations included.

    :raises TenantUnavailable: when it is no JSON object: another server answered, or the body is incomplete.
    """
    parsed = _parsed(answer.body)
    if not isinstance(parsed, dict):
        raise unavailable(TenantCode.UNREADABLE_ANSWER, call=call.as_value, request_id=answer.request_id)
    return parsed


def without_annotations(value: Any) -> Any:
    """Remove every `@odata.…` member, at every depth. All other members stay, also undescribed ones and nulls."""
    if isinstance(value, dict):
        return {name: without_annotations(item) for name, item in value.items() if "@odata." not in name}
    if isinstance(value, list):
        return [without_annotations(item) for item in value]
    return value


def is_not_found(answer: Answer) -> bool:
    """Return whether Graph says that there is no such object.

    NB. a 404 without Graph's error object comes from a proxy or a wrong address. It says nothing about the object.
    """
    return answer.status == 404 and isinstance(_error(answer), dict)


def rows_of(call: GraphCall, answer: Answer, *, key: str = "id") -> tuple[Sequence[JsonObject], str | None]:
    """Read one page of a collection: its objects, each with its key, and the address of the next page.

    :param key: the property that identifies an object of this collection; partners have no `id`.
    :raises TenantUnavailable: when the page has another form. A part of the page is never returned.
    """
    page = json_object(call, answer)
    rows, link = page.get("value"), page.get("@odata.nextLink")
    if not isinstance(rows, list) or not all(_is_named(row, key) for row in rows) or not isinstance(link, str | None):
        raise unavailable(TenantCode.UNREADABLE_LIST, call=call.as_value, request_id=answer.request_id)
    return rows, link


def is_same_service(link: str, service_root: str) -> bool:
    """Return whether a link belongs to the service: same scheme, host and port, and no user information.

    The link to the next page must not send our token to another server.
    """
    try:
        link_url, service_url = urlsplit(link), urlsplit(service_root)
        link_address, service_address = (
            (url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)) for url in (link_url, service_url)
        )
    except ValueError:
        return False
    return link_address == service_address and link_url.username is None and link_url.password is None


def identity_of(document: JsonObject, *, asked: str) -> TenantIdentity | None:
    """Read a `tenantInformation` of Graph; None when it contains no tenant id.

    A missing name is replaced by the domain, the requested text or the id.
    """
    tenant_id = str(document.get("tenantId") or "").lower()
    if not is_guid(tenant_id):
        return None
    domain = str(document.get("defaultDomainName") or "").lower() or ("" if is_guid(asked) else asked)
    return TenantIdentity(
        tenant_id=TenantId(tenant_id),
        display_name=str(document.get("displayName") or domain or tenant_id),
        default_domain=domain,
        asked=asked,
    )


def account_of(row: JsonObject) -> Account:
    """Read a user object that was selected with `id, displayName, mail, userPrincipalName, accountEnabled, userType`.

    An account is enabled only when Graph says true, and a member only when Graph says `Member`. Graph returns null for
    accounts that are older than the property. An admin must set `userType` for them before they count as members.
    """
    name = str(row.get("userPrincipalName") or "")
    return Account(
        id=PersonId(str(row.get("id") or "").lower()),
        name=str(row.get("displayName") or name),
        mail=str(row.get("mail") or name),
        is_enabled=row.get("accountEnabled") is True,
        is_member=row.get("userType") == "Member",
    )


def verified_domains(rows: Sequence[JsonObject]) -> Sequence[str]:
    """Read the domains of organizations that were selected with `verifiedDomains`, lower case.

    :raises TenantUnavailable: when there is none. Every tenant has an initial domain, so the list is incomplete.
    """
    named = [domain.get("name") for row in rows for domain in row.get("verifiedDomains") or () if domain]
    domains = [name.lower() for name in named if isinstance(name, str) and name]
    if not domains:
        raise unavailable(TenantCode.NO_OWN_DOMAINS)
    return domains


def sign_ins_of(rows: Sequence[JsonObject], *, is_complete: bool) -> SignIns:
    """Count the people, and list the applications, of successful sign-ins (`status.errorCode` 0)."""
    good = [row for row in rows if isinstance(row.get("status"), dict) and row["status"].get("errorCode") == 0]
    return SignIns(
        people=len({row.get("userId") for row in good}),
        applications=tuple(sorted({str(row.get("appDisplayName") or "") for row in good})),
        is_complete=is_complete,
    )


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
    the object exists already, but only for POST and PUT, which create. A conflict of a PATCH is temporary.
    """
    status = answer.status
    if status == 429:
        wait = retry_after(answer.headers)
        throttled = Fact(
            TenantCode.THROTTLED, {"call": call.as_value, "request_id": answer.request_id, "seconds": wait}
        )
        return TenantUnavailable((throttled,), wait, is_throttled=True)
    error = _error(answer)
    if not isinstance(error, dict) or not _is_about_the_request(call, status):
        values = {"call": call.as_value, "status": status, "request_id": answer.request_id, "is_write": call.is_write}
        return TenantUnavailable((Fact(TenantCode.ANSWERED_OTHERWISE, values),), retry_after(answer.headers))
    code = str(error.get("code") or "")
    says = _one_line(str(error.get("message") or ""))
    meaning = meaning_of(status, says)
    refused = Fact(
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
    return kind(status, code, (refused,))


def token_failure(says: str, status: int | None) -> TenantUnavailable | TenantRefused:
    """Return the error when the authority refuses to give a token, or does not answer (`status` None)."""
    says = _one_line(says)
    if status is None or status >= 500 or status in (408, 429):
        return unavailable(TenantCode.NO_TOKEN, says=says)
    match = _SIGN_IN_CODE.search(says)
    code = match.group() if match else "invalid_client"
    return TenantRefused(401, code, (Fact(TenantCode.CREDENTIALS_REFUSED, {"says": says}),))


def no_credential(missing: Sequence[str]) -> TenantUnavailable:
    """Return the error that no credential could be tried, with the reason of the last one."""
    return unavailable(TenantCode.NO_CREDENTIALS, says=_one_line(missing[-1]) if missing else "")


def _is_about_the_request(call: GraphCall, status: int) -> bool:
    """Return whether a status can be about the request. Sending it again then does not help."""
    passes = status == 409 and call.method not in ("POST", "PUT")
    return 400 <= status < 500 and status not in _TRANSPORT_STATUSES and not passes


def _error(answer: Answer) -> object:
    parsed = _parsed(answer.body)
    return parsed.get("error") if isinstance(parsed, dict) else None


def _inner_error(answer: Answer) -> Mapping[str, Any]:
    error = _error(answer)
    if not isinstance(error, dict):
        return {}
    inner = error.get("innerError") or error.get("innererror")
    return inner if isinstance(inner, dict) else {}


def _is_named(row: object, key: str) -> bool:
    return isinstance(row, dict) and isinstance(row.get(key), str) and row[key] != ""


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _one_line(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _MAX_QUOTED_CHARACTERS else f"{line[: _MAX_QUOTED_CHARACTERS - 1]}…"

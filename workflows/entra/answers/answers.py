"""Read Microsoft Graph's answers: JSON without annotations, accounts, and pages. No SDK, no I/O.

Graph's errors are `{"error": {"code", "message", "innerError": {"request-id"}}}` ("Microsoft Graph error responses").
`code` may be empty, and messages change. So only the status is used, and whether there is an error object. An answer
without an error object did not come from Graph."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from workflows.core.checks.tenant_facts import SignIns
from workflows.core.errors.facts import Fact, Values
from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.people import PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId, is_guid
from workflows.ports.tenant import Account, TenantUnavailable

_PORTS: Final = {"http": 80, "https": 443}
_MAX_QUOTED_CHARACTERS: Final = 300
_HALF_CHARACTER: Final = re.compile(r"\\u[dD][89a-fA-F]")
ACCOUNT_PROPERTIES: Final = (
    "id",
    "displayName",
    "mail",
    "userPrincipalName",
    "accountEnabled",
    "userType",
    "department",
)
"""The properties of a user from which `account_of` reads an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphCall:
    """The description of one request to Graph, for log lines and refusals."""

    method: str
    path: str
    """The path below the service root, without the query: filters contain names of people."""
    purpose: Purpose
    permission: str
    """The application permission that the call needs."""
    object_name: str = ""
    """The name or id of the object that the call is about; may be empty."""
    object_kind: str = ""
    """The kind of object that the call is about; may be empty."""
    is_question: bool = False
    """Whether it is a POST that changes nothing."""
    service_path: str = ""
    """A path of the service that answers it, where `path` does not show that: of one read in a batch."""

    @property
    def as_value(self) -> Values:
        """Return the value `call` of a problem (see `ports.tenant_problems`). Its names are stored."""
        return {"purpose": self.purpose.value, "of": self.object_name, "kind": self.object_kind}

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
        request_id = self.headers.get("request-id", "")
        return request_id if request_id or self.is_success else str(_inner_error(self).get("request-id") or "")


def read_call(
    path: str, purpose: Purpose, permission: str, *, object_name: str = "", object_kind: str = ""
) -> GraphCall:
    """Return the description of a GET request."""
    return GraphCall(
        method="GET",
        path=path,
        purpose=purpose,
        permission=permission,
        object_name=object_name,
        object_kind=object_kind,
    )


def unavailable(code: TenantCode, **values: Any) -> TenantUnavailable:
    """Return the error that Entra did not answer, or that its answer cannot be used."""
    return TenantUnavailable((Fact(code, values),))


def odata_literal(text: str) -> str:
    """Write `text` as an OData string literal: in single quotes, with single quotes inside it doubled."""
    return "'" + text.replace("'", "''") + "'"


def chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Split `items` into parts of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def json_object(call: GraphCall, answer: Answer) -> JsonObject:
    """Parse a successful answer's body, annotations included.

    :raises TenantUnavailable: when it is no JSON object: another server answered, or the body is incomplete.
    """
    parsed = _parse(answer.body)
    if not isinstance(parsed, dict):
        raise unavailable(TenantCode.UNREADABLE_ANSWER, call=call.as_value, request_id=answer.request_id)
    return parsed


def without_annotations(value: Any) -> Any:
    """Remove every `@odata.…` member, at every depth. All other members stay, also undocumented ones and nulls."""
    if isinstance(value, dict):
        return {name: without_annotations(item) for name, item in value.items() if "@odata." not in name}
    if isinstance(value, list):
        return [without_annotations(item) for item in value]
    return value


def is_not_found(answer: Answer) -> bool:
    """Return whether Graph says that there is no such object.

    NB. a 404 without Graph's error object comes from a proxy or a wrong address. It says nothing about the object.
    """
    return answer.status == 404 and isinstance(error_object(answer), dict)


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


def identity_of(document: JsonObject, *, typed_name: str) -> TenantIdentity | None:
    """Read a `tenantInformation` of Graph; None when it contains no tenant id.

    A missing name is replaced by the domain, the requested text or the id.
    """
    tenant_id = str(document.get("tenantId") or "").lower()
    if not is_guid(tenant_id):
        return None
    domain = str(document.get("defaultDomainName") or "").lower() or ("" if is_guid(typed_name) else typed_name)
    return TenantIdentity(
        tenant_id=TenantId(tenant_id),
        display_name=str(document.get("displayName") or domain or tenant_id),
        default_domain=domain,
        typed_name=typed_name,
    )


def account_of(row: JsonObject) -> Account:
    """Read a user object that was selected with `ACCOUNT_PROPERTIES`.

    An account is enabled only when Graph says true, and a member only when Graph says `Member`. Graph returns null for
    accounts that are older than the property. An admin must set `userType` for them before they count as members.
    """
    principal_name = str(row.get("userPrincipalName") or "")
    return Account(
        id=PersonId(str(row.get("id") or "").lower()),
        name=str(row.get("displayName") or principal_name),
        mail=str(row.get("mail") or principal_name),
        is_enabled=row.get("accountEnabled") is True,
        is_member=row.get("userType") == "Member",
        department=str(row.get("department") or "").strip(),
    )


def verified_domains(rows: Sequence[JsonObject]) -> Sequence[str]:
    """Read the domains of organizations that were selected with `verifiedDomains`, lower case.

    :raises TenantUnavailable: when there is none. Every tenant has an initial domain, so the list is incomplete.
    """
    listed = [one for row in rows if isinstance(one := row.get("verifiedDomains"), list)]
    domain_names = [domain.get("name") for domains in listed for domain in domains if isinstance(domain, dict)]
    domains = [name.lower() for name in domain_names if isinstance(name, str) and name]
    if not domains:
        raise unavailable(TenantCode.NO_OWN_DOMAINS)
    return domains


def sign_ins_of(rows: Sequence[JsonObject], *, is_complete: bool) -> SignIns:
    """Count the people, and list the applications, of successful sign-ins (`status.errorCode` 0)."""
    good = [row for row in rows if isinstance(row.get("status"), dict) and row["status"].get("errorCode") == 0]
    return SignIns(
        people=len({str(row.get("userId")) for row in good}),
        applications=tuple(sorted({str(row.get("appDisplayName") or "") for row in good})),
        is_complete=is_complete,
    )


def error_object(answer: Answer) -> object:
    """Return the member `error` of Graph's answer; None when there is none."""
    parsed = _parse(answer.body)
    return parsed.get("error") if isinstance(parsed, dict) else None


def _inner_error(answer: Answer) -> Mapping[str, Any]:
    error = error_object(answer)
    if not isinstance(error, dict):
        return {}
    inner = error.get("innerError") or error.get("innererror")
    return inner if isinstance(inner, dict) else {}


def _is_named(row: object, key: str) -> bool:
    return isinstance(row, dict) and isinstance(row.get(key), str) and row[key] != ""


def _parse(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig")
        parsed = json.loads(text, parse_constant=_refuse_constant)
        if _HALF_CHARACTER.search(text):  # JSON can escape half a character, but no text that is stored can contain it
            parsed = json.loads(json.dumps(parsed, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def one_line(text: str) -> str:
    """Return a text of another system as one line, and not longer than a message may quote."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _MAX_QUOTED_CHARACTERS else f"{line[: _MAX_QUOTED_CHARACTERS - 1]}…"

"""Requests that look like an allowed write, and may mean another one to Graph: none of them reaches the network."""

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any, Final

import httpx
import pytest

from bot.sandbox.entra.types.m365_capabilities import MIGRATION
from tests.workflows.entra.gateway.test_writing_capabilities import BASIC, OWN, ROOT, batch, body, row
from tests.workflows.entra.simulated_tenant import CONTOSO, GROUP, PARTNERS
from workflows.core.settings.canonical import canonical_json
from workflows.entra.transport.outgoing import RequestNotAllowed
from workflows.entra.transport.write_guard import write_guard

PLAIN: Final = canonical_json(body())
TEXT: Final = PLAIN.decode()
TYPE: Final = b'"@odata.type"'
OTHER: Final = f'"#microsoft.graph.{MIGRATION}"'.encode()
BATCH: Final = "/$batch"
TOGETHER: Final = batch(row("POST", OWN, body()))
READ: Final = {"id": "1", "method": "GET", "url": OWN}
JSON: Final = "application/json"


def sent(request: httpx.Request) -> list[httpx.Request]:
    """Send a request through the guard, as the connection does; return what reached the network."""
    reached: list[httpx.Request] = []
    check = write_guard(ROOT)
    transport = httpx.MockTransport(lambda one: reached.append(one) or httpx.Response(200))  # type: ignore[func-returns-value]
    with httpx.Client(transport=transport, event_hooks={"request": [check]}) as client:
        try:
            client.send(request)
        except RequestNotAllowed:
            assert reached == []
    return reached


def post(content: bytes, path: str = OWN, method: str = "POST", headers: Any = None, root: str = ROOT) -> httpx.Request:
    named = headers if headers is not None else {"content-type": JSON}
    return httpx.Request(method, root + path, content=content, headers=named)


def named_twice(name: bytes, value: bytes, content: bytes = PLAIN) -> bytes:
    """Return a body that has one more member at its start."""
    return content.replace(b"{", b"{" + name + b":" + value + b",", 1)


def test_the_plain_write_is_sent() -> None:
    for request in (
        post(PLAIN),
        post(TOGETHER, BATCH),
        post(PLAIN, headers={"content-type": f"{JSON}; charset=UTF-8"}),
    ):
        assert sent(request) == [request]


BODIES: Final[dict[str, bytes]] = {
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "UTF-16, big end first": TEXT.encode("utf-16-be"),
    "UTF-32": TEXT.encode("utf-32"),
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN,
    "no UTF-8": PLAIN.replace(b"user", b"us\xffer"),
    "compressed": gzip.compress(PLAIN),
    "a name escaped": PLAIN.replace(b'"inboundAccess"', b'"\\u0069nboundAccess"'),
    "a type escaped": PLAIN.replace(b"#microsoft", b"#micro\\u0073oft"),
    "the type twice": named_twice(TYPE, OTHER),
    "the type twice, once escaped": named_twice(b'"\\u0040odata.type"', OTHER),
    "the type twice, in another case": named_twice(b'"@odata.Type"', OTHER),
    "the type twice, by its short name": named_twice(b'"@type"', OTHER),
    "the type twice, last": PLAIN[:-1] + b"," + TYPE + b":" + OTHER + b"}",
    "the flag twice": PLAIN.replace(b'"isAllowed":true', b'"isAllowed":false,"isAllowed":true'),
    "a context": named_twice(b'"@odata.context"', b'"#x"'),
    "a bound type": canonical_json(body() | {"@odata.type": f"#microsoft.graph.{MIGRATION}"}),
    "a full type": canonical_json(body() | {"@odata.type": f"{ROOT}/$metadata#microsoft.graph.{BASIC}"}),
    "a list type": canonical_json(body() | {"@odata.type": f"#Collection(microsoft.graph.{BASIC})"}),
    "the name of the migration": canonical_json(body() | {"name": MIGRATION}),
    "the name in another case": canonical_json(body() | {"Name": MIGRATION}),
    "no number": PLAIN.replace(b"true", b"NaN"),
    "two bodies": PLAIN + b"\n" + PLAIN,
    "more bytes": PLAIN + b"\x00",
    "a comment": b"/* */" + PLAIN,
    "text in a text": json.dumps(TEXT).encode(),
    "nothing": b"",
    "a group of everybody": canonical_json(body(included=[{"resourceId": "All", "resourceType": "group"}])),
    "a group in braces": canonical_json(body(included=[{"resourceId": f"{{{GROUP}}}", "resourceType": "group"}])),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_readers_understand_differently_is_not_sent(name: str) -> None:
    assert BODIES[name] != PLAIN
    assert sent(post(BODIES[name])) == []
    inner = TOGETHER.replace(json.dumps(body()).encode(), BODIES[name])
    assert inner != TOGETHER
    assert sent(post(inner, BATCH)) == []


@pytest.mark.parametrize("encode", [lambda text: text.encode("utf-16"), lambda text: gzip.compress(text.encode())])
def test_a_batch_in_another_encoding_is_not_sent(encode: Callable[[str], bytes]) -> None:
    assert sent(post(encode(TOGETHER.decode()), BATCH)) == []


HEADERS: Final[list[Any]] = [
    {"content-type": "text/plain"},
    {"content-type": "application/xml"},
    {"content-type": "application/x-www-form-urlencoded"},
    {"content-type": "multipart/mixed; boundary=x"},
    {"content-type": "application/json-patch+json"},
    {"content-type": f"{JSON}; charset=utf-16"},
    {"content-type": f"{JSON}; charset=utf-7"},
    {"content-type": f"{JSON}; charset=utf-8; charset=utf-16"},
    {"content-type": f"{JSON}, text/plain"},
    {"content-type": ""},
    [("content-type", JSON), ("Content-Type", "text/plain")],
    [("content-type", JSON), ("content-type", JSON)],
    {"content-type": JSON, "content-encoding": "gzip"},
    {"content-type": JSON, "content-encoding": "identity"},
    {"content-type": JSON, "transfer-encoding": "gzip, chunked"},
    {"content-type": JSON, "X-HTTP-Method": "DELETE"},
    {"content-type": JSON, "X-HTTP-Method-Override": "DELETE"},
    {"content-type": JSON, "X-Method-Override": "DELETE"},
    {"content-type": JSON, "X-Original-URL": "/v1.0/policies/crossTenantAccessPolicy/default"},
    {"content-type": JSON, "X-Rewrite-URL": "/v1.0/policies/crossTenantAccessPolicy/default"},
    {"content-type": JSON, "Host": "graph.microsoft.us"},
    [("content-type", JSON), ("Host", "graph.microsoft.com"), ("Host", "graph.microsoft.us")],
]


@pytest.mark.parametrize("headers", HEADERS)
def test_a_header_that_changes_the_meaning_is_not_sent(headers: Any) -> None:
    assert sent(post(PLAIN, headers=headers)) == []
    assert sent(post(TOGETHER, BATCH, headers=headers)) == []


PATHS: Final = [
    OWN.replace("/m365", "//m365"),
    f"/{OWN}",
    OWN.replace("/m365", "/%2e/m365"),
    f"{PARTNERS}/%2e%2e/default/m365Capabilities",
    f"{PARTNERS}/%2E%2E/default/m365Capabilities",
    f"{PARTNERS}/..%2Fdefault/m365Capabilities",
    f"{PARTNERS}/../default/m365Capabilities",
    f"{PARTNERS}/{CONTOSO}%2Fm365Capabilities",
    OWN.replace("m365", "%6d365"),
    OWN.upper(),
    OWN.replace("partners", "Partners"),
    OWN.replace("m365Capabilities", "M365Capabilities"),
    OWN.replace(CONTOSO, CONTOSO.upper()),
    OWN.replace("/m365", "\\m365"),
    OWN.replace(CONTOSO, f"{{{CONTOSO}}}"),
    f"{PARTNERS}('{CONTOSO}')/m365Capabilities",
    f"{OWN};x=1",
    f"{OWN}%00",
    f"{OWN}%3Fx=1",
    f"{OWN}?x=1",
    f"{OWN}?",
    f"{OWN}/",
    f"{OWN}/microsoft.graph.{MIGRATION}",
    f"{OWN}/{MIGRATION}",
    f"{OWN}/{BASIC}/../{MIGRATION}",
    f"{OWN}/{BASIC}/%2e%2e/{MIGRATION}",
    f"{OWN}/$batch",
    "/$BATCH",
    "/%24batch",
    "/$batch/",
    "/v1.0" + OWN,
    "/../beta" + OWN,
    "/%2e%2e/beta" + OWN,
    "/identity/conditionalAccess/evaluate/../../.." + "/invitations",
]


@pytest.mark.parametrize("path", PATHS)
def test_an_address_that_leads_elsewhere_is_not_sent(path: str) -> None:
    for method in ("POST", "PATCH"):
        assert sent(post(PLAIN, path, method)) == []
        assert sent(post(batch(row(method, path, body())), BATCH)) == []


@pytest.mark.parametrize("path", [OWN.replace("/m365", "/./m365"), f"{OWN}/x/..", f"{OWN}#x"])
def test_what_the_client_makes_of_an_address_is_what_is_looked_at(path: str) -> None:
    """Alone, the address that leaves is the plain one. In a batch it would leave as it is, so it does not leave."""
    (request,) = sent(post(PLAIN, path))
    assert request.url.raw_path.decode() == f"/v1.0{OWN}"
    assert sent(post(batch(row("POST", path, body())), BATCH)) == []


@pytest.mark.parametrize(
    "root",
    [
        "http://graph.microsoft.com/v1.0",
        "https://graph.microsoft.com:8443/v1.0",
        "https://user:word@graph.microsoft.com/v1.0",
        "https://graph.microsoft.com@example.org/v1.0",
        "https://graph.microsoft.com./v1.0",
        "https://graph.microsoft.com.example.org/v1.0",
        "https://graph.microsoft.us/v1.0",
        "https://graph.microsoft.com/beta",
        "https://graph.microsoft.com/V1.0",
        "https://graph.microsoft.com/v1.0x",
        "https://graph.microsoft.com/v1.0/../beta",
        "https://graph.microsoft.com",
    ],
)
def test_another_service_is_not_asked(root: str) -> None:
    assert sent(post(PLAIN, root=root)) == []
    assert sent(post(TOGETHER, BATCH, root=root)) == []
    assert sent(post(batch(row("POST", root + OWN, body())), BATCH)) == []
    assert sent(post(batch(READ | {"url": root + OWN}), BATCH)) == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "MERGE", "HEAD", "OPTIONS", "TRACE", "GET", "CONNECT", " POST"])
def test_another_method_is_not_sent(method: str) -> None:
    assert sent(post(PLAIN, method=method)) == []
    assert sent(post(TOGETHER, BATCH, method=method)) == []
    assert sent(post(batch(row(method, OWN, body())), BATCH)) == []


ROWS: Final[list[dict[str, Any]]] = [
    row("post", OWN, body()),
    row("POST", f"{ROOT}{OWN}", body()),
    row("POST", f"//graph.microsoft.com/v1.0{OWN}", body()),
    row("POST", OWN.removeprefix("/"), body()),
    row("POST", BATCH, {"requests": [row("POST", OWN, body())]}),
    row("POST", OWN, TEXT),
    row("POST", OWN, base64.b64encode(PLAIN).decode()),
    row("POST", OWN, body(), headers={"Content-Type": "text/plain"}),
    row("POST", OWN, body(), headers={"Content-Type": f"{JSON}; charset=utf-16"}),
    row("POST", OWN, body(), headers={"Content-Type": JSON, "content-type": "text/plain"}),
    row("POST", OWN, body(), headers={"Content-Type": [JSON]}),
    row("POST", OWN, body(), headers={"client-request-id": "1"}),
    row("POST", OWN, body(), headers=[]),
    row("POST", OWN, body(), id=1),
    row("POST", OWN, body(), id=None),
    row("POST", OWN, body(), dependsOn=["1"]),
    row("POST", OWN, body(), atomicityGroup="g"),
    row("POST", OWN, body(), Url=f"{PARTNERS}/../default"),
    {"Id": "1", "Method": "POST", "Url": OWN, "Headers": {"Content-Type": JSON}, "Body": body()},
    READ | {"url": BATCH},
    READ | {"url": "/%24batch"},
    READ | {"url": "https://example.org/x"},
    READ | {"url": "//example.org/x"},
    READ | {"url": "/../beta/x"},
    READ | {"url": "/x/%2e%2e/y"},
    READ | {"url": "/x\\..\\y"},
    READ | {"url": None},
    READ | {"atomicityGroup": "g"},
    READ | {"dependsOn": ["2"]},
    READ | {"headers": {"Accept": ["*/*"]}},
]


@pytest.mark.parametrize("member", ROWS)
def test_a_member_of_a_batch_with_another_form_is_not_sent(member: dict[str, Any]) -> None:
    assert sent(post(batch(member), BATCH)) == []
    assert sent(post(batch(row("POST", OWN, body(), id="first"), member), BATCH)) == [], "nor with one that may be"


def test_two_members_of_a_batch_with_one_id_are_not_sent() -> None:
    """Otherwise the answer to one of them counts as the other's."""
    assert sent(post(batch(READ, READ), BATCH)) == []
    assert sent(post(batch(READ | {"id": "a"}, READ | {"id": "A"}), BATCH)) == []


def test_a_name_twice_in_a_batch_is_not_sent() -> None:
    for name, value in (
        (b'"url"', b'"/policies"'),
        (b'"method"', b'"GET"'),
        (b'"requests"', b"[]"),
        (b'"body"', b"{}"),
    ):
        twice = TOGETHER.replace(name, name + b": " + value + b", " + name, 1)
        assert twice != TOGETHER
        assert sent(post(twice, BATCH)) == []
        escaped = TOGETHER.replace(name, b'"\\u00%02x' % name[1] + name[2:], 1)
        assert sent(post(escaped, BATCH)) == []

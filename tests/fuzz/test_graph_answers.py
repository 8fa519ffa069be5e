"""Answers that are none of Microsoft Graph's: a value, or that Entra is not available; never another exception."""

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.fuzz.damage import damaged, damaged_bytes
from tests.fuzz.extent import bounded, fuzzed
from workflows.core.errors.tenant_problems import Purpose
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.entra.answers.answers import (
    Answer,
    GraphCall,
    account_of,
    identity_of,
    is_not_found,
    is_same_service,
    rows_of,
    sign_ins_of,
    verified_domains,
    without_annotations,
)
from workflows.entra.answers.batch_answers import inner_answers
from workflows.entra.answers.failed_calls import failure, retry_after
from workflows.entra.answers.usage_rows import (
    address_account_of,
    disabling_of,
    guest_of,
    logged_sign_in_of,
    sign_in_of,
)
from workflows.entra.entra_audit_log import logged_changes, partner_changes
from workflows.ports.tenant import TenantRefused, TenantUnavailable

PARTNER: Final = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
CALL: Final = GraphCall(method="GET", path="/users", purpose=next(iter(Purpose)), permission="User.Read.All")
ROW: Final = {
    "id": "1",
    "tenantId": PARTNER,
    "displayName": "Contoso",
    "defaultDomainName": "contoso.com",
    "mail": "a@contoso.com",
    "userPrincipalName": "a_contoso.com#EXT#@woodgrove.com",
    "accountEnabled": True,
    "userType": "Guest",
    "department": None,
    "externalUserState": "Accepted",
    "externalUserStateChangeDateTime": "2026-11-01T10:00:00Z",
    "createdDateTime": "0001-01-01T00:00:00Z",
    "onPremisesSyncEnabled": None,
    "identities": [{"issuer": "ExternalAzureAD", "issuerAssignedId": "x"}],
    "signInActivity": {"lastSignInDateTime": "2026-11-01T10:00:00Z", "lastSuccessfulSignInDateTime": None},
    "verifiedDomains": [{"name": "woodgrove.com", "isInitial": True}],
    "userId": "2",
    "homeTenantId": PARTNER,
    "status": {"errorCode": 0},
    "appDisplayName": "Teams",
    "correlationId": "3",
    "activityDisplayName": "Update a partner cross-tenant access setting",
    "activityDateTime": "2026-11-01T10:00:00Z",
    "result": "success",
    "initiatedBy": {"app": None, "user": {"id": "4", "userPrincipalName": "admin@woodgrove.com"}},
    "targetResources": [
        {"modifiedProperties": [{"displayName": "tenantId", "oldValue": None, "newValue": f'["{PARTNER}"]'}]}
    ],
}
"""An object with the members of everything that is read."""
PAGE: Final = {
    "@odata.context": "x",
    "@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skip=1",
    "value": [ROW],
}
BATCH: Final = {
    "responses": [
        {"id": "0", "status": 200, "headers": {"Content-Type": "application/json"}, "body": ROW},
        {"id": "1", "status": 429, "headers": {"Retry-After": "5"}, "body": {"error": {"code": "x", "message": "y"}}},
    ]
}
ERROR: Final = {"error": {"code": "Forbidden", "message": "No.", "innerError": {"request-id": "5", "date": "6"}}}
READERS: Final[tuple[Callable[[JsonObject], object], ...]] = (
    account_of,
    sign_in_of,
    logged_sign_in_of,
    address_account_of,
    disabling_of,
    lambda row: guest_of(row, has_activity=True),
    lambda row: identity_of(row, typed_name="contoso.com"),
    lambda row: sign_ins_of([row], is_complete=True),
    lambda row: verified_domains([row]),
    lambda row: logged_changes([row], own_ids=frozenset({"4"})),
    lambda row: partner_changes([row], TenantId(PARTNER), own_ids=frozenset()),
    without_annotations,
)


def as_bytes(document: Any) -> bytes:
    """Write a document as a server could, half characters and all."""
    return json.dumps(document).encode()


def encodable(value: object) -> None:
    """Assert that a value can be stored: every text in it is valid Unicode."""
    TypeAdapter(object).dump_json(value)


def read_page(body: bytes) -> None:
    """Read everything that may be read of a page."""
    with bounded():
        answer = Answer(status=200, body=body)
        try:
            rows, _ = rows_of(CALL, answer)
        except TenantUnavailable:
            return
        for row in rows:
            for reader in READERS:
                with contextlib.suppress(TenantUnavailable):
                    encodable(reader(row))


def page_with(**members: Any) -> bytes:
    """Write a page with one object that has other members."""
    return as_bytes({"value": [{**ROW, **members}]})


DEEP: Final = "[" * 100_000


@example(page_with(verifiedDomains=True))
@example(page_with(verifiedDomains=["woodgrove.com"]))
@example(page_with(userId=["2"]))
@example(page_with(createdDateTime="0001-01-01T00:00:00+14:00"))
@example(page_with(activityDateTime="9999-12-31T23:59:59-14:00"))
@example(page_with(displayName="\ud800", defaultDomainName="\udfff"))
@example(page_with(targetResources=[{"modifiedProperties": [{"displayName": "tenantId", "newValue": DEEP}]}]))
@example(DEEP.encode())
@example(b'{"value": [' + b"1" * 5000 + b"]}")
@given(damaged(st.just(PAGE), most=4).map(as_bytes))
@fuzzed(150)
def test_a_page_with_wrong_values_is_read_or_not_available(body: bytes) -> None:
    read_page(body)


@given(damaged_bytes(st.just(as_bytes(PAGE))) | st.binary(max_size=200))
@fuzzed(60)
def test_a_damaged_page_is_read_or_not_available(body: bytes) -> None:
    read_page(body)


@given(damaged(st.just(BATCH), most=4).map(as_bytes) | damaged_bytes(st.just(as_bytes(BATCH))))
@fuzzed(100)
def test_a_damaged_answer_to_a_batch_is_read_whole_or_not_at_all(body: bytes) -> None:
    with bounded():
        try:
            found = inner_answers(CALL, Answer(status=200, body=body), ["0", "1"])
        except TenantUnavailable:
            return
        assert found.keys() == {"0", "1"}
        for answer in found.values():
            if not answer.is_success:
                assert failure(CALL, answer).facts


@given(
    status=st.integers(100, 599),
    body=damaged(st.just(ERROR)).map(as_bytes) | damaged_bytes(st.just(as_bytes(ERROR))) | st.binary(max_size=60),
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT"]),
    wait=st.text(max_size=30)
    | st.sampled_from(["1e9", "-1", "nan", "inf", "Wed, 21 Oct 2015 07:28:00 GMT", "0" * 5000]),
)
@fuzzed(150)
def test_every_error_of_every_server_is_one_of_two(status: int, body: bytes, method: str, wait: str) -> None:
    answer = Answer(status=status, headers={"retry-after": wait}, body=body)
    call = GraphCall(method=method, path="/x", purpose=CALL.purpose, permission="P")
    with bounded():
        is_not_found(answer)
        error = failure(call, answer)
        assert isinstance(error, TenantUnavailable | TenantRefused)
        encodable(error.facts)


@given(st.text(max_size=40) | st.sampled_from(["9" * 400, "1e400", "-0", "Wed, 99 Oct 2015 07:28:00 GMT"]))
@fuzzed(100)
def test_a_wait_is_a_number_of_seconds_or_none(text: str) -> None:
    wait = retry_after({"retry-after": text}, datetime(2026, 11, 28, tzinfo=UTC))
    assert wait is None or 0 <= wait < 10**6


@given(
    st.text(max_size=60)
    | damaged_bytes(st.just(b"https://graph.microsoft.com:443/v1.0/x")).map(
        lambda link: link.decode("utf-8", "replace")
    )
)
@fuzzed(100)
def test_no_link_but_one_to_the_same_service_gets_our_token(link: str) -> None:
    is_same_service(link, "https://graph.microsoft.com/v1.0")

"""No invalid input makes the simulator fail: the answer is always a Graph answer."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.entra.dispatch import answer
from bot.sandbox.entra.odata.calls import Answer, Call
from bot.sandbox.entra.tenant.tenant import Tenant
from tests.bot.sandbox.entra.conftest import CONTOSO, PARTNERS

NAMES = [
    "tenantId",
    "b2bCollaborationInbound",
    "b2bDirectConnectOutbound",
    "tenantRestrictions",
    "inboundTrust",
    "automaticUserConsentSettings",
    "m365CollaborationInbound",
    "appServiceConnectInbound",
    "usersAndGroups",
    "applications",
    "users",
    "accessType",
    "targets",
    "target",
    "targetType",
    "isMfaAccepted",
    "@odata.type",
    "userSyncInbound",
    "requests",
    "id",
    "invitedUserEmailAddress",
    "displayName",
    "accountEnabled",
]
VALUES = [CONTOSO, "AllUsers", "AllApplications", "Office365", "allowed", "blocked", "user", "application", "group"]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from(VALUES)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=25,
)


def _send(method: str, path: str, content: bytes = b"", query: dict[str, str] | None = None) -> Answer:
    tenant = Tenant(now=lambda: datetime(2026, 1, 1, tzinfo=UTC), on_change=lambda: None)
    tenant.merge({"partners": {CONTOSO: {}}})
    call = Call(
        method=method,
        segments=tuple(path.strip("/").split("/")),
        path=path,
        base="http://127.0.0.1/graph/v1.0",
        query=query or {},
        content=content,
        headers={"content-type": "application/json", "authorization": "Bearer x"},
    )
    return answer(tenant, call, accepts_token=lambda _: True)


@settings(max_examples=300, deadline=None)
@given(
    body=JSON,
    target=st.sampled_from(
        [
            ("POST", PARTNERS),
            ("PATCH", f"{PARTNERS}/{CONTOSO}"),
            ("PUT", f"{PARTNERS}/{CONTOSO}/identitySynchronization"),
            ("PATCH", "/policies/crossTenantAccessPolicy/default"),
            ("PATCH", "/policies/crossTenantAccessPolicy"),
            ("PATCH", "/policies/authorizationPolicy"),
            ("PATCH", "/users/admin@woodgrove.com"),
            ("POST", "/invitations"),
            ("POST", "/groups"),
            ("POST", "/$batch"),
        ]
    ),
)
def test_invalid_bodies(body: Any, target: tuple[str, str]) -> None:
    found = _send(*target, json.dumps(body).encode())
    assert 200 <= found.status < 500
    json.dumps(found.body)


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=40))
def test_invalid_bytes(content: bytes) -> None:
    assert _send("POST", PARTNERS, content).status == 400


@settings(max_examples=300, deadline=None)
@given(
    clause=st.text(max_size=30)
    | st.lists(
        st.sampled_from(
            ["mail", "eq", "'x'", "(", ")", "and", "or", "not", "in", ",", "otherMails/any", "x", ":", "3"]
        ),
        max_size=12,
    ).map(" ".join)
)
def test_invalid_filters(clause: str) -> None:
    assert _send("GET", "/users", query={"$filter": clause}).status in (200, 400)


@settings(max_examples=200, deadline=None)
@given(path=st.lists(st.text(max_size=6), max_size=5).map("/".join), method=st.sampled_from(["GET", "POST", "DELETE"]))
def test_invalid_paths(path: str, method: str) -> None:
    assert 400 <= _send(method, path, b"{}").status < 500

"""Check an exchange with Graph against Microsoft's SDK, and against Microsoft's own description where it is present."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from tests.contracts.sdk_check import request_problems, response_problems

CONTRACT = Path(__file__).parents[5] / "shared" / "contracts" / "graph-openapi.json"
"""Beside the repository, not in it: nothing of it is copied here."""
ADDITIONS = CONTRACT.with_name("graph-openapi-additions.json")
"""What Microsoft has added since, as far as it is used here."""
_CAPABILITIES = (
    "/policies/crossTenantAccessPolicy/partners/{crossTenantAccessPolicyConfigurationPartner-tenantId}/m365Capabilities"
)
_USED_ADDITIONS = (
    "/identity/conditionalAccess/evaluate",
    "/policies/crossTenantAccessPolicy/default/m365Capabilities",
    _CAPABILITIES,
    f"{_CAPABILITIES}/{{m365CapabilityBase-name}}",
)
HOST = "https://graph.microsoft.com"
PREFIX = "/v1.0"


@cache
def contract() -> OpenAPI | None:
    """Load the description, or None when it is not there."""
    if not CONTRACT.exists():
        return None
    description = described()
    # openapi-core has no provider for oauth2; that a token is needed is tested by itself.
    description.pop("security", None)
    # "text/plain" is a bare number here (`$count`), which openapi-core would hand on as text.
    readers = {"text/plain": json.loads}
    # None means "the description itself is not checked", which its type does not say.
    config = Config(spec_validator_cls=None, extra_media_type_deserializers=readers)  # type: ignore[arg-type]
    return OpenAPI.from_dict(description, config=config)


def described() -> dict[str, Any]:
    """Read the description, with what was added to it."""
    description: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    if ADDITIONS.exists():
        added = json.loads(ADDITIONS.read_text(encoding="utf-8"))
        description["paths"] = {path: added["paths"][path] for path in _USED_ADDITIONS} | description["paths"]
        for kind in ("schemas", "responses"):
            known = description["components"].setdefault(kind, {})
            known.update({name: one for name, one in added["components"].get(kind, {}).items() if name not in known})
    return description


def operations() -> set[tuple[str, str]]:
    """Every (METHOD, path template) of the description."""
    description = described()
    methods = ("get", "put", "post", "patch", "delete")
    return {(m.upper(), path) for path, item in description["paths"].items() for m in item if m in methods}


def mock_request(
    method: str, path: str, *, query: dict[str, str], headers: dict[str, str], content: bytes | None
) -> MockRequest:
    """Say to openapi-core what was sent; `path` is below `/v1.0`."""
    return MockRequest(
        HOST,
        method.lower(),
        PREFIX + path,
        args=query,
        headers=headers,
        data=content,
        content_type="application/json",
    )


class NotAsDescribed(AssertionError):
    """Says what Microsoft's SDK has against an exchange."""


def check_request(request: MockRequest) -> None:
    """Raise when the request is not as described."""
    check_request_in_sdk(request)
    check_request_in_description(request)


def check_response(request: MockRequest, status: int, content: bytes, content_type: str) -> None:
    """Raise when the answer is not as described."""
    check_response_in_sdk(request, status, content)
    openapi = contract()
    if openapi is not None:
        openapi.validate_response(
            request, MockResponse(content, status_code=status, content_type=content_type.partition(";")[0])
        )


def check_request_in_description(request: MockRequest) -> None:
    """Raise when the request differs from Microsoft's description; do nothing when the description is not present."""
    openapi = contract()
    if openapi is not None:
        openapi.validate_request(request)


def check_request_in_sdk(request: MockRequest) -> None:
    """Raise when the request differs from the SDK's description; for calls that the description does not have."""
    path = request.path.removeprefix(PREFIX)
    problems = request_problems(request.method.upper(), path, request.parameters.query, request.body)
    _refuse("the request body or its address", problems)


def check_response_in_sdk(request: MockRequest, status: int, content: bytes) -> None:
    """Raise when the answer is not as the SDK describes it."""
    problems = response_problems(request.method.upper(), request.path.removeprefix(PREFIX), status, content)
    _refuse("the answer", problems)


def _refuse(what: str, problems: list[str]) -> None:
    if problems:
        raise NotAsDescribed(f"Microsoft's SDK does not have {what}: " + "; ".join(problems))

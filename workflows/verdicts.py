"""The keys under which what comes of a click is recorded once."""

from workflows.core.request import RequestId
from workflows.identifiers import derived_request_id


def verdict_key(click: str) -> str:
    """Name the audit entry of a click's verdict, by the click's own idempotency key."""
    return f"verdict:{click}"


def revocation_id(click: str) -> RequestId:
    """Name the revocation that a click leads to, also before it is judged."""
    return derived_request_id(verdict_key(click))

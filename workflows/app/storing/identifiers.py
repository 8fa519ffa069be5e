"""Ids derived from a click, so that a repeated click gives the same request and the same audit entry."""

import base64
import hashlib
from typing import Final

from workflows.core.requests.commands.campaign import CampaignId
from workflows.core.requests.request import RequestId
from workflows.ports.audit_log import RESULT_OF

_LENGTH: Final = 10


def derived_request_id(key: str) -> RequestId:
    """Derive a request's id from the click that asked for it, so that a repeated click gives the same request.

    :returns: `R-` and 10 characters of base 32 (50 bits); the store refuses a collision and never merges.
    """
    hashed = base64.b32encode(hashlib.sha256(f"gatehouse/request/{key}".encode()).digest()).decode()
    return RequestId(f"R-{hashed[:_LENGTH]}")


def derived_campaign_id(key: str) -> CampaignId:
    """Derive a campaign's id from the click that started it: `C-` and 10 characters of base 32."""
    hashed = base64.b32encode(hashlib.sha256(f"gatehouse/campaign/{key}".encode()).digest()).decode()
    return CampaignId(f"C-{hashed[:_LENGTH]}")


def verdict_key(click: str) -> str:
    """Return the key of the audit entry with the result of a click, from the click's own idempotency key."""
    return f"{RESULT_OF}{click}"


def revocation_id(click: str) -> RequestId:
    """Return the id of the revocation that a click leads to, also before the permission check."""
    return derived_request_id(verdict_key(click))

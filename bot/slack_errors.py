"""What Slack's client raises, read so that an answer which is not Slack's own counts as no answer."""

from collections.abc import Mapping
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError

NO_ANSWER: Final = (aiohttp.ClientError, TimeoutError, AttributeError)
"""What a call raises when Slack did not answer. AttributeError: the client takes any 200 in plain text, which a proxy
may send, for an object."""


WRONG_TOKEN: Final = frozenset(
    {
        *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"),
        *("not_allowed_token_type", "no_permission", "missing_scope", "access_denied", "ekm_access_denied"),
    }
)
"""What Slack says until an admin has mended the app's token or its rights (Slack: "auth.test", errors)."""

PASSING: Final = frozenset(
    {
        *("ratelimited", "rate_limited", "message_limit_exceeded", "accesslimited", "request_timeout"),
        *("internal_error", "fatal_error", "service_unavailable", "team_added_to_org", "org_login_required"),
        *("team_access_not_granted", "two_factor_setup_required"),
    }
)
"""What Slack says of trouble that passes, or that an admin ends (Slack: "chat.postMessage", errors)."""


def is_passing(error: SlackApiError) -> bool:
    """Tell whether the same call can go well later. What is not Slack's own answer says nothing about the call."""
    code = error_code(error)
    return not code or code in PASSING | WRONG_TOKEN or _status(error) == 429 or _status(error) >= 500


def retry_after(error: SlackApiError) -> float | None:
    """Read how many seconds Slack wants to be left alone; None when it did not say so in seconds."""
    said = dict(getattr(error.response, "headers", None) or {}).get("Retry-After")
    return float(said) if said and said.isascii() and said.isdecimal() else None


def error_code(error: SlackApiError) -> str:
    """Give Slack's own word for what went wrong; empty when the answer was not Slack's, but a proxy's page."""
    data = getattr(error.response, "data", error.response)
    return str(data.get("error") or "") if isinstance(data, Mapping) else ""


def _status(error: SlackApiError) -> int:
    return int(getattr(error.response, "status_code", 0) or 0)

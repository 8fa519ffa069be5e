"""What Slack's client raises, read so that an answer which is not Slack's own counts as no answer."""

from collections.abc import Mapping
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError

from workflows.ports.tenant import MOST_RETRY_AFTER

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


BLOCKED: Final = frozenset(
    {
        *(
            "not_in_channel",
            "channel_not_found",
            "is_archived",
            "restricted_action",
            "posting_to_general_channel_denied",
        ),
        *("restricted_action_read_only_channel", "restricted_action_thread_only_channel"),
        *("restricted_action_non_threadable_channel", "restricted_action_thread_locked"),
        *("messages_tab_disabled", "method_not_supported_for_channel_type", "channel_type_not_supported"),
    }
)
"""What Slack says of a place that takes no message until an admin has mended it (Slack: "chat.postMessage", errors)."""


def is_passing(error: SlackApiError) -> bool:
    """Return whether the same call can go well later. What is not Slack's own answer says nothing about the call."""
    code = error_code(error)
    return not code or code in PASSING | WRONG_TOKEN or _status(error) == 429 or _status(error) >= 500


def retry_after(error: SlackApiError) -> float | None:
    """Read how many seconds Slack wants to be left alone, at most five minutes; None when it did not say seconds."""
    said = _header(error, "retry-after")
    return min(float(said), MOST_RETRY_AFTER) if said.isascii() and said.isdecimal() else None


def error_code(error: SlackApiError) -> str:
    """Return Slack's own word for what went wrong; empty when the answer was not Slack's, but a proxy's page."""
    data = getattr(error.response, "data", error.response)
    return str(data.get("error") or "") if isinstance(data, Mapping) else ""


def _header(error: SlackApiError, name: str) -> str:
    """Read a header of the answer, whatever the case of its name; empty where there is none."""
    headers = getattr(error.response, "headers", None)
    if not isinstance(headers, Mapping):
        return ""
    found = (value for key, value in headers.items() if str(key).lower() == name)
    return str(next(found, "")).strip()


def _status(error: SlackApiError) -> int:
    return int(getattr(error.response, "status_code", 0) or 0)

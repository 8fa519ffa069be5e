"""Errors of Slack's client. An answer that does not come from Slack counts as no answer."""

from collections.abc import Mapping
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError

from workflows.ports.tenant import MAX_RETRY_AFTER

NO_ANSWER: Final = (aiohttp.ClientError, TimeoutError, AttributeError)
"""The errors of a call when Slack did not answer. AttributeError: the client treats any 200 in plain text, which a
proxy may send, as an object."""

WRONG_TOKEN: Final = frozenset(
    {
        *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"),
        *("not_allowed_token_type", "no_permission", "missing_scope", "access_denied", "ekm_access_denied"),
    }
)
"""Slack's error codes for a token or rights that an admin must repair (Slack: "auth.test", errors)."""

TEMPORARY: Final = frozenset(
    {
        *("ratelimited", "rate_limited", "message_limit_exceeded", "accesslimited", "request_timeout"),
        *("internal_error", "fatal_error", "service_unavailable", "team_added_to_org", "org_login_required"),
        *("team_access_not_granted", "two_factor_setup_required"),
    }
)
"""Slack's error codes for temporary problems, or problems that an admin ends (Slack: "chat.postMessage", errors)."""


CHANNEL_BLOCKED: Final = frozenset(
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
"""Slack's error codes for a channel that accepts no message until an admin has repaired it (Slack: "chat.postMessage",
errors)."""


def is_temporary(error: SlackApiError) -> bool:
    """Return whether the same call can succeed later. An answer that is not Slack's proves nothing about the call."""
    code = error_code(error)
    return not code or code in TEMPORARY | WRONG_TOKEN or _status(error) == 429 or _status(error) >= 500


def retry_after(error: SlackApiError) -> float | None:
    """Return how many seconds Slack asks to wait, at most five minutes; None when it gives no number of seconds."""
    seconds = _header(error, "retry-after")
    return min(float(seconds), MAX_RETRY_AFTER) if seconds.isascii() and seconds.isdecimal() else None


def error_code(error: SlackApiError) -> str:
    """Return Slack's error code; empty when the answer was not Slack's, but for example a proxy's page."""
    data = getattr(error.response, "data", error.response)
    return str(data.get("error") or "") if isinstance(data, Mapping) else ""


def _header(error: SlackApiError, name: str) -> str:
    """Return a header of the answer, ignoring the case of its name; empty when there is none."""
    headers = getattr(error.response, "headers", None)
    if not isinstance(headers, Mapping):
        return ""
    values = (value for key, value in headers.items() if str(key).lower() == name)
    return str(next(values, "")).strip()


def _status(error: SlackApiError) -> int:
    return int(getattr(error.response, "status_code", 0) or 0)

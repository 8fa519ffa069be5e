"""Create and store the workspace's secrets: the app's tokens and its signing secret."""

import secrets
from dataclasses import dataclass

from bot.sandbox.storage.tables import AppendOnlyTables

SCOPES = frozenset(
    {
        *("commands", "chat:write", "files:read", "files:write", "groups:read", "im:write"),
        *("users:read", "users:read.email", "usergroups:read"),
    }
)
"""The scopes in the app's manifest, and no others: a call that needs another scope fails, as in Slack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The secrets that Slack shows on the app's pages at api.slack.com."""

    bot_token: str
    app_token: str
    signing_secret: str
    verification_token: str
    """The old, unsigned `token` of payloads; an app should ignore it."""


def load_credentials(tables: AppendOnlyTables) -> Credentials:
    """Return the workspace's secrets, which are created at its first start and never change."""
    stored_credentials = tables.get("credentials", "app")
    if stored_credentials is None:
        stored_credentials = {
            "bot_token": f"xoxb-sandbox-{secrets.token_hex(16)}",
            "app_token": f"xapp-1-sandbox-{secrets.token_hex(16)}",
            "signing_secret": secrets.token_hex(16),
            "verification_token": secrets.token_urlsafe(18),
        }
        tables.put("credentials", "app", stored_credentials)
    return Credentials(**stored_credentials)

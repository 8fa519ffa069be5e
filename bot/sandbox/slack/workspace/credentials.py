"""Make and keep the workspace's secrets: the app's tokens and its signing secret."""

import secrets
from dataclasses import dataclass

from bot.sandbox.storage.tables import AppendOnlyTables

SCOPES = frozenset(
    {"commands", "chat:write", "groups:read", "im:write", "users:read", "users:read.email", "usergroups:read"}
)
"""What the app's manifest asks for, and nothing more: a call that needs another scope fails as it would in Slack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the app would find on its pages at api.slack.com."""

    bot_token: str
    app_token: str
    signing_secret: str
    verification_token: str
    """The old, unsigned `token` of payloads; nobody should look at it."""


def load_credentials(tables: AppendOnlyTables) -> Credentials:
    """Read the workspace's secrets, made at its first start and the same ever after."""
    kept = tables.get("credentials", "app")
    if kept is None:
        kept = {
            "bot_token": f"xoxb-sandbox-{secrets.token_hex(16)}",
            "app_token": f"xapp-1-sandbox-{secrets.token_hex(16)}",
            "signing_secret": secrets.token_hex(16),
            "verification_token": secrets.token_urlsafe(18),
        }
        tables.put("credentials", "app", kept)
    return Credentials(**kept)

"""Which workspace, Enterprise Grid and Slack app the bot is for. Payloads of any other one are refused.

Bolt compares none of these with the token. The bot's own token says which they are (Slack: "auth.test", "bots.info").
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackIdentity:
    """What a bot token belongs to."""

    team_id: str
    enterprise_id: str = ""
    """Empty for a workspace that is in no Enterprise Grid."""
    app_id: str = ""
    """Empty when it is not known yet."""
    bot_id: str = ""

    def as_text(self) -> str:
        """Return it as it is stored."""
        return json.dumps(asdict(self))


def identity_from_text(text: str | None) -> SlackIdentity | None:
    """Return a stored identity; None when there is none, or it cannot be read."""
    try:
        stored = json.loads(text or "")
        return SlackIdentity(**{name: str(value) for name, value in stored.items()})
    except (ValueError, TypeError, AttributeError):
        return None


async def identity_of_token(
    client: AsyncWebClient, answer: AsyncSlackResponse, known: SlackIdentity | None = None
) -> SlackIdentity:
    """Return what the client's token belongs to.

    :param answer: of auth.test.
    :param known: an identity found earlier: the app of a known bot is not asked again.
    :raises SlackApiError: when Slack refuses to say which app it is. Errors of `NO_ANSWER`: when it does not answer.
    """
    bot_id, app_id = str(answer.get("bot_id") or ""), ""
    if known is not None and known.app_id and (known.team_id, known.bot_id) == (answer["team_id"], bot_id):
        app_id = known.app_id
    elif bot_id:
        found = await client.api_call("bots.info", http_verb="GET", params={"bot": bot_id})
        app_id = str(found["bot"].get("app_id") or "")
    return SlackIdentity(
        team_id=str(answer["team_id"]),
        enterprise_id=str(answer.get("enterprise_id") or ""),
        app_id=app_id,
        bot_id=bot_id,
    )


@dataclass(slots=True)
class PinnedIdentity:
    """The identity that payloads are compared with. What is not known yet is not compared."""

    team_id: str
    enterprise_id: str | None = None
    """Empty: payloads of any Enterprise Grid are refused. None: not known yet."""
    app_id: str = ""

    def require_ours(self, *, teams: Iterable[str | None], enterprises: Iterable[str | None], app_id: str) -> None:
        """Check where a payload comes from. What a payload does not say is not compared.

        :param teams: every workspace that the payload names. In shared channels only the user's own one shows an
            external user.
        :raises Refused: when it is of another workspace, Enterprise Grid or app.
        """
        if {team for team in teams if team} - {self.team_id}:
            raise Refused(RefusalCode.OTHER_WORKSPACE)
        others = {enterprise for enterprise in enterprises if enterprise} - {self.enterprise_id}
        if others and self.enterprise_id is not None:
            raise Refused(RefusalCode.OTHER_WORKSPACE)
        if app_id and self.app_id and app_id != self.app_id:
            raise Refused(RefusalCode.OTHER_APP)

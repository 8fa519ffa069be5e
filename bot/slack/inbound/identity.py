"""Which workspace, Enterprise Grid and Slack app the bot is for. Payloads of any other one are refused.

Bolt compares none of these with the token. The bot's own token says which they are (Slack: "auth.test", "bots.info").
That is stored. A token of another app, or of another Enterprise Grid, is refused. Where Slack does not answer at the
start, what was found at an earlier start counts, and Slack is asked again.
"""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.errors import NO_ANSWER
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.intervals import IDENTITY_ASKED_AGAIN_AFTER
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import Store

IDENTITY: Final = "slack_identity"
"""The name of the mark with what the bot token belongs to."""

_log = structlog.get_logger()


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


class IdentityCheck:
    """What the bot token belongs to. A setting counts more than what was found."""

    def __init__(
        self, *, client: AsyncWebClient, store: Store, team_id: str, enterprise_id: str | None, app_id: str | None
    ) -> None:
        """Create the check. Nothing is read yet.

        :param team_id: as the settings have it, like the next two; None where they name none.
        """
        self._client = client
        self._team_id = team_id
        self._enterprise_id = enterprise_id
        self._app_id = app_id
        self._store = store
        self._known: SlackIdentity | None = None
        """What was found, now or at an earlier start."""
        self._is_found = False
        self.pinned = PinnedIdentity(team_id=team_id, enterprise_id=enterprise_id, app_id=app_id or "")

    async def begin(self, answer: AsyncSlackResponse | None) -> str:
        """Read what was found before, and compare the token with it.

        :param answer: of auth.test; None when Slack did not answer.
        :returns: the problem: it belongs to another app or Enterprise Grid than before. Empty when it may be used.
        """
        stored = identity_from_text(await self._store.mark(IDENTITY))
        if stored is not None and stored.team_id == self._team_id:
            self._pin(stored)
        if answer is None:
            return ""
        found = await self._find(answer)
        problem = self._problem(found)
        if not problem:
            await self._keep(found)
        return problem

    async def problem_of(self, client: AsyncWebClient) -> str:
        """Return why the token of another client may not be used; empty when it may be.

        :raises SlackApiError: when Slack refuses to say. Errors of `NO_ANSWER`: when it does not answer.
        """
        return self._problem(await identity_of_token(client, await client.auth_test()))

    async def keep_looking(self) -> None:
        """Ask Slack until it says what the token belongs to."""
        while not self._is_found:
            await asyncio.sleep(IDENTITY_ASKED_AGAIN_AFTER.total_seconds())
            try:
                found = await self._find(await self._client.auth_test())
            except (SlackApiError, *NO_ANSWER):
                continue
            if problem := self._problem(found):
                _log.error("bot_token_of_another_app", reason=problem)
                return
            await self._keep(found)

    async def _find(self, answer: AsyncSlackResponse) -> SlackIdentity:
        """Return what the token belongs to; without its app when Slack does not say that."""
        try:
            return await identity_of_token(self._client, answer, self._known)
        except (SlackApiError, *NO_ANSWER) as error:
            _log.warning("app_not_known", reason=repr(error))
            enterprise_id = str(answer.get("enterprise_id") or "")
            return SlackIdentity(team_id=str(answer["team_id"]), enterprise_id=enterprise_id)

    def _problem(self, found: SlackIdentity) -> str:
        """Return why a bot token may not be used: it belongs to something other than before. Empty when it may be.

        A workspace may join an Enterprise Grid, and stays the same.
        """
        known = self._known
        if found.team_id != self._team_id:
            return f"SLACK_TEAM_ID: the bot token belongs to {found.team_id}; set it to that"
        app_id = self._app_id or ("" if known is None else known.app_id)
        if app_id and found.app_id and found.app_id != app_id:
            return (
                f"SLACK_APP_ID: the bot token belongs to {found.app_id}, not to {app_id}; set it if you changed the app"
            )
        enterprise_id = self._enterprise_id or ("" if known is None else known.enterprise_id)
        if enterprise_id and found.enterprise_id != enterprise_id:
            belongs = found.enterprise_id or "no Enterprise Grid"
            return f"SLACK_ENTERPRISE_ID: the bot token belongs to {belongs}, not {enterprise_id}; set it if you moved"
        return ""

    async def _keep(self, found: SlackIdentity) -> None:
        before = self._known
        self._is_found = bool(found.app_id)
        if not found.app_id and before is not None:
            found = replace(found, app_id=before.app_id)
        self._pin(found)
        if found != before:
            try:
                await self._store.save_mark(IDENTITY, found.as_text())
            except StoreNotWritable as error:
                _log.warning("identity_not_stored", reason=str(error))

    def _pin(self, found: SlackIdentity) -> None:
        self._known = found
        self.pinned.app_id = self._app_id or found.app_id
        self.pinned.enterprise_id = self._enterprise_id or found.enterprise_id

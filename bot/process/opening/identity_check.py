"""Find out what the bot token belongs to, store it, and have payloads compared with it.

A token of another app, or of another Enterprise Grid, is refused. Where Slack does not answer at the start, what was
found at an earlier start counts, and Slack is asked again.
"""

import asyncio
from dataclasses import replace
from typing import Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.process.settings import Settings, SettingsProblems
from bot.slack.errors import NO_ANSWER
from bot.slack.inbound.identity import PinnedIdentity, SlackIdentity, identity_from_text, identity_of_token
from workflows.intervals import IDENTITY_ASKED_AGAIN_AFTER
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import Store

IDENTITY: Final = "slack_identity"
"""The name of the mark with what the bot token belongs to."""

_log = structlog.get_logger()


class IdentityCheck:
    """What the bot token belongs to. A setting counts more than what was found."""

    def __init__(self, *, client: AsyncWebClient, settings: Settings, store: Store) -> None:
        self._client = client
        self._settings = settings
        self._store = store
        self._known: SlackIdentity | None = None
        """What was found, now or at an earlier start."""
        self._is_found = False
        self.pinned = PinnedIdentity(
            team_id=settings.slack_team_id,
            enterprise_id=settings.slack_enterprise_id,
            app_id=settings.slack_app_id or "",
        )

    async def begin(self, answer: AsyncSlackResponse | None) -> None:
        """Read what was found before, and compare it with the token.

        :param answer: of auth.test; None when Slack did not answer.
        :raises SettingsProblems: when the token belongs to another app or Enterprise Grid than before.
        """
        stored = identity_from_text(await self._store.mark(IDENTITY))
        if stored is not None and stored.team_id == self._settings.slack_team_id:
            self._pin(stored)
        if answer is None:
            return
        found = await self._find(answer)
        if found is None:
            return
        if problem := self._problem(found):
            raise SettingsProblems((problem,))
        await self._keep(found)

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
            if found is None:
                continue
            if problem := self._problem(found):
                _log.error("bot_token_of_another_app", reason=problem)
                return
            await self._keep(found)

    async def _find(self, answer: AsyncSlackResponse) -> SlackIdentity | None:
        try:
            return await identity_of_token(self._client, answer, self._known)
        except (SlackApiError, *NO_ANSWER) as error:
            _log.warning("app_not_known", reason=repr(error))
            return None

    def _problem(self, found: SlackIdentity) -> str:
        """Return why a bot token may not be used: it belongs to something else than before. Empty when it may be.

        A workspace may join an Enterprise Grid, and stays the same.
        """
        settings, known = self._settings, self._known
        if found.team_id != settings.slack_team_id:
            return f"SLACK_TEAM_ID: the bot token belongs to {found.team_id}; set it to that"
        app_id = settings.slack_app_id or ("" if known is None else known.app_id)
        if app_id and found.app_id and found.app_id != app_id:
            return (
                f"SLACK_APP_ID: the bot token belongs to {found.app_id}, not to {app_id}; set it if you changed the app"
            )
        enterprise_id = settings.slack_enterprise_id or ("" if known is None else known.enterprise_id)
        if enterprise_id and found.enterprise_id != enterprise_id:
            belongs = found.enterprise_id or "no Enterprise Grid"
            return f"SLACK_ENTERPRISE_ID: the bot token belongs to {belongs}, not {enterprise_id}; set it if you moved"
        return ""

    async def _keep(self, found: SlackIdentity) -> None:
        before = self._known
        if not found.app_id and before is not None:
            found = replace(found, app_id=before.app_id)
        self._is_found = bool(found.app_id)
        self._pin(found)
        if found != before:
            try:
                await self._store.save_mark(IDENTITY, found.as_text())
            except StoreNotWritable as error:
                _log.warning("identity_not_stored", reason=str(error))

    def _pin(self, found: SlackIdentity) -> None:
        self._known = found
        self.pinned.app_id = self._settings.slack_app_id or found.app_id
        self.pinned.enterprise_id = self._settings.slack_enterprise_id or found.enterprise_id

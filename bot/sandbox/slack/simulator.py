"""Connect the parts of the simulated Slack: the workspace, its Web API, and the transport to the app."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from aiohttp import web

from bot.sandbox.revision import Revision
from bot.sandbox.slack.client.client import Client
from bot.sandbox.slack.delivery.delivery import Delivery
from bot.sandbox.slack.delivery.http_transport import HttpTransport
from bot.sandbox.slack.delivery.socket_mode import Sockets
from bot.sandbox.slack.web_api.api import WebApi
from bot.sandbox.slack.web_api.rate_limits import RateLimits
from bot.sandbox.slack.web_api.response_urls import ResponseUrls
from bot.sandbox.slack.workspace.credentials import SCOPES, load_credentials
from bot.sandbox.slack.workspace.triggers import Triggers
from bot.sandbox.slack.workspace.workspace import Workspace
from bot.sandbox.storage.tables import AppendOnlyTables


class SlackSimulator:
    """One workspace in a file, served over HTTP. `base_url` is the sandbox's address with a slash at the end."""

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], datetime],
        revision: Revision,
        base_url: Callable[[], str],
        bot_url: Callable[[], str | None],
        wait_until_idle: Callable[[], Awaitable[None]],
        socket_mode: bool,
        scopes: frozenset[str] = SCOPES,
    ) -> None:
        self._tables = AppendOnlyTables(path, on_change=revision.bump)
        self.credentials = load_credentials(self._tables)
        self.workspace = Workspace(self._tables, now=now, base_url=base_url)
        self.sockets = Sockets(base_url=base_url, on_change=revision.bump)
        self._http = HttpTransport(bot_url=bot_url, secret=self.credentials.signing_secret, now=now)
        self.delivery = Delivery(self.sockets if socket_mode else self._http)
        triggers = Triggers()
        self._response_urls = ResponseUrls(self._tables, self.workspace, base_url=base_url)
        self.limits = RateLimits(now)
        self._api = WebApi(
            workspace=self.workspace,
            triggers=triggers,
            credentials=self.credentials,
            scopes=scopes,
            base_url=base_url,
            socket_url=self.sockets.new_url,
            limits=self.limits,
        )
        self.client = Client(
            workspace=self.workspace,
            credentials=self.credentials,
            triggers=triggers,
            response_urls=self._response_urls,
            delivery=self.delivery,
            wait_until_idle=wait_until_idle,
            revision=revision,
        )

    def routes(self) -> list[web.RouteDef]:
        """Return everything under `/slack/`."""
        return [*self._api.routes(), *self._response_urls.routes(), *self.sockets.routes()]

    async def stop(self) -> None:
        """Stop the running work and close the file."""
        await self.delivery.stop()
        await self._http.stop()
        await self.sockets.refresh("link_disabled")
        self._tables.close()

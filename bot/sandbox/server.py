"""Connect the parts of the sandbox: both simulators, the page, the control API, one clock, one port on 127.0.0.1."""

import secrets
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from aiohttp import web
from aiohttp.typedefs import Handler
from filelock import FileLock, Timeout

from bot.sandbox.bot_status import BotHandle, BotStatus
from bot.sandbox.clock import SandboxClock
from bot.sandbox.control.routes import control_errors, control_routes
from bot.sandbox.entra import Application, EntraSimulator, TokenAuthority
from bot.sandbox.entra.tenant.initial_state import NEEDED_APP_ROLES, OPTIONAL_APP_ROLES
from bot.sandbox.http.batches import INNER_FAULTS, fault_of_whole, take_inner_faults
from bot.sandbox.http.faults import Faults, Target, answer_with_fault, arrives_after_delay
from bot.sandbox.http.origin_check import require_own_origin
from bot.sandbox.http.request_log import RequestLog, log_request, read_body_once
from bot.sandbox.page import page_routes
from bot.sandbox.revision import Revision
from bot.sandbox.seed import APP_CLIENT_ID, GUESTS_CLIENT_ID, HOME_TENANT_ID, TEAM_ID
from bot.sandbox.slack.simulator import SlackSimulator
from bot.sandbox.slack.workspace.conversations import CONVERSATIONS
from bot.sandbox.slack.workspace.workspace import Workspace
from bot.sandbox.storage.json_document import load_document, save_document

__all__ = ["BotHandle", "FolderInUse", "Sandbox"]

APPROVAL_CHANNEL = "partner-access"
SETTLE_SECONDS = 2.0
MAX_REQUEST_BYTES = 32 * 1024 * 1024
_PREFIXES: dict[Target, tuple[str, ...]] = {
    "slack": ("/slack/api/", "/slack/response/", "/slack/files/"),
    "graph": ("/graph/",),
}


class FolderInUse(Exception):
    """Another sandbox uses this folder."""


class Sandbox:
    """A simulated Slack workspace and Entra tenant, stored in the folder `data`.

    :param only: start only this simulator.
    :param socket_mode: send Slack's payloads over the bot's own WebSockets.

    `bot` is set when the bot is started; before, nothing can be sent to it over HTTP.
    """

    def __init__(self, data: Path, only: Literal["slack", "entra"] | None = None, socket_mode: bool = False) -> None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data = data
        self.socket_mode = socket_mode
        self.bot: BotHandle | None = None
        self._lock = FileLock(data / "sandbox.lock", thread_local=False)
        self.clock = SandboxClock(data / "clock")
        self.revision = Revision()
        self.faults = Faults()
        self.slack_log = RequestLog(data / "slack-log.jsonl", on_change=self.revision.bump)
        self.graph_log = RequestLog(data / "graph-log.jsonl", on_change=self.revision.bump)
        self.status = BotStatus(bot=lambda: self.bot, busy=self._is_delivering, revision=self.revision)
        self.slack_simulator = None if only == "entra" else self._new_slack()
        self.authority = None if only == "slack" else self._new_authority()
        self.entra = None if self.authority is None else self._new_entra(self.authority)
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def slack(self) -> Workspace | None:
        """Return the workspace, for reading; None when it is not running."""
        return self.slack_simulator.workspace if self.slack_simulator else None

    @property
    def url(self) -> str:
        """Return `http://127.0.0.1:PORT/`, once started."""
        return f"http://127.0.0.1:{self._port}/"

    async def start(self, port: int) -> None:
        """Listen on 127.0.0.1; port 0 means any free port.

        :raises OSError: when the port is in use.
        :raises FolderInUse: when another sandbox uses this folder.
        """
        self._claim_folder()
        if self.authority is not None:
            await self.authority.start(self.data)
        application = web.Application(
            client_max_size=MAX_REQUEST_BYTES, middlewares=[self._origin_checked, self._log_and_apply_faults]
        )
        application.middlewares.append(control_errors)
        application.add_routes(control_routes(self))
        application.add_routes(page_routes(self))
        for side in (self.slack_simulator, self.entra):
            if side is not None:
                application.add_routes(side.routes())
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._port = int(self._runner.addresses[0][1])

    def _claim_folder(self) -> None:
        try:
            self._lock.acquire(timeout=2.0)
        except Timeout as error:
            raise FolderInUse(f"another sandbox uses {self.data}; stop it, or choose another folder") from error

    async def stop(self) -> None:
        """Stop listening; everything is stored already."""
        if self.slack_simulator is not None:
            await self.slack_simulator.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self.authority is not None:
            await self.authority.stop()
        await self.status.stop()
        self.slack_log.close()
        self.graph_log.close()
        self._lock.release()

    async def wait_for_change(self, seen: int) -> int:
        """Return the revision as soon as it is not `seen`. It grows with workspace, tenant, logs and clock."""
        return await self.revision.wait(seen)

    async def wait_until_idle(self) -> None:
        """Wait a moment until a bot with metrics has finished its work."""
        await self.status.idle(SETTLE_SECONDS, waits_for_answer=False)

    def bot_settings(self, port: int, health_port: int = 3001) -> dict[str, str]:
        """Return the environment variables for a bot that uses this sandbox.

        :param port: where the bot listens for Slack.
        :param health_port: where it tells about itself, on this machine.

        Variables of a simulator that is not running are left out.
        """
        settings = {
            "GATEHOUSE_CLOCK_FILE": str(self.clock.path),
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "GATEHOUSE_HEALTH_PORT": str(health_port),
        }
        if self.slack_simulator is not None:
            credentials = self.slack_simulator.credentials
            channel = next(
                conversation for conversation in CONVERSATIONS.values() if conversation.name == APPROVAL_CHANNEL
            )
            settings |= {
                "SLACK_BOT_TOKEN": credentials.bot_token,
                "SLACK_SIGNING_SECRET": credentials.signing_secret,
                "SLACK_API_URL": f"{self.url}slack/api/",
                "SLACK_CHANNEL": channel.id,
                "SLACK_TEAM_ID": TEAM_ID,
            }
            if self.socket_mode:
                settings["SLACK_APP_TOKEN"] = credentials.app_token
        if self.authority is not None:
            settings |= {
                "AZURE_TENANT_ID": self.authority.tenant_id,
                "AZURE_CLIENT_ID": self.authority.client_id,
                "AZURE_CLIENT_SECRET": self.authority.client_secret,
                "AZURE_AUTHORITY_HOST": self.authority.url,
                "GRAPH_URL": f"{self.url}graph/v1.0",
                "GUESTS_AZURE_CLIENT_ID": GUESTS_CLIENT_ID,
                "GUESTS_AZURE_CLIENT_SECRET": self.authority.secret_of(GUESTS_CLIENT_ID),
                "SSL_CERT_FILE": str(self.authority.ca_file),
            }
        return settings

    def _new_slack(self) -> SlackSimulator:
        return SlackSimulator(
            self.data / "slack.jsonl",
            now=self.clock.now,
            revision=self.revision,
            base_url=lambda: self.url,
            bot_url=lambda: self.bot.url if self.bot else None,
            wait_until_idle=self.wait_until_idle,
            socket_mode=self.socket_mode,
        )

    def _new_authority(self) -> TokenAuthority:
        path = self.data / "entra-secret.json"
        document = load_document(path) or {}
        if missing := [name for name in ("client_secret", "guests_client_secret") if name not in document]:
            document |= {name: secrets.token_urlsafe(24) for name in missing}
            save_document(path, document)
        for_guests = Application(
            client_id=GUESTS_CLIENT_ID,
            client_secret=document["guests_client_secret"],
            roles=lambda: self.entra.guests_app_roles if self.entra else (),
        )
        return TokenAuthority(
            tenant_id=HOME_TENANT_ID,
            client_id=APP_CLIENT_ID,
            client_secret=document["client_secret"],
            now=self.clock.now,
            roles=lambda: self.entra.app_roles if self.entra else (),
            others=(for_guests,),
        )

    def _new_entra(self, authority: TokenAuthority) -> EntraSimulator:
        path = self.data / "entra.json"

        def save_and_announce() -> None:
            # NB. at once, not later: an answer that says "written" must find the change on disk after a kill.
            save_document(path, entra.snapshot())
            self.revision.bump()

        entra = EntraSimulator(now=self.clock.now, on_change=save_and_announce, accepts_token=authority.accepts)
        stored_state = load_document(path)
        if stored_state is not None:
            entra.restore(stored_state)
        else:
            entra.merge({"appRoles": [*NEEDED_APP_ROLES, *OPTIONAL_APP_ROLES]})
        return entra

    def _is_delivering(self) -> bool:
        return self.slack_simulator is not None and self.slack_simulator.delivery.in_flight > 0

    @web.middleware
    async def _origin_checked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        return await require_own_origin(request, handler, self._port)

    @web.middleware
    async def _log_and_apply_faults(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Record requests to the simulators, and apply faults to them."""
        target = next((name for name, paths in _PREFIXES.items() if request.path.startswith(paths)), None)
        if target is None:
            return await handler(request)
        log = self.slack_log if target == "slack" else self.graph_log
        body = await read_body_once(request)
        fault = self.faults.take(target, request, body)
        if fault is None and target == "graph":
            request[INNER_FAULTS] = take_inner_faults(self.faults, request, body)
            fault = fault_of_whole(request[INNER_FAULTS])
        if not await arrives_after_delay(request, fault):
            return web.Response(status=499)

        async def with_faults(inner: web.Request) -> web.StreamResponse:
            return await answer_with_fault(inner, handler, fault)

        response = await log_request(request, with_faults, log, self.clock.now())
        if not response.prepared:
            # NB. the time of the sandbox, which a bot compares with its own.
            response.headers.setdefault("Date", format_datetime(self.clock.now(), usegmt=True))
        return response

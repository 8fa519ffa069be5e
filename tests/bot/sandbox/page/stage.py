"""A fake sandbox with a fake bot behind its control API, so that the page can be used."""

import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.sandbox import seed
from bot.sandbox.clock import SandboxClock
from bot.sandbox.page import page_routes
from tests.bot.sandbox.page import samples

Json = dict[str, Any]
PEOPLE = {person.handle: person.slack_id for person in seed.PEOPLE}
CHANNELS = {channel.name: channel.id for channel in seed.CHANNELS}


@dataclass
class PagePosition:
    id: str


@dataclass
class View:
    view: Json

    def to_slack(self) -> Json:
        return self.view


@dataclass
class Views:
    open: dict[str, Json] = field(default_factory=dict)
    homes: dict[str, Json] = field(default_factory=dict)

    def modals(self, user_id: str, /) -> list[View]:
        return [View(self.open[user_id])] if user_id in self.open else []

    def home(self, user_id: str, /) -> View | None:
        return View(self.homes[user_id]) if user_id in self.homes else None


@dataclass
class Slack:
    views: Views = field(default_factory=Views)
    rows: list[tuple[str, str | None, Json]] = field(default_factory=list)
    """(channel id, only for this user, message)."""

    def find(self, reference: str, /) -> PagePosition | None:
        if reference.startswith("@"):
            return PagePosition("D" + PEOPLE[reference[1:]][1:])
        return PagePosition(CHANNELS[reference])

    def messages(self, channel_id: str, viewer: str | None = None, /) -> list[Json]:
        return [row[2] for row in self.rows if row[0] == channel_id and row[1] in (None, viewer)]


@dataclass
class Log:
    entries: list[Json] = field(default_factory=list)


@dataclass
class Entra:
    objects: Json = field(
        default_factory=lambda: {
            "default": samples.default_configuration(),
            "partners": {},
            "organizations": samples.organizations(),
        }
    )

    def state(self) -> Json:
        return self.objects


class Stage:
    """The sandbox as the page sees it, with what a test does to it."""

    def __init__(self, folder: Path) -> None:
        self.clock = SandboxClock(folder / "clock")
        self.slack = Slack()
        self.entra = Entra()
        self.graph_log = Log()
        self.slack_log = Log()
        self.posts: list[tuple[str, Json]] = []
        """What the page sent to the control API: the last word of the path, and the body."""
        self.answers: dict[str, Json] = {}
        """What the control API answers instead of success, by the last word of the path."""
        self.revision = 0
        self._changed = asyncio.Condition()
        self._ts = 1_763_683_200

    async def wait_for_change(self, seen: int) -> int:
        async with self._changed:
            await self._changed.wait_for(lambda: self.revision > seen)
            return self.revision

    async def change(self) -> None:
        async with self._changed:
            self.revision += 1
            self._changed.notify_all()

    def post(self, channel_id: str, text: str, *, only_for: str | None = None, **more: Any) -> Json:
        self._ts += 60
        shown_to = {"is_ephemeral": True} if only_for else {}
        message = samples.message(f"{self._ts}.000100", text, **shown_to, **more)
        self.slack.rows.append((channel_id, only_for, message))
        return message

    def log(self, method: str, path: str, status: int, body: Any = None) -> None:
        at = self.clock.now().isoformat()
        self.graph_log.entries.append(
            {"method": method, "path": path, "query": {}, "body": body, "status": status, "at": at, "ms": 1.0}
        )

    def apply(self, partner: Json, method: str) -> None:
        """Write a partner as the bot would."""
        self.entra.objects = self.entra.objects | {"partners": {samples.CONTOSO: partner}}
        path = "/graph/v1.0/policies/crossTenantAccessPolicy/partners"
        where = path if method == "POST" else f"{path}/{samples.CONTOSO}"
        self.log(method, where, 201 if method == "POST" else 204, partner)
        self.log("GET", f"{path}/{samples.CONTOSO}", 200)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(page_routes(self))
        app.add_routes([web.post("/control/{call}", self._control), web.get("/control/home", self._home)])
        return app

    async def _home(self, request: web.Request) -> web.Response:
        user = PEOPLE[request.query["user"]]
        view = self.slack.views.homes.setdefault(user, samples.home_view())
        await self.change()
        return web.json_response({"ok": True, "view": view})

    async def _control(self, request: web.Request) -> web.Response:
        body = await request.json()
        call = request.match_info["call"]
        self.posts.append((call, body))
        if call in self.answers:
            return web.json_response(self.answers[call], status=200 if self.answers[call]["ok"] else 504)
        answer: Json = {"ok": True, "errors": {}}
        user = PEOPLE.get(body.get("user", ""), "")
        if call == "shortcut" or body.get("text") == "/partner request":
            self.slack.views.open[user] = samples.request_view()
        elif call == "command":
            self.post(CHANNELS["partner-access"], f"*{body['text']}*: nothing yet", only_for=user)
        elif call == "click" and body["action_id"] == "domain":
            self.slack.views.open[user] = samples.request_view(
                f":white_check_mark: *Contoso* · `{samples.CONTOSO}` · no partner configuration yet"
            )
        elif call == "click" and body["action_id"] == "approve":
            self.apply(samples.trusted_partner(), "POST")
        elif call == "submit":
            why = body["values"]["why"]["why"]["value"]
            answer["errors"] = {} if why else {"why": "Say why they need access."}
            if why:
                del self.slack.views.open[user]
                self.post(CHANNELS["partner-access"], "Partner access requested", blocks=samples.CARD_BLOCKS)
        elif call == "close":
            self.slack.views.open.pop(user, None)
        elif call == "clock":
            self.clock.advance(body["advance_seconds"])
        await self.change()
        return web.json_response(answer)


def main() -> None:
    """Serve the stage on 127.0.0.1 at the port given, to look at the page without a bot."""

    async def made() -> web.Application:
        return Stage(Path(tempfile.mkdtemp())).app()

    web.run_app(made(), host="127.0.0.1", port=int(sys.argv[1]))


if __name__ == "__main__":
    main()

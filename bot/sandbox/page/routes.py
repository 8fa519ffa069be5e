"""Serve the browser: the page, its fragments, its changes, its style sheet and its script."""

import asyncio
import hashlib
from contextlib import suppress
from functools import cache
from importlib.resources import files

from aiohttp import web

from bot.sandbox.page.chat.unread_counts import ReadMarks
from bot.sandbox.page.fragments import PageState, fragments, title
from bot.sandbox.page.ports import Sandbox
from bot.sandbox.page.render import environment
from bot.sandbox.page.tab_location import parse_location
from bot.sandbox.page.tenant.settings_watch import SettingsWatch
from bot.sandbox.page.text.display_names import sandbox_names

MAX_WAIT_SECONDS = 20.0
"""Seconds until a browser that waits for changes is told that there were none, and asks again."""

HEADERS = {
    # Everything comes from this server and nothing is inline, so that text from outside can do nothing.
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_SCRIPTS = ("page.js", "combobox.js", "dom.js", "files.js", "focus.js", "menus.js")
_STATIC = {"page.css": "text/css", "icon.svg": "image/svg+xml", **dict.fromkeys(_SCRIPTS, "text/javascript")}


@cache
def _asset(name: str) -> bytes:
    return files("bot.sandbox.page").joinpath("static", name).read_bytes()


@cache
def _version() -> str:
    """Return a version that changes with every static file, so that browsers may cache the files."""
    return hashlib.sha256(b"".join(_asset(name) for name in _STATIC)).hexdigest()[:12]


def page_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Return the routes of the page: `/`, `/page/fragment`, `/page/changes` and `/page/static/…`.

    `/page/fragment?as=&channel=&log=` answers `{"ok", "revision", "title", "fragments": {name: HTML}}`.

    `/page/changes?seen=` answers `{"ok", "revision"}` once there is a newer one, or after `MAX_WAIT_SECONDS` seconds.
    """
    memory = PageState(SettingsWatch(), ReadMarks())
    names = sandbox_names()

    async def page(request: web.Request) -> web.Response:
        place = parse_location(request.query)
        revision = await sandbox.wait_for_change(-1)
        parts = fragments(sandbox, place, names, memory)
        template = environment().get_template("page.html")
        html = template.render(
            parts=parts, place=place, title=title(place), revision=revision, version=_version(), names=names
        )
        return web.Response(text=html, content_type="text/html", headers=HEADERS)

    async def fragment(request: web.Request) -> web.Response:
        place = parse_location(request.query)
        # NB. the revision is read before the parts: a change in between is then reported again, never missed.
        revision = await sandbox.wait_for_change(-1)
        parts = fragments(sandbox, place, names, memory)
        answer = {"ok": True, "revision": revision, "title": title(place), "fragments": parts}
        return web.json_response(answer, headers=HEADERS)

    async def changes(request: web.Request) -> web.Response:
        seen = request.query.get("seen", "-1")
        if not seen.removeprefix("-").isdecimal():
            problem = {"ok": False, "error": "invalid_seen", "message": "seen: give the revision seen last, a number"}
            return web.json_response(problem, status=400, headers=HEADERS)
        revision = await sandbox.wait_for_change(-1)
        # A greater `seen` comes from before a restart: the browser then has to read again, too.
        if revision == int(seen):
            with suppress(TimeoutError):
                revision = await asyncio.wait_for(sandbox.wait_for_change(revision), MAX_WAIT_SECONDS)
        return web.json_response({"ok": True, "revision": revision}, headers=HEADERS)

    return [
        web.get("/", page),
        web.get("/page/fragment", fragment),
        web.get("/page/changes", changes),
        web.get("/page/static/{name}", _static),
    ]


async def _static(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in _STATIC:
        raise web.HTTPNotFound(headers=HEADERS)
    # The address carries the content's version; without it the browser asks again every time.
    caching = "public, max-age=31536000, immutable" if request.query.get("v") == _version() else "no-store"
    headers = HEADERS | {"Cache-Control": caching}
    return web.Response(body=_asset(name), content_type=_STATIC[name], charset="utf-8", headers=headers)

"""Answer the Web API's methods for files, and the two addresses of a file.

Slack's upload has three steps (Slack: "Working with files"): files.getUploadURLExternal, a POST of the bytes to the
address that it returns, and files.completeUploadExternal, which shares the file.
"""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot.sandbox.seed import BOT_USER_ID
from bot.sandbox.slack.errors import SlackError, invalid_arguments
from bot.sandbox.slack.web_api.calls import Answer, Call, Method, parent_of
from bot.sandbox.slack.workspace.files import MAX_BYTES, Files

UPLOAD_PREFIX = "/slack/upload/"
FILE_PREFIX = "/slack/files/"


def get_upload_url(call: Call) -> Answer:
    """Answer files.getUploadURLExternal."""
    name, length = call.text("filename"), call.text("length")
    if not length.isdecimal() or int(length) < 1:
        raise invalid_arguments("must be greater than 0 [json-pointer:/length]")
    if int(length) > MAX_BYTES:
        raise SlackError("file_upload_size_restricted")
    file = call.workspace.files.announce(name, int(length))
    return {"upload_url": f"{call.base_url}{UPLOAD_PREFIX.removeprefix('/')}{file.key}", "file_id": file.id}


def complete_upload(call: Call) -> Answer:
    """Answer files.completeUploadExternal: share uploaded files in one conversation or thread, or keep them private."""
    wanted = call.json_argument("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(one, dict) and one.get("id") for one in wanted):
        raise invalid_arguments("missing required field: files [json-pointer:/files]")
    channel_id = call.maybe("channel_id")
    channel = None if channel_id is None else call.workspace.conversations.get(channel_id)
    if channel_id is not None and channel is None:
        raise SlackError("channel_not_found")  # it takes ids only, and no name
    if channel is not None and not channel.bot_is_member:
        raise SlackError("not_in_channel")
    shared: list[dict[str, Any]] = []
    for one in wanted:
        file = call.workspace.files.share(str(one["id"]), str(one.get("title") or ""))
        if file is None:
            raise SlackError("file_not_found")
        shared.append(call.workspace.files.file_object(file))
    if channel is not None:
        text = call.maybe("initial_comment") or ""
        call.workspace.post(channel.id, {"text": text, "files": shared, "upload": True, **parent_of(call, channel)})
    return {"files": shared}


def info(call: Call) -> Answer:
    """Answer files.info: everything about a file that the app may see."""
    file = call.workspace.files.get(call.text("file"))
    if file is None or file.content is None:
        raise SlackError("file_not_found")
    return {"file": call.workspace.files.file_object(file), "comments": [], "response_metadata": {"next_cursor": ""}}


METHODS = {
    "files.info": Method(run=info, scopes=("files:read",)),
    "files.getUploadURLExternal": Method(run=get_upload_url, scopes=("files:write",)),
    "files.completeUploadExternal": Method(run=complete_upload, scopes=("files:write",)),
}


class FileAddresses:
    """The addresses to which a file is uploaded, and from which it is downloaded. Each contains a secret key.

    A person follows the address of a shared file in the page. An app needs its token, and the scope files:read.
    """

    def __init__(self, files: Files, may_read: Callable[[str], bool]) -> None:
        self._files = files
        self._may_read = may_read

    def routes(self) -> list[web.RouteDef]:
        """Return both routes."""
        return [web.post(UPLOAD_PREFIX + "{key}", self._upload), web.get(FILE_PREFIX + "{key}", self._download)]

    async def _upload(self, request: web.Request) -> web.Response:
        content = await request.read()
        if not self._files.upload(request.match_info["key"], content):
            return web.Response(status=400, text="upload refused")
        return web.Response(text=f"OK - {len(content)}")

    async def _download(self, request: web.Request) -> web.Response:
        file = self._files.by_key(request.match_info["key"])
        if file is None or file.content is None or not file.title:
            return web.Response(status=404, text="no such file")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if file.user != BOT_USER_ID and (scheme != "Bearer" or not self._may_read(token)):
            # Without a token that may read it, Slack leads to the page where people sign in.
            raise web.HTTPFound("/slack/signin")
        name = "".join(one for one in file.name if one.isalnum() or one in "-_.") or "file"
        return web.Response(
            body=file.content,
            content_type="application/octet-stream",
            headers={
                # Downloaded, and never shown as a part of the sandbox's own page.
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "X-Content-Type-Options": "nosniff",
            },
        )

"""Load a file that a person gave in a window. The boundary to Slack's files, which are text from outside.

The token is sent to Slack's own address only. No redirect is followed: where the token may not read a file, Slack leads
to the page where people sign in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import NO_ANSWER, error_code, is_temporary, retry_after
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId
from workflows.ports.notifier import NotifierUnavailable
from workflows.sheets.limits import MAX_BYTES
from workflows.sheets.received import FileNotUsable, ReceivedFile, ReceivedFileCode

_SLACK_FILES: Final = "https://files.slack.com"
_LOAD_SECONDS: Final = 60
_CHUNK: Final = 2**16
_NO_SCOPE: Final = frozenset({"missing_scope", "not_allowed_token_type", "no_permission"})
_GONE: Final = frozenset({"file_not_found", "file_deleted", "access_denied", "not_visible"})
_HOSTED: Final = frozenset({"hosted", "snippet"})
"""The modes of files that Slack itself keeps (Slack: "file object")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackReceivedFiles:
    """Implements `ReceivedFiles`."""

    client: AsyncWebClient
    slack_api_url: str
    team_id: str

    async def load(self, file_id: str, given_by: ChatId) -> ReceivedFile:
        """Load a file that a person uploaded. Slack is asked for it: a window need not have the whole file object.

        :raises FileNotUsable, SheetUnusable: when that is not possible; the latter when it is too large.
        :raises NotifierUnavailable: when Slack does not answer now.
        """
        found = await self._info(file_id)
        self._require_usable(found, given_by)
        name = str(found.get("name") or found.get("title") or "file")
        size = found.get("size")
        if isinstance(size, int) and size > MAX_BYTES:
            raise _too_large(name)
        url = str(found.get("url_private_download") or found.get("url_private") or "")
        if not url:
            raise FileNotUsable((Fact(ReceivedFileCode.GONE),))
        self._require_own_address(url)
        try:
            content = await self._content(url, name)
        except NO_ANSWER as error:
            raise NotifierUnavailable("a file: Slack does not answer") from error
        if isinstance(size, int) and len(content) != size:
            raise NotifierUnavailable(f"a file: {len(content)} of {size} bytes arrived")
        return ReceivedFile(name=name, content=content)

    async def _info(self, file_id: str) -> Mapping[str, Any]:
        try:
            answer = await self.client.api_call("files.info", params={"file": file_id})
        except SlackApiError as error:
            code = error_code(error)
            if code in _NO_SCOPE:
                raise FileNotUsable((Fact(ReceivedFileCode.NO_SCOPE),)) from error
            if code in _GONE:
                raise FileNotUsable((Fact(ReceivedFileCode.GONE),)) from error
            if is_temporary(error):
                raise NotifierUnavailable(f"files.info: {code or 'no answer'}", retry_after(error)) from error
            raise FileNotUsable((Fact(ReceivedFileCode.REFUSED, {"code": code}),)) from error
        except NO_ANSWER as error:
            raise NotifierUnavailable("files.info: Slack does not answer") from error
        file = answer.get("file")
        return file if isinstance(file, Mapping) else {}

    def _require_usable(self, found: Mapping[str, Any], given_by: ChatId) -> None:
        mode, team = str(found.get("mode") or "hosted"), str(found.get("user_team") or "")
        problem = None
        if found.get("is_external") or mode == "external":
            problem = ReceivedFileCode.EXTERNAL
        elif mode == "tombstone" or str(found.get("file_access") or "visible") != "visible":
            problem = ReceivedFileCode.GONE
        elif team and team != self.team_id and not team.startswith("E"):  # the id of an organization, on Grid
            problem = ReceivedFileCode.OTHER_WORKSPACE
        elif found.get("user") != given_by:
            problem = ReceivedFileCode.OTHER_OWNER
        if problem is None and mode not in _HOSTED:
            raise FileNotUsable((Fact(ReceivedFileCode.OTHER_CONTENT, {"name": str(found.get("name") or mode)}),))
        if problem is not None:
            raise FileNotUsable((Fact(problem),))

    def _require_own_address(self, url: str) -> None:
        """Refuse every address but Slack's own. On this machine, the address of the stand-in counts too."""
        try:
            wanted, api = urlsplit(url), urlsplit(self.slack_api_url)
            origin, own = f"{wanted.scheme}://{wanted.netloc}", f"{api.scheme}://{api.netloc}"
            is_own = origin == _SLACK_FILES or (origin == own and _is_loopback(api.hostname or ""))
        except ValueError:
            origin, is_own = "", False
        if not is_own:
            raise FileNotUsable((Fact(ReceivedFileCode.OTHER_ADDRESS, {"host": origin or "?"}),))

    async def _content(self, url: str, name: str) -> bytes:
        headers = {"Authorization": f"Bearer {self.client.token}", "Accept-Encoding": "identity"}
        timeout = aiohttp.ClientTimeout(total=_LOAD_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            _require_content(answer)
            if answer.content_length is not None and answer.content_length > MAX_BYTES:
                raise _too_large(name)
            content = bytearray()
            async for chunk in answer.content.iter_chunked(_CHUNK):
                content += chunk
                if len(content) > MAX_BYTES:
                    raise _too_large(name)
            return bytes(content)


def _require_content(answer: aiohttp.ClientResponse) -> None:
    """Require the file itself. To a token that may not read it, Slack answers with a page, or leads to one.

    :raises FileNotUsable, NotifierUnavailable: otherwise.
    """
    status = answer.status
    if 300 <= status < 400 or status in (401, 403) or (status == 200 and answer.content_type == "text/html"):
        raise FileNotUsable((Fact(ReceivedFileCode.NO_SCOPE),))
    if status in (404, 410):
        raise FileNotUsable((Fact(ReceivedFileCode.GONE),))
    if status == 429 or status >= 500:
        raise NotifierUnavailable(f"a file: Slack answers {status}")
    if status != 200:
        raise FileNotUsable((Fact(ReceivedFileCode.REFUSED, {"code": f"http_{status}"}),))


def _too_large(name: str) -> SheetUnusable:
    return SheetUnusable((Fact(SheetCode.TOO_LARGE, {"name": name, "limit_bytes": MAX_BYTES}),))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Replace tokens and the signing secret while the bot runs: from files that are looked at every two seconds.

No click is lost. A new secret counts from the moment that its file has it, and the old one until its end. A file that
cannot be used is named in one line of the log, and what was used before stays.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.process.environment import SecretFile, SecretFileProblem, read_secret_file
from bot.process.settings import Settings
from bot.process.web.server import SigningSecrets
from bot.slack.errors import NO_ANSWER, WRONG_TOKEN, error_code
from bot.slack.inbound.identity import IdentityCheck
from bot.slack.outbound.client import SlackClient
from workflows.intervals import REPLACED_SECRET_ACCEPTED_FOR, SECRET_FILES_READ_EVERY
from workflows.ports.clock import Clock

if TYPE_CHECKING:
    from bot.slack.inbound.socket import SlackSocket

CHECK_SECONDS: Final = SECRET_FILES_READ_EVERY.total_seconds()

_log = structlog.get_logger()

_Version = tuple[int, int, int]
_NO_FILE: Final = (0, 0, 0)


class _TryAgain(Exception):
    """It cannot be known now whether a file may be used. Its text says why."""


class Rotation:
    """Looks at the files, and puts what they contain into use."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        secrets: SigningSecrets,
        client: SlackClient,
        learn: Callable[[Iterable[str]], None],
        identity: IdentityCheck,
        socket: "SlackSocket | None" = None,
    ) -> None:
        """Create it. What the files contained at the start is in use already.

        :param learn: keeps a new secret out of logs and messages. It is called before the secret is used.
        :param identity: checks that a new bot token belongs to the same app.
        """
        self._secrets = secrets
        self._client = client
        self._clock = clock
        self._learn = learn
        self._identity = identity
        self._socket = socket
        self._bot_token = settings.slack_bot_token.get_secret_value()
        files: tuple[tuple[str, Path | None, Callable[[SecretFile], Awaitable[None]]], ...] = (
            ("SLACK_SIGNING_SECRET_FILE", settings.slack_signing_secret_file, self._use_signing_secret),
            ("SLACK_BOT_TOKEN_FILE", settings.slack_bot_token_file, self._use_bot_token),
            ("SLACK_APP_TOKEN_FILE", settings.slack_app_token_file, self._use_app_token),
        )
        self._files = {name: (path, use) for name, path, use in files if path is not None}
        self._seen: dict[str, _Version] = {}
        self._waiting: set[str] = set()

    async def run(self, look_now: asyncio.Event) -> None:
        """Look at the files every two seconds, and at once when the event is set. Until cancelled."""
        while True:
            is_asked = look_now.is_set()
            look_now.clear()
            await self.check(is_asked=is_asked)
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    await look_now.wait()

    async def check(self, *, is_asked: bool = False) -> None:
        """Read each file that was replaced since it was last read.

        :param is_asked: whether to read all of them, and to name again what cannot be used.
        """
        for name, (path, use) in self._files.items():
            version = _version_of(path)
            if not is_asked and self._seen.get(name) == version:
                continue
            try:
                await use(read_secret_file(path, may_have_old=name == "SLACK_SIGNING_SECRET_FILE"))
            except SecretFileProblem as problem:
                _log.error("secret_file_refused", file=name, reason=f"{problem}; the one before stays in use")
            except _TryAgain as reason:
                if name not in self._waiting:
                    self._waiting.add(name)
                    _log.warning("secret_file_waits", file=name, reason=str(reason))
                continue
            except Exception:
                _log.exception("secret_file_not_used", file=name)
            self._waiting.discard(name)
            self._seen[name] = version

    async def _use_signing_secret(self, found: SecretFile) -> None:
        current, before, before_until = found.secret, self._secrets.current, self._secrets.old_until
        old, old_until = found.old_secret, found.old_until
        if not old and current != before:
            old, old_until = before, self._clock.now() + REPLACED_SECRET_ACCEPTED_FOR
        elif not old:
            old, old_until = self._secrets.old, before_until
        if (current, old, old_until) != (before, self._secrets.old, before_until):
            self._learn((current, old))
            self._secrets.replace(current, old, old_until)
            _log.info("signing_secret_replaced", old_until=_time(old_until))

    async def _use_bot_token(self, found: SecretFile) -> None:
        token = found.secret
        if token == self._bot_token:
            return
        self._learn((token,))
        await self._require_same_app(token)
        self._client.use_token(token)
        self._bot_token = token
        _log.info("bot_token_replaced")

    async def _require_same_app(self, token: str) -> None:
        """Ask Slack what a new token belongs to.

        :raises SecretFileProblem: when Slack refuses it, or it belongs to something other than the token before.
        :raises _TryAgain: when Slack does not answer.
        """
        client = AsyncWebClient(token=token, base_url=self._client.base_url, retry_handlers=[])
        try:
            problem = await self._identity.problem_of(client)
        except SlackApiError as error:
            reason = error_code(error)
            if reason in WRONG_TOKEN:
                raise SecretFileProblem(f"Slack refuses the token ({reason})") from None
            raise _TryAgain(f"Slack does not say whether the token is right ({reason or 'no answer'})") from None
        except NO_ANSWER as error:
            raise _TryAgain(f"Slack does not answer ({type(error).__name__})") from None
        if problem:
            raise SecretFileProblem(problem)

    async def _use_app_token(self, found: SecretFile) -> None:
        if self._socket is not None and found.secret != self._socket.app_token:
            self._learn((found.secret,))
            self._socket.app_token = found.secret  # used for the next connection; Slack keeps the present one
            _log.info("app_token_replaced")


def _version_of(path: Path) -> _Version:
    try:
        status = path.stat()
    except OSError:
        return _NO_FILE
    return status.st_ino, status.st_mtime_ns, status.st_size


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()

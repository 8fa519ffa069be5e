"""The `sandbox` command: start the simulated services and a bot between them. No other module imports both.

The bot runs in its own process, with the settings that it would have in production and nothing else. When it ends, it
is started again on the same data, as a hosting platform would do.
"""

import asyncio
import contextlib
import errno
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import tempfile
import webbrowser
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext, SpawnProcess
from pathlib import Path
from typing import Final

import aiohttp

from bot.process.child_process import become_bot_process
from bot.sandbox.server import BotHandle, FolderInUse, Sandbox

CANNOT_START: Final = 2
"""The exit status when the sandbox cannot start here."""
Processes = SpawnContext | ForkServerContext
_NEW_PROCESSES: Final = multiprocessing.get_context("spawn")
_PORTS_TRIED: Final = 100
_TICK_SECONDS: Final = 0.5
_FORWARDED_PREFIXES: Final = (
    *("GATEHOUSE_FORGET_", "GATEHOUSE_MAX_", "GATEHOUSE_SECOND_LOOK_", "GATEHOUSE_TELL_", "GATEHOUSE_TICK_"),
)
"""The prefix of the settings that are passed on to the sandbox's bot: the limits, and what is told of deciders."""
_TEMPLATES: Final = "GATEHOUSE_TEMPLATES"
"""The setting with a folder of own templates, which can be tried in the sandbox."""
_READY_WITHIN_SECONDS: Final = 30.0
_MAX_RESTARTS: Final = 20


async def run_sandbox(
    *,
    port: int,
    browser: bool,
    data: Path | None,
    only: str | None,
    socket_mode: bool,
    processes: Processes = _NEW_PROCESSES,
) -> int:
    """Run the sandbox until Ctrl-C or SIGTERM. Print `ready http://127.0.0.1:PORT/` when everything answers.

    :param processes: how the bot's process is started.
    :returns: the exit status.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print("starting…", file=sys.stderr, flush=True)
    with contextlib.ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gatehouse-")))
        folder = folder.resolve()
        try:
            sandbox = Sandbox(folder, only=only, socket_mode=socket_mode)  # type: ignore[arg-type]
            await sandbox.start(port)
        except FolderInUse as error:
            return _print_reason(f"--data: {error}")
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return _print_reason(f"--port: {port} is in use; choose another, or 0 for any free one")
            return _print_reason(f"--data: {folder} cannot be used ({error.strerror}); name a folder")
        try:
            if only is None:
                await _run_with_bot(sandbox, folder, stop, browser=browser, processes=processes)
            else:
                _print_settings(sandbox)
                await _print_ready(sandbox, browser=browser)
                await stop.wait()
        finally:
            await sandbox.stop()
    return 0


def _print_reason(reason: str) -> int:
    print(f"The sandbox cannot start: {reason}.", file=sys.stderr)
    return CANNOT_START


async def _run_with_bot(
    sandbox: Sandbox, folder: Path, stop: asyncio.Event, *, browser: bool, processes: Processes
) -> None:
    port, health_port = _free_ports()
    settings = {
        **sandbox.bot_settings(port, health_port),
        "DATABASE_URL": f"sqlite:///{folder / 'gatehouse.db'}",
        "GATEHOUSE_GENERATION": str(folder / "generation"),
        "GATEHOUSE_TICK_SECONDS": str(_TICK_SECONDS),
        **_forwarded_settings(),
    }
    bot = _Bot(settings, folder, processes)
    bot.start()
    url, health_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{health_port}"
    sandbox.bot = BotHandle(url=url, pid=lambda: bot.pid, alive=bot.is_alive, health_url=health_url)
    restarts = asyncio.create_task(_keep_alive(bot, folder, stop))
    try:
        await _wait_until_ready(health_url, stop)
        if not stop.is_set():
            await _print_ready(sandbox, browser=browser)
        await stop.wait()
    finally:
        restarts.cancel()
        # NB. in a thread: over Socket Mode the bot closes its connection, and the simulated Slack must still answer
        # during that time.
        await asyncio.to_thread(bot.stop)


def _forwarded_settings() -> dict[str, str]:
    """Return the settings that are passed on to the bot. A folder is absolute, because the bot runs in another one."""
    forwarded = {name: value for name, value in os.environ.items() if name.startswith(_FORWARDED_PREFIXES)}
    if templates := os.environ.get(_TEMPLATES):
        forwarded[_TEMPLATES] = str(Path(templates).absolute())
    return forwarded


async def _print_ready(sandbox: Sandbox, *, browser: bool) -> None:
    print(f"ready {sandbox.url}", flush=True)
    if browser:
        await asyncio.to_thread(webbrowser.open, sandbox.url)


class _Bot:
    """The bot's process."""

    def __init__(self, settings: dict[str, str], folder: Path, processes: Processes) -> None:
        self._settings = settings
        self._folder = folder
        self._processes = processes
        self._process: SpawnProcess | ForkServerProcess

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def join(self) -> None:
        """Wait for its end."""
        self._process.join()

    def start(self) -> None:
        self._process = self._processes.Process(
            target=become_bot_process, args=(self._settings, self._folder), daemon=True
        )
        # The child inherits the block: the sandbox handles Ctrl-C during the start, not the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def stop(self) -> None:
        self._process.terminate()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


async def _keep_alive(bot: _Bot, folder: Path, stop: asyncio.Event) -> None:
    """Start the bot again when it has ended, as a hosting platform does."""
    for _ in range(_MAX_RESTARTS):
        await asyncio.to_thread(bot.join)
        print(f"the bot ended; starting it again (its log: {folder / 'bot.log'})", file=sys.stderr, flush=True)
        await asyncio.sleep(0.3)
        bot.start()
    print("the bot keeps ending; giving up", file=sys.stderr, flush=True)
    stop.set()


async def _wait_until_ready(health_url: str, stop: asyncio.Event) -> None:
    async with asyncio.timeout(_READY_WITHIN_SECONDS), aiohttp.ClientSession() as session:
        while not stop.is_set():
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{health_url}/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.03)


def _print_settings(sandbox: Sandbox) -> None:
    for name, value in sandbox.bot_settings(3000).items():
        print(f"{name}={value}")


def _free_ports() -> tuple[int, int]:
    """Return two free ports below 32768, the first port that Linux gives to outgoing connections.

    So no outgoing connection uses them before the bot listens there.

    :raises OSError: when fewer than two of 100 ports are free.
    """
    found: list[int] = []
    for port in secrets.SystemRandom().sample(range(20_000, 32_000), _PORTS_TRIED):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == 2:
            return found[0], found[1]
    raise OSError("fewer than two ports are free on 127.0.0.1 between 20000 and 32000")

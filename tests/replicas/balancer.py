"""A balancer: it gives each connection to the next process that says that it is ready, in turn."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

_ASKED_EVERY: Final = 0.2
_ANSWERS_WITHIN: Final = 2.0


@dataclass(slots=True)
class Target:
    """One process: where Slack's clicks go to, and where it tells of its health."""

    port: int
    health_port: int
    is_ready: bool = False
    lives: int = 0
    """How many processes ended here."""

    def end_life(self) -> None:
        """Note that the process has ended. What it answered just before says nothing of the next one."""
        self.lives += 1
        self.is_ready = False


@dataclass(slots=True)
class Balancer:
    """Listens for clicks."""

    targets: Sequence[Target]
    port: int = 0
    served: list[int] = field(default_factory=list)
    """How many connections for clicks each target got."""
    unserved: int = 0
    """How many were closed, because no process was ready."""
    _turn: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[Any]] = field(default_factory=set)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Listen."""
        self.served = [0] * len(self.targets)
        self._server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._tasks = [asyncio.create_task(self._keep_asking(target)) for target in self.targets]

    async def stop(self) -> None:
        """Listen no more."""
        tasks = [*self._tasks, *self._open]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            self._server.close()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)  # nothing else refers to it
        task.add_done_callback(self._open.discard)
        with contextlib.suppress(asyncio.CancelledError), _closing(writer):
            if (found := await self._next()) is not None:
                back_reader, back_writer = found
                with _closing(back_writer):
                    await asyncio.gather(_pass_on(reader, back_writer), _pass_on(back_reader, writer))

    async def _next(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Connect to the next process that is ready; None when there is none."""
        for _ in range(len(self.targets)):
            self._turn += 1
            number = self._turn % len(self.targets)
            target = self.targets[number]
            if not target.is_ready:
                continue
            try:
                found = await asyncio.open_connection("127.0.0.1", target.port)
            except OSError:
                target.is_ready = False
                continue
            self.served[number] += 1
            return found
        self.unserved += 1
        return None

    async def _keep_asking(self, target: Target) -> None:
        timeout = aiohttp.ClientTimeout(total=_ANSWERS_WITHIN)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                lives, is_ready = target.lives, False
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"http://127.0.0.1:{target.health_port}/readyz") as answer:
                        is_ready = answer.status == 200
                if lives == target.lives:
                    target.is_ready = is_ready
                await asyncio.sleep(_ASKED_EVERY)


@contextlib.contextmanager
def _closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    """Close a connection at the end, also one that is broken."""
    try:
        with contextlib.suppress(OSError):
            yield
    finally:
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):  # also after a connection that was broken: the other side must not wait
        if writer.can_write_eof():
            writer.write_eof()

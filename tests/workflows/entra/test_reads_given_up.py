"""A read that was given up, while it waits to be sent with others: the others never notice."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

import pytest

from workflows.core.errors.tenant_problems import Purpose
from workflows.entra.answers.answers import Answer, read_call
from workflows.entra.transport.batch import BatchedRead, BatchedReads

SLOW: Final = "/auditLogs/directoryAudits"
USERS: Final = "/users"


@dataclass(slots=True)
class Batches:
    """Sends nothing, and lets each read be sent alone."""

    sent: list[list[str]] = field(default_factory=list)
    troubles: list[BaseException] = field(default_factory=list)

    async def post(self, reads: Sequence[BatchedRead]) -> Mapping[str, Answer] | None:
        self.sent.append([read.item.id for read in reads])
        return None

    def watch(self) -> None:
        """Note what nobody catches, such as an error in a timer."""
        asyncio.get_running_loop().set_exception_handler(lambda _, what: self.troubles.append(what["exception"]))


async def ask(reads: BatchedReads, path: str, name: str) -> Answer | None:
    item: Any = SimpleNamespace(id=name)
    return await reads.ask(read_call(path, Purpose.NAME_HOME, "p"), item)


@pytest.mark.parametrize("given_up_path", [SLOW, USERS])
async def test_a_read_that_was_just_given_up_is_not_sent(given_up_path: str) -> None:
    """It is cancelled in the same step in which the others are sent."""
    batches = Batches()
    batches.watch()
    reads = BatchedReads(batches.post)

    async def giving_up(other: asyncio.Task[Any], path: str, name: str) -> Answer | None:
        for _ in range(3):
            await asyncio.sleep(0)
        other.cancel()
        return await ask(reads, path, name)

    async with reads:
        given_up = reads.start(ask(reads, given_up_path, "given up"))
        second = reads.start(ask(reads, USERS, "second"))
        third = reads.start(giving_up(given_up, USERS, "third"))
        assert (await second, await third) == (None, None)
    assert given_up.cancelled()
    assert batches.sent == [["second", "third"]]
    assert not batches.troubles


async def test_the_timer_sends_what_is_left() -> None:
    batches, never = Batches(), asyncio.Event()
    batches.watch()
    reads = BatchedReads(batches.post)
    async with reads:
        given_up = reads.start(ask(reads, USERS, "given up"))
        slow = reads.start(ask(reads, SLOW, "slow"))
        held_by = reads.start(_waiting(never))
        await asyncio.sleep(0.01)
        given_up.cancel()
        reads._send()  # as the timer does
        assert await slow is None
        held_by.cancel()
    assert not batches.sent
    assert not batches.troubles


async def _waiting(never: asyncio.Event) -> None:
    await never.wait()

"""Collect the writes of partners that are changed at the same time, so that they go out in one request.

Every check before a write is made for each partner by itself, as for a single write. While a write waits for the
others, things may change. So what must hold at the last moment is checked again, right before the request is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from workflows.core.plans.plan import CallIds, Operation
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import MAX_WRITES_TOGETHER, SendAlone, Tenant, asked_before_writes

_COLLECTED_FOR_SECONDS: Final = 0.05
"""How long writes wait for others when every partner of the wave has sent or ended: second operations of plans."""
_HELD_FOR_SECONDS: Final = 3.0
"""The longest time that a write waits for partners that are still being checked."""

LastCheck = Callable[[], Awaitable[None]]
"""Raises an error when a write must not be sent any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A write that waits to be sent."""

    partner: TenantId
    operation: Operation
    last_check: LastCheck
    still_mine: LastCheck
    result: "asyncio.Future[CallIds]"


class WaveWrites:
    """The writes of one wave. A partner has at most one at a time."""

    def __init__(self, tenant: Tenant, partners: Iterable[TenantId]) -> None:
        """Create it.

        :param partners: those whose first write the others wait for, until `ends` is called for them.
        """
        self._tenant = tenant
        self._awaited = set(partners)
        self._waiting: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def write(
        self, partner: TenantId, operation: Operation, last_check: LastCheck, still_mine: LastCheck
    ) -> CallIds:
        """Send an operation together with those of other partners. The errors are those of `Tenant.write`.

        Whoever stops waiting before it is sent has sent nothing.

        :param last_check: called right before it is sent. When it raises an error, that is raised, and the operation is
            not sent.
        :param still_mine: called by what sends it, as its last step. When it raises an error, nothing of the same
            request is sent.
        """
        waiting = _Waiting(
            partner=partner,
            operation=operation,
            last_check=last_check,
            still_mine=still_mine,
            result=asyncio.get_running_loop().create_future(),
        )
        self._waiting.append(waiting)
        self.ends(partner)
        try:
            return await waiting.result
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def ends(self, partner: TenantId) -> None:
        """Let nobody wait for the first write of a partner any more."""
        self._awaited.discard(partner)
        if len(self._waiting) >= MAX_WRITES_TOGETHER:
            self._send()
        elif self._waiting:
            self._send_within(_HELD_FOR_SECONDS if self._awaited else _COLLECTED_FOR_SECONDS)

    def _send_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._timer is None or self._timer.when() > loop.time() + seconds:
            self._stop_timer()
            self._timer = loop.call_later(seconds, self._send)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self) -> None:
        self._stop_timer()
        due, self._waiting = self._waiting[:MAX_WRITES_TOGETHER], self._waiting[MAX_WRITES_TOGETHER:]
        if due:
            task = asyncio.create_task(self._answer(due))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        if self._waiting:
            self._send_within(_COLLECTED_FOR_SECONDS)

    async def _answer(self, due: list[_Waiting]) -> None:
        try:
            checked = await asyncio.gather(*(one.last_check() for one in due), return_exceptions=True)
            for one, problem in zip(due, checked, strict=True):
                _settle(one, problem)
            # Who was cancelled in this moment sends nothing either.
            left = [one for one in due if not one.result.done()]
            if left:
                with asked_before_writes(partial(_require_all_still_mine, left)):
                    results = await self._tenant.write_together([one.operation for one in left])
                alone = []
                for one, result in zip(left, results, strict=True):
                    if isinstance(result, SendAlone):
                        alone.append(one)
                    else:
                        _settle(one, result)
                for one in alone:
                    await self._answer_alone(one)
        except BaseException as error:
            # Nobody may wait for ever, whatever happened.
            for one in due:
                _settle(one, error)
            if isinstance(error, asyncio.CancelledError):
                raise

    async def _answer_alone(self, waiting: _Waiting) -> None:
        """Send one write by itself. Those before it may have taken long, so it is checked once more."""
        if waiting.result.done():
            return
        try:
            await waiting.last_check()
            with asked_before_writes(waiting.still_mine):
                _settle(waiting, None if waiting.result.done() else await self._tenant.write(waiting.operation))
        except Exception as error:
            _settle(waiting, error)


async def _require_all_still_mine(sent: Iterable[_Waiting]) -> None:
    """Check that all may be sent: they share one request, so it is sent whole, or not at all."""
    await asyncio.gather(*(one.still_mine() for one in sent))


def _settle(waiting: _Waiting, result: CallIds | BaseException | None) -> None:
    """Give a result to who waits for it; None: there is none yet."""
    if waiting.result.done() or result is None:
        return
    if isinstance(result, CallIds):
        waiting.result.set_result(result)
    else:
        waiting.result.set_exception(result)
        waiting.result.exception()  # whoever asked may have given up already

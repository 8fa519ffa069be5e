"""Only an answer makes the tenant trusted: not a question that was given up, and not one that failed."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from tests.waiting import LONGEST_WAIT
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.settings.model import TenantId
from workflows.entra.answers.answers import unavailable
from workflows.entra.transport.own_tenant_guard import OwnTenantGuard
from workflows.ports.tenant import TenantUnavailable, WrongTenant

OURS, OTHER = TenantId("ours"), TenantId("other")


@dataclass(slots=True)
class Organization:
    """Answers which tenant it is, as it is told to."""

    answer: TenantId = OTHER
    trouble: Exception | None = None
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def read(self) -> TenantId:
        self.asked += 1
        await self.may_answer.wait()
        if self.trouble is not None:
            raise self.trouble
        return self.answer

    def guard(self) -> OwnTenantGuard:
        """Return a guard whose last answer was the right one, long ago."""
        guard = OwnTenantGuard(read=self.read, expected=OURS)
        guard.note(OURS)
        guard._trusted_until = float("-inf")
        return guard


@pytest.mark.parametrize("must_be_known", [True, False])
async def test_a_question_that_was_given_up_makes_nothing_trusted(must_be_known: bool) -> None:
    """The check of another plan ended before its answer came."""
    organization = Organization()
    guard = organization.guard()
    given_up = asyncio.create_task(guard.verify(must_be_known=must_be_known))
    await asyncio.sleep(0)
    given_up.cancel()
    with suppress(asyncio.CancelledError):
        await given_up
    organization.may_answer.set()
    with pytest.raises(WrongTenant):
        await guard.verify(must_be_known=must_be_known)
    assert organization.asked == 2


async def test_a_question_that_failed_makes_nothing_trusted_where_an_answer_is_needed() -> None:
    organization = Organization(trouble=unavailable(TenantCode.HOME_NOT_KNOWN))
    organization.may_answer.set()
    guard = organization.guard()
    await guard.verify(must_be_known=True)
    await guard.verify()
    assert organization.asked == 1, "what needs no answer does not wait for a second question"
    organization.trouble = None
    with pytest.raises(WrongTenant):
        await guard.verify(must_be_known=True)
    assert organization.asked == 2


async def test_a_question_that_breaks_makes_nothing_trusted() -> None:
    organization = Organization(trouble=ZeroDivisionError())
    organization.may_answer.set()
    guard = organization.guard()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await guard.verify()
    assert organization.asked == 2


async def test_a_question_that_failed_ends_no_trust_in_a_former_answer() -> None:
    organization = Organization(trouble=unavailable(TenantCode.HOME_NOT_KNOWN))
    organization.may_answer.set()
    guard = OwnTenantGuard(read=organization.read, expected=OURS)
    with pytest.raises(TenantUnavailable):
        await guard.verify(must_be_known=True)
    guard.note(OURS)
    await guard.verify(must_be_known=True)
    assert organization.asked == 1


async def test_closing_never_waits_for_a_question_of_others_once_there_was_an_answer() -> None:
    organization = Organization()
    guard = organization.guard()
    openings = [asyncio.create_task(guard.verify(must_be_known=True)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.wait_for(guard.verify(), timeout=LONGEST_WAIT)
    assert organization.asked == 1
    organization.may_answer.set()
    assert {type(one) for one in await asyncio.gather(*openings, return_exceptions=True)} == {WrongTenant}


async def test_those_who_wait_for_a_question_share_its_failure() -> None:
    organization = Organization(trouble=unavailable(TenantCode.HOME_NOT_KNOWN))
    guard = organization.guard()
    waiting = [asyncio.create_task(guard.verify(must_be_known=True)) for _ in range(10)]
    await asyncio.sleep(0)
    organization.may_answer.set()
    await asyncio.gather(*waiting)
    assert organization.asked == 1
    await guard.verify(must_be_known=True)
    assert organization.asked == 2

"""Ask whether an access works, and tell the sponsor and the admins when it does not. Nothing is sent twice."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import structlog

from bot.slack.blocks.message import Message
from bot.slack.outbound.announcements.access_test_cards import access_question, closed_question, failure_card
from bot.slack.outbound.recipients import Outbound, Recipients
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.answers.access_test import is_testable
from workflows.core.people import ADMIN, ChatId
from workflows.core.policy.reviews.access_test import AccessOutcome, AccessTest
from workflows.core.requests.effects import ShowAccessTest
from workflows.ports.message_copies import MessageCopy

_log = structlog.get_logger()


class AccessTestMessages:
    """Posts each question once to each person, in their working hours, and each failure once.

    Slack is always asked whether the person is active, because it accepts messages to people who have left.
    """

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._recipients = Recipients(outbound.directory)

    async def show(self, partnership: Partnership) -> None:
        """Report what does not work, ask who has not been asked yet, and update what was sent.

        The report comes first: no trouble with an older message keeps a "No" from the sponsor and the admins.
        """
        await self._report_failure(partnership)
        tenant_id, test = partnership.identity.tenant_id, partnership.access_test
        subject = f"access_test:{tenant_id}"
        is_asked = test is not None and test.is_open and is_testable(partnership, self._outbound.clock.now())
        if test is not None and is_asked:
            await self._ask(partnership, test, subject)
        for copy in await self._outbound.copies.live_copies(subject):
            if test is not None and is_asked and copy.occasion == str(test.question):
                await self._outbound.copies.renew(copy, access_question(partnership, test), replaces_deleted=True)
            else:
                await self._outbound.copies.close(copy, closed_question(partnership, _question_of(copy, test)))

    async def _ask(self, partnership: Partnership, test: AccessTest, subject: str) -> None:
        """Post the question to the first of these whom Slack reaches: requester and sender, the sponsor, the admins.

        Who does not work now gets it when they work next: that is stored. Who asked for it gets it at once.
        """
        card, occasion = access_question(partnership, test), str(test.question)
        sent = {copy.audience for copy in await self._outbound.store.copies(subject) if copy.occasion == occasion}
        async for people in self._possible_recipients(partnership, test):
            later: list[datetime] = []
            is_reached = bool(sent & set(people))
            for person in sorted(set(people) - sent):
                is_own = test.asked_by is not None and test.asked_by.chat_id == person
                moment = None if is_own else await self._outbound.works_next_at(person)
                if moment is not None:
                    later.append(moment)
                elif await self._post(subject, person, card, occasion):
                    is_reached = True
            if later:
                moment = min(later)
                effect = ShowAccessTest(tenant_id=partnership.identity.tenant_id)
                await self._outbound.store.perform_later(effect, moment)
            if later or is_reached:
                return
        _log.warning("access_test_not_asked", tenant_id=partnership.identity.tenant_id)

    async def _possible_recipients(self, partnership: Partnership, test: AccessTest) -> AsyncIterator[Sequence[ChatId]]:
        yield [person.chat_id for person in test.testers]
        if partnership.sponsor_gone_at is None:
            yield [partnership.sponsor.chat_id]
        yield sorted(await self._recipients.holders(ADMIN))

    async def _post(self, subject: str, person: ChatId, card: Message, occasion: str) -> bool:
        refused = await self._outbound.copies.post(subject, person, card, occasion, active_within=timedelta(0))
        return refused is None

    async def _report_failure(self, partnership: Partnership) -> None:
        """Tell the sponsor and the admins once what the newest answer says, when it is that it does not work."""
        answer = None if partnership.access_test is None else partnership.access_test.answer
        if answer is None or answer.outcome is not AccessOutcome.FAILS or partnership.is_closed:
            return
        subject, occasion = f"access_failed:{partnership.identity.tenant_id}", str(answer.question)
        told = {copy.audience for copy in await self._outbound.store.copies(subject) if copy.occasion == occasion}
        sponsor = [] if partnership.sponsor_gone_at is not None else [partnership.sponsor.chat_id]
        people = {*sponsor, *await self._recipients.holders(ADMIN)}
        for person in sorted(people - told):
            await self._post(subject, person, failure_card(partnership, answer), occasion)


def _question_of(copy: MessageCopy, test: AccessTest | None) -> int:
    """Return the number of the question that a copy asks.

    A clicked card that Slack posted without answering is known by its place alone: it counts as the newest question.
    """
    if copy.occasion.isdigit():
        return int(copy.occasion)
    return 0 if test is None else test.question

"""Post questions, answers and comments into the thread of the channel's card, and send questions and answers to people.

Each is posted once, and updated when it is answered or the request ends. A repetition sends nothing twice.
"""

from bot.slack.blocks.message import Message
from bot.slack.outbound.recipients import Outbound
from bot.slack.outbound.requests.remark_cards import (
    answer_card,
    closed_question_card,
    is_open,
    question_card,
    thread_message,
)
from workflows.core.conversation.remarks import Remark, RemarkKind, question_of
from workflows.core.people import ChatId, is_chat_user
from workflows.core.requests.request import AccessRequest


class RemarkMessages:
    """Posts what people write about one request. The effects of one request run one after the other."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def show(self, request: AccessRequest) -> None:
        """Post what is missing, and update what is posted. A person whom Slack does not let us write to is logged."""
        if not request.remarks:
            return
        await self._show_in_thread(request)
        await self._show_questions(request)
        await self._send_answers(request)

    async def _show_in_thread(self, request: AccessRequest) -> None:
        """Post each remark under the channel's card. Without a card, the next update of the request posts them."""
        subject, copies = f"remark:{request.id}", self._outbound.copies
        cards = [one for one in await copies.live_copies(f"request:{request.id}") if not one.audience]
        card = next((one for one in cards if not one.occasion and one.channel == copies.channel.id), None)
        if card is None:
            return
        posted = {
            one.occasion: one for one in await self._outbound.store.copies(subject) if one.channel == card.channel
        }
        for remark in request.remarks:
            text = thread_message(request, remark)
            if (copy := posted.get(remark.id)) is None:
                await copies.post(subject, "", text, remark.id, thread=card.message_id)
            elif copy.is_live:
                await copies.update(copy, text, replaces_deleted=False)

    async def _show_questions(self, request: AccessRequest) -> None:
        """Send each question to the people who are asked, and update these messages."""
        subject = f"question:{request.id}"
        copies = {(one.audience, one.occasion): one for one in await self._outbound.store.copies(subject)}
        for question in request.remarks:
            for person in question.asked:
                copy = copies.get((person.chat_id, question.id))
                if not is_open(request, question):
                    if copy is not None and copy.is_live:
                        await self._outbound.copies.close(copy, closed_question_card(request, question))
                elif request.prepared is not None:
                    card = question_card(request, question, self._outbound.clock.now())
                    if copy is None:
                        await self._post(subject, person.chat_id, card, question)
                    elif copy.is_live:
                        await self._outbound.copies.renew(copy, card, replaces_deleted=False)

    async def _send_answers(self, request: AccessRequest) -> None:
        """Send each answer to the author of its question."""
        subject = f"answered:{request.id}"
        sent = {one.occasion for one in await self._outbound.store.copies(subject)}
        for answer in request.remarks:
            question = question_of(request.remarks, answer.answers)
            if answer.kind is RemarkKind.ANSWER and question is not None and answer.id not in sent:
                await self._post(subject, question.person.chat_id, answer_card(request, question, answer), answer)

    async def _post(self, subject: str, audience: ChatId, card: Message, remark: Remark) -> None:
        if is_chat_user(audience):
            await self._outbound.copies.post(subject, audience, card, remark.id)

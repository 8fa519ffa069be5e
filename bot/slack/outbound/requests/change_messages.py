"""Ask the requester, and who sent the request for them, to change it or to accept a proposal, in a message of its own.

An update of their message about the request would notify nobody.
"""

from bot.slack.blocks.message import Message
from bot.slack.cards.approval.sections.asked_changes import open_changes, open_proposal
from bot.slack.outbound.recipients import Outbound
from bot.slack.outbound.requests.change_cards import changes_card, closed_change_card, proposal_card
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.transition import senders_of


class ChangeMessages:
    """Posts one message for each request for changes and each proposal, and closes it when it needs nothing more."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def show(self, request: AccessRequest) -> None:
        """Post what is missing, and close what needs nothing more. A repetition sends nothing twice."""
        if not request.remarks or not senders_of(request):
            return
        changes, proposal = open_changes(request), open_proposal(request)
        await self._show(request, "changes", None if changes is None else (changes.remark, changes_card(request)))
        number = "" if proposal is None else str(proposal.number)
        await self._show(request, "proposal", None if proposal is None else (number, proposal_card(request, proposal)))

    async def _show(self, request: AccessRequest, kind: str, asked: tuple[str, Message] | None) -> None:
        """Show one message.

        :param asked: the number of what is asked now, and the message; None when nothing is asked.
        """
        subject, copies = f"{kind}:{request.id}", self._outbound.copies
        posted = await self._outbound.store.copies(subject)
        for copy in posted:
            is_asked = asked is not None and copy.occasion == asked[0]
            if copy.is_live and asked is not None and is_asked:
                await copies.update(copy, asked[1], replaces_deleted=False)
            elif copy.is_live:
                await copies.close(copy, closed_change_card(request))
        if asked is not None:
            have = {(copy.audience, copy.occasion) for copy in posted}
            for person in senders_of(request):
                if (person, asked[0]) not in have:
                    await copies.post(subject, person, asked[1], asked[0])

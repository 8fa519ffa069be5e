"""The admin's message about guest accounts, who else sees the request, and when the message is shown anew.

The message that asks to confirm again is a new one: Slack notifies nobody of an update.
"""

from collections.abc import Mapping, Sequence

from bot.slack.blocks.message import Message
from bot.slack.cards.approval.approval_card import stage_elements
from bot.slack.cards.approval.closed_card import older_card
from bot.slack.cards.approval.sections.accounts_card import accounts_card
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.recipients import Outbound
from bot.slack.people.approvers import Approvers
from workflows.core.people import Role
from workflows.core.plans.accounts import AccountChange, AccountEnd
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.requests.transitions.guest_accounts import UNDO_WITHIN, progress_of
from workflows.ports.message_copies import MessageCopy
from workflows.ports.store import Store


async def account_message(
    request: AccessRequest, names: Mapping[Role, Approvers], freeze: Freeze | None, outbound: Outbound
) -> Message:
    """Return the message to the admin who asked, with the buttons that are possible now."""
    store, now = outbound.store, outbound.clock.now()
    if request.prepared is None:
        return accounts_card(request, now=now, freeze=freeze)
    record = await store.partnership(request.plan.tenant_id)
    later = await store.account_changes_since(request.plan.tenant_id, request.changed_at) if request.is_terminal else ()
    return accounts_card(
        request,
        now=now,
        is_partner_closed=record is not None and record.is_closed,
        chain=[*stage_elements(request, names)] if request.prepared.stages else [],
        freeze=freeze,
        undo=next((one for one in later if one.fields.undoes == request.id and _is_written(one)), None),
    )


async def show_results_again(request: AccessRequest, outbound: Outbound) -> None:
    """Have the results of disablings updated that cannot be undone any more after this request, or again.

    An undo ends that of its own disabling, and a block ends all of them. Each is shown in its own lane.
    """
    now, store = outbound.clock.now(), outbound.store
    is_new = request.is_terminal and now - request.changed_at <= UNDO_WITHIN
    if not is_new or request.prepared is None or request.fields.account_change is AccountChange.DISABLE:
        return
    undoes = request.fields.undoes
    if request.fields.account_change is AccountChange.ENABLE and undoes is None:
        return
    for one in await store.account_changes_since(request.plan.tenant_id, now - UNDO_WITHIN):
        is_meant = one.id == undoes or (undoes is None and one.fields.account_change is AccountChange.DISABLE)
        if is_meant and one.is_terminal and _is_written(one):
            await store.request_card_update(one.id, after=outbound.card_update_after, may_be_running=True)


def _is_written(request: AccessRequest) -> bool:
    return progress_of(request).count(AccountEnd.DONE) > 0


async def ask_to_confirm_again(
    request: AccessRequest, subject: str, card: Message, *, copies: CardCopies, store: Store
) -> None:
    """Post the preview of a list that was planned again, once, and close the earlier message. May be repeated.

    :param subject: the subject of the copies of the message to the requester.
    """
    if request.state is not RequestState.AWAITING_CONFIRMATION or not request.round:
        return
    occasion, posted = str(request.round), await store.copies(subject)
    told = {copy.audience for copy in posted if copy.occasion == occasion}
    for person in sorted({copy.audience for copy in posted} - told):
        if await copies.post(subject, person, card, occasion) is None:
            told.add(person)
    for copy in posted:
        if copy.is_live and copy.occasion != occasion and copy.audience in told:
            await copies.close(copy, older_card(request))


def is_only_shown_to_requester(request: AccessRequest, posted: Sequence[MessageCopy]) -> bool:
    """Return whether guest accounts are not confirmed yet, or ended before that: nobody else has to know of them.

    :param posted: the copies of the card. After the confirmation, the channel has one. When the list is planned again
        then, the copies are still updated: nobody can approve the earlier list.
    """
    if request.fields.account_change is None or posted:
        return False
    if request.state in (RequestState.PREPARING, RequestState.AWAITING_CONFIRMATION):
        return True
    return request.is_terminal and request.accounts is None

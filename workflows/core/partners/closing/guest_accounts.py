"""Who may disable and enable guest accounts of a partner, who decides, and what may be undone. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ADMIN, CurrentRoles, Person, PersonId
from workflows.core.plans.accounts import AccountChange, AccountEnd, LeftAlone, PlannedAccount
from workflows.core.policy.template import DisablingGuests, Template
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.requests.transitions.guest_accounts import may_still_be_undone, progress_of
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId

_UNCONFIRMED: Final = frozenset({RequestState.PREPARING, RequestState.AWAITING_CONFIRMATION})
"""The states before an admin has confirmed the shown accounts."""


def require_may_change_guests(person: Person, current_roles: CurrentRoles) -> None:
    """Check that a person may disable and enable guest accounts.

    :raises Refused: for everybody but admins.
    """
    if not current_roles.holds(person.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_CHANGE_GUESTS)


def require_may_enable(record: Partnership | None, configuration: JsonObject | None = None) -> None:
    """Check that the partner is not blocked: neither by its record, nor by its settings where they were read.

    :raises Refused: when it is.
    """
    is_suspended = record is not None and record.state is PartnershipState.SUSPENDED
    is_blocked = configuration is not None and not unblocked_settings(configuration)
    if is_blocked or (record is not None and record.is_closed):
        raise Refused(RefusalCode.GUESTS_OF_BLOCKED_PARTNER, is_suspended=is_suspended)


def needs_chain(
    change: AccountChange, record: Partnership | None, template: Template | None, *, is_undo: bool = False
) -> bool:
    """Return whether the partner's approval chain decides after the admin's confirmation.

    :param template: the template of the partner; None when there is none.
    """
    if change is AccountChange.ENABLE:
        return not is_undo
    is_open = record is not None and not record.is_closed
    return is_open and template is not None and template.disabling_guests is DisablingGuests.CHAIN


def gives_way_to_disabling(request: AccessRequest) -> bool:
    """Return whether an open change of accounts stops when an admin asks to disable accounts of the same partner.

    So does what enables accounts, and what nobody has confirmed. Then nobody keeps the others from disabling.
    """
    return request.fields.account_change is AccountChange.ENABLE or request.state in _UNCONFIRMED


def undone_accounts(
    disabling: AccessRequest | None,
    actor: Person,
    now: datetime,
    *,
    tenant_id: TenantId,
    others: Iterable[AccessRequest],
) -> tuple[PlannedAccount, ...]:
    """Return the accounts that one request disabled and that its admin may enable again alone. There is at least one.

    :param tenant_id: the partner whose accounts are to be enabled.
    :param others: the requests that changed, or were to change, accounts of the partner. What one decided about later
        is left out: somebody else decided about it, too.
    :raises Refused: when the request disabled nothing of this partner or has not ended, is another admin's, or is too
        old, when the clock was set back, and when a later request decided about all of it.
    """
    change = None if disabling is None else disabling.fields.account_change
    if disabling is None or change is not AccountChange.DISABLE or not disabling.is_terminal:
        raise Refused(RefusalCode.NOTHING_TO_UNDO)
    if disabling.plan.tenant_id != tenant_id:
        raise Refused(RefusalCode.NOTHING_TO_UNDO)
    plan = disabling.plan.accounts
    done = set(progress_of(disabling).ids_of(AccountEnd.DONE))
    if plan is None or not done:
        raise Refused(RefusalCode.NOTHING_TO_UNDO)
    if not disabling.is_requested_by(None, actor.id):
        raise Refused(RefusalCode.UNDO_OF_OTHERS, name=disabling.require_prepared().requester.name)
    if not may_still_be_undone(disabling, now):
        raise Refused(RefusalCode.UNDO_TOO_LATE)
    # NB. not when it was filed: a request may be prepared and confirmed long after that.
    later = (one for one in others if one.id != disabling.id and one.changed_at >= disabling.changed_at)
    for request in later:
        done -= _decided_about(request, actor, done)
    if not done:
        raise Refused(RefusalCode.UNDO_OVERTAKEN)
    return tuple(one for one in plan.accounts if one.id in done)


def _decided_about(request: AccessRequest, actor: Person, done: set[PersonId]) -> set[PersonId]:
    """Return those of some disabled accounts that a request was to write, or found in the wished state already.

    :param actor: the admin who disabled them.
    """
    if request.prepared is None:
        return set() if request.is_requested_by(None, actor.id) else _found_disabled(request, done)
    plan = request.plan.accounts
    if plan is None or request.state in _UNCONFIRMED or (request.is_terminal and request.accounts is None):
        return set()
    already = {one.id for one in plan.left_alone if one.reason is LeftAlone.ALREADY}
    is_disabling = plan.change is AccountChange.DISABLE
    if is_disabling and plan.left_counts.get(LeftAlone.ALREADY, 0) > len(already):
        return set(done)  # the plan names only the first, so each may be among them
    return {*(one.id for one in plan.accounts), *already}


def _found_disabled(request: AccessRequest, done: set[PersonId]) -> set[PersonId]:
    """Return the accounts of which somebody was told that they are disabled, so that nothing was planned for them.

    Such a request ends without a plan, and names them only where it was asked for them by id.
    """
    is_told = request.fields.account_change is AccountChange.DISABLE and any(
        fact.code == RefusalCode.NO_GUESTS_TO_CHANGE and fact.values["left"].get(LeftAlone.ALREADY.value)
        for fact in request.note
    )
    if not is_told:
        return set()
    return set(request.fields.accounts) or set(done)

"""Who may disable and enable guest accounts of a partner, who decides, and what may be undone. Pure."""

from collections.abc import Iterable
from datetime import datetime

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ADMIN, CurrentRoles, Person, PersonId
from workflows.core.plans.accounts import AccountChange, AccountEnd, LeftAlone, PlannedAccount
from workflows.core.policy.template import DisablingGuests, Template
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.guest_accounts import may_still_be_undone, progress_of
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.canonical import JsonObject


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


def undone_accounts(
    disabling: AccessRequest | None, actor: Person, now: datetime, later: Iterable[AccessRequest] = ()
) -> tuple[PlannedAccount, ...]:
    """Return the accounts that one request disabled and that its admin may enable again alone.

    :param later: the later requests about the partner. An account that one of them was to change as well, or found
        disabled already, is left out: somebody else decided about it, too.
    :raises Refused: when the request disabled nothing or has not ended, is another admin's, or is too old, and when the
        clock was set back.
    """
    change = None if disabling is None else disabling.fields.account_change
    if disabling is None or change is not AccountChange.DISABLE or not disabling.is_terminal:
        raise Refused(RefusalCode.NOTHING_TO_UNDO)
    plan = disabling.plan.accounts
    done = set(progress_of(disabling).ids_of(AccountEnd.DONE))
    if plan is None or not done:
        raise Refused(RefusalCode.NOTHING_TO_UNDO)
    if not disabling.is_requested_by(None, actor.id):
        raise Refused(RefusalCode.UNDO_OF_OTHERS, name=disabling.require_prepared().requester.name)
    if not may_still_be_undone(disabling, now):
        raise Refused(RefusalCode.UNDO_TOO_LATE)
    others = {one for request in later if request.id != disabling.id for one in _concerned(request)}
    return tuple(one for one in plan.accounts if one.id in done - others)


def _concerned(request: AccessRequest) -> Iterable[PersonId]:
    """Return the accounts that a confirmed request was to write, or found in the wished state already."""
    plan = None if request.prepared is None else request.plan.accounts
    if plan is None or request.accounts is None:
        return ()
    already = (one.id for one in plan.left_alone if one.reason is LeftAlone.ALREADY)
    return (*(one.id for one in plan.accounts), *already)

"""Check whether a disabling of guest accounts can be undone alone now: before the reason is asked, and after it."""

from workflows.app.evidence.guests.account_planning import later_changes
from workflows.app.reads.known_freeze import known_freeze
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.guest_accounts import undone_accounts
from workflows.core.people import Person, PersonId
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.store import Store


async def undoable_accounts(
    disabling: AccessRequest | None, actor: Person, tenant_id: TenantId, *, store: Store, clock: Clock
) -> frozenset[PersonId]:
    """Return the accounts that an admin may enable again alone now.

    :raises Refused: when it is not theirs or too old, when others decided later, and during a freeze.
    """
    now, others = clock.now(), await later_changes(disabling, store)
    undone = undone_accounts(disabling, actor, now, tenant_id=tenant_id, others=others)
    freeze = await known_freeze(store)
    if freeze is not None:
        raise Refused(RefusalCode.UNDO_DURING_FREEZE, name=freeze.by, reason=freeze.reason)
    return frozenset(one.id for one in undone)

"""Check before an approval counts, and before the record is stored, that an adoption is still of what was shown."""

from datetime import datetime

from workflows.app.adoption.adopting import read_changes
from workflows.core.errors.facts import Fact
from workflows.core.plans.drift import three_way_difference
from workflows.core.plans.plan import count_written
from workflows.core.posture.adoption.adoptable import approved_until
from workflows.core.posture.adoption.authorship import authorship_of, new_authors
from workflows.core.requests.commands.automatic import Replan
from workflows.core.requests.notes import NoteCode, is_first_plan
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.undocumented_members import changed_undocumented_members
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant


async def adoption_of_other_settings(
    request: AccessRequest, *, tenant: Tenant, store: Store, now: datetime
) -> Replan | None:
    """Read the partner and the audit log again, and return the command that requests new approval.

    :returns: None while the partner has exactly the settings of the plan, and the log names no other author.
    :raises TenantUnavailable, TenantRefused: when the partner cannot be read now.
    """
    plan = request.plan
    observed = await tenant.read_partner(plan.tenant_id)
    if count_written(plan, observed) is None or changed_undocumented_members(plan.before, observed):
        values = {"is_first": is_first_plan(request), "has_written_nothing": True, "is_revocation": False}
        reason = (Fact(NoteCode.CHANGED_BY_OTHERS), Fact(NoteCode.PLANNED_AGAIN, values))
        return Replan(reason=reason, drift=three_way_difference(plan, observed), has_written_nothing=True)
    return await adoption_with_other_authors(request, tenant=tenant, store=store, now=now)


async def adoption_with_other_authors(
    request: AccessRequest, *, tenant: Tenant, store: Store, now: datetime
) -> Replan | None:
    """Read the audit log again; return the command that requests new approval when it names another author.

    So it does when the log named every author when the plan was made, and does not any longer.
    The log is written some minutes late. So whoever made the settings may be named only after the request was shown.
    """
    plan = request.plan
    if plan.adoption is None:
        return None
    changes = await read_changes(plan.tenant_id, now, tenant=tenant)
    record = await store.partnership(plan.tenant_id)
    recorded = None if record is None else await store.request(record.request_id)
    since = approved_until(record, recorded)
    if names := new_authors(changes or (), plan.adoption.authors, since=since):
        reason = Fact(NoteCode.OTHER_AUTHOR, {"names": list(names)})
    elif plan.adoption.is_author_known and not authorship_of(changes, since=since, now=now).is_known:
        reason = Fact(NoteCode.AUTHOR_NOT_KNOWN)  # the new plan asks for one approver more
    else:
        return None
    return Replan(reason=(reason, Fact(NoteCode.ASKED_AGAIN)), has_written_nothing=True)

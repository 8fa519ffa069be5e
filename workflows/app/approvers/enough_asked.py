"""Check that enough people are asked, and find the requests for which no other people are left."""

from workflows.app.approvers.stage_holders import holders_for
from workflows.core.people import ChatId, Person, Role
from workflows.core.policy.relations import RELATIONS
from workflows.core.requests.eligibility import current_eligibility, eligibility
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.taking_part.reassigning import require_enough_asked
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store


async def require_enough_left(
    request: AccessRequest, from_person: Person, to_person: Person, *, by: Person, directory: PeopleDirectory
) -> None:
    """Check that a reassignment does not leave fewer people asked than approvals are missing.

    :param by: who reassigns, and does not decide afterwards.
    :raises Refused: when it does.
    :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when the people cannot be read now.
    """
    people = eligibility(request)
    roles = people.open_stages[0].roles
    holders = frozenset().union(*[await holders_for(role, people.relations, directory) for role in roles])
    taken = await directory.all_ids({*people.chat_ids, by.chat_id})
    require_enough_asked(request, from_person, to_person, able=people.eligible_members(holders, taken))


async def requests_that_need(person: Person, *, store: Store, directory: PeopleDirectory) -> list[AccessRequest]:
    """Return the requests that cannot be approved without a person, the oldest first. Nothing is decided with it.

    A stage for a manager is left out: there the delegate decides. So are members of a batch.

    :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when the people cannot be read now.
    """
    known: dict[Role, frozenset[ChatId]] = {}
    found = []
    for request in sorted(await store.open_requests_alone(), key=lambda one: (one.created_at, one.id)):
        people = current_eligibility(request)
        for stage in () if people is None else people.open_stages:
            if people is None or not stage.missing or stage.role in RELATIONS:
                continue
            for role in stage.roles:
                if role not in known:
                    known[role] = await holders_for(role, people.relations, directory, is_asking=True)
            able = people.eligible_members(frozenset().union(*(known[role] for role in stage.roles)))
            if person.chat_id in able and len(able) - 1 < stage.missing:
                found.append(request)
                break
    return found

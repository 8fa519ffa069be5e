"""Check that enough people are asked, and find the requests for which no other people are left."""

from workflows.app.approvers.stage_holders import holders_for
from workflows.core.batches.batch import Batch
from workflows.core.batches.deciding import current_batch_eligibility
from workflows.core.people import ChatId, Person, Role
from workflows.core.policy.relations import RELATIONS
from workflows.core.requests.eligibility import Eligibility, current_eligibility, eligibility
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


async def waiting_for(person: Person, *, store: Store, directory: PeopleDirectory) -> list[AccessRequest | Batch]:
    """Return the requests and batches that cannot be approved without a person, the oldest first.

    Nothing is decided with it. A stage for a manager is left out: there the delegate decides. So are members of a
    batch, which are decided with the batch.

    :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when the people cannot be read now.
    """
    requests = [(one, current_eligibility(one)) for one in await store.open_requests_alone()]
    batches = [(one, current_batch_eligibility(one)) for one in await store.open_batches()]
    waiting: list[tuple[AccessRequest | Batch, Eligibility | None]] = [*requests, *batches]
    known: dict[Role, frozenset[ChatId]] = {}
    found = []
    for waits, people in sorted(waiting, key=lambda one: (one[0].created_at, one[0].id)):
        if people is not None and await _needs(person, people, known, directory):
            found.append(waits)
    return found


async def _needs(
    person: Person, people: Eligibility, known: dict[Role, frozenset[ChatId]], directory: PeopleDirectory
) -> bool:
    """Return whether too few people are left for a stage without a person.

    :param known: who has each role now; what is read is added.
    """
    for stage in people.open_stages:
        if not stage.missing or stage.role in RELATIONS:
            continue
        for role in stage.roles:
            if role not in known:
                known[role] = await holders_for(role, people.relations, directory, is_asking=True)
        able = people.eligible_members(frozenset().union(*(known[role] for role in stage.roles)))
        if person.chat_id in able and len(able) - 1 < stage.missing:
            return True
    return False

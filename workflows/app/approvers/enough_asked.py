"""Check that enough people are asked, from who holds the open stage now."""

from workflows.app.approvers.stage_holders import holders_for
from workflows.core.people import Person
from workflows.core.requests.eligibility import eligibility
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.reassigning import require_enough_asked
from workflows.ports.people_directory import PeopleDirectory


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

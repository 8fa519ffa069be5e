"""Check the people that a form names, within the time that the form waits.

A check without an answer in time adds no problem; it is made again while the request is prepared.
"""

import asyncio
from typing import Final

from workflows.app.approvers.managers import read_relations_of
from workflows.app.approvers.possible_chain import require_chain
from workflows.app.requests.filing import RequestLimitCheck
from workflows.app.requests.forms import InvalidForm
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.policy.template import Stage
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

TIMEOUT_SECONDS: Final = 1.8
"""Seconds that the form waits for the answer who people are. The chat system allows three for the whole form."""


def lookups_refused(error: TenantRefused) -> Fact:
    """Return the problem that Entra refuses every lookup. The form cannot be sent until an admin repairs that."""
    return Fact(RefusalCode.ALL_LOOKUPS_REFUSED, {"answer": as_values(error.facts)})


async def require_within_limits(
    filing: RequestLimitCheck, requester: ChatId, field: str, *, key: str, account: PersonId | None = None
) -> None:
    """Check that one more request is within the limit.

    :param field: the name of the form's field that shows the refusal.
    :raises InvalidForm: when the requester has sent as many requests as one person may in an hour.
    """
    try:
        await filing.require(requester, key=key, account=account)
    except Refused as refused:
        raise InvalidForm({field: refused.fact}) from refused


async def check_people(
    requester: ChatId, sponsor: ChatId, requester_field: str, problems: dict[str, Fact], *, directory: PeopleDirectory
) -> PersonId | None:
    """Check the requester and the sponsor, and add to `problems` why one of them cannot take part.

    Nothing is added when it is not known in time.

    :param requester_field: the name of the form's field that shows a problem with the requester.
    :returns: the requester's account, when it is known.
    """
    accounts: dict[ChatId, PersonId] = {}
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            for person, field in {sponsor: "sponsor", requester: requester_field}.items():
                try:
                    accounts[person] = (await directory.identify(person)).id
                except Refused as refused:
                    if person == requester:
                        problems[field] = refused.fact  # replaces findings about somebody else
                    else:
                        about = {"refused": refused.fact.as_value()}
                        problems.setdefault(field, Fact(RefusalCode.SPONSOR_REFUSED, about))
    except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
        pass
    return accounts.get(requester)


async def approval_chain_problem(
    stages: tuple[Stage, ...], excluded: tuple[ChatId, ChatId], *, directory: PeopleDirectory
) -> Fact | None:
    """Return why the approval chain cannot be completed; None when it can, or when it is not known in time.

    :param excluded: the requester and the sponsor, who may not decide.
    """
    requester, sponsor = excluded
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            requester_ids = await directory.all_ids({requester})
            others = await directory.all_ids({sponsor}) - requester_ids
            roles = [stage.role for stage in stages]
            relations = await read_relations_of(requester, sponsor, roles, directory=directory)
            await require_chain(directory, stages, requester_ids | others, others, relations=relations)
    except InvalidField as error:
        return error.fact
    except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, Refused, TimeoutError):
        pass  # a person who is refused is named at another field
    return None

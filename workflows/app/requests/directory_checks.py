"""Check a form against the directories, within the time that the form waits. What is not answered in time is not wrong.

It is checked again while preparing.
"""

import asyncio
from typing import Final

from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.proposing import require_chain
from workflows.app.requests.request_limit import Filing
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.policy.template import Stage
from workflows.ports.directory import Directory, DirectoryRefused, DirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

TIMEOUT_SECONDS: Final = 1.8
"""Seconds that the form waits for the directory. The chat system allows a few seconds for the whole answer."""


def lookups_refused(error: TenantRefused) -> Fact:
    """Return that Entra refuses every lookup until an admin repairs that; nothing can be sent before."""
    return Fact(RefusalCode.LOOKUPS_REFUSED, {"answer": as_values(error.facts)})


async def require_within_limits(
    filing: Filing, requester: ChatId, place: str, *, key: str, account: PersonId | None = None
) -> None:
    """Check that one more request is within the limit.

    :param place: the field that shows the refusal.
    :raises InvalidForm: when the requester has sent as many requests as one person may in an hour.
    """
    try:
        await filing.require(requester, key=key, account=account)
    except Refused as refused:
        raise InvalidForm({place: refused.fact}) from refused


async def check_people(
    requester: ChatId, sponsor: ChatId, place: str, problems: dict[str, Fact], *, directory: Directory
) -> PersonId | None:
    """Add to `problems` who cannot take part; nothing when that is not known in time.

    :param place: the field that shows a problem with the requester.
    :returns: the requester's account, when it is known.
    """
    found: dict[ChatId, PersonId] = {}
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            for person, field in {sponsor: "sponsor", requester: place}.items():
                try:
                    found[person] = (await directory.identify(person)).id
                except Refused as refused:
                    if person == requester:
                        problems[field] = refused.fact  # replaces findings about somebody else
                    else:
                        about = {"refused": refused.fact.as_value()}
                        problems.setdefault(field, Fact(RefusalCode.SPONSOR_REFUSED, about))
    except (TenantUnavailable, TenantRefused, DirectoryUnavailable, TimeoutError):
        pass
    return found.get(requester)


async def chain_problem(stages: tuple[Stage, ...], excluded: set[ChatId], *, directory: Directory) -> Fact | None:
    """Return why nobody could complete the chain; None when somebody can, or when it is not known in time."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await require_chain(directory, stages, await directory.all_ids(excluded))
    except InvalidField as error:
        return error.fact
    except (TenantUnavailable, TenantRefused, DirectoryUnavailable, DirectoryRefused, TimeoutError):
        pass
    return None

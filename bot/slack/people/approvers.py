"""The people who can still decide on a request, for a card. Only people whose names are shown are looked up."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.slack.people.display_directory import DisplayDirectory
from workflows.app.reads.waiting_requests import ids_of
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Role
from workflows.core.policy.template import Stage
from workflows.core.requests.eligibility import (
    Eligibility,
    IneligibleReason,
    OpenStage,
    current_eligibility,
    eligibility,
)
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

MAX_NAMED_APPROVERS: Final = 12
"""More names than this do not help a reader; the others are counted."""
_TIMEOUT_SECONDS: Final = 1.5
"""Seconds that an open form waits for the names of one stage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvers:
    """The people who can decide on one stage; empty when nobody can, or when it is not known."""

    names: tuple[str, ...] = ()
    """All names are different: people with the same name also show their mail address or Slack id."""
    other_count: int = 0
    """How many more there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageApprovers:
    """One stage that would decide, with the people who could."""

    stage: Stage
    approvers: Approvers | None = None
    """None when that is not known now."""


NO_APPROVERS_KNOWN: Final[Mapping[Role, Approvers]] = MappingProxyType({})


async def able_to_decide(
    eligibility: Eligibility, holders: frozenset[ChatId], directory: DisplayDirectory
) -> frozenset[ChatId]:
    """Return the members who may still decide.

    Excluded people, and people who have decided, are removed under every Slack id. When Slack does not return all ids
    of a person now, the known ids are removed. A click is checked again.
    """
    taken = eligibility.chat_ids
    with suppress(PeopleDirectoryUnavailable):
        taken |= await directory.all_ids(taken)
    return eligibility.eligible_members(holders, taken)


async def holders_of_stage(stage: OpenStage, directory: PeopleDirectory) -> frozenset[ChatId]:
    """List the members of every role that decides in a stage now."""
    return frozenset().union(*[await directory.holders(role) for role in stage.roles])


async def may_decide(request: AccessRequest, reader: ChatId, directory: DisplayDirectory) -> bool | None:
    """Return whether a person may decide on a request now, for a window; None when the roles cannot be read now.

    What follows from the request alone is always known: the requester and the sponsor may not. Who has approved can
    still reject. When the stored approvals are enough but the request waits, some of them do not count any more, and
    only a click can tell who may decide.
    """
    if request.state is not RequestState.AWAITING_APPROVAL:
        return False
    return await may_decide_now(current_eligibility(request), reader, directory)


async def may_decide_now(
    eligibility_now: Eligibility | None, reader: ChatId, directory: DisplayDirectory
) -> bool | None:
    """Return whether a person may decide on what waits for approvals, see `may_decide`.

    :param eligibility_now: None when the stored approvals are enough, but it waits.
    """
    if eligibility_now is None:
        return None
    known = await directory.known_person(reader)
    reasons = {
        eligibility_now.ineligible_reason(reader),
        None if known is None else eligibility_now.ineligible_reason(reader, known.id),
    }
    if reasons - {None, IneligibleReason.COUNTED}:
        return False
    if IneligibleReason.COUNTED in reasons:
        return None
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            members = await holders_of_stage(eligibility_now.open_stages[0], directory)
            free = await able_to_decide(eligibility_now, members, directory)
    except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused, Refused, TimeoutError):
        return None
    return bool(ids_of(reader, known) & free)


async def name_approvers(
    request: AccessRequest, holders: Mapping[Role, frozenset[ChatId]], directory: DisplayDirectory
) -> dict[Role, Approvers]:
    """Return the people who can still decide, by role."""
    return await name_able(eligibility(request), holders, directory) if holders else {}


async def name_able(
    possible: Eligibility, holders: Mapping[Role, frozenset[ChatId]], directory: DisplayDirectory
) -> dict[Role, Approvers]:
    """Return the people who can still decide, by role."""
    return {role: await _name_approvers(possible, all_holders, directory) for role, all_holders in holders.items()}


async def _name_approvers(possible: Eligibility, holders: frozenset[ChatId], directory: DisplayDirectory) -> Approvers:
    try:
        return await _people(await able_to_decide(possible, holders, directory), directory)
    except PeopleDirectoryUnavailable:
        return Approvers()  # the stage's title is shown instead


async def name_open_stages(request: AccessRequest, directory: DisplayDirectory) -> Mapping[Role, Approvers]:
    """Return the people who can still decide, by role, for a window; empty when that takes too long."""
    return await name_open_stages_of(current_eligibility(request), directory)


async def name_open_stages_of(
    eligibility_now: Eligibility | None, directory: DisplayDirectory
) -> Mapping[Role, Approvers]:
    """Return the people who can still decide, see `name_open_stages`; empty when nobody is asked."""
    if eligibility_now is None:
        return NO_APPROVERS_KNOWN
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            roles = [role for stage in eligibility_now.open_stages for role in stage.roles]
            holders = {role: await directory.holders(role) for role in roles}
            return await name_able(eligibility_now, holders, directory)
    except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused, Refused, TimeoutError):
        return NO_APPROVERS_KNOWN


async def deciders_by_stage(
    request: AccessRequest, directory: DisplayDirectory
) -> tuple[tuple[OpenStage, tuple[ChatId, ...]], ...]:
    """Return everybody who can still decide, for each open stage in order. Two stages may have the same title.

    :raises PeopleDirectoryUnavailable: when the people cannot be read now.
    """
    current = current_eligibility(request)
    stages = () if current is None else current.open_stages
    possible = eligibility(request)
    return tuple(
        [
            (stage, tuple(sorted(await able_to_decide(possible, await holders_of_stage(stage, directory), directory))))
            for stage in stages
        ]
    )


async def everybody_by_stage(
    stages: Sequence[tuple[str, Role]], excluded: Collection[ChatId], directory: DisplayDirectory
) -> list[tuple[str, list[ChatId]]]:
    """Return everybody who would be asked by these stages, with the title of each.

    :param stages: the title and the role of each.
    :param excluded: the requester and the sponsor, who cannot approve.
    :raises PeopleDirectoryUnavailable: when the people cannot be read now.
    """
    taken = await directory.all_ids(excluded)
    return [(title, sorted(await directory.holders(role) - taken)) for title, role in stages]


async def name_stages(
    stages: Sequence[Stage], excluded: Collection[ChatId], directory: DisplayDirectory
) -> tuple[StageApprovers, ...]:
    """Return who would be asked by these stages, before a request is sent.

    :param excluded: the requester and the sponsor, who cannot approve.
    """
    return tuple(await asyncio.gather(*(_stage_approvers(stage, excluded, directory) for stage in stages)))


async def _stage_approvers(stage: Stage, excluded: Collection[ChatId], directory: DisplayDirectory) -> StageApprovers:
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            holders = await directory.holders(stage.role)
            free = holders - await directory.all_ids(excluded)
            return StageApprovers(stage=stage, approvers=await _people(free, directory))
    except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused, Refused, TimeoutError):
        return StageApprovers(stage=stage)


async def _people(chat_ids: frozenset[ChatId], directory: DisplayDirectory) -> Approvers:
    people = sorted(chat_ids)
    names = {person: name for person in people[:MAX_NAMED_APPROVERS] if (name := await _name(person, directory))}
    counted = Counter(names.values())
    told_apart = [
        f"{name} ({await _distinguishing_text(person, directory)})" if counted[name] > 1 else name
        for person, name in names.items()
    ]
    return Approvers(names=tuple(told_apart), other_count=len(people) - len(names))


async def _name(person: ChatId, directory: DisplayDirectory) -> str:
    """Return a person's name; empty when Slack does not know the person, so that the others are still shown."""
    try:
        return await directory.name_of(person)
    except Refused:
        return ""


async def _distinguishing_text(person: ChatId, directory: DisplayDirectory) -> str:
    """Return the text that distinguishes people of the same name."""
    return await directory.mail_of(person) or person

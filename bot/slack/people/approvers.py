"""The people who can still decide on a request, for a card. Only people whose names are shown are looked up.

It is long because who may decide, who is asked and who is named rest on the same look-ups.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.slack.people.display_directory import DisplayDirectory
from bot.words.sentences import and_list
from workflows.app.approvers.managers import read_relations_of
from workflows.app.approvers.stage_holders import holders_by_key, holders_for
from workflows.app.reads.waiting_requests import ids_of
from workflows.core.errors.raised import Refused
from workflows.core.people import ADMIN, ChatId, Role
from workflows.core.policy.delegation.asking import Asked, who_is_asked
from workflows.core.policy.relations import NO_RELATIONS, RELATIONS, RelationHolder, Relations, waiting_key
from workflows.core.policy.template import Stage
from workflows.core.requests.deciding import is_approved_and_unwritten
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
    relation: RelationHolder | None = None
    """Who has the stage's role by relation, or why nobody has it; None for every other role."""

    @property
    def key(self) -> Role:
        """Return the role whose members decide; for a relation role with the person who has it, see `waiting_key`."""
        return waiting_key(self.stage.role, Relations(holders=() if self.relation is None else (self.relation,)))


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


async def asked_to_decide(
    eligibility: Eligibility, stage: OpenStage, holders: frozenset[ChatId], directory: DisplayDirectory
) -> Asked:
    """Return who is asked for a stage: the members who may decide, without those in whose place somebody is asked."""
    able = await able_to_decide(eligibility, holders, directory)
    is_open = eligibility.open_stages[:1] == (stage,)
    stand_ins = (*await directory.stand_ins(), *(eligibility.stand_ins if is_open else ()))
    return who_is_asked(able, stand_ins, missing=stage.missing)


async def holders_of_stage(stage: OpenStage, relations: Relations, directory: PeopleDirectory) -> frozenset[ChatId]:
    """List everybody who holds a stage now: the members of its role, and of its alternates once they were asked."""
    return frozenset().union(*[await holders_for(role, relations, directory) for role in stage.roles])


async def may_decide(request: AccessRequest, reader: ChatId, directory: DisplayDirectory) -> bool | None:
    """Return whether a person may decide on a request now, for a window; None when the roles cannot be read now.

    What follows from the request alone is always known: the requester and the sponsor may not. Who has approved can
    still reject, also while the approved request waits for its start or its write. Until a write is stored, everybody
    may who could decide. When the stored approvals are enough but the request waits for approvals, some of them do not
    count any more, and only a click can tell who may decide.
    """
    if is_approved_and_unwritten(request):
        return await _may_reject_approved(request, reader, directory)
    if request.state is not RequestState.AWAITING_APPROVAL:
        return False
    return await may_decide_now(current_eligibility(request), reader, directory)


async def _may_reject_approved(request: AccessRequest, reader: ChatId, directory: DisplayDirectory) -> bool | None:
    """Return whether a person may reject an approved request; None when the roles cannot be read now."""
    known = await directory.known_person(reader)
    counted = [person for people in request.verdict().counted_people for person in people]
    if any(person.chat_id == reader or (known is not None and person.id == known.id) for person in counted):
        return True
    people = eligibility(request)
    names = ids_of(reader, known)
    reasons = {people.ineligible_reason(reader), None if known is None else people.ineligible_reason(reader, known.id)}
    if request.state is RequestState.SCHEDULED or reasons != {None}:
        return False
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            for role in people.all_roles:
                if names & await holders_for(role, people.relations, directory):
                    return True
    except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused, Refused, TimeoutError):
        return None
    return False


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
            stage, relations = eligibility_now.open_stages[0], eligibility_now.relations
            free = await able_to_decide(eligibility_now, await holders_of_stage(stage, relations, directory), directory)
    except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused, Refused, TimeoutError):
        return None
    return bool(ids_of(reader, known) & free)


async def is_known_admin(reader: ChatId, directory: DisplayDirectory) -> bool:
    """Return whether a person is an admin, for a window; False while that cannot be read in time."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return reader in await directory.holders(ADMIN)
    except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused, Refused, TimeoutError):
        return False


async def name_approvers(
    request: AccessRequest, holders: Mapping[Role, frozenset[ChatId]], directory: DisplayDirectory
) -> dict[Role, Approvers]:
    """Return the people who can still decide, by role."""
    return await name_able(eligibility(request), holders, directory) if holders else {}


async def name_able(
    possible: Eligibility, holders: Mapping[Role, frozenset[ChatId]], directory: DisplayDirectory
) -> dict[Role, Approvers]:
    """Return the people who can still decide, by role."""
    stages = {role: stage for stage in reversed(possible.open_stages) for role in stage.roles}
    return {
        role: await _name_approvers(possible, stages[role], all_holders, directory)
        for role, all_holders in holders.items()
        if role in stages
    }


async def _name_approvers(
    possible: Eligibility, stage: OpenStage, holders: frozenset[ChatId], directory: DisplayDirectory
) -> Approvers:
    try:
        asked = await asked_to_decide(possible, stage, holders, directory)
        return await _people(asked.people, directory, asked)
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
            relations = eligibility_now.relations
            holders = {role: await holders_for(role, relations, directory) for role in roles}
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
            (stage, tuple(sorted(await able_to_decide(possible, holders, directory))))
            for stage in stages
            for holders in [await holders_of_stage(stage, possible.relations, directory)]
        ]
    )


async def everybody_by_stage(
    stages: Sequence[tuple[str, Role]], excluded: Collection[ChatId], directory: DisplayDirectory
) -> list[tuple[str, list[ChatId]]]:
    """Return everybody who would be asked by these stages, with the title of each.

    :param stages: the title of each, and whose approval it waits for, see `waiting_key`.
    :param excluded: the requester and the sponsor, who cannot approve.
    :raises PeopleDirectoryUnavailable: when the people cannot be read now.
    """
    taken = await directory.all_ids(excluded)
    return [(title, sorted(await holders_by_key(key, directory) - taken)) for title, key in stages]


async def name_stages(
    stages: Sequence[Stage],
    excluded: Collection[ChatId],
    directory: DisplayDirectory,
    *,
    requester: ChatId,
    sponsor: ChatId,
) -> tuple[StageApprovers, ...]:
    """Return who would be asked by these stages, before a request is sent.

    :param excluded: the requester and the sponsor, who cannot approve.
    :param requester: who would be the requester, whose manager may be asked.
    :param sponsor: who would be the sponsor, whose manager may be asked.
    """
    relations, roles = None, [stage.role for stage in stages]
    with suppress(PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused, Refused, TimeoutError):
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            relations = await read_relations_of(requester, sponsor, roles, directory=directory)
    return tuple(await asyncio.gather(*(_stage_approvers(stage, excluded, relations, directory) for stage in stages)))


async def _stage_approvers(
    stage: Stage, excluded: Collection[ChatId], relations: Relations | None, directory: DisplayDirectory
) -> StageApprovers:
    if relations is None:
        if stage.role in RELATIONS:
            return StageApprovers(stage=stage)
        relations = NO_RELATIONS
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            able = await holders_for(stage.role, relations, directory) - await directory.all_ids(excluded)
            asked = who_is_asked(able, await directory.stand_ins(), missing=stage.quorum)
            approvers = await _people(asked.people, directory, asked)
            return StageApprovers(stage=stage, approvers=approvers, relation=relations.holder_of(stage.role))
    except (PeopleDirectoryUnavailable, TenantUnavailable, TenantRefused, Refused, TimeoutError):
        return StageApprovers(stage=stage)


async def _people(chat_ids: frozenset[ChatId], directory: DisplayDirectory, asked: Asked | None = None) -> Approvers:
    people = sorted(chat_ids)
    names = {person: name for person in people[:MAX_NAMED_APPROVERS] if (name := await _name(person, directory))}
    counted = Counter(names.values())
    told_apart = [
        f"{name} ({await _distinguishing_text(person, directory)})" if counted[name] > 1 else name
        for person, name in names.items()
    ]
    if asked is not None:
        told_apart = [_with_absent(name, person, asked) for person, name in zip(names, told_apart, strict=True)]
    return Approvers(names=tuple(told_apart), other_count=len(people) - len(names))


def _with_absent(name: str, person: ChatId, asked: Asked) -> str:
    """Return a name with the absent people in whose place the person is asked."""
    absent = asked.stand_in_for.get(person, ())
    if absent:
        return f"{name} for {and_list(absent)}"
    return f"{name} (away)" if person in asked.away else name


async def _name(person: ChatId, directory: DisplayDirectory) -> str:
    """Return a person's name; empty when Slack does not know the person, so that the others are still shown."""
    try:
        return await directory.name_of(person)
    except Refused:
        return ""


async def _distinguishing_text(person: ChatId, directory: DisplayDirectory) -> str:
    """Return the text that distinguishes people of the same name."""
    return await directory.mail_of(person) or person

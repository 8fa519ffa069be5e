"""Check that enough people can complete an approval chain, each of them in one stage only."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from workflows.app.approvers.role_refusals import check_with_new_groups
from workflows.app.approvers.stage_holders import holders_for
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.policy.relations import NO_RELATIONS, RELATIONS, Relations
from workflows.core.policy.template import Stage
from workflows.ports.people_directory import PeopleDirectory

Free = tuple[int, frozenset[ChatId]]
"""How many approvals a stage needs, and who may give them."""


async def require_chain(
    directory: PeopleDirectory,
    stages: tuple[Stage, ...],
    excluded: Iterable[ChatId],
    sponsor: Collection[ChatId] = (),
    *,
    relations: Relations | None,
) -> None:
    """Check that every stage has enough people who may decide. Before it refuses, people and groups are read again.

    :param excluded: the chat ids of the people who may not decide.
    :param sponsor: of these, the chat ids of a sponsor who is not the requester.
    :param relations: who has the relation roles of the request; None when that is not known yet: these stages are
        then left out, and checked when the request is prepared.
    :raises InvalidField: when a stage has too few people; the error names the stage.
    """
    taken, own = frozenset(excluded), frozenset(sponsor)
    if relations is None:
        relations, stages = NO_RELATIONS, tuple(stage for stage in stages if stage.role not in RELATIONS)
    for stage in stages:
        _require_related(stage, relations, taken)
    await check_with_new_groups(lambda: _require_chain(directory, stages, taken, own, relations), directory)


def _require_related(stage: Stage, relations: Relations, excluded: frozenset[ChatId]) -> None:
    """Check that the person who has the relation role of a stage may decide.

    :raises InvalidField: when nobody has it, or that person may not decide; the error names them.
    """
    if stage.role not in RELATIONS or relations.chat_ids(stage.role) - excluded:
        return
    holder = relations.holder_of(stage.role)
    values = {"whose": "", "problem": None, "manager": ""} if holder is None else holder.as_values()
    raise InvalidField("template", RefusalCode.MANAGER_CANNOT_DECIDE, stage=stage.title, role=stage.role, **values)


async def _require_chain(
    directory: PeopleDirectory,
    stages: tuple[Stage, ...],
    excluded: frozenset[ChatId],
    sponsor: frozenset[ChatId],
    relations: Relations,
) -> None:
    places = []
    for stage in stages:
        free = await holders_for(stage.role, relations, directory, is_asking=True) - excluded
        if len(free) < stage.quorum:
            free = await holders_for(stage.role, relations, directory) - excluded  # somebody may have come back since
        places.append((stage.quorum, free))
    if (lacking := people_left(places)) is None:
        return
    index, left = lacking
    stage = stages[index]
    could_decide = sponsor & await holders_for(stage.role, relations, directory)
    raise InvalidField(
        "template",
        RefusalCode.STAGE_WITHOUT_PEOPLE,
        stage=stage.title,
        role=stage.role,
        needed=stage.quorum,
        left=left,
        is_for_lack_of_the_sponsor=bool(could_decide) and left + 1 >= stage.quorum,
    )


def people_left(stages: Sequence[Free]) -> tuple[int, int] | None:
    """Return the first stage that cannot be completed, and how many people are left for it; None when all can be.

    Each person is counted in one stage. People are moved to other stages where that helps.
    """
    needed = sum(count for count, _ in stages)
    placed: dict[ChatId, int] = {}
    for index, (count, free) in enumerate(stages):
        if len(free) >= needed:
            continue  # somebody is always left for it, whoever decides in the other stages
        for found in range(count):
            if not _place(index, stages, placed, set()):
                return index, found
    return None


def _place(index: int, stages: Sequence[Free], placed: dict[ChatId, int], seen: set[ChatId]) -> bool:
    """Place one more person in a stage, and move others to make room; False when nobody is left."""
    _, free = stages[index]
    for person in sorted(free):
        if person in seen:
            continue
        seen.add(person)
        if person not in placed or _place(placed[person], stages, placed, seen):
            placed[person] = index
            return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleChain:
    """The first of several chains that enough people can complete; the first of all, with its problem, if none is."""

    stages: tuple[Stage, ...]
    problem: Fact | None


async def first_possible_chain(
    directory: PeopleDirectory,
    chains: tuple[tuple[Stage, ...], ...],
    excluded: frozenset[ChatId],
    row_sponsors: frozenset[ChatId] = frozenset(),
) -> PossibleChain:
    """Return the first chain that enough people can complete.

    :param excluded: chat ids of people who may not decide.
    :param row_sponsors: of these, who may not decide only because a row of a sheet names them as its sponsor.
    """
    taken, problem = await directory.all_ids(excluded), None
    for chain in chains:
        try:
            await require_chain(directory, chain, taken, relations=NO_RELATIONS)
        except InvalidField as error:
            others = await directory.all_ids(excluded - row_sponsors) if row_sponsors else taken
            problem = problem or await _with_cause(error.fact, directory, chain, others)
        else:
            return PossibleChain(stages=chain, problem=None)
    return PossibleChain(stages=chains[0], problem=problem)


async def _with_cause(
    problem: Fact, directory: PeopleDirectory, chain: tuple[Stage, ...], others: frozenset[ChatId]
) -> Fact:
    """Return why too few people can decide; where they could without sponsors of rows, with that cause.

    :param others: who may not decide for another reason than being the sponsor of a row.
    """
    if problem.code != RefusalCode.STAGE_WITHOUT_PEOPLE:
        return problem
    try:
        await require_chain(directory, chain, others, relations=NO_RELATIONS)
    except InvalidField:
        return problem
    return Fact(problem.code, {**problem.values, "is_for_lack_of_row_sponsors": True})

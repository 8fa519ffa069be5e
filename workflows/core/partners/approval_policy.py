"""Which chain decides: the template's, and never less than the one under which the partner stands."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import Role
from workflows.core.plans.closing import only_narrows
from workflows.core.plans.plan import Plan
from workflows.core.policy.risk import RiskLevel, chain_is_enough
from workflows.core.policy.template import Stage, Template

Chain = tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy:
    """What a chain is measured by beside the template that was asked for."""

    standing: Chain = ()
    """The chain under which a live partner stands; empty where there is none."""
    strongest: Chain = ()
    """The strongest chain of all templates."""
    roles: frozenset[Role] = frozenset()
    """The roles that exist."""


def chain_for(plan: Plan, chain: Chain, policy: ApprovalPolicy, level: RiskLevel) -> Chain:
    """Return the stages that decide on a plan.

    What provably only narrows or closes needs one approver of the first stage. Everything else needs the template's
    chain; over a live partner also the chain under which it stands; over settings that there are already, by whomever,
    also enough people for the risk of all that stands after. Where a role of the standing chain is gone, or the people
    are too few, the strongest chain there is joins it.

    :param chain: the template's.
    :param level: the risk of all that stands after the plan.
    """
    if only_narrows(plan):
        return (replace(chain[0], quorum=1),)
    if plan.before is None and not policy.standing:
        return chain
    is_whole = {stage.role for stage in policy.standing} <= policy.roles
    merged = stricter(policy.standing if is_whole else policy.strongest, chain)
    return stricter(policy.strongest, merged) if chain_is_enough(merged, level) else merged


def stricter(one: Chain, other: Chain) -> Chain:
    """Merge two chains into one that is at least as strict as each: every role, with the larger number of people.

    The one with more stages, then more people, gives the order; roles that only the other has come after it.
    """
    base, more = (one, other) if _strength(one) >= _strength(other) else (other, one)
    merged = list(base)
    wanted, have = _people(more), _people(base)
    for role, people in wanted.items():
        lacking = people - have[role]
        if lacking <= 0:
            continue
        places = [index for index, stage in enumerate(merged) if stage.role == role]
        if places:
            last = places[-1]
            merged[last] = replace(merged[last], quorum=merged[last].quorum + lacking)
        else:
            merged += [stage for stage in more if stage.role == role]
    return tuple(merged)


def is_as_strict(chain: Chain, other: Chain) -> bool:
    """Return whether a chain asks for at least the people of each role, in at least the stages, that another does."""
    have = _people(chain)
    return len(chain) >= len(other) and all(have[role] >= people for role, people in _people(other).items())


def strongest_chain(templates: Iterable[Template]) -> Chain:
    """Return the strongest chain of all templates: the most people, then the most stages."""
    return max(templates, key=lambda one: (_total(one.stages), len(one.stages), one.name)).stages


def is_live(partnership: Partnership | None) -> bool:
    """Return whether a partner stands under an approval policy: only a confirmed block ends it."""
    return partnership is not None and partnership.state is not PartnershipState.REVOKED


def widest(chains: Iterable[Chain]) -> Chain:
    """Merge any number of chains into one that is at least as strict as each; empty for none."""
    merged: Chain = ()
    for chain in chains:
        merged = stricter(merged, chain)
    return merged


def _people(chain: Sequence[Stage]) -> Counter[Role]:
    counted: Counter[Role] = Counter()
    for stage in chain:
        counted[stage.role] += stage.quorum
    return counted


def _total(chain: Collection[Stage]) -> int:
    return sum(stage.quorum for stage in chain)


def _strength(chain: Chain) -> tuple[int, int]:
    return len(chain), _total(chain)

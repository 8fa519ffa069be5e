"""Choose the approval chain that a new plan gets: the template's, but never weaker than the partner's current chain.

The decisions on a plan are counted in `policy.approval`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import Role
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import Plan
from workflows.core.policy.approval import ChainRule
from workflows.core.policy.risk import RiskLevel, weakness_of
from workflows.core.policy.template import Stage, Template, one_approver

ApprovalChain = tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPolicy:
    """The approval chains that a new chain is compared with."""

    current: ApprovalChain = ()
    """The approval chain under which a live partner was approved; empty when there is none."""
    strongest: ApprovalChain = ()
    """The strongest approval chain among all templates."""
    roles: frozenset[Role] = frozenset()
    """The roles in roles.toml that can decide, and the relation roles, which are always there."""


def approval_chain_for(plan: Plan, chain: ApprovalChain, policy: ApprovalPolicy, level: RiskLevel) -> ApprovalChain:
    """Return the stages that decide on a plan.

    A plan that certainly only reduces access needs one approver of the first stage. Every other plan needs the
    template's approval chain, and for a live partner also the partner's current chain. For a partner with settings,
    the chain must have enough people for the risk of all settings after the plan. The strongest chain is added to a
    chain with too few people. It is also added when a role of the current chain no longer exists.

    :param chain: the chain of the requested template.
    :param level: the risk of all settings after the plan.
    """
    if only_reduces_access(plan):
        return one_approver(chain)
    if plan.before is None and not policy.current:
        return chain
    all_roles_exist = {stage.role for stage in policy.current} <= policy.roles
    merged = stricter(policy.current if all_roles_exist else policy.strongest, chain)
    return stricter(policy.strongest, merged) if weakness_of(merged, level) is not None else merged


def chain_rule(plan: Plan, stages: ApprovalChain, template: ApprovalChain) -> ChainRule:
    """Return which rule asks for the stages that decide on a plan.

    :param stages: the stages that decide, see `approval_chain_for`.
    :param template: the chain of the requested template.
    """
    if only_reduces_access(plan):
        return ChainRule.ONE_APPROVER
    return ChainRule.TEMPLATE if stages == template else ChainRule.STRICTER


def stricter(one: ApprovalChain, other: ApprovalChain) -> ApprovalChain:
    """Merge two chains into one that is at least as strict as each of them.

    The result has every role, each with the larger number of people. The order is that of the chain with more stages,
    or with more people when both have equally many. Roles that only the other chain has come last. Alternates may
    approve only where both chains name them for a role. Of two waits before an escalation, the shorter one counts.
    """
    stronger, weaker = (one, other) if _strength(one) >= _strength(other) else (other, one)
    merged = list(stronger)
    required_people, available_people = _people(weaker), _people(stronger)
    for role, people in required_people.items():
        lacking = people - available_people[role]
        if lacking <= 0:
            continue
        positions = [index for index, stage in enumerate(merged) if stage.role == role]
        if positions:
            last = positions[-1]
            merged[last] = replace(merged[last], quorum=merged[last].quorum + lacking)
        else:
            merged += [stage for stage in weaker if stage.role == role]
    return tuple(_with_common_escalation(stage, (*one, *other)) for stage in merged)


def _with_common_escalation(stage: Stage, stages: Sequence[Stage]) -> Stage:
    """Return a stage with the alternates that all stages of its role name, and the shortest of their waits."""
    same_role = [each for each in stages if each.role == stage.role]
    alternates = {each.alternates for each in same_role}
    waits = [each.escalate_after for each in same_role if each.escalate_after is not None]
    return replace(
        stage,
        alternates=alternates.pop() if len(alternates) == 1 else None,
        escalate_after=min(waits, default=None),
    )


def is_as_strict(chain: ApprovalChain, other: ApprovalChain) -> bool:
    """Return whether an approval chain requires at least as many stages, and people of each role, as another chain.

    It lets nobody approve as an alternate whom the other chain does not let.
    """
    have, alternates = _people(chain), {(stage.role, stage.alternates) for stage in other}
    has_no_others = all(stage.alternates is None or (stage.role, stage.alternates) in alternates for stage in chain)
    has_people = all(have[role] >= people for role, people in _people(other).items())
    return len(chain) >= len(other) and has_no_others and has_people


def strongest_chain(templates: Iterable[Template]) -> ApprovalChain:
    """Return the approval chain with the most people, and then the most stages, among all templates; empty for none."""
    return strongest_template(templates).stages


def strongest_template(templates: Iterable[Template]) -> Template:
    """Return the template with the strongest approval chain; see `strongest_chain`."""
    return max(templates, key=lambda one: (_total(one.stages), len(one.stages), one.name))


def is_live(partnership: Partnership | None) -> bool:
    """Return whether a partner is recorded and not revoked, so that its approval policy counts. It may be suspended."""
    return partnership is not None and partnership.state is not PartnershipState.REVOKED


def merged_chain(chains: Iterable[ApprovalChain]) -> ApprovalChain:
    """Merge approval chains into one that is at least as strict as each of them; empty for none."""
    merged: ApprovalChain = ()
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


def _strength(chain: ApprovalChain) -> tuple[int, int]:
    return len(chain), _total(chain)

"""Read a fact's values as verdicts: the effect of one policy on one kind of visitor."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from workflows.core.checks.conditional_access.controls import (
    PolicyEffect,
    PolicyReason,
    ReasonCode,
    Remedy,
    VisitorType,
)
from workflows.core.checks.conditional_access.policy import ControlKind
from workflows.core.checks.conditional_access.scope import ConditionType
from workflows.core.checks.conditional_access.verdicts import Source
from workflows.core.errors.facts import Values


class StatedCondition(NamedTuple):
    """A condition with some of its values, and how many values there are."""

    kind: ConditionType
    values: tuple[str, ...]
    total: int


class StatedVerdict(NamedTuple):
    """The effect of one policy on one kind of visitor."""

    policy_id: str
    policy: str
    """Its name. Text from the tenant."""
    is_enforced: bool
    visitor: VisitorType
    effect: PolicyEffect
    effect_where_applied: PolicyEffect
    reasons: tuple[PolicyReason, ...]
    conditions: tuple[StatedCondition, ...]
    remedies: tuple[Remedy, ...]
    source: Source


def stated_verdicts(values: Values) -> Sequence[StatedVerdict]:
    """Return the verdicts of a fact, one for each kind of visitor."""
    return [verdict for group in values["verdicts"] for verdict in _verdicts_of_group(group)]


def _verdicts_of_group(group: Mapping[str, Any]) -> Iterator[StatedVerdict]:
    for visitor in group["visitors"]:
        yield StatedVerdict(
            policy_id=group["policy_id"],
            policy=group["policy"],
            is_enforced=group["is_enforced"],
            visitor=VisitorType(visitor),
            effect=PolicyEffect(group["meaning"]),
            effect_where_applied=PolicyEffect(group["where_it_applies"]),
            reasons=tuple(map(_reason, group["reasons"])),
            conditions=tuple(
                StatedCondition(ConditionType(condition["when"]), tuple(condition["values"]), condition["count"])
                for condition in group["conditions"]
            ),
            remedies=tuple(map(Remedy, group["remedies"])),
            source=Source(group["source"]),
        )


def _reason(values: Mapping[str, Any]) -> PolicyReason:
    kind = None if values["control"] is None else ControlKind(values["control"])
    return PolicyReason(code=ReasonCode(values["because"]), kind=kind, name=values["name"] or "")

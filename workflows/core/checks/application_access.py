"""Find whether a user can use an application of the other tenant, and which rule decides.

Only other checks use the result; it is not shown to people.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.settings.certainty import Doubt
from workflows.core.settings.effective import EffectiveSettings, EffectiveTargets, Origin
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    OFFICE_365,
    AccessType,
    Property,
    TargetConfiguration,
    configurations,
)


class Direction(StrEnum):
    """The direction of access."""

    INBOUND = "inbound"
    """The partner's people use our applications."""
    OUTBOUND = "outbound"
    """Our people use the partner's applications."""


class AccessRule(StrEnum):
    """Why one list allows or blocks. Values: `list`, the name of the list: people or applications."""

    NOT_KNOWN = "not_known"
    ALL_ALLOWED = "all_allowed"
    ALL_BLOCKED = "all_blocked"
    NAMED_ALLOWED = "named_allowed"
    """On the list of those who are allowed."""
    NOT_NAMED_ALLOWED = "not_named_allowed"
    """Not on the list of those who are allowed."""
    NAMED_BLOCKED = "named_blocked"
    """On the list of exceptions."""
    NOT_NAMED_BLOCKED = "not_named_blocked"
    """Not on the list of exceptions."""
    SUITE = "suite"
    """Microsoft does not list the applications of a suite. Values: `list`, `suites`."""
    TWO_DENY_LISTS = "two_deny_lists"
    """Both lists contain exceptions, and Microsoft's pages leave open how the two combine. No values."""


class Capability(StrEnum):
    """The kind of access that people use."""

    B2B_COLLABORATION = "B2B collaboration"
    B2B_DIRECT_CONNECT = "B2B direct connect"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationAccess:
    """Allowed or blocked.

    When it is not certain, the answer is "allowed", so that open access is never reported as closed.
    """

    allowed: bool
    rules: tuple[Fact, ...]
    """The rule of each list that decides."""
    origin: Origin
    is_certain: bool = True
    doubts: tuple[Doubt, ...] = ()
    """What Microsoft does not document about the lists."""


_PROPERTIES: Final[Mapping[tuple[Direction, Capability], Property]] = {
    (Direction.INBOUND, Capability.B2B_COLLABORATION): Property.B2B_COLLABORATION_INBOUND,
    (Direction.OUTBOUND, Capability.B2B_COLLABORATION): Property.B2B_COLLABORATION_OUTBOUND,
    (Direction.INBOUND, Capability.B2B_DIRECT_CONNECT): Property.B2B_DIRECT_CONNECT_INBOUND,
    (Direction.OUTBOUND, Capability.B2B_DIRECT_CONNECT): Property.B2B_DIRECT_CONNECT_OUTBOUND,
}
_EVERYTHING: Final = frozenset({ALL_USERS, ALL_APPLICATIONS})
_NAMED: Final[Mapping[tuple[bool, bool], AccessRule]] = {
    (True, True): AccessRule.NAMED_ALLOWED,
    (False, True): AccessRule.NOT_NAMED_ALLOWED,
    (True, False): AccessRule.NAMED_BLOCKED,
    (False, False): AccessRule.NOT_NAMED_BLOCKED,
}
"""The rule of a list of single targets. Keys: whether the user or application is on it, and whether it allows."""
_SUITES: Final = frozenset({OFFICE_365, ALL_MICROSOFT_APPS})
"""Graph's reserved words for groups of applications whose members Graph does not list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ListAnswer:
    """The answer of one list for the given user or application; None: not known."""

    allows: bool | None
    rule: Fact
    origin: Origin
    is_exception: bool = False
    """Whether it is a deny-list of single targets, whose combination with another deny-list is ambiguous."""


def application_access(
    effective: EffectiveSettings,
    *,
    direction: Direction,
    capability: Capability,
    user: frozenset[str],
    application: str,
) -> ApplicationAccess:
    """Return whether the given user can use the given application.

    Both lists, users and applications, must allow it. If both lists contain exceptions, a user or application in only
    one of them is answered "allowed", not certain (Graph: "Cross-tenant access settings API overview"). The same answer
    is given where the meaning of the lists is not documented (see `certainty`).

    :param user: the person's own id and the ids of its groups, in its own directory.
    :param application: an application (client) id, or one of Graph's reserved words.
    """
    targets = effective.targets[_PROPERTIES[direction, capability]]
    people, applications = _lists_words(targets, user, application)
    blocking = [target_list for target_list in (people, applications) if target_list.allows is False]
    if people.is_exception and applications.is_exception and len(blocking) == 1:
        return ApplicationAccess(
            allowed=True, rules=(Fact(AccessRule.TWO_DENY_LISTS),), origin=blocking[0].origin, is_certain=False
        )
    if targets.doubts:
        by = (blocking[0].rule,) if blocking else (people.rule, applications.rule)
        origin = (blocking or [people])[0].origin
        return ApplicationAccess(allowed=True, rules=by, origin=origin, is_certain=False, doubts=targets.doubts)
    if blocking:
        return ApplicationAccess(allowed=False, rules=(blocking[0].rule,), origin=blocking[0].origin)
    for target_list in (people, applications):
        if target_list.allows is None:
            return ApplicationAccess(
                allowed=True, rules=(target_list.rule,), origin=target_list.origin, is_certain=False
            )
    own_origins = [part.origin for part in (people, applications) if part.origin is Origin.SET_HERE]
    return ApplicationAccess(
        allowed=True, rules=(people.rule, applications.rule), origin=own_origins[0] if own_origins else people.origin
    )


def _lists_words(targets: EffectiveTargets, user: frozenset[str], application: str) -> tuple[_ListAnswer, _ListAnswer]:
    users, applications = configurations(targets.setting)
    return (
        _target_list("people", users, targets.origins[0], frozenset(map(str.lower, user)), may_be_in_suite=False),
        _target_list(
            "applications",
            applications,
            targets.origins[1],
            frozenset({application.lower()}),
            may_be_in_suite=application not in _EVERYTHING | _SUITES,
        ),
    )


def _target_list(
    label: str,
    configuration: TargetConfiguration | None,
    origin: Origin,
    ids: frozenset[str],
    *,
    may_be_in_suite: bool,
) -> _ListAnswer:
    if configuration is None:
        return _ListAnswer(allows=None, rule=_rule(AccessRule.NOT_KNOWN, label), origin=Origin.UNREADABLE)
    target_ids = {target.id for target in configuration.targets}
    is_allowed = configuration.access is AccessType.ALLOWED
    if target_ids & _EVERYTHING:
        rule = AccessRule.ALL_ALLOWED if is_allowed else AccessRule.ALL_BLOCKED
        return _ListAnswer(allows=is_allowed, rule=_rule(rule, label), origin=origin)
    is_named = bool({target.lower() for target in target_ids} & ids)
    is_exception = not is_allowed and bool(target_ids)
    if not is_named and may_be_in_suite and target_ids & _SUITES:
        suite_rule = Fact(AccessRule.SUITE, {"list": label, "suites": sorted(target_ids & _SUITES)})
        return _ListAnswer(allows=None, rule=suite_rule, origin=origin, is_exception=is_exception)
    rule = _NAMED[is_named, is_allowed]
    return _ListAnswer(allows=is_named is is_allowed, rule=_rule(rule, label), origin=origin, is_exception=is_exception)


def _rule(rule: AccessRule, label: str) -> Fact:
    return Fact(rule, {"list": label})

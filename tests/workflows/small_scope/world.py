"""The worlds that are visited: one request, the roles of a few people, a clock with four times, and the ledger."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from tests.workflows.core.builders import LIFETIME, NOW, access_plan, particulars, prepared
from tests.workflows.small_scope.ledger import Ledger
from workflows.core.people import CurrentRoles, Person, PersonId, Role
from workflows.core.policy.template import Stage
from workflows.core.requests.request import AccessRequest, PreparedRequest, RequestFields
from workflows.core.requests.transitions.transition import Situation

TIMES: Final = (NOW, NOW + timedelta(days=2), NOW + LIFETIME + timedelta(hours=1), NOW + timedelta(days=60))
"""At first, when a stage has waited long, after the first deadline, and after every one that a stopped clock gives."""

NOISE: Final = frozenset(
    {"version", "changed_at", "created_at", "void_decisions", "note", "asked_again", "round", "previously_shown"}
    | {"previous_fields", "drift", "lifetime", "observation", "reminders", "reminded_at", "earlier_write_at"}
)
"""Fields that no rule about approvals reads. Worlds that differ in them only are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A small organization: who asks, who decides, and the chain."""

    name: str
    requester: Person
    sponsor: Person
    people: tuple[Person, ...]
    stages: tuple[Stage, ...]
    roles: Mapping[PersonId, frozenset[Role]]
    most_edits: int = 1
    lifetime: timedelta = LIFETIME

    def plan_of(self, asked: RequestFields, edition: int) -> PreparedRequest:
        """Return what preparing finds: another plan for every edition and for everything that was asked for."""
        return _prepared(self.name, repr(asked.duration) + asked.justification, edition, self)

    def fields(self) -> RequestFields:
        """Return what the requester filled in."""
        return replace(particulars(), requester=self.requester.chat_id, sponsor=self.sponsor.chat_id)

    def __hash__(self) -> int:
        return hash(self.name)


@cache
def _prepared(_: str, asked: str, edition: int, scope: Scope) -> PreparedRequest:
    plan = replace(access_plan(template_hash=repr((scope.stages, asked))), edition=edition)
    return prepared(plan=plan, stages=scope.stages, requester=scope.requester, sponsor=scope.sponsor)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One state of the world."""

    scope: Scope
    request: AccessRequest
    roles: Mapping[PersonId, frozenset[Role]]
    ledger: Ledger
    time: int = 0
    """The index of the present time in `TIMES`."""
    shown: tuple[str, ...] = ()
    """The digests of all cards that people may still see, the newest last."""
    last: Any = field(default=None, compare=False)
    """The last command, to give it once more."""

    @property
    def now(self) -> datetime:
        """Return the present time."""
        return TIMES[self.time]

    @property
    def situation(self) -> Situation:
        """Return what a command is decided with now."""
        return Situation(now=self.now, current_roles=CurrentRoles(roles=self.roles))

    def key(self) -> object:
        """Return what makes this world different from another one."""
        kept = tuple(repr(_plain(f.name, getattr(self.request, f.name))) for f in _KEPT)
        roles = tuple(sorted((person, tuple(sorted(held))) for person, held in self.roles.items()))
        return (kept, roles, self.time, self.ledger, self.shown)


_KEPT: Final = tuple(f for f in fields(AccessRequest) if f.name not in NOISE)


def _plain(name: str, value: Any) -> object:
    """Return what a rule about approvals reads of a field. In whose place somebody was asked, none reads."""
    if name == "decisions":
        return [(one.person.id, one.choice, one.stage, one.digest, one.at) for one in value]
    if name == "remarks":
        return [(one.kind, one.person.id, one.answers) for one in value]
    if name == "reassignments":
        return [(one.by.id, one.stage, one.round) for one in value]
    if name == "prepared" and value is not None:
        return (value.plan.digest, value.stages)
    return value


Outcome = tuple[str, "World | None"]
"""What was tried, and the world after it; None when it was refused."""
Action = Callable[[World], Iterator[Outcome]]

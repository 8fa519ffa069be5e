"""The records of all partners, read at one moment. A posture compares the tenant with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, Self

from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import Plan
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.canonical import SharedValues
from workflows.core.settings.model import TenantId


class ComparedRequest(Protocol):
    """What of a request is compared with the tenant. A whole request has it, too."""

    @property
    def id(self) -> RequestId:
        """Return the request's id."""

    @property
    def state(self) -> RequestState:
        """Return its state."""

    @property
    def changed_at(self) -> datetime:
        """Return when it last changed."""

    @property
    def plan(self) -> Plan:
        """Return its plan.

        :raises Refused: when the request has no plan yet. Then nothing was written.
        """

    @property
    def writing_since(self) -> datetime | None:
        """Return since when its plan is being written."""

    @property
    def applied_part(self) -> int:
        """Return how many operations were applied of a plan that was not applied completely."""

    @property
    def is_terminal(self) -> bool:
        """Return whether the request has ended."""

    @property
    def was_sent(self) -> bool:
        """Return whether a write of any plan of this request was sent."""

    @property
    def was_written(self) -> bool:
        """Return whether its plan, or a part of it, was read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRequest:
    """A request that was applied, without what people were shown and decided: a tenth of its memory."""

    id: RequestId
    state: RequestState
    changed_at: datetime
    plan: Plan
    writing_since: datetime | None
    applied_part: int
    is_terminal: bool
    was_sent: bool
    was_written: bool

    @classmethod
    def of(cls, request: AccessRequest, shared: SharedValues) -> Self:
        """Return this of a request that ended and was written, and so has a plan.

        :param shared: keeps equal settings of several plans once.
        """
        operations = tuple(replace(operation, body=shared(operation.body)) for operation in request.plan.operations)
        before = None if request.plan.before is None else shared(request.plan.before)
        return cls(
            id=request.id,
            state=request.state,
            changed_at=request.changed_at,
            plan=replace(request.plan, operations=operations, before=before),
            writing_since=request.writing_since,
            applied_part=request.applied_part,
            is_terminal=request.is_terminal,
            was_sent=request.was_sent,
            was_written=request.was_written,
        )


def with_shared_values(partnership: Partnership, shared: SharedValues) -> Partnership:
    """Return an equal partnership. What is equal in several of them is kept once."""
    steps = tuple(replace(step, required_settings=shared(step.required_settings)) for step in partnership.setup)
    return replace(
        partnership, setup=steps, stages=shared.first(partnership.stages), sponsor=shared.first(partnership.sponsor)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Every partnership, and the requests that matter for the current settings."""

    partnerships: Mapping[TenantId, Partnership] = field(default_factory=dict)
    requests: Mapping[RequestId, ComparedRequest] = field(default_factory=dict)
    """The requests of partnerships, the open requests, and those that began to write a tenant without a record."""
    unreadable: frozenset[TenantId] = frozenset()
    """Tenants with a record that this version cannot read. They count as neither known nor unknown."""

    def open_requests(self) -> tuple[AccessRequest, ...]:
        """Return the requests that are not terminal. They are whole."""
        return tuple(
            request
            for request in self.requests.values()
            if isinstance(request, AccessRequest) and not request.is_terminal
        )

    def for_comparison(self) -> "Records":
        """Return all that `changed_between` needs of the first of two reads: without the requests that have ended."""
        return replace(self, requests={request.id: request for request in self.open_requests()})

    def record_of(self, tenant_id: TenantId) -> "Records":
        """Return the record of one partner, if there is one, without requests."""
        record = self.partnerships.get(tenant_id)
        return replace(self, partnerships={} if record is None else {tenant_id: record}, requests={})

    def being_written(self) -> frozenset[TenantId]:
        """Return the tenants that Gatehouse may be writing, or whose last write may not be visible yet."""
        return frozenset(
            request.plan.tenant_id
            for request in self.open_requests()
            if request.writing_since is not None and request.plan.accounts is None
        )

    def unfinished_requests(self) -> Mapping[TenantId, ComparedRequest]:
        """Return, by tenant, the newest request that began to write and then failed or was stopped."""
        ended = (
            request
            for request in self.requests.values()
            if request.is_terminal and request.was_sent and not request.was_written
        )
        return {request.plan.tenant_id: request for request in sorted(ended, key=lambda request: request.changed_at)}


def changed_between(first: Records, second: Records) -> frozenset[TenantId]:
    """Return the tenants whose records changed between two reads, and those that Gatehouse may be changing now.

    Their records are not compared with the settings in the tenant.
    """
    return frozenset(_changed_records(first, second)) | first.being_written() | second.being_written()


def _changed_records(first: Records, second: Records) -> Iterable[TenantId]:
    for tenant_id in {*first.partnerships, *second.partnerships}:
        if first.partnerships.get(tenant_id) != second.partnerships.get(tenant_id):
            yield tenant_id

"""Find roles with too few people while requests wait. Admins are told at once, each requester once."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from workflows.app.alarms import Alarms
from workflows.app.approvers.relation_check import request_relation_check
from workflows.app.approvers.stage_holders import holders_for
from workflows.app.service import Service
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import AUDITOR, ChatId, Role
from workflows.core.policy.relations import RelationHolder
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.deadlines.commands import ResumeClock, StopClock
from workflows.core.requests.effects import MessageCode
from workflows.core.requests.eligibility import current_eligibility
from workflows.core.requests.request import AccessRequest, RequestId, RequestState, StopCause
from workflows.core.requests.transitions.transition import partner_of
from workflows.intervals import ROLE_MEMBERS_KNOWN_FOR, ROLES_CHECKED_EVERY
from workflows.ports.clock import Clock
from workflows.ports.people_directory import (
    PeopleDirectory,
    PeopleDirectoryRefused,
    PeopleDirectoryUnavailable,
    RoleSource,
)
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable

MARK: Final = "roles_checked_at"
"""The name of the mark with the time of the last check. An empty value makes the next tick check the roles."""

AUDITORS_CHECKED_MARK: Final = "auditors_checked_at"
AUDITORS_MARK: Final = "auditors"
"""The name of the mark with the auditors of the last check."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleShortage:
    """A role that has fewer people than a stage of a request still needs."""

    role: Role
    title: str
    """The title of the stage."""
    people: int
    """How many people can still decide on that stage."""
    needed: int
    is_open_stage: bool
    """Whether it is the stage that waits now, so that nobody can pass it."""
    missing_groups: tuple[str, ...]
    """User groups of the role that do not exist, or are disabled."""
    relation: RelationHolder | None = None
    """Who has the role by relation and cannot decide, or why nobody has it; None for every other role."""

    def subject_in(self, request: AccessRequest) -> str:
        """Return the subject of the alarm about it. A manager is one of one request only."""
        return self.role if self.relation is None else f"{self.role}:{request.id}"

    @property
    def values(self) -> Mapping[str, Any]:
        """Return the values of the message about it, see `MessageCode.ROLE_EMPTY`."""
        relation = {} if self.relation is None else {"relation": self.relation.as_values()}
        return relation | {
            "stage": self.title,
            "role": self.role,
            "people": self.people,
            "needed": self.needed,
            "missing_groups": list(self.missing_groups),
        }


async def role_shortages(request: AccessRequest, directory: PeopleDirectory) -> tuple[RoleShortage, ...]:
    """Return the roles that have too few people for the open stages of a request; empty without an open stage.

    Of the stage that decides now, people count whom the chat system has lately called active. For later stages it is
    enough that they are known from the last hours, as when the request was filed: nobody is asked there yet.

    :raises PeopleDirectoryUnavailable, PeopleDirectoryRefused: when people or roles cannot be read.
    :raises TenantUnavailable, TenantRefused: when an account or a group cannot be read.
    """
    eligibility = current_eligibility(request)
    if eligibility is None:
        return ()
    excluded_ids = await directory.all_ids(eligibility.chat_ids)
    shortages = []
    for place, stage in enumerate(eligibility.open_stages):
        holders = frozenset[ChatId]().union(
            *[await holders_for(role, eligibility.relations, directory) for role in stage.roles]
        )
        free = eligibility.eligible_members(holders, excluded_ids)
        if place == 0 and len(free) >= stage.missing:  # what is kept for display may be hours old
            free = await directory.find_active(free, enough=stage.missing, within=ROLE_MEMBERS_KNOWN_FOR)
        if len(free) < stage.missing:
            groups = await directory.missing_groups(stage.role)
            shortages.append(
                RoleShortage(
                    role=stage.role,
                    title=stage.title,
                    people=len(free),
                    needed=stage.missing,
                    is_open_stage=place == 0,
                    missing_groups=groups,
                    relation=eligibility.relations.holder_of(stage.role),
                )
            )
    return tuple(shortages)


async def check_roles(
    *,
    store: Store,
    directory: PeopleDirectory,
    alarms: Alarms,
    service: Service,
    clock: Clock,
    roles: Mapping[Role, RoleSource],
) -> None:
    """Raise alarms for roles with too few people, tell each requester once, and stop the clocks; once a minute.

    When a role cannot be read, its alarm stays as it is.
    """
    now, last = clock.now(), await store.mark(MARK)
    if not _is_due(last, now):
        return
    directory = directory.for_one_check() if last == "" else directory  # a refusal just now: nothing kept for display
    await store.save_mark(MARK, now.isoformat())
    waiting = [one for one in await store.open_requests_alone() if one.state is RequestState.AWAITING_APPROVAL]
    shortage_by_subject: dict[str, RoleShortage] = {}
    requests_by_subject: dict[str, list[AccessRequest]] = {}
    stuck: set[RequestId] = set()
    try:
        for request, shortage in [(one, lack) for one in waiting for lack in await role_shortages(one, directory)]:
            subject = shortage.subject_in(request)
            shortage_by_subject.setdefault(subject, shortage)
            requests_by_subject.setdefault(subject, []).append(request)
            stuck |= {request.id} if shortage.is_open_stage else set()
    except (PeopleDirectoryUnavailable, PeopleDirectoryRefused, TenantUnavailable, TenantRefused) as error:
        _log.warning("roles_not_checked", reason=str(error))
        return
    values_by_subject = {
        subject: _alarm_values(one, requests_by_subject[subject], roles.get(one.role))
        for subject, one in shortage_by_subject.items()
    }
    await alarms.update_alarms(AlarmCode.ROLE_EMPTY, values_by_subject)
    for request in waiting:
        await _stop_or_resume(request, service, is_stuck=request.id in stuck)
        if shortages := [shortage_by_subject[name] for name, ones in requests_by_subject.items() if request in ones]:
            await _tell_requester(request, shortages, service)


async def _stop_or_resume(request: AccessRequest, service: Service, *, is_stuck: bool) -> None:
    """Stop the clock of a request that nobody can decide on now, and let it run again when somebody can."""
    stop, cause = request.clock_stop, StopCause.NOBODY_CAN_DECIDE
    command: StopClock | ResumeClock | None = None
    if is_stuck and stop is None:
        command = StopClock(cause=cause)
    elif not is_stuck and stop is not None and stop.cause is cause:
        command = ResumeClock(cause=cause)
    if command is not None:
        with suppress(Refused):  # it was decided in the meantime
            await service.advance(request.id, command)


async def check_auditors(*, store: Store, directory: PeopleDirectory, clock: Clock) -> None:
    """Publish the App Home of everybody who has lost or got the role of auditors since the last check.

    The check runs at most once a minute.
    """
    now = clock.now()
    if not _is_due(await store.mark(AUDITORS_CHECKED_MARK), now):
        return
    await store.save_mark(AUDITORS_CHECKED_MARK, now.isoformat())
    before = frozenset(map(ChatId, filter(None, (await store.mark(AUDITORS_MARK) or "").split(" "))))
    try:
        auditors = await directory.holders(AUDITOR)
    except (PeopleDirectoryUnavailable, PeopleDirectoryRefused, TenantUnavailable, TenantRefused) as error:
        _log.warning("auditors_not_checked", reason=str(error))
        return
    if auditors == before:
        return
    await store.request_home_updates(sorted(auditors ^ before))
    # NB. after the updates are stored: if anything fails before, the next check asks for them again.
    await store.save_mark(AUDITORS_MARK, " ".join(sorted(auditors)))


async def request_role_check(store: Store) -> None:
    """Make the next tick check the roles: a click was just refused because a role has too few people."""
    await store.save_mark(MARK, "")


async def require_people(request_id: RequestId, *, store: Store, directory: PeopleDirectory) -> None:
    """Check that the roles of the open stages have enough people, for an actor who has none of these roles.

    :raises Refused: `role_empty`, which names what an admin must repair.
    """
    request = await store.request(request_id)
    try:
        shortage = None if request is None else next(iter(await role_shortages(request, directory)), None)
    except (PeopleDirectoryUnavailable, PeopleDirectoryRefused, TenantUnavailable, TenantRefused):
        return
    if request is not None and request.prepared is not None and request.prepared.relations.holders:
        await request_relation_check(store)
    if shortage is not None:
        await request_role_check(store)
        raise Refused(
            RefusalCode.TOO_FEW_APPROVERS,
            stage=shortage.title,
            role=shortage.role,
            needed=shortage.needed,
            people=shortage.people,
            missing_groups=list(shortage.missing_groups),
            **({} if shortage.relation is None else {"relation": shortage.relation.as_values()}),
        )


async def _tell_requester(request: AccessRequest, shortages: Sequence[RoleShortage], service: Service) -> None:
    values = {
        "partner": partner_of(request),
        "request": request.id,
        "shortages": [shortage.values for shortage in shortages],
    }
    fact = Fact(MessageCode.ROLE_EMPTY, values)
    await service.send_message(
        fact,
        key=f"role_empty:{request.id}",
        person=request.fields.submitter or request.fields.requester,
    )


def _alarm_values(
    shortage: RoleShortage, requests: Sequence[AccessRequest], source: RoleSource | None
) -> dict[str, Any]:
    groups = () if source is None else source.user_groups
    where = ", ".join(f"@{handle}" for handle in groups if handle not in shortage.missing_groups) or "roles.toml"
    relation = {} if shortage.relation is None else {"relation": shortage.relation.as_values(), "stage": shortage.title}
    return relation | {
        "role": shortage.role,
        "people": str(shortage.people),
        "needed": str(shortage.needed),
        "requests": ", ".join(request.id for request in requests),
        "missing_groups": list(shortage.missing_groups),
        "where": where,
    }


def _is_due(mark: str | None, now: datetime) -> bool:
    if not mark:
        return True
    # NB. a clock that was set back must not stop the checks.
    return abs(now - datetime.fromisoformat(mark)) >= ROLES_CHECKED_EVERY

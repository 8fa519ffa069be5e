"""Notices to the admins about denied sign-ins: one for each tenant, or one for many, each told once.

Pure: `decide` compares what was told with what a reading of the log found.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, CurrentRoles, Person
from workflows.core.posture.watch.denied_notice import MANY, DeniedNotice, DeniedTenant, Dismissal, NoticeSubject
from workflows.core.requests.alarms import AlarmId
from workflows.core.settings.model import TenantId

MAX_ALONE: Final = 5
"""How many notices about one tenant may be open. When there would be more, one notice tells of all new tenants."""
MAX_LISTED: Final = 5
"""How many tenants the notice about many lists."""


class ChangeKind(StrEnum):
    """What happens to a notice. The values are commands in the audit log, and stored."""

    TELL = "tell_denied_sign_ins"
    UPDATE = "update_denied_sign_ins"
    END_WITH_ENTRY = "end_denied_sign_ins_entry"
    """The tenant has an entry now."""
    END = "end_denied_sign_ins"
    """The whole log was read, and has not so many sign-ins any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeChange:
    """A notice after a change."""

    kind: ChangeKind
    notice: DeniedNotice


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFindings:
    """What one reading of the log found."""

    tenants: tuple[DeniedTenant, ...]
    """The tenants without an entry that reach the thresholds."""
    with_entry: frozenset[TenantId] = frozenset()
    """The tenants of open notices that have an entry or a record now."""
    is_complete: bool
    """Whether the log was read to its end, so that what was not found is not there."""


def counted_from(notices: Iterable[DeniedNotice], since: datetime) -> tuple[datetime, Mapping[TenantId, datetime]]:
    """Return from when on sign-ins count: what an admin has dismissed is not told again.

    A tenant is told in the notice about many when none of its own is open. So a dismissal of that one counts as well.

    :returns: the time for every other tenant, and the times for tenants with a notice of their own.
    """
    by_subject = {one.subject: one for one in notices}
    many = by_subject.pop(MANY, None)
    by_tenant = {
        TenantId(subject): max(since, _start_of_count(one, None if one.is_open else many) or since)
        for subject, one in by_subject.items()
    }
    return max(since, _start_of_count(many) or since), by_tenant


def _start_of_count(*notices: DeniedNotice | None) -> datetime | None:
    """Return the last dismissal of these notices; None without one."""
    return max((one.counted_from for one in notices if one is not None and one.counted_from), default=None)


def decide(
    notices: Mapping[NoticeSubject, DeniedNotice], found: LogFindings, now: datetime, *, days_offered: int
) -> Iterator[NoticeChange]:
    """Yield what is told, updated and over. The same finding changes nothing a second time."""
    open_alone = 0
    by_tenant = {one.tenant_id: one for one in found.tenants if one.tenant_id not in found.with_entry}
    for notice in notices.values():
        if notice.subject == MANY or not (notice.is_open or notice.is_quiet(now)):
            continue
        tenant = by_tenant.pop(TenantId(notice.subject), None)
        if not notice.is_open:
            continue
        change = _known_one(notice, tenant, found, now)
        open_alone += change is None or change.kind is ChangeKind.UPDATE
        if change is not None:
            yield change
    others, many = tuple(by_tenant.values()), notices.get(MANY)
    if many is not None and many.is_open:
        yield from _known_many(many, others, found, now)
    elif many is None or not many.is_quiet(now):
        told = _New(is_at_least=not found.is_complete, now=now, days_offered=days_offered)
        if open_alone + len(others) > MAX_ALONE:
            yield told.notice(MANY, many, others, _start_of_count(many))
        else:
            for one in others:
                subject = NoticeSubject(one.tenant_id)
                earlier = notices.get(subject)
                yield told.notice(subject, earlier, (one,), _start_of_count(earlier, many))


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    """Makes notices that are told now, for the first time or again."""

    is_at_least: bool
    now: datetime
    days_offered: int

    def notice(
        self,
        subject: NoticeSubject,
        earlier: DeniedNotice | None,
        tenants: tuple[DeniedTenant, ...],
        start: datetime | None,
    ) -> NoticeChange:
        notice = DeniedNotice(
            subject=subject,
            version=1 if earlier is None else earlier.version + 1,
            tenants=tenants[:MAX_LISTED],
            count=len(tenants),
            sign_ins=sum(one.sign_ins for one in tenants),
            since=min(one.first_at for one in tenants),
            is_at_least=self.is_at_least,
            told_at=self.now,
            alarm_id=AlarmId(""),
            days_offered=self.days_offered,
            counted_from=start,
        )
        return NoticeChange(kind=ChangeKind.TELL, notice=notice)


def _known_one(
    notice: DeniedNotice, tenant: DeniedTenant | None, found: LogFindings, now: datetime
) -> NoticeChange | None:
    """Return what changes in an open notice about one tenant; None when nothing does."""
    if TenantId(notice.subject) in found.with_entry:
        return end_with_entry(notice, now)
    return _updated(notice, () if tenant is None else (tenant,), found, now)


def _known_many(
    notice: DeniedNotice, tenants: tuple[DeniedTenant, ...], found: LogFindings, now: datetime
) -> Iterator[NoticeChange]:
    if (change := _updated(notice, tenants, found, now)) is not None:
        yield change


def _updated(
    notice: DeniedNotice, tenants: tuple[DeniedTenant, ...], found: LogFindings, now: datetime
) -> NoticeChange | None:
    """Return an open notice with what is found now. A log that was not read to its end takes nothing away."""
    if not tenants:
        return _end(notice, ChangeKind.END, now) if found.is_complete else None
    sign_ins = sum(one.sign_ins for one in tenants)
    if not found.is_complete and sign_ins <= notice.sign_ins:
        return None
    known = {one.tenant_id: one for one in notice.tenants}
    listed = tuple(_with_name(one, known.get(one.tenant_id)) for one in tenants[:MAX_LISTED])
    after = replace(
        notice,
        version=notice.version + 1,
        tenants=listed,
        count=len(tenants),
        sign_ins=sign_ins,
        since=min(one.first_at for one in tenants),
        is_at_least=not found.is_complete,
    )
    is_same = replace(after, version=notice.version) == notice
    return None if is_same else NoticeChange(kind=ChangeKind.UPDATE, notice=after)


def _with_name(tenant: DeniedTenant, known: DeniedTenant | None) -> DeniedTenant:
    if known is None:
        return tenant
    return replace(tenant, domain=known.domain, display_name=known.display_name)


def end_with_entry(notice: DeniedNotice, now: datetime) -> NoticeChange:
    """Return the end of a notice whose tenant has an entry now."""
    return _end(notice, ChangeKind.END_WITH_ENTRY, now)


def _end(notice: DeniedNotice, kind: ChangeKind, now: datetime) -> NoticeChange:
    return NoticeChange(kind=kind, notice=replace(notice, version=notice.version + 1, ended_at=now))


def dismiss(
    notice: DeniedNotice | None, alarm_id: AlarmId, actor: Person, *, current_roles: CurrentRoles, now: datetime
) -> DeniedNotice:
    """Return the notice after an admin dismissed it.

    :param alarm_id: the alarm that was shown.
    :raises Refused: when the person is no admin, or the notice is over or another one; nothing changes.
    """
    if not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_DISMISS)
    if notice is None or not notice.is_open or notice.alarm_id != alarm_id:
        raise Refused(RefusalCode.NOTICE_OVER)
    until = now + timedelta(days=notice.days_offered)
    dismissal = Dismissal(person=actor, at=now, until=until)
    return replace(notice, version=notice.version + 1, counted_from=now, dismissal=dismissal)

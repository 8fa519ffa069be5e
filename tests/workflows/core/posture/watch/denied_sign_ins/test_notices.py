"""Each tenant is told once, many tenants in one notice; what was not read takes nothing away."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import AMARA, DANA, NOW, current_roles
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN
from workflows.core.posture.watch.denied_notice import MANY, DeniedNotice, DeniedTenant, NoticeSubject
from workflows.core.posture.watch.denied_sign_ins.notices import (
    MAX_ALONE,
    MAX_LISTED,
    ChangeKind,
    LogFindings,
    counted_from,
    decide,
    dismiss,
)
from workflows.core.requests.alarms import AlarmId
from workflows.core.settings.model import TenantId

DAY: Final = timedelta(days=1)
ALARM: Final = AlarmId("A-0123456789ab")
ADMINS: Final = current_roles(dana=ADMIN)
Notices = dict[NoticeSubject, DeniedNotice]


def tenant(number: int = 1, sign_ins: int = 6, **changes: Any) -> DeniedTenant:
    values: dict[str, Any] = {
        "tenant_id": TenantId(f"99999999-0000-4000-8000-{number:012}"),
        "sign_ins": sign_ins,
        "people": 2,
        "has_more_people": False,
        "days": 3,
        "first_at": NOW - 3 * DAY,
        "last_at": NOW,
        "codes": (500213,),
    }
    return DeniedTenant(**(values | changes))


def found(*tenants: DeniedTenant, is_complete: bool = True, with_entry: DeniedTenant | None = None) -> LogFindings:
    entries = frozenset() if with_entry is None else frozenset({with_entry.tenant_id})
    return LogFindings(tenants=tenants, is_complete=is_complete, with_entry=entries)


def read(notices: Notices, findings: LogFindings, now: datetime = NOW) -> list[tuple[str, NoticeSubject]]:
    """Let one reading change the notices; return what changed."""
    changes = list(decide(dict(notices), findings, now, days_offered=30))
    for one in changes:
        stored = notices.get(one.notice.subject)
        assert one.notice.version == (1 if stored is None else stored.version + 1)
        notices[one.notice.subject] = replace(one.notice, alarm_id=one.notice.alarm_id or ALARM)
    return [(one.kind.value, one.notice.subject) for one in changes]


def dismissed(notice: DeniedNotice, now: datetime = NOW) -> DeniedNotice:
    return dismiss(notice, ALARM, DANA, current_roles=ADMINS, now=now)


def subject(number: int = 1) -> NoticeSubject:
    return NoticeSubject(tenant(number).tenant_id)


def test_a_tenant_is_told_once_and_its_numbers_are_updated() -> None:
    notices: Notices = {}
    assert read(notices, found(tenant())) == [(ChangeKind.TELL, subject())]
    one = notices[subject()]
    assert (one.count, one.sign_ins, one.is_at_least, one.is_open, one.days_offered) == (1, 6, False, True, 30)
    assert read(notices, found(tenant())) == []
    notices[subject()] = replace(one, tenants=(tenant(domain="tailspin.com", display_name="Tailspin"),))
    assert read(notices, found(tenant(sign_ins=9))) == [(ChangeKind.UPDATE, subject())]
    (kept,) = notices[subject()].tenants
    assert (kept.sign_ins, kept.domain, kept.display_name) == (9, "tailspin.com", "Tailspin")


def test_a_log_that_was_not_read_to_its_end_takes_nothing_away() -> None:
    notices: Notices = {}
    read(notices, found(tenant()))
    assert read(notices, found(is_complete=False)) == []
    assert read(notices, found(tenant(sign_ins=5), is_complete=False)) == []
    assert read(notices, found(tenant(sign_ins=8), is_complete=False)) == [(ChangeKind.UPDATE, subject())]
    assert notices[subject()].is_at_least
    assert read(notices, found()) == [(ChangeKind.END, subject())]
    assert (notices[subject()].ended_at, notices[subject()].is_open) == (NOW, False)
    assert read(notices, found()) == []
    assert read(notices, found(tenant())) == [(ChangeKind.TELL, subject())], "it happens again"
    assert notices[subject()].is_open


def test_an_entry_ends_the_notice_also_when_the_log_was_not_read() -> None:
    notices: Notices = {}
    read(notices, found(tenant()))
    assert read(notices, found(is_complete=False, with_entry=tenant())) == [(ChangeKind.END_WITH_ENTRY, subject())]
    assert not notices[subject()].is_open
    assert read(notices, found(tenant(), with_entry=tenant())) == []


def test_a_dismissed_tenant_is_quiet_until_the_time_is_over_and_it_happens_again() -> None:
    notices: Notices = {}
    read(notices, found(tenant()))
    notices[subject()] = dismissed(notices[subject()])
    assert read(notices, found(tenant(sign_ins=50)), NOW + 29 * DAY) == []
    assert read(notices, found(), NOW + 31 * DAY) == [], "nothing was denied since"
    assert read(notices, found(tenant(sign_ins=7)), NOW + 31 * DAY) == [(ChangeKind.TELL, subject())]
    assert notices[subject()].dismissal is None


def test_what_was_dismissed_counts_from_the_dismissal() -> None:
    notices: Notices = {}
    read(notices, found(tenant(1), tenant(2)))
    notices[subject(1)] = dismissed(notices[subject(1)], NOW + DAY)
    since = NOW - 10 * DAY
    expected = {tenant(1).tenant_id: NOW + DAY, tenant(2).tenant_id: since}
    assert counted_from(notices.values(), since) == (since, expected)
    assert counted_from(notices.values(), NOW + 2 * DAY)[1][tenant(1).tenant_id] == NOW + 2 * DAY
    many = dismissed(replace(notices[subject(2)], subject=MANY))
    assert counted_from([many], since) == (NOW, {})


def test_a_notice_that_is_told_again_still_counts_from_its_dismissal() -> None:
    notices: Notices = {}
    read(notices, found(tenant(1)))
    notices[subject(1)] = dismissed(notices[subject(1)], NOW + DAY)
    later, since = NOW + 32 * DAY, NOW - 10 * DAY
    assert read(notices, found(tenant(1)), later) == [(ChangeKind.TELL, subject(1))]
    assert counted_from(notices.values(), since)[1] == {tenant(1).tenant_id: NOW + DAY}
    read(notices, found(tenant(1, sign_ins=9)), later)
    assert counted_from(notices.values(), since)[1] == {tenant(1).tenant_id: NOW + DAY}, "also after an update"


def test_a_dismissal_of_many_counts_for_a_tenant_that_had_no_open_notice_of_its_own() -> None:
    notices: Notices = {}
    read(notices, found(tenant(1), tenant(2)))
    read(notices, found(tenant(2)))
    assert not notices[subject(1)].is_open
    flood = [tenant(number) for number in range(3, 10)]
    read(notices, found(tenant(1), tenant(2), *flood))
    notices[MANY] = dismissed(notices[MANY], NOW + DAY)
    since = NOW - 10 * DAY
    times = {tenant(1).tenant_id: NOW + DAY, tenant(2).tenant_id: since}
    assert counted_from(notices.values(), since) == (NOW + DAY, times), "the open one was not dismissed"
    later = NOW + 32 * DAY
    assert read(notices, found(tenant(1), tenant(2)), later) == [(ChangeKind.TELL, subject(1))]
    assert counted_from(notices.values(), since) == (NOW + DAY, times), "what was told alone now, too"
    read(notices, found(tenant(1), tenant(2), *flood), later)
    assert notices[MANY].is_open
    assert counted_from(notices.values(), since) == (NOW + DAY, times), "and what was told as many again"


def test_many_new_tenants_are_one_notice_with_the_first_few() -> None:
    notices: Notices = {}
    flood = [tenant(number) for number in range(999)] + [tenant(999, first_at=NOW - 20 * DAY)]
    assert read(notices, found(*flood)) == [(ChangeKind.TELL, MANY)]
    many = notices[MANY]
    assert (many.count, many.sign_ins, len(many.tenants)) == (1_000, 6_000, MAX_LISTED)
    assert many.since == NOW - 20 * DAY, "also of a tenant that is not listed"
    assert read(notices, found(*flood)) == []
    assert read(notices, found(*flood, tenant(1_000))) == [(ChangeKind.UPDATE, MANY)]
    assert read(notices, found(tenant(5), is_complete=False)) == []
    assert read(notices, found(tenant(5))) == [(ChangeKind.UPDATE, MANY)], "it stays one notice"
    assert read(notices, found()) == [(ChangeKind.END, MANY)]


def test_a_few_are_told_alone_and_the_next_one_makes_it_many() -> None:
    notices: Notices = {}
    few = [tenant(number) for number in range(MAX_ALONE)]
    assert [kind for kind, _ in read(notices, found(*few))] == [ChangeKind.TELL] * MAX_ALONE
    assert read(notices, found(*few, tenant(7))) == [(ChangeKind.TELL, MANY)]
    assert [one.tenant_id for one in notices[MANY].tenants] == [tenant(7).tenant_id], "the others have their own"


def test_while_many_are_dismissed_no_new_tenant_is_told() -> None:
    notices: Notices = {}
    flood = [tenant(number) for number in range(10)]
    read(notices, found(*flood))
    notices[MANY] = dismissed(notices[MANY])
    assert read(notices, found(*flood, tenant(11)), NOW + 29 * DAY) == []
    assert read(notices, found(tenant(11)), NOW + 31 * DAY) == [(ChangeKind.TELL, subject(11))]
    assert read(notices, found(*flood), NOW + 31 * DAY)[-1] == (ChangeKind.TELL, MANY)


def test_a_single_notice_that_ends_makes_room() -> None:
    notices: Notices = {}
    few = [tenant(number) for number in range(MAX_ALONE)]
    read(notices, found(*few))
    changes = read(notices, found(*few[1:], tenant(7)))
    assert changes == [(ChangeKind.END, subject(0)), (ChangeKind.TELL, subject(7))]


@pytest.mark.parametrize("case", ["nobody", "over", "other alarm", "dismissed"])
def test_only_an_open_notice_that_was_shown_is_dismissed(case: str) -> None:
    notices: Notices = {}
    read(notices, found(tenant()))
    one = notices[subject()]
    stored = {
        "nobody": None,
        "over": replace(one, ended_at=NOW),
        "other alarm": replace(one, alarm_id=AlarmId("A-x")),
        "dismissed": dismissed(one),
    }[case]
    with pytest.raises(Refused) as refused:
        dismiss(stored, ALARM, DANA, current_roles=ADMINS, now=NOW)
    assert refused.value.code is RefusalCode.NOTICE_OVER


def test_only_an_admin_dismisses_and_it_is_recorded_who() -> None:
    notices: Notices = {}
    read(notices, found(tenant()))
    with pytest.raises(Refused) as refused:
        dismiss(notices[subject()], ALARM, AMARA, current_roles=ADMINS, now=NOW)
    assert refused.value.code is RefusalCode.ONLY_ADMINS_DISMISS
    after = dismissed(notices[subject()])
    assert after.dismissal is not None
    assert (after.dismissal.person, after.dismissal.until) == (DANA, NOW + 30 * DAY)
    assert (after.is_quiet(NOW), after.is_quiet(NOW + 30 * DAY), after.is_open) == (True, False, False)

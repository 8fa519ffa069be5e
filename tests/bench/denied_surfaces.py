"""Messages and windows about refused sign-ins of tenants without an entry, and the App Home that lists them."""

from dataclasses import asdict, replace
from datetime import timedelta

from bot.slack.blocks.blocks import Json
from bot.slack.flows.alarms.denied_views import denied_view
from bot.slack.flows.home.view import home_view
from bot.slack.words.alarms import alarm_message
from tests.workflows.core.builders import DANA, NOW
from workflows.app.alarms import new_alarm
from workflows.app.evidence.denied.notice_records import alarm_values
from workflows.app.reads.app_home import AppHome
from workflows.core.errors.facts import Fact
from workflows.core.posture.watch.denied_notice import MANY, DeniedNotice, DeniedTenant, NoticeSubject
from workflows.core.requests.alarms import ENDED, Alarm, AlarmCode, AlarmId, EndingCode
from workflows.core.settings.model import TenantId
from workflows.ports.pages import Page

_DAY = timedelta(days=1)
TENANT = DeniedTenant(
    tenant_id=TenantId("7a115b10-4444-4aaa-8bbb-0123456789a4"),
    sign_ins=12,
    people=3,
    has_more_people=False,
    days=5,
    first_at=NOW - 9 * _DAY,
    last_at=NOW - timedelta(hours=5),
    codes=(500213, 90071),
    domain="tailspin.com",
    display_name="Woodgrove Bank Security Team",
)
"""A tenant with a name that it has chosen to mislead."""
ONE = DeniedNotice(
    subject=NoticeSubject(TENANT.tenant_id),
    version=1,
    tenants=(TENANT,),
    sign_ins=12,
    since=TENANT.first_at,
    is_at_least=False,
    told_at=NOW,
    alarm_id=AlarmId("A-0123456789ab"),
    days_offered=30,
)
LISTED = tuple(
    replace(
        TENANT,
        tenant_id=TenantId(f"99999999-0000-4000-8000-{number:012}"),
        domain="" if number == 3 else f"a-rather-long-name-of-a-tenant{number}.onmicrosoft.com",
        sign_ins=40 - number,
        people=0 if number == 4 else 100,
        has_more_people=True,
        codes=(500213,),
    )
    for number in range(5)
)
FLOOD = replace(
    ONE,
    subject=MANY,
    tenants=LISTED,
    count=1_000,
    sign_ins=12_000,
    is_at_least=True,
    alarm_id=AlarmId("A-ba9876543210"),
)


def alarm_of(notice: DeniedNotice) -> Alarm:
    """Return the open alarm about a notice."""
    code = AlarmCode.SIGN_INS_DENIED_TO_MANY if notice.subject == MANY else AlarmCode.SIGN_INS_DENIED
    return replace(new_alarm(code, notice.subject, alarm_values(notice), NOW), id=notice.alarm_id)


def ended(notice: DeniedNotice, why: Fact) -> Alarm:
    """Return the alarm after its end."""
    alarm = alarm_of(notice)
    return replace(alarm, values={**alarm.values, ENDED: asdict(why)}, cleared_at=NOW + timedelta(hours=2))


def denied_messages() -> dict[str, list[Json]]:
    """Return the messages to admins."""
    dismissed = Fact(EndingCode.DISMISSED, {"by": DANA.name, "until": (NOW + 30 * _DAY).isoformat()})
    shown = {
        "denied-one": alarm_of(ONE),
        "denied-many": alarm_of(FLOOD),
        "denied-dismissed": ended(ONE, dismissed),
        "denied-over": ended(FLOOD, Fact(EndingCode.NOT_REPEATED)),
    }
    return {name: alarm_message(alarm, is_admin=True).blocks for name, alarm in shown.items()}


def denied_windows() -> dict[str, Json]:
    """Return the windows, and the App Home of an admin."""
    alarms = [alarm_of(ONE), alarm_of(FLOOD)]
    page = Page(items=alarms, count=2, size=2, first_cursor=("a", "b"), last_cursor=("a", "b"))
    return {
        "denied-details": denied_view(ONE),
        "denied-details-many": denied_view(FLOOD),
        "denied-details-over": denied_view(replace(ONE, ended_at=NOW)),
        "denied-home": home_view(AppHome(is_admin=True, alarms=page), now=NOW),
    }

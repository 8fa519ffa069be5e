"""What happens when the end of an access has come."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from tests.workflows.core.builders import AMARA, RILEY, SAM, approval, prepared, request
from tests.workflows.core.partners.access_end.test_notices import DAY, END, announced, notice
from workflows.core.partners.access_end.decision import (
    EndSituation,
    EndStep,
    end_step,
    extension_waited_until,
    open_extension,
)
from workflows.core.plans.planning import plan_access
from workflows.core.policy.approval import Choice
from workflows.core.requests.delays.downtime import Gap
from workflows.core.requests.request import RequestKind, RequestState
from workflows.core.settings.model import CLOSED

ASKED: Final = request(expires_at=END + 5 * DAY)


def situation(**changes: Any) -> EndSituation:
    usual = EndSituation(now=END, gaps=(), blocks_left=1)
    return replace(usual, **changes)


def test_an_announced_end_blocks() -> None:
    assert end_step(END, [announced(30)], situation()) is EndStep.BLOCK


def test_more_than_the_most_wait_for_an_admin() -> None:
    assert end_step(END, [announced(30)], situation(blocks_left=0)) is EndStep.TOO_MANY


def test_an_end_that_nobody_was_told_of_asks_and_after_a_week_alarms() -> None:
    assert end_step(END, [], situation()) is EndStep.NOT_ANNOUNCED
    assert end_step(END, [notice(3)], situation(now=END + 6 * DAY)) is EndStep.NOT_ANNOUNCED
    assert end_step(END, [notice(3)], situation(now=END + 7 * DAY)) is EndStep.NOBODY_REACHED


def test_a_question_that_was_delivered_blocks_after_a_week() -> None:
    asked = notice(0, delivered=END)
    assert end_step(END, [asked], situation(now=END + 4 * DAY)) is EndStep.NOT_ANNOUNCED
    assert end_step(END, [asked], situation(now=END + 7 * DAY)) is EndStep.BLOCK


def test_after_a_long_downtime_nobody_is_said_to_be_out_of_reach_who_was_told() -> None:
    asked = notice(0, delivered=END + 10 * DAY)
    assert end_step(END, [asked], situation(now=END + 11 * DAY)) is EndStep.NOT_ANNOUNCED
    assert end_step(END, [asked], situation(now=END + 13 * DAY)) is EndStep.BLOCK


def test_a_short_downtime_asks_nobody() -> None:
    pause = Gap(since=END - DAY, until=END - DAY + timedelta(hours=1))
    assert end_step(END, [announced(3)], situation(gaps=[pause])) is EndStep.WAIT
    assert end_step(END, [announced(3)], situation(gaps=[pause], now=END + timedelta(hours=1))) is EndStep.BLOCK


def test_an_open_extension_is_waited_for_until_it_expires() -> None:
    assert end_step(END, [announced(30)], situation(extension=ASKED)) is EndStep.EXTENSION_OPEN
    assert end_step(END, [announced(30)], situation(extension=ASKED, now=END + 5 * DAY)) is EndStep.BLOCK


def test_no_request_is_waited_for_longer_than_two_weeks() -> None:
    late = replace(ASKED, expires_at=END + 90 * DAY)
    assert extension_waited_until(END, replace(late, decisions=(approval(AMARA, 0),))) == END + 14 * DAY
    assert extension_waited_until(END, late, RILEY) == END + 14 * DAY, "it is the sponsor's"
    assert extension_waited_until(END, replace(ASKED, state=RequestState.APPLYING)) == END + 14 * DAY


def test_only_an_open_request_that_opens_is_waited_for() -> None:
    closing = plan_access(
        tenant_id=prepared().plan.tenant_id,
        before={"tenantId": prepared().plan.tenant_id},
        settings=CLOSED,
        template="block",
        template_hash="",
        duration=timedelta(days=365),
    )
    block = request(prepared=prepared(plan=closing))
    revoked = request(RequestState.APPLYING, RequestKind.REVOCATION)
    ended = request(RequestState.WITHDRAWN)
    assert open_extension([revoked, ended, block], END) is None
    assert open_extension([revoked, ended, block, ASKED], END) is ASKED
    unplanned = request(RequestState.PREPARING)
    assert open_extension([unplanned], END) is unplanned


def test_nobody_delays_a_block_by_a_request_that_no_approver_wants() -> None:
    """Every full member may file a request, also one after the other."""
    late = replace(ASKED, expires_at=END + 90 * DAY)
    assert extension_waited_until(END, late, SAM) == END + 7 * DAY
    again = replace(late, created_at=END + 6 * DAY)
    assert extension_waited_until(END, again, SAM) == END + 7 * DAY, "another one does not delay it longer"
    now = END + 7 * DAY
    assert end_step(END, [announced(30)], situation(extension=again, sponsor=SAM, now=now)) is EndStep.BLOCK
    sponsors = situation(extension=again, sponsor=RILEY, now=now)
    assert end_step(END, [announced(30)], sponsors) is EndStep.EXTENSION_OPEN
    approved = replace(again, decisions=(approval(AMARA, 0),))
    assert extension_waited_until(END, approved, SAM) == END + 14 * DAY
    rejected = replace(again, decisions=(replace(approval(AMARA, 0), choice=Choice.REJECT),))
    assert extension_waited_until(END, rejected, SAM) == END + 7 * DAY


def test_a_request_for_less_time_is_not_waited_for() -> None:
    for ends_at, is_waited_for in ((END, False), (END + DAY, True)):
        asked = replace(ASKED, fields=replace(ASKED.fields, ends_at=ends_at))
        assert (open_extension([asked], END) is asked) is is_waited_for


def test_of_several_requests_the_longest_counts() -> None:
    sponsors = replace(ASKED, expires_at=END + 90 * DAY, fields=replace(ASKED.fields, requester=SAM.chat_id))
    assert open_extension([ASKED, sponsors, ASKED], END, SAM) is sponsors


def test_enabling_guest_accounts_extends_nothing() -> None:
    enabling = request(RequestState.AWAITING_APPROVAL, RequestKind.ENABLE_GUESTS)
    assert open_extension([enabling], END) is None

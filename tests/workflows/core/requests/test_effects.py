"""The order in which effects are performed, and which of them wait for each other."""

from dataclasses import replace
from typing import Final, get_args

import pytest

from tests.workflows.core.builders import AMARA, BATCH, NOW, REQUEST, RILEY, TENANT, text_message
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.alarms import AlarmId
from workflows.core.requests.commands.automatic import Expire
from workflows.core.requests.commands.batch import ImportSheet
from workflows.core.requests.commands.clicks import DropEffect
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import CommandSubject, Withdraw
from workflows.core.requests.effects import (
    AdvanceBatch,
    Apply,
    CheckPermission,
    Effect,
    JudgeSheet,
    MessageCode,
    PostAuditHead,
    Prepare,
    Priority,
    RemindPerson,
    RetryOrDropEffect,
    SendEndNotices,
    SendEscalationMessage,
    SendExpiryMessages,
    SendMessage,
    SendReminders,
    SendReviewReminders,
    ShowAccessTest,
    ShowAlarm,
    ShowBatch,
    ShowBlockAtEnd,
    ShowFreeze,
    ShowHandover,
    ShowHome,
    ShowRequest,
    ShowReview,
    ShowSetup,
    TellEscalation,
    UploadBatchList,
    WorkKind,
    asked_by,
    lane,
    priority_of,
    refusal_message,
    update_where_clicked,
    work_kind,
)
from workflows.core.requests.request import EscalationStep

CHECK = CheckPermission(key="k-1", command=DropEffect(actor=AMARA.chat_id, effect_id=7), received_at=None)
REVOKE = CheckPermission(key="k-2", command=Revoke(actor=AMARA.chat_id, target="contoso.com", reason="Incident"))
FREEZE = ChangeFreeze(actor=AMARA.chat_id, step=FreezeStep.FREEZE, reason="Incident")
TELL = SendMessage(person=AMARA.chat_id, subject=CommandSubject(request_id=REQUEST), fact=text_message("Done."))


SHEET: Final = JudgeSheet(command=ImportSheet(actor=AMARA.chat_id, file_id="F1"), key="k-1")
LANES_AND_PRIORITIES: Final[tuple[tuple[Effect, str, Priority], ...]] = (
    (CHECK, "judge:k-1", Priority.DECIDE),
    (Prepare(request_id=REQUEST), "prepare:r-1", Priority.DECIDE),
    (Apply(request_id=REQUEST, tenant_id=TENANT), f"tenant:{TENANT}", Priority.DECIDE),
    (REVOKE, "judge:k-2", Priority.CLOSE),
    (Prepare(request_id=REQUEST, closes=True), "prepare:r-1", Priority.CLOSE),
    (Apply(request_id=REQUEST, tenant_id=TENANT, closes=True), f"tenant:{TENANT}", Priority.CLOSE),
    (RetryOrDropEffect(effect_id=7, is_retried=False), "given_up:7", Priority.DECIDE),
    (ShowRequest(request_id=REQUEST), "card:r-1", Priority.SHOW),
    (SendReminders(request_id=REQUEST), "remind", Priority.SHOW),
    (RemindPerson(person=AMARA.chat_id, not_before=NOW), "remind_person", Priority.SHOW),
    (
        TellEscalation(request_id=REQUEST, round=0, stage=0, step=EscalationStep.ADMINS),
        "escalation:r-1",
        Priority.SHOW,
    ),
    (
        SendEscalationMessage(
            person=AMARA.chat_id,
            request_id=REQUEST,
            round=0,
            stage=0,
            step=EscalationStep.ADMINS,
            fact=text_message("It waits."),
        ),
        "tell:U-AMARA",
        Priority.SHOW,
    ),
    (SendExpiryMessages(request_id=REQUEST), "tell_expired", Priority.SHOW),
    (SendEndNotices(batch="b"), "end_notices", Priority.SHOW),
    (SendReviewReminders(batch="b"), "review_reminders", Priority.SHOW),
    (ShowBlockAtEnd(request_id=REQUEST), f"end:{REQUEST}", Priority.SHOW),
    (ShowReview(tenant_id=TENANT), f"review:{TENANT}", Priority.SHOW),
    (ShowReview(tenant_id=TENANT, remind=True), f"review:{TENANT}", Priority.SHOW),
    (ShowSetup(tenant_id=TENANT), f"half:{TENANT}", Priority.SHOW),
    (ShowSetup(tenant_id=TENANT, remind=True), f"half:{TENANT}", Priority.SHOW),
    (ShowHandover(tenant_id=TENANT), f"handover:{TENANT}", Priority.SHOW),
    (ShowAccessTest(tenant_id=TENANT), f"access_test:{TENANT}", Priority.SHOW),
    (TELL, "tell:U-AMARA", Priority.SHOW),
    (ShowAlarm(alarm_id=AlarmId("a-1")), "alarm:a-1", Priority.SHOW),
    (ShowFreeze(), "show_freeze", Priority.SHOW),
    (PostAuditHead(head="gatehouse-audit-1", seq=1), "post_audit_head", Priority.SHOW),
    (CheckPermission(command=FREEZE, key="k-1"), "judge:k-1", Priority.CLOSE),
    (CheckPermission(command=replace(FREEZE, step=FreezeStep.END), key="k-1"), "judge:k-1", Priority.DECIDE),
    (ShowHome(person=AMARA.chat_id), "home:U-AMARA", Priority.HOME),
    (AdvanceBatch(batch_id=BATCH), "batch:B-1", Priority.BATCH),
    (ShowBatch(batch_id=BATCH), "batch_card:B-1", Priority.SHOW),
    (UploadBatchList(batch_id=BATCH), "batch_card:B-1", Priority.SHOW),
    (SHEET, "sheet:U-AMARA", Priority.SHEET),
)
"""Each effect with its lane and its priority. Both are stored, so none is renamed without a migration."""


def test_a_choice_of_columns_is_shown_in_the_message_of_its_file() -> None:
    assert SHEET.run == "k-1"
    assert replace(SHEET, key="k-2", command=replace(SHEET.command, run="k-1")).run == "k-1"


@pytest.mark.parametrize(("effect", "where", "when"), LANES_AND_PRIORITIES)
def test_decisions_go_before_messages_and_homes_come_last(effect: Effect, where: str, when: Priority) -> None:
    """Writes to one partner share a lane, and so do the messages of one card."""
    assert (lane(effect), priority_of(effect)) == (where, when)


@pytest.mark.parametrize(
    ("effect", "person"),
    [
        (CHECK, AMARA.chat_id),
        (Prepare(request_id=REQUEST, asked_by=RILEY.chat_id), RILEY.chat_id),
        (Prepare(request_id=REQUEST), ""),
        (Apply(request_id=REQUEST, tenant_id=TENANT), ""),
        (TELL, ""),
    ],
)
def test_people_take_turns_with_their_clicks_and_requests(effect: Effect, person: str) -> None:
    """A write of what was decided waits for nobody's turn."""
    assert asked_by(effect) == person


def test_every_effect_has_a_lane_and_a_rank() -> None:
    assert {type(effect) for effect, _, _ in LANES_AND_PRIORITIES} == set(get_args(Effect))


def test_a_refusal_is_told_with_its_code_and_values() -> None:
    assert refusal_message(Refused(RefusalCode.NOT_DUE_YET, what="review")) == Fact(
        MessageCode.REFUSED, {"reasons": [{"code": "not_due", "values": {"what": "review"}}]}
    )


def test_who_clicked_sees_the_change_at_once_where_it_was_clicked() -> None:
    shown, later = ShowRequest(request_id=REQUEST), ShowRequest(request_id=REQUEST, not_before=NOW)
    click = Withdraw(actor=AMARA.chat_id, request_id=REQUEST)
    clicked = ShowRequest(request_id=REQUEST, clicked_by=AMARA.chat_id, clicked_in="")
    assert update_where_clicked((shown, later, TELL), click) == (clicked, later, TELL)


def test_what_the_bot_does_by_itself_was_clicked_nowhere() -> None:
    effects = (ShowRequest(request_id=REQUEST), TELL)
    assert update_where_clicked(effects, Expire()) == effects


def test_an_import_has_one_draft_however_often_it_is_done() -> None:
    again = replace(SHEET, command=replace(SHEET.command, run="k-0"))
    assert SHEET.draft_id == again.draft_id != replace(SHEET, key="k-2").draft_id
    assert (SHEET.run, again.run) == ("k-1", "k-0")


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (CHECK, WorkKind.CHECK),
        (Prepare(request_id=REQUEST), WorkKind.PREPARE),
        (Apply(request_id=REQUEST, tenant_id=TENANT), WorkKind.WRITE),
        (RetryOrDropEffect(effect_id=7, is_retried=False), WorkKind.WRITE),
        (REVOKE, WorkKind.CLOSE),
        (Prepare(request_id=REQUEST, closes=True), WorkKind.CLOSE),
        (Apply(request_id=REQUEST, tenant_id=TENANT, closes=True), WorkKind.CLOSE),
        (TELL, WorkKind.SHOW),
        (ShowHome(person=AMARA.chat_id), WorkKind.HOME),
        (AdvanceBatch(batch_id=BATCH), WorkKind.BATCH),
        (SHEET, WorkKind.SHEET),
    ],
    ids=lambda one: one.value if isinstance(one, WorkKind) else one.kind,
)
def test_each_kind_of_work_has_its_own_places(effect: Effect, kind: WorkKind) -> None:
    assert work_kind(effect) is kind

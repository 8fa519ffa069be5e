"""Names that stand in databases and audit logs: renaming one needs a migration, so each is written out here."""

from typing import get_args

from tests.workflows.core.builders import AMARA, REQUEST, TENANT, access_plan, classes, text_message
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import DomainError, InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.policy.approval import Choice
from workflows.core.requests.alarms import AlarmId
from workflows.core.requests.commands.clicks import RECEIVED_AS, Click
from workflows.core.requests.commands.partner import Command, PartnershipCommand
from workflows.core.requests.commands.request import Approve, CommandSubject, RequestCommand
from workflows.core.requests.effects import (
    Apply,
    CheckPermission,
    Effect,
    Prepare,
    Remind,
    SettleGivenUp,
    ShowAlarm,
    ShowHome,
    ShowRequest,
    ShowReview,
    ShowSetup,
    Tell,
    lane,
)
from workflows.core.requests.request import RequestKind, RequestState


def names(union: object, field: str) -> list[str]:
    return [member.__dataclass_fields__[field].default for member in classes(union)]


def test_the_names_of_commands() -> None:
    assert names(RequestCommand, "name") == [
        "submit",
        "record_prepared",
        "record_unfit",
        "record_delayed",
        "approve",
        "reject",
        "withdraw",
        "remind_approvers",
        "expire",
        "replan",
        "reopen",
        "stop",
        "record_writing",
        "record_overwritten",
        "record_unseen",
        "record_resent",
        "record_applied",
        "record_apply_failed",
    ]
    assert names(PartnershipCommand, "name") == [
        "ask_review",
        "keep",
        "record_sponsor_gone",
        "record_sponsor_found",
        "confirm_half",
        "unconfirm_half",
        "remind_half",
        "ask_half",
        "record_half",
    ]
    assert set(get_args(Command)) == {*get_args(RequestCommand), *get_args(PartnershipCommand)}


def test_the_names_of_clicks_and_effects() -> None:
    """A click stores its command; in the audit log it has a name of its own until it is judged."""
    assert names(Click, "name") == [
        "approve",
        "reject",
        "withdraw",
        "keep",
        "revoke",
        "confirm_half",
        "unconfirm_half",
        "remind_half",
        "retry_effect",
        "drop_effect",
    ]
    assert [RECEIVED_AS + name for name in names(Click, "name")] == [
        "want_approve",
        "want_reject",
        "want_withdraw",
        "want_keep",
        "want_revoke",
        "want_confirm_half",
        "want_unconfirm_half",
        "want_remind_half",
        "want_retry_effect",
        "want_drop_effect",
    ]
    assert names(Effect, "kind") == [
        "judge",
        "prepare",
        "apply",
        "show_request",
        "remind",
        "show_review",
        "show_half",
        "show_home",
        "tell",
        "show_alarm",
        "settle_given_up",
    ]


def test_the_names_of_states_kinds_and_choices() -> None:
    assert [state.value for state in RequestState] == [
        "preparing",
        "awaiting_approval",
        "applying",
        "unconfirmed",
        "applied",
        "rejected",
        "withdrawn",
        "expired",
        "unfit",
        "stopped",
        "overwritten",
        "failed",
    ]
    assert [state.value for state in PartnershipState] == ["active", "review_due", "revoked"]
    assert [kind.value for kind in RequestKind] == ["access", "revocation", "restoration"]
    assert [choice.value for choice in Choice] == ["approve", "reject"]


def test_what_must_not_overtake_shares_a_lane() -> None:
    """Writes to one partner, the messages of one card, and what one person is told; nothing else waits."""
    click = Approve(actor=AMARA.chat_id, request_id=REQUEST, digest=access_plan().digest)
    lanes: dict[Effect, str] = {
        CheckPermission(command=click, key="click-1"): "judge:click-1",
        Prepare(request_id=REQUEST): "prepare:r-1",
        Apply(request_id=REQUEST, tenant_id=TENANT): f"tenant:{TENANT}",
        ShowRequest(request_id=REQUEST): "card:r-1",
        Remind(request_id=REQUEST): "remind",
        ShowReview(tenant_id=TENANT): f"review:{TENANT}",
        ShowReview(tenant_id=TENANT, remind=True): f"review:{TENANT}",
        ShowSetup(tenant_id=TENANT): f"half:{TENANT}",
        ShowSetup(tenant_id=TENANT, remind=True): f"half:{TENANT}",
        ShowHome(person=AMARA.chat_id): "home:U-AMARA",
        Tell(
            person=AMARA.chat_id, subject=CommandSubject(request_id=REQUEST), said=text_message("Hello")
        ): "tell:U-AMARA",
        ShowAlarm(alarm_id=AlarmId("A-1")): "alarm:A-1",
        SettleGivenUp(effect_id=7, is_retried=True): "given_up:7",
    }
    assert {effect: lane(effect) for effect in lanes} == lanes
    assert {type(effect) for effect in lanes} == set(get_args(Effect))


def test_an_error_that_a_person_can_correct_names_the_field_and_what_is_wrong() -> None:
    error = InvalidField("target", RefusalCode.TARGET_MAIL_PROVIDER, domain="gmail.com")
    assert isinstance(error, DomainError)
    assert (error.field, error.code) == ("target", "target_mail_provider")
    assert error.fact == Fact("target_mail_provider", {"domain": "gmail.com"})
    assert str(error) == '‹target_mail_provider {"domain": "gmail.com"}›'
    assert not isinstance(error, Refused)

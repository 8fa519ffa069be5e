"""Names in databases and audit logs: renaming one needs a migration, so each is listed here."""

from typing import get_args

from tests.workflows.core.builders import classes
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import DomainError, InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.policy.approval import Choice
from workflows.core.policy.reviews.access_test import AccessOutcome
from workflows.core.requests.commands.clicks import RECEIVED_AS, Click
from workflows.core.requests.commands.partner_record import Command, PartnershipCommand
from workflows.core.requests.commands.request import RequestCommand
from workflows.core.requests.effects import (
    Effect,
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
        "confirm",
        "approve",
        "reject",
        "support",
        "withdraw",
        "edit",
        "request_changes",
        "record_proposal",
        "decline_proposal",
        "remind_approvers",
        "ask",
        "answer",
        "comment",
        "expire",
        "replan",
        "reopen",
        "stop",
        "record_writing",
        "record_overwritten",
        "record_unseen",
        "record_resent",
        "record_applied",
        "record_refusal",
        "record_apply_failed",
        "record_accounts_sending",
        "record_account_results",
        "record_accounts_read",
        "record_relations",
        "record_sponsors",
        "reassign",
        "accept_batch_decisions",
        "leave_batch",
        "end_with_batch",
        "escalate",
        "record_escalation",
        "announce_expiry",
        "stop_clock",
        "resume_clock",
        "start",
    ]
    assert names(PartnershipCommand, "name") == [
        "ask_review",
        "keep",
        "record_sponsor_gone",
        "record_sponsor_found",
        "propose_sponsor",
        "accept_sponsorship",
        "decline_sponsorship",
        "withdraw_sponsorship",
        "remind_handover",
        "expire_handover",
        "confirm_half",
        "unconfirm_half",
        "remind_half",
        "ask_half",
        "prompt_setup",
        "postpone_setup_prompt",
        "record_half",
        "issue_end_notice",
        "record_end_notice",
        "block_at_end",
        "start_review",
        "end_review_reason",
        "record_review_reminder",
        "skip_review",
        "suspend_for_silence",
        "ask_access_test",
        "request_access_test",
        "answer_access_test",
    ]
    assert set(get_args(Command)) == {*get_args(RequestCommand), *get_args(PartnershipCommand)}


def test_the_names_of_clicks_and_effects() -> None:
    """A click stores its command; in the audit log it has its own name until it is checked."""
    assert names(Click, "name") == [
        "approve",
        "reject",
        "support",
        "withdraw",
        "ask_reminder",
        "request_changes",
        "propose_less",
        "accept_proposal",
        "decline_proposal",
        "ask",
        "answer",
        "comment",
        "keep",
        "revoke",
        "confirm_half",
        "unconfirm_half",
        "remind_half",
        "propose_sponsor",
        "accept_sponsorship",
        "decline_sponsorship",
        "withdraw_sponsorship",
        "request_access_test",
        "answer_access_test",
        "retry_effect",
        "drop_effect",
        "accept_drift",
        "dismiss_denied_sign_ins",
        "change_freeze",
        "approve_batch",
        "reject_batch",
        "withdraw_batch",
        "answer_halt",
        "import_sheet",
        "start_campaign",
        "withdraw_campaign",
        "set_absence",
        "end_absence",
        "reassign",
        "change_guests",
        "confirm",
    ]
    assert [RECEIVED_AS + name for name in names(Click, "name")] == [
        "want_approve",
        "want_reject",
        "want_support",
        "want_withdraw",
        "want_ask_reminder",
        "want_request_changes",
        "want_propose_less",
        "want_accept_proposal",
        "want_decline_proposal",
        "want_ask",
        "want_answer",
        "want_comment",
        "want_keep",
        "want_revoke",
        "want_confirm_half",
        "want_unconfirm_half",
        "want_remind_half",
        "want_propose_sponsor",
        "want_accept_sponsorship",
        "want_decline_sponsorship",
        "want_withdraw_sponsorship",
        "want_request_access_test",
        "want_answer_access_test",
        "want_retry_effect",
        "want_drop_effect",
        "want_accept_drift",
        "want_dismiss_denied_sign_ins",
        "want_change_freeze",
        "want_approve_batch",
        "want_reject_batch",
        "want_withdraw_batch",
        "want_answer_halt",
        "want_import_sheet",
        "want_start_campaign",
        "want_withdraw_campaign",
        "want_set_absence",
        "want_end_absence",
        "want_reassign",
        "want_change_guests",
        "want_confirm",
    ]
    assert names(Effect, "kind") == [
        "judge",
        "prepare",
        "apply",
        "show_request",
        "remind",
        "remind_person",
        "tell_escalation",
        "send_escalation_message",
        "tell_expired",
        "show_review",
        "show_half",
        "show_handover",
        "show_access_test",
        "send_end_notices",
        "send_review_reminders",
        "show_block_at_end",
        "show_home",
        "tell",
        "show_alarm",
        "show_freeze",
        "post_audit_head",
        "settle_given_up",
        "advance_batch",
        "show_batch",
        "upload_batch_list",
        "judge_sheet",
    ]


def test_the_names_of_states_kinds_and_choices() -> None:
    assert [state.value for state in RequestState] == [
        "preparing",
        "awaiting_confirmation",
        "awaiting_approval",
        "scheduled",
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
    assert [outcome.value for outcome in AccessOutcome] == ["works", "fails", "not_tried"]
    assert [state.value for state in PartnershipState] == ["active", "review_due", "revoked", "suspended"]
    assert [kind.value for kind in RequestKind] == [
        "access",
        "revocation",
        "restoration",
        "adoption",
        "disable_guests",
        "enable_guests",
    ]
    assert [choice.value for choice in Choice] == ["approve", "reject"]


def test_an_error_that_a_person_can_correct_names_the_field_and_what_is_wrong() -> None:
    error = InvalidField("target", RefusalCode.TARGET_MAIL_PROVIDER, domain="gmail.com")
    assert isinstance(error, DomainError)
    assert (error.field, error.code) == ("target", "target_mail_provider")
    assert error.fact == Fact("target_mail_provider", {"domain": "gmail.com"})
    assert str(error) == "target_mail_provider domain=gmail.com"
    assert not isinstance(error, Refused)

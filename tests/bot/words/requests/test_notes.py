"""Every code that a note of a request may contain has its sentence; these are the sentences that people read."""

from itertools import chain
from typing import Any, Final

import pytest

from bot.words.refusals.freeze import UNREADABLE_FREEZE
from bot.words.requests.notes import note_words, stored_note_words
from workflows.core.batches.batch import RowCode
from workflows.core.errors.facts import Fact, as_values, facts_from_values, log_text, text_fact
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.approval import NotCountedReason
from workflows.core.requests.notes import NoteCode

GOLDEN: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    (NoteCode.TEXT, {"text": "Insufficient {privileges}."}, "Insufficient {privileges}."),
    (NoteCode.REJECTED, {"name": "Bruno", "reason": "Too {wide}"}, "Rejected by Bruno: Too {wide}"),
    (NoteCode.WITHDRAWN, {}, "The requester withdrew it."),
    (NoteCode.DRAFT_DISCARDED, {}, "The draft was discarded."),
    (NoteCode.UNDECIDED, {}, "Not approved in time. Request it again if it is still needed."),
    (
        NoteCode.NOBODY_COULD_DECIDE,
        {"stage": "Security"},
        "Nobody could decide: for ten working days, too few people could approve “Security”. Ask an admin to name "
        "approvers for it, then request it again.",
    ),
    (
        NoteCode.RESTORE_UNDECIDED,
        {"target": "contoso.com"},
        "Not approved in time. If it is still needed, ask again with /partner restore contoso.com.",
    ),
    (
        NoteCode.ADOPTION_UNDECIDED,
        {"target": "contoso.com"},
        "Not approved in time. If it is still needed, ask again with /partner adopt contoso.com.",
    ),
    (
        NoteCode.BATCH_UNDECIDED,
        {},
        "Not approved in time. If it is still needed, ask an admin for a new draft.",
    ),
    (NoteCode.CLOSING_FIRST, {}, "Something that closes access goes first."),
    (
        NoteCode.BATCH_ENDED_AFTER_HALT,
        {"name": "Dana Reyes", "reason": "wrong template"},
        "Dana Reyes ended it after it had stopped by itself: wrong template.",
    ),
    (NoteCode.BATCH_HALT_UNANSWERED, {}, "It had stopped by itself, and no admin answered in time."),
    (NoteCode.DRAFT_NOT_CONFIRMED, {}, "Nobody asked for it in time. An admin can make a new draft."),
    (
        NoteCode.BATCH_MEMBER_LEFT,
        {"names": ["contoso.com"]},
        "contoso.com is not part of the batch any more.",
    ),
    (
        NoteCode.BATCH_MEMBER_LEFT,
        {"names": ["a.example", "b.example", "c.example", "d.example"]},
        "a.example, b.example, c.example and 1 more are not part of the batch any more.",
    ),
    (NoteCode.AUTHOR_NOT_KNOWN, {}, "Entra's audit log does not say any longer who made all of these settings."),
    (
        NoteCode.OTHER_AUTHOR,
        {"names": ["bruno@woodgrove.com", "A script"]},
        "Entra's audit log names somebody else who made these settings: bruno@woodgrove.com, A script.",
    ),
    (
        NoteCode.ACCOUNTS_RESULT,
        {"change": "disable", "done": 1, "refused": 2, "gone": 1, "not_shown": 1, "unknown": 3, "unwritten": 4},
        "1 guest account is disabled (verified). Others: 1 gone, 2 refused by Microsoft Graph, 1 not shown as "
        "disabled, 3 sent without an answer, 4 not sent.",
    ),
    (
        NoteCode.ACCOUNTS_RESULT,
        {"change": "enable", "done": 500, "unwritten": 0},
        "500 guest accounts are enabled (verified).",
    ),
    (
        NoteCode.ACCOUNTS_RESULT,
        {"change": "disable", "left_alone": 2, "gone": 1, "unwritten": 0},
        "No guest account was disabled: 2 left alone, because they changed, 1 gone.",
    ),
    (
        NoteCode.ACCOUNTS_RESULT,
        {"change": "enable", "sent": 20, "unwritten": 5},
        "No guest account is verified as enabled: 20 sent and not verified, 5 not sent.",
    ),
    (NoteCode.ACCOUNTS_RESULT, {"change": "enable", "unwritten": 0}, "No guest account was enabled."),
    (NoteCode.GUESTS_UNREADABLE, {}, "The guest accounts of this tenant cannot be read now."),
    (
        NoteCode.ACCOUNTS_NOT_CONFIRMED,
        {},
        "The guest accounts were not confirmed in time. Nothing was written.",
    ),
    (
        NoteCode.ACCOUNTS_NOT_ALLOWED,
        {},
        "Microsoft Graph refused these writes: a permission of the credential for guest accounts is missing. Nothing "
        "more is sent.",
    ),
    (
        NoteCode.ACCOUNTS_PARTNER_BLOCKED,
        {},
        "The partner is blocked now, so no more guest accounts are enabled.",
    ),
    (
        NoteCode.ACCOUNTS_UNDO_TOO_LATE,
        {},
        "The undo was not finished within a day of the disabling, or the clock was set back. Request to enable the "
        "accounts: the partner's approvers decide.",
    ),
    (
        NoteCode.ACCOUNTS_APPROVED_LONG_AGO,
        {},
        "The last approval is older than 7 days, or the clock was set back, so this needs new approval.",
    ),
    (
        NoteCode.ACCOUNTS_DISABLED_INSTEAD,
        {"name": "Amara"},
        "Amara asked later to disable guest accounts of this partner.",
    ),
    (
        NoteCode.ACCOUNTS_READ_BACK_FIRST,
        {},
        "An earlier request of this partner was stopped. What it sent is read back first.",
    ),
    (NoteCode.ACCOUNTS_NOT_ADMIN, {"name": "Dana"}, "Dana confirmed this and is no admin any more."),
    (
        NoteCode.SENT_BEFORE,
        {},
        "A change of an earlier plan of this request was sent but not verified. It may be active in the tenant. "
        "/partner show shows the current settings.",
    ),
    (
        NoteCode.REVOKED_MEANWHILE,
        {"name": "Dana"},
        "Dana closed this partner before the change was verified, so the change was stopped.",
    ),
    (
        NoteCode.EXTENDED_MEANWHILE,
        {},
        "The partner was extended or approved again before the automatic block began. Nothing was blocked.",
    ),
    (
        NoteCode.ANSWERED_MEANWHILE,
        {},
        "The review was answered, or the access was changed, before the automatic suspension began. Nothing was "
        "blocked.",
    ),
    (
        NoteCode.OVERWRITTEN,
        {},
        "Somebody else changed the partner's settings while Gatehouse was sending the change. The current settings "
        "are not the approved ones, so one person cannot keep them. Check them with /partner show. Then revoke the "
        "partner, or request the right settings with /partner request.",
    ),
    (NoteCode.KEEPS_CHANGING, {}, "Somebody keeps changing this partner's settings."),
    (
        NoteCode.CAPABILITIES_UNREAD,
        {},
        "The partner's Microsoft 365 capabilities could not be read. Gatehouse needs the permission "
        "Policy.ReadWrite.CrossTenantCapability.",
    ),
    (NoteCode.KEEPS_TRYING, {}, "Gatehouse keeps trying."),
    (
        NoteCode.REJECTION_UNCHECKED,
        {},
        "Somebody rejected the request, and that is checked first. Nothing was written.",
    ),
    (NoteCode.WAITS_FOR_ADMIN, {}, "The request waits until an admin has corrected this."),
    (
        NoteCode.WENT_WRONG,
        {},
        "There was an error in Gatehouse. It does not continue automatically. Ask an admin to run gatehouse doctor.",
    ),
    (
        NoteCode.NOT_SHOWN_YET,
        {},
        "Microsoft Graph accepted the change but does not show it yet. Gatehouse keeps reading until it does.",
    ),
    (
        NoteCode.FROZEN,
        {"name": "os:root", "reason": "Incident 7"},
        "Frozen by root at the command line: Incident 7. Nothing that opens access is applied until two admins end it.",
    ),
    (
        NoteCode.HELD,
        {"cause": "restored"},
        "Held: the records are an older backup. Nothing that opens access is applied until two admins release it. "
        "Requests from before cannot be approved, and are void then.",
    ),
    (
        NoteCode.VOID_AFTER_RESTORE,
        {},
        "Gatehouse was started with older records, or with records that may be older. So this is void, and nothing "
        "more of it is written. It can be sent again with /partner request.",
    ),
    (NoteCode.FREEZE_UNREADABLE, {}, UNREADABLE_FREEZE),
    (
        NoteCode.CLOCK_WRONG,
        {"seconds": 130},
        "The clock of Gatehouse's machine is wrong by 130 seconds. "
        "Nothing that opens access is written until it is right.",
    ),
    (
        NoteCode.NOT_AS_SIGNED,
        {},
        "Something other than Gatehouse changed the records that this rests on. Nothing that opens access is written "
        "until two admins end the freeze about it.",
    ),
    (
        NoteCode.NOT_BELIEVED,
        {},
        "Changed by something other than Gatehouse. Its approvals are not believed, and nothing of it is written. "
        "This request ends when two admins end the freeze about it.",
    ),
    (
        NoteCode.ENDED_NOT_BELIEVED,
        {},
        "Something other than Gatehouse changed this request. Its approvals are not believed. Nothing more of it is "
        "written. It can be sent again with /partner request.",
    ),
    (
        NoteCode.ENDED_NOT_BELIEVED,
        {"was_sent": False},
        "Something other than Gatehouse changed this request. Its approvals are not believed. Nothing of it is "
        "written. It can be sent again with /partner request.",
    ),
    (
        NoteCode.BATCH_NOT_BELIEVED,
        {"was_sent": False},
        "Something other than Gatehouse changed this batch. Its approvals are not believed. Nothing of it is written. "
        "Ask again for what is still needed.",
    ),
    (
        NoteCode.BATCH_NOT_BELIEVED,
        {},
        "Something other than Gatehouse changed this batch. Its approvals are not believed. Nothing more of it is "
        "written. Ask again for what is still needed.",
    ),
    (
        NoteCode.BATCH_CHANGED,
        {},
        "Changed by something other than Gatehouse. Its approvals are not believed, and nothing more of it is written. "
        "This batch ends when two admins end the freeze about it.",
    ),
    (
        NoteCode.NOT_SENT_FROZEN,
        {},
        "It was not sent because of a freeze, and is not sent later. Restore the settings again.",
    ),
    (NoteCode.CHANGE_NOT_SHOWN, {}, "Microsoft Graph does not show the change yet."),
    (NoteCode.SENT_NOT_SHOWN, {}, "The change was sent, but Microsoft does not show it yet."),
    (NoteCode.SENT_UNREADABLE, {}, "The change was sent but cannot be read back:"),
    (NoteCode.ACCEPTED_UNREADABLE, {}, "The change was accepted but cannot be read back:"),
    (NoteCode.EXISTS_UNREADABLE, {}, "The partner exists already but cannot be read:"),
    (
        NoteCode.EXISTS_NOT_SHOWN,
        {},
        "The partner's entry exists already, but Microsoft Graph does not show it yet.",
    ),
    (
        NoteCode.SETTINGS_UNREADABLE,
        {},
        "The partner's settings cannot be read, so the current settings are not known.",
    ),
    (NoteCode.WAS_THERE, {}, "The partner's entry existed a moment ago:"),
    (NoteCode.TRIED_AGAIN, {}, "It existed a moment ago, so Gatehouse tries again."),
    (
        NoteCode.ACCESS_ENDED,
        {"ends_at": "2027-03-04T00:00:00+00:00"},
        "The last day of the requested access, Mar 3, 2027 (UTC), passed before it was applied.",
    ),
    (NoteCode.REQUEST_LATER_END, {}, "Request it again with a later end."),
    (
        NoteCode.CHECK_PART,
        {},
        "A review is due now: revoke the partner, or request it again with a later end. /partner show shows the "
        "current settings.",
    ),
    (
        NoteCode.ENDED_ALREADY,
        {"ends_at": "2027-03-04T09:00:00+00:00"},
        "The last day of this access, Mar 4, 2027 (UTC), passed before it was verified. The access is active and "
        "stays until somebody revokes it. A review is due now: revoke the partner, or request it again with a later "
        "end.",
    ),
    (
        NoteCode.ENDED_ALREADY,
        {"ends_at": "2027-03-04T09:00:00+00:00", "at_end": "block"},
        "The last day of this access, Mar 4, 2027 (UTC), passed before it was verified. The access is active. The "
        "sponsor and the admins are asked, then it is blocked automatically. Revoke the partner, or request it again "
        "with a later end.",
    ),
    (NoteCode.SENT_DOES_NOT_SHOW, {}, "Microsoft does not show the change that was sent before."),
    (
        NoteCode.PROGRESS,
        {"written": [[], ["b2bCollaborationInbound", "inboundTrust"]], "unwritten": [["identitySynchronization"]]},
        "Microsoft Graph accepted 2 of 3 changes. Accepted: the partner without settings of its own; B2B "
        "collaboration, inbound, Inbound trust. Refused or not sent: Identity synchronization into this tenant.",
    ),
    (
        NoteCode.PROGRESS,
        {
            "written": [["inboundTrust"]],
            "unwritten": [["identitySynchronization"]],
            "is_read": True,
        },
        "Only 1 of 2 changes is in the tenant (verified): Inbound trust. Not in the tenant: Identity synchronization "
        "into this tenant.",
    ),
    (
        NoteCode.REVIEW_PART,
        {},
        "A review is due now: revoke the partner, or send the request again. /partner show shows the current settings.",
    ),
    (
        NoteCode.REFUSED_UNREAD,
        {},
        "Microsoft Graph refused a write of this change. Nothing more is sent. The partner's settings cannot be read, "
        "so what is in the tenant now is not known.",
    ),
    (
        NoteCode.REFUSED_NOT_SHOWN,
        {},
        "Microsoft Graph refused a write of this change. Nothing more is sent. It does not show yet what it accepted "
        "before, so what is in the tenant now is not known.",
    ),
    (NoteCode.EDITED, {"name": "Riley"}, "Riley edited this request."),
    (
        NoteCode.PROPOSAL_ACCEPTED,
        {"name": "Riley", "proposer": "Amara"},
        "Riley accepted to ask for less, as Amara proposed.",
    ),
    (NoteCode.NOT_WRITTEN, {"is_first": True}, "Nothing was written."),
    (NoteCode.NOT_WRITTEN, {"is_first": False}, "This plan was not written."),
    (NoteCode.ACCEPTED_NOT_SHOWN, {}, "Microsoft Graph accepted the change but does not show it."),
    (
        NoteCode.PLANNED_FROM_NOW,
        {},
        "Microsoft Graph accepted the change but does not show it. It is planned again from the current settings and "
        "needs new approval.",
    ),
    (
        NoteCode.CHANGED_BY_OTHERS,
        {},
        "Somebody changed this partner's settings outside Gatehouse.",
    ),
    (
        NoteCode.PLANNED_AGAIN,
        {"is_first": True, "has_written_nothing": True, "is_revocation": False},
        "Nothing was written. The new plan needs new approval.",
    ),
    (
        NoteCode.PLANNED_AGAIN,
        {"is_first": True, "is_unwritten": True, "is_revocation": False},  # stored by an earlier version
        "Nothing was written. The new plan needs new approval.",
    ),
    (
        NoteCode.PLANNED_AGAIN,
        {"is_first": False, "has_written_nothing": True, "is_revocation": False},
        "This plan was not written. The new plan needs new approval.",
    ),
    (
        NoteCode.PLANNED_AGAIN,
        {"is_first": True, "has_written_nothing": False, "is_revocation": True},
        "The current settings differ from the change that was sent before. The revocation is planned again from the "
        "current settings.",
    ),
    (
        NoteCode.UNKNOWN_SETTINGS_CHANGED,
        {"names": ["places", "newer"], "is_first": True},
        "Changed for this partner since the plan, with an effect that is not known: 2 settings that Gatehouse does not "
        "know. Nothing was written. The change is planned again from the current settings and needs new approval.",
    ),
    (NoteCode.TEMPLATE_CHANGED, {}, "The template changed after this request was shown."),
    (
        NoteCode.ROLE_CHANGED,
        {"role": "security"},
        "The definition of the role “security” changed after this was shown.",
    ),
    (NoteCode.ASKED_AGAIN, {}, "It is planned again, and approvers decide on the new plan."),
    (NoteCode.STAGE_OPEN_AGAIN, {"is_first": True}, "Nothing was written. The stage is open again."),
    (
        NoteCode.DEFAULT_CHANGED,
        {"names": ["b2bCollaborationOutbound"]},
        "The tenant's default changed after this was shown and would apply to the partner: B2B collaboration, "
        "outbound.",
    ),
    (
        NoteCode.ASKED_WITH_DEFAULT,
        {"is_first": False},
        "This plan was not written. The change is planned again with the current default and needs new approval.",
    ),
    (
        NoteCode.DEFAULT_UNKNOWN,
        {},
        "The tenant's default for this partner is not known, so nothing is sent.",
    ),
    (
        NoteCode.LEADS_ELSEWHERE,
        {"target": "contoso.com", "tenant": "t-1", "now": "t-2"},
        "“contoso.com” belonged to the tenant t-1 when this was approved, but belongs to the tenant t-2 now.",
    ),
    (
        NoteCode.LEADS_ELSEWHERE,
        {"target": "contoso.com", "tenant": "t-1", "now": None},
        "“contoso.com” belonged to the tenant t-1 when this was approved, but belongs to no tenant now.",
    ),
    (NoteCode.ASK_PARTNER_FIRST, {}, "Ask the partner before you request it again."),
    (
        NoteCode.NOT_RUNNING,
        {"since": "2027-03-01T09:00:00+00:00", "until": "2027-03-01T10:30:00+00:00"},
        "Gatehouse was not running between Mar 1, 2027 at 09:00 UTC and Mar 1, 2027 at 10:30 UTC, so its records may "
        "be older than the tenant.",
    ),
    (
        NoteCode.NOT_RUNNING,
        {"since": None, "until": "2027-03-01T10:30:00+00:00"},
        "Gatehouse was not running for a while, so its records may be older than the tenant.",
    ),
    (NoteCode.LOG_TOO_SHORT, {}, "Entra's audit log does not go back far enough, so this needs new approval."),
    (NoteCode.LOG_UNREADABLE, {}, "Entra's audit log cannot be read, so this needs new approval."),
    (
        NoteCode.CHANGED_SINCE_APPROVED,
        {},
        "This partner was changed after the approval, so this needs new approval.",
    ),
    (
        NoteCode.NOT_CLOSED,
        {"ways": [{"name": "places", "opening": "not known"}]},
        "Still open or not known: 1 setting that Gatehouse does not know.",
    ),
    (
        NoteCode.DEFAULT_UNREADABLE,
        {},
        "The tenant's default could not be read, so what applies by default is not known. /partner show reads it "
        "again.",
    ),
    (NoteCode.NOT_TAKEN, {"names": ["places", "newer"]}, "Not accepted: 2 settings that Gatehouse does not know."),
    (NoteCode.LATE, {}, "Microsoft Graph did not answer in time."),
    (NoteCode.TAKEN_NOT_SHOWN, {}, "Microsoft Graph accepted it but does not show it."),
    (
        NoteCode.PERSON_GONE,
        {"name": "Sam"},
        "Sam is named on this request or is the partner's sponsor, and cannot be any more.",
    ),
    (
        NoteCode.MAY_NOT_REQUEST_NOW,
        {"name": "Riley", "template": "Trusted partner"},
        "Riley may not send this request any more: the template “Trusted partner” allows others.",
    ),
    (
        NoteCode.SPONSOR_HANDED_OVER,
        {"sponsor": "Dana", "named": "Sam"},
        "Dana is the partner's sponsor now and stays it. The request names Sam, and the partner was handed over after "
        "that.",
    ),
    (NoteCode.PERSON_UNREADABLE, {}, "The requester cannot be looked up."),
    (
        NoteCode.CHANGED_REPEATEDLY,
        {},
        "The block cannot be verified, because somebody keeps changing the partner's settings.",
    ),
    (NoteCode.OTHER_IS_OPEN, {"other": "R-1"}, "R-1 is open for the same tenant."),
    (NoteCode.OWN_FAULT, {"error": "KeyError('x')"}, "There was an error in Gatehouse: KeyError('x')."),
    (NotCountedReason.EARLIER_VERSION, {"person": "Amara"}, "Amara approved an earlier version of this request."),
    (NotCountedReason.MAY_NOT, {"person": "Sam"}, "Sam may not approve this request."),
    (NotCountedReason.COUNTS_ONCE, {"person": "Bruno"}, "Bruno has already approved once."),
    (
        NotCountedReason.LOST_ROLE,
        {"person": "Bruno", "stage": "Data owners"},
        "Bruno no longer has the role “Data owners”.",
    ),
)


def test_every_code_has_a_sentence_here() -> None:
    assert {code for code, _, _ in GOLDEN} == set(chain(NoteCode, NotCountedReason))


@pytest.mark.parametrize(("code", "values", "sentence"), GOLDEN)
def test_a_note_reads_as_always(code: str, values: dict[str, Any], sentence: str) -> None:
    assert note_words(Fact(code, values)) == sentence
    assert note_words(facts_from_values(as_values([Fact(code, values)]))) == sentence


def test_several_notes_follow_one_another_and_none_says_nothing() -> None:
    note = (text_fact("No answer."), text_fact(""), Fact(NoteCode.KEEPS_TRYING))
    assert note_words(note) == "No answer. Gatehouse keeps trying."
    assert note_words(()) == ""


def test_a_text_of_an_earlier_version_is_shown_as_it_is() -> None:
    assert stored_note_words("No answer.") == "No answer."
    assert stored_note_words(as_values([Fact(NoteCode.LATE)])) == "Microsoft Graph did not answer in time."


def test_a_log_line_has_codes_and_values_and_no_sentence() -> None:
    note = (text_fact("No answer."), Fact(NoteCode.ROLE_CHANGED, {"role": "security"}), Fact(NoteCode.KEEPS_TRYING))
    assert log_text(note) == "No answer. role_differs role=security keeps_trying"


def test_no_note_has_the_code_of_a_refusal() -> None:
    """A note may be a refusal's fact, so a code must say which of the two it is."""
    assert {one.value for one in NoteCode} & {one.value for one in RefusalCode} <= {"text"}


def test_a_refusal_as_a_note_has_the_words_of_the_refusal() -> None:
    assert note_words(Fact(RefusalCode.REMINDED_WITHIN_A_DAY)) == (
        "The approvers were asked or reminded within the last 24 hours. Wait until then, and remind them again."
    )


def test_a_member_that_goes_alone_for_high_risk_says_so_in_words() -> None:
    """It is the note of a request that left its batch, on a card of its own."""
    assert note_words((Fact(RowCode.HIGH_RISK, {"reasons": ["every_app"]}),)) == "High risk is decided alone."

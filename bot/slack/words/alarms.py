"""The texts of alarms, for admins: the problem, since when, and what to do.

It is long because every kind of alarm and of stopped work has its words here.
"""

from collections.abc import Mapping
from typing import Any, Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    cleaned_text,
    fixed_text,
    local_time,
    paragraph,
    rich_text,
    with_local_times,
)
from bot.slack.blocks.message import Message, message
from bot.slack.words.denied_sign_ins import DENIED, denied_elements
from bot.slack.words.drift_buttons import alarm_answers
from bot.words.names.partners import notified_name, verified_name, without_ids
from bot.words.posture.denied_sign_ins import denied_alarm_words, denied_tenants_words, denied_to_many_words
from bot.words.posture.drift import (
    RECORDS_END,
    accepted_words,
    digest_alarm_words,
    drift_alarm_words,
    records_end_words,
    sponsor_advice,
)
from bot.words.posture.held import held_report_lines
from bot.words.refusals.freeze import (
    UNREADABLE_FREEZE,
    as_sentence,
    end_asked_words,
    frozen_words,
    held_end_asked_words,
    held_words,
)
from bot.words.refusals.named_people.approvers import manager_problem_words
from bot.words.refusals.named_people.deciders import unusual_alarm_words
from bot.words.refusals.named_people.people import limit_words
from bot.words.requests.messages import missing_groups_words
from bot.words.requests.notes import stored_note_words
from bot.words.reviews.silence import why_open_words
from bot.words.sentences import comma_list, counted, day, minute
from bot.words.settings.open_access import access_kind_titles
from bot.words.unavailable.audit_chain import alarm_values as chain_alarm_words
from bot.words.unavailable.permissions import SERVICES, application_words, missing_words
from bot.words.unavailable.storage import trouble_words
from workflows.core.requests.alarms import ENDED, OPEN_ACCESS, Alarm, AlarmCode, EndingCode

_MAX_CHARACTERS: Final = 1500
_TEXTS: Final[Mapping[AlarmCode, tuple[str, str]]] = {
    AlarmCode.EFFECT_GIVEN_UP: (
        "Gatehouse stopped trying: {work}. Reason: {reason}",
        "Remove the reason, then choose Try again on your App Home or run gatehouse doctor --retry {number}. "
        "Choose Give up, or run gatehouse doctor --give-up {number}, if it is not needed any more.",
    ),
    AlarmCode.WRITE_NOT_SHOWN: (
        "A change was sent to Microsoft more than ten minutes ago ({request}) and is not shown.",
        "Gatehouse keeps reading. Check the partner in the Microsoft Entra admin center.",
    ),
    AlarmCode.REVOCATION_NOT_COMPLETE: (
        "The revocation ({request}) is not confirmed. The partner may still be open. {reason}",
        "Gatehouse keeps trying. Until it succeeds, block the partner in the Microsoft Entra admin center.",
    ),
    AlarmCode.PARTLY_APPLIED: (
        "The change of {request} is only partly applied, and its access needs a decision. {reason}",
        "Check the partner with /partner show. Then revoke it, or have the access requested again.",
    ),
    AlarmCode.ROLE_EMPTY: (
        "The role “{role}” has too few people: {people} can decide, {needed} must. "
        "Requests that wait for it: {requests}. {missing}",
        "Add people to {where}. Where a user group is missing, restore it in Slack or correct roles.toml.",
    ),
    AlarmCode.SPONSOR_GONE: (
        "The sponsor, {sponsor}, has no enabled account in Entra any more. {manager_words}",
        "Change sponsor asks somebody to be the sponsor. Or answer the partner's review: Keep makes you the sponsor, "
        "Revoke blocks the partner.",
    ),
    AlarmCode.CHANNEL_NOT_PRIVATE: (
        "The approval channel {channel} cannot be used: {reason}. No approval card is posted there.",
        "Make it a private channel of this workspace only, or set SLACK_CHANNEL to such a channel.",
    ),
    AlarmCode.CARD_NOT_POSTED: (
        "Slack does not accept the card ({request}): {reason}.",
        "Make sure that the approval channel is not archived, and that the app is a member and may post there. "
        "Or set SLACK_CHANNEL to another channel. "
        "Gatehouse tries again automatically. Until then, approvers get the card as a direct message.",
    ),
    AlarmCode.STORE_NOT_WRITABLE: (
        "The records cannot be written: {reason}. Clicks are not accepted.",
        "Free space on the disk, or end the program that locks the database file.",
    ),
    AlarmCode.MESSAGES_WAIT: (
        "Slack has not accepted {count} messages and cards for minutes: {reason}.",
        "If Slack refuses the token, install the app again. Otherwise look at Slack's status page. Everything is sent "
        "later. Decisions are kept, and gatehouse revoke works without Slack.",
    ),
    AlarmCode.SOCKET_SILENT: (
        "The connection to Slack is silent: {reason}. Clicks may not arrive.",
        "Gatehouse connects again automatically. If it does not succeed, check the network and SLACK_APP_TOKEN.",
    ),
    AlarmCode.CLOCK_WRONG: (
        "The clock of Gatehouse's machine is wrong: by {seconds} seconds, compared with Slack's and Microsoft's. From "
        "120 seconds on, nothing that opens access is written. From 300 seconds on, clicks are refused.",
        "Correct the clock, and switch on its synchronization (NTP). Gatehouse then goes on automatically.",
    ),
    AlarmCode.DRIFT: ("{drift_problem}", "{drift_advice}"),
    AlarmCode.DRIFT_DIGEST: ("{drift_problem}", "{drift_advice}"),
    AlarmCode.OWN_CHANGE: (
        "CRITICAL. Gatehouse's own application changed this partner, and no approved plan holds the change: "
        "{drift_problem}",
        "Somebody else may use the application's credential. Replace the credential, then look at the sign-ins of the "
        "application in Entra. {drift_advice}",
    ),
    AlarmCode.WRITE_NOT_IN_LOG: (
        "Entra's audit log does not show {count} of Gatehouse's writes, the first one of {since_words}. "
        "Partners: {names}.",
        "Look at the log in Entra, category CrossTenantAccessSettings. If it has them, nothing is wrong. If not, run "
        "gatehouse sweep and gatehouse audit verify.",
    ),
    AlarmCode.OWN_ENTRY_NOT_EXPLAINED: (
        "CRITICAL. Entra's audit log shows {changes} by Gatehouse's own application that Gatehouse did not make, "
        "the first one of {since_words}. Partners: {names}.",
        "Somebody else may use the application's credential. Replace the credential, then look at the sign-ins of the "
        "application in Entra.",
    ),
    AlarmCode.BATCH_HALTED: (
        "The batch {batch} stopped by itself: {failed} of the {tried} partners tried could not be applied as approved. "
        "The others are not written.",
        "Look at the partners in Details of the batch. Then continue it, or end it.",
    ),
    AlarmCode.SWEEP_INCOMPLETE: (
        "No sweep could read everything since {since_words}. What changed outside of Gatehouse since then may be "
        "missing here. {reason}",
        "Gatehouse tries again every hour. Check that Microsoft Graph answers, and run gatehouse sweep.",
    ),
    AlarmCode.WRONG_TENANT: (
        "Microsoft Graph answers for another tenant than the one in the settings. Nothing is written.",
        "Set AZURE_TENANT_ID and the credentials to the same tenant.",
    ),
    AlarmCode.PERMISSIONS_SURPLUS: (
        "{application} has permissions that it does not need: {names}. Nothing that opens access is written.",
        "Remove them from the application in Entra, or name them in GATEHOUSE_ALLOWED_PERMISSIONS. Revoking and "
        "reducing access still works.",
    ),
    AlarmCode.PERMISSIONS_MISSING: (
        "{application} lacks permissions. {missing_permissions}.",
        "Grant them in Entra, with admin consent. gatehouse doctor lists all of them.",
    ),
    AlarmCode.SERVICE_SILENT: (
        "{service_words} has not answered since {since_words}. Gatehouse asks again once or twice a minute. What waits "
        "for it is done later.",
        "Look at the service health in the Microsoft 365 admin center, and at the network. Revoking is still tried.",
    ),
    AlarmCode.END_NOT_ANNOUNCED: (
        "Access is open more than a week after its end, because no notice could be delivered. Partners: {count}. The "
        "first ones: {names}.",
        "Revoke them, or request more time. They are not blocked automatically before somebody was told.",
    ),
    AlarmCode.END_NOT_BLOCKED: (
        "The access period has ended and the partner is still open: the automatic block ({request}) ended without "
        "a verified result.",
        "Revoke the partner, or request more time. Gatehouse does not try again automatically.",
    ),
    AlarmCode.REVIEW_SILENT: (
        "Nobody has answered the review for 60 days, and the access is still open. {why_open} Partners: {count}. The "
        "first ones: {names}.",
        "Answer the reviews, or revoke the partners. Your App Home lists every review that is due.",
    ),
    AlarmCode.FROZEN: (
        "{frozen}",
        "Revoking and reducing access still works. To end it, choose End freeze…; another admin must confirm that.",
    ),
    AlarmCode.HELD: (
        "{held}",
        "Another message says what the records lack. To release it, choose Release…; another admin must confirm that.",
    ),
    AlarmCode.HELD_REPORT: (
        "{held_report}",
        "Put right what is wrong first, with /partner revoke or /partner adopt. Then two admins release it.",
    ),
    AlarmCode.FREEZE_END_ASKED: (
        "{end_asked} Another admin must confirm that within 24 hours. The reason of the freeze: {why_words}",
        "Choose End freeze… to confirm that, or to keep it frozen.",
    ),
    AlarmCode.SIGN_INS_DENIED: ("{denied_problem}", "{denied_advice}"),
    AlarmCode.SIGN_INS_DENIED_TO_MANY: ("{denied_problem}", "{denied_advice}"),
    AlarmCode.UNUSUAL_DECISIONS: (
        "{unusual}",
        "Ask these people in person or by phone whether they decided this. If not, use /partner freeze, and revoke the "
        "partners.",
    ),
    AlarmCode.AUDIT_CHAIN: (
        "The records are not as Gatehouse wrote them. {chain_problem} What opens access is frozen until two admins end "
        "the freeze about it.",
        "{chain_advice} While it is frozen, /partner unfreeze ends it. Open requests that are not believed end then.",
    ),
    AlarmCode.LIMIT_REACHED: (
        "{person} reached the limit of {limit_words}.",
        "Ask the person whether this was meant. The limits are settings, see docs/operations.md.",
    ),
}
_DETAILS: Final[Mapping[AlarmCode, str]] = {
    AlarmCode.WRONG_TENANT: "Tenant of the answer: {found}. Tenant in the settings: {expected}.",
    **dict.fromkeys(DENIED, "{denied_tenants}"),
    **dict.fromkeys((AlarmCode.DRIFT, AlarmCode.OWN_CHANGE), "{drift_tenant}"),
}
"""IDs, which the message has and its notification has not."""
_ACCESS_STAYS_OPEN: Final = (
    "The block ({request}) is verified, but Microsoft Graph refused a part of the change. "
    "These may still be open: {titles}. {reason}",
    "Revoke the partner again, or close it in the Microsoft Entra admin center. Gatehouse does not try again "
    "automatically.",
)
"""The problem and the correction for a verified revocation that left something open."""

ENDINGS: Final[Mapping[EndingCode, str]] = {
    EndingCode.CLICK_ENDED: "the click was refused, or an admin gave it up",
    EndingCode.REPLACED: "replaced by {by}",
    EndingCode.REQUEST_ENDED: "the request ended as {state}",
    EndingCode.DAY_PASSED: "a day passed without a verified block",
    EndingCode.DRIFT_ACCEPTED: "{accepted}",
    EndingCode.ASKED_AGAIN: "the change is still there, see the newer alarm",
    EndingCode.ALL_ANSWERED: "every change is as approved again, accepted, or in a newer alarm",
    EndingCode.OTHER_CHANGE: "the settings were changed again, see the newer alarm",
    EndingCode.FREEZE_GOES_ON: "the request was taken back, or it is older than 24 hours. The freeze goes on",
    EndingCode.ADMINS_ENDED_FREEZE: "two admins ended the freeze about it. Requests that are not believed have ended",
    EndingCode.LOG_TOO_OLD: "a week passed, and Entra's audit log may not go back so far",
    EndingCode.HOLD_ENDED: "the hold has ended, and the rest was not checked again",
    EndingCode.PARTNERS_CHANGED: "a newer alarm lists the partners that it is about now",
    EndingCode.DISMISSED: "dismissed by {by} until {until_day}",
    EndingCode.ENTRY_ADDED: "the tenant has an entry in the cross-tenant access settings now",
    EndingCode.SHOWN_A_WEEK: "it was shown for seven days",
    EndingCode.NOT_REPEATED: "the sign-in log has not so many refused sign-ins any more",
    EndingCode.NOT_ALL_CLOSED: "the block is verified, but something may still be open",
}
"""Why an alarm ended although nothing was repaired."""

_EFFECTS: Final[Mapping[str, str]] = {
    "judge": "check whether {about} may do what they clicked",
    "prepare": "prepare request {about}",
    "apply": "write the change of request {about}",
    "show_request": "show the card of request {about}",
    "remind": "remind the approvers of request {about}",
    "remind_person": "remind {about} of what waits for them",
    "send_escalation_message": "tell somebody in their working hours that request {about} waits",
    "tell_escalation": "tell others that request {about} waits",
    "tell_expired": "tell the requester and the approvers that request {about} expired",
    "show_review": "ask for the review",
    "show_half": "show the partner setup",
    "show_handover": "ask the proposed sponsor",
    "show_access_test": "ask whether the access works",
    "send_end_notices": "send the notices about ends of access ({about})",
    "send_review_reminders": "send the questions of reviews ({about})",
    "show_block_at_end": "show the result of the automatic block {about}",
    "post_audit_head": "post the line for the audit log until entry {about}",
    "show_freeze": "tell everybody who waits about the freeze ({about})",
    "advance_batch": "prepare or record the partners of batch {about}",
    "show_batch": "show the card of batch {about}",
    "upload_batch_list": "attach the list of batch {about}",
    "judge_sheet": "check the file of partners that {about} gave",
    "show_home": "show the App Home of {about}",
    "tell": "send a message to {about}",
    "settle_given_up": "retry or give up the stopped work {about}",
    "unknown": "a stored record that cannot be read",
}
"""What each kind of effect does; completes "Gatehouse stopped trying: …"."""


def alarm_text(alarm: Alarm) -> str:
    """Describe the problem, partner first. May contain text from outside: show it as plain text."""
    partner = _partner(alarm)
    problem = _problem(alarm)
    return f"{partner}: {problem}" if partner else problem


def alarm_advice(alarm: Alarm) -> str:
    """State what an admin can do."""
    return _with_values(alarm, _texts_of(alarm)[1])


def ending_words(alarm: Alarm) -> str:
    """State why an alarm ended although nothing was repaired; empty when it was. An earlier version stored a text."""
    ended = alarm.values.get(ENDED, "")
    if isinstance(ended, str):
        return ended
    values, code = dict(ended["values"]), EndingCode(ended["code"])
    if code is EndingCode.DRIFT_ACCEPTED:
        values["accepted"] = accepted_words(values)
    if code is EndingCode.DISMISSED:
        values["until_day"] = day(values["until"])
    return ENDINGS[code].format_map(values)


def alarm_elements(alarm: Alarm, *, is_admin: bool = True) -> list[RichTextElement]:
    """Describe the problem, what to do and since when. A cleared alarm says when it was fixed, or why it ended.

    Every time is in the reader's own zone.

    :param is_admin: whether an admin reads it; otherwise it is the sponsor of a partner that has drifted.
    """
    partner = _partner(alarm)
    named = [cleaned_text(partner, DOMAIN_LIMIT, bold=True)] if partner else []
    state = fixed_text(_state(alarm, has_partner=bool(partner)), bold=True)
    problem = _with_values(alarm, _texts_of(alarm)[0]) if alarm.code in DENIED else _problem(alarm)
    elements: list[RichTextElement] = [paragraph(*named, state, *with_local_times(problem, _MAX_CHARACTERS))]
    elements += denied_elements(alarm)
    if alarm.cleared_at is None:
        advice = alarm_advice(alarm) if is_admin else sponsor_advice(alarm.values)
        elements += [
            paragraph(*with_local_times(advice, _MAX_CHARACTERS)),
            paragraph(fixed_text("Told " if alarm.code in DENIED else "Since "), local_time(alarm.raised_at)),
        ]
    else:
        ended = ending_words(alarm)
        elements += [paragraph(fixed_text("Ended " if ended else "Fixed "), local_time(alarm.cleared_at))]
        if ended:
            why = fixed_text("Why: " if alarm.code in DENIED else "Not fixed: ")
            elements += [paragraph(why, cleaned_text(f"{ended}.", _MAX_CHARACTERS))]
    return elements


def alarm_message(alarm: Alarm, *, is_admin: bool = True) -> Message:
    """Return the direct message, also its content after the alarm is cleared.

    :param is_admin: whether an admin reads it; otherwise it is the sponsor of the partner.
    """
    ended = ending_words(alarm) if alarm.cleared_at is not None else ""
    partner = notified_name(_partner(alarm))
    state, problem = _state(alarm, has_partner=bool(partner)), without_ids(_with_values(alarm, _texts_of(alarm)[0]))
    answers = alarm_answers(alarm, is_admin=is_admin)
    blocks = [rich_text(*alarm_elements(alarm, is_admin=is_admin)), *([] if answers is None else [answers])]
    return message(f"{partner}{state}{problem}{_why(alarm, ended)}", blocks)


def _partner(alarm: Alarm) -> str:
    """Return the domain of the partner, or its tenant ID; empty when the alarm is about no partner."""
    is_of_tenant = alarm.values.get("what") in ("show_review", "show_half", "show_handover", "show_access_test")
    # An earlier version stored no partner with work that was given up, but the tenant ID as its subject.
    return verified_name(str(alarm.values.get("partner") or (alarm.values["about"] if is_of_tenant else "")))


def _problem(alarm: Alarm) -> str:
    texts = (_with_values(alarm, text) for text in (_texts_of(alarm)[0], _DETAILS.get(alarm.code, "")) if text)
    return " ".join(filter(None, texts))


def _state(alarm: Alarm, *, has_partner: bool) -> str:
    """Return the words between the partner and the problem."""
    if alarm.cleared_at is None:
        return ", alarm: " if has_partner else "Alarm: "
    # The text was true when it was raised, and is not any more.
    if alarm.values.get(ENDED):
        return ", ended. The alarm was: " if has_partner else "Ended. The alarm was: "
    return ", fixed. The alarm was: " if has_partner else "Fixed. The alarm was: "


_RELEASE_ASKED: Final = (
    "{release_asked} Another admin must confirm that within 24 hours. {held}",
    "Choose Release… to confirm that, or to keep it held.",
)
_NO_MANAGER: Final = (
    "Nobody can decide the stage “{stage}” of {requests}. {relation_words}",
    "Correct that in Entra. The request then continues within a few minutes.",
)


_COMPARE: Final = (
    "Compare it with the approval cards in Slack. Only if nobody approved it there, replace the credential of the "
    "application."
)
_WHILE_HELD: Final[Mapping[AlarmCode, tuple[str, str]]] = {
    AlarmCode.OWN_CHANGE: (
        "Gatehouse's own application changed this partner, and these records do not have the change: {drift_problem}",
        f"{_COMPARE} {{drift_advice}}",
    ),
    AlarmCode.OWN_ENTRY_NOT_EXPLAINED: (
        "Entra's audit log shows {changes} by Gatehouse's own application that these records do not have, the first "
        "one of {since_words}. {records_end_words} Partners: {names}.",
        _COMPARE,
    ),
}
"""The texts of alarms that were raised while the bot was held: its records may be older than what it did."""


def _why(alarm: Alarm, ended: str) -> str:
    return f" {'Why' if alarm.code in DENIED else 'Not fixed'}: {ended}." if ended else ""


def _texts_of(alarm: Alarm) -> tuple[str, str]:
    if RECORDS_END in alarm.values and alarm.code in _WHILE_HELD:
        return _WHILE_HELD[alarm.code]
    if alarm.code is AlarmCode.ROLE_EMPTY and "relation" in alarm.values:
        return _NO_MANAGER
    if alarm.code is AlarmCode.FREEZE_END_ASKED and "cause" in alarm.values:
        return _RELEASE_ASKED
    return _ACCESS_STAYS_OPEN if OPEN_ACCESS in alarm.values else _TEXTS[alarm.code]


_NAMING_PARTNERS: Final = (
    AlarmCode.END_NOT_ANNOUNCED,
    AlarmCode.REVIEW_SILENT,
    AlarmCode.WRITE_NOT_IN_LOG,
    AlarmCode.OWN_ENTRY_NOT_EXPLAINED,
)


def _add_connection_words(alarm: Alarm, values: "_Values") -> None:
    """Add the words of alarms about the bot's own way to Graph, and about its application."""
    if alarm.code is AlarmCode.OWN_ENTRY_NOT_EXPLAINED:
        values["changes"] = counted(int(values["count"]), "change")
        values["records_end_words"] = records_end_words(alarm.values)
    if alarm.code in (AlarmCode.PERMISSIONS_SURPLUS, AlarmCode.PERMISSIONS_MISSING):
        values["application"] = application_words(alarm.subject)
        values["names"] = ", ".join(values["permissions"])
        values["missing_permissions"] = missing_words(values["permissions"])
    if alarm.code is AlarmCode.SERVICE_SILENT:
        values["service_words"] = SERVICES[values["service"]]


def _with_values(alarm: Alarm, text: str) -> str:
    values = _Values(alarm.values)
    if "reason" in values:
        is_store = alarm.code is AlarmCode.STORE_NOT_WRITABLE
        values["reason"] = (trouble_words if is_store else stored_note_words)(values["reason"])
    if alarm.code in _NAMING_PARTNERS:
        values["names"] = comma_list(values["partners"])
    _add_connection_words(alarm, values)
    if alarm.code is AlarmCode.REVIEW_SILENT:
        values["why_open"] = why_open_words(alarm.subject)
    if "relation" in values:
        values["relation_words"] = manager_problem_words(values["relation"])
    if "missing_groups" in values:
        values["missing"] = missing_groups_words(values["missing_groups"])
    if alarm.code is AlarmCode.EFFECT_GIVEN_UP:
        known = _EFFECTS.get(alarm.values.get("what", ""))
        values["number"] = alarm.subject
        values["work"] = values["what"] if known is None else known.format_map(values)
    if alarm.code in (AlarmCode.DRIFT, AlarmCode.OWN_CHANGE, AlarmCode.DRIFT_DIGEST):
        make = digest_alarm_words if alarm.code is AlarmCode.DRIFT_DIGEST else drift_alarm_words
        values["drift_problem"], values["drift_advice"] = make(alarm.values)
        values["drift_tenant"] = f"Tenant ID: {values['tenant_id']}." if "tenant_id" in values else ""
    values.update(_frozen_values(alarm))
    if alarm.code in DENIED:
        words = denied_alarm_words if alarm.code is AlarmCode.SIGN_INS_DENIED else denied_to_many_words
        values["denied_problem"], values["denied_advice"] = words(alarm.values)
        values["denied_tenants"] = denied_tenants_words(alarm.values)
    if alarm.code is AlarmCode.LIMIT_REACHED:
        values["limit_words"] = limit_words(alarm.values)
    if alarm.code is AlarmCode.UNUSUAL_DECISIONS:
        values["unusual"] = unusual_alarm_words(alarm.values)
    values.update(_held_values(alarm))
    if "since" in values:
        values["since_words"] = minute(values["since"])
    if alarm.code is AlarmCode.SPONSOR_GONE:
        manager = alarm.values.get("manager", "")
        values["manager_words"] = f"Entra names {manager} as the manager of this person." if manager else ""
    if OPEN_ACCESS in alarm.values:
        values["titles"] = access_kind_titles(alarm.values[OPEN_ACCESS].split(", "))
    return text.format_map(values).strip()


def _frozen_values(alarm: Alarm) -> Mapping[str, str]:
    """Return the words about a freeze, or about the audit log for which Gatehouse froze by itself."""
    if alarm.code is AlarmCode.AUDIT_CHAIN:
        return dict(zip(("chain_problem", "chain_advice"), chain_alarm_words(alarm.values), strict=True))
    if alarm.code not in (AlarmCode.FROZEN, AlarmCode.FREEZE_END_ASKED):
        return {}
    by, why = str(alarm.values["by"]), str(alarm.values["why"])
    frozen = frozen_words(by, why) if by else UNREADABLE_FREEZE
    asked = end_asked_words(str(alarm.values.get("name", "")), by)
    return {"frozen": frozen, "end_asked": asked, "why_words": as_sentence(why)}


def _held_values(alarm: Alarm) -> Mapping[str, str]:
    """Return the words of an alarm about a held start; nothing for every other alarm."""
    if alarm.code is AlarmCode.HELD_REPORT:
        return {"held_report": " ".join(held_report_lines(alarm.values))}
    if "cause" not in alarm.values:
        return {}
    held, name = held_words(str(alarm.values["cause"])), str(alarm.values.get("name", ""))
    return {"held": held, "release_asked": held_end_asked_words(name)}


class _Values(dict[str, Any]):
    """An alarm's values; one that an older version did not store is shown as unknown."""

    def __missing__(self, key: str) -> str:
        return f"({key} not known)"

"""The audit history of one request in words: what each entry records, by whom, and with which reason."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.words.requests.history import entry_words
from bot.words.requests.notes import stored_note_words
from bot.words.requests.titles import left_out_words
from bot.words.sentences import last_day
from workflows.core.partners.history.outside_changes import RecordedEntry
from workflows.core.requests.commands.editing import EditableField
from workflows.core.requests.request import AccessRequest
from workflows.ports.audit_log import RECEIVED, AuditEntry

_CLICKS: Final[Mapping[str, str]] = {
    "want_change_guests": "Change of guest accounts received",
    "want_confirm": "Confirmation received",
    "want_approve": "Approval received",
    "want_reject": "Rejection received",
    "want_support": "Support received",
    "want_withdraw": "Withdrawal received",
    "want_ask": "Question received",
    "want_answer": "Answer received",
    "want_comment": "Comment received",
    "want_ask_reminder": "Request for a reminder received",
    "want_reassign": "Reassignment received",
    "want_request_changes": "Request for changes received",
    "want_propose_less": "Proposal to ask for less received",
    "want_accept_proposal": "Acceptance of a proposal received",
    "want_decline_proposal": "Refusal of a proposal received",
}
"""Clicks whose permission is checked afterwards; the result has an entry of its own."""
REMARKS: Final = frozenset({"ask", "answer", "comment", "request_changes"})
"""The commands whose text is shown as the reason of other entries is."""
FIELDS: Final[Mapping[EditableField, str]] = {
    EditableField.TEMPLATE: "Access template",
    EditableField.PLACEHOLDERS: "Template fields",
    EditableField.JUSTIFICATION: "Justification",
    EditableField.SPONSOR: "Sponsor",
    EditableField.STARTS_AT: "Starts on",
    EditableField.DURATION: "Duration in days",
    EditableField.ENDS_AT: "End of access",
    EditableField.TICKET: "Ticket",
    EditableField.LEFT_OUT: "Not asked for",
}


def audit_entry_words(entry: RecordedEntry) -> str:
    """Return in a few words what an entry records; a refusal with its code."""
    if entry.outcome == RECEIVED:
        return _CLICKS.get(entry.command, f"{entry.command} received")
    return entry_words(entry)


def recorded_names(request: AccessRequest) -> Mapping[str, str]:
    """Return the names that the request recorded, by chat id and by account."""
    prepared = request.prepared
    people = [decision.person for decision in (*request.void_decisions, *request.decisions)] + [
        edit.person for edit in request.edits
    ]
    people += [one.on_behalf_of for one in (*request.void_decisions, *request.decisions) if one.on_behalf_of]
    people += [person for one in request.reassignments for person in (one.by, one.from_person, one.to_person)]
    people += [person for remark in request.remarks for person in (remark.person, *remark.asked)]
    people += [*request.supporters, *([] if request.submitter is None else [request.submitter])]
    people += [] if prepared is None else [prepared.requester, prepared.sponsor]
    people += [] if prepared is None or prepared.submitter is None else [prepared.submitter]
    return {key: person.name for person in people for key in (person.chat_id, person.id)}


def reason_words(entry: RecordedEntry) -> str:
    """Return the reason that is stored with an entry; it may come from outside. Empty when there is none.

    Of an entry that cannot be read, that is said in its place.
    """
    if not entry.is_readable:
        return "The details of this entry cannot be read."
    reason = entry.details.get("text" if entry.command.removeprefix("want_") in REMARKS else "reason")
    if isinstance(reason, str):
        return reason
    return stored_note_words(reason) if isinstance(reason, list) and all(map(_is_fact, reason)) else ""


def reason_label(entry: RecordedEntry) -> str:
    """Return what `reason_words` is: a reason, or the text of a question, an answer or a comment."""
    return "Text" if entry.is_readable and entry.command.removeprefix("want_") in REMARKS else "Reason"


def edit_words(entry: AuditEntry, names: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Return each field that an edit changed: its label, and its values before and after.

    :param names: the recorded names of people, by chat id.
    """
    changed = entry.details.get("changed")
    if not isinstance(changed, dict):
        return
    for field in EditableField:
        values = changed.get(field.value)
        if isinstance(values, list) and len(values) == 2:
            before, after = (_value_words(field, value, names) for value in values)
            yield FIELDS[field], before, after


def _value_words(field: EditableField, value: Any, names: Mapping[str, str]) -> str:
    if field is EditableField.ENDS_AT and isinstance(value, str) and value:
        return f"the end of {last_day(value)} (UTC)"
    if isinstance(value, list):
        return left_out_words(map(str, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items()) or "none"
    return "none" if value in (None, "") else names.get(str(value), str(value))


def _is_fact(value: Any) -> bool:
    return isinstance(value, dict) and "code" in value

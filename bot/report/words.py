"""The words of an audit report: what stands, times, people, decisions, changes by others."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bot.words.partner_setup.access_test import outcome_words
from bot.words.posture.drift import author_words, difference_words
from bot.words.requests.history import did_words
from bot.words.requests.replacement import later_state_words
from bot.words.requests.states import state_words
from bot.words.requests.titles import prepared_title
from bot.words.reviews.answers import attestation_words
from bot.words.sentences import counted, day, last_day, minute
from bot.words.settings.open_access import closing_rest_words
from workflows.core.conversation.remarks import Remark
from workflows.core.partners.history.handovers import HandoverStep
from workflows.core.partners.history.outside_changes import (
    FOUND_IN_LOG,
    OutsideChange,
    OutsideChangeKind,
    RecordedDrift,
)
from workflows.core.partners.history.said_outcomes import SaidOutcome
from workflows.core.partners.history.story import (
    RequestStory,
    ReviewAnswer,
    Standing,
    StoryDecision,
)
from workflows.core.people import Person
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.approval import Choice
from workflows.core.requests.request import AccessRequest, RequestKind

FROM_RECORDS: Final = (
    "This report comes from Gatehouse's records. The tenant was not read for it: results are told as of the last "
    "read-back, or as of a sweep that found something different. To read the tenant, run gatehouse posture."
)
LIMITATIONS: Final = (
    FROM_RECORDS,
    "Times are in UTC. Names of people are those that were recorded. The partner chose its display name itself; "
    "nobody verified it.",
    "A change by somebody else is listed when Gatehouse found it. Entra's own audit log lists every change, in the "
    "category CrossTenantAccessSettings.",
    "A Change ID is the SHA-256 digest of one plan. Approvals count for the plan with exactly this Change ID.",
)
"""What a reader must know: what the report does not prove."""

NOT_BELIEVED: Final = "changed by something else; its approvals are not believed"
"""What a report says of a request that is not as signed entries say."""
_STANDING: Final[Mapping[Standing, str]] = {
    Standing.NOTHING_SENT: "Nothing was sent to Microsoft.",
    Standing.OPEN: "The request is still open.",
    Standing.NOT_READ_BACK: "A change was sent, and its result was not read.",
    Standing.ACCOUNTS_CHANGED: "Guest accounts were changed and read back then.",
    Standing.IN_FORCE: "Active, as approved.",
    Standing.PAST_ITS_END: "Active, and the access period has ended.",
    Standing.BLOCKED: "Blocked.",
    Standing.SUSPENDED: "Suspended: blocked, meant to be lifted.",
    Standing.NOT_AS_APPROVED: "Not as approved. A review is due.",
    Standing.DRIFTED: "Not as approved.",
    Standing.REPLACED: "Replaced by a later change.",
    Standing.NO_RECORD: "Not known: the partner's record is missing or cannot be read.",
}
_ENDED_AS: Final = {"active": "applied", "blocked": "block applied", "restored": "restore applied"}
"""How a request ended whose result may not stand any more, by the beginning of its state."""
_KINDS: Final = {
    RequestKind.ACCESS: "access",
    RequestKind.REVOCATION: "revocation",
    RequestKind.RESTORATION: "restore of previous settings",
    RequestKind.ADOPTION: "adoption of current settings",
    RequestKind.DISABLE_GUESTS: "disabling of guest accounts",
    RequestKind.ENABLE_GUESTS: "enabling of guest accounts",
}
_OUTSIDE: Final = {
    OutsideChangeKind.BEFORE_WRITE: "somebody else changed the partner before the write, so approval was needed again",
    OutsideChangeKind.AFTER_WRITE: "somebody else changed the partner after the write was sent",
}


def kind_name(request: AccessRequest) -> str:
    """Return the kind of a request in a few words."""
    if request.is_suspension:
        return "suspension"
    if request.fields.kind is RequestKind.ACCESS and request.prepared and closes_everything(request.plan):
        return "block"
    return _KINDS[request.fields.kind]


def identity_in(request: AccessRequest) -> TenantIdentity | None:
    """Return the tenant that a request is about; None while it is not known."""
    observed = request.observation if request.prepared is None else request.prepared.observation
    return None if observed is None else observed.identity


def partner_in(request: AccessRequest) -> str:
    """Return the partner's name: its domain or tenant ID, or what was typed."""
    identity = identity_in(request)
    return request.fields.target if identity is None else identity.name


def template_in(request: AccessRequest) -> str:
    """Return the title of what was requested."""
    return request.fields.template if request.prepared is None else prepared_title(request.prepared)


def person_words(person: Person) -> str:
    """Return a person with the ids that were recorded."""
    return f"{person.name} ({person.chat_id}, account {person.id})"


def names_in(story: RequestStory) -> Mapping[str, str]:
    """Return the names of the people of a request by their chat ids, as they were recorded."""
    request, prepared = story.request, story.request.prepared
    people: list[Person] = [*request.editors, *request.supporters]
    if prepared is not None:
        people += [prepared.requester, prepared.sponsor]
    if request.submitter is not None:
        people.append(request.submitter)
    people += [one.decision.person for one in story.decisions]
    people += [remark.person for remark in request.remarks]
    answered = {answer.chat_id: answer.name for answer in story.reviews if answer.name}
    handed_over = {step.chat_id: step.name for step in story.handovers if step.name}
    return {**answered, **handed_over, **{person.chat_id: person.name for person in people}}


def requester_words(request: AccessRequest) -> str:
    """Return who sent a request; only the chat ID while the person is not known."""
    person = request.submitter if request.prepared is None else request.prepared.requester
    return request.fields.requester if person is None else person_words(person)


def sponsor_words(request: AccessRequest) -> str:
    """Return the sponsor of a request; only the chat ID while the person is not known."""
    return request.fields.sponsor if request.prepared is None else person_words(request.prepared.sponsor)


def authors_words(request: AccessRequest) -> str:
    """Return who made the settings that an adoption is about, and so could not approve it; empty for other requests."""
    prepared = request.prepared
    if prepared is None or prepared.plan.adoption is None:
        return ""
    names = [person_words(one) for one in prepared.authors]
    unknown = [] if prepared.plan.adoption.is_author_known else ["not all are known, so one approver more was needed"]
    return "; ".join([*names, *unknown])


_HANDOVERS: Final[Mapping[str, str]] = {
    "propose_sponsor": "asked {proposed} to be the sponsor",
    "accept_sponsorship": "accepted, and is the sponsor since",
    "decline_sponsorship": "declined to be the sponsor",
    "withdraw_sponsorship": "withdrew the question who shall be the sponsor",
    "expire_handover": "no answer in time, the sponsor stayed the same",
    "record_sponsor_gone": "the sponsor had no enabled member account any more",
    "record_sponsor_found": "the sponsor had an account again",
}


def decision_words(one: StoryDecision, *, is_believed: bool = True) -> str:
    """Return one decision in one line: the stage, who, what, when and why.

    :param is_believed: False for a request that something other than Gatehouse changed.
    """
    decision = one.decision
    what = "approved" if decision.choice is Choice.APPROVE else "rejected"
    if not is_believed:
        what = f"“{what}”, not believed,"
    is_left_out = is_believed and not one.is_counted and decision.choice is Choice.APPROVE
    counts = ", not counted for the present plan" if is_left_out else ""
    stage = f"{one.stage_title}: " if one.stage_title else ""
    why = f": {decision.reason}" if decision.reason else ""
    absent = decision.on_behalf_of
    behalf = "" if absent is None else f" for {person_words(absent)}"
    return f"{stage}{person_words(decision.person)}{behalf} {what} on {minute(decision.at)}{counts}{why}"


def remark_words(remark: Remark) -> str:
    """Return one question, answer or comment in one line."""
    return f"{minute(remark.at)}, {person_words(remark.person)} {did_words(remark)}: {remark.text}"


def review_words(answer: ReviewAnswer) -> str:
    """Return one answer to a review in one line."""
    who = f"{answer.name} ({answer.chat_id})" if answer.name else answer.chat_id
    attested = attestation_words(answer.mfa)
    return " ".join(filter(None, [f"{minute(answer.at)}, {who}: {answer.reason}", attested and f"({attested})"]))


def said_outcome_words(said: SaidOutcome) -> str:
    """Return in one line what somebody said about whether the access works. All of it is a text of that person."""
    who = f"{said.name} ({said.chat_id})" if said.name else said.chat_id
    parts = (said.what, said.address, said.application, said.code)
    text = "; ".join(" ".join(part.split()) for part in parts if part)
    return f"{minute(said.at)}, {who}: {outcome_words(said.outcome)}{f' ({text})' if text else ''}"


def handover_words(step: HandoverStep) -> str:
    """Return one step of a hand-over of the sponsor in one line."""
    who = f"{step.name} ({step.chat_id})" if step.name else step.chat_id
    return f"{minute(step.at)}, {who}: {_HANDOVERS[step.command].format(proposed=step.proposed or 'somebody')}"


def outside_change_words(change: OutsideChange) -> str:
    """Return one change by somebody else in one line. The name of its author is text from outside."""
    if change.drift is not None:
        return f"{minute(change.at)}, a sweep: {_drift_words(change, change.drift)}"
    settings = f" (changed: {', '.join(change.settings)})" if change.settings else ""
    return f"{minute(change.at)}, {_OUTSIDE[change.kind]}{settings}"


def _drift_words(change: OutsideChange, drift: RecordedDrift) -> str:
    author = {"state": drift.author_state, "name": drift.author, "at": drift.author_at and drift.author_at.isoformat()}
    accepted = [
        f"Accepted by {one.name} (account {one.account}) until {minute(one.until)}: {one.reason}."
        for one in drift.acceptances
    ]
    ended = "It is still so." if drift.ended_at is None else f"Over on {minute(drift.ended_at)}."
    difference = difference_words({"drift": drift.code, "settings": change.settings, "opens": drift.opens})
    return " ".join([difference, author_words(author), *accepted, ended])


def state_in_words(story: RequestStory) -> str:
    """Return the state in which a request is, or has ended. What no longer stands is not called active or blocked."""
    words = state_words(story.request)
    if not story.is_believed:
        return f"{words} ({NOT_BELIEVED})"
    if story.standing not in (Standing.REPLACED, Standing.NO_RECORD, Standing.NOT_AS_APPROVED, Standing.DRIFTED):
        return words
    return next((f"{past}{words[len(now) :]}" for now, past in _ENDED_AS.items() if words.startswith(now)), words)


def standing_words(story: RequestStory) -> str:
    """Return what stands as far as the records say, and as of when."""
    words = _STANDING[story.standing]
    if story.standing is Standing.REPLACED and story.later is not None:
        state = later_state_words(story.request, story.later)
        words = f"{state[:1].upper()}{state[1:]} ({story.later.id})."
    elif story.standing in (Standing.BLOCKED, Standing.SUSPENDED) and story.request.not_closed:
        kinds = counted(len(story.request.not_closed), "kind")
        words = f"Blocked, {closing_rest_words(story.request.not_closed)} ({kinds} of access)."
    if (drifted := story.open_drift) is not None and story.standing is Standing.DRIFTED:
        return f"{words} A sweep found it different on {minute(drifted.at)}."
    return words if story.as_of is None else f"{words} As of the read-back on {minute(story.as_of)}."


def end_words(request: AccessRequest) -> str:
    """Return how long the access was requested for, and from when if a day was chosen."""
    fields = request.fields
    start = "" if fields.starts_at is None else f"{day(fields.starts_at)} (UTC)"
    if fields.ends_at is not None:
        return f"{f'from {start} ' if start else ''}until the end of {last_day(fields.ends_at)} (UTC)"
    if fields.duration is None:
        return ""
    return f"{counted(fields.duration.days, 'day')} from {start or 'the last approval'}"


def iso(moment: datetime | None) -> str:
    """Return a time as ISO text in UTC; empty when there is none."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def entra_entries(story: RequestStory) -> list[Mapping[str, Any]]:
    """Return what Entra's audit log shows of the request's writes, with its correlation ids; see `FOUND_IN_LOG`."""
    return [write for one in story.entries if one.command == FOUND_IN_LOG for write in one.details.get("writes", ())]

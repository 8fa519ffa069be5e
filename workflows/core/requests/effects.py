"""Effects: the work to do after a change is stored. Each is performed at least once, and may be repeated safely.

It is long because everything that decides about the order of an effect stands beside the effect.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from hashlib import sha256
from typing import Literal, assert_never

from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Person
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.alarms import AlarmId
from workflows.core.requests.commands.batch import ImportSheet
from workflows.core.requests.commands.clicks import Click, actor_of
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import CommandSubject, RequestCommand
from workflows.core.requests.request import BatchId, EscalationStep, RequestId
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPermission:
    """Identify the person who clicked, read their roles, and pass the command to the lifecycle."""

    kind: Literal["judge"] = field(default="judge")
    command: Click
    key: str
    """The idempotency key of the click, under which the result is recorded once."""
    received_at: datetime | None = None
    """When the click was stored. Deadlines are compared with this time. None in effects of earlier versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """Identify people and tenant, read the partner, and compute the plan."""

    kind: Literal["prepare"] = field(default="prepare")
    request_id: RequestId
    asked_by: str = ""
    """The chat id of the requester, so that people take turns. Empty in effects of earlier versions."""
    closes: bool = False
    """Whether it is a revocation. False in effects of earlier versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply:
    """Check the approvals and the tenant again, write the plan, and read it back."""

    kind: Literal["apply"] = field(default="apply")
    request_id: RequestId
    tenant_id: TenantId
    closes: bool = False
    """Whether the plan only reduces access, such as a revocation. False in effects of earlier versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRequest:
    """Post missing copies of the request's card, and update the copy that was clicked; the other copies a little later.

    So several changes within a second update each copy once.
    """

    kind: Literal["show_request"] = field(default="show_request")
    request_id: RequestId
    not_before: datetime | None = None
    """The time when the card changes although the request does not, for example by a button; None: now."""
    clicked_in: str = ""
    """The channel of the copy that was clicked; empty when there was no click, or when it was in a window."""
    clicked_by: str = ""
    """The chat id of the person who clicked; empty for a change by the bot itself."""
    is_held: bool = False
    """Whether this updates the copies that were left for later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReminders:
    """Remind the people who can decide on the request now. Each person gets one message for all waiting requests.

    Only the last reminder of a request is sent: while the chat system does not answer, several are stored.
    """

    kind: Literal["remind"] = field(default="remind")
    request_id: RequestId
    reminded_at: datetime | None = None
    """The request's `reminded_at` of this reminder. None in effects of earlier versions, which are always sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindPerson:
    """Remind one person of everything that waits for them, or tell them what expired, in their working hours."""

    kind: Literal["remind_person"] = field(default="remind_person")
    person: ChatId
    not_before: datetime
    """When they work next."""
    of_expired: bool = False
    """Whether they are told which requests expired without their decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellEscalation:
    """Find who is asked or told in a step of an escalation, tell them, and record it."""

    kind: Literal["tell_escalation"] = field(default="tell_escalation")
    request_id: RequestId
    round: int
    """The round of approval in which the stage waited."""
    stage: int
    """The index of the stage."""
    step: EscalationStep


@dataclass(frozen=True, slots=True, kw_only=True)
class SendEscalationMessage:
    """Tell one person, in their working hours, that a stage waits. Nothing is sent when it waits no longer."""

    kind: Literal["send_escalation_message"] = field(default="send_escalation_message")
    person: ChatId
    request_id: RequestId
    round: int
    """The round of approval in which the stage waited."""
    stage: int
    """The index of the stage."""
    step: EscalationStep
    fact: Fact
    """Code: `MessageCode`."""
    not_before: datetime | None = None
    """When they work next; None: not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendExpiryMessages:
    """Tell the requester and the people who could have decided that the request expired, in one message each."""

    kind: Literal["tell_expired"] = field(default="tell_expired")
    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowReview:
    """Update every copy of the partnership's review card."""

    kind: Literal["show_review"] = field(default="show_review")
    tenant_id: TenantId
    remind: bool = False
    """Whether people are asked, too. Stored by earlier versions; now `SendReviewReminders` asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSetup:
    """Update every copy of the partner setup card. Post it when it is new, or when a reminder is due."""

    kind: Literal["show_half"] = field(default="show_half")
    tenant_id: TenantId
    remind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHandover:
    """Ask the proposed sponsor, or update the messages that asked, with the present state of the hand-over."""

    kind: Literal["show_handover"] = field(default="show_handover")
    tenant_id: TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAccessTest:
    """Ask whether the access works, each person in their working hours, or update the messages that asked.

    If somebody said that it does not work, tell the sponsor and the admins once.
    """

    kind: Literal["show_access_test"] = field(default="show_access_test")
    tenant_id: TenantId
    not_before: datetime | None = None
    """When somebody who is asked works next; None: now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendEndNotices:
    """Send the notices of a batch about ends of access, one message to each person, and record who got them."""

    kind: Literal["send_end_notices"] = field(default="send_end_notices")
    batch: str
    blocked: int = 0
    """How many partners were blocked at their end together with this batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReviewReminders:
    """Send the questions of a batch about reviews, one message to each person, and record who got them."""

    kind: Literal["send_review_reminders"] = field(default="send_review_reminders")
    batch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowBlockAtEnd:
    """Tell the sponsor and the admins of a partner that Gatehouse closed by itself, as it was read back.

    That is at the end of its access, or because nobody answered a review.
    """

    kind: Literal["show_block_at_end"] = field(default="show_block_at_end")
    request_id: RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowHome:
    """Publish a person's App Home with the present state."""

    kind: Literal["show_home"] = field(default="show_home")
    person: ChatId


class MessageCode(StrEnum):
    """What a private message says. The values are stored. `note` and `reasons` are lists of facts.

    An earlier version stored no `request` with `partner`, and no `partner` with `role_empty`.
    """

    TEXT = "text"
    """A text that an earlier version stored. Values: `text`."""
    REFUSED = "refused"
    """Values: `reasons`; and only where there is one, `text`: what the person wrote, and was not recorded."""

    REQUEST_WAITS = "request_waits"
    """Values: `partner`, `request`, `note`."""
    REASSIGNED_TO_YOU = "reassigned_to_you"
    """An admin reassigned an approval to the person. Values: `partner`, `request`, `by`, `from`, `reason`."""
    ABSENCE_SET = "absence_set"
    """Values: `person`, `delegate`, `from`, `until`, `by`, `is_own`, `stand_in` (null: nobody), `note`; `needed`: a
    list of `partner`, `request` of some requests that cannot be approved without the person; `needed_count`."""
    YOU_STAND_IN = "you_stand_in"
    """Values: `person`, `from`, `until`, `by`, `note`."""
    ABSENCE_ENDED = "absence_ended"
    """Values: `person`, `delegate`, `by`."""
    PROPOSAL_DECLINED = "proposal_declined"
    """Values: `partner`, `request`, `name`, `reason`."""
    YOU_WITHDREW = "you_withdrew"
    """Values: `partner`, `note`."""
    ENDED = "ended"
    """Values: `partner`, `request`, `state`, `note`."""
    OVERWRITTEN = "overwritten"
    """Values: `partner`, `request`, `note`."""
    CLOSED = "closed"
    """Values: `partner`, `request`, `is_all` (nothing else is open), `note`.

    Also `tokens_until`; and, only where it is so, `is_suspended`, `was_synchronized` and
    `had_capabilities`. Where a person asked for it,
    `by` (the name) and `reason`. Earlier versions stored none.
    When it is sent, also `guests` (a number; None when it is not known), `is_at_least` and `guests_read_at`.
    """
    OPENED = "opened"
    """Values: `partner`, `request`, `note`."""
    PUT_BACK = "put_back"
    """Values: `partner`, `request`, `restores` (a request's id), `note`."""
    ADOPTED = "adopted"
    """Values: `partner`, `request`, `note`."""
    APPROVED_AGAIN = "approved_again"
    """Values: `partner`, `request`, `restores` (the request whose settings are restored), `note`."""
    LIFTED = "lifted"
    """A suspension was lifted. Values: `partner`, `request`, `restores`, `note`."""
    ACCOUNTS_CHANGED = "accounts_changed"
    """Guest accounts were disabled or enabled. Values: `partner`, `request`, `note`, which has the numbers."""
    OUR_SIDE_SET = "our_side_set"
    """Values: `partner`, `steps` (how many steps the partner must do), `note`."""
    ROLE_EMPTY = "role_empty"
    """Values: `partner`, `request`, `shortages`: a list of `stage`, `role`, `people`, `needed`, `missing_groups`;
    for a manager also `relation`, see `RelationHolder.as_values`.

    Earlier versions stored the list as `lacks`.
    """
    CARD_NOT_POSTED = "card_not_posted"
    """Values: `partner`, `request`."""
    EXPIRES_SOON = "expires_soon"
    """Values: `partner`, `request`, `expires_at`."""
    START_AFTER_GAP = "start_after_gap"
    """What was done about a later start while the bot did not run may be lost. Values: `partner`, `request`,
    `starts_at`, `since` (null: not known), `until`."""
    ASKED_AGAIN = "asked_again"
    """An approved request was not written, and approval is asked for again. Values: `partner`, `request`, `note`."""
    MANAGER_TOLD = "manager_told"
    """To the manager of an approver. Values: `partner`, `request`, `stage` (its title), `names`, `expires_at`."""
    ADMIN_TOLD = "admin_told"
    """To an admin. Values: `partner`, `request`, `stage`, `expires_at`, `skipped` (facts: why nobody else was told)."""

    BATCH_ASKED = "batch_asked"
    """Approval of a batch was requested. Values: `batch`, `members`, `alone`, `ended`: how many."""
    BATCH_EXPIRES_SOON = "batch_expires_soon"
    """Values: `batch`, `expires_at`."""
    BATCH_ENDED = "batch_ended"
    """Values: `batch`, `state`, `applied`, `left`, `ended`, `scheduled` (absent in earlier versions): how many, `note`.
    """
    BATCH_HALTED = "batch_halted"
    """A batch halted by itself. Values: `batch`, `tried`, `failed`, `applied`, `left`: how many."""

    DRIFT_FOUND = "drift_found"
    """Values: `partners` (the first names), `count`."""

    CAMPAIGN_STARTED = "campaign_started"
    """Values: `label`, `members`, `skipped`: how many."""
    CAMPAIGN_ENDED = "campaign_ended"
    """Values: `label`, `members`, and how many have each outcome: `kept`, `reduced`, `revoked`, `changed`."""

    SETUP_CONFIRMED = "setup_confirmed"
    """Values: `partner`, `step`, `left` (the steps that are still open)."""
    SETUP_UNCONFIRMED = "setup_unconfirmed"
    """Values: `partner`, `step`, `left`."""

    HANDOVER_ASKED = "handover_asked"
    """Values: `partner`, `proposed`, `proposed_by`, `sponsor` (names), `expires_at`."""
    HANDOVER_ACCEPTED = "handover_accepted"
    """Values: `partner`, `proposed`, `sponsor` (the former one)."""
    HANDOVER_DECLINED = "handover_declined"
    """Values: `partner`, `proposed`, `sponsor`."""
    HANDOVER_WITHDRAWN = "handover_withdrawn"
    """Values: `partner`, `proposed`, `proposed_by`, `sponsor`."""
    HANDOVER_EXPIRED = "handover_expired"
    """Values: `partner`, `proposed`, `sponsor`."""

    ACCESS_TEST_ASKED = "access_test_asked"
    """Somebody had the question asked whether an access works. Values: `partner`, `people` (names)."""

    CLICK_WAITS = "click_waits"
    CLICK_NOT_CHECKED = "click_not_judged"
    SUPPORT_RECORDED = "support_recorded"
    """Values: `partner`, `request`, `requester` (a name)."""
    SUPPORTED_ENDED = "supported_ended"
    """Values: `partner`, `request`, `state`, `part` (how many operations are applied of a part), `note`."""
    SECOND_LOOK = "second_look"
    """Values: `partner`, `request`, `digest`, `minutes`, `approved`: a list of `partner`, `request`."""
    PROFILE_CHANGED = "profile_changed"
    """Values: `partner`, `request`, `digest`, `name` (who approved), `changes`: a list of
    `part`, `unchanged_at`, `noticed_at`."""
    DECIDED_IN_YOUR_NAME = "decided_in_your_name"
    """Values: `first`, `last` (days), `decisions`: a list of `partner`, `template`, `request`, `digest`,
    `choice`, `state` (as `DisplayedState`), `at`, `is_batch`;
    `others`: how many more there are."""
    LIMIT_NEAR = "limit_near"
    """Values: `what`, `left`, `maximum`, `more_at`."""
    VIEW_NOT_OPENED = "view_not_opened"
    VIEW_NOT_FILLED = "view_not_filled"
    DECISION_RECEIVED = "decision_received"
    """The window could not be updated. Values: `choice`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """Send one person a private message about a request or partner."""

    kind: Literal["tell"] = field(default="tell")
    person: ChatId
    subject: CommandSubject
    fact: Fact
    """Code: `MessageCode`."""
    channel: str = ""
    """The channel in which the message is shown to this person only; empty for a direct message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAlarm:
    """Send an alarm to every admin who has not received it yet, and update the copies that were sent."""

    kind: Literal["show_alarm"] = field(default="show_alarm")
    alarm_id: AlarmId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFreeze:
    """Tell everybody who waits that a freeze began or ended, once each, and show it in the channel."""

    kind: Literal["show_freeze"] = field(default="show_freeze")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAuditHead:
    """Post the head of the audit log, where it stays."""

    kind: Literal["post_audit_head"] = field(default="post_audit_head")
    head: str
    """As `core.audit.heads.head_text` writes it."""
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryOrDropEffect:
    """Retry an effect that was given up, or drop it, as an admin decided."""

    kind: Literal["settle_given_up"] = field(default="settle_given_up")
    effect_id: int
    is_retried: bool
    """Whether it is retried; otherwise it is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceBatch:
    """Do the next part of a batch: plan, record or end some of its members, as the stored records say."""

    kind: Literal["advance_batch"] = field(default="advance_batch")
    batch_id: BatchId


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowBatch:
    """Post the card of a batch where it is missing, and update its copies."""

    kind: Literal["show_batch"] = field(default="show_batch")
    batch_id: BatchId
    remind: bool = False
    """Whether the approvers are reminded as well, in their one message of the day."""
    not_before: datetime | None = None
    """When it is performed; None for at once. See `ShowRequest.not_before`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadBatchList:
    """Upload the list of exactly the members that are decided on, and record it."""

    kind: Literal["upload_batch_list"] = field(default="upload_batch_list")
    batch_id: BatchId


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSheet:
    """Load the file that somebody gave, judge its rows, and store the draft. Interrupted, it begins again."""

    kind: Literal["judge_sheet"] = field(default="judge_sheet")
    command: ImportSheet
    key: str
    """The idempotency key of the click. The id of the draft is made of it, so that there is one draft."""

    @property
    def run(self) -> str:
        """Return what names the message that shows the import, also after a choice of columns."""
        return self.command.run or self.key

    @property
    def draft_id(self) -> BatchId:
        """Return the id of the draft."""
        return BatchId(f"B-{sha256(self.key.encode()).hexdigest()[:10].upper()}")


Effect = (
    CheckPermission
    | Prepare
    | Apply
    | ShowRequest
    | SendReminders
    | RemindPerson
    | TellEscalation
    | SendEscalationMessage
    | SendExpiryMessages
    | ShowReview
    | ShowSetup
    | ShowHandover
    | ShowAccessTest
    | SendEndNotices
    | SendReviewReminders
    | ShowBlockAtEnd
    | ShowHome
    | SendMessage
    | ShowAlarm
    | ShowFreeze
    | PostAuditHead
    | RetryOrDropEffect
    | AdvanceBatch
    | ShowBatch
    | UploadBatchList
    | JudgeSheet
)


def update_where_clicked(effects: tuple[Effect, ...], command: RequestCommand) -> tuple[Effect, ...]:
    """Let who gave a command see the change at once, on the copy that they clicked."""
    actor = actor_of(command)
    if actor is None:
        return effects
    person, channel = actor.chat_id if isinstance(actor, Person) else actor, getattr(command, "channel", "")
    return tuple(
        replace(effect, clicked_by=person, clicked_in=channel)
        if isinstance(effect, ShowRequest) and effect.not_before is None
        else effect
        for effect in effects
    )


def refusal_message(refused: Refused, text: str = "") -> Fact:
    """Return the message that tells a person why something was refused.

    :param text: what the person wrote, and was not recorded.
    """
    written = {"text": text} if text else {}
    return Fact(MessageCode.REFUSED, {"reasons": as_values(refused.facts), **written})


def asked_by(effect: Effect) -> str:
    """Return the chat id of the person in whose turn an effect is performed; empty when nobody has to take turns."""
    if isinstance(effect, CheckPermission):
        return effect.command.actor
    return effect.asked_by if isinstance(effect, Prepare) else ""


class Priority(IntEnum):
    """The priority of effects when there are more than can be performed at once. The values are stored."""

    CLOSE = -1
    """Everything that only closes access, so that closing never waits behind requests to open it."""
    DECIDE = 0
    """Permission checks and their results, so that no approval waits behind messages."""
    SHOW = 1
    """Cards, messages and alarms."""
    HOME = 2
    """App Homes, which only repeat the content of cards."""
    BATCH = 3
    """The members of batches, so that many of them delay nothing else."""
    SHEET = 4
    """Files that people give, each of many rows: few at the same time, so that they delay nothing else."""


def priority_of(effect: Effect) -> Priority:
    """Return the priority of an effect."""
    match effect:
        case CheckPermission(command=Revoke()) | Prepare(closes=True) | Apply(closes=True):
            return Priority.CLOSE
        case CheckPermission(command=ChangeFreeze(step=FreezeStep.FREEZE)):
            return Priority.CLOSE
        case CheckPermission() | Prepare() | Apply() | RetryOrDropEffect():
            return Priority.DECIDE
        case ShowHome():
            return Priority.HOME
        case AdvanceBatch():
            return Priority.BATCH
        case JudgeSheet():
            return Priority.SHEET
        case (
            ShowRequest()
            | ShowReview()
            | ShowSetup()
            | ShowHandover()
            | ShowAccessTest()
            | ShowAlarm()
            | ShowFreeze()
            | PostAuditHead()
            | SendReminders()
            | RemindPerson()
            | TellEscalation()
            | SendEscalationMessage()
            | SendExpiryMessages()
            | SendEndNotices()
            | SendReviewReminders()
            | ShowBlockAtEnd()
            | SendMessage()
            | ShowBatch()
            | UploadBatchList()
        ):
            return Priority.SHOW
        case _:
            assert_never(effect)


class WorkKind(StrEnum):
    """The kinds of work of which each has its own places. The values are stored, as the names of queues."""

    CLOSE = "close"
    """Everything that only closes access."""
    WRITE = "write"
    """Approved writes, and what an admin decided about stopped work."""
    CHECK = "check"
    """Permission checks of clicks."""
    PREPARE = "prepare"
    SHOW = "show"
    HOME = "home"
    BATCH = "batch"
    SHEET = "sheet"


_KINDS = {
    Priority.CLOSE: WorkKind.CLOSE,
    Priority.DECIDE: WorkKind.WRITE,
    Priority.SHOW: WorkKind.SHOW,
    Priority.HOME: WorkKind.HOME,
    Priority.BATCH: WorkKind.BATCH,
    Priority.SHEET: WorkKind.SHEET,
}


def work_kind(effect: Effect) -> WorkKind:
    """Return the kind of work of an effect."""
    kind = _KINDS[priority_of(effect)]
    if kind is WorkKind.WRITE and isinstance(effect, CheckPermission):
        return WorkKind.CHECK
    return WorkKind.PREPARE if kind is WorkKind.WRITE and isinstance(effect, Prepare) else kind


def partner_lane(tenant_id: TenantId) -> str:
    """Return the lane of the writes to one partner."""
    return f"tenant:{tenant_id}"


def lane(effect: Effect) -> str:
    """Return the lane of an effect. Effects of one lane run one at a time; lanes run in parallel.

    Writes to one partner share a lane. The messages of one card also share one, so that the last state is shown last.
    """
    match effect:
        case CheckPermission():
            return f"judge:{effect.key}"
        case Prepare():
            return f"prepare:{effect.request_id}"
        case Apply():
            return partner_lane(effect.tenant_id)
        case ShowRequest():
            return f"card:{effect.request_id}"
        case SendReminders() | RemindPerson() | SendExpiryMessages() | ShowFreeze() | PostAuditHead():
            return effect.kind  # one lane for all, so that a person gets one message about several requests
        case SendEndNotices() | SendReviewReminders():
            return effect.kind.removeprefix("send_")  # one lane each, for the same reason
        case ShowReview() | ShowSetup():
            return f"{'review' if isinstance(effect, ShowReview) else 'half'}:{effect.tenant_id}"
        case ShowHandover() | ShowAccessTest():
            return f"{effect.kind.removeprefix('show_')}:{effect.tenant_id}"
        case ShowBlockAtEnd() | TellEscalation():
            return f"{'end' if isinstance(effect, ShowBlockAtEnd) else 'escalation'}:{effect.request_id}"
        case ShowHome():
            return f"home:{effect.person}"
        case SendMessage() | SendEscalationMessage():
            return f"tell:{effect.person}"
        case ShowAlarm():
            return f"alarm:{effect.alarm_id}"
        case RetryOrDropEffect():
            return f"given_up:{effect.effect_id}"
        case AdvanceBatch():
            return f"batch:{effect.batch_id}"
        case ShowBatch() | UploadBatchList():
            return f"batch_card:{effect.batch_id}"  # NB. one, so that the card follows the list that it names
        case JudgeSheet():
            return f"sheet:{effect.command.actor}"  # one file of a person at a time
        case _:
            assert_never(effect)

"""The interface that shows cards and messages to people in the chat system.

It is long because every card and message is named here, in one place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from workflows.core.batches.batch import Batch, ListFile
from workflows.core.errors.facts import Fact, Facts
from workflows.core.errors.raised import FactsError
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.policy.reviews.silence import ReviewReminder
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.alarms import Alarm
from workflows.core.requests.effects import JudgeSheet, SendEscalationMessage
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import TenantId

if TYPE_CHECKING:
    # A start does not wait for the reading of sheets: this interface is known before it.
    from workflows.core.batches.sheets.columns import Columns
    from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
    from workflows.core.partners.access_end.decision import EndStep


class NotifierUnavailable(FactsError):
    """The chat system did not accept a message now. `retry_after` is in seconds; None when it is not known."""

    def __init__(self, reason: str | Facts, retry_after: float | None = None) -> None:
        """Create the error.

        :param reason: the reason: facts, or a text from another system.
        """
        super().__init__(reason)
        self.retry_after = retry_after


class NotAllNotified(NotifierUnavailable):
    """Of several people, the chat system did not accept the message to some now."""

    def __init__(
        self,
        error: NotifierUnavailable,
        told: Mapping[TenantId, tuple[ChatId, ...]],
        waiting: frozenset[TenantId],
    ) -> None:
        """Create the error.

        :param error: the first refusal.
        :param told: who got the notices, for each partner.
        :param waiting: the partners of whose people somebody has not got the message.
        """
        super().__init__(error.facts, error.retry_after)
        self.told = told
        self.waiting = waiting


class NotifierBlocked(NotifierUnavailable):
    """A channel accepts no message until an admin repairs it. It is archived, for example, or the bot is no member."""


class NotifierRefused(FactsError):
    """The chat system will never accept this message. The channel or the person no longer exists, for example."""


class ListProblem(StrEnum):
    """Why the list of a batch was not attached. The values are stored. Values of each: `code`, the other system's."""

    NO_SCOPE = "list_no_scope"
    REFUSED = "list_refused"
    NO_ANSWER = "list_no_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedEnd:
    """An end of access that people are told about."""

    record: Partnership
    ends_at: datetime
    days: int
    """Which notice it is; `AT_THE_END` when the end has come."""
    step: "EndStep | None" = None
    """Why the partner is open after the end; None before it."""
    blocked_at: datetime | None = None
    """When it is blocked if nobody decides; None before the end, and when that is not known."""
    extension: AccessRequest | None = None
    """The open request that the block waits for."""

    @property
    def has_ended(self) -> bool:
        """Return whether the end has come."""
        return self.step is not None

    @property
    def sponsor(self) -> ChatId | None:
        """Return the sponsor; None when the sponsor has no enabled account any more."""
        return self.record.sponsor.chat_id if self.record.sponsor_gone_at is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedReview:
    """A review that people are asked to answer."""

    record: Partnership
    reminder: ReviewReminder
    manager: ChatId | None = None
    """The sponsor's manager, if the manager is asked too."""
    asks_admins: bool = False
    """Whether the admins are asked too. Otherwise they are asked where the sponsor cannot be reached."""

    @property
    def sponsor(self) -> ChatId | None:
        """Return the sponsor; None when the sponsor has no enabled account any more."""
        return self.record.sponsor.chat_id if self.record.sponsor_gone_at is None else None


class ImportStep(StrEnum):
    """How far an import is."""

    READING = "reading"
    JUDGING = "judging"
    WAITING = "waiting"
    """Entra does not answer. It is tried again. `facts` say why."""
    CHOICE = "choice"
    """A person must choose the sheet or the columns. `facts` say why."""
    UNUSABLE = "unusable"
    """The file cannot be used, or a rule refuses it. `facts` say why."""
    FAILED = "failed"
    """An error in Gatehouse stopped it."""
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImport:
    """An import of a sheet as its message shows it."""

    effect: JudgeSheet
    step: ImportStep
    name: str = ""
    """The name of the file. Text from outside; empty while it is not known."""
    sha256: str = ""
    facts: Facts = ()
    looked_up: int = 0
    total: int = 0
    """How many rows the sheet has."""
    columns: "Columns | None" = None
    header: tuple[str, ...] = ()
    counts: "Mapping[RowVerdict, int]" = field(default_factory=dict)
    batch: Batch | None = None
    """The draft; None when nothing can be asked for."""
    is_new: bool = True
    """False when the draft was there before: the same content was given already, here or at the command line."""
    others: Sequence[Batch] = ()
    """Other open drafts of the same content, which ask for something else."""
    rows: bytes = b""
    """The file with every row, for the person."""


class ImportedRows(Protocol):
    """Writes the file with every row of an import."""

    def take(self, judged: "JudgedRow") -> None:
        """Write one row."""

    def content(self) -> bytes:
        """Return the file."""


class Notifier(Protocol):
    """Shows requests, partners and alarms to people. Every method may be repeated safely.

    Every method can raise NotifierUnavailable and NotifierRefused.
    """

    async def show_request(self, request: AccessRequest) -> None:
        """Update every copy of the request's card, and post missing copies."""

    async def show_change(self, request: AccessRequest, *, clicked_in: str, clicked_by: str) -> bool:
        """Post missing copies of the request's card, and update the copy that was clicked.

        :param clicked_in: the channel of that copy; empty for a click in a window.
        :param clicked_by: the chat id of the person who clicked; empty when nobody did.
        :returns: whether that was everything. Otherwise an effect is stored that updates the other copies soon.
        """

    async def remind(self, request: AccessRequest) -> None:
        """Remind the people who can decide on a request, each in their working hours.

        Each gets one message a day about all waiting requests.
        """

    async def remind_person(self, person: ChatId, *, of_expired: bool = False) -> None:
        """Remind one person of everything that waits for them, in their working hours.

        :param of_expired: tell them what expired without their decision instead.
        """

    async def send_expiry_messages(self, request: AccessRequest) -> None:
        """Tell the requester and the people who could have decided that a request expired.

        Each gets one message about all that expired together: people who could have decided in their working hours.
        """

    async def show_review(self, partnership: Partnership, *, remind: bool) -> None:
        """Update every review card of a partner; with `remind`, post a new one to the sponsor."""

    async def show_setup(self, partnership: Partnership, *, remind: bool) -> None:
        """Update every partner setup card of a partner; post it when it is new, and again with `remind`."""

    async def show_handover(self, partnership: Partnership) -> None:
        """Ask the proposed sponsor of a partner, remind them, or update what was sent with how the hand-over ended.

        Whoever proposed a person who cannot be reached is told.
        """

    async def show_access_test(self, partnership: Partnership) -> None:
        """Ask whether the access works, each person in their working hours; until then the effect is stored again.

        Update what was sent with the answer. If it does not work, tell the sponsor and the admins once.
        """

    async def send_end_notices(
        self, announced: Sequence[AnnouncedEnd], *, batch: str, blocked: int
    ) -> Mapping[TenantId, tuple[ChatId, ...]]:
        """Send each person one message about the ends that concern them, the next one first.

        Somebody whose message is not accepted now does not delay the others.

        :param batch: names the messages, so that nobody gets one twice.
        :param blocked: how many partners were blocked at their end at the same time.
        :returns: for each partner who got its notice: active people whose message was accepted. Nobody: it is not
            delivered.
        :raises NotAllNotified: when somebody's message was not accepted now; it says who got the notices.
        :raises NotifierUnavailable: when nobody's message is accepted now.
        """

    async def send_review_reminders(
        self, asked: Sequence[AskedReview], *, admins: frozenset[ChatId], batch: str
    ) -> Mapping[TenantId, tuple[ChatId, ...]]:
        """Send each person one message about the reviews that they are asked to answer.

        A person with one review gets its card. Somebody whose message is not accepted now does not delay the others.

        :param batch: names the messages, so that nobody gets one twice.
        :returns: for each partner who was asked: active people whose message was accepted and names the partner.
        :raises NotAllNotified: when somebody's message was not accepted now; it says who was asked.
        :raises NotifierUnavailable: when nobody's message is accepted now.
        """

    async def show_block_at_end(self, request: AccessRequest) -> None:
        """Tell the sponsor and the admins once that Gatehouse closed a partner by itself."""

    async def show_batch(self, batch: Batch) -> ListFile | None:
        """Post the card of a batch where it is missing, and update its copies.

        Approvers get a new message for each `round`. While `is_list_current` is false, the card has no Approve.

        :returns: the list, when it was attached again because the card was posted again; otherwise None. A later
            version of Gatehouse may write other bytes for the same members.
        """

    async def remind_about_batch(self, batch: Batch) -> None:
        """Remind everybody who can decide on a batch, in the one message of the day about all that waits for them."""

    async def upload_batch_list(self, batch: Batch) -> ListFile:
        """Upload the list of the members of a batch, and return where it is. Its `digest` is that of the batch.

        A repeated upload of the same list may leave a second file; the returned one is named on the card.

        :raises NotifierUnavailable, NotifierBlocked, NotifierRefused: when it cannot be uploaded, with the cause.
        """

    async def show_import(self, shown: ShownImport) -> None:
        """Show its person how far an import is, in one message that is updated. A done one has the file of its rows."""

    async def close_import(self, batch: Batch) -> None:
        """Show in the message about an import that its draft was confirmed, discarded, or has expired."""

    async def show_home(self, person: ChatId) -> None:
        """Publish the App Home of one person."""

    async def show_alarm(self, alarm: Alarm) -> None:
        """Send an alarm to every admin who has not received it; update the copies that were sent before."""

    async def show_freeze(self, freeze: Freeze) -> None:
        """Tell everybody who waits that the freeze began, or that it ended; show it in the channel. Once each."""

    async def post_audit_head(self, head: str, seq: int) -> None:
        """Post the head of the audit log in the channel, once. The message is never changed.

        :param seq: the number of its entry.
        """

    async def send_escalation_message(self, effect: SendEscalationMessage, request: AccessRequest) -> None:
        """Send the person of an effect its message once, in their working hours; until then the effect is stored again.

        Who works next only after the request expires gets it at once.
        """

    async def send_message(self, person: ChatId, fact: Fact, *, channel: str) -> None:
        """Send one person a message: visible only to them in `channel`; a direct message when `channel` is empty."""

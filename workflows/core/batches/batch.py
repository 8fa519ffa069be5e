"""A batch: several requests that one decision decides, from the draft to the result of each. Data only.

It is long because every field of a batch and of its rows is explained, and every number that is counted of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.batches.asked_row import AskedAccess, BatchSheet
from workflows.core.checks.findings import Finding
from workflows.core.errors.facts import Facts
from workflows.core.people import ChatId, CurrentRoles, Person, PersonId
from workflows.core.plans.plan import AtEnd
from workflows.core.policy.approval import Decision, Verdict, evaluate
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import Stage
from workflows.core.requests.request import BatchId, RequestId, RequestKind
from workflows.core.settings.access_change import AccessChange, combined_change
from workflows.core.settings.canonical import Digest, digest
from workflows.core.settings.model import TenantId

BY_PERSON: Final = "chat:"
"""Before the chat id of the person who made a draft, in `Batch.drafted_by`."""
_DIGEST_DOMAIN: Final = "gatehouse/batch/1"


class BatchState(StrEnum):
    """The state of a batch. The values are stored."""

    DRAFT = "draft"
    """Listed at the command line. Nobody has asked for it yet."""
    PREPARING = "preparing"
    """A person asked for it. A request is filed and planned for each row."""
    AWAITING_APPROVAL = "awaiting_approval"
    APPLYING = "applying"
    """Approved. Each member is checked again and recorded."""
    HALTED = "halted"
    """Too many members could not be applied, so nothing more is written until an admin decides."""
    DONE = "done"
    """Every row has ended, or goes on alone."""
    STOPPED = "stopped"
    """It ended after it halted: an admin ended it, or none answered in time. What was applied before stays."""
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


ENDED: Final = frozenset(
    {BatchState.DONE, BatchState.STOPPED, BatchState.REJECTED, BatchState.WITHDRAWN, BatchState.EXPIRED}
)
"""States that no command can change. The members of a batch that was not approved may still have to be ended."""


class RowState(StrEnum):
    """The state of one row of a batch. The values are stored."""

    WAITING = "waiting"
    """To be decided together. Its plan is not made yet."""
    ALONE = "alone"
    """It gets a request of its own, with its own approval, when the draft is confirmed."""
    NOT_ASKED = "not_adoptable"
    """Nothing is asked for it."""
    PLANNED = "planned"
    """A member: its plan is part of the decision."""
    LEFT = "left"
    """Its request goes on alone, with its own card and approval."""
    APPLIED = "applied"
    SCHEDULED = "scheduled"
    """Approved. Its access starts on a later day, by its own request."""
    ENDED = "ended"
    """Its request ended without being applied, or was never filed."""


class RowCode(StrEnum):
    """Why a row is not decided together with the others. The values are stored."""

    HIGH_RISK = "high_risk"
    """High risk is decided alone. Values: `reasons`, codes of `RiskReason`."""
    BY_RELATION = "by_relation"
    """A stage of its approval chain is decided by the manager of its requester or sponsor."""
    CHANGED_SINCE_DRAFT = "changed_since_draft"
    """The settings are others than the draft shows. Adopt the partner alone."""
    NOT_READ = "not_read"
    """The partner could not be read for a long time. Values: `answer`, the last error."""
    KEEPS_FAILING = "keeps_failing"
    """An error in Gatehouse stopped it several times."""
    PLANNED_AGAIN = "planned_again"
    """Its settings or their authors changed, so it is planned again and asks for its own approval."""
    APPROVAL_AGAIN = "approval_again"
    """An approval did not count any more when the request was recorded."""
    STOPPED = "stopped"
    """Values: `state` of its request, `note`, its facts."""
    FINISHED_ALONE = "finished_alone"
    """It was approved, and something of it may be written. It is finished alone, with the same approvals."""

    # Of rows of a sheet
    CELL = "sheet_cell"
    """Nothing is asked for the row. Values: `column` (empty: the row as a whole), `problem`, a fact."""
    UNCHANGED = "sheet_unchanged"
    """Nothing is asked for the row: the partner has these settings already, for this time or longer."""
    NOT_LOOKED_UP = "sheet_not_looked_up"
    """Nothing is asked for the row: Entra did not answer. Values: `answer`, its facts."""
    SPONSOR_NOT_IN_CHAT = "sponsor_not_in_chat"
    """Nothing is asked for the row: nobody in the chat system has its sponsor's mail address. Values: `name`."""
    OTHER_TENANT = "other_tenant"
    """Its name is that of another tenant now. Values: `tenant_id`."""
    EXISTS_NOW = "exists_now"
    """It had no settings when the sheet was judged, and has some now."""
    REOPENS = "reopens"
    """The partner is blocked, and the row would open it. Values: `state` of its record; None without a record."""
    CLOSES = "closes"
    """The row blocks the partner, which must not wait for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One partner in a batch."""

    tenant_id: TenantId
    """Empty for a row of a sheet that names no tenant."""
    name: str
    """The partner's default domain, or its tenant id; of a row without a tenant what was typed. Text from outside."""
    display_name: str = ""
    """The name that the partner chose itself. Text from outside, not verified."""
    settings: Digest
    """The digest of the settings that the draft shows; see `adoption_plan.settings_digest`."""
    state: RowState
    template: str = ""
    """The name of the template that gives exactly these settings, or for which the row asks; empty without one."""
    template_title: str = ""
    risk: RiskLevel | None = None
    """The risk of all that stands; None when that was not judged, because it cannot be adopted."""
    openings: tuple[str, ...] = ()
    """The kinds of access that may be open, by their names in `open_access`."""
    access_changes: Mapping[str, AccessChange] | None = None
    """What its plan changes, by the names in `open_access`; None for adopted settings, and in earlier records."""
    authors: tuple[Person, ...] = ()
    """Who made the settings, as far as the log says. A person without a chat user has an empty chat id."""
    is_author_known: bool = False
    partner_sponsors: tuple[Person, ...] = ()
    """Who is its sponsor on record, or was in the last 90 days."""
    reason: Facts = ()
    """Why it cannot be adopted, goes on alone, or ended. The codes are `RowCode` or refusals."""
    request_id: RequestId | None = None
    """Its request; None before there is one."""
    plan_digest: Digest | None = None
    """The digest of the plan that is decided on; None while there is none."""
    stages: tuple[Stage, ...] = ()
    """The approval chain that the row needs by itself; in a draft without the approver more for an unknown author."""
    duration: timedelta | None = None
    """How long its settings are to be approved; None before it is planned."""
    at_end: AtEnd | None = None
    """What happens at the end; None before it is planned."""
    waits_since: datetime | None = None
    """Since when the partner cannot be read; None when that is not so. See `retries`."""
    tried_at: datetime | None = None
    """When it was tried to read the partner the last time, while it cannot be read."""
    not_before: datetime | None = None
    """When it may be tried again, because the other system asked for a pause; None: with the next wave."""
    failures: int = 0
    """How often an error in Gatehouse stopped it in its present state; see `retries`."""
    findings: tuple[Finding, ...] = ()
    """What approvers must know of it besides its plan. Only rows of a sheet have some."""
    asked: AskedAccess | None = None
    """What the row of a sheet asks for; None in a batch of adoptions."""

    @property
    def is_asked(self) -> bool:
        """Return whether something is asked for it, together with others or alone."""
        return self.state is not RowState.NOT_ASKED

    @property
    def access_change(self) -> AccessChange | None:
        """Return what its whole plan does to access; None when that is not known."""
        return None if self.access_changes is None else combined_change(self.access_changes.values())

    @property
    def was_member(self) -> bool:
        """Return whether its settings are, or were, part of the decision."""
        is_in = self.state in (RowState.WAITING, RowState.PLANNED, RowState.APPLIED)
        return is_in or (self.is_asked and self.plan_digest is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """The uploaded list of a batch: everything that is decided, row by row."""

    file_id: str
    """The chat system's id of the file."""
    name: str
    sha256: Digest
    """Of the bytes of the file, in lower-case hexadecimal."""
    permalink: str = ""
    digest: Digest
    """The digest of the batch that it lists. A list of other members does not count."""
    message_id: str = ""
    """The message to which it is attached; empty for lists of earlier versions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run over the members of an approved batch: from the approval, or from the moment when it was continued."""

    since: datetime
    tried: int = 0
    """How many members were applied, went on alone or ended in this run."""
    failed: int = 0
    """How many of them could not be applied as approved; see `running.halting`."""
    halted_at: datetime | None = None
    """When it halted by itself; None when it did not."""
    answered_by: Person | None = None
    """The admin who continued or ended it after it halted."""
    answered_at: datetime | None = None
    goes_on: bool = False
    """Whether the answer was to continue. The next run is then the one that continues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltRule:
    """When a run halts: when more than a share of the tried members failed, and at least a number of them."""

    percent: int = 10
    """One in ten: single partners that changed since the approval are usual, a cause that all of them share is not.
    With 100 no run halts."""
    at_least: int = 3
    """So that one or two partners of a small batch, or of the first wave, do not halt the others."""

    def is_met(self, run: Run) -> bool:
        """Return whether a run must halt."""
        return run.failed >= self.at_least and 100 * run.failed > self.percent * run.tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The complete record of a batch. `version` increases with every stored change; an outdated write is refused."""

    id: BatchId
    version: int
    state: BatchState
    kind: RequestKind
    """What its members are."""
    rows: tuple[BatchRow, ...]
    """Every partner of the draft, sorted by name; of a sheet every row, in the order of the sheet."""
    drafted_by: str
    """Who made the draft: `os:` with the operating system's user, or `chat:` with a person's chat id."""
    drafter: Person | None = None
    """Who gave the file for which somebody else asks, and may not decide; None when that is the requester, or while
    nobody asked, or when the draft was made at the command line."""
    created_at: datetime
    changed_at: datetime
    expires_at: datetime
    """When an unconfirmed draft or an undecided batch expires, or one that halted and was not answered ends."""
    lifetime: timedelta | None = None
    """How long each round may stay undecided; None for a draft."""
    requester: Person | None = None
    """Who confirmed the draft; None before."""
    sponsor: Person | None = None
    justification: str = ""
    duration: timedelta | None = None
    """The duration that was chosen. A member whose template does not offer it has a shorter one. None for a sheet:
    each row has its own."""
    confirmed_at: datetime | None = None
    stages: tuple[Stage, ...] = ()
    """The approval chain: at least as strict as that of each member."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """The hash of the definition of each role in the stages."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """The content hash of each template whose chain decides on a member."""
    digest: Digest | None = None
    """What is decided on: the digest over every member's plan; None before the first approval is asked for."""
    decisions: tuple[Decision, ...] = ()
    void_decisions: tuple[Decision, ...] = ()
    """Decisions on earlier lists of members, which no longer count."""
    round: int = 0
    """How often approval was requested again. Each round has its own messages."""
    list_file: ListFile | None = None
    """None until the list of exactly these members is uploaded. Nobody can decide before."""
    list_problem: Facts = ()
    """Why the list could not be uploaded."""
    remind_after: tuple[int, ...] = ()
    """After how many working days the approvers of a stage are reminded; empty in batches of earlier versions."""
    reminders: tuple[datetime, ...] = ()
    """When the approvers of the open stage are reminded. A later change of the holidays does not move it."""
    reminders_from: datetime | None = None
    """When the approvers of the stage of `reminders` were asked."""
    notice_at: datetime | None = None
    """Which of `reminders` is the notice that the batch expires soon: its requester is told as well."""
    reminded_at: datetime | None = None
    """When the approvers were reminded last."""
    note: Facts = ()
    """Facts that explain the present state."""
    runs: tuple[Run, ...] = ()
    """Every run over its members, oldest first; empty before it is approved."""
    sheet: BatchSheet | None = None
    """The file that the draft was made of; None for a batch of adoptions."""

    @property
    def drafter_chat_id(self) -> ChatId | None:
        """Return the chat id of whoever gave the file; None for a draft of the command line."""
        is_person = self.drafted_by.startswith(BY_PERSON)
        return ChatId(self.drafted_by.removeprefix(BY_PERSON)) if is_person else None

    @property
    def is_expiry_told(self) -> bool:
        """Return whether people were told that it expires soon."""
        notice, reminded = self.notice_at, self.reminded_at
        return notice is not None and reminded is not None and reminded >= notice

    @property
    def has_ended(self) -> bool:
        """Return whether nothing about it is decided any more."""
        return self.state in ENDED

    @property
    def may_expire(self) -> bool:
        """Return whether it ends when its time is over: an unconfirmed draft, what nobody decided, and a halt."""
        return not self.has_ended and self.state is not BatchState.APPLYING

    @property
    def ends_scheduled(self) -> bool:
        """Return whether its rows with a later start end with it: nobody opens them after a run that failed."""
        return self.state is BatchState.STOPPED

    @property
    def writes(self) -> bool:
        """Return whether its members change the tenant. An adoption records what is there."""
        return self.kind is not RequestKind.ADOPTION

    @property
    def excluded(self) -> frozenset[PersonId]:
        """Return the accounts of requester, drafter and every sponsor, and of authors and recent sponsors of every row.

        None of them decides.
        """
        people = [one for one in (self.requester, self.drafter, self.sponsor) if one is not None]
        return frozenset(one.id for one in (*people, *self.row_sponsors, *self.authors, *self.partner_sponsors))

    @property
    def row_sponsors(self) -> tuple[Person, ...]:
        """Return the sponsors that rows of a sheet name, each once: also of rows that go alone, or have ended."""
        asked = [row.asked for row in self.rows if row.is_asked and row.asked is not None]
        by_account = {one.sponsor.id: one.sponsor for one in asked if one.sponsor is not None}
        return tuple(by_account.values())

    @property
    def sponsored_rows(self) -> Mapping[Person, int]:
        """Return every sponsor of rows that are, or were, decided together, each with the number of these rows.

        The sponsor of the batch is the one of rows that name none.
        """
        named = [None if row.asked is None else row.asked.sponsor for row in self.rows if row.was_member]
        sponsors = [one or self.sponsor for one in named]
        counts = Counter(one.id for one in sponsors if one is not None)
        return {one: counts[one.id] for one in {one.id: one for one in sponsors if one is not None}.values()}

    @property
    def authors(self) -> tuple[Person, ...]:
        """Return everybody who made settings of a row that is, or was, decided together, each once."""
        by_account = {one.id: one for row in self.rows if row.was_member for one in row.authors}
        return tuple(by_account.values())

    @property
    def partner_sponsors(self) -> tuple[Person, ...]:
        """Return the recent sponsors of every partner that is, or was, decided together, each once."""
        by_account = {one.id: one for row in self.rows if row.was_member for one in row.partner_sponsors}
        return tuple(by_account.values())

    @property
    def members(self) -> tuple[BatchRow, ...]:
        """Return the rows whose plans are decided on, or waiting to be recorded."""
        return tuple(row for row in self.rows if row.state is RowState.PLANNED)

    @property
    def is_list_current(self) -> bool:
        """Return whether the uploaded list shows exactly what is decided on."""
        return self.list_file is not None and self.list_file.digest == self.digest

    def in_state(self, *states: RowState) -> tuple[BatchRow, ...]:
        """Return the rows in one of these states, in their order."""
        return tuple(row for row in self.rows if row.state in states)

    def counts(self) -> Mapping[RowState, int]:
        """Return how many rows are in each state."""
        return Counter(row.state for row in self.rows)

    def row_of(self, tenant_id: TenantId) -> BatchRow | None:
        """Return the row of a partner for which something is asked, or a row for which nothing is; None without one.

        A sheet may name a partner in several rows. Then something is asked for one of them at most.
        """
        found = [row for row in self.rows if row.tenant_id == tenant_id]
        return next((row for row in found if row.is_asked), found[0] if found else None)

    def verdict(self, current_roles: CurrentRoles | None = None) -> Verdict:
        """Evaluate the approval chain over what is decided on.

        :param current_roles: the current roles. None counts every decision without checking roles, which is only for
            display.
        """
        asked = self.digest or Digest("")
        return evaluate(self.stages, self.decisions, digest=asked, excluded=self.excluded, current_roles=current_roles)


def with_rows(batch: Batch, changed: Mapping[TenantId, BatchRow]) -> Batch:
    """Return a batch with changed rows. A row for which nothing is asked never changes.

    NB. a sheet may name a partner in several rows: something is asked for one of them at most.
    """
    rows = tuple(changed.get(row.tenant_id, row) if row.is_asked else row for row in batch.rows)
    return batch if rows == batch.rows else replace(batch, rows=rows)


def batch_digest(batch_id: BatchId, members: Iterable[BatchRow], stages: Sequence[Stage]) -> Digest:
    """Return the digest of what one decision decides: the plan of every member, and the chain that decides.

    :param members: rows with a plan.
    """
    pairs = sorted((str(row.request_id), str(row.plan_digest)) for row in members)
    chain = [{"title": stage.title, "role": stage.role, "quorum": stage.quorum} for stage in stages]
    return digest(_DIGEST_DOMAIN, {"batch": batch_id, "plans": [list(pair) for pair in pairs], "chain": chain})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many rows of a batch are what. Each row is in exactly one of these numbers.

    Members are the rows that are, or were, decided together. The others are beside them.
    """

    applied: int
    """Members that are written and read back, or adopted."""
    scheduled: int
    """Members that are approved, with a later start."""
    left: int
    """Members that go on with their own request."""
    ended: int
    """Members that were not applied, for example because Graph refused the write."""
    open: int
    """Members that still need something from the batch."""
    alone: int
    """Beside the members: never decided together, with their own request."""
    ended_before: int
    """Beside the members: ended before anybody decided."""
    not_asked: int
    """Beside the members: nothing is asked for them."""

    @property
    def members(self) -> int:
        """Return how many rows are, or were, decided together."""
        return self.applied + self.scheduled + self.left + self.ended + self.open

    @property
    def done(self) -> int:
        """Return how many members need nothing more from the batch."""
        return self.members - self.open

    @property
    def beside(self) -> int:
        """Return how many rows were never decided together."""
        return self.alone + self.ended_before + self.not_asked


def tally(batch: Batch) -> Tally:
    """Count the rows of a batch."""
    members = [row for row in batch.rows if row.was_member]
    others = [row for row in batch.rows if not row.was_member]
    return Tally(
        applied=_in(members, RowState.APPLIED),
        scheduled=_in(members, RowState.SCHEDULED),
        left=_in(members, RowState.LEFT, RowState.ALONE),
        ended=_in(members, RowState.ENDED),
        open=_in(members, RowState.WAITING, RowState.PLANNED),
        alone=_in(others, RowState.ALONE, RowState.LEFT, RowState.SCHEDULED),
        ended_before=_in(others, RowState.ENDED),
        not_asked=_in(others, RowState.NOT_ASKED),
    )


def _in(rows: Sequence[BatchRow], *states: RowState) -> int:
    return sum(row.state in states for row in rows)

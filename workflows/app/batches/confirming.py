"""Show a draft to a member who opened it, check the form, and make the member its requester.

It is long because what the window shows and what the form checks must be the same.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from workflows.app.approvers.possible_chain import first_possible_chain
from workflows.app.batches.batch_rules import deciding_template
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.current_sponsors import with_current_sponsors
from workflows.app.batches.importing.asked_now import RowsNow, drafter_of
from workflows.app.limits import Limits
from workflows.app.requests.field_checks import checked_justification
from workflows.app.requests.filing import RequestLimitCheck
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.people_checks import (
    TIMEOUT_SECONDS,
    require_may_restore_or_adopt,
    require_within_limits,
)
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowState, with_rows
from workflows.core.batches.commands import ConfirmDraft
from workflows.core.batches.durations import OfferedDurations, offered_durations
from workflows.core.batches.members import batch_chains
from workflows.core.batches.transition import not_possible_now
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, ChatId, Person
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.request import BatchId
from workflows.core.settings.model import TenantId
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

DRAFT_FIELD: Final = "draft"
"""The name under which the form shows why the draft cannot be confirmed."""
_FIELDS: Final = frozenset({DRAFT_FIELD, "justification", "sponsor", "duration"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchForm:
    """The values that a member filled in, as typed."""

    requester: ChatId
    batch_id: BatchId
    shown_version: int
    """The version of the draft that the window showed."""
    justification: str
    sponsor: ChatId
    days: int = 0
    """0 for a draft of a sheet: each row has its own duration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """What the form offers, and who decides, as far as the draft says."""

    days: tuple[int, ...]
    """The durations that may be chosen, shortest first; empty when there is no row that may be adopted, and for a
    sheet: each of its rows has its own."""
    default_days: int
    stages: tuple[Stage, ...]
    """The approval chain of the rows that are decided together. Nothing is chosen by it: it is computed again."""
    authors: tuple[Person, ...]
    """Who made the settings, and may not decide. Whoever is unknown to the chat system has an empty chat id."""
    problem: Fact | None = None
    """Why too few people could decide; None when enough can, or when that is not known now."""
    differing: tuple[Template, ...] = ()
    """The templates, when they have no duration in common: each row gets the longest of its own up to the chosen one.
    """
    sponsors: tuple[Person, ...] = ()
    """Whom the rows of a sheet name as sponsors, and who may not decide. The chat id is empty while it is not known."""
    drafter: Person | None = None
    """Who gave the file, and may not decide; None when that is who asks, or not known."""
    rows: Mapping[TenantId, BatchRow] = field(default_factory=dict)
    """The rows of a sheet that change when this member confirms it now: most of them because nothing is asked for
    them any more. Their `reason` says why."""

    @property
    def excluded(self) -> frozenset[ChatId]:
        """Return the known chat ids of the people who may not decide, without requester and sponsor."""
        drafter = () if self.drafter is None else (self.drafter,)
        return frozenset(one.chat_id for one in (*drafter, *self.authors, *self.sponsors) if one.chat_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """The people of a form, with their accounts."""

    requester: Person
    sponsor: Person
    drafter: Person | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchIntake:
    """Shows drafts, and stores that a member asks for what a draft shows."""

    batches: BatchService
    service: Service
    directory: PeopleDirectory
    catalog: Catalog
    limits: Limits | None = None

    async def load_draft(self, batch_id: BatchId) -> Batch:
        """Load a draft that can still be confirmed.

        :raises Refused: when there is no such batch, or it is no draft any more, or its time is over.
        """
        batch = await self.batches.load(batch_id)
        if batch.state is not BatchState.DRAFT:
            raise not_possible_now(batch)
        if self.batches.clock.now() >= batch.expires_at:
            raise Refused(RefusalCode.EXPIRED)
        return batch

    async def terms(self, batch: Batch, requester: ChatId, sponsor: ChatId) -> BatchTerms:
        """Return what the form offers for a draft, and whether enough people can decide without these two."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                changed = await self._changed_rows(batch, requester)
                drafter = await drafter_of(batch, requester, self.directory.for_one_check())
                asked = {requester, sponsor} | (set() if drafter is None else {drafter.chat_id})
                terms = await self._terms(with_rows(batch, changed), frozenset(asked))
                return replace(terms, rows=changed, drafter=drafter)
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
            return self._terms_with(batch, self._chains(batch)[0], None)
        except Refused as refused:
            if refused.code is not RefusalCode.DRAFTER_REFUSED:
                raise
            return self._terms_with(batch, self._chains(batch)[0], refused.fact)

    def _chains(self, batch: Batch) -> tuple[tuple[Stage, ...], ...]:
        members = batch.in_state(RowState.WAITING)
        return batch_chains(
            (row.stages for row in members),
            len(members),
            self.catalog.roles[ADMIN].title,
            has_unknown_author=not all(row.is_author_known for row in members),
        )

    async def _changed_rows(self, batch: Batch, requester: ChatId | Person) -> Mapping[TenantId, BatchRow]:
        """Return the rows that change when this member confirms the draft. Whoever is nobody changes none."""
        if batch.sheet is None:
            return {}
        directory = self.directory.for_one_check()
        try:
            person = requester if isinstance(requester, Person) else await directory.identify(requester)
        except PeopleDirectoryRefused:
            raise
        except Refused:
            return {}  # the form says why
        rows = RowsNow(directory=directory, catalog=self.catalog, now=self.batches.clock.now())
        return await rows.changed(batch, person)

    async def _terms(self, batch: Batch, asked: frozenset[ChatId]) -> BatchTerms:
        directory, chains = self.directory.for_one_check(), self._chains(batch)
        # The command line knows only accounts. Who the authors are in the chat system is looked up here.
        authors = await directory.people_of([one.id for one in batch.authors])
        current = await with_current_sponsors(batch, self.batches.store, self.batches.clock.now())
        named = (*authors, *current.row_sponsors, *current.partner_sponsors)
        known = {one.chat_id for one in named if one.chat_id}
        elsewhere = asked | {one.chat_id for one in (*authors, *current.partner_sponsors)}
        sponsors = frozenset(one.chat_id for one in current.row_sponsors if one.chat_id) - elsewhere
        found = await first_possible_chain(directory, chains, asked | known, sponsors)
        return self._terms_with(batch, found.stages, found.problem, authors)

    def _terms_with(
        self,
        batch: Batch,
        stages: tuple[Stage, ...],
        problem: Fact | None,
        authors: tuple[Person, ...] | None = None,
    ) -> BatchTerms:
        offered = self._offered(batch)
        return BatchTerms(
            days=offered.days,
            default_days=offered.default_days,
            stages=stages,
            authors=batch.authors if authors is None else authors,
            problem=problem,
            differing=offered.differing,
            sponsors=batch.row_sponsors,
        )

    def _offered(self, batch: Batch) -> OfferedDurations:
        if batch.sheet is not None:
            return OfferedDurations(days=(), default_days=0)
        rows = batch.in_state(RowState.WAITING, RowState.ALONE)
        templates = {one.name: one for one in (deciding_template(row, self.catalog) for row in rows)}
        return offered_durations(tuple(templates.values()))

    async def confirm(self, form: BatchForm, *, key: str) -> Batch:
        """Check the form, and store that the member asks for what the draft shows.

        Everything that the draft says about partners is read again before approval is requested.

        :raises InvalidForm: naming every field that must change; nothing is stored.
        :raises Refused: when the draft cannot be confirmed any more.
        """
        if await self.batches.store.is_known(key):
            return await self.batches.load(form.batch_id)  # delivered again
        filing = RequestLimitCheck(service=self.service, limits=self.limits)
        await require_within_limits(filing, form.requester, DRAFT_FIELD, key=key)
        batch = await self.load_draft(form.batch_id)
        problems: dict[str, Fact] = {}
        justification = checked_justification(form.justification, problems, is_restore=False)
        days = self._offered(batch).days
        if batch.sheet is None and form.days not in days:
            problems["duration"] = Fact(RefusalCode.DURATION_NOT_OFFERED, {"days": list(days), "template": None})
        people = await self._people(form, batch, problems)
        changed: Mapping[TenantId, BatchRow] = {}
        if people is not None:
            changed = await self._checked_rows(batch, people.requester, problems)
        if (problem := (await self.terms(batch, form.requester, form.sponsor)).problem) is not None:
            problems.setdefault(DRAFT_FIELD, problem)
        if problems or people is None:
            raise InvalidForm({name if name in _FIELDS else DRAFT_FIELD: fact for name, fact in problems.items()})
        await require_within_limits(filing, form.requester, DRAFT_FIELD, key=key, account=people.requester.id)
        confirmed = await self._confirm(batch, form, people, justification, key, changed)
        await filing.tell_when_few_are_left(key=key)
        return confirmed

    async def _checked_rows(
        self, batch: Batch, requester: Person, problems: dict[str, Fact]
    ) -> Mapping[TenantId, BatchRow]:
        """Check what this member may ask for. Returns the rows of a sheet that change.

        What is not known in time is checked again when each request is prepared.
        """
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                if batch.sheet is None:
                    await self._require_may_adopt(batch, requester)
                changed = await self._changed_rows(batch, requester)
        except InvalidField as error:
            problems[DRAFT_FIELD] = error.fact
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
            pass
        else:
            if not any(row.is_asked for row in with_rows(batch, changed).rows):
                problems[DRAFT_FIELD] = Fact(RefusalCode.BATCH_EMPTY)
            return changed
        return {}

    async def _confirm(
        self,
        batch: Batch,
        form: BatchForm,
        people: _People,
        justification: str,
        key: str,
        changed: Mapping[TenantId, BatchRow],
    ) -> Batch:
        rows = with_rows(batch, changed).in_state(RowState.WAITING, RowState.ALONE)
        command = ConfirmDraft(
            actor=people.requester,
            drafter=people.drafter,
            batch_id=batch.id,
            shown_version=form.shown_version,
            sponsor=people.sponsor,
            justification=justification,
            duration=timedelta(days=form.days) if batch.sheet is None else None,
            rows=changed,
            lifetime=min((deciding_template(row, self.catalog).decide_within for row in rows), default=timedelta(0)),
        )
        return await self.batches.advance(command, key=key)

    async def _require_may_adopt(self, batch: Batch, requester: Person) -> None:
        """Check that this member may adopt all of the draft.

        :raises InvalidField: when they may not; the error names the roles that may.
        """
        directory, rows = self.directory.for_one_check(), batch.in_state(RowState.WAITING, RowState.ALONE)
        for template in {one.name: one for one in (deciding_template(row, self.catalog) for row in rows)}.values():
            await require_may_restore_or_adopt(template, requester, directory=directory)

    async def _people(self, form: BatchForm, batch: Batch, problems: dict[str, Fact]) -> _People | None:
        """Identify requester, sponsor and drafter, and check that each has an account of a full member.

        :returns: all; None when a problem was found, or who they are cannot be read in time.
        """
        directory, field = self.directory.for_one_check(), DRAFT_FIELD
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                requester = await directory.identify(form.requester)
                drafter = await drafter_of(batch, form.requester, directory)
                if drafter is not None and drafter.id == requester.id:
                    drafter = None  # one person with two chat ids
                field = DRAFT_FIELD if form.sponsor == form.requester else "sponsor"
                sponsor = await directory.identify(form.sponsor)
                return _People(requester=requester, sponsor=sponsor, drafter=drafter)
        except Refused as refused:
            is_sponsor, about = field == "sponsor", {"refused": refused.fact.as_value()}
            problems[field] = Fact(RefusalCode.SPONSOR_REFUSED, about) if is_sponsor else refused.fact
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable) as error:
            problems[field] = Fact(RefusalCode.NOT_READ_NOW, {"answer": as_values(error.facts)})
        except TimeoutError:
            problems[field] = Fact(RefusalCode.NOT_READ_NOW, {"answer": []})
        return None

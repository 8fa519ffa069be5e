"""Show a draft to a member who opened it, check the form, and make the member its requester."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from workflows.app.approvers.possible_chain import require_chain
from workflows.app.batches.batch_rules import deciding_template
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.current_sponsors import with_current_sponsors
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
from workflows.core.batches.batch import Batch, BatchState, RowState
from workflows.core.batches.commands import ConfirmDraft
from workflows.core.batches.durations import OfferedDurations, offered_durations
from workflows.core.batches.members import batch_chains
from workflows.core.batches.transition import not_possible_now
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, ChatId, Person
from workflows.core.policy.relations import NO_RELATIONS
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.request import BatchId
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
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
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """What the form offers, and who decides, as far as the draft says."""

    days: tuple[int, ...]
    """The durations that may be chosen, shortest first; empty when there is no row that may be adopted."""
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
        members = batch.in_state(RowState.WAITING)
        chains = batch_chains(
            (row.stages for row in members),
            len(members),
            self.catalog.roles[ADMIN].title,
            has_unknown_author=not all(row.is_author_known for row in members),
        )
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._terms(batch, chains, frozenset({requester, sponsor}))
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
            return self._terms_with(batch, chains[0], None)

    async def _terms(self, batch: Batch, chains: tuple[tuple[Stage, ...], ...], asked: frozenset[ChatId]) -> BatchTerms:
        directory = self.directory.for_one_check()
        # The command line knows only accounts. Who the authors are in the chat system is looked up here.
        authors = await directory.people_of([one.id for one in batch.authors])
        current = await with_current_sponsors(batch, self.batches.store, self.batches.clock.now())
        known = {one.chat_id for one in (*authors, *current.partner_sponsors) if one.chat_id}
        found = await first_possible_chain(directory, chains, asked | known)
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
        )

    def _offered(self, batch: Batch) -> OfferedDurations:
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
        if form.days not in days:
            problems["duration"] = Fact(RefusalCode.DURATION_NOT_OFFERED, {"days": list(days), "template": None})
        people = await self._people(form, problems)
        if people is not None and (unfit := await self._may_adopt_problem(batch, people[0])) is not None:
            problems[DRAFT_FIELD] = unfit
        if (problem := (await self.terms(batch, form.requester, form.sponsor)).problem) is not None:
            problems.setdefault(DRAFT_FIELD, problem)
        if problems or people is None:
            raise InvalidForm({name if name in _FIELDS else DRAFT_FIELD: fact for name, fact in problems.items()})
        await require_within_limits(filing, form.requester, DRAFT_FIELD, key=key, account=people[0].id)
        confirmed = await self._confirm(batch, form, people, justification, key)
        await filing.tell_when_few_are_left(key=key)
        return confirmed

    async def _confirm(
        self, batch: Batch, form: BatchForm, people: tuple[Person, Person], justification: str, key: str
    ) -> Batch:
        rows = batch.in_state(RowState.WAITING, RowState.ALONE)
        command = ConfirmDraft(
            actor=people[0],
            batch_id=batch.id,
            shown_version=form.shown_version,
            sponsor=people[1],
            justification=justification,
            duration=timedelta(days=form.days),
            lifetime=min((deciding_template(row, self.catalog).decide_within for row in rows), default=timedelta(0)),
        )
        return await self.batches.advance(command, key=key)

    async def _may_adopt_problem(self, batch: Batch, requester: Person) -> Fact | None:
        """Return why this member may not adopt all of the draft; None when they may, or it is not known in time."""
        directory, rows = self.directory.for_one_check(), batch.in_state(RowState.WAITING, RowState.ALONE)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                for template in {
                    one.name: one for one in (deciding_template(row, self.catalog) for row in rows)
                }.values():
                    await require_may_restore_or_adopt(template, requester, directory=directory)
        except InvalidField as error:
            return error.fact
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
            pass  # checked again when each partner's request is prepared
        return None

    async def _people(self, form: BatchForm, problems: dict[str, Fact]) -> tuple[Person, Person] | None:
        """Identify the requester and the sponsor, and check that each has an account of a full member.

        :returns: both; None when a problem was found, or who they are cannot be read in time.
        """
        directory, field = self.directory.for_one_check(), DRAFT_FIELD
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                requester = await directory.identify(form.requester)
                field = DRAFT_FIELD if form.sponsor == form.requester else "sponsor"
                return requester, await directory.identify(form.sponsor)
        except Refused as refused:
            is_sponsor, about = field == "sponsor", {"refused": refused.fact.as_value()}
            problems[field] = Fact(RefusalCode.SPONSOR_REFUSED, about) if is_sponsor else refused.fact
        except (TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable) as error:
            problems[field] = Fact(RefusalCode.NOT_READ_NOW, {"answer": as_values(error.facts)})
        except TimeoutError:
            problems[field] = Fact(RefusalCode.NOT_READ_NOW, {"answer": []})
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleChain:
    """The first of several chains that enough people can complete; the first of all, with its problem, if none is."""

    stages: tuple[Stage, ...]
    problem: Fact | None


async def first_possible_chain(
    directory: PeopleDirectory, chains: tuple[tuple[Stage, ...], ...], excluded: frozenset[ChatId]
) -> PossibleChain:
    """Return the first chain that enough people can complete.

    :param excluded: chat ids of people who may not decide.
    """
    taken, problem = await directory.all_ids(excluded), None
    for chain in chains:
        try:
            await require_chain(directory, chain, taken, relations=NO_RELATIONS)
        except InvalidField as error:
            problem = problem or error.fact
        else:
            return PossibleChain(stages=chain, problem=None)
    return PossibleChain(stages=chains[0], problem=problem)

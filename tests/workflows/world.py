"""The domain's shell put together over a real store and the fakes, and the ways a test drives it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bot.words.requests.notes import note_words
from tests.warm.ready_made import new_database, shipped_catalog
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, RILEY, SAM, TENANT, identity
from tests.workflows.fakes import (
    FakeDirectory,
    FakeFiles,
    FakeNotifier,
    FakeRows,
    FakeTenant,
    FixedClock,
    Script,
)
from tests.workflows.guest_accounts import FakeGuestAccounts
from workflows.app.adoption.adopt_intake import AdoptIntake
from workflows.app.alarms import Alarms
from workflows.app.batches.batch_service import BatchService
from workflows.app.batches.confirming import BatchIntake
from workflows.app.batches.drafting import BatchDrafting
from workflows.app.batches.importing.opening import SheetOpening
from workflows.app.evidence.denied.denied_sign_ins import DeniedSignIns
from workflows.app.evidence.denied.notice_records import NoticeRecords
from workflows.app.requests.forms import Form
from workflows.app.requests.intake import Intake
from workflows.app.requests.restoration.restore_intake import RestoreIntake
from workflows.app.schedule.access_ends import AccessEnds
from workflows.app.schedule.alarm_checks import ScheduledChecks, alarm_checks_of
from workflows.app.schedule.freezing.freezes import Freezes
from workflows.app.schedule.reviews.campaigns import Campaigns
from workflows.app.schedule.reviews.events.starting import EventReviews
from workflows.app.schedule.reviews.questions import ReviewQuestions
from workflows.app.schedule.reviews.silences import Silences
from workflows.app.schedule.ticker import tick
from workflows.app.service import Service
from workflows.app.watch.reported_drift import ReportedDrift
from workflows.app.watch.sweep import Sweeper, SweepResult
from workflows.app.watch.telling import DriftRecords
from workflows.catalog.catalog import Catalog
from workflows.core.audit.chain import FIELDS, Seal, digest_of
from workflows.core.people import ChatId, Person
from workflows.core.policy.reviews.terms import AttestedText
from workflows.core.posture.watch.denied_sign_ins.counting import Thresholds
from workflows.core.requests.commands.clicks import Click
from workflows.core.requests.commands.partner_record import Keep, Revoke
from workflows.core.requests.commands.request import Approve, Reject
from workflows.core.requests.effects import Apply, CheckPermission, Effect, Prepare
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.canonical import Digest
from workflows.effects.apply import Applier
from workflows.effects.batches.lists import BatchLists
from workflows.effects.batches.runner import BatchRunner
from workflows.effects.batches.sheet_imports import SheetImports
from workflows.effects.end_notices import EndNotices
from workflows.effects.escalations import Escalations
from workflows.effects.performer import Performer
from workflows.effects.permission_check import PermissionCheck
from workflows.effects.prepare import Preparer
from workflows.effects.reviewing.review_reminders import ReviewReminders
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.records import Commit
from workflows.ports.tenant import TenantUnavailable
from workflows.store.common.rows import text_of
from workflows.store.sqlite.other_records.audit_chain import stored_records
from workflows.store.sqlite.store import SqliteStore

CATALOG: Final = shipped_catalog()
CONTOSO: Final = identity()
WAITS: Final = (TenantUnavailable, PeopleDirectoryUnavailable, NotifierUnavailable)


class QuickStore(SqliteStore):
    """The embedded store without waiting for the disk: what survives a killed process, not a power cut."""

    def _open(self) -> None:
        if not self._path.exists():
            self._path.write_bytes(new_database())
        super()._open()
        self._db.execute("pragma synchronous = off")


class ScriptedStore(QuickStore):
    """A store whose commits can be made to fail before or after they are stored."""

    script: Script
    is_open: bool = True

    async def close(self) -> None:
        """Let go of the file; once is enough."""
        if self.is_open:
            self.is_open = False
            await super().close()

    @property
    def path(self) -> Path:
        """Where its file is."""
        return self._path

    async def execute(self, sql: str, *values: object) -> None:
        """Change stored data behind our back, as damage would: a changed record is not believed any more."""
        await self._write(sql, *values)

    async def commit(self, commit: Commit) -> bool:
        """Store, unless the script says otherwise."""
        fault = await self.script.begin("store.commit")
        stored = await super().commit(commit)
        self.script.end(fault)
        return stored


async def change_as_ours(store: SqliteStore, sql: str, *values: object) -> None:
    """Change stored records as Gatehouse would: a signed entry names each of them as it is afterwards.

    For records that the present version does not store itself, such as those of an earlier version. A record is
    believed afterwards when it was believed before.
    """
    db = store._db

    def change() -> None:
        before = dict(stored_records(db.conn))
        db.execute(sql, list(values))
        after = dict(stored_records(db.conn))
        for record in sorted(before.keys() | after.keys()):
            was, now = (digest_of(record, texts.get(record)) for texts in (before, after))
            if was != now:
                store._seals.append(Seal(*record, now, was))

    def add() -> None:
        with db.atomic():
            entry: dict[str, str | None] = dict.fromkeys(FIELDS)
            entry |= {"key": f"as-ours-{store._newest_signed()}", "at": text_of(store._clock.now()), "actor": "test"}
            entry |= {"command": "change_as_ours", "outcome": "accepted", "details": "{}"}
            assert store._add_sealed(entry, change)

    await store._run_write(add)


@dataclass(slots=True, kw_only=True)
class World:
    """Everything one test needs. `clicks` makes idempotency keys."""

    store: ScriptedStore
    catalog: Catalog
    clock: FixedClock
    script: Script
    tenant: FakeTenant
    directory: FakeDirectory
    notifier: FakeNotifier
    files: FakeFiles
    guest_accounts: FakeGuestAccounts
    service: Service
    alarms: Alarms
    checks: ScheduledChecks
    ends: AccessEnds
    reviews: ReviewQuestions
    silences: Silences
    drift_answers: ReportedDrift
    denied: DeniedSignIns
    freezes: Freezes
    permission_check: PermissionCheck
    campaigns: Campaigns
    batches: BatchService
    preparer: Preparer
    applier: Applier
    intake: Intake
    performer: Performer
    rests: list[float]
    woken: list[bool]
    clicks: int = field(default=0)

    # --- what people do ---

    async def file(self, *, template: str = "trusted-partner", requester: Person = RILEY, **form: Any) -> RequestId:
        """Fill the form in and file it; nothing of what follows is performed."""
        filled = filled_form(template=template, requester=requester.chat_id, **form)
        return await self.intake.file(filled, key=self.key())

    async def waiting(self, **form: Any) -> AccessRequest:
        """File a request and prepare it: it waits for approval."""
        request = await self.settled(await self.file(**form))
        assert request.state is RequestState.AWAITING_APPROVAL, note_words(request.note)
        return request

    async def approved(self, **form: Any) -> AccessRequest:
        """Have a request approved by everybody who must; the tenant is not written to yet."""
        request = await self.waiting(**form)
        for person in (AMARA, BRUNO, CHIE):
            await self.approve(request, person, but=Apply)
        request = await self.request(request.id)
        assert request.state is RequestState.APPLYING, note_words(request.note)
        return request

    async def opened(self) -> AccessRequest:
        """Open Contoso, the whole kind."""
        request = await self.settled((await self.approved()).id)
        assert request.state is RequestState.APPLIED, note_words(request.note)
        return request

    async def approve(self, request: AccessRequest, person: Person, *, key: str = "", but: type | None = None) -> None:
        """Click Approve on the present card of `request`, and wait for the result."""
        await self.click(self.approval(request, person), key=key, but=but)

    async def reject(self, request: AccessRequest, person: Person, reason: str = "Not this quarter") -> None:
        """Click Reject, give a reason, and let everything follow."""
        await self.click(Reject(actor=person.chat_id, request_id=request.id, digest=request.plan.digest, reason=reason))

    async def keep(
        self,
        person: Person,
        reason: str = "The bridge project runs until March",
        attests: AttestedText | None = AttestedText.EVERYBODY_USES_MFA,
    ) -> None:
        """Answer Contoso's review with Keep, attest MFA, and let everything follow."""
        await self.click(Keep(actor=person.chat_id, tenant_id=TENANT, reason=reason, attests=attests))

    async def revoke(self, person: Person, target: str = TENANT, *, but: type | None = None) -> None:
        """Confirm a revocation, and let everything follow."""
        await self.click(Revoke(actor=person.chat_id, target=target, reason="Contract ended"), but=but)

    async def click(self, intent: Click, *, key: str = "", but: type | None = None) -> None:
        """Store an intent as the listeners do, and let everything follow."""
        await self.service.store_click(intent, key=key or self.key())
        await self.settle(but=but)

    async def received(self, intent: Click, *, key: str = "") -> CheckPermission:
        """Store an intent as the listeners do, and return its check, which is not performed yet."""
        key = key or self.key()
        await self.service.store_click(intent, key=key)
        found = [one.effect for one in await self.store.pending(self.clock.now(), 1000) if one.lane == f"judge:{key}"]
        [check] = [one for one in found if isinstance(one, CheckPermission)]
        return check

    def approval(self, request: AccessRequest, person: Person, digest: Digest | None = None) -> Approve[ChatId]:
        """What clicking Approve on this card means."""
        return Approve(
            actor=person.chat_id,
            request_id=request.id,
            digest=digest or request.plan.digest,
            channel="C-PARTNERS",
        )

    def key(self) -> str:
        """A new idempotency key."""
        self.clicks += 1
        return f"world-{self.clicks}"

    # --- what the machine does ---

    async def settle(self, *, but: type | None = None) -> None:
        """Perform what is due as the queue worker does, one effect after the other. What fails now waits a minute.

        :param but: skip effects of this kind, and what waits for them.
        """
        while due := [
            one for one in await self.store.pending(self.clock.now(), 100) if but is None or type(one.effect) is not but
        ]:
            for pending in due:
                try:
                    await self.performer.perform(pending.effect)
                except WAITS as error:
                    await self.store.retry(pending.id, self.clock.now() + timedelta(minutes=1), error.facts)
                else:
                    await self.store.mark_done(pending.id)

    async def settled(self, request_id: RequestId, *, but: type | None = None) -> AccessRequest:
        """Settle, then load the request."""
        await self.settle(but=but)
        return await self.request(request_id)

    async def review(self) -> None:
        """Let a month pass, ask what is due, and let everything follow: Contoso's review is asked."""
        self.clock.advance(days=30)
        await tick(service=self.service, store=self.store, directory=self.directory, clock=self.clock)
        await self.reviews.check()
        await self.settle()

    async def put(self, request: AccessRequest) -> AccessRequest:
        """Store a request in its state, without the history before it; its Apply or Prepare is due."""
        request = replace(request, version=1)
        effects: tuple[Effect, ...] = ()
        if request.state is RequestState.PREPARING:
            effects = (Prepare(request_id=request.id),)
        elif request.state in (RequestState.APPLYING, RequestState.UNCONFIRMED):
            effects = (Apply(request_id=request.id, tenant_id=request.plan.tenant_id),)
        entry = AuditEntry(
            key=self.key(), at=self.clock.now(), actor="test", command="put", outcome="accepted", details={}
        )
        assert await self.store.commit(Commit(entry=entry, request=request, effects=effects))
        return request

    @property
    def sweeper(self) -> Sweeper:
        """What compares the tenant with what was approved."""
        return Sweeper(tenant=self.tenant, alarms=self.alarms, drifts=self.drift_answers.drifts)

    async def sweep(self, *, hours: float = 1) -> SweepResult:
        """Let an hour pass, sweep, and let everything follow."""
        self.clock.advance(hours=hours)
        result = await self.sweeper.sweep()
        await self.settle()
        return result

    # --- what is stored ---

    async def request(self, request_id: RequestId) -> AccessRequest:
        """Load a request that must be there."""
        request = await self.store.request(request_id)
        assert request is not None
        return request

    def restore_intake(self) -> RestoreIntake:
        """What takes requests to restore earlier settings."""
        return RestoreIntake(
            service=self.service,
            store=self.store,
            tenant=self.tenant,
            directory=self.directory,
            catalog=self.catalog,
            clock=self.clock,
        )

    def adopt_intake(self) -> AdoptIntake:
        """What takes requests to adopt current settings."""
        return AdoptIntake(
            service=self.service,
            store=self.store,
            tenant=self.tenant,
            directory=self.directory,
            catalog=self.catalog,
            clock=self.clock,
        )

    def batch_intake(self) -> BatchIntake:
        """What shows drafts and lets members confirm them."""
        return BatchIntake(batches=self.batches, service=self.service, directory=self.directory, catalog=self.catalog)

    def drafting(self) -> BatchDrafting:
        """What makes drafts at the command line."""
        return BatchDrafting(batches=self.batches, tenant=self.tenant, catalog=self.catalog)

    async def all_requests(self) -> list[AccessRequest]:
        """List what is open, oldest first."""
        return list(await self.store.open_requests())

    async def log(self, *, of: RequestId | None = None) -> list[tuple[str, str, str]]:
        """The audit log as (actor, command, outcome), oldest first."""
        entries = await self.store.history(request_id=of, limit=1000)
        return [(entry.actor, entry.command, entry.outcome) for entry in reversed(entries)]

    async def refusals(self) -> list[tuple[str, str]]:
        """Who was refused with which code, oldest first."""
        taken = ("accepted", "received")
        return [(actor, outcome) for actor, _, outcome in await self.log() if outcome not in taken]

    async def lanes(self) -> list[str]:
        """The lanes of what is due and not performed yet."""
        return [pending.lane for pending in await self.store.pending(self.clock.now(), 1000)]


def filled_form(**changes: Any) -> Form:
    """A whole request form, as Riley fills it in for Contoso."""
    usual: dict[str, Any] = {
        "requester": RILEY.chat_id,
        "target": "contoso.com",
        "template": "trusted-partner",
        "justification": "Joint launch",
        "sponsor": SAM.chat_id,
        "days": 180,
    }
    return Form(**{**usual, **changes})


def assemble(
    store: ScriptedStore, clock: FixedClock, script: Script, catalog: Catalog, tenant: FakeTenant | None
) -> World:
    """Tie the domain to the fakes over a store that is open."""
    if tenant is None:
        tenant = FakeTenant()
        tenant.add_tenant(CONTOSO)
    tenant.script = tenant.tenant_settings.script = script
    directory, notifier = FakeDirectory(script=script), FakeNotifier(script=script)
    guest_accounts, files = FakeGuestAccounts(clock=clock, script=script), FakeFiles()
    woken: list[bool] = []
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    service = Service(store=store, clock=clock, wake=lambda: woken.append(True))
    alarms = Alarms(store=store, clock=clock, wake=lambda: woken.append(True))
    drift_answers = ReportedDrift(
        drifts=DriftRecords(store=store, clock=clock, wake=lambda: woken.append(True)), tenant=tenant
    )
    freezes = Freezes(store=store, clock=clock, alarms=alarms, wake=lambda: woken.append(True))
    batches = BatchService(store=store, clock=clock, wake=lambda: woken.append(True))
    reviews = EventReviews(service=service, store=store, clock=clock, rest=rest)
    campaigns = Campaigns(reviews=reviews, catalog=catalog, wake=lambda: woken.append(True))
    denied = DeniedSignIns(
        records=NoticeRecords(store=store, clock=clock, wake=lambda: woken.append(True)),
        tenant=tenant,
        thresholds=Thresholds(sign_ins=5, days=2, people=2),
        days_offered=30,
    )
    permission_check = PermissionCheck(
        service=service,
        store=store,
        tenant=tenant,
        directory=directory,
        catalog=catalog,
        alarms=alarms,
        clock=clock,
        drift_answers=drift_answers,
        denied=denied,
        freezes=freezes,
        batches=batches,
        campaigns=campaigns,
        guest_accounts=guest_accounts,
    )
    preparer = Preparer(
        service=service,
        store=store,
        tenant=tenant,
        directory=directory,
        catalog=catalog,
        clock=clock,
        alarms=alarms,
        guest_accounts=guest_accounts,
    )
    applier = Applier(
        service=service,
        store=store,
        tenant=tenant,
        directory=directory,
        clock=clock,
        alarms=alarms,
        catalog=catalog,
        sleep=rest,
        guest_accounts=guest_accounts,
    )
    return World(
        store=store,
        catalog=catalog,
        clock=clock,
        script=script,
        tenant=tenant,
        directory=directory,
        notifier=notifier,
        files=files,
        guest_accounts=guest_accounts,
        service=service,
        alarms=alarms,
        checks=ScheduledChecks(checks=alarm_checks_of(store=store, clock=clock, tenant=tenant, alarms=alarms)),
        ends=AccessEnds(
            service=service,
            store=store,
            clock=clock,
            alarms=alarms,
            wake=lambda: woken.append(True),
            max_blocks_a_day=10,
        ),
        reviews=ReviewQuestions(
            service=service,
            store=store,
            clock=clock,
            wake=lambda: woken.append(True),
            asks_more=campaigns.asks_more,
        ),
        silences=Silences(
            service=service,
            store=store,
            clock=clock,
            alarms=alarms,
            wake=lambda: woken.append(True),
            max_closings_a_day=10,
        ),
        drift_answers=drift_answers,
        denied=denied,
        freezes=freezes,
        permission_check=permission_check,
        campaigns=campaigns,
        batches=batches,
        preparer=preparer,
        applier=applier,
        intake=Intake(service=service, store=store, tenant=tenant, directory=directory, catalog=catalog, clock=clock),
        performer=Performer(
            permission_check=permission_check,
            preparer=preparer,
            applier=applier,
            notifier=notifier,
            batches=BatchRunner(
                batches=batches,
                service=service,
                store=store,
                preparer=preparer,
                applier=applier,
                directory=directory,
                catalog=catalog,
            ),
            batch_lists=BatchLists(batches=batches, store=store, notifier=notifier),
            sheet_imports=SheetImports(
                opening=SheetOpening(files=files, catalog=catalog),
                notifier=notifier,
                batches=batches,
                tenant=tenant,
                new_rows=FakeRows,
                shown_every=60.0,
            ),
            escalations=Escalations(service=service, store=store, tenant=tenant, directory=directory),
            end_notices=EndNotices(service=service, store=store, notifier=notifier, clock=clock),
            review_reminders=ReviewReminders(
                service=service, store=store, notifier=notifier, directory=directory, tenant=tenant, clock=clock
            ),
            store=store,
            service=service,
            alarms=Alarms(store=store, clock=clock, wake=lambda: woken.append(True)),
        ),
        rests=rests,
        woken=woken,
    )


@asynccontextmanager
async def open_world(
    path: Path, *, clock: FixedClock | None = None, catalog: Catalog = CATALOG, tenant: FakeTenant | None = None
) -> AsyncIterator[World]:
    """Open the store at `path` and put a world over it. Opening it once more, after it was closed, is a restart."""
    clock, script = clock or FixedClock(), Script()
    store = ScriptedStore(path, clock)
    store.script = script
    await store.open()
    try:
        yield assemble(store, clock, script, catalog, tenant)
    finally:
        await store.close()


@asynccontextmanager
async def restarted(world: World, *, catalog: Catalog = CATALOG) -> AsyncIterator[World]:
    """End the process of `world`, and start another one with its file, its clock and its tenant.

    Only one process at a time may use the file, so `world` cannot be used after this.
    """
    await world.store.close()
    async with open_world(world.store.path, clock=world.clock, catalog=catalog, tenant=world.tenant) as again:
        again.clicks = world.clicks
        yield again

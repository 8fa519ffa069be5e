"""Check a click: identify the person, read their roles, and pass the command to the lifecycle.

It is long because every kind of click is checked here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from workflows.app.adoption.unchanged import adoption_of_other_settings
from workflows.app.alarms import Alarms
from workflows.app.approvers.absences import Absences, identified, in_whose_place
from workflows.app.approvers.deciders.profile_reads import ProfileReads
from workflows.app.approvers.enough_asked import require_enough_left
from workflows.app.approvers.relation_check import request_relation_check
from workflows.app.approvers.role_groups import group_problem_of
from workflows.app.approvers.role_refusals import check_with_new_groups
from workflows.app.approvers.stage_holders import roles_at, roles_for
from workflows.app.batches.batch_service import BatchService
from workflows.app.evidence.denied.denied_sign_ins import DeniedSignIns
from workflows.app.evidence.guests.account_filing import AccountFiling
from workflows.app.evidence.reviews.attesting import attestation_period
from workflows.app.limits import Allowance, LimitedAction, Limits, SecondLookNeeded
from workflows.app.reads.known_freeze import last_freeze
from workflows.app.requests.edits.less_access import LessAccess
from workflows.app.requests.people_checks import require_chain_without
from workflows.app.schedule.freezing.freezes import Freezes
from workflows.app.schedule.reviews.campaigns import Campaigns
from workflows.app.schedule.revocation_alarms import report_refused_revocation
from workflows.app.schedule.role_check import require_people
from workflows.app.service import Service
from workflows.app.storing.identifiers import derived_request_id, revocation_id, verdict_key
from workflows.app.watch.reported_drift import ReportedDrift
from workflows.catalog.catalog import Catalog, changed_rules
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.revoking import require_may_revoke
from workflows.core.people import ADMIN, ChatId, CurrentRoles, Person
from workflows.core.plans.accounts import AccountChange
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.commands.automatic import Replan
from workflows.core.requests.commands.batch import AnswerHalt, ApproveBatch, ImportSheet, RejectBatch, WithdrawBatch
from workflows.core.requests.commands.campaign import StartCampaign, WithdrawCampaign
from workflows.core.requests.commands.clicks import (
    AccessTestClick,
    AskReminder,
    Click,
    DecisionClick,
    DropEffect,
    EffectClick,
    RetryEffect,
    SetupClick,
    received_name,
    subject_of,
    with_person,
    written_text,
)
from workflows.core.requests.commands.editing import AcceptProposal, DeclineProposal, ProposeLess, RequestChanges
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.commands.partner_record import ConfirmSetup, Keep, RemindSetup, Revoke, UnconfirmSetup
from workflows.core.requests.commands.people import (
    AbsenceClick,
    AcceptSponsorship,
    DeclineSponsorship,
    EndAbsence,
    ProposeSponsor,
    Reassign,
    SetAbsence,
    WithdrawHandover,
)
from workflows.core.requests.commands.request import (
    Answer,
    Approve,
    Ask,
    ChangeGuests,
    Comment,
    Confirm,
    Reject,
    RemindApprovers,
    SupportRequest,
    Withdraw,
)
from workflows.core.requests.commands.review_event import AnswerAccessTest, RequestAccessTest
from workflows.core.requests.commands.watch import AcceptDrift, DismissDenied
from workflows.core.requests.deciding import approved_at, next_approval_is_last, roles_as_decided
from workflows.core.requests.effects import CheckPermission, MessageCode, SendMessage
from workflows.core.requests.eligibility import eligibility
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.requests.transitions.freezing import is_void
from workflows.core.requests.transitions.taking_part.reassigning import require_from, require_may_reassign, require_to
from workflows.effects.batches.decisions import BatchDecisions
from workflows.effects.clicks.changes import ChangeClicks
from workflows.effects.clicks.conversations import Conversations
from workflows.effects.clicks.guest_changes import GuestChanges
from workflows.effects.clicks.handovers import Handovers
from workflows.effects.closing.filing import ClosingFiling, FiledClosing
from workflows.intervals import PROFILE_CHANGES_SHOWN_FOR
from workflows.partner_lookup.identifying import identify_partner
from workflows.ports.audit_log import RESULT_OF, RestsOn
from workflows.ports.clock import Clock
from workflows.ports.guest_accounts import GuestAccounts
from workflows.ports.people_directory import (
    DecisionPlaces,
    PeopleDirectory,
    PeopleDirectoryRefused,
    PeopleDirectoryUnavailable,
)
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_OPENS_BY_REQUEST = (Approve, SupportRequest, RequestChanges, ProposeLess, AcceptProposal, Confirm)
_OPENS_BY_BATCH = (ApproveBatch, AnswerHalt)
_CLOSES = (Revoke, Reject, RejectBatch, Withdraw, WithdrawBatch, WithdrawCampaign, WithdrawHandover)
"""The clicks that are believed whatever the records say, because closing must always be possible."""
_CLOSING_STEPS = (FreezeStep.FREEZE, FreezeStep.KEEP)
_SAYS = (Ask, Answer, Comment, AskReminder, RemindSetup, DeclineProposal, DeclineSponsorship)
"""The clicks that only say something. Somebody must have clicked; nothing else is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionCheck:
    """Performs CheckPermission. May be repeated safely: the result of a click is recorded only once."""

    service: Service
    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    catalog: Catalog
    alarms: Alarms
    clock: Clock
    drift_answers: ReportedDrift
    denied: DeniedSignIns
    freezes: Freezes
    batches: BatchService
    campaigns: Campaigns
    places: DecisionPlaces | None = None
    """Where a decision that opens access may be made; None: everywhere."""
    guest_accounts: GuestAccounts | None = None
    """The guest accounts of our tenant; None: none are changed."""
    limits: Limits | None = None
    """The limit of approvals per hour for one person; None: no limit."""
    profile_changes_shown_for: timedelta = PROFILE_CHANGES_SHOWN_FOR
    """How long before a high-risk approval a change of the approver's profile is shown to the others."""

    async def check_click(self, effect: CheckPermission) -> None:
        """Identify the actor, read the current roles, and pass the command to the lifecycle. A refusal is recorded.

        :raises TenantUnavailable, PeopleDirectoryUnavailable: when the person or the roles cannot be read now.
        """
        await replace(self, directory=self.directory.for_one_check())._check(effect)

    async def _check(self, effect: CheckPermission) -> None:
        key = verdict_key(effect.key)
        if await self.store.is_known(key):
            return
        click = effect.command
        try:
            deciders = await self._deciders(click)
            actor = await self.directory.identify(click.actor, with_accounts_of=deciders)
            await self._require_as_signed(effect)
            await self._check_with_newest_groups(click, actor, key, effect.received_at)
        except (Refused, TenantRefused) as error:
            if isinstance(click, Revoke) and isinstance(error, TenantRefused | PeopleDirectoryRefused):
                await self._tell_that_it_waits(effect)
                raise await report_refused_revocation(
                    self.alarms, revocation_id(effect.key), click.target, error.facts
                ) from error
            refused = error if isinstance(error, Refused) else _not_checked(error)
            asked = (_second_look(click, error),) if isinstance(error, SecondLookNeeded) else ()
            await self.service.record_refusal(
                refused,
                key=key,
                actor=click.actor,
                command=received_name(click),
                subject=subject_of(click),
                channel=click.channel,
                text=written_text(click),
                is_told=bool(asked) and not click.channel,
                effects=asked,
            )
        except (TenantUnavailable, PeopleDirectoryUnavailable):
            await self._tell_that_it_waits(effect)
            raise

    async def _require_as_signed(self, effect: CheckPermission) -> None:
        """Refuse a click that was never received, or about records that something other than Gatehouse changed.

        What only closes is never refused for that.

        :raises Refused: when a signed entry says otherwise.
        """
        about = _rests_on(effect)
        if about is not None and await self.store.unproven(about):
            raise Refused(RefusalCode.NOT_AS_SIGNED)

    async def _deciders(self, click: Click) -> list[Person]:
        """Return who has decided before, when their roles are read again with this decision."""
        request = await self.store.request(click.request_id) if isinstance(click, Approve | Reject) else None
        if request is None or (isinstance(click, Approve) and not next_approval_is_last(request)):
            return []
        return [decision.person for decision in request.decisions]

    async def _tell_that_it_waits(self, effect: CheckPermission) -> None:
        await self.service.send_message(
            Fact(MessageCode.CLICK_WAITS),
            key=f"delayed:{effect.key}",
            person=effect.command.actor,
            channel=effect.command.channel,
        )

    async def _check_with_newest_groups(
        self, click: Click, actor: Person, key: str, received_at: datetime | None
    ) -> None:
        """Check a command. Older members of groups refuse nobody, and revoke nothing."""
        if isinstance(click, Revoke):
            self.directory.read_groups_again()
        try:
            await check_with_new_groups(lambda: self._check_command(click, actor, key, received_at), self.directory)
        except Refused as refused:
            if refused.code is RefusalCode.NOT_YOUR_TURN:
                await request_relation_check(self.store)  # the stage may be open again: somebody has another manager
            if refused.code is RefusalCode.NOT_AN_APPROVER and isinstance(click, Approve | Reject):
                await require_people(click.request_id, store=self.store, directory=self.directory)
            raise

    async def _check_command(self, click: Click, actor: Person, key: str, received_at: datetime | None) -> None:
        await self._require_may_open(click)
        match click:
            case Approve() | Reject():
                await self._decide(click, actor, key, received_at)
            case RequestChanges() | ProposeLess() | AcceptProposal() | DeclineProposal():
                await self._changes.carry_out(click, actor, key=key, received_at=received_at)
            case SupportRequest():
                await self._support(click, actor, key, received_at)
            case Withdraw():
                await self._withdraw(click, actor, key)
            case Ask() | Answer() | Comment():
                await self._conversations.carry_out(click, actor, key=key, received_at=received_at)
            case AskReminder():
                await self._remind(click, actor, key)
            case Keep() | ConfirmSetup() | UnconfirmSetup() | RemindSetup() | RequestAccessTest() | AnswerAccessTest():
                await self._advance_review(click, actor, key)
            case ProposeSponsor() | AcceptSponsorship() | DeclineSponsorship() | WithdrawHandover():
                await self._handovers.carry_out(click, actor, key=key)
            case Revoke():
                await self._revoke(click, actor, key)
            case RetryEffect() | DropEffect():
                await self._retry_or_drop(click, actor, key)
            case ApproveBatch() | RejectBatch():
                await self._decide_batch(click, actor, key, received_at)
            case WithdrawBatch() | AnswerHalt():
                await self._batch_decisions.carry_out(click, actor, key=key)
            case ImportSheet():
                await self._import_sheet(click, actor, key)
            case SetAbsence() | EndAbsence() | Reassign():
                await self._delegate(click, actor, key, received_at)
            case AcceptDrift() | DismissDenied():
                await self._answer_watch(click, actor, key)
            case StartCampaign() | WithdrawCampaign():
                await self._change_campaign(click, actor, key)
            case ChangeGuests() | Confirm():
                await self._guest_changes.carry_out(click, actor, key=key, received_at=received_at)
            case ChangeFreeze():
                current_roles = await self.directory.current_roles(await self.freezes.people_of(click, actor))
                await self.freezes.decide(click, actor, key=key, current_roles=current_roles)

    async def _require_may_open(self, click: Click) -> None:
        """Refuse what would open access from a shared channel, or from before a held start. Rejecting is possible.

        :raises Refused: when the channel is shared, or the request or batch is void or about to be.
        :raises PeopleDirectoryUnavailable: when it cannot be read now whether the channel is shared.
        """
        if not isinstance(click, (*_OPENS_BY_REQUEST, *_OPENS_BY_BATCH)):
            return
        if isinstance(click, AnswerHalt) and not click.goes_on:
            return
        if self.places is not None:
            await self.places.require_ours(click.channel)
        freeze = await last_freeze(self.store)
        if freeze is None or freeze.voids_before is None:
            return
        if isinstance(click, _OPENS_BY_BATCH):
            batch = await self.store.batch(click.batch_id)
            is_old = batch is not None and not batch.has_ended and batch.created_at < freeze.voids_before
        else:
            request = await self.store.request(click.request_id)
            is_old = request is not None and is_void(request, freeze)
        if is_old:
            raise Refused(RefusalCode.VOID_AFTER_RESTORE)

    async def _import_sheet(self, click: ImportSheet, actor: Person, key: str) -> None:
        """Have a file judged. A full member may look partners up, and an import counts as one look-up."""
        allowance = None
        if self.limits is not None:
            allowance = await self.limits.require(LimitedAction.LOOK_UPS, actor.chat_id, actor.id)
        await self.service.begin_import(click, actor, key=key)
        if allowance is not None:
            await self._tell_what_is_left(allowance, click, actor, key)

    async def _remind(self, click: AskReminder, actor: Person, key: str) -> None:
        is_requester = await self._is_requester(click.request_id, actor)
        reminder = RemindApprovers(actor=click.actor, is_requester=is_requester)
        await self.service.advance(click.request_id, reminder, key=key)

    async def _answer_watch(self, click: AcceptDrift | DismissDenied, actor: Person, key: str) -> None:
        current_roles = await self.directory.current_roles([actor])
        if isinstance(click, AcceptDrift):
            await self.drift_answers.accept(click, actor, key=key, current_roles=current_roles)
        else:
            await self.denied.dismiss(click, actor, key=key, current_roles=current_roles)

    async def _change_campaign(self, click: StartCampaign | WithdrawCampaign, actor: Person, key: str) -> None:
        current_roles = await self.directory.current_roles([actor])
        if isinstance(click, StartCampaign):
            await self.campaigns.start(click, actor, key=key, current_roles=current_roles)
        else:
            await self.campaigns.withdraw(click, actor, key=key, current_roles=current_roles)

    async def _advance_review(
        self,
        click: Keep[ChatId] | SetupClick | AccessTestClick,
        actor: Person,
        key: str,
    ) -> None:
        await self.service.advance_review(
            click.tenant_id,
            with_person(click, actor),
            key=key,
            current_roles=await self.directory.current_roles([actor]),
            attest_mfa_for=partial(attestation_period, catalog=self.catalog, store=self.store),
        )

    async def _decide(self, click: DecisionClick, actor: Person, key: str, received_at: datetime | None) -> None:
        request = await self.store.request(click.request_id)
        if request is not None:
            await self._require_same_rules(request)
            if isinstance(click, Approve):
                await self._require_same_adopted_settings(request)
                await self._require_safe_groups(request)
        decided = replace(
            with_person(click, actor), on_behalf_of=await self._in_whose_place(request, actor, received_at)
        )
        command = await self._profiles.with_changes(decided, request)

        async def current_roles_of(request: AccessRequest) -> CurrentRoles:
            """Read the actor, and the earlier approvers when the decision depends on them.

            Before the plan is written, all of them are read again.
            """
            if isinstance(click, Approve) and request.decisions:
                assumed = roles_as_decided(request, actor, await self._roles_for(request, [actor], received_at))
                if assumed is not None:
                    return assumed
            people = [actor, *(decision.person for decision in request.decisions)]
            return await self._roles_for(request, people, received_at)

        # Rejecting closes access, and is never limited.
        allowance = None
        if self.limits is not None and isinstance(click, Approve):
            allowance = await self.limits.require_approval(actor.chat_id, actor.id, click=key.removeprefix(RESULT_OF))
            if request is not None and click.is_second_look:
                if (at := approved_at(request, actor, click.digest)) is not None:
                    raise Refused(RefusalCode.SECOND_LOOK_COUNTED, at=at.isoformat())
            elif request is not None:
                await self.limits.require_no_second_look(request, actor, click=key.removeprefix(RESULT_OF))
        await self.service.advance(
            click.request_id, command, key=key, current_roles_of=current_roles_of, received_at=received_at
        )
        if allowance is not None:
            await self._tell_what_is_left(allowance, click, actor, key)

    async def _roles_for(
        self, request: AccessRequest, people: Sequence[Person], received_at: datetime | None
    ) -> CurrentRoles:
        at = received_at or self.clock.now()
        return await roles_at(request, people, at, directory=self.directory, store=self.store)

    async def _in_whose_place(
        self, request: AccessRequest | None, actor: Person, received_at: datetime | None
    ) -> Person | None:
        """Return the absent person in whose place the actor was asked. Nothing is decided with it."""
        if request is None or request.state is not RequestState.AWAITING_APPROVAL:
            return None
        at = received_at or self.clock.now()

        async def roles_of(people: Sequence[Person]) -> CurrentRoles:
            return await roles_for(request, people, self.directory)

        return await in_whose_place(actor, eligibility(request), at, store=self.store, roles_of=roles_of)

    async def _delegate(
        self, click: AbsenceClick | Reassign[ChatId], actor: Person, key: str, received_at: datetime | None
    ) -> None:
        if isinstance(click, Reassign):
            await self._reassign(click, actor, key, received_at)
        else:
            await self._absences.carry_out(click, actor, key=key)

    async def _reassign(self, click: Reassign[ChatId], actor: Person, key: str, received_at: datetime | None) -> None:
        from_person = await self.directory.identify(click.from_person)
        to_person = await identified(click.to_person, RefusalCode.REASSIGNED_TO_REFUSED, directory=self.directory)

        async def current_roles_of(request: AccessRequest) -> CurrentRoles:
            roles = await self._roles_for(request, [actor, from_person, to_person], received_at)
            if request.state is RequestState.AWAITING_APPROVAL:
                stage = require_may_reassign(request, actor, roles)
                require_from(request, stage, from_person, current_roles=roles)
                require_to(request, stage, from_person, to_person, by=actor, current_roles=roles)
                needed = RefusalCode.REASSIGNER_IS_NEEDED
                await require_chain_without(request, actor, directory=self.directory, code=needed)
                await require_enough_left(request, from_person, to_person, by=actor, directory=self.directory)
            return roles

        command: Reassign[Person] = Reassign(
            actor=actor,
            request_id=click.request_id,
            digest=click.digest,
            from_person=from_person,
            to_person=to_person,
            reason=click.reason,
            channel=click.channel,
        )
        await self.service.advance(
            click.request_id, command, key=key, current_roles_of=current_roles_of, received_at=received_at
        )

    @property
    def _absences(self) -> Absences:
        return Absences(store=self.store, directory=self.directory, clock=self.clock, wake=self.freezes.wake)

    @property
    def _profiles(self) -> ProfileReads:
        return ProfileReads(
            store=self.store, directory=self.directory, clock=self.clock, shown_for=self.profile_changes_shown_for
        )

    @property
    def _conversations(self) -> Conversations:
        return Conversations(service=self.service, store=self.store, directory=self.directory, clock=self.clock)

    @property
    def _changes(self) -> ChangeClicks:
        less_access = LessAccess(
            store=self.store, tenant=self.tenant, directory=self.directory, catalog=self.catalog, clock=self.clock
        )
        return ChangeClicks(service=self.service, less_access=less_access, tenant=self.tenant, directory=self.directory)

    @property
    def _handovers(self) -> Handovers:
        return Handovers(
            service=self.service, store=self.store, tenant=self.tenant, directory=self.directory, clock=self.clock
        )

    @property
    def _guest_changes(self) -> GuestChanges:
        filing = AccountFiling(
            service=self.service,
            store=self.store,
            tenant=self.tenant,
            catalog=self.catalog,
            clock=self.clock,
            accounts=self.guest_accounts,
        )
        return GuestChanges(filing=filing, directory=self.directory)

    @property
    def _batch_decisions(self) -> BatchDecisions:
        return BatchDecisions(batches=self.batches, store=self.store, directory=self.directory, catalog=self.catalog)

    async def _decide_batch(
        self, click: ApproveBatch[ChatId] | RejectBatch[ChatId], actor: Person, key: str, received_at: datetime | None
    ) -> None:
        allowance = None
        if self.limits is not None and isinstance(click, ApproveBatch):
            allowance = await self.limits.require_approval(actor.chat_id, actor.id, click=key.removeprefix(RESULT_OF))
        await self._profiles.read(actor)
        await self._batch_decisions.decide(click, actor, key=key, received_at=received_at)
        if allowance is not None:
            await self._tell_what_is_left(allowance, click, actor, key)

    async def _tell_what_is_left(self, allowance: Allowance, click: Click, actor: Person, key: str) -> None:
        if (warning := allowance.warning) is not None:
            await self.service.send_message(warning, key=f"left:{key}", person=click.actor, channel=click.channel)
        if self.limits is not None:
            await self.limits.alarm_when_used_up(allowance, actor.name)

    async def _support(
        self, click: SupportRequest[ChatId], actor: Person, key: str, received_at: datetime | None
    ) -> None:
        """Record a supporter, unless the approval chain needs them: who supports a request never decides on it."""
        allowance = None
        if self.limits is not None:
            allowance = await self.limits.require(LimitedAction.REQUESTS, actor.chat_id, actor.id)
        request = await self.store.request(click.request_id)
        if request is not None and request.state is RequestState.AWAITING_APPROVAL:
            await require_chain_without(request, actor, directory=self.directory)
        await self.service.advance(click.request_id, with_person(click, actor), key=key, received_at=received_at)
        if allowance is not None:
            await self._tell_what_is_left(allowance, click, actor, key)

    async def _withdraw(self, click: Withdraw, actor: Person, key: str) -> None:
        command = replace(click, is_requester=await self._is_requester(click.request_id, actor))
        await self.service.advance(click.request_id, command, key=key)

    async def _is_requester(self, request_id: RequestId, actor: Person) -> bool:
        request = await self.store.request(request_id)
        return request is not None and await self._is_filed_by(request, actor)

    async def _is_filed_by(self, request: AccessRequest, actor: Person) -> bool:
        if request.prepared is not None or request.is_filed_by(actor.chat_id, actor.id):
            return request.is_filed_by(actor.chat_id, actor.id)
        fields = request.fields
        named = [fields.requester, *(() if fields.submitter is None else (fields.submitter,))]
        return actor.id in [(await self.directory.identify(person)).id for person in named]

    async def _require_same_rules(self, request: AccessRequest) -> None:
        """Request approval again when the template or a role definition has changed since the plan was made.

        :raises Refused: when it has changed.
        """
        if request.state is not RequestState.AWAITING_APPROVAL:
            return
        changed = changed_rules(request.plan, request.require_prepared().roles, self.catalog)
        if changed is None:
            return
        again = Replan(reason=(changed.fact, Fact(NoteCode.ASKED_AGAIN)))
        await self.service.advance(request.id, again)
        raise Refused(changed.code, **changed.values)

    async def _require_same_adopted_settings(self, request: AccessRequest) -> None:
        """Request approval again when the settings that are adopted changed, or have another author than was shown.

        :raises Refused: when that is so.
        """
        if request.state is not RequestState.AWAITING_APPROVAL or request.fields.kind is not RequestKind.ADOPTION:
            return
        again = await adoption_of_other_settings(request, tenant=self.tenant, store=self.store, now=self.clock.now())
        if again is not None:
            await self.service.advance(request.id, again)
            raise Refused(RefusalCode.ADOPTED_SETTINGS_CHANGED)

    async def _require_safe_groups(self, request: AccessRequest) -> None:
        """Plan the request again when a person of it owns a group that decides, or everybody can join the group.

        That is read with the last approval. Preparing then refuses the request, and names the person and the group.

        :raises Refused: when that is so.
        """
        if not next_approval_is_last(request):
            return
        problem = await group_problem_of(request, tenant=self.tenant, catalog=self.catalog)
        if problem is not None:
            await self.service.advance(request.id, Replan(reason=(problem, Fact(NoteCode.ASKED_AGAIN))))
            raise Refused(RefusalCode(problem.code), **problem.values)

    async def _retry_or_drop(self, click: EffectClick, actor: Person, key: str) -> None:
        current_roles = await self.directory.current_roles([actor])
        if not current_roles.holds(actor.id, ADMIN):
            raise Refused(RefusalCode.ONLY_ADMINS_DECIDE_GIVEN_UP)
        if click.effect_id not in {effect.id for effect in await self.store.given_up_effects()}:
            raise Refused(RefusalCode.WORK_NOT_GIVEN_UP)
        await self.service.retry_or_drop(
            click.effect_id,
            is_retried=isinstance(click, RetryEffect),
            key=key,
            actor=actor.chat_id,
            account=actor.id,
        )

    async def _revoke(self, click: Revoke, actor: Person, key: str) -> None:
        identity, partnership = await identify_partner(click.target, store=self.store, tenant=self.tenant)
        current_roles: CurrentRoles = await self.directory.current_roles([actor])
        require_may_revoke(partnership, actor, current_roles)
        filing = ClosingFiling(service=self.service, store=self.store)
        filed = FiledClosing(
            identity=identity, partnership=partnership, closing=click.closing, person=actor, reason=click.reason
        )
        await filing.file(filed, derived_request_id(key), key=key)


def _rests_on(effect: CheckPermission) -> RestsOn | None:
    """Return what a click rests on; None for one that only closes."""
    match effect.command:
        case ChangeFreeze(step=step) if step in _CLOSING_STEPS:
            return None
        case ChangeFreeze(step=FreezeStep.END):
            # NB. the end is the only way back, and accepts absences and the log as they are.
            return RestsOn(click=effect, freeze_end=True, absences=False, whole_log=False)
        case ChangeGuests(change=AccountChange.DISABLE):
            return None
        case click if isinstance(click, _CLOSES):
            return None
        case click if isinstance(click, (ChangeFreeze, *_SAYS)):
            return RestsOn.only_click(effect)
        case click:
            return RestsOn(
                request_id=getattr(click, "request_id", ""),
                tenant_id=getattr(click, "tenant_id", ""),
                batch_id=getattr(click, "batch_id", ""),
                drift=click.subject if isinstance(click, AcceptDrift) else "",
                click=effect,
            )


def _second_look(click: Click, needed: SecondLookNeeded) -> SendMessage:
    """Return the message that lists what the person approved just before. They confirm the approval below it."""
    return SendMessage(person=click.actor, subject=subject_of(click), fact=needed.message)


def _not_checked(error: TenantRefused) -> Refused:
    return Refused(RefusalCode.CANNOT_BE_CHECKED, answer=as_values(error.facts))

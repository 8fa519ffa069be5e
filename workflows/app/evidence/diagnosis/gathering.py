"""Read in our tenant what one diagnosis needs, in parallel. A fact that cannot be read does not stop the others."""

from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Protocol, TypeVar

from workflows.app.evidence.diagnosis.applications import find_application, names_of, names_of_listed, similar_names
from workflows.app.evidence.diagnosis.subject import Subject, find_home
from workflows.app.evidence.diagnosis.templates import offered_templates
from workflows.app.requests.open_request import is_about
from workflows.core.checks.conditional_access.application_coverage import ALL
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.questions import VisitorAccess
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.checks.conditional_access.visitor_access import trust_under
from workflows.core.checks.partner_setup.confirmations import confirmation_of, needed_steps, open_steps
from workflows.core.checks.partner_setup.steps import StepKey
from workflows.core.checks.tenant_facts import AddressAccount, UnreadableFact
from workflows.core.checks.unreadable_facts import SIGN_IN_DAYS
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.template import Template
from workflows.core.posture.diagnosis.account_steps import disabling_of, is_enabling
from workflows.core.posture.diagnosis.diagnosing import diagnose
from workflows.core.posture.diagnosis.facts import (
    DiagnosisFacts,
    Home,
    HomeKind,
    NamedApplication,
    PartnerRecord,
    Read,
)
from workflows.core.posture.diagnosis.offers import unnamed_applications
from workflows.core.posture.diagnosis.settings_steps import listed_applications, opens_direct_connect
from workflows.core.posture.diagnosis.steps import Diagnosis
from workflows.core.posture.watch.drift import Drift, DriftSubject
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookalikes import similar_names as similar_domains
from workflows.partner_lookup.not_found import partner_names
from workflows.ports.clock import Clock
from workflows.ports.tenant import Tenant, read_fact
from workflows.preflight.access_check import EVALUATION_SECONDS, AccessCheck

TIMEOUT_SECONDS: Final = 6.0
"""Seconds for all reads together, without the questions to Conditional Access."""
_MAX_REQUESTS: Final = 50
"""Requests among which the one is looked for that disabled an account."""
_CLOSED: Final = frozenset({PartnershipState.SUSPENDED, PartnershipState.REVOKED})

Value = TypeVar("Value")


class PartnerRecords(Protocol):
    """What Gatehouse recorded of partners. A part of the store."""

    async def partnerships_named(self, name: str) -> Sequence[Partnership]:
        """List the partners of a domain or tenant id."""

    async def open_requests_about(self, tenant_id: TenantId) -> Sequence[AccessRequest]:
        """List the open requests that may be about a partner."""

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about a partner, newest first."""

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partner."""

    async def drift(self, subject: DriftSubject) -> Drift | None:
        """Load what the last sweeps found about a partner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnoser:
    """Makes diagnoses. It reads only."""

    tenant: Tenant
    records: PartnerRecords
    clock: Clock
    completes_names: bool = True
    """Whether names of our applications are said that were not typed whole. Who may not list them could."""
    suggests_partners: bool = True
    """Whether partners are named whose domain is similar to one that nobody has."""
    templates: Sequence[Template] = ()
    """The templates that can be requested."""
    enables_accounts: bool = False
    """Whether Gatehouse can enable accounts, which is optional."""
    timeout_seconds: float = TIMEOUT_SECONDS
    evaluation_timeout_seconds: float = EVALUATION_SECONDS

    async def diagnose(self, subject: Subject, application: str = "") -> Diagnosis:
        """Return why the person, or people of the organization, cannot get in.

        :param application: the name or id of an application of ours; empty for any.
        :raises InvalidField: when it is our own tenant.
        """
        home = self._now(await self._home(subject))
        record = await self._record(subject, home)
        facts = await self._facts(subject, application, home, record)
        tenant_id = _tenant_id(home, record)
        if tenant_id is not None:
            facts = await self._with_records(facts, tenant_id)
        return await self._diagnosis(await self._with_disabling(facts))

    async def _diagnosis(self, facts: DiagnosisFacts) -> Diagnosis:
        """Diagnose, and read the names that the offered templates and policies for single applications need."""
        diagnosis = diagnose(facts)
        causes = [step.cause for step in diagnosis.stopping if step.cause is not None]
        found = [*causes, *(note for step in diagnosis.steps for note in step.notes)]
        unnamed = list(dict.fromkeys(each for fact in found for each in unnamed_applications(fact.values)))
        if not unnamed or not self.completes_names:
            return diagnosis
        names = await read_fact(names_of(unnamed, self.tenant.tenant_settings), self.timeout_seconds)
        return diagnosis if isinstance(names, UnreadableFact) else diagnose(replace(facts, template_names=names))

    async def _home(self, subject: Subject) -> Home | UnreadableFact:
        """Find the tenant, and the partners that may be meant where nobody has the domain."""
        home = await find_home(subject, tenant=self.tenant, timeout_seconds=self.timeout_seconds)
        is_unknown = isinstance(home, Home) and home.kind is HomeKind.NO_TENANT
        if not isinstance(home, Home) or not is_unknown or not self.suggests_partners:
            return home
        return replace(home, similar=similar_domains(subject.domain, await partner_names(self.records)))

    def _now(self, value: Value | UnreadableFact) -> Read[Value]:
        return Read(value=value, at=self.clock.now())

    async def _read(self, read: Awaitable[Value]) -> Read[Value]:
        return self._now(await read_fact(read, self.timeout_seconds))

    async def _record(self, subject: Subject, home: Read[Home]) -> Partnership | None:
        """Return the record of the partner: by its tenant, and by name while Entra does not say which tenant it is."""
        is_known = isinstance(home.value, Home) and home.value.identity is not None
        identity = home.value.identity if isinstance(home.value, Home) else None
        names = (identity.tenant_id,) if is_known and identity is not None else subject.names
        if isinstance(home.value, Home) and identity is None:
            return None
        found = {one.identity.tenant_id: one for name in names for one in await self.records.partnerships_named(name)}
        return next(iter(found.values())) if len(found) == 1 else None

    async def _facts(
        self, subject: Subject, application: str, home: Read[Home], record: Partnership | None
    ) -> DiagnosisFacts:
        tenant, settings = self.tenant, self.tenant.tenant_settings
        tenant_id = _tenant_id(home, record)
        since = self.clock.now() - timedelta(days=SIGN_IN_DAYS)
        wanted: dict[str, Coroutine[Any, Any, Read[Any]] | None] = {
            "configuration": self._read(tenant.read_partner(tenant_id)) if tenant_id else None,
            "default": self._read(tenant.read_default()),
            "application": self._read(self._find(application)) if application else None,
            "accounts": self._read(self._accounts(subject.address)) if subject.address else None,
            "authorization": self._read(settings.read_authorization()),
            "policies": self._read(settings.read_conditional_access(fresh=True)) if tenant_id else None,
            "sharepoint": self._read(settings.read_sharepoint()),
            "sign_ins": self._read(settings.recent_sign_ins(tenant_id, since)) if tenant_id else None,
        }
        async with tenant.together() as reads:
            started = {name: None if read is None else reads.start(read) for name, read in wanted.items()}
            read: dict[str, Any] = {name: None if task is None else await task for name, task in started.items()}
        policies = read.pop("policies")
        facts = DiagnosisFacts(
            subject=subject.text,
            domain=_name(home, record) or subject.domain,
            is_person=bool(subject.address),
            home=home,
            record=None if record is None else _recorded(record),
            access=None,
            templates=offered_templates(self.templates),
            **read,
        )
        facts = await self._with_listed(facts)
        return facts if policies is None or tenant_id is None else await self._with_access(facts, policies, tenant_id)

    async def _with_records(self, facts: DiagnosisFacts, tenant_id: TenantId) -> DiagnosisFacts:
        """Add what waits for this partner, and whether its settings are still those that were approved."""
        possible = await self.records.open_requests_about(tenant_id)
        # NB. those that may be about any partner would name the requests of others to its sponsor.
        waiting = tuple(request for request in possible if is_about(request, tenant_id))
        drift = await self.records.drift(DriftSubject(tenant_id))
        has_drifted = drift is not None and drift.is_open
        record = None if facts.record is None else replace(facts.record, has_drifted=has_drifted)
        account = _account(facts)
        disabled_by = None
        enabling: tuple[AccessRequest, ...] = ()
        if account is not None and not account.is_enabled:
            disabled_by = disabling_of(account.id, await self.records.requests_for(tenant_id, _MAX_REQUESTS))
            enabling = tuple(one for one in possible if is_enabling(account.id, one))
        return replace(facts, waiting=waiting, enabling=enabling, record=record, disabled_by=disabled_by)

    async def _with_disabling(self, facts: DiagnosisFacts) -> DiagnosisFacts:
        """Add who disabled the account of the person, by Entra's audit log."""
        account = _account(facts)
        if account is None or account.is_enabled:
            return facts
        logged = await self._read(self.tenant.tenant_settings.last_disabling(account.id))
        return replace(facts, disabled_in_log=logged, enables_accounts=self.enables_accounts)

    async def _accounts(self, address: str) -> tuple[AddressAccount, ...]:
        return tuple(await self.tenant.tenant_settings.accounts_of(address))

    async def _find(self, typed: str) -> NamedApplication:
        settings = self.tenant.tenant_settings
        return await find_application(typed, settings=settings, completes_names=self.completes_names)

    async def _with_listed(self, facts: DiagnosisFacts) -> DiagnosisFacts:
        """Add the single applications that our settings name, and which of them the typed name may mean."""
        listed = listed_applications(facts)
        if listed is None:
            return facts
        application = None if facts.application is None else facts.application.value
        is_unknown = isinstance(application, NamedApplication) and application.is_unknown_name
        if self.completes_names:
            named = await read_fact(names_of_listed(listed, self.tenant.tenant_settings), self.timeout_seconds)
            listed = replace(listed, names=() if isinstance(named, UnreadableFact) else named)
        if facts.application is not None and isinstance(application, NamedApplication) and is_unknown:
            similar = similar_names(application.typed, application.similar, listed.names)
            meant = replace(facts.application, value=replace(application, similar=similar))
            return replace(facts, listed=listed, application=meant)
        return replace(facts, listed=listed)

    async def _with_access(self, facts: DiagnosisFacts, policies: Read[Any], tenant_id: TenantId) -> DiagnosisFacts:
        """Ask Conditional Access about this person, application and trust."""
        account = _account(facts)
        visitor = VisitorType.MEMBER if account is not None and account.is_member else VisitorType.GUEST
        if facts.accounts is not None and facts.accounts.value == () and opens_direct_connect(facts):
            visitor = VisitorType.DIRECT_CONNECT
        application = None if facts.application is None else facts.application.value
        app_id = application.id if isinstance(application, NamedApplication) else ""
        check = AccessCheck(
            tenant_settings=self.tenant.tenant_settings,
            timeout_seconds=self.evaluation_timeout_seconds,
            is_fresh=True,  # who changes a policy asks at once
        )
        configuration = None if facts.configuration is None else facts.configuration.value
        default = facts.default.value
        is_unread = isinstance(configuration, UnreadableFact)
        report: AccessReport = await check.report_about(
            policies.value,
            (VisitorAccess(visitor=visitor, applications=(app_id or ALL,)),),
            # NB. settings that were not read make the trust unknown, never off.
            trust_under(
                effective_settings(
                    None if isinstance(configuration, UnreadableFact) else configuration,
                    None if is_unread or isinstance(default, UnreadableFact) else default,
                )
            ),
            tenant_id,
            user_id="" if account is None else account.id,
        )
        return replace(facts, access=self._now(report), is_account_evaluated=account is not None)


def _account(facts: DiagnosisFacts) -> AddressAccount | None:
    """Return the one external account of the person; None when there is not exactly one."""
    accounts = None if facts.accounts is None else facts.accounts.value
    external = [one for one in accounts if one.is_external] if isinstance(accounts, tuple) else []
    return external[0] if len(external) == 1 else None


def _tenant_id(home: Read[Home], record: Partnership | None) -> TenantId | None:
    if isinstance(home.value, Home):
        return None if home.value.identity is None else home.value.identity.tenant_id
    return None if record is None else record.identity.tenant_id


def _name(home: Read[Home], record: Partnership | None) -> str:
    identity = home.value.identity if isinstance(home.value, Home) else None
    if identity is None:
        return "" if record is None else record.identity.name
    return identity.name


def _recorded(record: Partnership) -> PartnerRecord:
    needed = needed_steps(record.setup)
    outbound = next((step for step in record.setup if step.key is StepKey.B2B_COLLABORATION_OUTBOUND), None)
    confirmed = None if outbound is None else confirmation_of(outbound, record.confirmations)
    return PartnerRecord(
        closed_state=record.state.value if record.state in _CLOSED else "",
        needed_steps=len(needed),
        confirmed_steps=len(needed) - len(open_steps(record.setup, record.confirmations)),
        outbound_confirmed_by="" if confirmed is None else confirmed.person.name,
        outbound_confirmed_at=None if confirmed is None else confirmed.at,
        settings_since=record.since,
    )

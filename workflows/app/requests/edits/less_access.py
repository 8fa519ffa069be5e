"""Make the plan of a proposal to ask for less, and prove that it gives less: in the window, and after the click."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from workflows.app.approvers.managers import related_of
from workflows.app.approvers.required_people import RequiredPeople
from workflows.app.requests.field_checks import END_DATE, Problems, checked_end, checked_ticket
from workflows.app.requests.forms import Form, InvalidForm, day_of_start
from workflows.app.requests.people_checks import TIMEOUT_SECONDS, require_may_request
from workflows.app.requests.proposing import access_plan, chain_of, current_template
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.core.errors.raised import CodedError, InvalidField, NothingToChange, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.plans.closing import only_reduces_access
from workflows.core.plans.plan import Plan
from workflows.core.plans.renewal import is_extension
from workflows.core.policy.left_out import known_parts, parts_that_open
from workflows.core.policy.offers import closes_a_partner
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.commands.editing import LessAsked, RecordProposal, changed_field_names
from workflows.core.requests.proposals import DURATION, SETTINGS, TEMPLATE, require_can_be_changed, require_less
from workflows.core.requests.request import AccessRequest, Proposal, RequestFields
from workflows.core.settings.canonical import Digest
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class LessChoices:
    """What an approver can choose from: only what certainly gives less, each alone."""

    parts: tuple[str, ...]
    """The codes of the parts that can be left out, those that are left out already included."""
    placeholders: tuple[str, ...]
    """The names of the placeholders that can be left empty."""
    templates: tuple[Template, ...]
    """The present template first, then the other ones."""
    durations: tuple[timedelta, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LessAccess:
    """Makes proposals. The partner counts as it was read for the present plan; people and roles are read now."""

    store: Store
    tenant: Tenant
    directory: PeopleDirectory
    catalog: Catalog
    clock: Clock

    async def check(self, request: AccessRequest, less: LessAsked) -> None:
        """Check what was chosen in the window.

        :raises InvalidForm: naming the field that must change.
        :raises Refused: when no proposal can be made about this request.
        """
        try:
            _, template, plan = await self._fields_and_proof(request, less)
            with suppress(TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable, TimeoutError):
                async with asyncio.timeout(TIMEOUT_SECONDS):  # what is not known in time is checked after the click
                    await self.require_acceptable(request, template, plan, await self._stages(request, template, plan))
        except (InvalidField, NothingToChange) as error:
            raise InvalidForm({_field_of(error): error.fact}) from error

    async def require_acceptable(
        self,
        request: AccessRequest,
        template: Template,
        plan: Plan,
        stages: tuple[Stage, ...],
        *,
        is_answer: bool = False,
    ) -> None:
        """Check what would end the request once its requester accepts: that they may not request it, or nobody decides.

        :param is_answer: whether the requester accepts now, and so reads a refusal.
        :raises InvalidField: then; the error says who may, or which stage cannot be passed.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when that cannot be read now.
        """
        directory, prepared = self.directory.for_one_check(), request.require_prepared()
        one_check = replace(self, directory=directory)
        await one_check._require_may_request(request, template, plan, is_answer=is_answer)
        people = RequiredPeople(
            store=self.store, tenant=self.tenant, directory=directory, catalog=self.catalog, clock=self.clock
        )
        await people.check(stages, related_of(request), prepared.submitter)

    async def _require_may_request(
        self, request: AccessRequest, template: Template, plan: Plan, *, is_answer: bool = False
    ) -> None:
        """Check that who sent a request may request a template. What only reduces access, everybody may request."""
        if only_reduces_access(plan):
            return
        requester, submitter = request.require_prepared().requester, request.require_prepared().submitter
        try:
            await require_may_request(template, requester, submitter, directory=self.directory, tenant=self.tenant)
        except InvalidField as error:
            values = {"name": (submitter or requester).name, "roles": error.fact.values.get("roles", [])}
            code = RefusalCode.REQUESTER_MAY_NOT_REQUEST
            raise InvalidField(TEMPLATE, code, template=template.title, is_answer=is_answer, **values) from error

    async def _stages(self, request: AccessRequest, template: Template, plan: Plan) -> tuple[Stage, ...]:
        record = await self.store.partnership(plan.tenant_id)
        policy = await current_policy(record, past=self.store, catalog=self.catalog)
        return chain_of(plan, template, request.require_prepared().observation, policy)

    async def record_of(
        self, request: AccessRequest, less: LessAsked, person: Person, reason: str, digest: Digest
    ) -> RecordProposal:
        """Return the command that stores a proposal of this person.

        :raises Refused: when it does not certainly give less, or when there is no such template any more.
        """
        try:
            fields, template, plan = await self._fields_and_proof(request, less)
            stages = await self._stages(request, template, plan)
            await self.require_acceptable(request, template, plan, stages)
        except (InvalidField, NothingToChange) as error:
            raise Refused(RefusalCode(error.code), **error.fact.values) from error
        proposal = Proposal(
            number=0,
            person=person,
            fields=fields,
            plan=plan,
            template_title=template.title,
            stages=stages,
            reason=reason,
            digest=digest,
            at=self.clock.now(),
        )
        return RecordProposal(proposal=proposal, review_interval=template.review_interval)

    async def choices(self, request: AccessRequest) -> LessChoices:
        """Return what can be proposed about a request.

        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when roles cannot be read now.
        """
        present = current_template(self.catalog, request.fields.template)
        as_is = unchanged(request)
        already = known_parts(present.settings, request.fields.left_out)
        parts = [
            code
            for code in parts_that_open(present.settings)
            if code in already or await self._is_less(request, replace(as_is, left_out=(*already, code)))
        ]
        placeholders = [
            one.name
            for one in present.placeholders
            if not one.is_required
            and request.fields.placeholders.get(one.name)
            and await self._is_less(request, replace(as_is, empty_placeholders=(one.name,)))
        ]
        others = [
            template
            for template in self.catalog.templates.values()
            if template.name != present.name
            and not template.placeholders
            and not closes_a_partner(template)
            and await self._is_requestable(request, _with_template(as_is, template))
        ]
        longest = request.plan.duration
        durations = tuple(one for one in present.durations if longest is None or one <= longest)
        return LessChoices(
            parts=tuple(parts),
            placeholders=tuple(placeholders),
            templates=(present, *others),
            durations=durations,
        )

    async def _is_less(self, request: AccessRequest, less: LessAsked) -> bool:
        try:
            await self._fields_and_proof(request, less)
        except CodedError:
            return False
        return True

    async def _is_requestable(self, request: AccessRequest, less: LessAsked) -> bool:
        """Return whether it certainly gives less, and who sent the request may request its template."""
        try:
            _, template, plan = await self._fields_and_proof(request, less)
            await self._require_may_request(request, template, plan)
        except CodedError:
            return False
        return True

    async def _fields_and_proof(self, request: AccessRequest, less: LessAsked) -> tuple[RequestFields, Template, Plan]:
        """Return what would be asked for, its template and its plan.

        :raises InvalidField, NothingToChange: when it does not certainly give less.
        """
        require_can_be_changed(request)
        template, now = current_template(self.catalog, less.template or request.fields.template), self.clock.now()
        fields = _proposed_fields(request.fields, less, template, now)
        if not changed_field_names(request.fields, fields):
            raise InvalidField(SETTINGS, RefusalCode.PROPOSAL_EMPTY)
        prepared = request.require_prepared()
        plan = access_plan(
            prepared.observation,
            template,
            fields.duration or template.default_duration,
            fields.placeholders,
            record=await self.store.partnership(request.plan.tenant_id),
            now=now,
            ends_at=fields.ends_at,
            starts_at=fields.starts_at,
            is_extension_asked=is_extension(request.plan),
            left_out=fields.left_out,
        )
        require_less(request, plan, template.review_interval, now)
        return fields, template, plan


def unchanged(request: AccessRequest) -> LessAsked:
    """Return what is asked for now, in the form of a proposal."""
    days, ends_on = _period_asked(request.fields)
    return LessAsked(template=request.fields.template, days=days, ends_on=ends_on, left_out=request.fields.left_out)


def _with_template(less: LessAsked, template: Template) -> LessAsked:
    """Return what is asked for now with another template, for the longest of its durations that is not longer."""
    shorter = [one.days for one in template.durations if one.days <= less.days]
    return replace(less, template=template.name, days=max(shorter, default=less.days))


def _proposed_fields(fields: RequestFields, less: LessAsked, template: Template, now: datetime) -> RequestFields:
    """Return what would be asked for.

    :raises InvalidField: when the template does not offer it.
    """
    left_out = known_parts(template.settings, less.left_out)
    if left_out and left_out == parts_that_open(template.settings):
        raise InvalidField(SETTINGS, RefusalCode.LEFT_OUT_EVERYTHING, template=template.title)
    is_same_template = template.name == fields.template
    kept = {name: value for name, value in fields.placeholders.items() if name not in less.empty_placeholders}
    proposed = replace(fields, template=template.name, left_out=left_out, placeholders=kept if is_same_template else {})
    problems: Problems = {}
    starts_on = day_of_start(fields.starts_at, now)
    form = Form(
        requester=fields.requester,
        target=fields.target,
        template=template.name,
        justification=fields.justification,
        sponsor=fields.sponsor,
        days=less.days,
        ends_on=less.ends_on,
        starts_on=starts_on,
        ticket=fields.ticket,
    )
    ticket = checked_ticket(form.ticket, template, problems)
    now_asked = _period_asked(fields)
    if (less.days, less.ends_on) != now_asked or not is_same_template:
        period = checked_end(form, template, now, problems)
        is_same_day = less.ends_on and less.ends_on == now_asked[1]
        ends_at = fields.ends_at if is_same_day else period.ends_at
        proposed = replace(proposed, duration=period.duration, ends_at=ends_at)
    for name, problem in problems.items():
        place = name if name in (DURATION, END_DATE) else TEMPLATE
        raise InvalidField(place, RefusalCode(problem.code), **problem.values)
    return replace(proposed, ticket=ticket)


def _period_asked(fields: RequestFields) -> tuple[int, str]:
    """Return the duration in days and the last day that a request names; 0 or empty for the one that it does not."""
    if fields.ends_at is not None:
        return 0, (fields.ends_at.astimezone(UTC) - timedelta(days=1)).date().isoformat()
    return 0 if fields.duration is None else fields.duration.days, ""


def _field_of(error: InvalidField | NothingToChange) -> str:
    return error.field if isinstance(error, InvalidField) else SETTINGS

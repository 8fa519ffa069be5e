"""File the request form: check its fields, ask Entra and the chat system, and store the request.

A problem that is found in time is shown at its field. What Entra does not answer in time is checked later, while the
request is prepared. The request is stored all the same, so that it is not lost.

It is long because everything that is read for the form is read here, at the same time.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple

from workflows.app.requests import people_checks
from workflows.app.requests.field_checks import (
    Problems,
    checked_end,
    checked_justification,
    checked_left_out,
    checked_placeholders,
    checked_target,
    checked_template,
    checked_ticket,
)
from workflows.app.requests.filing import FormServices, RequestLimitCheck
from workflows.app.requests.forms import Form, InvalidForm
from workflows.app.requests.open_request import open_request_about
from workflows.app.requests.people_checks import (
    FOR_PERSON,
    approval_chain_problem,
    check_people,
    lookups_refused,
    may_request_problem,
    require_within_limits,
)
from workflows.app.requests.placeholder_checks import unknown_ids
from workflows.app.requests.proposing import access_plan, chain_of, check_proposal_in, require_no_other_request
from workflows.app.storing.identifiers import derived_request_id
from workflows.catalog.current_policy import current_policy
from workflows.core.errors.raised import InvalidField, NothingToChange
from workflows.core.people import ADMIN, PersonId
from workflows.core.policy.offers import closes_a_partner
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestFields, RequestId, RequestKind
from workflows.core.settings.model import TenantId
from workflows.intervals import FORM_ANSWERED_WITHIN
from workflows.partner_lookup.lookup import look_up
from workflows.partner_lookup.target import FIELD, normalize_target
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_REMEMBERED_FOR: Final = timedelta(minutes=1)
_MAX_REMEMBERED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _CheckedFields:
    """The request of a form, from its fields alone."""

    fields: RequestFields
    template: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedForm:
    """A form without a problem, as far as the directories answered in time."""

    fields: RequestFields
    template: Template
    observation: ObservedPartner | None
    account: PersonId | None
    """The requester's account, when it is known."""
    submitter_account: PersonId | None = None
    """The account of who sends it on behalf of the requester, when it is known."""


class _ReadForm(NamedTuple):
    """What was read in time about the partner and the people of a form."""

    observation: ObservedPartner | None
    account: PersonId | None
    submitter_account: PersonId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake(FormServices):
    """Looks up partners for the form, and files requests."""

    _looked_up: dict[str, ObservedPartner] = field(default_factory=dict)
    """The partners that forms showed in the last minute, for the request that is filed from the same form."""

    async def look_up(self, typed_text: str) -> ObservedPartner:
        """Resolve the text of the target field, for display.

        :raises InvalidField: with the problem that the field shows.
        :raises TenantUnavailable, TenantRefused: when Entra does not give the answer.
        """
        target = normalize_target(typed_text)
        observation = await look_up(target, tenant=self.tenant, clock=self.clock, records=self.store)
        if len(self._looked_up) >= _MAX_REMEMBERED:
            self._looked_up.clear()
        self._looked_up[target] = observation
        return observation

    async def open_request(self, tenant_id: TenantId) -> AccessRequest | None:
        """Return the open request about this tenant; None when there is none.

        A second request would have to wait for it.
        """
        return await open_request_about(tenant_id, records=self.store)

    async def file(self, form: Form, *, key: str) -> RequestId:
        """Check the form and store the request.

        :raises InvalidForm: naming every field that must change; nothing is stored.
        """
        request_id = derived_request_id(key)
        if await self.store.request(request_id) is not None:
            return request_id  # delivered again
        filing = RequestLimitCheck(service=self.service, limits=self.limits)
        await require_within_limits(filing, form.requester, FIELD, key=key)
        try:
            checked = await self.check_form(form)
        except InvalidForm:
            if await self.store.request(request_id) is not None:
                return request_id  # delivered again, and the other delivery was stored first
            raise
        sender = checked.account if checked.fields.submitter is None else checked.submitter_account
        await require_within_limits(filing, form.requester, FIELD, key=key, account=sender)
        fields, observation = await self._with_answered_review(checked.fields), checked.observation
        await self.service.submit(
            request_id,
            fields if observation is None else replace(fields, target=observation.identity.typed_name),
            key=key,
            decide_within=checked.template.decide_within,
            observation=observation,
            account=checked.account,
            submitter_account=checked.submitter_account,
        )
        await filing.tell_when_few_are_left(key=key)
        return request_id

    async def _with_answered_review(self, fields: RequestFields) -> RequestFields:
        """Leave out the review that a request answers, unless the requester may answer it now.

        The window may have been open since before the partner got another sponsor.
        """
        if fields.answers_review_of is None:
            return fields
        record = await self.store.partnership(fields.answers_review_of)
        if fields.submitter is None and record is not None and record.sponsor.chat_id == fields.requester:
            return fields
        with suppress(PeopleDirectoryRefused, PeopleDirectoryUnavailable):
            if fields.submitter is None and fields.requester in await self.directory.known_holders(ADMIN):
                return fields
        return replace(fields, answers_review_of=None)

    async def check_form(self, form: Form, *, edited_id: RequestId | None = None) -> CheckedForm:
        """Check a form, also against the chat system's and Entra's directories.

        :param edited_id: the open request that the form edits. It does not count as another request for the same
            partner.
        :raises InvalidForm: naming every field that must change.
        """
        return await replace(self, directory=self.directory.for_one_check(FORM_ANSWERED_WITHIN))._check_form(
            form, edited_id
        )

    async def _check_form(self, form: Form, edited_id: RequestId | None) -> CheckedForm:
        problems: Problems = {}
        template = checked_template(form, self.catalog, problems)
        checked_fields = self._check_own_fields(form, template, problems)
        if FIELD in problems:
            raise InvalidForm(problems)  # without a partner there is nothing to ask about
        read = await self._read_tenant_and_people(form, checked_fields, template, problems, edited_id)
        if problems or checked_fields is None:
            raise InvalidForm(problems)
        return CheckedForm(
            fields=checked_fields.fields,
            template=checked_fields.template,
            observation=read.observation,
            account=read.account,
            submitter_account=read.submitter_account,
        )

    def _check_own_fields(self, form: Form, template: Template | None, problems: Problems) -> _CheckedFields | None:
        """Check the fields that need no answer of another system; None when no plan can be made from them."""
        justification, target = (
            checked_justification(form.justification, problems, is_restore=False),
            checked_target(form, problems),
        )
        if template is None:
            return None
        period = checked_end(form, template, self.clock.now(), problems)
        ticket = checked_ticket(form.ticket, template, problems)
        left_out = checked_left_out(form, template, problems)
        placeholders = checked_placeholders(form, template, problems)
        if target is None or placeholders is None:
            return None
        requester, submitter = form.people
        fields = RequestFields(
            kind=RequestKind.ACCESS,
            requester=requester,
            submitter=submitter,
            sponsor=form.sponsor,
            target=target,
            template=template.name,
            justification=justification,
            duration=period.duration,
            placeholders=placeholders,
            ends_at=period.ends_at,
            starts_at=period.starts_at,
            ticket=ticket,
            answers_review_of=form.answers_review_of,
            left_out=left_out,
        )
        return _CheckedFields(fields=fields, template=template)

    async def _read_tenant_and_people(
        self,
        form: Form,
        checked_fields: _CheckedFields | None,
        template: Template | None,
        problems: Problems,
        edited_id: RequestId | None,
    ) -> _ReadForm:
        """Read the tenant and the people in parallel, within the time that the form waits.

        :returns: the observation and the accounts; each is None when not known in time.
        """
        (requester, submitter), directory = form.people, self.directory
        chain_problem = partial(
            approval_chain_problem, excluded=(requester, form.sponsor), directory=directory, submitter=submitter
        )
        requester_field = FIELD if submitter is None else FOR_PERSON
        async with asyncio.TaskGroup() as group:
            observed = group.create_task(self._observe(form, checked_fields, problems, edited_id))
            people = group.create_task(
                check_people(requester, form.sponsor, requester_field, problems, directory=directory)
            )
            sender = group.create_task(self._check_sender(form, template, problems))
            if checked_fields is not None:
                group.create_task(self._check_ids(checked_fields, problems))
            if template is not None:
                chain = group.create_task(chain_problem(template.stages))
        observation, stages = observed.result()
        if template is not None and (problem := chain.result()):
            if stages not in (None, template.stages):
                problem = await chain_problem(stages or ())
            if problem:
                problems["template"] = problem
        return _ReadForm(observation, people.result(), sender.result())

    async def _check_sender(self, form: Form, template: Template | None, problems: Problems) -> PersonId | None:
        """Check that the person may send the request; return the submitter's account, if there is one.

        What only closes a partner, or answers its review with less access, may always be sent for oneself. The plan is
        checked when the request is prepared.
        """
        requester, submitter = form.people
        closes = template is None or form.answers_review_of is not None or closes_a_partner(template)
        if template is None or (closes and submitter is None):
            return None
        return await may_request_problem(
            template, requester, submitter, problems, directory=self.directory, tenant=self.tenant
        )

    async def _observe(
        self, form: Form, checked_fields: _CheckedFields | None, problems: Problems, edited_id: RequestId | None
    ) -> tuple[ObservedPartner | None, tuple[Stage, ...] | None]:
        """Read the tenant; return the observation, and the approval chain that the plan would need."""
        stages = None
        try:
            target = normalize_target(form.target)
            async with asyncio.timeout(people_checks.TIMEOUT_SECONDS):
                observation = self._recently_looked_up(target) or await look_up(
                    target, tenant=self.tenant, clock=self.clock, records=self.store
                )
            await require_no_other_request(self.store, observation, edited_id, form.requester, self.directory)
            if checked_fields is not None:
                stages = await self._stages(checked_fields, observation)
        except InvalidField as error:
            problems.setdefault(error.field, error.fact)
        except NothingToChange as error:
            problems.setdefault(FIELD, error.fact)
        except TenantRefused as error:
            problems.setdefault(FIELD, lookups_refused(error))
        except (TenantUnavailable, TimeoutError):
            return None, None
        else:
            return observation, stages
        return None, None

    async def _stages(self, checked_fields: _CheckedFields, observation: ObservedPartner) -> tuple[Stage, ...]:
        """Make the plan, check it, and return the approval chain that it would need.

        :raises InvalidField, NothingToChange: when no plan can be made; the error says what must change.
        """
        fields, template = checked_fields.fields, checked_fields.template
        record = await self.store.partnership(observation.identity.tenant_id)
        plan = access_plan(
            observation,
            template,
            fields.duration or template.default_duration,
            fields.placeholders,
            record=record,
            now=self.clock.now(),
            ends_at=fields.ends_at,
            starts_at=fields.starts_at,
            left_out=fields.left_out,
        )
        policy = await current_policy(record, past=self.store, catalog=self.catalog)
        stages = chain_of(plan, template, observation, policy)
        await check_proposal_in(self.tenant, observation, plan, stages)
        return stages

    def _recently_looked_up(self, target: str) -> ObservedPartner | None:
        """Return the partner that the form showed shortly before; None when there is none.

        The tenant is read again before anything is written, so this only saves a call.
        """
        observation = self._looked_up.pop(target, None)
        return observation if observation is not None and self.clock.now() - observation.at < _REMEMBERED_FOR else None

    async def _check_ids(self, checked_fields: _CheckedFields, problems: Problems) -> None:
        unknown = await unknown_ids(
            checked_fields.template,
            checked_fields.fields.placeholders,
            tenant=self.tenant,
            timeout_seconds=people_checks.TIMEOUT_SECONDS,
        )
        problems.update(unknown)

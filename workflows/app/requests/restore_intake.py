"""File the restore form: list the changes that can be undone, show the effect, and store the request.

A problem that is found in time is shown at its field. What Entra does not answer in time is checked later, while the
request is prepared.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from workflows.app.requests.field_checks import check_days, checked_justification
from workflows.app.requests.filing import FormServices, RequestLimitCheck
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.people_checks import (
    TIMEOUT_SECONDS,
    approval_chain_problem,
    check_people,
    lookups_refused,
    require_within_limits,
)
from workflows.app.requests.proposing import check_proposal, require_no_other_request
from workflows.app.requests.restoring import (
    MAX_REQUESTS,
    Restoration,
    change_of,
    propose_restoration,
    restorable_changes,
)
from workflows.app.storing.identifiers import derived_request_id
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, NothingToChange, Refused, UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.restoration.deciding_template import likely_templates
from workflows.core.partners.restoration.restorable import FIELD
from workflows.core.people import ChatId
from workflows.core.policy.template import Template
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestFields, RequestId, RequestKind
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookup import look_up
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_FIELDS: Final = frozenset({FIELD, "justification", "sponsor", "duration"})
"""The form's fields. Problems with the partner or its plan are shown at the chosen change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreForm:
    """The values that a person filled in, as typed. The partner was found before the form was shown."""

    requester: ChatId
    tenant_id: TenantId
    restored_request_id: str
    justification: str
    sponsor: ChatId
    days: int
    restores_result: bool = False
    """Whether the settings that this request approved are restored, and not those before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreIntake(FormServices):
    """Shows the effect of a restoration, and files restore requests."""

    async def changes(self, tenant_id: TenantId) -> tuple[AccessRequest, ...]:
        """List the changes of one partner that can be undone, newest first."""
        return await restorable_changes(tenant_id, store=self.store)

    async def approved_form(self, requester: ChatId, tenant_id: TenantId, justification: str) -> RestoreForm:
        """Return the form that requests the settings that were last approved for a partner.

        The sponsor is that of the partner, and the duration covers what is left of the approved period.

        :raises Refused: when there is no partner of this id with approved settings.
        """
        record = await self.store.partnership(tenant_id)
        change = None if record is None else await self.store.request(record.request_id)
        if record is None or change is None or record.state is PartnershipState.REVOKED:
            raise Refused(RefusalCode.UNKNOWN_PARTNER)
        form = RestoreForm(
            requester=requester,
            tenant_id=tenant_id,
            restored_request_id=change.id,
            justification=justification,
            sponsor=record.sponsor.chat_id,
            days=0,
            restores_result=True,
        )
        templates = await self._likely_templates(change, is_result=True)
        return replace(form, days=_days_left(record, templates[0], self.clock.now()))

    async def propose(self, form: RestoreForm) -> tuple[Restoration, ObservedPartner]:
        """Plan the chosen restoration from the current settings, for display; the rules are checked.

        :raises InvalidField, NothingToChange, UnreadableSetting: with the problem that the field shows.
        :raises TenantUnavailable, TenantRefused: when Entra does not give the answer.
        """
        observation = await look_up(form.tenant_id, tenant=self.tenant, clock=self.clock)
        await require_no_other_request(self.store, observation, None, form.requester, self.directory)
        duration = timedelta(days=form.days) if form.days else None
        found = await propose_restoration(
            form.restored_request_id,
            observation,
            duration=duration,
            at=self.clock.now(),
            store=self.store,
            catalog=self.catalog,
            is_result=form.restores_result,
        )
        check_proposal(observation, found.plan, found.stages)
        return found, observation

    async def file(self, form: RestoreForm, *, key: str) -> RequestId:
        """Check the form and store the request.

        :raises InvalidForm: naming every field that must change; nothing is stored.
        """
        request_id = derived_request_id(key)
        if await self.store.request(request_id) is not None:
            return request_id  # delivered again
        filing = RequestLimitCheck(service=self.service, limits=self.limits)
        await require_within_limits(filing, form.requester, FIELD, key=key)
        problems: dict[str, Fact] = {}
        justification = checked_justification(form.justification, problems, is_restore=True)
        async with asyncio.TaskGroup() as group:
            people = group.create_task(
                check_people(form.requester, form.sponsor, FIELD, problems, directory=self.directory)
            )
            proposed = group.create_task(self._propose_restoration(form, problems))
        template, observation = proposed.result()
        if problems or template is None:
            if await self.store.request(request_id) is not None:
                return request_id  # delivered again, and the other delivery was stored first
            raise InvalidForm({name if name in _FIELDS else FIELD: problem for name, problem in problems.items()})
        await require_within_limits(filing, form.requester, FIELD, key=key, account=people.result())
        await self.service.submit(
            request_id,
            _fields_of(form, template, justification),
            key=key,
            decide_within=template.decide_within,
            observation=observation,
            account=people.result(),
        )
        await filing.tell_when_few_are_left(key=key)
        return request_id

    async def _propose_restoration(
        self, form: RestoreForm, problems: dict[str, Fact]
    ) -> tuple[Template | None, ObservedPartner | None]:
        """Return the template whose approval chain decides, and the observed partner; each is None when not known."""
        deadline = asyncio.get_running_loop().time() + TIMEOUT_SECONDS
        try:
            change = await change_of(
                form.restored_request_id, form.tenant_id, store=self.store, is_result=form.restores_result
            )
            async with asyncio.timeout_at(deadline):
                found, observation = await self.propose(form)
        except InvalidField as error:
            problems[error.field] = error.fact
        except NothingToChange:
            problems[FIELD] = Fact(RefusalCode.ALREADY_RESTORED, {"is_form": True})
        except UnreadableSetting as error:
            problems[FIELD] = error.fact
        except TenantRefused as error:
            problems[FIELD] = lookups_refused(error)
        except (TenantUnavailable, TimeoutError):
            templates = await self._likely_templates(change, is_result=form.restores_result)
            check_days(form.days, templates, problems)
            return templates[0], None
        else:
            check_days(form.days, [found.template], problems)
            excluded = (form.requester, form.sponsor)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline):
                    if problem := await approval_chain_problem(found.stages, excluded, directory=self.directory):
                        problems.setdefault(FIELD, problem)
            return found.template, observation
        return None, None

    async def _likely_templates(self, change: AccessRequest, *, is_result: bool) -> tuple[Template, ...]:
        plan = change.plan
        restored = plan.configuration_after() if is_result else plan.before
        requests = await self.store.requests_for(plan.tenant_id, MAX_REQUESTS)
        return likely_templates(restored, requests=requests, templates=self.catalog.templates)


def _days_left(record: Partnership, template: Template, now: datetime) -> int:
    """Return the shortest offered number of days that covers the approved period; the longest when none does."""
    if record.ends_at is None:
        return template.default_duration.days
    left = record.ends_at - now
    return next((one.days for one in template.durations if one >= left), template.durations[-1].days)


def _fields_of(form: RestoreForm, template: Template, justification: str) -> RequestFields:
    return RequestFields(
        kind=RequestKind.RESTORATION,
        requester=form.requester,
        sponsor=form.sponsor,
        target=form.tenant_id,
        template=template.name,
        justification=justification,
        duration=timedelta(days=form.days),
        restores=RequestId(form.restored_request_id),
        restores_result=form.restores_result,
    )

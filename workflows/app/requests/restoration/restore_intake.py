"""File the restore form: list the changes that can be undone, show the effect, and store the request.

A problem that is found in time is shown at its field. What Entra does not answer in time is checked later, while the
request is prepared.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from workflows.app.requests.checked_filing import CheckedFiling, Proposed, file_checked
from workflows.app.requests.field_checks import check_days
from workflows.app.requests.filing import FormServices
from workflows.app.requests.people_checks import (
    TIMEOUT_SECONDS,
    approval_chain_problem,
    lookups_refused,
    restoring_problem,
)
from workflows.app.requests.proposing import check_proposal_in, require_no_other_request
from workflows.app.requests.restoration.restoring import (
    MAX_REQUESTS,
    Restoration,
    change_of,
    propose_restoration,
    restorable_changes,
)
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, NothingToChange, Refused, UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.restoration.deciding_template import likely_templates
from workflows.core.partners.restoration.restorable import FIELD
from workflows.core.people import ChatId
from workflows.core.policy.template import Template
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestId, RequestKind
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookup import look_up
from workflows.ports.tenant import TenantRefused, TenantUnavailable


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
        if record is None or change is None or record.is_closed:
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
        await check_proposal_in(self.tenant, observation, found.plan, found.stages)
        return found, observation

    async def file(self, form: RestoreForm, *, key: str) -> RequestId:
        """Check the form and store the request.

        :raises InvalidForm: naming every field that must change; nothing is stored.
        """
        filing = CheckedFiling(
            field=FIELD, kind=RequestKind.RESTORATION, propose=partial(self._propose_restoration, form)
        )
        restores = RequestId(form.restored_request_id)
        return await file_checked(form, filing, self, key=key, restores=restores, restores_result=form.restores_result)

    async def _propose_restoration(self, form: RestoreForm, problems: dict[str, Fact]) -> Proposed:
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
                    if problem := await restoring_problem(
                        found.template, found.plan, form.requester, directory=self.directory
                    ):
                        problems.setdefault(FIELD, problem)
                    if problem := await approval_chain_problem(found.stages, excluded, directory=self.directory):
                        problems.setdefault(FIELD, problem)
            return found.template, observation
        return None, None

    async def _likely_templates(self, change: AccessRequest, *, is_result: bool) -> tuple[Template, ...]:
        plan = change.plan
        restored = plan.approved_settings.configuration if is_result else plan.before
        requests = await self.store.requests_for(plan.tenant_id, MAX_REQUESTS)
        return likely_templates(restored, requests=requests, templates=self.catalog.templates)


def _days_left(record: Partnership, template: Template, now: datetime) -> int:
    """Return the shortest offered number of days that covers the approved period; the longest when none does."""
    if record.ends_at is None:
        return template.default_duration.days
    left = record.ends_at - now
    return next((one.days for one in template.durations if one >= left), template.durations[-1].days)

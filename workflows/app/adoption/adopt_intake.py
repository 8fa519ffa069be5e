"""File the form that adopts current settings: show what stands and who decides, check the form, store the request.

What stands must be read for this. While it cannot be read, the form says so and nothing is stored.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from workflows.app.adoption.adopting import Adopting, AdoptionTerms, ProposedAdoption
from workflows.app.requests.field_checks import check_days, checked_justification
from workflows.app.requests.filing import FormServices, RequestLimitCheck
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.people_checks import (
    TIMEOUT_SECONDS,
    check_people,
    lookups_refused,
    require_within_limits,
)
from workflows.app.requests.proposing import check_proposal, require_chain, require_no_other_request
from workflows.app.storing.identifiers import derived_request_id
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.policy.template import Template
from workflows.core.posture.adoption.adoptable import FIELD
from workflows.core.posture.adoption.adoption_plan import settings_digest
from workflows.core.requests.request import ObservedPartner, RequestFields, RequestId, RequestKind
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId
from workflows.intervals import FORM_ANSWERED_WITHIN
from workflows.partner_lookup.lookup import look_up
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_FIELDS: Final = frozenset({FIELD, "justification", "sponsor", "duration"})
"""The names of problems that the form can show."""
_NOBODY: Final = PersonId("")
"""Stands for an account in a plan that is only shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptForm:
    """The values that a person filled in, as typed. The partner was found before the form was shown."""

    requester: ChatId
    tenant_id: TenantId
    shown_settings: Digest
    """The digest of the settings that the form shows; see `settings_digest`."""
    justification: str
    sponsor: ChatId
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptIntake(FormServices):
    """Shows what would be adopted, and files requests to adopt it."""

    @property
    def adopting(self) -> Adopting:
        """Return what plans adoptions."""
        return Adopting(store=self.store, tenant=self.tenant, directory=self.directory, catalog=self.catalog)

    async def propose(self, form: AdoptForm) -> tuple[ProposedAdoption, ObservedPartner]:
        """Read what stands and plan its adoption, for display; the rules are checked.

        :raises InvalidField: with the reason why it cannot be adopted, or the problem of a field.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when it cannot be read now.
        """
        return await replace(self, directory=self.directory.for_one_check())._proposed(form)

    async def _proposed(self, form: AdoptForm) -> tuple[ProposedAdoption, ObservedPartner]:
        observation = await look_up(form.tenant_id, tenant=self.tenant, clock=self.clock)
        await require_no_other_request(self.store, observation, None, form.requester, self.directory)
        terms = AdoptionTerms(
            owner=_NOBODY,
            sponsor=_NOBODY,
            excluded=frozenset({form.requester, form.sponsor}),
            duration=timedelta(days=form.days) if form.days else None,
        )
        found = await self.adopting.propose(observation, terms, self.clock.now())
        check_proposal(observation, found.plan, found.stages)
        return found, observation

    async def file(self, form: AdoptForm, *, key: str) -> RequestId:
        """Check the form and store the request.

        :raises InvalidForm: naming every field that must change; nothing is stored.
        """
        return await replace(self, directory=self.directory.for_one_check(FORM_ANSWERED_WITHIN))._file(form, key)

    async def _file(self, form: AdoptForm, key: str) -> RequestId:
        request_id = derived_request_id(key)
        if await self.store.request(request_id) is not None:
            return request_id  # delivered again
        filing = RequestLimitCheck(service=self.service, limits=self.limits)
        await require_within_limits(filing, form.requester, FIELD, key=key)
        problems: dict[str, Fact] = {}
        justification = checked_justification(form.justification, problems, is_restore=False)
        async with asyncio.TaskGroup() as group:
            people = group.create_task(
                check_people(form.requester, form.sponsor, FIELD, problems, directory=self.directory)
            )
            proposed = group.create_task(self._propose(form, problems))
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

    async def _propose(
        self, form: AdoptForm, problems: dict[str, Fact]
    ) -> tuple[Template | None, ObservedPartner | None]:
        """Return the template whose chain decides, and the observed partner; each is None when there is a problem."""
        deadline = asyncio.get_running_loop().time() + TIMEOUT_SECONDS
        try:
            async with asyncio.timeout_at(deadline):
                found, observation = await self._proposed(form)
                authors = {one.chat_id for one in found.authors if one.chat_id}
                asked = await self.directory.all_ids({form.requester, *authors})
                sponsor = await self.directory.all_ids({form.sponsor}) - asked
                await require_chain(self.directory, found.stages, asked | sponsor, sponsor)
        except InvalidField as error:
            problems[error.field] = error.fact
        except TenantRefused as error:
            problems[FIELD] = lookups_refused(error)
        except (TenantUnavailable, PeopleDirectoryUnavailable) as error:
            problems[FIELD] = Fact(RefusalCode.NOT_READ_NOW, {"answer": as_values(error.facts)})
        except TimeoutError:
            problems[FIELD] = Fact(RefusalCode.NOT_READ_NOW, {"answer": []})
        else:
            if settings_digest(observation.configuration) != form.shown_settings:
                problems[FIELD] = Fact(RefusalCode.ADOPTION_CHANGED_IN_FORM)
            check_days(form.days, [found.decides], problems)
            return found.decides, observation
        return None, None


def _fields_of(form: AdoptForm, template: Template, justification: str) -> RequestFields:
    return RequestFields(
        kind=RequestKind.ADOPTION,
        requester=form.requester,
        sponsor=form.sponsor,
        target=form.tenant_id,
        template=template.name,
        justification=justification,
        duration=timedelta(days=form.days),
    )

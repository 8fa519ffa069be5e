"""File the form that adopts current settings: show what stands and who decides, check the form, store the request.

What stands must be read for this. While it cannot be read, the form says so and nothing is stored.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

from workflows.app.adoption.adopting import Adopting, AdoptionTerms, ProposedAdoption
from workflows.app.approvers.managers import read_relations_of
from workflows.app.approvers.possible_chain import require_chain
from workflows.app.requests.checked_filing import CheckedFiling, Proposed, file_checked
from workflows.app.requests.field_checks import check_days
from workflows.app.requests.filing import FormServices
from workflows.app.requests.people_checks import (
    TIMEOUT_SECONDS,
    lookups_refused,
    require_may_restore_or_adopt,
)
from workflows.app.requests.proposing import check_proposal, require_no_other_request
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, PersonId
from workflows.core.posture.adoption.adoptable import FIELD
from workflows.core.posture.adoption.adoption_plan import settings_digest
from workflows.core.requests.request import ObservedPartner, RequestId, RequestKind
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId
from workflows.intervals import FORM_ANSWERED_WITHIN
from workflows.partner_lookup.lookup import look_up
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable

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
        checked = replace(self, directory=self.directory.for_one_check(FORM_ANSWERED_WITHIN))
        filing = CheckedFiling(field=FIELD, kind=RequestKind.ADOPTION, propose=partial(checked._propose, form))
        return await file_checked(form, filing, checked, key=key)

    async def _propose(self, form: AdoptForm, problems: dict[str, Fact]) -> Proposed:
        """Return the template whose chain decides, and the observed partner; each is None when there is a problem."""
        deadline = asyncio.get_running_loop().time() + TIMEOUT_SECONDS
        try:
            async with asyncio.timeout_at(deadline):
                found, observation = await self._proposed(form)
                authors = {one.chat_id for one in found.authors if one.chat_id}
                asked = await self.directory.all_ids({form.requester, *authors})
                sponsor = await self.directory.all_ids({form.sponsor}) - asked
                roles = [stage.role for stage in found.stages]
                relations = await read_relations_of(form.requester, form.sponsor, roles, directory=self.directory)
                requester = await self.directory.identify(form.requester)
                await require_may_restore_or_adopt(found.decides, requester, directory=self.directory)
                await require_chain(self.directory, found.stages, asked | sponsor, sponsor, relations=relations)
        except InvalidField as error:
            problems[error.field] = error.fact
        except Refused as refused:
            problems[FIELD] = refused.fact
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

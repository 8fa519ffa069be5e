"""What the request form offers, and who would be asked for a choice, before anything is filed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from workflows.app.requests.proposing import access_plan, chain_of
from workflows.catalog.catalog import Catalog
from workflows.catalog.current_policy import current_policy
from workflows.core.errors.raised import CodedError
from workflows.core.partners.reviewing.recent_sponsors import sponsors_of
from workflows.core.people import ChatId, Role
from workflows.core.policy.offers import Offer, arranged_offers, closes_a_partner, offers_of
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.request import ObservedPartner
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable

TIMEOUT_SECONDS: Final = 0.5
"""Seconds that the form waits for the waiting times of earlier requests. Without them it says nothing about that."""
_MAX_WAITS: Final = 500
"""Earlier requests that are read. Older ones say less about the next one."""
_EXAMPLE: Final = "00000000-0000-4000-8000-0000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Reads what the form offers."""

    store: Store
    catalog: Catalog
    clock: Clock
    _offers: list[Offer] = field(default_factory=list)
    """Every template with its risk, which is computed once."""

    async def open(self, template_name: str = "", *, is_closing: bool = False) -> tuple[Offer, ...]:
        """List the templates that can be chosen together: those that open access, or those that only close it.

        :param template_name: a template that is chosen already. It decides which of the two.
        """
        waits: Mapping[str, Sequence[timedelta | None]] = {}
        with suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT_SECONDS):
                waits = await self.store.approval_waits(_MAX_WAITS)
        template = self.catalog.templates.get(template_name)
        is_closing = is_closing if template is None else closes_a_partner(template)
        if not self._offers:
            self._offers.extend(offers_of(self.catalog.templates.values()))
        return arranged_offers(self._offers, waits, is_closing=is_closing)

    async def roles_to_request(
        self, person: ChatId, holders: Callable[[Role], Awaitable[frozenset[ChatId]]]
    ) -> frozenset[Role] | None:
        """Return which of the roles that templates ask for a person has; None when that is not known in time.

        :param holders: returns the chat ids of the people with a role.
        """
        roles = {role for template in self.catalog.templates.values() for role in template.may_request}
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return frozenset([role for role in sorted(roles) if person in await holders(role)])
        except (
            PeopleDirectoryUnavailable,
            PeopleDirectoryRefused,
            TenantUnavailable,
            TenantRefused,
            TimeoutError,
        ):
            return None

    async def recent_sponsors(self, observation: ObservedPartner | None) -> frozenset[ChatId]:
        """Return the chat ids of the partner's recent sponsors, who cannot approve; empty while it is not known."""
        if observation is None:
            return frozenset()
        record = await self.store.partnership(observation.identity.tenant_id)
        return frozenset(sponsor.chat_id for sponsor in sponsors_of(record, self.clock.now()) if sponsor.chat_id)

    async def stages(self, template: Template, observation: ObservedPartner | None, days: int = 0) -> tuple[Stage, ...]:
        """Return the approval chain that would decide: the template's, and what the partner's own chain adds to it.

        It is computed again when the request is filed, with the IDs that are then entered.

        :param observation: the partner as the form found it; None while it is not known.
        """
        if observation is None:
            return template.stages
        record = await self.store.partnership(observation.identity.tenant_id)
        examples = {
            placeholder.name: f"{_EXAMPLE}{number:02}" for number, placeholder in enumerate(template.placeholders)
        }
        duration = timedelta(days=days) if days else template.default_duration
        try:
            plan = access_plan(observation, template, duration, examples, record=record, now=self.clock.now())
        except CodedError:
            return template.stages
        policy = await current_policy(record, past=self.store, catalog=self.catalog)
        return chain_of(plan, template, observation, policy)

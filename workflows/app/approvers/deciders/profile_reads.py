"""Read the profile of whoever decides, keep it in the store, and show the others what changed shortly before.

It blocks nothing: people marry, and mail addresses change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from workflows.app.approvers.stage_holders import holders_for
from workflows.app.limits import is_high_risk
from workflows.core.people import ChatId, Person
from workflows.core.policy.delegation.profiles import KnownProfile, known_after, recent_changes
from workflows.core.requests.commands.request import Approve, Reject
from workflows.core.requests.eligibility import eligibility
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.intervals import PROFILE_CHANGES_SHOWN_FOR
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store

_MAX_TOLD: Final = 20
"""How many approvers of one request are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileReads:
    """Reads profiles of deciders. May be repeated safely."""

    store: Store
    directory: PeopleDirectory
    clock: Clock
    shown_for: timedelta = PROFILE_CHANGES_SHOWN_FOR

    async def read(self, person: Person) -> KnownProfile:
        """Read a person's profile, and store it with the changes since it was read last."""
        profile = await self.directory.profile_of(person)
        earlier = await self.store.known_profiles(profile.chat_id, profile.account)
        known = known_after(earlier, profile, self.clock.now())
        await self.store.save_profile(known)
        return known

    async def with_changes(
        self, command: Approve[Person] | Reject[Person], request: AccessRequest | None
    ) -> Approve[Person] | Reject[Person]:
        """Return the decision; an approval of high risk with what changed in the profile, and who is told of it."""
        if request is None or request.state is not RequestState.AWAITING_APPROVAL:
            return command
        known = await self.read(command.actor)
        if not isinstance(command, Approve) or not self.shown_for or not is_high_risk(request):
            return command
        changes = recent_changes(known, self.clock.now(), self.shown_for)
        if not changes:
            return command
        return replace(command, profile_changes=changes, others=tuple(await self._others(request, command.actor)))

    async def _others(self, request: AccessRequest, actor: Person) -> Sequence[ChatId]:
        """Return the other approvers: who has decided, then who can still decide."""
        who = eligibility(request)
        decided = {decision.person.chat_id for decision in request.decisions if decision.person.id != actor.id}
        able: set[ChatId] = set()
        for stage in who.open_stages:
            for role in stage.roles:
                able |= who.eligible_members(await holders_for(role, who.relations, self.directory, is_asking=True))
        own = await self.directory.all_ids([actor.chat_id])
        return [*sorted(decided), *sorted(able - decided - own - {actor.chat_id})][:_MAX_TOLD]

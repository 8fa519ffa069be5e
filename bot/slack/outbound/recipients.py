"""Decide who gets a card: the people of the deciding roles, sponsors, requesters, admins."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.slack.outbound.card_copies import CardCopies
from bot.slack.payloads.stamps import Stamps
from bot.slack.people.approvers import able_to_decide, asked_to_decide
from bot.slack.people.display_directory import DisplayDirectory
from workflows.app.approvers.stage_holders import holders_for
from workflows.core.partners.closing.lifting import USUAL_LIFT_WITHIN
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.silence import is_urgent
from workflows.core.people import ChatId, Role
from workflows.core.policy.relations import NO_RELATIONS, Relations
from workflows.core.policy.reviews.silence import ADMINS_ASKED_FROM
from workflows.core.policy.template import Stage, roles_of
from workflows.core.policy.working_time import WorkingCalendar, next_working_moment
from workflows.core.requests.eligibility import Eligibility, current_eligibility, eligibility_at_expiry
from workflows.core.requests.request import AccessRequest
from workflows.ports.clock import Clock
from workflows.ports.message_copies import MessageCopy
from workflows.ports.notifier import NotifierRefused, NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_MAX_DIRECT_COPIES: Final = 10
"""When more people have a role, they get no direct copies; they use the channel's card and the App Home.

If the channel does not accept the card, the first ten by id get one. So somebody who can decide always gets the
request.
"""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """What every kind of message needs: the posted copies, the people, the stored records, the time."""

    copies: CardCopies
    directory: DisplayDirectory
    store: Store
    clock: Clock
    stamps: Stamps
    card_update_after: timedelta
    """How long a change of a request waits before the copies that nobody clicked show it."""
    lift_within: timedelta = USUAL_LIFT_WITHIN
    """How old a suspension may be to be lifted."""
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    """The organization's working days."""
    changes_guests: bool = False
    """Whether guest accounts can be disabled."""

    async def works_next_at(self, person: ChatId, latest: datetime | None = None) -> datetime | None:
        """Return when a person works next; None when that is now, or only after `latest`: then they are told now."""
        now = self.clock.now()
        zone = await self.directory.zone_of(person)
        moment = next_working_moment(now, zone, self.calendar)
        return None if moment <= now or (latest is not None and moment >= latest) else moment


class Recipients:
    """Reads who has a role, and which of them can decide now."""

    def __init__(self, directory: DisplayDirectory) -> None:
        self._directory = directory

    async def stage_holders(self, request: AccessRequest) -> dict[Role, frozenset[ChatId]]:
        """List the members of roles that still have to decide; empty when nobody needs to decide."""
        return await self.open_stage_holders(current_eligibility(request))

    async def open_stage_holders(self, eligibility: Eligibility | None) -> dict[Role, frozenset[ChatId]]:
        """List the members of the roles of the open stage and of later ones; empty when nobody needs to decide."""
        if eligibility is None:
            return {}
        roles, relations = [role for stage in eligibility.open_stages for role in stage.roles], eligibility.relations
        return {role: await self.holders(role, relations) for role in roles}

    async def stage_members(self, request: AccessRequest) -> frozenset[ChatId]:
        """List the members of every role of a request's approval chain: their App Homes list the request, or did."""
        prepared = request.prepared
        return frozenset() if prepared is None else await self.chain_members(prepared.stages, prepared.relations)

    async def chain_members(self, stages: Sequence[Stage], relations: Relations = NO_RELATIONS) -> frozenset[ChatId]:
        """List the members of every role of an approval chain."""
        roles = sorted(set(roles_of(stages)))
        return frozenset().union(*[await self.holders(role, relations) for role in roles])

    async def holders(self, role: Role, relations: Relations = NO_RELATIONS) -> frozenset[ChatId]:
        """List the members of a role; empty when the directory refuses to say who they are.

        :param relations: who has the relation roles of the request whose stage this is.
        """
        with as_notifier_errors():
            try:
                return await holders_for(role, relations, self._directory)
            except PeopleDirectoryRefused as error:
                _log.error("role_unreadable", role=role, reason=str(error))
                return frozenset()  # the card then shows the title of the stage

    async def deciders(self, request: AccessRequest, holders: Mapping[Role, frozenset[ChatId]]) -> frozenset[ChatId]:
        """List who can decide now: members of the open stage's roles who are not excluded and have not decided."""
        return await self.deciders_now(current_eligibility(request), holders)

    async def deciders_now(
        self, eligibility: Eligibility | None, holders: Mapping[Role, frozenset[ChatId]]
    ) -> frozenset[ChatId]:
        """List who can decide now; see `deciders`.

        :param eligibility: None when nobody needs to decide.
        """
        if eligibility is None:
            return frozenset()
        members = [holders[role] for role in eligibility.open_stages[0].roles]
        return await able_to_decide(eligibility, frozenset().union(*members), self._directory)

    async def asked(self, request: AccessRequest, holders: Mapping[Role, frozenset[ChatId]]) -> frozenset[ChatId]:
        """List who is asked and reminded now, see `asked_now`."""
        return await self.asked_now(current_eligibility(request), holders)

    async def asked_now(
        self, eligibility: Eligibility | None, holders: Mapping[Role, frozenset[ChatId]]
    ) -> frozenset[ChatId]:
        """List who is asked and reminded now: who can decide, without those in whose place somebody else is asked.

        :param eligibility: None when nobody needs to decide.
        """
        if eligibility is None:
            return frozenset()
        stage = eligibility.open_stages[0]
        members = frozenset[ChatId]().union(*[holders[role] for role in stage.roles])
        return (await asked_to_decide(eligibility, stage, members, self._directory)).people

    async def later_deciders(
        self, request: AccessRequest, holders: Mapping[Role, frozenset[ChatId]]
    ) -> frozenset[ChatId]:
        """List who can decide in a stage after the open one, as far as it needs approvals."""
        eligibility = current_eligibility(request)
        later = () if eligibility is None else [stage for stage in eligibility.open_stages[1:] if stage.missing]
        if eligibility is None or not later:
            return frozenset()
        return await able_to_decide(
            eligibility, frozenset().union(*(holders[stage.role] for stage in later)), self._directory
        )

    async def deciders_at_expiry(self, request: AccessRequest) -> frozenset[ChatId]:
        """List who should have decided on a request when it expired."""
        eligibility = eligibility_at_expiry(request)
        if eligibility is None:
            return frozenset()
        roles, relations = eligibility.open_stages[0].roles, eligibility.relations
        members = [await self.holders(role, relations) for role in roles]
        return await able_to_decide(eligibility, frozenset().union(*members), self._directory)


def direct_recipients(deciders: frozenset[ChatId], *, is_channel_closed: bool) -> list[ChatId]:
    """Return who gets a direct copy; the first ten by id when only these copies show the request."""
    if len(deciders) <= _MAX_DIRECT_COPIES:
        return sorted(deciders)
    return sorted(deciders)[:_MAX_DIRECT_COPIES] if is_channel_closed else []


def is_escalated(partnership: Partnership, now: datetime) -> bool:
    """Return whether the admins are asked about a due review as well as the sponsor: at once when a domain moved."""
    return partnership.reminders >= ADMINS_ASKED_FROM or is_urgent(partnership, now)


def setup_card_requester(partnership: Partnership, request: AccessRequest | None) -> ChatId:
    """Return who gets the requester's partner setup card: the sponsor when that is the same person."""
    sponsor = partnership.sponsor
    if request is None or request.is_requested_by(sponsor.chat_id, sponsor.id):
        return sponsor.chat_id
    return request.fields.requester


def offers_confirmation(copy: MessageCopy, partnership: Partnership, requester: ChatId) -> bool:
    """Return whether a copy offers to confirm: all do, except that of a requester who is not the sponsor."""
    return copy.audience == partnership.sponsor.chat_id or copy.audience != requester


@contextmanager
def as_notifier_errors() -> Iterator[None]:
    """Convert errors of the directory into errors of the notifier, so that the effect is repeated later.

    :raises NotifierUnavailable: when the directory or Entra cannot be read now.
    :raises NotifierRefused: when the directory refuses.
    """
    try:
        yield
    except (PeopleDirectoryUnavailable, TenantUnavailable) as error:
        raise NotifierUnavailable(error.facts, error.retry_after) from error
    except TenantRefused as error:
        raise NotifierUnavailable(error.facts) from error
    except PeopleDirectoryRefused as error:
        raise NotifierRefused(error.facts) from error

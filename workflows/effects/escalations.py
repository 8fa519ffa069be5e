"""Find who is asked or told when a stage of a request waits too long, tell them, and record it.

Alternates get the card, because they may decide from now on. Managers and admins get a message in their working hours,
and no right.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from workflows.app.approvers.stage_holders import holders_for
from workflows.app.service import Service
from workflows.core.errors.facts import Fact, as_values
from workflows.core.errors.raised import Refused
from workflows.core.people import ADMIN, ChatId, Person, PersonId, Role
from workflows.core.policy.template import Stage
from workflows.core.requests.deadlines.commands import RecordEscalation
from workflows.core.requests.effects import MessageCode, SendEscalationMessage, TellEscalation
from workflows.core.requests.eligibility import Eligibility, current_eligibility
from workflows.core.requests.request import AccessRequest, EscalationStep, SkippedReason
from workflows.core.requests.transitions.transition import partner_of
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store
from workflows.ports.tenant import Account, Tenant, TenantRefused

MAX_PEOPLE: Final = 20
"""The most people of a role who are told, or whose managers are told."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalations:
    """Performs TellEscalation. A repetition tells nobody twice."""

    service: Service
    store: Store
    tenant: Tenant
    directory: PeopleDirectory

    async def tell(self, effect: TellEscalation) -> None:
        """Tell the people of one step, and record who that was. Nothing happens when the stage waits no longer.

        :raises PeopleDirectoryUnavailable, TenantUnavailable: when people cannot be read now; it is tried again.
        """
        request = await self.store.request(effect.request_id)
        people = None if request is None else waiting_people(request, effect)
        if request is None or people is None:
            return
        stage = people.stages[effect.stage]
        match effect.step:
            case EscalationStep.ALTERNATES:
                told, skipped = await self._alternates(stage, people)
            case EscalationStep.MANAGERS:
                told, skipped = await self._managers(request, effect, stage, people)
            case EscalationStep.ADMINS:
                told, skipped = await self._admins(request, effect, stage)
        with suppress(Refused):  # somebody decided in the meantime
            await self.service.advance(
                request.id, RecordEscalation(stage=effect.stage, step=effect.step, told=told, skipped=skipped)
            )

    async def _alternates(self, stage: Stage, people: Eligibility) -> tuple[tuple[Person, ...], tuple[Fact, ...]]:
        role = stage.alternates or stage.role
        told = await self._who_may_decide(role, people)
        return told, () if told else (Fact(SkippedReason.ROLE_EMPTY, {"role": role}),)

    async def _managers(
        self, request: AccessRequest, effect: TellEscalation, stage: Stage, people: Eligibility
    ) -> tuple[tuple[Person, ...], tuple[Fact, ...]]:
        approvers = await self._who_may_decide(stage.role, people)
        if not approvers:
            return (), (Fact(SkippedReason.ROLE_EMPTY, {"role": stage.role}),)
        try:
            accounts = await self.tenant.managers([person.id for person in approvers])
        except TenantRefused as error:
            _log.warning("managers_not_read", reason=str(error))
            return (), (Fact(SkippedReason.UNREADABLE),)
        able = sorted({account.id for account in accounts.values() if account is not None and not _problem(account)})
        known = {person.id: person for person in (await self.directory.people_of(able) if able else ())}
        managed: dict[PersonId, list[str]] = {}
        skipped = []
        for approver in approvers:
            account = accounts.get(approver.id)
            reason = _reason(account, known, people)
            if account is None or reason is not None:
                skipped.append(Fact(reason or SkippedReason.NO_MANAGER, {"name": approver.name}))
            else:
                managed.setdefault(account.id, []).append(approver.name)
        for manager, names in managed.items():
            values = {**_values(request, stage), "names": names}
            await self._send(request, effect, known[manager], Fact(MessageCode.MANAGER_TOLD, values))
        return tuple(known[manager] for manager in managed), tuple(skipped)

    async def _admins(
        self, request: AccessRequest, effect: TellEscalation, stage: Stage
    ) -> tuple[tuple[Person, ...], tuple[Fact, ...]]:
        earlier = [fact for each in request.escalations if each.stage == effect.stage for fact in each.skipped]
        values = {**_values(request, stage), "skipped": as_values(earlier)}
        admins = await self._identified(await self.directory.holders(ADMIN))
        for admin in admins:
            await self._send(request, effect, admin, Fact(MessageCode.ADMIN_TOLD, values))
        return admins, () if admins else (Fact(SkippedReason.ROLE_EMPTY, {"role": ADMIN}),)

    async def _who_may_decide(self, role: Role, people: Eligibility) -> tuple[Person, ...]:
        taken = await self.directory.all_ids(people.chat_ids)
        members = people.eligible_members(await holders_for(role, people.relations, self.directory), taken)
        found = await self._identified(members)
        return tuple(person for person in found if person.id not in people.excluded_ids)

    async def _identified(self, chat_ids: Iterable[ChatId]) -> tuple[Person, ...]:
        """Return the people of some chat users. Who cannot be identified could not decide either."""
        found: list[Person] = []
        for chat_id in sorted(chat_ids)[:MAX_PEOPLE]:
            with suppress(Refused):
                found.append(await self.directory.identify(chat_id))
        return tuple(found)

    async def _send(self, request: AccessRequest, effect: TellEscalation, person: Person, fact: Fact) -> None:
        key = f"escalation:{request.id}:{effect.round}:{effect.stage}:{effect.step.value}:{person.id}"
        message = SendEscalationMessage(
            person=person.chat_id,
            request_id=request.id,
            round=effect.round,
            stage=effect.stage,
            step=effect.step,
            fact=fact,
        )
        await self.service.send_escalation_message(message, key=key)


def waiting_people(request: AccessRequest, effect: TellEscalation | SendEscalationMessage) -> Eligibility | None:
    """Return who may decide; None when the stage of an escalation waits no longer, or is asked again."""
    people = current_eligibility(request)
    if people is None or request.round != effect.round or people.verdict.open_stage != effect.stage:
        return None
    return people


def _values(request: AccessRequest, stage: Stage) -> dict[str, str]:
    return {
        "partner": partner_of(request),
        "request": request.id,
        "stage": stage.title,
        "expires_at": request.expires_at.isoformat(),
    }


def _reason(account: Account | None, known: dict[PersonId, Person], people: Eligibility) -> SkippedReason | None:
    """Return why an approver's manager is not told; None for a manager who is."""
    if account is None:
        return SkippedReason.NO_MANAGER
    if (problem := _problem(account)) is not None:
        return problem
    person = known.get(account.id)
    if person is None or not person.chat_id:
        return SkippedReason.NOT_IN_CHAT
    return SkippedReason.EXCLUDED if people.excluded_ids & {person.id, person.chat_id} else None


def _problem(account: Account) -> SkippedReason | None:
    if not account.is_enabled:
        return SkippedReason.DISABLED
    return None if account.is_member else SkippedReason.GUEST

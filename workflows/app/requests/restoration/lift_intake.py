"""File the lift of a suspension: check that it is possible, show what becomes active again, and store the request."""

from dataclasses import dataclass
from datetime import timedelta

from workflows.app.requests.checked_filing import CheckedFiling, Proposed, file_checked
from workflows.app.requests.filing import FormServices
from workflows.app.requests.people_checks import lookups_refused
from workflows.app.requests.proposing import check_proposal_in, require_no_other_request
from workflows.app.requests.restoration.restore_intake import RestoreForm
from workflows.app.requests.restoration.restoring import Restoration, propose_lift
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, NothingToChange, Refused, UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.lifting import USUAL_LIFT_WITHIN, liftable_request, require_may_lift
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.restoration.restorable import FIELD
from workflows.core.people import ChatId
from workflows.core.requests.request import ObservedPartner, RequestId, RequestKind
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookup import look_up
from workflows.ports.tenant import TenantRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """What a lift would do, from the current settings."""

    record: Partnership
    found: Restoration
    observation: ObservedPartner


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftIntake(FormServices):
    """Shows what a lift does, and files it. It is a restore of the last approved settings with fixed terms."""

    lift_within: timedelta = USUAL_LIFT_WITHIN
    """How old a suspension may be to be lifted."""

    async def propose(self, tenant_id: TenantId, actor: ChatId) -> Lift:
        """Plan the lift for an admin or the sponsor.

        :raises Refused: when it is not possible, or this person may not.
        :raises InvalidField, NothingToChange, UnreadableSetting: when no plan can be made.
        :raises TenantUnavailable, TenantRefused, PeopleDirectoryUnavailable: when something cannot be read now.
        """
        now = self.clock.now()
        record = await self.store.partnership(tenant_id)
        liftable_request(record, now=now, within=self.lift_within, is_drifted=False)
        if record is None:
            raise Refused(RefusalCode.UNKNOWN_PARTNER)
        person = await self.directory.identify(actor)
        require_may_lift(record, person, await self.directory.current_roles([person]))
        observation = await look_up(tenant_id, tenant=self.tenant, clock=self.clock)
        await require_no_other_request(self.store, observation, None, actor, self.directory)
        found = await propose_lift(
            record, observation, at=now, within=self.lift_within, store=self.store, catalog=self.catalog
        )
        await check_proposal_in(self.tenant, observation, found.plan, found.stages)
        return Lift(record=record, found=found, observation=observation)

    async def file(self, tenant_id: TenantId, actor: ChatId, reason: str, *, key: str) -> RequestId:
        """Store the request to lift a suspension.

        :raises InvalidForm: with the problem; nothing is stored.
        :raises Refused: when there is no suspension to lift.
        """
        record, restores, ends_at = liftable_request(
            await self.store.partnership(tenant_id),
            now=self.clock.now(),
            within=self.lift_within,
            is_drifted=False,
        )
        form = RestoreForm(
            requester=actor,
            tenant_id=tenant_id,
            restored_request_id=restores,
            justification=reason,
            sponsor=record.sponsor.chat_id,
            days=max(1, (ends_at - self.clock.now()).days),
            restores_result=True,
        )

        async def propose(problems: dict[str, Fact]) -> Proposed:
            return await self._proposed(tenant_id, actor, problems)

        filing = CheckedFiling(field=FIELD, kind=RequestKind.RESTORATION, propose=propose)
        terms = {"restores": restores, "restores_result": True, "lifts": True, "ends_at": ends_at}
        return await file_checked(form, filing, self, key=key, **terms)

    async def _proposed(self, tenant_id: TenantId, actor: ChatId, problems: dict[str, Fact]) -> Proposed:
        try:
            lift = await self.propose(tenant_id, actor)
        except (Refused, InvalidField, UnreadableSetting) as error:
            problems[FIELD] = error.fact
        except NothingToChange:
            problems[FIELD] = Fact(RefusalCode.ALREADY_RESTORED, {"is_form": True})
        except TenantRefused as error:
            problems[FIELD] = lookups_refused(error)
        else:
            return lift.found.template, lift.observation
        return None, None

"""Revoke a partner: a window shows the effect to a person who may revoke, and asks for the partner's name.

When Microsoft or the directory does not answer, a partner in our own records can still be revoked. The right of the
person who confirms, and the settings, are then read afterwards.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import loading_view
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint, Subcommand, Submission
from bot.slack.flows.revoke.views import ask_partner_view, revoke_view_or_nothing, revoke_without_preview_view
from bot.slack.payloads.button_values import parse_tenant_id
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.members import Members
from bot.words.findings.finding import finding_words
from bot.words.requests.notes import refusal_words
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.closing.revoking import requests_for_more_access, require_may_close, require_may_revoke
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.named_targets import shown_targets
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.plans.planning import plan_revocation
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import Closing
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId, is_tenant_id
from workflows.partner_lookup.identifying import identify_partner
from workflows.partner_lookup.lookup import read_both_alone
from workflows.partner_lookup.named_partner import named_partner
from workflows.partner_lookup.target import normalize_target
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.object_names import names_for_display
from workflows.preflight.sign_ins import lost_access_findings, read_partnership_use

_CONFIRMATION_SECONDS: Final = 1.5
"""Seconds that a confirmation waits for Graph before it is acknowledged."""
_READING_SECONDS: Final = 6.0
"""Seconds after the click in which the effect of a revocation is read; then the window is shown without it."""
_COUNTING_SECONDS: Final = 2.5
"""Seconds to wait for the sign-ins; nothing depends on them."""
_COUNTING_GRACE: Final = 0.2
"""Seconds that the window is delayed for them."""
_COUNTING: Final = "Still checking who used this partner recently."


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeFlow:
    """Shows the effect of a revocation, and stores a confirmed one."""

    service: Service
    windows: ModalWindows
    members: Members
    directory: SlackDirectory
    store: Store
    tenant: Tenant
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("revoke", self.open_from_command)
        yield Subcommand("suspend", self.open_suspension_from_command)
        yield Action(ids.REVOKE_REVIEW, self.open_from_review, audit_name="want_revoke", card=Card.REVIEW)
        yield Action(ids.REVOKE_PARTNER, self.open_from_home, audit_name="want_revoke")
        yield Action(ids.BLOCK_PARTNER, self.ask_partner, audit_name="want_revoke", is_in_view=True)
        yield Submission(ids.NAME_PARTNER, self.open_from_form, audit_name="want_revoke")
        yield Submission(ids.CONFIRM_REVOKE, self.submit, audit_name="want_revoke")
        yield Submission(ids.CONFIRM_SUSPEND, self.submit_suspension, audit_name="want_revoke")

    async def open_from_command(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the window about the partner that the command names."""

        async def build(window: Window) -> Json:
            return await self._view_for(window, command.argument, in_review=False)

        await self.windows.open_and_fill(ack, command, build, command="/partner revoke", closes=True)

    async def open_suspension_from_command(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the window to suspend the partner that the command names."""

        async def build(window: Window) -> Json:
            return await self._view_for(window, command.argument, in_review=False, closing=Closing.SUSPEND)

        await self.windows.open_and_fill(ack, command, build, command="/partner suspend", closes=True)

    async def open_from_review(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window from a review's button, which the sponsor has as well."""
        target = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            return await self._view_for(window, target, in_review=True)

        await self.windows.open_and_fill(ack, click, build, command="want_revoke", closes=True)

    async def open_from_home(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window about a partner that an admin's App Home shows."""
        target = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            return await self._view_for(window, target, in_review=False)

        await self.windows.open_and_fill(
            ack, click, build, command="want_revoke", subject=CommandSubject(tenant_id=target), closes=True
        )

    async def ask_partner(self, ack: AsyncAck, click: Interaction) -> None:
        """Ask which partner to block; it need not be known to Gatehouse."""
        await self.members.require_member(click.actor)
        await self.windows.open(click, ask_partner_view())
        await ack()

    async def open_from_form(self, ack: AsyncAck, click: Interaction) -> None:
        """Show in the same window what blocking the typed partner does."""
        typed = click.required_view.value(ids.TARGET)
        window = Window.of(click, command="want_revoke")
        await ack(response_action="update", view=loading_view())

        async def build(window: Window) -> Json:
            return await self._view_for(window, typed, in_review=False)

        self.windows.fill(window, self.windows.show(window, build), closes=True)

    async def submit(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a revocation after the partner's name was typed as confirmation."""
        await self._store(ack, click, Closing.REVOKE)

    async def submit_suspension(self, ack: AsyncAck, click: Interaction) -> None:
        """Store a suspension after the partner's name was typed as confirmation. It has a reason."""
        await self._store(ack, click, Closing.SUSPEND)

    async def _store(self, ack: AsyncAck, click: Interaction, closing: Closing) -> None:
        tenant_id = parse_tenant_id(click.required_view.private_metadata)
        problem = await self.confirmation_problem(tenant_id, click.required_view.value(ids.CONFIRM))
        if problem:
            await ack(response_action="errors", errors={ids.CONFIRM: problem})
            return
        reason = click.required_view.value(ids.REASON).strip()
        if closing is Closing.SUSPEND and not reason:
            await ack(response_action="errors", errors={ids.REASON: "The reason is missing. Write why."})
            return
        command = Revoke(actor=click.actor, target=tenant_id, reason=reason, closing=closing)
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def confirmation_problem(self, tenant_id: TenantId, typed_text: str) -> str:
        """State what is wrong with the typed confirmation of a revocation; empty when it is right."""
        try:
            async with asyncio.timeout(_CONFIRMATION_SECONDS):
                identity, _ = await identify_partner(tenant_id, store=self.store, tenant=self.tenant)
        except TimeoutError:
            return "The partner cannot be looked up now: Microsoft Entra does not answer in time. Try again."
        except (TenantUnavailable, TenantRefused, Refused) as error:
            return f"The partner cannot be looked up now: {refusal_words(error)} Try again."
        expected = ids.confirmation_text(identity)
        if typed_text.strip().casefold() == expected.casefold():
            return ""
        return f"This is not what has to be typed here. Type {expected} to confirm."

    async def _view_for(
        self, window: Window, typed_text: str, *, in_review: bool, closing: Closing = Closing.REVOKE
    ) -> Json:
        """Return the view with the effect of a revocation, for a person who may revoke.

        :param in_review: whether it was requested by a review's button.
        """
        await self.members.refuse_known_guests(window.actor)
        target = normalize_target(typed_text)
        if is_tenant_id(target):
            window.subject = CommandSubject(tenant_id=TenantId(target))
        identity, partnership = await named_partner(typed_text, store=self.store, tenant=self.tenant)
        window.subject = CommandSubject(tenant_id=identity.tenant_id)
        planned = await self._plan_revocation(identity, partnership, window, in_review=in_review)
        if planned is None:
            return revoke_without_preview_view(identity, closing)
        if closing is Closing.SUSPEND:
            require_may_close(closing, partnership, await self.store.open_requests(), identity)
        return await self._confirmation_view(window, identity, partnership, closing, *planned)

    async def _plan_revocation(
        self, identity: TenantIdentity, partnership: Partnership | None, window: Window, *, in_review: bool
    ) -> tuple[Plan, JsonObject | None] | None:
        """Plan a revocation for a person who may request it; None when a known partner cannot be read now.

        :returns: the plan, and the tenant's default configuration if it could be read.
        :raises Refused: when this person may not.
        :raises TenantUnavailable, PeopleDirectoryUnavailable: when a partner without a record cannot be read now.
        """
        # A partner without a record cannot be revoked without reading, so for it the time begins when it is found.
        seconds = _READING_SECONDS if partnership is None else window.seconds_left(_READING_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                person = await self.directory.identify(window.actor)
                current_roles = await self.directory.current_roles([person])
                require_may_revoke(partnership, person, current_roles, in_review=in_review)
                before, default = await read_both_alone(identity.tenant_id, tenant=self.tenant)
        except (TenantUnavailable, PeopleDirectoryUnavailable, TimeoutError) as error:
            if partnership is not None:
                return None
            if isinstance(error, TimeoutError):
                raise TenantUnavailable("Microsoft Entra does not answer in time.") from error
            raise
        plan = plan_revocation(
            tenant_id=identity.tenant_id, before=before, default=default, is_cross_cloud=not identity.is_resolved
        )
        return plan, default

    async def _confirmation_view(
        self,
        window: Window,
        identity: TenantIdentity,
        partnership: Partnership | None,
        closing: Closing,
        plan: Plan,
        default: JsonObject | None,
    ) -> Json:
        """Offer a revocation wherever there is something to close, to record as closed, or to stop.

        Who used the partnership recently is shown when it has been counted; the window does not wait for that.
        """
        read_at = self.clock.now()
        stops = requests_for_more_access(await self.store.open_requests(), identity)
        counting = asyncio.create_task(
            read_partnership_use(
                identity.tenant_id, tenant=self.tenant, clock=self.clock, timeout_seconds=_COUNTING_SECONDS
            )
        )
        try:
            names = await names_for_display(shown_targets(plan), tenant=self.tenant)
            known = (identity, partnership, plan, default, stops, names)
            view = partial(revoke_view_or_nothing, *known, read_at=read_at, closing=closing)
            await asyncio.wait({counting}, timeout=_COUNTING_GRACE)
            if not counting.done():
                await self.windows.update(window.id, view((_COUNTING,)), person=window.actor)
            used = tuple(map(finding_words, lost_access_findings(await counting)))
            return view(used)
        finally:
            counting.cancel()

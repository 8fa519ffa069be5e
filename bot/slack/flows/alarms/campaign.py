"""Campaigns: an admin has many partners reviewed now. Windows choose the partners, show them, and ask why."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import loading_view, message_view
from bot.slack.flows.alarms.campaign_views import choose_view, preview_view
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand, Submission
from bot.slack.payloads.button_values import parse_campaign_choice, parse_campaign_id
from bot.slack.payloads.models import Interaction, SlashCommand, View
from bot.slack.people.members import Members
from bot.words.requests.notes import refusal_words
from workflows.app.schedule.reviews.campaigns import Campaigns
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.reviewing.campaigns import require_campaign_admin
from workflows.core.people import ChatId
from workflows.core.requests.commands.campaign import CampaignScope, StartCampaign, WithdrawCampaign
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

_START, _WITHDRAW = "want_start_campaign", "want_withdraw_campaign"
_OPTION: Final = re.compile(r"(?:--|\u2014|\u2013)(\w+)[ =]+(.+)", re.DOTALL)
"""An option with its value. Slack's apps may turn two hyphens into a dash."""
_DASH: Final = re.compile(r"--|\u2014|\u2013")


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFlow:
    """Shows admins which partners would be reviewed, and stores what they decide. The right is checked later again."""

    service: Service
    store: Store
    tenant: Tenant
    campaigns: Campaigns
    members: Members
    directory: PeopleDirectory
    windows: ModalWindows

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("review", self.open_from_command)
        yield Submission(ids.CHOOSE_CAMPAIGN, self.open_from_form, audit_name=_START)
        yield Submission(ids.CAMPAIGN_FORM, self.start, audit_name=_START)
        yield Action(ids.WITHDRAW_CAMPAIGN, self.withdraw, audit_name=_WITHDRAW, is_in_view=True)

    async def open_from_command(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the window about the partners that the command names, or ask which ones."""

        async def build(window: Window) -> Json:
            await self._require_admin(window)
            if not command.argument:
                return choose_view(list(self.campaigns.catalog.templates.values()))
            return await self._preview(*await self._typed_choice(command.argument))

        await self.windows.open_and_fill(ack, command, build, command="/partner review")

    async def open_from_form(self, ack: AsyncAck, click: Interaction) -> None:
        """Show in the same window which partners are reviewed."""
        view, window = click.required_view, Window.of(click, command=_START)
        await ack(response_action="update", view=loading_view())

        async def build(window: Window) -> Json:
            await self._require_admin(window)
            return await self._preview(*await self._chosen(view))

        self.windows.fill(window, self.windows.show(window, build))

    async def start(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the campaign."""
        scope, value = parse_campaign_choice(click.required_view.private_metadata)
        reason = click.required_view.value(ids.REASON).strip()
        if not reason:
            missing = refusal_words(Refused(RefusalCode.CAMPAIGN_REASON_MISSING))
            await ack(response_action="errors", errors={ids.REASON: missing})
            return
        command = StartCampaign(actor=click.actor, scope=scope, value=value, reason=reason)
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def withdraw(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that a campaign is withdrawn."""
        campaign_id = parse_campaign_id(click.action.value)
        await self.service.store_click(WithdrawCampaign(actor=click.actor, campaign_id=campaign_id), key=click.key)
        await ack()

    async def _require_admin(self, window: Window) -> None:
        await self.members.refuse_known_guests(window.actor)
        person = await self.directory.identify(window.actor)
        require_campaign_admin(person, await self.directory.current_roles([person]))

    async def _preview(self, scope: CampaignScope, value: str) -> Json:
        selection = await self.campaigns.preview(scope, value)
        if not selection.members:
            empty = Refused(RefusalCode.CAMPAIGN_EMPTY, label=selection.label, skipped=len(selection.skipped))
            return message_view("Nothing to review", refusal_words(empty))
        return preview_view(scope, value, selection)

    async def _typed_choice(self, typed: str) -> tuple[CampaignScope, str]:
        """Read `--template name`, `--sponsor name`, `--risk level`, or a partner.

        :raises Refused: for anything else.
        """
        if not _DASH.match(typed):
            return await self._partner(typed)
        match = _OPTION.fullmatch(typed)
        if match is None or _DASH.search(match[2]):
            raise Refused(RefusalCode.CAMPAIGN_SCOPE_MISSING)
        name, value = match[1].lower(), match[2].strip().strip('"\u201c\u201d')
        match name:
            case "template":
                return CampaignScope.TEMPLATE, self._template_named(value)
            case "sponsor":
                return CampaignScope.SPONSOR, await self.campaigns.sponsor_named(value)
            case "risk":
                return CampaignScope.RISK, value.lower()
            case _:
                raise Refused(RefusalCode.CAMPAIGN_SCOPE_MISSING)

    async def _chosen(self, view: View) -> tuple[CampaignScope, str]:
        """Read the one filled field of the window.

        :raises Refused: when none or several are filled.
        """
        template, sponsor, risk = view.value(ids.TEMPLATE), view.value(ids.SPONSOR), view.value("risk")
        target = view.value(ids.TARGET).strip()
        if sum(map(bool, (template, sponsor, risk, target))) != 1:
            raise Refused(RefusalCode.CAMPAIGN_SCOPE_MISSING)
        if template:
            return CampaignScope.TEMPLATE, template
        if sponsor:
            person = await self.directory.identify(ChatId(sponsor))
            return CampaignScope.SPONSOR, await self.campaigns.sponsor_account(person)
        return (CampaignScope.RISK, risk) if risk else await self._partner(target)

    async def _partner(self, typed: str) -> tuple[CampaignScope, str]:
        identity, partnership = await named_partner(typed, store=self.store, tenant=self.tenant)
        if partnership is None:
            raise Refused(RefusalCode.UNKNOWN_PARTNER)
        return CampaignScope.PARTNER, identity.tenant_id

    def _template_named(self, typed: str) -> str:
        """Return the name of the template with this name or title; the typed text when there is none."""
        sought = typed.casefold()
        known = self.campaigns.catalog.templates.values()
        return next((one.name for one in known if sought in (one.name.casefold(), one.title.casefold())), typed)

"""The lists about a partner that can be too long for a message: each in full, in pages of its own window."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import DOMAIN_LIMIT, Json, TextRun, bullets, cleaned_text, preformatted_text
from bot.slack.blocks.modal import modal
from bot.slack.blocks.pages import PER_PAGE, TEXTS_PER_PAGE, page_blocks
from bot.slack.cards.concerns import concern_items
from bot.slack.cards.decisions import MAX_NOTE_CHARACTERS
from bot.slack.cards.partner_and_plan import partner_name
from bot.slack.cards.partnership import partner_section_value
from bot.slack.flows.entry_point_types import Action, EntryPoint
from bot.slack.flows.partner_setup.checklist import checklist_text
from bot.slack.flows.revoke.views import stopped_request_parts
from bot.slack.flows.show.partner_details import settings_pieces
from bot.slack.flows.show.partner_record import answer_parts, current_approvals, history_parts
from bot.slack.ids import PartnerSection
from bot.slack.payloads.button_values import parse_partner_section
from bot.slack.payloads.models import Interaction
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.reads.partner_setup import PartnerSetupReader
from workflows.app.reads.posture import concerns_about
from workflows.core.partners.closing.revoking import requests_for_more_access
from workflows.core.partners.partnership import Partnership, replacements_among
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.commands.request import CommandSubject
from workflows.partner_lookup.lookup import read_both
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

MAX_READ_REQUESTS: Final = 10_000
_TITLES: Final[Mapping[PartnerSection, str]] = {
    PartnerSection.CHECKLIST: "Partner setup",
    PartnerSection.CONCERNS: "Issues",
    PartnerSection.SETTINGS: "Settings as JSON",
    PartnerSection.APPROVALS: "Approvals",
    PartnerSection.ANSWERS: "Answers to reviews",
    PartnerSection.REQUESTS: "Requests",
    PartnerSection.STOPPED_BY_REVOCATION: "What this stops",
}
"""The titles of the windows; Slack accepts 24 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSectionsFlow:
    """Shows one list about a partner in full, page by page, where a message or window shows only a part or a count.

    Every page is read again, and counts as a lookup.
    """

    windows: ModalWindows
    lookup_permission: LookupPermission
    checklists: PartnerSetupReader
    store: Store
    tenant: Tenant
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.SHOW_PARTNER_SECTION, self.show, audit_name=ids.SHOW_PARTNER_SECTION)
        for shows in (ids.PARTNER_SECTION_PREVIOUS, ids.PARTNER_SECTION_NEXT):
            yield Action(shows, self.show, audit_name=ids.SHOW_PARTNER_SECTION, is_in_view=True)

    async def show(self, ack: AsyncAck, click: Interaction) -> None:
        """Show one list whole, on top of an open window; or another page of it, in the same window."""
        tenant_id, name, page = parse_partner_section(click.action.value)
        subject = CommandSubject(tenant_id=tenant_id)

        async def build(window: Window) -> Json:
            await self.lookup_permission.require(window.actor, tenant_id, key=window.key, command_name=window.command)
            identity, partnership = await named_partner(tenant_id, store=self.store, tenant=self.tenant)
            return part_view(identity, name, await self._rows(identity, partnership, name), page)

        if click.is_in(ids.PARTNER_SECTION):
            await ack()
            window = Window.of(click, command=ids.SHOW_PARTNER_SECTION, subject=subject)
            self.windows.fill(window, self.windows.show(window, build))
        else:
            await self.windows.open_and_fill(ack, click, build, command=ids.SHOW_PARTNER_SECTION, subject=subject)

    async def _rows(
        self, identity: TenantIdentity, partnership: Partnership | None, name: PartnerSection
    ) -> list[RichTextElement]:
        """Read one list. Only what it shows is read."""
        match name:
            case PartnerSection.CHECKLIST:
                current = await self.checklists.read_current(identity.tenant_id)
                return [preformatted_text(text) for text in checklist_text(current)]
            case PartnerSection.CONCERNS:
                _configuration, _default, concerns = await concerns_about(
                    identity, tenant=self.tenant, records=self.store.records, clock=self.clock
                )
                return _bullets(concern_items(concerns))
            case PartnerSection.SETTINGS:
                configuration, _default = await read_both(identity.tenant_id, tenant=self.tenant)
                return [preformatted_text(text) for text in settings_pieces(configuration)]
            case PartnerSection.APPROVALS:
                requests = await self.store.requests_for(identity.tenant_id, MAX_READ_REQUESTS)
                return _bullets(current_approvals(partnership, requests))
            case PartnerSection.ANSWERS:
                attestations = () if partnership is None else partnership.attestations
                return _bullets([answer_parts(attestation) for attestation in reversed(attestations)])
            case PartnerSection.REQUESTS:
                requests = await self.store.requests_for(identity.tenant_id, MAX_READ_REQUESTS)
                later = replacements_among(requests)
                return _bullets(
                    [
                        history_parts(request, later.get(request.id), max_note=MAX_NOTE_CHARACTERS)
                        for request in requests
                    ]
                )
            case PartnerSection.STOPPED_BY_REVOCATION:
                stopped_requests = requests_for_more_access(await self.store.open_requests(), identity)
                return _bullets([stopped_request_parts(request) for request in stopped_requests])


def part_view(identity: TenantIdentity, name: PartnerSection, rows: Sequence[RichTextElement], page: int) -> Json:
    """Return the window with one page of a list about a partner."""
    blocks = page_blocks(
        [cleaned_text(partner_name(identity), DOMAIN_LIMIT, bold=True)],
        rows,
        page,
        size=TEXTS_PER_PAGE if name in (PartnerSection.CHECKLIST, PartnerSection.SETTINGS) else PER_PAGE,
        action_ids=(ids.PARTNER_SECTION_PREVIOUS, ids.PARTNER_SECTION_NEXT),
        value=lambda to: partner_section_value(identity.tenant_id, name, to),
    )
    return modal(_TITLES[name], blocks, ids.PARTNER_SECTION)


def _bullets(items: Sequence[Sequence[TextRun]]) -> list[RichTextElement]:
    return [bullets([item]) for item in items]

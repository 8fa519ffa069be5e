"""Disable and enable guest accounts of a partner: windows for admins, which store what they ask and confirm.

The windows write nothing. What is asked is stored at once, and the permission is checked again from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import loading_view
from bot.slack.flows.entry_point_types import Action, Card, EntryPoint, Submission
from bot.slack.flows.revoke.guest_form import (
    REASON_MISSING,
    AccountsForm,
    Which,
    accounts_view,
    confirm_view,
    parse_accounts_form,
    received_view,
    undo_view,
    unknown_elements,
)
from bot.slack.payloads.button_values import parse_accounts_value, parse_card_value, parse_request_id
from bot.slack.payloads.models import Interaction
from bot.slack.people.members import Members
from bot.words.plans.accounts import CHANGES
from workflows.app.evidence.guests.chosen import find_chosen
from workflows.app.evidence.guests.listing import AskedGuests, asked_guests
from workflows.app.evidence.guests.undoing import undoable_accounts
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.closing.guest_accounts import require_may_enable
from workflows.core.people import ADMIN, ChatId, Person, PersonId
from workflows.core.plans.accounts import AccountChange
from workflows.core.requests.commands.request import ChangeGuests, CommandSubject, Confirm
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.requests.transitions.guest_accounts import confirmation_text
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant

_ASKED: Final = "want_change_guests"
_CONFIRMED: Final = "want_confirm"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAccountsFlow:
    """Shows the windows to admins, and stores what they send."""

    service: Service
    windows: ModalWindows
    members: Members
    directory: PeopleDirectory
    catalog: Catalog
    store: Store
    tenant: Tenant
    clock: Clock
    changes_guests: bool
    """Whether the credential for guest accounts is set."""

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.ACCOUNTS_DISABLE, self.open_disable, audit_name=_ASKED)
        yield Action(ids.ACCOUNTS_ENABLE, self.open_enable, audit_name=_ASKED)
        yield Submission(ids.ACCOUNTS_FORM, self.submit, audit_name=_ASKED)
        yield Action(ids.ACCOUNTS_UNDO, self.open_undo, audit_name=_ASKED, card=Card.REQUESTER)
        yield Submission(ids.UNDO_ACCOUNTS_FORM, self.submit_undo, audit_name=_ASKED)
        yield Action(ids.ACCOUNTS_CONFIRM, self.open_confirm, audit_name=_CONFIRMED, card=Card.REQUESTER)
        yield Submission(ids.CONFIRM_ACCOUNTS, self.confirm, audit_name=_CONFIRMED)

    async def open_disable(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window that asks which accounts are disabled."""
        await self._open_form(ack, click, AccountChange.DISABLE)

    async def open_enable(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window that asks which accounts are enabled."""
        await self._open_form(ack, click, AccountChange.ENABLE)

    async def _open_form(self, ack: AsyncAck, click: Interaction, change: AccountChange) -> None:
        tenant_id, address = parse_accounts_value(click.action.value)

        async def build(window: Window) -> Json:
            await self._require_admin(window.actor)
            if change is AccountChange.ENABLE:
                require_may_enable(await self.store.partnership(tenant_id))
            asked = await self._asked(tenant_id)
            return accounts_view(asked.identity, change, asked.limits, address=address)

        subject = CommandSubject(tenant_id=tenant_id)
        await self.windows.open_and_fill(ack, click, build, command=_ASKED, subject=subject)

    async def submit(self, ack: AsyncAck, click: Interaction) -> None:
        """Store what is asked. The preview follows as a private message. A list is looked up before that."""
        form = parse_accounts_form(click)
        if form.problems:
            await ack(response_action="errors", errors=dict(form.problems))
            return
        if form.which is not Which.LISTED:
            await self._store(form, click, ())
            await ack(response_action="update", view=received_view(form.change))
            return
        await ack(response_action="update", view=loading_view(CHANGES[form.change].form_title))
        window = Window.of(click, command=_ASKED, subject=CommandSubject(tenant_id=form.tenant_id))

        async def build(window: Window) -> Json:
            await self._require_admin(window.actor)
            asked = await self._asked(form.tenant_id)
            found = await find_chosen(form.listed, asked, tenant=self.tenant, clock=self.clock)
            if found.unknown or found.shared:
                problem = unknown_elements(found.unknown, found.shared, is_complete=found.is_complete)
                return accounts_view(asked.identity, form.change, asked.limits, sent=form, problem=problem)
            await self._store(form, click, found.ids)
            return received_view(form.change)

        self.windows.fill(window, self.windows.show(window, build))

    async def _store(self, form: AccountsForm, click: Interaction, accounts: tuple[PersonId, ...]) -> None:
        command = ChangeGuests(
            actor=click.actor,
            target=form.tenant_id,
            change=form.change,
            reason=form.reason,
            accounts=accounts,
            only_found=form.which is Which.FOUND,
        )
        await self.service.store_click(command, key=click.key)

    async def open_undo(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window that asks why a disabling is undone, if it can be undone now."""
        request_id = parse_request_id(click.action.value)

        async def build(window: Window) -> Json:
            admin, request = await self._require_admin(window.actor), await self._request(request_id)
            tenant_id = request.plan.tenant_id
            require_may_enable(await self.store.partnership(tenant_id))
            await undoable_accounts(request, admin, tenant_id, store=self.store, clock=self.clock)
            return undo_view(request)

        await self.windows.open_and_fill(
            ack, click, build, command=_ASKED, subject=CommandSubject(request_id=request_id)
        )

    async def submit_undo(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that a disabling shall be undone. The preview follows as a private message."""
        request = await self._request(parse_request_id(click.required_view.private_metadata))
        reason = click.required_view.value(ids.REASON).strip()
        if not reason:
            await ack(response_action="errors", errors={ids.REASON: REASON_MISSING})
            return
        command = ChangeGuests(
            actor=click.actor,
            target=request.plan.tenant_id,
            change=AccountChange.ENABLE,
            reason=reason,
            undoes=request.id,
        )
        await self.service.store_click(command, key=click.key)
        await ack(response_action="update", view=received_view(AccountChange.ENABLE))

    async def open_confirm(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window that asks to type what is confirmed. It shows exactly what the message shows."""
        request_id, digest = parse_card_value(click.action.value)

        async def build(window: Window) -> Json:
            await self._require_admin(window.actor)
            request = await self._request(request_id)
            if request.plan.digest != digest or request.state is not RequestState.AWAITING_CONFIRMATION:
                raise Refused(RefusalCode.CARD_OUT_OF_DATE)
            record = await self.store.partnership(request.plan.tenant_id)
            return confirm_view(request, is_partner_closed=record is not None and record.is_closed)

        await self.windows.open_and_fill(
            ack,
            click,
            build,
            command=_CONFIRMED,
            subject=CommandSubject(request_id=request_id),
            closes=True,  # as most of them do; what is enabled is not known before it is read
        )

    async def confirm(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the confirmation of exactly the accounts that were shown."""
        view = click.required_view
        request_id, digest = parse_card_value(view.private_metadata)
        text, typed = confirmation_text(await self._request(request_id)), view.value(ids.CONFIRM)
        if " ".join(typed.lower().split()) != text:
            problem = f"This is not what has to be typed here. Type {text} to confirm."
            await ack(response_action="errors", errors={ids.CONFIRM: problem})
            return
        command = Confirm(actor=click.actor, request_id=request_id, digest=digest, typed=typed)
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def _asked(self, tenant_id: TenantId) -> AskedGuests:
        identity, partnership = await named_partner(tenant_id, store=self.store, tenant=self.tenant)
        limits = self.catalog.guest_limits("" if partnership is None else partnership.template)
        return asked_guests(identity, partnership, limits)

    async def _request(self, request_id: RequestId) -> AccessRequest:
        request = await self.store.request(request_id)
        if request is None:
            raise Refused(RefusalCode.UNKNOWN_REQUEST)
        return request

    async def _require_admin(self, actor: ChatId) -> Person:
        """Check that the reader is an admin now, and that accounts can be written at all. Returns the reader.

        :raises Refused: otherwise.
        """
        await self.members.refuse_known_guests(actor)
        person = await self.directory.identify(actor)
        current_roles = await self.directory.current_roles([person])
        if not current_roles.holds(person.id, ADMIN):
            raise Refused(RefusalCode.ONLY_ADMINS_CHANGE_GUESTS)
        if not self.changes_guests:
            raise Refused(RefusalCode.GUESTS_NOT_CONFIGURED)
        return person

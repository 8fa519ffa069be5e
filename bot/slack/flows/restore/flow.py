"""Request a restoration: the form is filled after the partner was read, and again for each choice."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.open_forms import OpenForm, OpenForms, answer_submission
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import message_view
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand, Submission
from bot.slack.flows.restore.form import Preview, RestoreFormContent, issues_view, restore_view
from bot.slack.payloads.button_values import parse_restore_issues, parse_tenant_id
from bot.slack.payloads.forms import parse_restore_form
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.members import Members
from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import refusal_words
from workflows.app.reads.known_freeze import known_freeze
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.requests.people_checks import lookups_refused
from workflows.app.requests.restoration.restore_intake import RestoreForm, RestoreIntake
from workflows.app.requests.restoration.restoring import Restoration
from workflows.app.watch.known_drift import known_drift
from workflows.catalog.catalog import Catalog
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField, NothingToChange, Refused, UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.restoration.restorable import has_approved_result
from workflows.core.people import ChatId
from workflows.core.plans.named_targets import shown_targets
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import AccessRequest, ObservedPartner
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.object_names import names_for_display

READING_SECONDS: Final = 6.0
"""Seconds that a person waits for the difference before the form is shown without it."""
_SEND_ANYWAY: Final = "You can send the request anyway; it waits until it can be read."
_WHY_APPROVED: Final = "The settings were changed outside of Gatehouse."
_AUDIT_NAME: Final = "/partner restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreFlow:
    """The restore form, for full members of the workspace."""

    windows: ModalWindows
    forms: OpenForms[RestoreForm, OpenForm[RestoreForm]]
    members: Members
    lookup_permission: LookupPermission
    intake: RestoreIntake
    store: Store
    tenant: Tenant
    catalog: Catalog

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("restore", self.open_from_command)
        yield Action(ids.RESTORE_PARTNER, self.open_from_button, audit_name="restore_partner")
        yield Action(ids.RESTORE_APPROVED, self.open_approved, audit_name=_AUDIT_NAME)
        yield Action(ids.RESTORES, self.choose_change, audit_name="restores", is_in_view=True)
        for shows in (ids.SHOW_RESTORE_ISSUES, ids.RESTORE_ISSUES_PREVIOUS, ids.RESTORE_ISSUES_NEXT):
            yield Action(shows, self.show_issues, audit_name=ids.SHOW_RESTORE_ISSUES, is_in_view=True)
        yield Submission(ids.RESTORE_ACCESS, self.submit, audit_name="submit")

    async def open_from_command(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the form about the partner that the command names."""

        async def build(window: Window) -> Json:
            return await self._form_view(window, command.argument)

        await self.windows.open_and_fill(ack, command, build, command=_AUDIT_NAME)

    async def open_from_button(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the form about the partner of a message's button."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            return await self._form_view(window, tenant_id)

        subject = CommandSubject(tenant_id=tenant_id)
        await self.windows.open_and_fill(ack, click, build, command=_AUDIT_NAME, subject=subject)

    async def open_approved(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the form filled with the approved settings of a partner that has drifted, with the difference."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            await self.lookup_permission.require(window.actor, tenant_id, key=window.key, command_name=_AUDIT_NAME)
            form = await self.intake.approved_form(window.actor, tenant_id, _WHY_APPROVED)
            content = await self._content(form)
            if content is None:
                raise Refused(RefusalCode.UNKNOWN_PARTNER)
            return restore_view(await self._with_preview(content))

        subject = CommandSubject(tenant_id=tenant_id)
        await self.windows.open_and_fill(ack, click, build, command=_AUDIT_NAME, subject=subject)

    async def choose_change(self, ack: AsyncAck, click: Interaction) -> None:
        """Show the effect of the change that was just chosen."""
        form = parse_restore_form(click)
        await ack()
        window = Window.of(click, command=_AUDIT_NAME, subject=CommandSubject(tenant_id=form.tenant_id))
        self.windows.fill(window, self.show_difference(window, form))

    async def show_issues(self, ack: AsyncAck, click: Interaction) -> None:
        """Show all findings on top of the form, or another page of them. They are read again, as a lookup."""
        tenant_id, restored, is_result, page = parse_restore_issues(click.action.value)
        subject = CommandSubject(tenant_id=tenant_id)

        async def build(window: Window) -> Json:
            await self.lookup_permission.require(window.actor, tenant_id, key=window.key, command_name=window.command)
            blank = _blank(window.actor, tenant_id)
            form = replace(blank, restored_request_id=restored, restores_result=is_result)
            try:
                found, observation = await self.intake.propose(form)
            except NothingToChange:
                return message_view("Checks", fact_words(Fact(RefusalCode.ALREADY_RESTORED, {"is_form": True})))
            return issues_view(observation.identity, form, found.findings, page)

        if click.is_in(ids.RESTORE_ISSUES):
            await ack()
            window = Window.of(click, command=ids.SHOW_RESTORE_ISSUES, subject=subject)
            self.windows.fill(window, self.windows.show(window, build))
        else:
            await self.windows.open_and_fill(ack, click, build, command=ids.SHOW_RESTORE_ISSUES, subject=subject)

    async def submit(self, ack: AsyncAck, click: Interaction) -> None:
        """Send the request."""
        await self.members.refuse_known_guests(click.actor)
        await answer_submission(ack, self.intake.file(parse_restore_form(click), key=click.key))

    async def _form_view(self, window: Window, typed_text: str) -> Json:
        """Return the view with the changes of a partner that can be undone."""
        await self.lookup_permission.require(window.actor, typed_text, key=window.key, command_name=_AUDIT_NAME)
        identity, _ = await named_partner(typed_text, store=self.store, tenant=self.tenant)
        window.subject = CommandSubject(tenant_id=identity.tenant_id)
        return restore_view(
            RestoreFormContent(
                identity=identity,
                changes=await self.intake.changes(identity.tenant_id),
                templates=tuple(self.catalog.templates.values()),
                form=_blank(window.actor, identity.tenant_id),
                approved=await self._last_approved_request(identity.tenant_id),
                freeze=await known_freeze(self.store),
            )
        )

    async def _content(self, form: RestoreForm) -> RestoreFormContent | None:
        """Return the form's content without the difference; None when nothing of this partner can be restored."""
        changes = await self.intake.changes(form.tenant_id)
        approved = await self._last_approved_request(form.tenant_id)
        known = [*changes, *([] if approved is None else [approved])]
        if not known:
            return None
        return RestoreFormContent(
            identity=known[0].require_prepared().observation.identity,
            changes=changes,
            templates=tuple(self.catalog.templates.values()),
            form=form,
            approved=approved,
            freeze=await known_freeze(self.store),
        )

    async def _last_approved_request(self, tenant_id: TenantId) -> AccessRequest | None:
        """Return the request whose settings were last approved; None when a sweep found the partner so."""
        drift = await known_drift(tenant_id, self.store)
        record = await self.store.partnership(tenant_id)
        if record is None or drift is None or not drift.can_be_restored:
            return None
        request = await self.store.request(record.request_id)
        return request if request is not None and has_approved_result(request) else None

    async def show_difference(self, window: Window, form: RestoreForm) -> None:
        """Show a full member what the chosen restoration would change. A later choice in the same form wins."""
        shown = self.forms.update_values(window.id, form)
        async with self.windows.showing_refusals(window):
            await self.members.refuse_known_guests(form.requester)
            content = await self._content(form)
            if content is None:
                return  # the form is only shown when there are some
            with_difference = await self._with_preview(content)

            def view() -> Json | None:
                return restore_view(with_difference) if shown.form is form else None

            await self.forms.show(window.id, shown, view, person=window.actor)

    async def _with_preview(self, content: RestoreFormContent) -> RestoreFormContent:
        try:
            async with asyncio.timeout(READING_SECONDS):
                found, observation = await self._propose(content.form)
                names = await names_for_display(shown_targets(found.plan), tenant=self.tenant)
        except NothingToChange:
            return replace(content, problem=fact_words(Fact(RefusalCode.ALREADY_RESTORED, {"is_form": True})))
        except (InvalidField, UnreadableSetting) as error:
            return replace(content, problem=refusal_words(error))
        except TimeoutError:
            return replace(
                content, problem=f"The difference cannot be shown now: Microsoft does not answer. {_SEND_ANYWAY}"
            )
        except TenantRefused as error:
            return replace(content, problem=fact_words(lookups_refused(error)))
        except TenantUnavailable as error:
            return replace(
                content, problem=f"The difference cannot be shown now: {refusal_words(error)} {_SEND_ANYWAY}"
            )
        preview = Preview(
            plan=found.plan,
            default=observation.default,
            template=found.template,
            stages=found.stages,
            findings=found.findings,
            names=names,
        )
        return replace(content, identity=observation.identity, preview=preview)

    async def _propose(self, form: RestoreForm) -> tuple[Restoration, ObservedPartner]:
        try:
            return await self.intake.propose(form)
        except InvalidField as error:
            if error.field != ids.DURATION:
                raise
            # Too long for the approval chain that decides. The difference is still shown, with the durations of that
            # chain's template.
            return await self.intake.propose(replace(form, days=0))


def _blank(actor: ChatId, tenant_id: TenantId) -> RestoreForm:
    return RestoreForm(
        requester=actor, tenant_id=tenant_id, restored_request_id="", justification="", sponsor=actor, days=0
    )

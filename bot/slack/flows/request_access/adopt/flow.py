"""Request to adopt what stands: the form is filled after the partner was read; then it is sent."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand, Submission
from bot.slack.flows.request_access.adopt.draft_flow import DraftFlow
from bot.slack.flows.request_access.adopt.form import AdoptFormContent, adopt_view, problem_view
from bot.slack.payloads.button_values import parse_tenant_id, typed_batch_id
from bot.slack.payloads.forms import parse_adopt_form
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.approvers import name_stages
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from bot.words.refusals.sentences import fact_words
from bot.words.requests.notes import refusal_words
from workflows.app.adoption.adopt_intake import AdoptForm, AdoptIntake
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.people_checks import lookups_refused
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.extension import may_be_renewed
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.plans.named_targets import current_targets
from workflows.core.posture.adoption.adoptable import FIELD
from workflows.core.posture.adoption.adoption_plan import settings_digest
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.object_names import names_for_display

READING_SECONDS: Final = 6.0
"""Seconds that a person waits for what stands, before the window says that it cannot be read."""
_AUDIT_NAME: Final = "/partner adopt"
_SHOWN_AT: Final = ids.JUSTIFICATION
"""The field that shows problems with the partner: Slack shows a problem only at a field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptFlow:
    """The form that adopts current settings, for full members of the workspace."""

    windows: ModalWindows
    members: Members
    lookup_permission: LookupPermission
    intake: AdoptIntake
    people: DisplayDirectory
    store: Store
    tenant: Tenant
    drafts: DraftFlow

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("adopt", self.open_from_command)
        yield Action(ids.ADOPT_PARTNER, self.open_from_button, audit_name=_AUDIT_NAME)
        yield Submission(ids.ADOPT_SETTINGS, self.submit, audit_name="submit")
        yield from self.drafts.entry_points()

    async def open_from_command(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the form about the partner that the command names, or the window of the draft that it names."""
        batch_id = typed_batch_id(command.argument)

        async def build(window: Window) -> Json:
            if batch_id is not None:
                return await self.drafts.build(window, batch_id)
            return await self._form_view(window, command.argument)

        await self.windows.open_and_fill(ack, command, build, command=_AUDIT_NAME)

    async def open_from_button(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the form about the partner of a button."""
        tenant_id = parse_tenant_id(click.action.value)

        async def build(window: Window) -> Json:
            return await self._form_view(window, tenant_id)

        subject = CommandSubject(tenant_id=tenant_id)
        await self.windows.open_and_fill(ack, click, build, command=_AUDIT_NAME, subject=subject)

    async def submit(self, ack: AsyncAck, click: Interaction) -> None:
        """Send the request. A problem with the partner is shown at the first field."""
        await self.members.refuse_known_guests(click.actor)
        try:
            await self.intake.file(parse_adopt_form(click), key=click.key)
        except InvalidForm as error:
            problems = {name if name != FIELD else _SHOWN_AT: problem for name, problem in error.problems.items()}
            if FIELD in error.problems:
                problems[_SHOWN_AT] = error.problems[FIELD]
            errors = {name: fact_words(problem) for name, problem in problems.items()}
            await ack(response_action="errors", errors=errors)
        else:
            await ack(response_action="clear")

    async def extension_view(self, window: Window, record: Partnership, justification: str) -> Json:
        """Return the form that extends settings of no template: filled with the sponsor and a time that is longer."""
        return await self._form_view(window, record.identity.tenant_id, record, justification)

    async def _form_view(
        self, window: Window, typed_text: str, extended: Partnership | None = None, justification: str = ""
    ) -> Json:
        """Return the form with what stands, or the window that says why it cannot be adopted.

        :param extended: the record that the form extends; None when it is not opened for that.
        """
        await self.lookup_permission.require(window.actor, typed_text, key=window.key, command_name=_AUDIT_NAME)
        identity, _ = await named_partner(typed_text, store=self.store, tenant=self.tenant)
        window.subject = CommandSubject(tenant_id=identity.tenant_id)
        try:
            async with asyncio.timeout(READING_SECONDS):
                content = await self._content(window.actor, identity.tenant_id)
                return adopt_view(content if extended is None else self._filled(content, extended, justification))
        except InvalidField as error:
            return problem_view(refusal_words(error))
        except TenantRefused as error:
            return problem_view(fact_words(lookups_refused(error)))
        except (TenantUnavailable, PeopleDirectoryUnavailable) as error:
            return problem_view(fact_words(Fact(RefusalCode.NOT_READ_NOW, {"answer": refusal_words(error)})))
        except TimeoutError:
            return problem_view(fact_words(Fact(RefusalCode.NOT_READ_NOW, {"answer": ""})))

    def _filled(self, content: AdoptFormContent, record: Partnership, justification: str) -> AdoptFormContent:
        """Return the form with the record's sponsor, and the shortest time that extends the access."""
        now, durations = self.intake.clock.now(), content.proposal.decides.durations
        days = next((one.days for one in durations if may_be_renewed(record, one, now)), 0)
        sponsor = record.sponsor.chat_id if record.sponsor_gone_at is None else content.form.sponsor
        form = replace(content.form, justification=justification, sponsor=sponsor, days=days)
        return replace(content, form=form)

    async def _content(self, actor: ChatId, tenant_id: TenantId) -> AdoptFormContent:
        form = AdoptForm(
            requester=actor,
            tenant_id=tenant_id,
            shown_settings=settings_digest(None),
            justification="",
            sponsor=actor,
            days=0,
        )
        found, observation = await self.intake.propose(form)
        excluded = {one.chat_id for one in (*found.authors, *found.partner_sponsors) if one.chat_id}
        return AdoptFormContent(
            identity=observation.identity,
            default=observation.default,
            proposal=found,
            form=replace(form, shown_settings=settings_digest(observation.configuration)),
            names=await names_for_display(current_targets(observation.configuration), tenant=self.tenant),
            who_decides=await name_stages(
                found.stages, {actor, *excluded}, self.people, requester=actor, sponsor=actor
            ),
        )

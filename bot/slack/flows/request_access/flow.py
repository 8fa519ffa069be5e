"""Request access for a partner: the form opens at once and looks up what is typed; then it is sent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.open_forms import OpenForms, answer_submission
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.entry_point_types import Action, EntryPoint, Options, Shortcut, Subcommand, Submission
from bot.slack.flows.request_access.form import RequestForm, request_view
from bot.slack.flows.request_access.open_form import OpenRequestForm
from bot.slack.flows.request_access.own_directory import OwnDirectorySearch
from bot.slack.flows.request_access.partner_result import LookupResult
from bot.slack.payloads.forms import parse_form
from bot.slack.payloads.models import Interaction, SlashCommand
from bot.slack.people.approvers import name_stages
from bot.slack.people.display_directory import DisplayDirectory
from bot.slack.people.members import Members
from bot.words.refusals.sentences import fact_words
from bot.words.requests.form import EDIT_UNCHECKED
from bot.words.requests.notes import refusal_words
from workflows.app.reads.known_freeze import known_freeze
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.reads.offers import Offers
from workflows.app.requests.forms import Form, Refill
from workflows.app.requests.intake import Intake
from workflows.app.requests.open_request import account_of_other_chat_id
from workflows.app.requests.people_checks import lookups_refused
from workflows.app.service import Service
from workflows.app.storing.recorder import LOOK_UP, SEARCH
from workflows.catalog.catalog import Catalog
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.policy.offers import Offer, offered_to
from workflows.core.policy.template import Template
from workflows.core.requests.commands.request import CommandSubject
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAccessFlow:
    """The request form, for full members of the workspace."""

    windows: ModalWindows
    forms: OpenForms[Form, OpenRequestForm]
    members: Members
    lookup_permission: LookupPermission
    intake: Intake
    service: Service
    catalog: Catalog
    offers: Offers
    search: OwnDirectorySearch
    display_directory: DisplayDirectory

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("request", self.open_from_command)
        yield Subcommand("block", self.open_block_form)
        yield Shortcut(ids.REQUEST_SHORTCUT, self.open, audit_name="shortcut")
        yield Action(ids.OPEN_REQUEST, self.open, audit_name="open_request")
        yield Action(ids.REQUEST_NAMED, self.open_named, audit_name="open_request")
        yield Action(ids.TARGET, self.look_up, audit_name="target", is_in_view=True)
        yield Action(ids.TEMPLATE, self.choose_template, audit_name="template", is_in_view=True)
        yield Options(re.compile(f"^{ids.PLACEHOLDER_PREFIX}"), self.search.suggest, audit_name=SEARCH)
        yield Submission(ids.REQUEST_ACCESS, self.submit, audit_name="submit")

    async def open_from_command(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the form, and look up the partner that the command names."""
        await self._open_from_command(ack, command, command.argument, is_closing=False)

    async def open_block_form(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the form with the templates that only close a partner."""
        await self._open_from_command(ack, command, command.argument, is_closing=True)

    async def open(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the empty form."""
        await self._open(click)
        await ack()

    async def open_named(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the form, look up the partner that the button names, and choose the access, if it names one."""
        domain, _, access = click.action.value.partition(" ")
        await self._open_from_command(ack, click, domain, is_closing=False, access=access)

    async def look_up(self, ack: AsyncAck, click: Interaction) -> None:
        """Look up the target that was just typed."""
        await ack()
        window = Window.of(click, command=LOOK_UP)
        self.windows.fill(window, self.show_partner(window, parse_form(click), typed_text=click.action.value))

    async def choose_template(self, ack: AsyncAck, click: Interaction) -> None:
        """Show the fields of the template that was just chosen."""
        await ack()
        window = Window.of(click, command=LOOK_UP)
        self.windows.fill(window, self.show_template(window, parse_form(click)))

    def look_up_again(self, click: Interaction) -> None:
        """Look up the target of an open form again, after an action in the form ended the request about it."""
        form, window = parse_form(click), Window.of(click, command=LOOK_UP)
        self.windows.background.start(self.show_partner(window, form, typed_text=form.target))

    async def submit(self, ack: AsyncAck, click: Interaction) -> None:
        """Send the request.

        When another request is open for this partner, the form shows that request with its buttons.
        """
        await self.members.refuse_known_guests(click.actor)
        problems = await answer_submission(ack, self.intake.file(parse_form(click), key=click.key))
        if ids.TARGET in problems and problems[ids.TARGET].code == RefusalCode.OPEN_REQUEST:
            self.look_up_again(click)

    async def filled_view(self, window: Window, refill: Refill, *, approval_count: int = 0) -> Json:
        """Return the form, filled in from an earlier request, with the partner as it is now.

        :param approval_count: how many people have approved the request that it edits.
        """
        form = refill.form
        open_form = self.forms.update_values(window.id, form)
        open_form.refill, open_form.approval_count = refill, approval_count
        await self._look_up(window, open_form, form.target)
        await self._read_offers_and_approvers(open_form)
        return open_form.view()

    async def _open_from_command(
        self,
        ack: AsyncAck,
        event: Interaction | SlashCommand,
        typed_text: str,
        *,
        is_closing: bool,
        access: str = "",
    ) -> None:
        actor = event.actor
        view_id, template = await self._open(event, typed_text=typed_text, is_closing=is_closing, access=access)
        await ack()
        if typed_text:
            blank = Form(requester=actor, target=typed_text, template=template, justification="", sponsor=actor, days=0)
            window = Window(id=view_id, actor=actor, key=event.key, command=LOOK_UP)
            self.windows.fill(window, self.show_partner(window, blank, typed_text=typed_text))

    async def _open(
        self, event: Interaction | SlashCommand, *, typed_text: str = "", is_closing: bool = False, access: str = ""
    ) -> tuple[str, str]:
        """Open the form for a full member, without waiting for a lookup.

        :param access: what the form calls the access that is chosen already, if this person is offered it.
        :returns: the view's id, and the template that is chosen already: the named one, or the first one that closes.
        :raises Refused: when the person is not a full member.
        """
        actor = event.actor
        await self.members.refuse_known_guests(actor)
        offers, not_offered = await self._offers_for(actor, "", is_closing=is_closing)
        named = [one.template for one in offers if is_closing or access in (one.template.need, one.template.title)]
        template = named[0].name if named and (is_closing or access) else ""
        form = RequestForm(
            offers=offers,
            not_offered=not_offered,
            requester=actor,
            target=typed_text,
            template=template,
            freeze=await known_freeze(self.offers.store),
        )
        return await self.windows.open(event, request_view(form)), template

    async def show_partner(self, window: Window, form: Form, *, typed_text: str) -> None:
        """Resolve the target field and show the tenant, or the problem, below it."""
        open_form = self.forms.update_values(window.id, replace(form, target=typed_text))
        async with self.windows.showing_refusals(window):
            await self._look_up(window, open_form, typed_text)
            await self._read_offers_and_approvers(open_form)
            await self.forms.show(window.id, open_form, open_form.view, person=window.actor)

    async def show_template(self, window: Window, form: Form) -> None:
        """Show the chosen template with its fields and who decides, then the tenant if it was not looked up yet."""
        open_form = self.forms.update_values(window.id, form)
        async with self.windows.showing_refusals(window):
            await self.members.refuse_known_guests(form.requester)
            if not open_form.is_about(form.target):
                open_form.forget()
            await self._read_offers_and_approvers(open_form)
            await self.forms.show(window.id, open_form, open_form.view, person=window.actor)
            if form.target.strip() and not open_form.is_about(form.target):
                await self.show_partner(window, open_form.form, typed_text=form.target)

    async def _read_offers_and_approvers(self, open_form: OpenRequestForm) -> None:
        """Read what is offered, and who would decide on the chosen template."""
        form, template = open_form.form, self.catalog.templates.get(open_form.form.template)
        chosen = form.template if form.edited_request is not None or form.answers_review_of is not None else ""
        open_form.offers, open_form.not_offered = await self._offers_for(form.requester, form.template, chosen)
        open_form.freeze = await known_freeze(self.offers.store)
        if template is None:
            open_form.approvers_by_stage = ()
            return
        stages = await self.offers.stages(template, open_form.observation, form.days)
        sponsors = await self.offers.recent_sponsors(open_form.observation)
        requester, sponsor = form.people[0], form.sponsor
        people = {form.requester, requester, sponsor, *sponsors}
        stage_approvers = await name_stages(
            stages, people, self.display_directory, requester=requester, sponsor=sponsor
        )
        if open_form.form.template == template.name:  # another one may have been chosen since
            open_form.approvers_by_stage = stage_approvers

    async def _offers_for(
        self, actor: ChatId, template: str, chosen: str = "", *, is_closing: bool = False
    ) -> tuple[tuple[Offer, ...], tuple[Template, ...]]:
        """Return what a person is offered, and which templates only other people may request.

        :param template: the template that is chosen already, see `Offers.open`.
        :param chosen: see `offered_to`.
        """
        roles = await self.offers.roles_to_request(actor, self.display_directory.holders)
        return offered_to(await self.offers.open(template, is_closing=is_closing), roles, chosen)

    async def _look_up(self, window: Window, open_form: OpenRequestForm, typed_text: str) -> None:
        """Look up a partner for the form.

        :raises Refused: for a person who is no full member. The form shows that a limit is reached, and keeps its
            fields.
        """
        found, observed, problem = None, None, ""
        key, actor = window.key, open_form.form.requester
        try:
            await self.lookup_permission.require(actor, typed_text, key=key, command_name="form")
            observed = await self.intake.look_up(typed_text)
            open_request = await self.intake.open_request(observed.identity.tenant_id)
            edits = open_form.form.edited_request
            if edits is not None and open_request is not None and open_request.id == edits.request_id:
                open_request = None
            account = (
                None
                if open_request is None
                else await account_of_other_chat_id(open_request, actor, self.intake.directory)
            )
            found = LookupResult.of(observed, typed_text=typed_text, open_request=open_request, viewer_account=account)
        except Refused as refused:
            if refused.code is not RefusalCode.LIMIT_REACHED:
                raise
            problem = refusal_words(refused)
            await self.service.record_refusal(
                refused, key=key, actor=actor, command=LOOK_UP, subject=CommandSubject(), is_told=True
            )
        except InvalidField as error:
            problem = refusal_words(error)
        except TenantRefused as error:
            problem = fact_words(lookups_refused(error))
        except (TenantUnavailable, PeopleDirectoryUnavailable) as error:
            why = refusal_words(error)
            anyway = "You can send the request anyway; it waits until it can."
            consequence = anyway if open_form.form.edited_request is None else EDIT_UNCHECKED
            problem = f"This cannot be looked up now: {why} {consequence}"
        open_form.lookup_result, open_form.observation = found, observed
        open_form.problem, open_form.looked_up = problem, typed_text

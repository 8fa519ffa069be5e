"""Request access for a partner: the form opens at once, looks up what is typed, and is filed when it is sent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.open_forms import OpenForms, answer_filing
from bot.slack.answers.windows import NOT_NOW, Window, Windows
from bot.slack.blocks.blocks import Json
from bot.slack.flows.entry_points import Action, EntryPoint, Shortcut, Subcommand, Submission
from bot.slack.flows.request_access.form import Found, RequestForm, request_view
from bot.slack.flows.request_access.open_form import OpenRequestForm
from bot.slack.payloads.forms import parse_form
from bot.slack.payloads.models import Interaction, Invocation
from bot.slack.people.members import Members
from bot.words.refusals.words import fact_words, refusal_words
from workflows.app.reads.look_up_permission import LookupPermission
from workflows.app.requests.intake import Form, Intake, lookups_refused
from workflows.app.requests.named_ids import NamesToShow, look_up_names
from workflows.app.requests.open_request import account_beside
from workflows.app.service import LOOK_UP, Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.requests.commands.request import CommandSubject
from workflows.ports.directory import DirectoryUnavailable
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_NAMES_SECONDS: Final = 5.0
"""Seconds that a person waits for the lookup of a name before they are told to try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAccessFlow:
    """The request form, for full members of the workspace."""

    windows: Windows
    forms: OpenForms[Form, OpenRequestForm]
    members: Members
    lookup_permission: LookupPermission
    intake: Intake
    service: Service
    tenant: Tenant
    catalog: Catalog

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("request", self.open_named)
        yield Shortcut(ids.REQUEST_SHORTCUT, self.open, stored="shortcut")
        yield Action(ids.OPEN_REQUEST, self.open, stored="open_request")
        yield Action(ids.TARGET, self.look_up, stored="target")
        yield Action(ids.TEMPLATE, self.choose_template, stored="template")
        yield Action(re.compile(f"^{ids.PLACEHOLDER}"), self.look_up_names)
        yield Submission(ids.REQUEST_ACCESS, self.file, stored="submit")

    async def open_named(self, ack: AsyncAck, command: Invocation) -> None:
        """Open the form, and look up the partner that the command names."""
        actor, typed = command.actor, command.argument
        view_id = await self._open(command.trigger_id, actor, typed=typed)
        await ack()
        if typed:
            placeholder = Form(requester=actor, target=typed, template="", justification="", sponsor=actor, days=0)
            window = Window(id=view_id, actor=actor, key=command.key, command=LOOK_UP)
            self.windows.start(window, self.show_partner(window, placeholder, typed=typed))

    async def open(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the empty form."""
        await self._open(click.trigger_id, click.actor, typed="")
        await ack()

    async def look_up(self, ack: AsyncAck, click: Interaction) -> None:
        """Look up the target that was just typed."""
        await ack()
        window = Window.of(click, command=LOOK_UP)
        self.windows.start(window, self.show_partner(window, parse_form(click), typed=click.action.value))

    async def choose_template(self, ack: AsyncAck, click: Interaction) -> None:
        """Show the fields of the template that was just chosen."""
        await ack()
        window = Window.of(click, command=LOOK_UP)
        self.windows.start(window, self.show_template(window, parse_form(click)))

    async def look_up_names(self, ack: AsyncAck, click: Interaction) -> None:
        """Look up the names in fields that need one of our IDs."""
        await ack()
        window = Window.of(click, command="look_up_name")
        self.windows.background.start(self._show_names(window, parse_form(click)))

    def show_again(self, click: Interaction) -> None:
        """Look up the target of an open form again, after an action in the form ended the request about it."""
        form, window = parse_form(click), Window.of(click, command=LOOK_UP)
        self.windows.background.start(self.show_partner(window, form, typed=form.target))

    async def file(self, ack: AsyncAck, click: Interaction) -> None:
        """File the request. The objects found for names must have been shown before."""
        await self.members.require(click.actor)
        try:
            await answer_filing(ack, self.intake.file(parse_form(click), key=click.key))
        except NamesToShow as names:
            shown = self.forms.at(click.the_view.id, parse_form(click))
            shown.take_names(names.found, {})
            await ack(response_action="update", view=shown.view(self.catalog.templates, must_look=True))

    async def _open(self, trigger_id: str, actor: ChatId, *, typed: str) -> str:
        """Open the form for a full member, without waiting for a lookup. Returns the view's id.

        :raises Refused: for everybody else.
        """
        await self.members.require(actor)
        form = RequestForm(templates=tuple(self.catalog.templates.values()), requester=actor, target=typed)
        return await self.windows.open(trigger_id, request_view(form))

    async def show_partner(self, window: Window, form: Form, *, typed: str) -> None:
        """Resolve the target field and show the tenant, or the problem, below it."""
        shown = self.forms.at(window.id, replace(form, target=typed))
        async with self.windows.refusing(window):
            await self._look_up(window, shown, typed)
            await self._show(window, shown)

    async def show_template(self, window: Window, form: Form) -> None:
        """Show the fields and durations of the chosen template, then the tenant if it was not looked up yet."""
        shown = self.forms.at(window.id, form)
        async with self.windows.refusing(window):
            await self.members.require(form.requester)
            if not shown.is_about(form.target):
                shown.found, shown.problem, shown.looked_up = None, "", ""
            await self._show(window, shown)
            if form.target.strip() and not shown.is_about(form.target):
                await self._look_up(window, shown, form.target)
                await self._show(window, shown)

    async def _show_names(self, window: Window, form: Form) -> None:
        """Look up the names in the form, for a full member, and show the objects found."""
        template = self.catalog.templates.get(form.template)
        if template is None:
            return
        async with self.windows.refusing(window):
            try:
                await self.lookup_permission.require(form.requester, form.target, key=window.key, by="names")
            except NOT_NOW:
                return  # nothing is shown, so sending looks them up
            shown = self.forms.at(window.id, form)
            # All of them again: the directory may have changed since they were shown.
            names = await look_up_names(template, form.placeholders, tenant=self.tenant, timeout_seconds=_NAMES_SECONDS)
            shown.named.clear()
            shown.take_names(names.found, names.problems)
            await self._show(window, shown)

    async def _look_up(self, window: Window, shown: OpenRequestForm, typed: str) -> None:
        """Look up a partner for the form.

        :raises Refused: for a person who is no full member. A reached limit is shown in the form, which keeps its
            fields.
        """
        found, problem = None, ""
        key, actor = window.key, shown.form.requester
        try:
            await self.lookup_permission.require(actor, typed, key=key, by="form")
            seen = await self.intake.look_up(typed)
            waiting = await self.intake.open_request(seen.identity.tenant_id)
            account = None if waiting is None else await account_beside(waiting, actor, self.intake.directory)
            found = Found.of(seen, typed=typed, waiting=waiting, account=account)
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
        except (TenantUnavailable, DirectoryUnavailable) as error:
            why = refusal_words(error)
            problem = f"This cannot be looked up now: {why} You can send the request anyway; it waits until it can."
        shown.found, shown.problem, shown.looked_up = found, problem, typed

    async def _show(self, window: Window, shown: OpenRequestForm) -> None:
        def view() -> Json:
            return shown.view(self.catalog.templates)

        await self.forms.show(window.id, shown, view)

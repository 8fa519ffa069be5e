"""The window of `/partner restore`: opened at once, filled in when the partner was read, and again for each choice."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Final

from bot.slack import ids
from bot.slack.blocks.modal import message_view
from bot.slack.flows.restore_form import Preview, RestoreShown, restore_view
from bot.slack.flows.windows import Windows
from bot.slack.people.directory import SlackDirectory
from bot.slack.words.not_now import not_now
from workflows.app.requests.intake import refused_words
from workflows.app.requests.restore_intake import RestoreForm, RestoreIntake
from workflows.app.requests.restoring import Restoration
from workflows.app.service import Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors import InvalidField, NothingToChange, Refused, UnreadableSetting
from workflows.core.people import ChatId
from workflows.core.plans.named_targets import shown_targets
from workflows.core.requests.commands import Subject
from workflows.core.requests.request import Observation
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.directory import DirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.naming import names_shown

READING_SECONDS: Final = 6.0
"""How long a person waits for the difference, before the form is offered without."""
_MOST_OPEN: Final = 1000
_LATER: Final = "You can send the request anyway; it waits until it can be read."


@dataclass(slots=True, kw_only=True)
class _Open:
    """One open form. `lock` is held while it is being updated, so that updates arrive in order."""

    form: RestoreForm
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreWindows:
    """Fills in the restore form, for full members of the workspace."""

    windows: Windows
    intake: RestoreIntake
    service: Service
    store: Store
    tenant: Tenant
    directory: SlackDirectory
    catalog: Catalog
    _open: OrderedDict[str, _Open] = field(default_factory=OrderedDict)
    """The most recent open forms, by view id. Only a convenience: one that is forgotten is filled in all the same."""

    async def show(self, view_id: str, actor: ChatId, typed: str, *, key: str) -> None:
        """Show, in a window just opened, which changes of a partner can be put back; else say why not."""
        subject = Subject()
        try:
            await self.windows.looking.require(actor, typed, key=key, by="/partner restore")
            identity, _ = await named_partner(typed, store=self.store, tenant=self.tenant)
            subject = Subject(tenant_id=identity.tenant_id)
            view = restore_view(
                RestoreShown(
                    identity=identity,
                    changes=await self.intake.changes(identity.tenant_id),
                    templates=tuple(self.catalog.templates.values()),
                    form=_blank(actor, identity.tenant_id),
                )
            )
        except Refused as refused:
            command = "/partner restore"
            await self.windows.refuse(view_id, refused, key=key, actor=actor, command=command, subject=subject)
            return
        except InvalidField as error:
            view = message_view("Not possible", error.reason)
        except (TenantUnavailable, TenantRefused, DirectoryUnavailable) as error:
            view = message_view("Not possible now", not_now(error))
        await self.windows.update(view_id, view)

    async def show_difference(self, view_id: str, form: RestoreForm, *, key: str) -> None:
        """Show a full member what the change just chosen would put back; a later choice in the same form wins."""
        shown = self._remember(view_id, form)
        try:
            await self.windows.require_member(form.requester)
        except Refused as refused:
            subject = Subject(tenant_id=form.tenant_id)
            await self.windows.refuse(
                view_id, refused, key=key, actor=form.requester, command="/partner restore", subject=subject
            )
            return
        changes = await self.intake.changes(form.tenant_id)
        if not changes:
            return  # the form is only shown where there are some
        view = RestoreShown(
            identity=changes[0].known.observation.identity,
            changes=changes,
            templates=tuple(self.catalog.templates.values()),
            form=form,
        )
        view = await self._with_preview(view)
        async with shown.lock:
            if shown.form is form:
                await self.windows.update(view_id, restore_view(view))

    async def _proposed(self, form: RestoreForm) -> tuple[Restoration, Observation]:
        try:
            return await self.intake.propose(form)
        except InvalidField as error:
            if error.field != ids.DURATION:
                raise
            # Too long for the chain that decides: the difference is shown all the same, with what that chain offers.
            return await self.intake.propose(replace(form, days=0))

    def _remember(self, view_id: str, form: RestoreForm) -> _Open:
        shown = self._open.pop(view_id, None) or _Open(form=form)
        shown.form = form
        self._open[view_id] = shown
        while len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        return shown

    async def _with_preview(self, shown: RestoreShown) -> RestoreShown:
        try:
            async with asyncio.timeout(READING_SECONDS):
                found, observation = await self._proposed(shown.form)
                names = await names_shown(shown_targets(found.plan), tenant=self.tenant)
        except NothingToChange as error:
            return replace(shown, problem=f"{error} There is nothing to put back.")
        except (InvalidField, UnreadableSetting) as error:
            return replace(shown, problem=str(error))
        except TimeoutError:
            return replace(shown, problem=f"The difference cannot be shown now: Microsoft does not answer. {_LATER}")
        except TenantRefused as error:
            return replace(shown, problem=refused_words(error))
        except TenantUnavailable as error:
            return replace(shown, problem=f"The difference cannot be shown now: {error} {_LATER}")
        preview = Preview(
            plan=found.plan,
            default=observation.default,
            template=found.template,
            stages=found.stages,
            findings=found.findings,
            names=names,
        )
        return replace(shown, identity=observation.identity, preview=preview)


def _blank(actor: ChatId, tenant_id: TenantId) -> RestoreForm:
    return RestoreForm(requester=actor, tenant_id=tenant_id, restores="", justification="", sponsor=actor, days=0)

"""Opens views at once and fills them in afterwards, when the directory has answered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import ids
from bot.slack.blocks.modal import message_view
from bot.slack.errors import NO_ANSWER, error_code, is_passing
from bot.slack.flows.open_forms import OpenForm, OpenForms
from bot.slack.flows.request_form import Found, RequestForm, request_view
from bot.slack.flows.views import loading_view, revocation_view, revoke_unread_view
from bot.slack.people.directory import SlackDirectory
from bot.slack.words.not_now import NOT_FILLED, not_now
from workflows.app.limits import LIMIT_REACHED
from workflows.app.reads.looking import Looking
from workflows.app.requests.intake import Form, Intake, refused_words
from workflows.app.requests.named_ids import look_up_names
from workflows.app.requests.open_request import account_beside
from workflows.app.service import LOOK_UP, Service
from workflows.catalog.catalog import Catalog
from workflows.core.errors import InvalidField, Refused, UnreadableSetting
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.revoking import require_may_revoke, would_open
from workflows.core.people import ChatId
from workflows.core.plans.named_targets import shown_targets
from workflows.core.plans.plan import Plan, TenantIdentity, plan_revocation
from workflows.core.requests.commands import Subject
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.identifying import identify_partner
from workflows.partner_lookup.lookup import read_both
from workflows.partner_lookup.named_partner import named_partner
from workflows.partner_lookup.target import is_tenant_id, normalize_target
from workflows.ports.directory import DirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import FoundObject
from workflows.preflight.naming import names_shown
from workflows.preflight.sign_ins import losing_words, read_use

_HASH_CONFLICT: Final = "hash_conflict"
_CLOSED: Final = "not_found"
_UPDATE_RESTS: Final = (0.1, 0.4, 1.0)
"""How long to wait before a view is updated once more, in seconds."""
_TRIGGER_SECONDS: Final = 2.5
"""How long Slack may take to open a view: a trigger lives three seconds, and so does the acknowledgement after it."""
_CONFIRMATION_SECONDS: Final = 1.5
"""How long a confirmation waits for Graph before it is acknowledged."""
_NAMES_SECONDS: Final = 5.0
"""How long a person waits for a name to be looked up, before they are told to try again."""
_MEMBER_SECONDS: Final = 0.8
"""How long opening a window waits for Slack's word on who asks: the trigger of the window lives three seconds."""
_READING_SECONDS: Final = 6.0
"""How long a person waits for what a revocation would change, before it is offered without."""
_COUNTING_SECONDS: Final = 2.5
"""How long the sign-ins are waited for, which nothing depends on."""
_COUNTING_GRACE: Final = 0.2
"""How long the window is held back for them."""
_COUNTING: Final = "Who used this partner lately is still being counted."

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The request form and the revocation window."""

    client: AsyncWebClient
    service: Service
    intake: Intake
    store: Store
    tenant: Tenant
    directory: SlackDirectory
    catalog: Catalog
    looking: Looking
    open_forms: OpenForms = field(default_factory=OpenForms)

    async def require_known_member(self, actor: ChatId) -> None:
        """Let full members pass, and nobody while Slack does not tell: for a window that shows what is on record.

        :raises Refused: for everybody else, and when it cannot be told in time.
        """
        try:
            async with asyncio.timeout(_TRIGGER_SECONDS / 2):
                await self.directory.require_member(actor)
        except (DirectoryUnavailable, TimeoutError):
            reason = "Slack does not say who you are at the moment, so nothing is shown. Click again in a minute."
            raise Refused("not_known_now", reason) from None

    async def require_member(self, actor: ChatId) -> None:
        """Let full members pass, and everybody while Slack does not tell in time: what is behind it asks again.

        :raises Refused: for everybody else.
        """
        with suppress(DirectoryUnavailable, TimeoutError):
            async with asyncio.timeout(_MEMBER_SECONDS):
                await self.directory.require_member(actor)

    async def open_request(self, trigger_id: str, actor: ChatId, *, typed: str) -> str:
        """Open the request form for a full member; no look-up stands before it. Returns the view's id.

        :raises Refused: for everybody else.
        """
        await self.require_member(actor)
        form = RequestForm(templates=tuple(self.catalog.templates.values()), requester=actor, target=typed)
        return await self.open(trigger_id, request_view(form))

    async def open_loading(self, trigger_id: str) -> str:
        """Open a window that says it is reading. Returns the view's id."""
        return await self.open(trigger_id, loading_view())

    async def show_typed(self, view_id: str, actor: ChatId, typed: str, *, key: str) -> None:
        """Show, in a form just opened, the partner that was named in the command."""
        blank = Form(requester=actor, target=typed, template="", justification="", sponsor=actor, days=0)
        await self.show_partner(view_id, blank, typed=typed, key=key)

    async def show_partner(self, view_id: str, form: Form, *, typed: str, key: str) -> None:
        """Resolve what stands in the target field and show the tenant, or the problem, below it."""
        shown = self.open_forms.at(view_id, replace(form, target=typed))
        async with self._for_members(view_id, form.requester, key):
            await self._look_up(shown, typed, key=key)
            await self._show_form(view_id, shown)

    async def show_template(self, view_id: str, form: Form, *, key: str) -> None:
        """Show the fields and durations of the template just chosen, then the tenant where it was not looked up yet."""
        shown = self.open_forms.at(view_id, form)
        async with self._for_members(view_id, form.requester, key):
            await self.require_member(form.requester)
            if not shown.is_about(form.target):
                shown.found, shown.problem, shown.looked_up = None, "", ""
            await self._show_form(view_id, shown)
            if form.target.strip() and not shown.is_about(form.target):
                await self._look_up(shown, form.target, key=key)
                await self._show_form(view_id, shown)

    async def show_names(self, view_id: str, form: Form, *, key: str) -> None:
        """Look up the names that stand where IDs of ours are wanted, for a full member, and show what they are."""
        template = self.catalog.templates.get(form.template)
        if template is None:
            return
        try:
            await self.looking.require(form.requester, form.target, key=key, by="names")
        except Refused as refused:
            command, subject = "look_up_name", Subject()
            await self.refuse(view_id, refused, key=key, actor=form.requester, command=command, subject=subject)
            return
        except (TenantUnavailable, TenantRefused, DirectoryUnavailable):
            return  # nothing is shown, so sending looks them up
        shown = self.open_forms.at(view_id, form)
        # All of them anew: the directory may have changed since they were shown.
        names = await look_up_names(template, form.holes, tenant=self.tenant, patience=_NAMES_SECONDS)
        shown.named.clear()
        shown.take_names(names.found, names.problems)
        await self._show_form(view_id, shown)

    def with_names(self, view_id: str, form: Form, found: Mapping[str, FoundObject]) -> dict[str, object]:
        """Build the form with what its names were found to be, which has to be seen before it is sent."""
        shown = self.open_forms.at(view_id, form)
        shown.take_names(found, {})
        return self._form_view(shown, must_look=True)

    @asynccontextmanager
    async def _for_members(self, view_id: str, actor: ChatId, key: str) -> AsyncIterator[None]:
        """Record in the audit log, and say in the form's place, that somebody may not look partners up."""
        try:
            yield
        except Refused as refused:
            await self.refuse(view_id, refused, key=key, actor=actor, command=LOOK_UP, subject=Subject())

    async def _look_up(self, shown: OpenForm, typed: str, *, key: str) -> None:
        """Look a partner up for the form.

        :raises Refused: for who is no full member. A limit that is reached is said in the form, which keeps its fields.
        """
        found, problem = None, ""
        actor = shown.form.requester
        try:
            await self.looking.require(actor, typed, key=key, by="form")
            seen = await self.intake.look_up(typed)
            waiting = await self.intake.open_request(seen.identity.tenant_id)
            account = None if waiting is None else await account_beside(waiting, actor, self.intake.directory)
            found = Found.of(seen, typed=typed, waiting=waiting, account=account)
        except Refused as refused:
            if refused.code != LIMIT_REACHED:
                raise
            problem = refused.reason
            await self.service.refuse(refused, key=key, actor=actor, command=LOOK_UP, subject=Subject(), is_told=True)
        except InvalidField as error:
            problem = error.reason
        except TenantRefused as error:
            problem = refused_words(error)
        except (TenantUnavailable, DirectoryUnavailable) as error:
            problem = f"This cannot be looked up now: {error} You can send the request anyway; it waits until it can."
        shown.found, shown.problem, shown.looked_up = found, problem, typed

    async def _show_form(self, view_id: str, shown: OpenForm) -> None:
        async with shown.lock:
            await self.update(view_id, self._form_view(shown))

    def _form_view(self, shown: OpenForm, *, must_look: bool = False) -> dict[str, object]:
        form = shown.form
        return request_view(
            RequestForm(
                templates=tuple(self.catalog.templates.values()),
                requester=form.requester,
                target=form.target,
                found=shown.found,
                problem=shown.problem,
                template=form.template,
                justification=form.justification,
                sponsor=form.sponsor,
                days=form.days,
                holes=form.holes,
                named=shown.now(shown.named),
                name_problems=shown.now(shown.name_problems),
                must_look=must_look,
            )
        )

    async def show_revocation(
        self, view_id: str, actor: ChatId, typed: str, *, key: str, in_review: bool = False
    ) -> None:
        """Show what a revocation would do, to somebody who may revoke; else say why not, and record it.

        When Microsoft or the directory does not answer, a partner in our own records can be revoked all the same: who
        confirms it is judged then, and the settings are read then.

        :param in_review: whether it was asked for by a review's button, which the sponsor has as well.
        """
        subject = Subject()
        try:
            await self.require_member(actor)
            target = normalize_target(typed)
            if is_tenant_id(target):
                subject = Subject(tenant_id=TenantId(target))
            identity, partnership = await named_partner(typed, store=self.store, tenant=self.tenant)
            subject = Subject(tenant_id=identity.tenant_id)
            planned = await self._planned_revocation(identity, partnership, actor, in_review=in_review)
            if planned is None:
                view = revoke_unread_view(identity)
            else:
                view = await self._revocation_view(view_id, identity, partnership, *planned)
        except Refused as refused:
            command = "want_revoke" if in_review else "/partner revoke"
            await self.refuse(view_id, refused, key=key, actor=actor, command=command, subject=subject)
            return
        except (InvalidField, UnreadableSetting) as error:
            view = message_view("Not possible", str(error))
        except (TenantUnavailable, TenantRefused, DirectoryUnavailable) as error:
            view = message_view("Not possible now", not_now(error))
        await self.update(view_id, view)

    async def _revocation_view(
        self,
        view_id: str,
        identity: TenantIdentity,
        partnership: Partnership | None,
        plan: Plan,
        default: JsonObject | None,
    ) -> dict[str, object]:
        """Offer a revocation wherever there is something to close, to record as closed, or to stop.

        Who used the partner lately is shown when it has been counted; the window does not wait for that.
        """
        stops = would_open(await self.store.open_requests(), identity)
        counting = asyncio.create_task(
            read_use(identity.tenant_id, tenant=self.tenant, clock=self.intake.clock, patience=_COUNTING_SECONDS)
        )
        try:
            names = await names_shown(shown_targets(plan), tenant=self.tenant)
            await asyncio.wait({counting}, timeout=_COUNTING_GRACE)
            if not counting.done():
                counted = revocation_view(identity, partnership, plan, default, stops, names, (_COUNTING,))
                await self.update(view_id, counted)
            used = losing_words(await counting)
            return revocation_view(identity, partnership, plan, default, stops, names, used)
        finally:
            counting.cancel()

    async def _planned_revocation(
        self, identity: TenantIdentity, partnership: Partnership | None, actor: ChatId, *, in_review: bool
    ) -> tuple[Plan, JsonObject | None] | None:
        """Plan a revocation for somebody who may ask for it; None when a known partner cannot be read now.

        :returns: the plan, and the tenant's default configuration where it could be read.

        :raises Refused: when this person may not.
        :raises TenantUnavailable, DirectoryUnavailable: when a partner without a record cannot be read now.
        """
        try:
            async with asyncio.timeout(_READING_SECONDS):
                person = await self.directory.identify(actor)
                roster = await self.directory.roster([person])
                require_may_revoke(partnership, person, roster, in_review=in_review)
                before, default = await read_both(identity.tenant_id, tenant=self.tenant)
        except (TenantUnavailable, DirectoryUnavailable, TimeoutError) as error:
            if partnership is not None:
                return None
            if isinstance(error, TimeoutError):
                raise TenantUnavailable("Microsoft Entra does not answer in time.") from error
            raise
        plan = plan_revocation(
            tenant_id=identity.tenant_id, before=before, default=default, is_cross_cloud=not identity.is_resolved
        )
        return plan, default

    async def confirmation_problem(self, tenant_id: TenantId, typed: str) -> str:
        """Say what is wrong with what was typed to confirm a revocation; empty when it is right."""
        try:
            async with asyncio.timeout(_CONFIRMATION_SECONDS):
                identity, _ = await identify_partner(tenant_id, store=self.store, tenant=self.tenant)
        except TimeoutError:
            return "The partner cannot be looked up now: Microsoft Entra does not answer in time. Try again."
        except (TenantUnavailable, TenantRefused, Refused) as error:
            return f"The partner cannot be looked up now: {error} Try again."
        expected = ids.confirmation(identity)
        if typed.strip().casefold() == expected.casefold():
            return ""
        return f"This is not what has to be typed here. Type {expected} to confirm."

    async def open(self, trigger_id: str, view: dict[str, object]) -> str:
        """Open a view before the acknowledgement. Returns its id.

        :raises SlackApiError: when Slack refuses; see `slack_errors.NO_ANSWER` for when it does not answer in time.
        """
        async with asyncio.timeout(_TRIGGER_SECONDS):
            answer = await self.client.views_open(trigger_id=trigger_id, view=view)
        return str(answer["view"]["id"])

    async def refuse(
        self, view_id: str, refused: Refused, *, key: str, actor: ChatId, command: str, subject: Subject
    ) -> None:
        """Record a refusal and say it in the open window; directly, where the window was closed meanwhile."""
        await self.service.refuse(refused, key=key, actor=actor, command=command, subject=subject, is_told=True)
        try:
            is_seen = await self.update(view_id, message_view("Not possible", refused.reason))
        except (SlackApiError, *NO_ANSWER):
            is_seen = False
        if not is_seen:
            await self.service.say(refused.reason, key=f"{key}:unseen", person=actor)

    async def update(self, view_id: str, view: dict[str, object]) -> bool:
        """Replace what an open view shows; one that was closed meanwhile is left alone. Tells whether it was there.

        No hash is sent, so it is always the newest view that is replaced. Where Slack says that the view changed at the
        same moment, or does not answer, it is tried again: replacing twice changes nothing.

        :raises SlackApiError: when Slack refuses it, or does not take it after some tries.
        """
        for rest in _UPDATE_RESTS:
            try:
                return await self._update_once(view_id, view)
            except SlackApiError as error:
                if error_code(error) != _HASH_CONFLICT and not is_passing(error):
                    raise
            except NO_ANSWER as error:
                _log.info("view_not_updated", error=repr(error))
            await asyncio.sleep(rest)
        return await self._update_once(view_id, view)

    async def _update_once(self, view_id: str, view: dict[str, object]) -> bool:
        try:
            await self.client.views_update(view_id=view_id, view=view)
        except SlackApiError as error:
            if error_code(error) == _CLOSED:
                return False
            raise
        return True

    async def filling(self, work: Awaitable[None], actor: ChatId, *, key: str) -> None:
        """Do what fills an open window; where Slack does not take it, tell the person, once for each `key`."""
        try:
            await work
        except (SlackApiError, *NO_ANSWER) as error:
            _log.warning("view_not_filled", error=repr(error))
            await self.service.say(NOT_FILLED, key=f"not_filled:{key}", person=actor)

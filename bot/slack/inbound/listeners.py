"""Bolt listeners: parse, call the domain, acknowledge, answer errors. No rules stand here.

What decides anything is stored before it is acknowledged. The one thing that goes to Slack before the acknowledgement
is opening a view, because its trigger lives three seconds.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError

from bot.slack import ids
from bot.slack.background import Background
from bot.slack.errors import NO_ANSWER
from bot.slack.flows.commands import Commands
from bot.slack.flows.decisions import Decisions
from bot.slack.flows.restore_windows import RestoreWindows
from bot.slack.flows.views import keep_view
from bot.slack.flows.windows import Windows
from bot.slack.inbound.old_cards import CardReplaced, OldCards
from bot.slack.payloads import (
    HomeOpened,
    Interaction,
    Invocation,
    claimed_subject,
    parse_effect_id,
    parse_form,
    parse_half_value,
    parse_restore_form,
    parse_tenant_id,
)
from bot.slack.people.users import OUTSIDER
from bot.slack.words.not_now import NOT_OPENED
from workflows.app.requests.intake import Intake, InvalidForm
from workflows.app.requests.named_ids import NamesToShow
from workflows.app.service import UNKNOWN_PARTNER, Service
from workflows.core.errors import Refused
from workflows.core.partners.reviews import KEEP_REASON_MISSING
from workflows.core.people import ChatId
from workflows.core.requests.clicks import DropEffect, RetryEffect
from workflows.core.requests.commands import Subject, Withdraw
from workflows.core.requests.partner_commands import ConfirmHalf, Keep, RemindHalf, Revoke, UnconfirmHalf
from workflows.core.requests.request import RequestId
from workflows.ports.notifier import Notifier
from workflows.ports.store import Store

_log = structlog.get_logger()
_COMMAND: Final = "/partner"
_STORED_NAMES: Final = {
    ids.REVIEW_REQUEST: "review_request",
    ids.APPROVE: "want_approve",
    ids.REJECT: "want_reject",
    ids.REJECT_REASON: "want_reject",
    ids.WITHDRAW: "withdraw",
    ids.KEEP: "want_keep",
    ids.KEEP_REASON: "want_keep",
    ids.REVOKE_REVIEW: "want_revoke",
    ids.CONFIRM_REVOKE: "want_revoke",
    ids.REQUEST_ACCESS: "submit",
    ids.RESTORE_ACCESS: "submit",
    ids.CONFIRM_HALF: "want_confirm_half",
    ids.UNCONFIRM_HALF: "want_unconfirm_half",
    ids.REMIND_HALF: "want_remind_half",
    ids.RETRY_EFFECT: "want_retry_effect",
    ids.DROP_EFFECT: "want_drop_effect",
}
"""What a button or a view asks for, by the name that the audit log knows it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Everything Slack can send us, by name; `register` ties the names to Bolt."""

    service: Service
    intake: Intake
    store: Store
    notifier: Notifier
    windows: Windows
    restores: RestoreWindows
    commands: Commands
    decisions: Decisions
    background: Background
    old_cards: OldCards
    team_id: str

    def register(self, app: AsyncApp) -> None:
        """Tie every command, shortcut, action, view and event of the manifest to its listener."""
        app.command(_COMMAND)(self._command)
        app.shortcut(ids.REQUEST_SHORTCUT)(self._guarded(self._open_request))
        for action_id, listener in {
            ids.OPEN_REQUEST: self._open_request,
            ids.TARGET: self._look_up,
            ids.TEMPLATE: self._choose_template,
            ids.RESTORES: self._choose_change,
            ids.REVIEW_REQUEST: self.decisions.review,
            ids.APPROVE: self.decisions.approve,
            ids.REJECT: self.decisions.reject,
            ids.WITHDRAW: self._withdraw,
            ids.KEEP: self._keep,
            ids.REVOKE_REVIEW: self._revoke,
            ids.CONFIRM_HALF: self._confirm_half,
            ids.UNCONFIRM_HALF: self._unconfirm_half,
            ids.REMIND_HALF: self._remind_half,
            ids.SHOW_CHECKLIST: self._show_checklist,
            ids.RETRY_EFFECT: self._retry_effect,
            ids.DROP_EFFECT: self._drop_effect,
        }.items():
            app.action(action_id)(self._guarded(listener))
        app.action(re.compile(f"^{ids.HOLE}"))(self._guarded(self._look_up_names))
        for callback_id, submitted in {
            ids.REQUEST_ACCESS: self._file,
            ids.RESTORE_ACCESS: self._file_restore,
            ids.REJECT_REASON: self.decisions.reject_with_reason,
            ids.KEEP_REASON: self._keep_with_reason,
            ids.CONFIRM_REVOKE: self._revoke_confirmed,
        }.items():
            app.view(callback_id)(self._guarded(submitted))
        app.event("app_home_opened")(self._home_opened)

    # --- commands and events ---

    async def _command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        invocation = Invocation.model_validate(body)
        if invocation.team_id != self.team_id:
            await self.service.refuse(
                Refused("outsider", OUTSIDER),
                key=f"command:{invocation.trigger_id}",
                actor=invocation.actor,
                command=f"/partner {invocation.verb}",
                subject=Subject(),
                channel=invocation.channel_id,
            )
            await ack()
            return
        try:
            await self.commands.run(invocation, ack)
        except Refused as refused:
            await self.service.refuse(
                refused,
                key=f"command:{invocation.trigger_id}",
                actor=invocation.actor,
                command=f"/partner {invocation.verb}",
                subject=Subject(),
                channel=invocation.channel_id,
            )
            await ack()

    async def _home_opened(self, body: dict[str, Any]) -> None:
        opened = HomeOpened.model_validate(body)
        if opened.team_id == self.team_id and opened.event.tab == "home":
            person = ChatId(opened.event.user)
            await self.store.save_home(person)
            self.background.start(self._show_home(person, key=f"home:{body.get('event_id')}"))

    async def _show_home(self, person: ChatId, *, key: str) -> None:
        """Publish the App Home; that somebody is no full member is recorded, and said there."""
        try:
            await self.windows.require_member(person)
        except Refused as refused:
            await self.service.refuse(
                refused, key=key, actor=person, command="app_home_opened", subject=Subject(), is_told=True
            )
        await self.notifier.show_home(person)

    # --- the request form ---

    async def _open_request(self, ack: AsyncAck, click: Interaction) -> None:
        await self.windows.open_request(click.trigger_id, click.actor, typed="")
        await ack()

    async def _look_up(self, ack: AsyncAck, click: Interaction) -> None:
        await ack()
        view = click.the_view
        showing = self.windows.show_partner(view.id, parse_form(click), typed=click.action.value, key=click.key)
        self.background.start(self.windows.filling(showing, click.actor, key=click.key))

    async def _choose_template(self, ack: AsyncAck, click: Interaction) -> None:
        await ack()
        showing = self.windows.show_template(click.the_view.id, parse_form(click), key=click.key)
        self.background.start(self.windows.filling(showing, click.actor, key=click.key))

    async def _look_up_names(self, ack: AsyncAck, click: Interaction) -> None:
        await ack()
        self.background.start(self.windows.show_names(click.the_view.id, parse_form(click), key=click.key))

    async def _file(self, ack: AsyncAck, click: Interaction) -> None:
        await self.windows.require_member(click.actor)
        try:
            await self.intake.file(parse_form(click), key=click.key)
        except InvalidForm as error:
            await ack(response_action="errors", errors=error.problems)
        except NamesToShow as names:
            view = self.windows.with_names(click.the_view.id, parse_form(click), names.found)
            await ack(response_action="update", view=view)
        else:
            await ack(response_action="clear")

    # --- the restore form ---

    async def _choose_change(self, ack: AsyncAck, click: Interaction) -> None:
        form = parse_restore_form(click)
        await ack()
        showing = self.restores.show_difference(click.the_view.id, form, key=click.key)
        self.background.start(self.windows.filling(showing, click.actor, key=click.key))

    async def _file_restore(self, ack: AsyncAck, click: Interaction) -> None:
        await self.windows.require_member(click.actor)
        try:
            await self.restores.intake.file(parse_restore_form(click), key=click.key)
        except InvalidForm as error:
            await ack(response_action="errors", errors=error.problems)
        else:
            await ack(response_action="clear")

    # --- the requester ---

    async def _withdraw(self, ack: AsyncAck, click: Interaction) -> None:
        request_id = RequestId(click.action.value)
        request = await self.store.request(request_id)
        if request is None or click.actor == request.particulars.requester:
            await self.service.withdraw(request_id, click.actor, key=click.key)
        else:
            # It may be the requester's second id: their accounts are compared.
            intent = Withdraw(actor=click.actor, request_id=request_id, channel=click.channel)
            await self.service.want(intent, key=click.key)
        await ack()
        if click.is_in(ids.REQUEST_ACCESS):
            form = parse_form(click)
            self.background.start(self.windows.show_partner(click.the_view.id, form, typed=form.target, key=click.key))

    # --- reviews and revocation ---

    async def _keep(self, ack: AsyncAck, click: Interaction) -> None:
        await self.windows.require_known_member(click.actor)
        partnership = await self.store.partnership(parse_tenant_id(click.action.value))
        if partnership is None:
            raise Refused("unknown_partner", UNKNOWN_PARTNER)
        await self.windows.open(click.trigger_id, keep_view(partnership))
        await ack()

    async def _keep_with_reason(self, ack: AsyncAck, click: Interaction) -> None:
        tenant_id = parse_tenant_id(click.the_view.private_metadata)
        reason = click.the_view.value(ids.REASON)
        if not reason.strip():
            await ack(response_action="errors", errors={ids.REASON: KEEP_REASON_MISSING})
            return
        await self.service.want(Keep(actor=click.actor, tenant_id=tenant_id, reason=reason), key=click.key)
        await ack()

    async def _revoke(self, ack: AsyncAck, click: Interaction) -> None:
        target = parse_tenant_id(click.action.value)
        view_id = await self.windows.open_loading(click.trigger_id)
        await ack()
        showing = self.windows.show_revocation(view_id, click.actor, target, key=click.key, in_review=True)
        self.background.start(self.windows.filling(showing, click.actor, key=click.key))

    async def _revoke_confirmed(self, ack: AsyncAck, click: Interaction) -> None:
        tenant_id = parse_tenant_id(click.the_view.private_metadata)
        problem = await self.windows.confirmation_problem(tenant_id, click.the_view.value(ids.CONFIRM))
        if problem:
            await ack(response_action="errors", errors={ids.CONFIRM: problem})
            return
        intent = Revoke(actor=click.actor, target=tenant_id, reason=click.the_view.value(ids.REASON).strip())
        await self.service.want(intent, key=click.key)
        await ack(response_action="clear")

    # --- the partner's half ---

    async def _confirm_half(self, ack: AsyncAck, click: Interaction) -> None:
        tenant_id, step, wanted = parse_half_value(click.action.value)
        intent = ConfirmHalf(actor=click.actor, tenant_id=tenant_id, step=step, wanted=wanted, channel=click.channel)
        await self.service.want(intent, key=click.key)
        await ack()

    async def _unconfirm_half(self, ack: AsyncAck, click: Interaction) -> None:
        tenant_id, step, wanted = parse_half_value(click.action.value)
        intent = UnconfirmHalf(actor=click.actor, tenant_id=tenant_id, step=step, wanted=wanted, channel=click.channel)
        await self.service.want(intent, key=click.key)
        await ack()

    async def _remind_half(self, ack: AsyncAck, click: Interaction) -> None:
        tenant_id = parse_tenant_id(click.action.value)
        await self.service.want(
            RemindHalf(actor=click.actor, tenant_id=tenant_id, channel=click.channel), key=click.key
        )
        await ack()

    async def _show_checklist(self, ack: AsyncAck, click: Interaction) -> None:
        tenant_id = parse_tenant_id(click.action.value)
        view_id = await self.windows.open_loading(click.trigger_id)
        await ack()
        showing = self.commands.show_checklist(view_id, click.actor, tenant_id, key=click.key)
        self.background.start(self.windows.filling(showing, click.actor, key=click.key))

    # --- given up work ---

    async def _retry_effect(self, ack: AsyncAck, click: Interaction) -> None:
        intent = RetryEffect(actor=click.actor, effect_id=parse_effect_id(click.action.value))
        await self.service.want(intent, key=click.key)
        await ack()

    async def _drop_effect(self, ack: AsyncAck, click: Interaction) -> None:
        intent = DropEffect(actor=click.actor, effect_id=parse_effect_id(click.action.value))
        await self.service.want(intent, key=click.key)
        await ack()

    # --- the shared edge ---

    def _guarded(self, listener: Callable[[AsyncAck, Interaction], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Parse the payload for a listener; answer what it refuses to the person who clicked, and record it."""

        async def guarded(ack: AsyncAck, body: dict[str, Any]) -> None:
            click = Interaction.model_validate(body)
            try:
                self._require_our_team(click)
                await self.old_cards.require_current(click)
                await listener(ack, click)
            except Refused as refused:
                await self.service.refuse(
                    refused,
                    key=click.key,
                    actor=click.actor,
                    command=_STORED_NAMES.get(click.name, click.name),
                    subject=claimed_subject(click),
                    channel=click.channel,
                    also=(refused.effect,) if isinstance(refused, CardReplaced) else (),
                )
                await ack()
            except (SlackApiError, *NO_ANSWER) as error:
                # A view could not be opened. Nothing was stored; the person is told and clicks again.
                _log.warning("view_not_opened", error=repr(error))
                await self.service.say(
                    NOT_OPENED, key=f"not_opened:{click.key}", person=click.actor, channel=click.channel
                )
                await ack()

        return guarded

    def _require_our_team(self, click: Interaction) -> None:
        """Refuse payloads of other workspaces; in shared channels only the user's own team id shows the outsider."""
        teams = {click.user.team_id or self.team_id}
        if click.team is not None:
            teams.add(click.team.id)
        if click.view is not None and click.view.app_installed_team_id is not None:
            teams.add(click.view.app_installed_team_id)
        if teams != {self.team_id}:
            raise Refused("outsider", OUTSIDER)

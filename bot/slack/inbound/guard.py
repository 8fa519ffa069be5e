"""The checks before every listener: parse the payload, check the team, refuse old cards, answer refusals.

It is long because each kind of payload passes the same checks in the same order, and the order is read here.

Every decision is stored before it is acknowledged. The only call to Slack before the acknowledgement is opening a view,
because its trigger is valid for three seconds.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_sdk.errors import SlackApiError

from bot.slack.errors import NO_ANSWER
from bot.slack.flows.entry_point_types import (
    UNKNOWN_SUBCOMMAND,
    Action,
    Card,
    ClickListener,
    CommandButton,
    CommandListener,
    EntryPoint,
    EventListener,
    HomeEvent,
    Options,
    Shortcut,
    Subcommand,
    Submission,
)
from bot.slack.inbound.identity import PinnedIdentity
from bot.slack.inbound.replaced_cards import CardReplaced, ReplacedCards, refuse_if_replaced
from bot.slack.partner_commands import needs_partner
from bot.slack.payloads.button_values import named_subject
from bot.slack.payloads.models import HomeOpened, Interaction, SlashCommand, View
from bot.slack.payloads.reading import PARSED
from workflows.app.storing.recorder import Recorder
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.policy.stops.generation import is_sent_before_hold
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import Effect, MessageCode, ShowHome
from workflows.ports.records import StoreNotWritable

_COMMAND: Final = "/partner"

_GuardedListener = Callable[[AsyncAck, dict[str, Any], AsyncBoltContext], Awaitable[None]]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Registers the flows with Bolt, and answers when they refuse. It contains no rules of its own."""

    recorder: Recorder
    replaced_cards: ReplacedCards
    pinned: PinnedIdentity
    refuses_before: Callable[[], datetime | None] = lambda: None
    """When the last held start was; see `core.policy.stops.generation.is_sent_before_hold`."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    is_given: Callable[[View, ChatId], bool]
    """Returns whether a window or an App Home was given to a person; see `payloads.stamps`."""
    ids_of: Callable[[ChatId], Awaitable[frozenset[ChatId]]]
    """Lists every id of a person; see `people.members`. It is asked only about a stamp for another id."""

    def register(self, app: AsyncApp, entry_points: Iterable[EntryPoint]) -> None:
        """Register the listener of every command, shortcut, action, view and event of the manifest.

        Bolt makes the arguments of every listener that it asks. So all buttons share one listener, and all windows;
        and these are the first that it asks.
        """
        subcommands: dict[str, CommandListener] = {}
        actions, views = dict[str, _GuardedListener](), dict[str, _GuardedListener]()
        others: list[EntryPoint] = []
        for point in entry_points:
            match point:
                case Action(action_id=str() as name):
                    listener = self._with_place_check(point)
                    actions.setdefault(name, self._wrap_click(listener, point.audit_name))
                case CommandButton():
                    actions.setdefault(point.action_id, self._wrap_click(self._storing(point), point.audit_name))
                case Submission():
                    listener = self._with_form_record(point.listener, point.audit_name)
                    views.setdefault(point.callback_id, self._wrap_click(listener, point.audit_name))
                case Subcommand():
                    subcommands[point.name] = point.listener
                case _:
                    others.append(point)
        if actions:
            app.action(_any_of(actions))(_dispatcher(actions, lambda body: body["actions"][0]["action_id"]))
        if views:
            app.view(_any_of(views))(_dispatcher(views, lambda body: body["view"]["callback_id"]))
        if subcommands:
            app.command(_COMMAND)(self._wrap_command(subcommands))
        for point in others:
            self._register_alone(app, point)

    def _register_alone(self, app: AsyncApp, point: EntryPoint) -> None:
        match point:
            case Action():
                listener = self._with_place_check(point)
                app.action(point.action_id)(self._wrap_click(listener, point.audit_name))
            case Options():
                app.options(point.action_id)(self._wrap_options(point.listener, point.audit_name))
            case Shortcut():
                app.shortcut(point.callback_id)(self._wrap_click(point.listener, point.audit_name))
            case HomeEvent():
                app.event(point.event)(self._wrap_home(point.listener))

    def _wrap_click(self, listener: ClickListener, audit_name: str) -> _GuardedListener:
        """Wrap a listener of clicks; a refusal is shown to the person who clicked, and recorded."""

        async def guarded_listener(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
            click: Interaction = context[PARSED]
            try:
                self._require_our_team(click)
                await self._require_given(click)
                self._require_after_hold(click)
                await listener(ack, click)
            except Refused as refused:
                await self.recorder.record_refusal(
                    refused,
                    key=click.key,
                    actor=click.actor,
                    command=audit_name or click.name,
                    subject=named_subject(click),
                    channel=click.channel,
                    effects=_effects_of(refused, click),
                )
                await ack()
            except (SlackApiError, *NO_ANSWER) as error:
                # A view could not be opened. Nothing was stored; the person is told and clicks again.
                _log.warning("view_not_opened", error=repr(error))
                await self.recorder.send_message(
                    Fact(MessageCode.VIEW_NOT_OPENED),
                    key=f"not_opened:{click.key}",
                    person=click.actor,
                    channel=click.channel,
                )
                await ack()

        return guarded_listener

    def _with_place_check(self, point: Action) -> ClickListener:
        """Return a listener that is called only if the clicked card counts, or the click was where it is possible."""
        if point.is_in_view:
            return _only_in_view(point.listener)
        return point.listener if point.card is None else self._with_card_check(point.listener, point.card)

    def _with_card_check(self, listener: ClickListener, card: Card) -> ClickListener:
        """Return a listener that is called only if the clicked card counts."""

        async def check_card_and_listen(ack: AsyncAck, click: Interaction) -> None:
            with refuse_if_replaced(click, card):
                await self.replaced_cards.require_current(click, card)
            await listener(ack, click)

        return check_card_and_listen

    def _with_form_record(self, listener: ClickListener, audit_name: str) -> ClickListener:
        """Return a listener of a form. A form that is sent back to be corrected is recorded, without what was typed."""

        async def listen(ack: AsyncAck, click: Interaction) -> None:
            async def record_and_ack(*arguments: Any, **answer: Any) -> Any:
                if answer.get("response_action") == "errors":
                    await self._record_form(click, audit_name, answer["errors"])
                return await ack(*arguments, **answer)

            await listener(cast(AsyncAck, record_and_ack), click)

        return listen

    async def _record_form(self, click: Interaction, audit_name: str, errors: Mapping[str, str]) -> None:
        """Record that a form was sent back, once for the same content. The person sees why in any case."""
        with suppress(StoreNotWritable):
            await self.recorder.record_refusal(
                Refused(RefusalCode.FORM_HAS_PROBLEMS, fields=", ".join(sorted(errors))),
                # NB. another key than that of the form: whoever corrects it sends other content, or the same again.
                key=f"{click.key}:refused",
                actor=click.actor,
                command=audit_name or click.name,
                subject=CommandSubject(),
                is_told=True,
            )

    def _storing(self, button: CommandButton) -> ClickListener:
        """Return a listener that stores the command of a click if the clicked card counts, in one transaction."""

        async def store(ack: AsyncAck, click: Interaction) -> None:
            command = button.command_of(click)
            with refuse_if_replaced(click, button.card):
                clicked = self.replaced_cards.clicked_card(click, button.card)
                await self.recorder.store_click(command, key=click.key, card=clicked)
            await ack()
            if button.then is not None:
                button.then(click)

        return store

    def _wrap_options(self, listener: ClickListener, audit_name: str) -> Callable[..., Awaitable[None]]:
        """Wrap a select's request for its options. A refusal is recorded, and no options are offered.

        Slack shows no text of such an answer, so the person sees that nothing was found.
        """

        async def guarded_listener(ack: AsyncAck, context: AsyncBoltContext) -> None:
            interaction: Interaction = context[PARSED]
            try:
                self._require_our_team(interaction)
                await self._require_given(interaction)
                await listener(ack, interaction)
            except Refused as refused:
                view_id = "" if interaction.view is None else interaction.view.id
                key = f"options:{view_id}:{interaction.actor}:{interaction.name}:{refused.code}"
                await self.recorder.record_refusal(
                    refused,
                    key=key,
                    actor=interaction.actor,
                    command=audit_name,
                    subject=CommandSubject(),
                    is_told=True,
                )
                await ack(options=[])
            except StoreNotWritable:
                await ack(options=[])

        return guarded_listener

    def _wrap_command(self, subcommands: Mapping[str, CommandListener]) -> Callable[..., Awaitable[None]]:
        """Wrap the command: each subcommand has its flow, and unknown text has one too.

        NB. commands are registered with their flows, which have imported these modules. Clicks are stored without them.
        """
        from bot.slack.answers.response_url import answer_at_once, record_refused_command
        from bot.slack.blocks.message import refusal
        from bot.slack.words.unavailable import WINDOW_NOT_OPENED

        async def guarded_listener(ack: AsyncAck, context: AsyncBoltContext) -> None:
            command: SlashCommand = context[PARSED]
            is_whole = bool(command.argument) or not needs_partner(command.subcommand)
            listener = (
                subcommands.get(command.subcommand, subcommands[UNKNOWN_SUBCOMMAND])
                if is_whole
                else subcommands[UNKNOWN_SUBCOMMAND]
            )
            try:
                self._require_our_command(command)
                await listener(ack, command)
            except Refused as refused:
                await record_refused_command(self.recorder, command, refused)
                await ack()
            except (SlackApiError, *NO_ANSWER) as error:
                _log.warning("view_not_opened", error=repr(error))
                await answer_at_once(ack, refusal(WINDOW_NOT_OPENED))

        return guarded_listener

    def _wrap_home(self, listener: EventListener) -> Callable[..., Awaitable[None]]:
        """Wrap a listener of the App Home. Events of other workspaces are recorded, and nobody is told."""

        async def guarded_listener(context: AsyncBoltContext) -> None:
            opened: HomeOpened = context[PARSED]
            try:
                self._require_our_event(opened)
            except Refused as refused:
                await self.recorder.record_refusal(
                    refused,
                    key=f"home_elsewhere:{opened.event_id}:{opened.event.user}",
                    actor=ChatId(opened.event.user),
                    command="open_home",
                    subject=CommandSubject(),
                    is_told=True,
                )
            else:
                await listener(opened)

        return guarded_listener

    async def _require_given(self, click: Interaction) -> None:
        """Refuse a window or an App Home that was not given to this person: whoever signs can write any into a payload.

        Slack may name one person of an Enterprise Grid U… when a window opens, and W… when it is submitted.

        :raises Refused: also when it was given too long ago, and when Slack does not say which ids the person has.
        """
        view, person = click.view, click.actor
        if view is None or self.is_given(view, person):
            return
        other_ids = await self.ids_of(person) - {person} if view.stamp else ()
        if not any(self.is_given(view, other_id) for other_id in other_ids):
            raise Refused(RefusalCode.WINDOW_NOT_YOURS)

    def _require_after_hold(self, click: Interaction) -> None:
        """Refuse a click from before a held start, in the minutes after it: whether it was stored is forgotten.

        Over HTTP the signature has a time as well. Over Socket Mode only the click has one.
        """
        since, clicked_at = self.refuses_before(), _moment_of(click.action.action_ts if click.actions else "")
        if since is not None and clicked_at is not None and is_sent_before_hold(clicked_at, since, self.now()):
            raise Refused(RefusalCode.CLICKED_BEFORE_HOLD)

    def _require_our_team(self, click: Interaction) -> None:
        """Refuse payloads of other workspaces, Enterprise Grids and apps."""
        _require_person(click)
        team, view, enterprise = click.team, click.view, click.enterprise
        self.pinned.require_ours(
            teams=(
                click.user.team_id,
                None if team is None else team.id,
                None if view is None else view.app_installed_team_id,
            ),
            enterprises=(
                click.user.enterprise_id,
                None if team is None else team.enterprise_id,
                None if enterprise is None else enterprise.id,
            ),
            app_id=click.api_app_id,
        )
        if view is not None:
            self.pinned.require_ours(teams=(), enterprises=(), app_id=view.app_id)

    def _require_our_command(self, command: SlashCommand) -> None:
        _require_person(command)
        self.pinned.require_ours(
            teams=(command.team_id,), enterprises=(command.enterprise_id,), app_id=command.api_app_id
        )

    def _require_our_event(self, opened: HomeOpened) -> None:
        self.pinned.require_ours(
            teams=(opened.team_id,),
            enterprises=(opened.enterprise_id, opened.context_enterprise_id),
            app_id=opened.api_app_id,
        )


def _require_person(payload: Interaction | SlashCommand) -> None:
    """Refuse what a bot sent. Slack's clicks and commands are people's, and name no bot."""
    if payload.bot_id:
        raise Refused(RefusalCode.NOT_A_PERSON)


def _effects_of(refused: Refused, click: Interaction) -> tuple[Effect, ...]:
    """Return what follows a refusal. An App Home that cannot be opened again by hand is shown anew, with a stamp."""
    if isinstance(refused, CardReplaced):
        return (refused.effect,)
    is_old_home = refused.code is RefusalCode.WINDOW_NOT_YOURS and click.view is not None and click.view.type == "home"
    return (ShowHome(person=click.actor),) if is_old_home else ()


def _only_in_view(listener: ClickListener) -> ClickListener:
    """Return a listener that refuses a click outside of a window or an App Home, where its button never is."""

    async def listen(ack: AsyncAck, click: Interaction) -> None:
        if click.view is None:
            raise Refused(RefusalCode.WINDOW_CLOSED)
        await listener(ack, click)

    return listen


def _moment_of(action_ts: str) -> datetime | None:
    """Return the time of a click as Slack wrote it; None when there is none, as for a submitted window."""
    try:
        return datetime.fromtimestamp(float(action_ts), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that matches exactly these names. For any other name Bolt reports that no listener exists."""
    return re.compile(rf"\A(?:{'|'.join(map(re.escape, names))})\Z")


def _dispatcher(
    listeners: Mapping[str, _GuardedListener], name_of: Callable[[dict[str, Any]], str]
) -> _GuardedListener:
    """Return a listener that passes a payload to the one with the payload's name."""

    async def dispatch(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await listeners[name_of(body)](ack, body, context)

    return dispatch

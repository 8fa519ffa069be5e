"""Set and end absences: `/partner away` opens the window, and the App Home has End now, too."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import NOT_READABLE_NOW, ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.blocks.modal import message_view
from bot.slack.flows.decide.delegation.absence_views import absence_view
from bot.slack.flows.entry_point_types import Action, EntryPoint, Subcommand, Submission
from bot.slack.payloads.button_values import parse_absence_id
from bot.slack.payloads.models import Interaction, SlashCommand, View
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.members import Members
from bot.slack.people.named_members import find_member, is_called
from bot.slack.people.users import SlackUser, ids_of, mail_of_user
from bot.words.requests.notes import refusal_words
from workflows.app.approvers.absences import Absences, identified
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, ChatId
from workflows.core.requests.commands.people import EndAbsence, SetAbsence

_SET, _END = "want_set_absence", "want_end_absence"
_CHECKING_SECONDS: Final = 1.8
"""Seconds that the window waits for the answer whether the absence is allowed. It is checked again afterwards."""
_MENTION: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>", re.ASCII)
_FIELD_OF: Final = {
    RefusalCode.ABSENCE_ENDS_BEFORE_START: ids.ABSENT_UNTIL,
    RefusalCode.ABSENCE_OVER: ids.ABSENT_UNTIL,
    RefusalCode.ABSENCE_TOO_LONG: ids.ABSENT_UNTIL,
    RefusalCode.ABSENCE_NOTE_TOO_LONG: ids.NOTE,
    RefusalCode.ALREADY_AWAY: ids.ABSENT_FROM,
    RefusalCode.ONLY_ADMINS_SET_ABSENCES: ids.ABSENT_PERSON,
    RefusalCode.ABSENT_PERSON_REFUSED: ids.ABSENT_PERSON,
}
"""The field at which a refusal is shown; every other one is about the delegate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceFlow:
    """Shows absences, and stores what people decide about them. The right of the person is checked later again."""

    service: Service
    windows: ModalWindows
    members: Members
    directory: SlackDirectory
    absences: Absences

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Subcommand("away", self.open)
        yield Submission(ids.ABSENCE_FORM, self.set, audit_name=_SET)
        yield Action(ids.END_ABSENCE, self.end, audit_name=_END, is_in_view=True)

    async def open(self, ack: AsyncAck, command: SlashCommand) -> None:
        """Open the window."""

        async def build(window: Window) -> Json:
            return await self._view(window, command.argument.strip())

        await self.windows.open_and_fill(ack, command, build, command="/partner away")

    async def set(self, ack: AsyncAck, click: Interaction) -> None:
        """Store an absence. What a rule forbids is refused at its field."""
        view = click.required_view
        try:
            command = _command_of(view, click.actor)
            await self._check(command)
        except Refused as refused:
            field = _FIELD_OF.get(RefusalCode(refused.code), ids.DELEGATE)
            if isinstance(refused, _DateMissing):
                field = refused.field
            if not view.has_input(field):
                field = ids.DELEGATE
            await ack(response_action="errors", errors={field: refusal_words(refused)})
            return
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def end(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that an absence ends now."""
        absence_id = parse_absence_id(click.action.value)
        await self.service.store_click(EndAbsence(actor=click.actor, absence_id=absence_id), key=click.key)
        await ack()
        if click.view is not None and click.view.callback_id != ids.HOME:
            window = Window.of(click, command=_END)
            view = message_view("Received", "Received. The absence ends as soon as your permission is checked.")

            async def build(_: Window) -> Json:
                return view

            self.windows.fill(window, self.windows.show(window, build))

    async def _view(self, window: Window, named: str) -> Json:
        """Return the window.

        :param named: who was named after the command; empty for nobody.
        :raises Refused: when it is somebody else and the reader is no admin, or nobody is found.
        """
        await self.members.refuse_known_guests(window.actor)
        reader = await self.directory.identify(window.actor)
        roles, now = await self.directory.current_roles([reader]), self.absences.clock.now()
        is_admin = roles.holds(reader.id, ADMIN)
        person = window.actor
        own_user, found = await self.directory.user(window.actor), ""
        if named and not _is_own(named, own_user, window.actor):
            if not is_admin:
                raise Refused(RefusalCode.ONLY_ADMINS_SET_ABSENCES)
            person, found = await self._found(named)
        known = await self.absences.store.absences(now)
        zone, zone_name = _zone(str(own_user.get("tz") or ""))
        return absence_view(
            own=next((one for one in known if one.person.id == reader.id), None),
            others=[one for one in known if one.person.id != reader.id] if is_admin else (),
            is_admin=is_admin,
            person=person,
            today=now.astimezone(zone).date(),
            zone=zone_name,
            now=now,
            found=found,
        )

    async def _found(self, named: str) -> tuple[ChatId, str]:
        """Return who is named, and their name in Entra with the mail address.

        NB. people choose what Slack shows of them. An admin compares these two, which nobody chooses.

        :raises Refused: when nobody is found, or no person who can be away.
        """
        mention = _MENTION.fullmatch(named)
        chat_id = ChatId(mention[1]) if mention else await find_member(named, self.directory)
        person = await identified(chat_id, RefusalCode.ABSENT_PERSON_REFUSED, directory=self.directory)
        return chat_id, f"{person.name}, {mail_of_user(await self.directory.user(chat_id))}"

    async def _check(self, command: SetAbsence) -> None:
        """Refuse in the window what is forbidden, as far as that is known in time.

        :raises Refused: with the reason.
        """
        try:
            async with asyncio.timeout(_CHECKING_SECONDS):
                actor = await self.directory.identify(command.actor)
                await self.absences.checked(command, actor)
        except (*NOT_READABLE_NOW, TimeoutError):
            pass  # the stored click is checked when they answer


def _is_own(named: str, user: SlackUser, actor: ChatId) -> bool:
    """Return whether somebody who typed a name or a mention means themselves."""
    mention = _MENTION.fullmatch(named)
    return mention[1] in ids_of(user, actor) if mention else is_called(user, named)


class _DateMissing(Refused):
    """A day of the form cannot be read. `field` is where it is."""

    def __init__(self, field: str) -> None:
        super().__init__(RefusalCode.ABSENCE_DATE_MISSING)
        self.field = field


def _command_of(view: View, actor: ChatId) -> SetAbsence:
    """Return what the form says. Its days begin at midnight in its time zone.

    :raises Refused: when a day is missing or cannot be read.
    """
    zone, _ = _zone(view.private_metadata)
    first, last = (_day(view, field) for field in (ids.ABSENT_FROM, ids.ABSENT_UNTIL))
    return SetAbsence(
        actor=actor,
        person=ChatId(view.value(ids.ABSENT_PERSON)) if view.has_input(ids.ABSENT_PERSON) else actor,
        delegate=ChatId(view.value(ids.DELEGATE)),
        from_=_midnight(first, zone),
        until=_midnight(last + timedelta(days=1), zone),
        note=view.value(ids.NOTE),
    )


def _day(view: View, field: str) -> date:
    try:
        return date.fromisoformat(view.value(field))
    except ValueError:
        raise _DateMissing(field) from None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _zone(name: str) -> tuple[tzinfo, str]:
    """Return the time zone of a name, and its name; UTC when there is no such zone."""
    try:
        return (ZoneInfo(name), name) if name else (UTC, "UTC")
    except (OSError, ValueError, LookupError):
        return UTC, "UTC"

"""All absences of other people, page by page, in a window on top of the one about absences. For admins."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.decide.delegation.absence_views import all_absences_view
from bot.slack.flows.entry_point_types import Action, EntryPoint
from bot.slack.payloads.models import Interaction
from bot.slack.people.directory import SlackDirectory
from workflows.app.approvers.absences import Absences
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class AllAbsencesFlow:
    """Shows who is away, or will be. Ending one of them is the button of the other window, too."""

    windows: ModalWindows
    directory: SlackDirectory
    absences: Absences

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        for shows in (ids.SHOW_ABSENCES, ids.ABSENCES_PREVIOUS, ids.ABSENCES_NEXT):
            yield Action(shows, self.show, audit_name=ids.SHOW_ABSENCES, is_in_view=True)

    async def show(self, ack: AsyncAck, click: Interaction) -> None:
        """Show the first page on top of the window; or another page, in the same window."""
        page = _page_of(click.action.value)

        async def build(window: Window) -> Json:
            reader = await self.directory.identify(window.actor)
            if not (await self.directory.current_roles([reader])).holds(reader.id, ADMIN):
                raise Refused(RefusalCode.ONLY_ADMINS_SET_ABSENCES)
            now = self.absences.clock.now()
            known = await self.absences.store.absences(now)
            return all_absences_view([one for one in known if one.person.id != reader.id], page, now)

        if click.is_in(ids.ALL_ABSENCES):
            await ack()
            window = Window.of(click, command=ids.SHOW_ABSENCES)
            self.windows.fill(window, self.windows.show(window, build))
        else:
            await self.windows.open_and_fill(ack, click, build, command=ids.SHOW_ABSENCES)


def _page_of(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", value, re.ASCII):
        raise Refused(RefusalCode.BUTTON_VALUE_UNREADABLE)
    return int(value)

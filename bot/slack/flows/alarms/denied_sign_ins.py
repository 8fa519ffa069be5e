"""Denied sign-ins of tenants without an entry: an admin looks at the details, or dismisses the notice for a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.alarms.denied_views import denied_view
from bot.slack.flows.entry_point_types import Action, EntryPoint
from bot.slack.payloads.button_values import parse_denied_notice
from bot.slack.payloads.models import Interaction
from bot.slack.people.members import Members
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN
from workflows.core.requests.commands.watch import DismissDenied
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store

_DISMISS = "want_dismiss_denied_sign_ins"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeniedSignInsFlow:
    """Shows a notice to admins, and stores that it is dismissed. The right of the person is checked later again."""

    service: Service
    store: Store
    members: Members
    directory: PeopleDirectory
    windows: ModalWindows

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.SHOW_DENIED, self.show, audit_name=ids.SHOW_DENIED)
        yield Action(ids.DISMISS_DENIED, self.dismiss, audit_name=_DISMISS)

    async def show(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the window about one notice."""
        subject, alarm_id = parse_denied_notice(click.action.value)

        async def build(window: Window) -> Json:
            await self.members.require_member(window.actor)
            person = await self.directory.identify(window.actor)
            if not (await self.directory.current_roles([person])).holds(person.id, ADMIN):
                raise Refused(RefusalCode.ONLY_ADMINS_DISMISS)
            notice = await self.store.denied_notice(subject)
            return denied_view(notice if notice is not None and notice.alarm_id == alarm_id else None)

        await self.windows.open_and_fill(ack, click, build, command=ids.SHOW_DENIED)

    async def dismiss(self, ack: AsyncAck, click: Interaction) -> None:
        """Store that the notice is dismissed."""
        subject, alarm_id = parse_denied_notice(click.action.value)
        command = DismissDenied(actor=click.actor, subject=subject, alarm_id=alarm_id)
        await self.service.store_click(command, key=click.key)
        await ack()

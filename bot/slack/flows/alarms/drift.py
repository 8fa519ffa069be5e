"""Answer drift: show it, list all of it, and accept it until a date. Restore and Revoke are flows of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slack_bolt.async_app import AsyncAck

from bot.slack import ids
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.alarms.drift_views import accept_view, drift_view, drifts_view
from bot.slack.flows.entry_point_types import Action, EntryPoint, Submission
from bot.slack.payloads.button_values import parse_drift_subject, parse_drift_value, parse_page
from bot.slack.payloads.models import Interaction
from bot.slack.people.members import Members
from bot.words.requests.notes import refusal_words
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN
from workflows.core.posture.watch.drift import Drift, DriftSubject
from workflows.core.requests.commands.watch import AcceptDrift
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.store import Store

_NO_REASON: Final = Refused(RefusalCode.REASON_MISSING, is_review=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFlow:
    """Shows drift to admins, and stores that it is accepted. The right of the person is checked later again."""

    service: Service
    store: Store
    members: Members
    directory: PeopleDirectory
    windows: ModalWindows
    clock: Clock

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield Action(ids.SHOW_DRIFT, self.show, audit_name=ids.SHOW_DRIFT, is_in_view=True)
        yield Action(ids.SHOW_DRIFTS, self.show_all, audit_name=ids.SHOW_DRIFTS)
        for shows in (ids.DRIFTS_PREVIOUS, ids.DRIFTS_NEXT):
            yield Action(shows, self.show_all, audit_name=ids.SHOW_DRIFTS, is_in_view=True)
        yield Action(ids.ACCEPT_DRIFT, self.open_acceptance, audit_name="want_accept_drift")
        yield Submission(ids.ACCEPT_DRIFT_FORM, self.accept, audit_name="want_accept_drift")

    async def show(self, ack: AsyncAck, click: Interaction) -> None:
        """Open a window about one drift with its answers."""
        subject = parse_drift_subject(click.action.value)

        async def build(window: Window) -> Json:
            await self._require_admin(window)
            return drift_view(await self._open_drift(subject), self.clock.now())

        await self.windows.open_and_fill(ack, click, build, command=ids.SHOW_DRIFT)

    async def show_all(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the list of all drift, or show another page of it."""
        page = parse_page(click.action.value)

        async def build(window: Window) -> Json:
            await self._require_admin(window)
            return drifts_view(await self.store.open_drifts(), page, self.clock.now())

        if click.is_in(ids.DRIFTS):
            await ack()
            window = Window.of(click, command=ids.SHOW_DRIFTS)
            self.windows.fill(window, self.windows.show(window, build))
        else:
            await self.windows.open_and_fill(ack, click, build, command=ids.SHOW_DRIFTS)

    async def open_acceptance(self, ack: AsyncAck, click: Interaction) -> None:
        """Open the form that accepts the drift that the button showed."""
        subject, fingerprint = parse_drift_value(click.action.value)

        async def build(window: Window) -> Json:
            await self._require_admin(window)
            drift = await self._open_drift(subject)
            if drift is None:
                raise Refused(RefusalCode.NO_DRIFT)
            if drift.found.fingerprint != fingerprint:
                raise Refused(RefusalCode.DRIFT_CHANGED)
            return accept_view(drift)

        await self.windows.open_and_fill(ack, click, build, command="want_accept_drift")

    async def accept(self, ack: AsyncAck, click: Interaction) -> None:
        """Store the acceptance."""
        view = click.required_view
        subject, fingerprint = parse_drift_value(view.private_metadata)
        reason = view.value(ids.REASON)
        if not reason.strip():
            await ack(response_action="errors", errors={ids.REASON: refusal_words(_NO_REASON)})
            return
        command = AcceptDrift(
            actor=click.actor,
            subject=subject,
            fingerprint=fingerprint,
            days=parse_page(view.value(ids.DURATION)),
            reason=reason,
        )
        await self.service.store_click(command, key=click.key)
        await ack(response_action="clear")

    async def _require_admin(self, window: Window) -> None:
        """Check that the reader is an admin now.

        :raises Refused: when not.
        """
        await self.members.require_member(window.actor)
        person = await self.directory.identify(window.actor)
        roles = await self.directory.current_roles([person])
        if not roles.holds(person.id, ADMIN):
            raise Refused(RefusalCode.ONLY_ADMINS_ACCEPT_DRIFT)

    async def _open_drift(self, subject: DriftSubject) -> Drift | None:
        drift = await self.store.drift(subject)
        return drift if drift is not None and drift.is_open else None

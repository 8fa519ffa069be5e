"""The App Home: requests that wait for a person, the person's own requests, the partners; open alarms for admins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.answers.background import Background
from bot.slack.blocks.blocks import (
    DOMAIN,
    Json,
    actions,
    button,
    confirm_dialog,
    divider,
    footnote,
    header,
    paragraph,
    part,
    rich,
    when,
    within_limits,
    words,
)
from bot.slack.cards.chain import EXPIRES_NOW, still_needed
from bot.slack.cards.partners import change_elements
from bot.slack.cards.requests import (
    icon,
    identity_of,
    may_be_decided,
    may_be_withdrawn,
    request_target,
    review_button,
    withdraw_button,
)
from bot.slack.cards.reviews import partner_row, review_buttons
from bot.slack.flows.entry_points import EntryPoint, HomeEvent
from bot.slack.payloads.models import HomeOpened
from bot.slack.people.members import Members
from bot.slack.words.alarms import alarm_elements
from bot.words.plans.changes import describe
from bot.words.requests.form import lasts_words
from bot.words.requests.notes import note_words
from bot.words.requests.states import state_words
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.request import AccessRequest
from workflows.ports.notifier import Notifier
from workflows.ports.records import LimitedList
from workflows.ports.store import Store

MOST_ALARMS: Final = 10
MOST_WAITING: Final = 10
MOST_MINE: Final = 10
MOST_PARTNERS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeFlow:
    """Publishes the App Home of a person who opens it."""

    service: Service
    store: Store
    notifier: Notifier
    members: Members
    background: Background

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the entry points of this flow."""
        yield HomeEvent("app_home_opened", self.opened)

    async def opened(self, opened: HomeOpened) -> None:
        """Record that this person has an App Home, and publish it."""
        if opened.event.tab == "home":
            person = ChatId(opened.event.user)
            await self.store.save_home(person)
            self.background.start(self._show(person, key=f"home:{opened.event_id}"))

    async def _show(self, person: ChatId, *, key: str) -> None:
        """Publish it. For a person who is no full member, record that and show it there."""
        try:
            await self.members.require(person)
        except Refused as refused:
            await self.service.record_refusal(
                refused, key=key, actor=person, command="app_home_opened", subject=CommandSubject(), is_told=True
            )
        await self.notifier.show_home(person)


def home_view(
    *,
    waiting: LimitedList[AccessRequest],
    mine: Sequence[AccessRequest],
    partnerships: LimitedList[Partnership],
    now: datetime,
    alarms: Sequence[Alarm] | None = None,
) -> Json:
    """Return one person's App Home. Long lists are cut, and say by how much.

    :param alarms: the open alarms, oldest first, for an admin; None for everybody else.
    """
    asked = waiting.shown[:MOST_WAITING]
    shown = partnerships.shown[:MOST_PARTNERS]
    blocks: list[Block] = [
        actions("home", button("Request partner access", ids.OPEN_REQUEST, "home", "primary")),
        *_alarms(alarms or ()),
        *_section("Waiting for me", [list(_waiting(request, now)) for request in asked], is_ruled=True),
        *_more(waiting.count - len(asked), "their cards are in the approvals channel"),
        *_section("My requests", [list(_mine(request)) for request in mine[:MOST_MINE]]),
        *_more(len(mine) - MOST_MINE, "/partner show with the domain lists them"),
        *_section("Partners", [list(_partner(partnership, now)) for partnership in shown]),
        *_more(partnerships.count - len(shown), "/partner list"),
        footnote("As last recorded. /partner show with the domain reads the current settings."),
    ]
    # Without slack_sdk's View, which would parse and check every block a second time.
    return {"type": "home", "callback_id": ids.HOME, "blocks": within_limits(blocks, "home")}


def _alarms(alarms: Sequence[Alarm]) -> Iterator[Block]:
    """Return the open alarms, the newest first; nothing when there are none."""
    if not alarms:
        return
    yield from _section("Alarms", [list(_alarm(alarm)) for alarm in list(reversed(alarms))[:MOST_ALARMS]])
    yield from _more(len(alarms) - MOST_ALARMS, "each admin got a direct message about them")


def _alarm(alarm: Alarm) -> Iterator[Block]:
    yield rich(*alarm_elements(alarm))
    if alarm.code is AlarmCode.EFFECT_GIVEN_UP:
        sure = confirm_dialog("Give this work up?", "Gatehouse forgets it. What it was to do is not done.", "Give up")
        yield actions(
            f"alarm:{alarm.id}",
            button("Try again", ids.RETRY_EFFECT, alarm.subject, "primary"),
            button("Give up", ids.DROP_EFFECT, alarm.subject, "danger", confirm=sure),
        )


def closed_home() -> Json:
    """Return the view that tells a person who is no full member why there is nothing to see."""
    blocks = [rich(paragraph(words("Only full members of this workspace ask for partners, look at them and decide.")))]
    return {"type": "home", "callback_id": ids.HOME, "blocks": within_limits(blocks, "home")}


def _section(title: str, entries: Sequence[Sequence[Block]], *, is_ruled: bool = False) -> Iterator[Block]:
    yield header(title)
    for index, entry in enumerate(entries):
        if index and is_ruled:
            yield divider()
        yield from entry
    if not entries:
        yield footnote("Nothing.")


def _more(count: int, where: str) -> Iterator[Block]:
    if count > 0:
        yield footnote(f"and {count} more: {where}")


def _waiting(request: AccessRequest, now: datetime) -> Iterator[Block]:
    """Return a request that this person can decide on, with everything that it would open."""
    lines = describe(request.known.plan, request.known.observation.default, request.known.names)
    yield rich(_title(request), _origin(request), *change_elements(lines, "What will change"))
    if may_be_decided(request, now):
        yield review_button(request)
    else:
        yield footnote(EXPIRES_NOW)


def _mine(request: AccessRequest) -> Iterator[Block]:
    elements = [_title(request)]
    if waits := still_needed(request):
        elements.append(paragraph(part(waits, 300)))
    if request.note:
        elements.append(paragraph(part(note_words(request.note), 500)))
    yield rich(*elements)
    if may_be_withdrawn(request):
        yield withdraw_button(request)


def _partner(partnership: Partnership, now: datetime) -> Iterator[Block]:
    yield partner_row(partnership, now)
    buttons = review_buttons(partnership, now)
    if buttons is not None:
        yield buttons


def _title(request: AccessRequest) -> RichTextElement:
    """Return the target, then the state and since when."""
    identity = identity_of(request)
    own_name = [words(" ("), part(identity.display_name, 80), words(")")] if identity else []
    return paragraph(
        words(f"{icon(request)} "),
        part(request_target(request), DOMAIN, bold=True),
        *own_name,
        words(f": {state_words(request)}, "),
        when(request.changed_at),
    )


def _origin(request: AccessRequest) -> RichTextElement:
    known, asked = request.known, request.particulars
    lasts = f", {lasts}" if (lasts := lasts_words(asked)) else ""
    return paragraph(
        words("Tenant ID "),
        part(known.observation.identity.tenant_id, code=True),
        words(". Asked by "),
        part(known.requester.name),
        words(", “"),
        part(known.template_title),
        words(f"”{lasts}. Plan "),
        part(known.plan.digest[:12], code=True),
        words("; Review shows the whole request."),
    )

"""A notifier in a workspace, with people, requests and partnerships to show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, time, timedelta, tzinfo
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

from bot.report.batch_list import BatchLists
from bot.sandbox.http.faults import Fault
from bot.sandbox.seed import PEOPLE
from bot.sandbox.server import Sandbox
from bot.slack.outbound.approval_channel import ApprovalChannel
from bot.slack.outbound.batches.import_messages import ImportMessages
from bot.slack.outbound.batches.list_file import BatchListFiles
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.files.upload import FileUpload
from bot.slack.outbound.notifier import SlackNotifier
from bot.slack.outbound.recipients import Outbound
from tests.bot.bot_under_test import SLACK_IDS, SOME_STAMPS
from tests.workflows.core import builders
from workflows.app.alarms import Alarms
from workflows.core.partners.closing.lifting import USUAL_LIFT_WITHIN
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ADMIN, ChatId, Person, PersonId, Role
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.delegation.asking import StandIn
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.intervals import USUAL_PAUSES
from workflows.store.sqlite.store import SqliteStore

CHANNEL: Final = "C0PARTNERAC"
CARD_UPDATE_AFTER: Final = timedelta(seconds=USUAL_PAUSES.card_update)
NAMES: Final = {person.slack_id: person.name for person in PEOPLE}


def person(handle: str) -> Person:
    """Give somebody of the first day."""
    return Person(id=PersonId(f"id-{handle}"), chat_id=ChatId(SLACK_IDS[handle]), name=NAMES[SLACK_IDS[handle]])


def request(state: RequestState = RequestState.AWAITING_APPROVAL, **changes: Any) -> AccessRequest:
    """A request of the requester's, sponsored by the admin."""
    usual = builders.request(state)
    particulars = replace(usual.fields, requester=person("requester").chat_id, sponsor=person("admin").chat_id)
    prepared = replace(usual.require_prepared(), requester=person("requester"), sponsor=person("admin"))
    mine = {"fields": particulars, "prepared": prepared, "decisions": ()}
    return replace(usual, **{**mine, **changes})


def decided_by(handle: str, choice: Choice = Choice.APPROVE) -> Decision:
    """A decision in the first stage."""
    return builders.approval(person(handle), 0, choice=choice)


def partnership(**changes: Any) -> Partnership:
    """A partnership of the requester's whose review is due."""
    usual = builders.partnership(state=PartnershipState.REVIEW_DUE, sponsor=person("requester"), reminders=1)
    return replace(usual, **changes)


EVERY_HOUR: Final = WorkingCalendar(weekdays=frozenset(range(7)), begins=time(0), ends=time.max)
"""Somebody always works, so that no test depends on the day on which it runs."""


@dataclass(slots=True)
class FakeDirectory:
    """Roles by handle."""

    roles: dict[Role, tuple[str, ...]] = field(
        default_factory=lambda: {
            builders.SECURITY: ("approver1",),
            builders.DATA_OWNER: ("approver2", "approver3"),
            ADMIN: ("admin",),
        }
    )
    trouble: Exception | None = None
    people: dict[ChatId, Person] = field(default_factory=dict)
    zones: dict[ChatId, tzinfo] = field(default_factory=dict)
    away: tuple[StandIn, ...] = ()
    """Who is away, with who is asked in their place."""

    async def stand_ins(self) -> tuple[StandIn, ...]:
        """Return who is away now."""
        return self.away

    async def holders(self, role: Role) -> frozenset[ChatId]:
        if self.trouble is not None:
            raise self.trouble
        return frozenset(ChatId(SLACK_IDS.get(handle, handle)) for handle in self.roles.get(role, ()))

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        asked = frozenset(chat_ids)
        accounts = {self.people[one].id for one in asked if one in self.people}
        return asked | {one for one, person in self.people.items() if person.id in accounts}

    async def known_person(self, chat_id: ChatId) -> Person | None:
        return self.people.get(chat_id)

    async def name_of(self, chat_id: ChatId) -> str:
        return NAMES.get(chat_id, chat_id)

    async def zone_of(self, chat_id: ChatId) -> tzinfo:
        return self.zones.get(chat_id, UTC)

    async def is_member(self, _: ChatId) -> bool:
        return True


@dataclass(slots=True, kw_only=True)
class Scene:
    """A notifier in a workspace."""

    world: Sandbox
    store: SqliteStore
    directory: FakeDirectory
    client: AsyncWebClient

    def copies(
        self, channel: str = CHANNEL, *, was_active: Callable[[ChatId, timedelta], bool] = lambda *_: False
    ) -> CardCopies:
        """The posted copies, with what Slack has just said about people."""
        return CardCopies(client=self.client, store=self.store, channel=self.channel(channel), was_active=was_active)

    def notifier(
        self,
        channel: str = CHANNEL,
        *,
        copies: CardCopies | None = None,
        lift_within: timedelta = USUAL_LIFT_WITHIN,
        calendar: WorkingCalendar = EVERY_HOUR,
        changes_guests: bool = False,
    ) -> SlackNotifier:
        """A notifier that posts cards to a channel."""
        outbound = Outbound(
            copies=copies or self.copies(channel),
            directory=self.directory,  # type: ignore[arg-type]
            store=self.store,
            clock=self.world.clock,
            card_update_after=CARD_UPDATE_AFTER,
            lift_within=lift_within,
            calendar=calendar,
            changes_guests=changes_guests,
            stamps=SOME_STAMPS,
        )
        files = FileUpload(client=self.client, slack_api_url=f"{self.world.url}slack/api/")
        return SlackNotifier(outbound, BatchListFiles(outbound, files, BatchLists()), ImportMessages(outbound, files))

    def channel(self, channel: str = CHANNEL) -> ApprovalChannel:
        """The channel, and what is known of it."""
        alarms = Alarms(store=self.store, clock=self.world.clock, wake=lambda: None)
        return ApprovalChannel(client=self.client, channel=channel, alarms=alarms, clock=self.world.clock)

    def messages(self, place: str) -> list[dict[str, Any]]:
        """Return the messages in a channel, or in a person's direct messages (`@handle`)."""
        assert self.world.slack is not None
        conversation = self.world.slack.find(place)
        assert conversation is not None
        return self.world.slack.messages(conversation.id)

    def counts(self) -> dict[str, int]:
        """Return how many messages there are in each place."""
        places = [CHANNEL, *(f"@{name}" for name in ("requester", "approver1", "approver2", "approver3", "admin"))]
        return {place: len(found) for place in places if (found := self.messages(place))}

    def written(self) -> list[str]:
        """Which messages were written, by method."""
        methods = [entry["path"].rpartition("/")[2] for entry in self.world.slack_log.entries]
        return [method for method in methods if method.startswith("chat.")]

    def fail(self, method: str, error: str = "", **fault: Any) -> None:
        """Let the next call of a method fail."""
        body = {"ok": False, "error": error} if error else None
        self.world.faults.add(Fault(target="slack", method=method, body=body, **fault))


def action_ids(message: dict[str, Any]) -> list[str]:
    """The buttons of a message."""
    blocks = [block for block in message["blocks"] if block["type"] == "actions"]
    return [element["action_id"] for block in blocks for element in block["elements"]]

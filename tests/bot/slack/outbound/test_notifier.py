"""What people see: posted once, updated at every change, repeated never; who cannot be reached holds nobody up."""

import json
import threading
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.http.faults import Fault
from bot.sandbox.seed import PEOPLE
from bot.sandbox.server import Sandbox
from bot.slack.blocks.message import notice
from bot.slack.flows.home import home_view
from bot.slack.outbound import notifier
from bot.slack.outbound.approval_channel import ApprovalChannel
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.former_channels import FormerCards
from bot.slack.outbound.notifier import SlackNotifier
from tests.bot.bot_under_test import SLACK_IDS
from tests.workflows.core import builders
from tests.workflows.core.builders import text_message
from workflows.app.alarms import Alarms
from workflows.app.service import Service
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.people import ADMIN, ChatId, Person, PersonId, Role
from workflows.core.policy.approval import Choice, Decision
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.ports.directory import DirectoryUnavailable
from workflows.ports.notifier import NotifierBlocked, NotifierRefused, NotifierUnavailable
from workflows.ports.records import AuditEntry, Commit
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.store.sqlite.store import SqliteStore, open_store

CHANNEL: Final = "C0PARTNERAC"
NAMES: Final = {person.slack_id: person.name for person in PEOPLE}


def person(handle: str) -> Person:
    """Give somebody of the first day."""
    return Person(id=PersonId(f"id-{handle}"), chat_id=ChatId(SLACK_IDS[handle]), name=NAMES[SLACK_IDS[handle]])


def request(state: RequestState = RequestState.AWAITING_APPROVAL, **changes: Any) -> AccessRequest:
    """A request of the requester's, sponsored by the admin."""
    usual = builders.request(state)
    particulars = replace(usual.particulars, requester=person("requester").chat_id, sponsor=person("admin").chat_id)
    prepared = replace(usual.known, requester=person("requester"), sponsor=person("admin"))
    mine = {"particulars": particulars, "prepared": prepared, "decisions": ()}
    return replace(usual, **{**mine, **changes})


def decided_by(handle: str, choice: Choice = Choice.APPROVE) -> Decision:
    """A decision in the first stage."""
    return builders.approval(person(handle), 0, choice=choice)


def partnership(**changes: Any) -> Partnership:
    """A partnership of the requester's whose review is due."""
    usual = builders.partnership(state=PartnershipState.REVIEW_DUE, sponsor=person("requester"), reminders=1)
    return replace(usual, **changes)


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

    async def holders(self, role: Role) -> frozenset[ChatId]:
        if self.trouble is not None:
            raise self.trouble
        return frozenset(ChatId(SLACK_IDS.get(handle, handle)) for handle in self.roles[role])

    async def all_ids(self, chat_ids: Iterable[ChatId]) -> frozenset[ChatId]:
        asked = frozenset(chat_ids)
        accounts = {self.people[one].id for one in asked if one in self.people}
        return asked | {one for one, person in self.people.items() if person.id in accounts}

    async def known_person(self, chat_id: ChatId) -> Person | None:
        return self.people.get(chat_id)

    async def name_of(self, chat_id: ChatId) -> str:
        return NAMES.get(chat_id, chat_id)

    async def is_member(self, _: ChatId) -> bool:
        return True


@dataclass(slots=True, kw_only=True)
class PostureInputs:
    """A notifier in a workspace."""

    world: Sandbox
    store: SqliteStore
    directory: FakeDirectory
    client: AsyncWebClient

    def notifier(self, channel: str = CHANNEL) -> SlackNotifier:
        """A notifier that posts cards to a channel."""
        return SlackNotifier(
            copies=CardCopies(client=self.client, store=self.store, channel=self.channel(channel)),
            directory=self.directory,  # type: ignore[arg-type]
            store=self.store,
            clock=self.world.clock,
        )

    def channel(self, channel: str = CHANNEL) -> ApprovalChannel:
        """The channel, and what is known of it."""
        alarms = Alarms(store=self.store, clock=self.world.clock, wake=lambda: None)
        return ApprovalChannel(client=self.client, channel=channel, alarms=alarms, clock=self.world.clock)

    def messages(self, place: str) -> list[dict[str, Any]]:
        """What stands in a channel, or in somebody's direct messages (`@handle`)."""
        assert self.world.slack is not None
        conversation = self.world.slack.find(place)
        assert conversation is not None
        return self.world.slack.messages(conversation.id)

    def counts(self) -> dict[str, int]:
        """How many messages stand where."""
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


@pytest.fixture
async def scene(world: Sandbox, tmp_path: Path) -> AsyncIterator[PostureInputs]:
    """An empty workspace and an empty database."""
    assert world.slack_stand_in is not None
    store = await open_store(tmp_path / "gatehouse.db", world.clock)
    token = world.slack_stand_in.credentials.bot_token
    client = AsyncWebClient(token=token, base_url=f"{world.url}slack/api/", retry_handlers=[])
    yield PostureInputs(world=world, store=store, directory=FakeDirectory(), client=client)
    await store.close()


def action_ids(message: dict[str, Any]) -> list[str]:
    """The buttons of a message."""
    blocks = [block for block in message["blocks"] if block["type"] == "actions"]
    return [element["action_id"] for block in blocks for element in block["elements"]]


# --- requests ---


async def test_a_card_is_posted_once(scene: PostureInputs) -> None:
    for _ in range(3):
        await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@approver1": 1, "@requester": 1}
    assert scene.written() == ["chat.postMessage"] * 3
    assert "approve" in action_ids(scene.messages(CHANNEL)[0])
    assert "approve" in action_ids(scene.messages("@approver1")[0])


async def test_every_copy_is_updated_in_place(scene: PostureInputs) -> None:
    await scene.notifier().show_request(request())
    before = {place: scene.messages(place)[0]["ts"] for place in scene.counts()}
    rejected = request(RequestState.REJECTED)
    for _ in range(2):
        await scene.notifier().show_request(rejected)
    assert {place: scene.messages(place)[0]["ts"] for place in scene.counts()} == before
    assert scene.written() == ["chat.postMessage"] * 3 + ["chat.update"] * 3
    for place in before:
        (message,) = scene.messages(place)
        assert "rejected" in message["text"].lower()
        assert action_ids(message) == []


async def test_who_decided_keeps_no_live_buttons_and_who_is_next_is_asked(scene: PostureInputs) -> None:
    await scene.notifier().show_request(request())
    await scene.notifier().show_request(request(decisions=(decided_by("approver1"),)))
    assert scene.counts() == {CHANNEL: 1, "@approver1": 1, "@approver2": 1, "@approver3": 1, "@requester": 1}
    assert action_ids(scene.messages("@approver1")[0]) == []
    assert "approve" in action_ids(scene.messages("@approver2")[0])


async def test_a_role_of_many_is_asked_in_the_channel_only(scene: PostureInputs) -> None:
    scene.directory.roles[builders.SECURITY] = tuple(f"U{number}" for number in range(11))
    await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@requester": 1}


async def test_a_request_without_a_plan_is_told_to_the_requester_only(scene: PostureInputs) -> None:
    await scene.notifier().show_request(replace(request(), state=RequestState.PREPARING, prepared=None))
    assert scene.counts() == {"@requester": 1}


@pytest.mark.parametrize("error", ["channel_not_found", "is_archived", "not_in_channel"])
async def test_a_channel_that_is_gone_does_not_keep_people_from_being_asked(scene: PostureInputs, error: str) -> None:
    """An admin can mend that, so it waits and is tried again; meanwhile the chain goes on by direct messages."""
    for _ in range(2):
        scene.fail("chat.postMessage", error, match=CHANNEL)
        with pytest.raises(NotifierBlocked, match=error):
            await scene.notifier().show_request(request())
    assert scene.counts() == {"@approver1": 1, "@requester": 1}
    await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@approver1": 1, "@requester": 1}


async def test_of_a_large_role_ten_are_told_directly_while_the_channel_takes_no_card(scene: PostureInputs) -> None:
    """Somebody who can decide always hears of a request; who that is does not change from one attempt to the next."""
    scene.directory.roles[builders.SECURITY] = tuple(f"U{number:02}" for number in range(12))
    for _ in range(2):
        scene.fail("chat.postMessage", "not_in_channel", match=CHANNEL)
        with pytest.raises(NotifierBlocked):
            await scene.notifier().show_request(request())
    opened = [
        entry["body"]["users"]
        for entry in scene.world.slack_log.entries
        if entry["path"].endswith("conversations.open")
    ]
    assert {users for users in opened if len(users) == 3} == {f"U{number:02}" for number in range(10)}


async def test_an_approver_who_cannot_be_reached_does_not_keep_the_others_from_being_asked(
    scene: PostureInputs,
) -> None:
    scene.directory.roles[builders.SECURITY] = ("approver1", "approver2", "approver3")
    scene.fail("conversations.open", "user_disabled", match=SLACK_IDS["approver1"])
    await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@approver2": 1, "@approver3": 1, "@requester": 1}


@pytest.mark.parametrize("who", ["approver1", "requester"])
async def test_a_person_whom_slack_lets_nobody_write_to_is_no_alarm(scene: PostureInputs, who: str) -> None:
    """The channel's card serves that person. One alarm for each update of it would hide the alarms that matter."""
    for state in (RequestState.AWAITING_APPROVAL, RequestState.REJECTED):
        scene.fail("conversations.open", "user_disabled", match=SLACK_IDS[who])
        await scene.notifier().show_request(request(state))
    assert scene.counts()[CHANNEL] == 1
    assert "rejected" in scene.messages(CHANNEL)[0]["text"].lower()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("1e9", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("301", 300.0),
        ("9" * 400, 300.0),
        ("9" * 5000, 300.0),
    ],
)
async def test_a_busy_slack_is_left_alone_for_as_long_as_it_says_and_five_minutes_at_most(
    scene: PostureInputs, said: str, seconds: float | None
) -> None:
    scene.fail("chat.postMessage", status=429, headers={"Retry-After": said})
    with pytest.raises(NotifierUnavailable) as busy:
        await scene.notifier().show_request(request())
    assert busy.value.retry_after == seconds


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"reset": True},
        {"error": "internal_error"},
        {"error": "token_revoked"},
    ],
)
async def test_a_slack_that_is_away_is_asked_again_for_what_is_missing(
    scene: PostureInputs, fault: dict[str, Any]
) -> None:
    scene.fail("chat.postMessage", **fault, match=SLACK_IDS["approver1"].removeprefix("U"))
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1}
    await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@approver1": 1, "@requester": 1}


PASSES: Final = [
    *("ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"),
    *("org_login_required", "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"),
    "missing_scope",
]
STAYS: Final = [
    *("msg_too_long", "no_text", "invalid_blocks", "invalid_arguments", "never_heard_of"),
]
MENDED: Final = [
    *("channel_not_found", "is_archived", "restricted_action", "not_in_channel"),
    *("restricted_action_read_only_channel", "posting_to_general_channel_denied"),
]


@pytest.mark.parametrize(
    ("error", "expected"),
    [(e, NotifierUnavailable) for e in PASSES]
    + [(e, NotifierRefused) for e in STAYS]
    + [(e, NotifierBlocked) for e in MENDED],
)
async def test_what_passes_is_waited_for_and_what_stays_is_given_up(
    scene: PostureInputs, error: str, expected: type[Exception]
) -> None:
    """Nothing is lost while an admin mends the token, and nothing is tried for ever that Slack will never take."""
    scene.fail("chat.postMessage", error, match=CHANNEL)
    with pytest.raises(expected, match=error):
        await scene.notifier().show_request(request())


async def test_a_failing_server_is_waited_for_whatever_it_says(scene: PostureInputs) -> None:
    scene.fail("chat.postMessage", "never_heard_of", status=500)
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().show_request(request())


@pytest.mark.parametrize(("error", "kind"), [("invalid_blocks", NotifierRefused), ("is_archived", NotifierBlocked)])
async def test_a_channels_card_that_cannot_be_updated_is_an_alarm_and_is_tried_again(
    scene: PostureInputs, error: str, kind: type[Exception]
) -> None:
    await scene.notifier().show_request(request())
    scene.fail("chat.update", error, match=CHANNEL)
    with pytest.raises(kind, match=error):
        await scene.notifier().show_request(request(RequestState.REJECTED))
    assert "rejected" in scene.messages("@approver1")[0]["text"].lower()
    await scene.notifier().show_request(request(RequestState.REJECTED))
    assert "rejected" in scene.messages(CHANNEL)[0]["text"].lower()


@pytest.mark.parametrize("status", [200, 502])
async def test_a_page_that_is_not_slacks_is_no_answer(scene: PostureInputs, status: int) -> None:
    """A proxy's page must not look like a fault of our own, which would be given up after a few attempts."""
    scene.world.faults.add(Fault(target="slack", body="<html>proxy</html>", status=status))
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().show_request(request())


AWAY: Final = [
    (DirectoryUnavailable("away", 7.0), 7.0),
    (TenantUnavailable("away", 8.0), 8.0),
    (TenantRefused(403, "Authorization_RequestDenied", "no consent"), None),
]


@pytest.mark.parametrize(("trouble", "seconds"), AWAY)
async def test_nobody_is_asked_while_it_is_unknown_who_decides(
    scene: PostureInputs, trouble: Exception, seconds: float | None
) -> None:
    """Roles may come from Entra's groups: what Entra does not tell is waited for like what Slack does not tell."""
    scene.directory.trouble = trouble
    with pytest.raises(NotifierUnavailable) as waits:
        await scene.notifier().show_request(request())
    assert waits.value.retry_after == seconds
    assert scene.counts() == {}


@pytest.mark.parametrize(("trouble", "seconds"), AWAY)
async def test_a_sponsor_is_asked_while_it_is_unknown_who_the_admins_are(
    scene: PostureInputs, trouble: Exception, seconds: float | None
) -> None:
    scene.directory.trouble = trouble
    with pytest.raises(NotifierUnavailable) as waits:
        await scene.notifier().show_review(partnership(reminders=2), remind=True)
    assert waits.value.retry_after == seconds
    assert scene.counts() == {"@requester": 1}
    scene.directory.trouble = None
    await scene.notifier().show_review(partnership(reminders=2), remind=True)
    assert scene.counts() == {"@requester": 1, "@admin": 1}


async def test_a_card_that_somebody_deleted_stays_deleted_when_all_is_over(scene: PostureInputs) -> None:
    await scene.notifier().show_request(request())
    scene.fail("chat.update", "message_not_found", match=CHANNEL)
    for _ in range(2):
        await scene.notifier().show_request(request(RequestState.REJECTED))
    assert scene.counts() == {CHANNEL: 1, "@approver1": 1, "@requester": 1}
    assert scene.written() == ["chat.postMessage"] * 3 + ["chat.update"] * 3


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_a_card_that_cannot_be_updated_any_more_is_replaced_once(scene: PostureInputs, error: str) -> None:
    """Between two stages: the next approvers need a card with buttons, and the old one is left alone from then on."""
    await scene.notifier().show_request(request())
    scene.fail("chat.update", error, match=CHANNEL)
    second_stage = request(decisions=(decided_by("approver1"),))
    for _ in range(3):
        await scene.notifier().show_request(second_stage)
    assert scene.counts()[CHANNEL] == 2
    new = scene.messages(CHANNEL)[-1]
    assert "approve" in action_ids(new)
    copies = await scene.store.copies(f"request:{second_stage.id}")
    lives = {copy.message_id: copy.is_live for copy in copies if not copy.audience}
    assert lives == {scene.messages(CHANNEL)[0]["ts"]: False, new["ts"]: True}
    updates = scene.written().count("chat.update")
    await scene.notifier().show_request(second_stage)
    assert scene.written().count("chat.update") == updates


async def test_a_card_moves_to_the_new_approval_channel_when_the_former_one_is_archived(scene: PostureInputs) -> None:
    """Nobody mends the former one; waiting for it would be an alarm for ever."""
    await scene.notifier().show_request(request())
    assert scene.world.slack is not None
    other = next(one for one in scene.world.slack.conversations if one != CHANNEL)
    known = scene.world.slack.conversations[other]
    scene.world.slack.conversations[other] = replace(known, kind="private_channel", is_ext_shared=False)
    for _ in range(2):
        scene.fail("chat.update", "is_archived", match=CHANNEL)
        await scene.notifier(other).show_request(request(decisions=(decided_by("approver1"),)))
    assert "approve" in action_ids(scene.messages(other)[0])
    assert len(scene.messages(other)) == 1


def private(scene: PostureInputs) -> str:
    """Make another channel fit for approval cards, and give its id."""
    assert scene.world.slack is not None
    other = next(one for one in scene.world.slack.conversations if one != CHANNEL)
    known = scene.world.slack.conversations[other]
    scene.world.slack.conversations[other] = replace(known, kind="private_channel", is_ext_shared=False)
    return other


async def test_a_card_in_a_former_approval_channel_is_emptied_once_and_gets_no_updates(scene: PostureInputs) -> None:
    await scene.notifier().show_request(request())
    other = private(scene)
    await scene.notifier(other).show_request(request())
    (former,) = scene.messages(CHANNEL)
    assert "handled elsewhere" in former["text"]
    assert "contoso" not in json.dumps(former).lower()
    assert action_ids(former) == []
    assert "approve" in action_ids(scene.messages(other)[0])
    for changed in (request(decisions=(decided_by("approver1"),)), request(RequestState.REJECTED)):
        await scene.notifier(other).show_request(changed)
    assert scene.messages(CHANNEL) == [former]
    assert len(scene.messages(other)) == 1
    assert "rejected" in scene.messages(other)[0]["text"].lower()
    in_former = [one for one in scene.world.slack_log.entries if one["path"].endswith("chat.update")]
    assert sum(CHANNEL in str(one["body"]) for one in in_former) == 1


async def test_every_card_in_a_former_channel_is_emptied_without_any_change(scene: PostureInputs) -> None:
    """What is closed, too; an open request is shown where it belongs now."""
    closed = replace(request(RequestState.REJECTED), id=RequestId("r-closed"), version=1)
    for one in (replace(request(), version=1), closed):
        entry = AuditEntry(key=one.id, at=builders.NOW, actor="t", command="put", outcome="accepted", details={})
        assert await scene.store.commit(Commit(entry=entry, request=one))
        await scene.notifier().show_request(one)
    other = private(scene)
    channel = scene.channel(other)
    former = FormerCards(
        store=scene.store,
        service=Service(store=scene.store, clock=scene.world.clock, wake=lambda: None),
        copies=CardCopies(client=scene.client, store=scene.store, channel=channel),
        channel=channel,
        clock=scene.world.clock,
    )
    before = scene.written().count("chat.update")
    for _ in range(3):
        await former.empty()
    assert scene.written().count("chat.update") == before + 2
    for message in scene.messages(CHANNEL):
        assert "handled elsewhere" in message["text"]
        assert "contoso" not in json.dumps(message).lower()
    wanted = [one.effect for one in await scene.store.pending(scene.world.clock.now(), 9)]
    assert wanted == [ShowRequest(request_id=request().id)]
    await scene.notifier(other).show_request(request())
    assert "approve" in action_ids(scene.messages(other)[0])


async def test_a_former_channel_that_slack_does_not_reach_is_emptied_when_it_does(scene: PostureInputs) -> None:
    await scene.notifier().show_request(request())
    other = private(scene)
    scene.fail("chat.update", "internal_error", match=CHANNEL)
    with pytest.raises(NotifierUnavailable):
        await scene.notifier(other).show_request(request())
    await scene.notifier(other).show_request(request())
    assert "handled elsewhere" in scene.messages(CHANNEL)[0]["text"]


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message"])
async def test_a_review_card_that_cannot_be_updated_any_more_is_replaced_while_it_waits(
    scene: PostureInputs, error: str
) -> None:
    await scene.notifier().show_review(partnership(), remind=True)
    scene.fail("chat.update", error)
    for _ in range(2):
        await scene.notifier().show_review(partnership(ends_at=partnership().since), remind=False)
    assert scene.counts() == {"@requester": 2}


async def test_of_several_reminders_that_cannot_be_updated_one_is_replaced(scene: PostureInputs) -> None:
    for reminders in (1, 2, 3):
        await scene.notifier().show_review(partnership(reminders=reminders), remind=True)
    before = scene.counts()["@requester"]
    scene.fail("chat.update", "edit_window_closed", times=9)
    for _ in range(2):
        await scene.notifier().show_review(partnership(ends_at=partnership().since, reminders=3), remind=False)
    assert scene.counts()["@requester"] == before + 1


async def test_the_new_card_comes_before_the_old_one_is_forgotten(scene: PostureInputs) -> None:
    """Whatever fails in between: the requester has a card again after the next attempt."""
    await scene.notifier().show_request(request())
    place = SLACK_IDS["requester"].removeprefix("U")
    scene.fail("chat.update", "cant_update_message", match=place, times=2)
    scene.fail("chat.postMessage", "internal_error", match=place)
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().show_request(request(RequestState.REJECTED))
    await scene.notifier().show_request(request(RequestState.REJECTED))
    assert "rejected" in scene.messages("@requester")[-1]["text"].lower()
    assert scene.counts()["@requester"] == 2


# --- App Homes and alarms ---


async def test_a_card_publishes_no_home_and_asks_once_for_each(scene: PostureInputs) -> None:
    """A hundred cards would publish each Home a hundred times, and every click would wait behind them."""
    for handle in ("approver1", "requester"):
        await scene.store.save_home(ChatId(SLACK_IDS[handle]))
    for _ in range(5):
        await scene.notifier().show_request(request())
    assert "views.publish" not in [entry["path"].rpartition("/")[2] for entry in scene.world.slack_log.entries]
    wanted = {one.lane for one in await scene.store.pending(scene.world.clock.now(), 99)}
    assert wanted == {f"home:{SLACK_IDS[handle]}" for handle in ("approver1", "requester")}


async def home_text(scene: PostureInputs, who: ChatId) -> str:
    """What is published as somebody's App Home."""
    await scene.notifier().show_home(who)
    calls = [one for one in scene.world.slack_log.entries if one["path"].endswith("views.publish")]
    return str(calls[-1]["body"])


async def test_a_home_knows_a_person_under_both_slack_ids(scene: PostureInputs) -> None:
    """What they asked for, what waits for them, and that they are an admin."""
    other = {handle: ChatId(f"W0{handle.upper()}") for handle in ("requester", "approver1", "admin")}
    stored = request(version=1)
    asked = AuditEntry(key="put", at=builders.NOW, actor="t", command="put", outcome="accepted", details={})
    assert await scene.store.commit(Commit(entry=asked, request=stored))
    shown = {"requester": "Withdraw", "approver1": "Review", "admin": "Alarms"}
    await Alarms(store=scene.store, clock=scene.world.clock, wake=lambda: None).keep_alarms(
        AlarmCode.CHANNEL_NOT_PRIVATE, {CHANNEL: {"channel": CHANNEL, "reason": "it is archived"}}
    )
    for handle, words in shown.items():
        assert words not in await home_text(scene, other[handle]), "as long as nobody knows who that is"
        scene.directory.people[other[handle]] = person(handle)
        assert words in await home_text(scene, other[handle])


async def test_the_requester_is_not_asked_under_another_id(scene: PostureInputs) -> None:
    """The role lists them under an id that the request does not know: no copy with buttons, and no approver's name."""
    scene.directory.roles[builders.SECURITY] = ("approver1", "approver2")
    await scene.notifier().show_request(request())
    assert {"@approver1", "@approver2"} <= set(scene.counts())
    other = replace(person("requester"), chat_id=person("approver2").chat_id)
    scene.directory.people |= {one.chat_id: one for one in (other, person("requester"))}
    await scene.notifier().show_request(request())
    assert "approve" in action_ids(scene.messages("@approver1")[0])
    assert "approve" not in action_ids(scene.messages("@approver2")[0])
    second = replace(request(), id=RequestId("R-2"))
    await scene.notifier().show_request(second)
    assert (scene.counts()["@approver1"], scene.counts()["@approver2"]) == (2, 1)
    assert NAMES[SLACK_IDS["approver2"]] not in str(scene.messages("@approver1")[-1]["blocks"])


async def test_a_home_is_made_off_the_event_loop(scene: PostureInputs, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it is: a click that comes meanwhile is acknowledged."""
    threads: list[int] = []

    def watched(**shown: Any) -> Any:
        threads.append(threading.get_ident())
        return home_view(**shown)

    monkeypatch.setattr(notifier, "home_view", watched)
    await scene.notifier().show_home(ChatId(SLACK_IDS["requester"]))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_home_that_slack_does_not_show_is_nobodys_alarm(scene: PostureInputs) -> None:
    scene.fail("views.publish", "not_enabled")
    await scene.notifier().show_home(ChatId(SLACK_IDS["requester"]))


ALARM: Final = Alarm(
    id=AlarmId("A-1"),
    code=AlarmCode.CARD_NOT_POSTED,
    subject="r-1",
    values={"partner": "contoso.com", "request": "r-1", "reason": "chat.postMessage: not_in_channel"},
    raised_at=builders.NOW,
)


async def test_an_alarm_is_sent_to_each_admin_once_and_updated_when_it_is_mended(scene: PostureInputs) -> None:
    scene.directory.roles[ADMIN] = ("admin", "approver1")
    for _ in range(2):
        await scene.notifier().show_alarm(ALARM)
    assert scene.counts() == {"@admin": 1, "@approver1": 1}
    await scene.notifier().show_alarm(replace(ALARM, cleared_at=builders.NOW))
    assert scene.counts() == {"@admin": 1, "@approver1": 1}
    assert scene.messages("@admin")[0]["text"].startswith("Mended")


async def test_an_alarm_that_ended_without_being_mended_says_why(scene: PostureInputs) -> None:
    scene.directory.roles[ADMIN] = ("admin",)
    ended = replace(ALARM, cleared_at=builders.NOW, values={**ALARM.values, "ended": "replaced by R-2"})
    await scene.notifier().show_alarm(ALARM)
    await scene.notifier().show_alarm(ended)
    text = scene.messages("@admin")[0]["text"]
    assert text.startswith("Ended. The alarm said: ")
    assert text.endswith("Not mended: replaced by R-2.")
    assert "Mended" not in str(scene.messages("@admin")[0])


async def test_one_admin_whom_slack_refuses_does_not_keep_the_others_from_hearing(scene: PostureInputs) -> None:
    scene.directory.roles[ADMIN] = ("admin", "approver1", "approver2")
    scene.fail("conversations.open", "user_disabled", match=SLACK_IDS["admin"])
    await scene.notifier().show_alarm(ALARM)
    assert scene.counts() == {"@approver1": 1, "@approver2": 1}


async def test_an_alarm_that_reaches_nobody_is_tried_as_long_as_it_is_open(scene: PostureInputs) -> None:
    """It is never given up, which would be one more alarm that reaches nobody."""
    scene.fail("conversations.open", "user_disabled")
    with pytest.raises(NotifierBlocked, match="user_disabled"):
        await scene.notifier().show_alarm(ALARM)
    scene.directory.roles[ADMIN] = ()
    with pytest.raises(NotifierBlocked, match="nobody holds the role"):
        await scene.notifier().show_alarm(ALARM)
    await scene.notifier().show_alarm(replace(ALARM, cleared_at=builders.NOW))
    scene.directory.roles[ADMIN] = ("admin",)
    await scene.notifier().show_alarm(ALARM)
    assert scene.counts() == {"@admin": 1}


# --- reviews ---


async def test_a_reminder_goes_to_the_sponsor_once(scene: PostureInputs) -> None:
    for _ in range(3):
        await scene.notifier().show_review(partnership(), remind=True)
    assert scene.counts() == {"@requester": 1}
    assert "keep" in action_ids(scene.messages("@requester")[0])


async def test_without_a_reminder_nothing_is_posted(scene: PostureInputs) -> None:
    await scene.notifier().show_review(partnership(), remind=False)
    assert scene.counts() == {}


async def test_where_the_sponsor_is_gone_the_admins_are_asked_at_once(scene: PostureInputs) -> None:
    gone = partnership(sponsor_gone_at=builders.NOW)
    await scene.notifier().show_review(gone, remind=True)
    assert scene.messages("@requester") == [], "the sponsor cannot answer"
    (card,) = scene.messages("@admin")
    said = json.dumps(card)
    assert "no enabled account" in said
    assert "An admin who keeps the access becomes the sponsor." in said


async def test_from_the_second_reminder_on_the_admins_are_asked_too(scene: PostureInputs) -> None:
    await scene.notifier().show_review(partnership(reminders=2), remind=True)
    assert scene.counts() == {"@requester": 1, "@admin": 1}


async def reminded(scene: PostureInputs, shown: Partnership) -> None:
    """Remind as the outbox does: again as long as Slack does not answer."""
    try:
        await scene.notifier().show_review(shown, remind=True)
    except NotifierUnavailable:
        await scene.notifier().show_review(shown, remind=True)


@pytest.mark.parametrize("method", ["conversations.open", "chat.postMessage", "chat.update"])
@pytest.mark.parametrize("who", ["requester", "admin"])
async def test_a_reminder_survives_a_slack_that_fails_once(scene: PostureInputs, method: str, who: str) -> None:
    """Whatever was done before it failed, everybody has this reminder once, and the older cards tell the same."""
    await scene.notifier().show_review(partnership(), remind=True)
    place = SLACK_IDS[who] if method == "conversations.open" else SLACK_IDS[who].removeprefix("U")
    scene.fail(method, "internal_error", match=place)
    await reminded(scene, partnership(reminders=2))
    assert scene.counts() == {"@requester": 2, "@admin": 1}
    assert {message["text"] for message in scene.messages("@requester")} == {scene.messages("@admin")[0]["text"]}
    assert all("twice" in str(message["blocks"]) for message in scene.messages("@requester"))


async def test_each_review_asks_anew(scene: PostureInputs) -> None:
    """Reminders are counted from the beginning after every answer, and after every new approval."""
    first = partnership()
    kept = replace(first, attestations=(Attestation(person=first.sponsor, reason="Needed", at=first.since),))
    approved_anew = replace(first, request_id=RequestId("R-ANOTHER234"))
    for number, shown in enumerate((first, kept, approved_anew), 1):
        for _ in range(2):
            await scene.notifier().show_review(shown, remind=True)
        assert scene.counts() == {"@requester": number}


async def test_a_review_that_was_answered_meanwhile_is_not_asked_any_more(scene: PostureInputs) -> None:
    await scene.notifier().show_review(partnership(state=PartnershipState.ACTIVE, reminders=0), remind=True)
    assert scene.counts() == {}


async def test_one_whom_nobody_can_reach_does_not_keep_the_others_from_being_asked(scene: PostureInputs) -> None:
    scene.directory.roles[ADMIN] = ("admin", "approver1", "approver2")
    scene.fail("conversations.open", "user_disabled", match=SLACK_IDS["admin"])
    await scene.notifier().show_review(partnership(reminders=2), remind=True)
    assert scene.counts() == {"@requester": 1, "@approver1": 1, "@approver2": 1}


async def test_a_reminder_that_reaches_nobody_is_an_alarm(scene: PostureInputs) -> None:
    scene.fail("conversations.open", "user_disabled", times=2)
    with pytest.raises(NotifierRefused, match="user_disabled"):
        await scene.notifier().show_review(partnership(), remind=True)


@pytest.mark.parametrize("error", ["user_disabled", "user_not_found", "cannot_dm_bot"])
async def test_when_the_sponsor_has_left_the_admins_are_asked(scene: PostureInputs, error: str) -> None:
    scene.fail("conversations.open", error, match=SLACK_IDS["requester"])
    await scene.notifier().show_review(partnership(), remind=True)
    assert scene.counts() == {"@admin": 1}
    assert "revoke_review" in action_ids(scene.messages("@admin")[0])


async def test_an_answered_review_has_no_live_buttons(scene: PostureInputs) -> None:
    await scene.notifier().show_review(partnership(), remind=True)
    await scene.notifier().show_review(partnership(state=PartnershipState.REVOKED, next_review_at=None), remind=False)
    (message,) = scene.messages("@requester")
    assert action_ids(message) == []


# --- words for one person ---


async def test_a_word_is_said_where_the_click_was_and_to_nobody_else(scene: PostureInputs) -> None:
    await scene.notifier().tell(ChatId(SLACK_IDS["approver1"]), text_message("No <!channel>"), channel=CHANNEL)
    assert scene.written() == ["chat.postEphemeral"]
    assert scene.counts() == {}


@pytest.mark.parametrize("error", ["user_not_in_channel", "channel_not_found", "is_archived"])
async def test_a_word_that_cannot_be_said_there_is_said_directly(scene: PostureInputs, error: str) -> None:
    scene.fail("chat.postEphemeral", error)
    await scene.notifier().tell(ChatId(SLACK_IDS["approver1"]), text_message("No."), channel=CHANNEL)
    (message,) = scene.messages("@approver1")
    assert message["text"] == notice("No.").text


async def test_a_word_without_a_place_is_said_directly(scene: PostureInputs) -> None:
    await scene.notifier().tell(ChatId(SLACK_IDS["approver1"]), text_message("No."), channel="")
    assert scene.counts() == {"@approver1": 1}


async def test_a_person_whom_nobody_can_reach_is_no_reason_to_try_for_ever(scene: PostureInputs) -> None:
    with pytest.raises(NotifierRefused, match="user_not_found"):
        await scene.notifier().tell(ChatId("U0NOBODY"), text_message("No."), channel="")


async def test_an_alarm_waits_until_there_is_an_admin_to_tell(scene: PostureInputs) -> None:
    """The role of the admins may be what is empty."""
    scene.directory.roles[ADMIN] = ()
    alarm = Alarm(id=AlarmId("A-1"), code=AlarmCode.ROLE_EMPTY, subject="admin", raised_at=builders.NOW)
    with pytest.raises(NotifierUnavailable, match="nobody holds the role"):
        await scene.notifier().show_alarm(alarm)
    scene.directory.roles[ADMIN] = ("admin",)
    await scene.notifier().show_alarm(alarm)
    assert len(scene.messages("@admin")) == 1

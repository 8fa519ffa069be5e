"""App Homes and alarms: who sees them, and once."""

import threading
from dataclasses import replace
from typing import Any, Final

import pytest

from bot.slack.flows.home.view import home_view
from bot.slack.outbound import app_homes
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import CHANNEL, NAMES, Scene, action_ids, person, request
from tests.workflows.core import builders
from workflows.app.alarms import Alarms
from workflows.core.people import ADMIN, ChatId
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.request import RequestId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierBlocked, NotifierUnavailable
from workflows.ports.records import Commit

# --- App Homes and alarms ---


async def test_a_card_publishes_no_home_and_asks_once_for_each(scene: Scene) -> None:
    """A hundred cards would publish each App Home a hundred times, and delay every click."""
    for handle in ("approver1", "requester"):
        await scene.store.save_home(ChatId(SLACK_IDS[handle]))
    for _ in range(5):
        await scene.notifier().show_request(request())
    assert "views.publish" not in [entry["path"].rpartition("/")[2] for entry in scene.world.slack_log.entries]
    wanted = {one.lane for one in await scene.store.pending(scene.world.clock.now(), 99)}
    assert wanted == {f"home:{SLACK_IDS[handle]}" for handle in ("approver1", "requester")}


async def home_text(scene: Scene, who: ChatId) -> str:
    """What is published as somebody's App Home."""
    await scene.notifier().show_home(who)
    calls = [one for one in scene.world.slack_log.entries if one["path"].endswith("views.publish")]
    return str(calls[-1]["body"])


async def test_a_home_knows_a_person_under_both_slack_ids(scene: Scene) -> None:
    """What they asked for, what waits for them, and that they are an admin."""
    other = {handle: ChatId(f"W0{handle.upper()}") for handle in ("requester", "approver1", "admin")}
    stored = request(version=1)
    asked = AuditEntry(key="put", at=builders.NOW, actor="t", command="put", outcome="accepted", details={})
    assert await scene.store.commit(Commit(entry=asked, request=stored))
    shown = {"requester": "Withdraw", "approver1": "Review", "admin": "Alarms"}
    await Alarms(store=scene.store, clock=scene.world.clock, wake=lambda: None).update_alarms(
        AlarmCode.CHANNEL_NOT_PRIVATE, {CHANNEL: {"channel": CHANNEL, "reason": "it is archived"}}
    )
    for handle, words in shown.items():
        assert words not in await home_text(scene, other[handle]), "as long as nobody knows who that is"
        scene.directory.people[other[handle]] = person(handle)
        assert words in await home_text(scene, other[handle])


async def test_the_requester_is_not_asked_under_another_id(scene: Scene) -> None:
    """The role lists another id of the requester. It gets no copy with buttons, and is not named as an approver."""
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


async def test_a_home_is_made_off_the_event_loop(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A click during the building of a long App Home is acknowledged in time."""
    threads: list[int] = []

    def watched(*shown: Any, **more: Any) -> Any:
        threads.append(threading.get_ident())
        return home_view(*shown, **more)

    monkeypatch.setattr(app_homes, "home_view", watched)
    await scene.notifier().show_home(ChatId(SLACK_IDS["requester"]))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_home_that_slack_does_not_show_is_nobodys_alarm(scene: Scene) -> None:
    scene.fail("views.publish", "not_enabled")
    await scene.notifier().show_home(ChatId(SLACK_IDS["requester"]))


ALARM: Final = Alarm(
    id=AlarmId("A-1"),
    code=AlarmCode.CARD_NOT_POSTED,
    subject="r-1",
    values={"partner": "contoso.com", "request": "r-1", "reason": "chat.postMessage: not_in_channel"},
    raised_at=builders.NOW,
)


async def test_an_alarm_is_sent_to_each_admin_once_and_updated_when_it_is_repaired(scene: Scene) -> None:
    scene.directory.roles[ADMIN] = ("admin", "approver1")
    for _ in range(2):
        await scene.notifier().show_alarm(ALARM)
    assert scene.counts() == {"@admin": 1, "@approver1": 1}
    await scene.notifier().show_alarm(replace(ALARM, cleared_at=builders.NOW))
    assert scene.counts() == {"@admin": 1, "@approver1": 1}
    assert scene.messages("@admin")[0]["text"].startswith("contoso.com, fixed. ")


async def test_an_alarm_that_ended_without_being_repaired_says_why(scene: Scene) -> None:
    scene.directory.roles[ADMIN] = ("admin",)
    ended = replace(ALARM, cleared_at=builders.NOW, values={**ALARM.values, "ended": "replaced by R-2"})
    await scene.notifier().show_alarm(ALARM)
    await scene.notifier().show_alarm(ended)
    text = scene.messages("@admin")[0]["text"]
    assert text.startswith("contoso.com, ended. The alarm was: ")
    assert text.endswith("Not fixed: replaced by R-2.")
    assert ", fixed" not in str(scene.messages("@admin")[0])


async def test_one_admin_whom_slack_refuses_does_not_keep_the_others_from_hearing(scene: Scene) -> None:
    scene.directory.roles[ADMIN] = ("admin", "approver1", "approver2")
    scene.fail("conversations.open", "user_disabled", match=SLACK_IDS["admin"])
    await scene.notifier().show_alarm(ALARM)
    assert scene.counts() == {"@approver1": 1, "@approver2": 1}


async def test_an_alarm_that_reaches_nobody_is_tried_as_long_as_it_is_open(scene: Scene) -> None:
    """It is never given up, because that would be one more alarm that nobody gets."""
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


async def test_an_alarm_waits_until_there_is_an_admin_to_tell(scene: Scene) -> None:
    """The role of the admins may be what is empty."""
    scene.directory.roles[ADMIN] = ()
    alarm = Alarm(id=AlarmId("A-1"), code=AlarmCode.ROLE_EMPTY, subject="admin", raised_at=builders.NOW)
    with pytest.raises(NotifierUnavailable, match="nobody holds the role"):
        await scene.notifier().show_alarm(alarm)
    scene.directory.roles[ADMIN] = ("admin",)
    await scene.notifier().show_alarm(alarm)
    assert len(scene.messages("@admin")) == 1

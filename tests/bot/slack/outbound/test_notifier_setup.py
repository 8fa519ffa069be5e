"""The partner setup card: posted once to the people concerned, updated everywhere, and posted again as a reminder."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.bot.slack.outbound.scene import Scene, action_ids, person, request
from tests.workflows.core.builders import NOW, REDEEM_STEP, REQUEST, TENANT
from tests.workflows.core.builders import partnership as usual
from workflows.core.checks.partner_setup.confirmations import Confirmation
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ADMIN, ChatId
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.intervals import NAMES_SHOWN_FOR
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierBlocked
from workflows.ports.records import Commit


def partnership(**changes: Any) -> Partnership:
    """A partnership that the requester asked for, and that the approver of the data sponsors."""
    return usual(**{"sponsor": person("approver2"), "setup": (REDEEM_STEP,), **changes})


def confirmed(by: str) -> tuple[Confirmation, ...]:
    return (Confirmation(step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest, person=person(by), at=NOW),)


async def known(scene: Scene) -> AccessRequest:
    """Store the request that the partnership came from."""
    asked = replace(request(RequestState.APPLIED), version=1)
    entry = AuditEntry(key="put", at=NOW, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=asked))
    return asked


async def test_sponsor_and_requester_get_it_once_and_only_the_sponsor_may_confirm(scene: Scene) -> None:
    await known(scene)
    for _ in range(3):
        await scene.notifier().show_setup(partnership(), remind=False)
    assert scene.counts() == {"@approver2": 1, "@requester": 1}
    assert action_ids(scene.messages("@approver2")[0]) == ["confirm_half", "show_checklist", "remind_half"]
    assert action_ids(scene.messages("@requester")[0]) == ["show_checklist"]
    assert {copy.subject for copy in await scene.store.copies(f"half:{TENANT}")} == {f"half:{TENANT}"}


async def test_the_first_card_goes_to_people_who_were_active_in_the_last_hours_and_a_reminder_asks_slack(
    scene: Scene,
) -> None:
    """Slack accepts messages to people who have left. Only opening the conversation shows that they have."""
    await known(scene)
    copies = scene.copies(was_active=lambda *_: True)

    def opened() -> int:
        return sum(one["path"].endswith("/conversations.open") for one in scene.world.slack_log.entries)

    await scene.notifier(copies=copies).show_setup(partnership(), remind=False)
    assert (scene.counts(), opened()) == ({"@approver2": 1, "@requester": 1}, 0)
    scene.fail("conversations.open", "user_disabled")
    reminded = partnership(setup_reminders=1)
    await scene.notifier(copies=copies).show_setup(reminded, remind=True)
    assert scene.counts() == {"@approver2": 1, "@requester": 1, "@admin": 1}, "the admins are asked instead"


async def test_the_first_card_asks_slack_about_people_who_were_not_active_in_the_last_four_hours(scene: Scene) -> None:
    await known(scene)
    asked: list[timedelta] = []

    def was_active(_: ChatId, within: timedelta) -> bool:
        asked.append(within)
        return False

    scene.fail("conversations.open", "user_disabled")
    await scene.notifier(copies=scene.copies(was_active=was_active)).show_setup(partnership(), remind=False)
    assert scene.counts() == {"@admin": 1, "@requester": 1}, "the admins are asked instead of the sponsor"
    assert asked[0] == timedelta(hours=4) == NAMES_SHOWN_FOR


async def test_a_sponsor_who_asked_under_another_id_gets_one_card(scene: Scene) -> None:
    """The one with the buttons; and who asked to be reminded under either id is "you"."""
    await known(scene)
    other = replace(person("requester"), chat_id=person("approver2").chat_id)
    await scene.notifier().show_setup(partnership(sponsor=other), remind=False)
    assert scene.counts() == {"@approver2": 1}
    assert "confirm_half" in action_ids(scene.messages("@approver2")[0])
    asked = {"setup_reminder_asked_by": person("requester"), "setup_reminder_asked_at": NOW, "setup_reminders": 1}
    await scene.notifier().show_setup(partnership(sponsor=other, **asked), remind=True)
    newest = max(scene.messages("@approver2"), key=lambda one: str(one["ts"]))
    assert "You asked to be reminded" in str(newest["blocks"])


async def test_a_sponsor_who_must_act_is_notified_by_a_new_message_once(scene: Scene) -> None:
    """One message names them, one asks them to act. Both effects run at once, also in two processes, and again."""
    await scene.notifier().show_request(request())
    asked, record = await known(scene), replace(partnership(sponsor=person("admin")), version=1)
    entry = AuditEntry(key="record", at=NOW, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, partnership=record))
    for _ in range(2):
        await asyncio.gather(scene.notifier().show_request(asked), scene.notifier().show_setup(record, remind=False))
    named, acting = sorted(scene.messages("@admin"), key=lambda one: str(one["ts"]))
    assert "named you as the sponsor" in str(named["blocks"])
    assert "active (verified" in str(named["text"])
    assert action_ids(acting) == ["confirm_half", "show_checklist", "remind_half"]


async def test_a_sponsor_who_was_never_named_is_only_asked_to_act(scene: Scene) -> None:
    """The naming message could not be posted before. One that comes after the card to act would say nothing new."""
    asked, record = await known(scene), replace(partnership(sponsor=person("admin")), version=1)
    entry = AuditEntry(key="record", at=NOW, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, partnership=record))
    await scene.notifier().show_setup(record, remind=False)
    await scene.notifier().show_request(asked)
    assert scene.counts()["@admin"] == 1


async def test_a_confirmation_changes_every_copy_and_posts_none(scene: Scene) -> None:
    await known(scene)
    await scene.notifier().show_setup(partnership(), remind=False)
    before = {place: scene.messages(place)[0]["ts"] for place in scene.counts()}
    for _ in range(2):
        await scene.notifier().show_setup(partnership(confirmations=confirmed("admin")), remind=False)
    assert {place: scene.messages(place)[0]["ts"] for place in scene.counts()} == before
    assert scene.written() == ["chat.postMessage"] * 2 + ["chat.update"] * 2
    assert action_ids(scene.messages("@approver2")[0]) == ["unconfirm_half", "show_checklist"]


async def test_what_is_confirmed_or_one_sided_or_usually_open_is_not_posted(scene: Scene) -> None:
    await known(scene)
    usually_open = (replace(REDEEM_STEP, is_needed=False),)
    for quiet in (
        partnership(confirmations=confirmed("admin")),
        partnership(setup=()),
        partnership(setup=usually_open),
    ):
        await scene.notifier().show_setup(quiet, remind=False)
    assert scene.counts() == {}


async def test_a_reminder_is_a_new_card_for_the_sponsor_alone_and_once(scene: Scene) -> None:
    await known(scene)
    await scene.notifier().show_setup(partnership(), remind=False)
    for _ in range(2):
        await scene.notifier().show_setup(partnership(setup_reminders=1), remind=True)
    await scene.notifier().show_setup(partnership(setup_reminders=1, remind_setup_at=NOW), remind=False)
    assert scene.counts() == {"@approver2": 2, "@requester": 1}
    older, newer = sorted(scene.messages("@approver2"), key=lambda one: str(one["ts"]))
    assert (action_ids(older), "newer card" in str(older["blocks"])) == ([], True)
    assert action_ids(newer)[:2] == ["confirm_half", "show_checklist"]
    assert action_ids(scene.messages("@requester")[0]) == ["show_checklist"]


async def test_a_new_request_that_leaves_something_open_asks_again(scene: Scene) -> None:
    await known(scene)
    await scene.notifier().show_setup(partnership(), remind=False)
    await scene.notifier().show_setup(partnership(request_id="R-2"), remind=False)
    assert scene.counts()["@approver2"] == 2
    assert REQUEST != "R-2"


async def test_an_older_card_is_closed_for_good_and_a_confirmation_changes_the_newest_one_only(scene: Scene) -> None:
    await known(scene)
    await scene.notifier().show_setup(partnership(), remind=False)
    await scene.notifier().show_setup(partnership(setup_reminders=1), remind=True)
    older, _ = in_order(scene, "@approver2")
    assert len(older["blocks"]) == 1, "one line"
    updates = scene.written().count("chat.update")
    done = partnership(setup_reminders=1, confirmations=confirmed("approver2"))
    await scene.notifier().show_setup(done, remind=False)
    assert in_order(scene, "@approver2")[0] == older
    assert scene.written().count("chat.update") == updates + 2, "the sponsor's newest one and the requester's"


async def test_who_is_neither_sponsor_nor_requester_any_more_is_asked_nothing(scene: Scene) -> None:
    """Another sponsor follows, and the next request is somebody else's. The buttons would be refused."""
    await known(scene)
    await scene.notifier().show_setup(partnership(), remind=False)
    theirs = replace(request(RequestState.APPLIED), id=RequestId("R-2"), version=1)
    theirs = replace(theirs, fields=replace(theirs.fields, requester=person("approver1").chat_id))
    theirs = replace(theirs, prepared=replace(theirs.require_prepared(), requester=person("approver1")))
    entry = AuditEntry(key="second", at=NOW, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=theirs))
    for _ in range(2):
        now = partnership(request_id=theirs.id, sponsor=person("approver3"))
        await scene.notifier().show_setup(now, remind=False)
    for former in ("@approver2", "@requester"):
        [message] = scene.messages(former)
        assert action_ids(message) == []
        assert "You need to do nothing here any more" in str(message["blocks"])
    assert "confirm_half" in action_ids(scene.messages("@approver3")[0])
    assert action_ids(scene.messages("@approver1")[0]) == ["show_checklist"]
    await scene.notifier().show_setup(partnership(request_id=theirs.id, sponsor=person("approver2")), remind=False)
    assert "confirm_half" in action_ids(in_order(scene, "@approver2")[1]), "who is the sponsor again gets a new one"


async def test_an_admin_who_was_asked_keeps_the_buttons_also_while_nobody_can_read_who_is_admin(scene: Scene) -> None:
    scene.fail("chat.postMessage", "channel_not_found", times=1)
    await scene.notifier().show_setup(partnership(), remind=False)
    scene.directory.roles[ADMIN] = ()
    await scene.notifier().show_setup(partnership(), remind=False)
    assert "confirm_half" in action_ids(scene.messages("@admin")[0])


def in_order(scene: Scene, place: str) -> list[dict[str, Any]]:
    return sorted(scene.messages(place), key=lambda one: str(one["ts"]))


async def test_the_admins_are_asked_where_the_sponsor_cannot_be_reached(scene: Scene) -> None:
    scene.fail("chat.postMessage", "channel_not_found", times=1)
    await scene.notifier().show_setup(partnership(), remind=False)
    assert scene.counts() == {"@admin": 1}
    assert action_ids(scene.messages("@admin")[0]) == ["confirm_half", "show_checklist", "remind_half"]


async def test_nobody_reached_is_not_silent(scene: Scene) -> None:
    scene.fail("chat.postMessage", "channel_not_found", times=9)
    with pytest.raises(NotifierBlocked, match="channel_not_found"):
        await scene.notifier().show_setup(partnership(), remind=True)

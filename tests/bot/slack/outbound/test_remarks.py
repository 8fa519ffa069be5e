"""Remarks are posted once: into the thread of the channel's card, and to the people whom they need."""

from dataclasses import replace
from typing import Any

from tests.bot.slack.outbound.scene import CHANNEL, Scene, action_ids, person, request
from tests.bot.surfaces import shown
from tests.workflows.core.builders import NOW
from workflows.core.conversation.remarks import Remark, RemarkId, RemarkKind
from workflows.core.people import ChatId
from workflows.core.requests.request import AccessRequest, RequestState

QUESTION = Remark(
    id=RemarkId("1"),
    kind=RemarkKind.QUESTION,
    person=person("approver1"),
    text="Which sites?",
    at=NOW,
    asked=(person("requester"), person("admin")),
)
ANSWER = Remark(id=RemarkId("2"), kind=RemarkKind.ANSWER, person=person("requester"), text="Two.", at=NOW, answers="1")


def asked(**changes: Any) -> AccessRequest:
    return replace(request(), remarks=(QUESTION,), **changes)


def answered() -> AccessRequest:
    return replace(request(), remarks=(QUESTION, ANSWER))


def thread(scene: Scene) -> list[dict[str, Any]]:
    return [one for one in scene.messages(CHANNEL) if one.get("thread_ts") not in (None, one["ts"])]


async def test_each_remark_is_in_the_thread_once_and_each_person_has_one_message(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    before = scene.counts()
    for one in (asked(), asked(), answered(), answered()):
        await scene.notifier().show_request(one)
    assert ["Which sites?" in shown(one["blocks"]) for one in thread(scene)] == [True, False]
    counts = scene.counts()
    assert {who: counts[who] - before.get(who, 0) for who in ("@requester", "@admin", "@approver1")} == {
        "@requester": 1,
        "@admin": 1,
        "@approver1": 1,
    }
    assert all("answer" not in action_ids(one) for place in ("@requester", "@admin") for one in scene.messages(place))
    assert "answer" not in action_ids(thread(scene)[0])


async def test_answer_is_offered_everywhere_while_the_question_is_open(scene: Scene) -> None:
    await scene.notifier().show_request(asked())
    [question] = thread(scene)
    assert action_ids(question) == ["answer"]
    offering = [one for one in scene.messages("@requester") if "answer" in action_ids(one)]
    assert len(offering) == 2, "the question, and the requester's own card"
    await scene.notifier().show_request(asked(state=RequestState.REJECTED))
    assert not [one for one in scene.messages("@requester") if "answer" in action_ids(one)]
    assert any("no answer is needed any more" in one["text"] for one in scene.messages("@requester"))


async def test_a_message_that_somebody_deleted_is_not_posted_again(scene: Scene) -> None:
    await scene.notifier().show_request(asked())
    for copy in await scene.store.copies(f"question:{request().id}"):
        await scene.store.save_copy(replace(copy, is_live=False))
    count = scene.counts()["@admin"]
    await scene.notifier().show_request(answered())
    assert scene.counts()["@admin"] == count


async def test_the_command_line_gets_no_message(scene: Scene) -> None:
    nobody = replace(person("admin"), chat_id=ChatId("os:dana"))
    only = replace(QUESTION, asked=(nobody,))
    await scene.notifier().show_request(replace(request(), remarks=(only,)))
    assert await scene.store.copies(f"question:{request().id}") == []

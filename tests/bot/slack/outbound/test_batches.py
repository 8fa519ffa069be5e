"""A batch has one card in the channel with its list below it; nobody is asked before the list is there."""

from dataclasses import replace
from typing import Any

import pytest

from tests.bot import sample_batches
from tests.bot.slack.outbound.scene import CHANNEL, Scene, action_ids, person
from tests.workflows.core import builders
from tests.workflows.core.builders import request
from workflows.core.batches.asked_row import AskedAccess
from workflows.core.batches.batch import Batch, BatchRow, BatchState, RowState, batch_digest
from workflows.core.policy.approval import Decision
from workflows.core.policy.template import Stage
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import ListProblem, NotifierBlocked, NotifierUnavailable
from workflows.ports.records import Commit

STAGES = (
    Stage(title="Security", role=builders.SECURITY, quorum=1),
    Stage(title="Data owners", role=builders.DATA_OWNER, quorum=1),
)


async def members_of(scene: Scene, count: int = 3) -> list[BatchRow]:
    """Store the requests of some members, and return their rows."""
    rows: list[BatchRow] = []
    for number in range(count):
        one = replace(request(), id=RequestId(f"R-AAAAAAAAA{chr(65 + number)}"), version=1)
        await stored(scene, one)
        rows.append(sample_batches.row(number, request_id=one.id, plan_digest=one.plan.digest))
    return rows


async def stored(scene: Scene, one: AccessRequest) -> None:
    """Store a request."""
    entry = AuditEntry(key=f"{one.id}:{one.version}", at=builders.NOW, actor="x", command="c", outcome="o", details={})
    assert await scene.store.commit(Commit(entry=entry, request=one))


async def waiting(scene: Scene, **changes: Any) -> Batch:
    """A batch of three stored members, whose list is not attached yet."""
    rows = tuple(await members_of(scene))
    usual = sample_batches.batch(count=3, rows=rows, stages=STAGES, list_file=None)
    usual = replace(
        usual,
        requester=person("requester"),
        sponsor=person("admin"),
        expires_at=scene.world.clock.now().replace(year=2090),
        digest=batch_digest(usual.id, rows, STAGES),
    )
    return replace(usual, **changes)


async def with_list(scene: Scene, batch: Batch) -> Batch:
    """The same batch after its list was attached."""
    return replace(batch, list_file=await scene.notifier().upload_batch_list(batch))


async def test_nobody_can_approve_before_the_list_is_below_the_card(scene: Scene) -> None:
    batch = await waiting(scene)
    await scene.notifier().show_batch(batch)
    assert scene.counts() == {CHANNEL: 1, "@admin": 1}, "nobody is asked yet, and the sponsor is told"
    assert action_ids(scene.messages(CHANNEL)[0]) == ["reject_batch", "review_batch"], "closing is easy"
    listed = await with_list(scene, batch)
    await scene.notifier().show_batch(listed)
    card, attached = scene.messages(CHANNEL)
    assert attached["thread_ts"] == card["ts"]
    [file] = attached["files"]
    assert listed.list_file is not None
    assert (file["id"], file["name"]) == (listed.list_file.file_id, listed.list_file.name)
    assert listed.list_file.sha256 in attached["text"]
    assert action_ids(card) == ["approve_batch", "reject_batch", "review_batch"]
    assert scene.counts() == {CHANNEL: 2, "@approver1": 1, "@admin": 1}


async def test_the_list_posts_the_card_when_that_is_missing(scene: Scene) -> None:
    listed = await with_list(scene, await waiting(scene))
    assert listed.is_list_current
    assert len(scene.messages(CHANNEL)) == 2


async def test_showing_again_posts_and_writes_nothing(scene: Scene) -> None:
    listed = await with_list(scene, await waiting(scene))
    await scene.notifier().show_batch(listed)
    before = scene.written()
    await scene.notifier().show_batch(listed)
    assert scene.written() == before


async def test_who_approved_keeps_no_live_buttons_and_the_next_stage_is_asked(scene: Scene) -> None:
    listed = await with_list(scene, await waiting(scene))
    await scene.notifier().show_batch(listed)
    approved = builders.approval(person("approver1"), 0, digest=listed.digest)
    await scene.notifier().show_batch(replace(listed, decisions=(approved,)))
    assert action_ids(scene.messages("@approver1")[0]) == ["review_batch"]
    assert "approve_batch" in action_ids(scene.messages("@approver2")[0])
    assert "approve_batch" in action_ids(scene.messages("@approver3")[0])


async def test_an_author_of_one_row_is_not_asked(scene: Scene) -> None:
    batch = await waiting(scene)
    rows = (replace(batch.rows[0], authors=(person("approver2"),)), *batch.rows[1:])
    listed = await with_list(scene, replace(batch, rows=rows))
    approved: Decision = builders.approval(person("approver1"), 0, digest=listed.digest)
    await scene.notifier().show_batch(replace(listed, decisions=(approved,)))
    assert "@approver2" not in scene.counts()
    assert "@approver3" in scene.counts()


async def test_the_sponsor_is_told_once_and_sees_how_it_ended(scene: Scene) -> None:
    listed = await with_list(scene, await waiting(scene))
    await scene.notifier().show_batch(listed)
    [told] = scene.messages("@admin")
    assert "named you as the sponsor" in str(told["blocks"])
    assert action_ids(told) == ["review_batch"]
    done = tuple(replace(one, state=RowState.APPLIED) for one in listed.rows)
    await scene.notifier().show_batch(replace(listed, state=BatchState.DONE, rows=done))
    [told] = scene.messages("@admin")
    assert "done" in str(told["blocks"])


async def test_a_sponsor_of_single_rows_is_told_of_how_many(scene: Scene) -> None:
    """Of the rows that name none, the sponsor of the batch is told."""
    usual = await waiting(scene)
    first = replace(usual.rows[0], asked=AskedAccess(row=2, target="a.example", sponsor=person("approver2")))
    await scene.notifier().show_batch(replace(usual, rows=(first, *usual.rows[1:])))
    [one], [others] = scene.messages("@approver2"), scene.messages("@admin")
    assert "named you as the sponsor of 1 of these partners." in str(one["blocks"])
    assert "named you as the sponsor of 2 of these partners." in str(others["blocks"])


async def test_a_requester_who_is_the_sponsor_gets_no_such_message(scene: Scene) -> None:
    await scene.notifier().show_batch(await waiting(scene, sponsor=person("requester")))
    assert scene.counts() == {CHANNEL: 1}


async def test_a_new_round_is_a_new_message_and_the_old_one_decides_nothing(scene: Scene) -> None:
    listed = await with_list(scene, await waiting(scene))
    await scene.notifier().show_batch(listed)
    rows = (replace(listed.rows[0], state=RowState.LEFT), *listed.rows[1:])
    again = replace(listed, rows=rows, round=1, digest=batch_digest(listed.id, rows[1:], STAGES))
    await scene.notifier().show_batch(again)
    assert not again.is_list_current
    assert len(scene.messages("@approver1")) == 1, "nobody is asked before the new list is there"
    assert action_ids(scene.messages("@approver1")[0]) == []
    await scene.notifier().show_batch(await with_list(scene, again))
    old, new = scene.messages("@approver1")
    assert (action_ids(old), action_ids(new)[0]) == ([], "approve_batch")
    assert len(scene.messages(CHANNEL)) == 3, "one card, and two lists in its thread"


@pytest.mark.parametrize(
    ("method", "error", "problem"),
    [
        ("files.getUploadURLExternal", "missing_scope", ListProblem.NO_SCOPE),
        ("files.completeUploadExternal", "not_in_channel", ListProblem.REFUSED),
    ],
)
async def test_a_list_that_slack_refuses_is_said_with_its_cause(
    scene: Scene, method: str, error: str, problem: ListProblem
) -> None:
    batch = await waiting(scene)
    await scene.notifier().show_batch(batch)
    scene.fail(method, error)
    with pytest.raises(NotifierBlocked) as refused:
        await scene.notifier().upload_batch_list(batch)
    assert [fact.code for fact in refused.value.facts] == [problem]
    await scene.notifier().show_batch(replace(batch, list_problem=refused.value.facts))
    card = scene.messages(CHANNEL)[0]
    assert action_ids(card) == ["reject_batch", "review_batch"]
    assert "Nobody can approve" in str(card["blocks"])


async def test_a_card_that_is_posted_again_has_the_list_below_it(scene: Scene) -> None:
    listed = await with_list(scene, await waiting(scene))
    await scene.notifier().show_batch(listed)
    scene.fail("chat.update", "cant_update_message")
    attached = await scene.notifier().show_batch(replace(listed, expires_at=listed.expires_at.replace(month=1)))
    messages = scene.messages(CHANNEL)
    [old, new] = [message for message in messages if message.get("blocks")]
    threads = [message["thread_ts"] for message in messages if message.get("files")]
    assert threads == [old["ts"], new["ts"]]
    assert attached is not None
    assert (attached.message_id, attached.digest) == (new["ts"], listed.digest)
    before = scene.written()
    assert await scene.notifier().show_batch(replace(listed, list_file=attached)) is None, "recorded"
    assert "files" not in str(scene.written()[len(before) :])
    assert "approve_batch" in action_ids(new)


async def test_a_list_of_an_earlier_version_is_not_attached_again(scene: Scene) -> None:
    """Which message it is below was stored with the card."""
    listed = await with_list(scene, await waiting(scene))
    assert listed.list_file is not None
    [card] = [one for one in await scene.store.copies(f"batch:{listed.id}") if not one.audience]
    await scene.store.save_copy(replace(card, occasion=str(listed.digest)))
    earlier = replace(listed, list_file=replace(listed.list_file, message_id=""))
    assert await scene.notifier().show_batch(earlier) is None


async def test_a_member_that_was_planned_again_is_listed_by_no_list(scene: Scene) -> None:
    batch = await waiting(scene)
    rows = (replace(batch.rows[0], plan_digest=builders.access_plan({"tenantId": "x"}).digest), *batch.rows[1:])
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().upload_batch_list(replace(batch, rows=rows))
    assert not any("files" in message for message in scene.messages(CHANNEL))


async def test_a_batch_is_in_the_one_reminder_of_the_day_and_leaves_it_once_it_is_decided(scene: Scene) -> None:
    listed = await with_list(scene, await waiting(scene))
    await stored_batch(scene, replace(listed, version=1))
    notifier = scene.notifier()
    await notifier.show_batch(listed)
    for _ in range(2):
        await notifier.remind_about_batch(listed)
    await notifier.remind(await scene.store.request(listed.rows[0].request_id or RequestId("")))  # type: ignore[arg-type]
    _, reminder = scene.messages("@approver1")
    assert reminder["text"].startswith(f"3 partners: adopt current settings ({listed.id}), ")
    assert "3 requests and 1 batch wait for your decision" in reminder["text"]
    assert "review_batch" in action_ids(reminder)
    rejected = replace(listed, state=BatchState.REJECTED, version=2)
    await stored_batch(scene, rejected)
    await notifier.show_batch(rejected)
    _, reminder = scene.messages("@approver1")
    assert "review_batch" not in action_ids(reminder)


async def stored_batch(scene: Scene, one: Batch) -> None:
    """Store a batch."""
    entry = AuditEntry(key=f"{one.id}:{one.version}", at=builders.NOW, actor="x", command="c", outcome="o", details={})
    assert await scene.store.commit(Commit(entry=entry, batch=one))


async def test_a_batch_that_ended_before_it_was_asked_has_no_card(scene: Scene) -> None:
    batch = await waiting(scene, state=BatchState.WITHDRAWN)
    await scene.notifier().show_batch(batch)
    assert scene.counts() == {}


async def test_progress_and_result_are_on_the_same_card(scene: Scene) -> None:
    listed = await with_list(scene, await waiting(scene))
    await scene.notifier().show_batch(listed)
    applied = replace(listed.rows[0], state=RowState.APPLIED)
    await scene.notifier().show_batch(replace(listed, state=BatchState.APPLYING, rows=(applied, *listed.rows[1:])))
    assert "1 of 3 checked and recorded" in str(scene.messages(CHANNEL)[0]["blocks"])
    assert "The card in the channel shows the progress." in str(scene.messages("@approver1")[0]["blocks"])
    before = scene.written()
    applied_too = replace(listed.rows[1], state=RowState.APPLIED)
    await scene.notifier().show_batch(
        replace(listed, state=BatchState.APPLYING, rows=(applied, applied_too, listed.rows[2]))
    )
    assert len(scene.written()) == len(before) + 1, "only the channel's card shows each step"
    done = tuple(replace(one, state=RowState.APPLIED) for one in listed.rows)
    await scene.notifier().show_batch(replace(listed, state=BatchState.DONE, rows=done))
    card = scene.messages(CHANNEL)[0]
    assert "3 of 3 partners adopted" in str(card["blocks"])
    assert action_ids(card) == ["review_batch"]
    assert action_ids(scene.messages("@approver1")[0]) == ["review_batch"]

"""Deciding on a batch: its card and its window show every partner, and store the click as a request's card does."""

from dataclasses import replace
from typing import Any, Final

import pytest

from bot.slack import ids
from tests.bot import sample_batches
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, submission
from tests.bot.surfaces import buttons, shown
from tests.workflows.core import builders
from workflows.core.batches.batch import Batch, BatchState, ListFile, RowState, batch_digest
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.template import Stage
from workflows.core.requests.effects import Effect, ShowBatch, ShowHome
from workflows.core.requests.request import BatchId
from workflows.core.settings.canonical import Digest
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

CHANNEL: Final = "partner-access"
STAGES: Final = (Stage(title="Security", role=builders.SECURITY, quorum=1),)


def somebody(handle: str) -> Person:
    """A person of the workspace, with another account than in the directory."""
    return Person(id=PersonId(f"id-{handle}"), chat_id=ChatId(SLACK_IDS[handle]), name=handle)


async def stored(gatehouse: BotUnderTest, state: BatchState = BatchState.AWAITING_APPROVAL, **changes: Any) -> Batch:
    """Store a batch of 25 partners and show its card. Its list counts as attached."""
    usual = sample_batches.batch(state, 25, stages=STAGES)
    now = gatehouse.world.clock.now()
    one = replace(
        usual,
        requester=somebody("requester") if usual.requester else None,
        sponsor=somebody("requester") if usual.sponsor else None,
        created_at=now,
        confirmed_at=None if usual.confirmed_at is None else now,
        changed_at=now,
        expires_at=now.replace(year=now.year + 1),
        version=1,
    )
    digest = batch_digest(one.id, one.members, STAGES)
    file = ListFile(file_id="F1", name="list.csv", sha256=Digest("5e" * 32), digest=digest)
    one = replace(one, digest=digest, list_file=file, **changes)
    effects: tuple[Effect, ...] = (ShowBatch(batch_id=one.id), ShowHome(person=ChatId(SLACK_IDS["approver1"])))
    entry = AuditEntry(key=f"{one.id}:1", at=now, actor="test", command="test", outcome="accepted", details={})
    await gatehouse.store.commit(Commit(entry=entry, batch=one, effects=effects))
    await gatehouse.idle()
    return one


def value_of(one: Batch) -> str:
    """The value of the card's buttons."""
    return f"{one.id}:{one.digest}"


async def window(gatehouse: BotUnderTest, who: str, one: Batch) -> dict[str, Any]:
    """Click Details on the card; returns the window when it has settled."""
    found = (await gatehouse.control.get("messages", channel=CHANNEL, user=who))["messages"]
    [card] = [message for message in found if "adopt current settings" in str(message)]
    await gatehouse.control.post("click", user=who, channel=CHANNEL, ts=card["ts"], action_id="review_batch")
    return await top(gatehouse, who)


async def top(gatehouse: BotUnderTest, who: str) -> dict[str, Any]:
    """The top window once nothing is left to do."""
    await gatehouse.idle()
    found: dict[str, Any] = (await gatehouse.control.get("views", user=who))["views"][-1]
    return found


async def test_details_show_every_partner_page_by_page(gatehouse: BotUnderTest) -> None:
    one = await stored(gatehouse)
    view = await window(gatehouse, "approver1", one)
    assert buttons(view)["approve_batch"] == value_of(one)
    assert "partner000.example" in shown(view)
    assert "partner024.example" not in shown(view)
    await gatehouse.control.post("click", user="approver1", view_id=view["id"], action_id="batch_next")
    after = await top(gatehouse, "approver1")
    assert after["id"] == view["id"]
    assert "partner010.example" in shown(after)


@pytest.mark.parametrize("who", ["requester", "approver2"], ids=["requester", "no approver"])
async def test_who_may_not_decide_gets_details_without_the_buttons(gatehouse: BotUnderTest, who: str) -> None:
    one = await stored(gatehouse)
    assert not {"approve_batch", "reject_batch"} & set(buttons(await window(gatehouse, who, one)))


async def test_an_approval_in_the_window_is_received_and_the_next_wave_begins(gatehouse: BotUnderTest) -> None:
    one = await stored(gatehouse)
    view = await window(gatehouse, "approver1", one)
    await gatehouse.control.post("click", user="approver1", view_id=view["id"], action_id="approve_batch")
    assert "Your approval is received" in shown(await top(gatehouse, "approver1"))
    assert ("approve_batch", "accepted") in await gatehouse.outcomes()


async def test_an_approval_of_an_earlier_list_does_not_count(gatehouse: BotUnderTest) -> None:
    one = await stored(gatehouse)
    await gatehouse.interact(click("approver1", "approve_batch", f"{one.id}:{'0' * 64}"))
    await gatehouse.idle()
    assert ("want_approve_batch", "stale_card") in await gatehouse.outcomes("approver1")
    found = await gatehouse.store.batch(one.id)
    assert found is not None
    assert found.decisions == ()


async def test_a_rejection_needs_a_reason(gatehouse: BotUnderTest) -> None:
    one = await stored(gatehouse)
    empty = submission("approver1", "reject_batch_reason", value_of(one), {"reason": {"reason": {"value": " "}}})
    answer = await gatehouse.interact(empty)
    assert answer.json["errors"].keys() == {"reason"}
    assert "form_problems" in [outcome for _, outcome in await gatehouse.outcomes("approver1")]
    opened = await gatehouse.interact(click("approver1", "reject_batch", value_of(one)))
    assert opened.status == 200
    sent = submission("approver1", "reject_batch_reason", value_of(one), {"reason": {"reason": {"value": "Not all"}}})
    assert (await gatehouse.interact(sent)).status == 200
    await gatehouse.idle()
    found = await gatehouse.store.batch(one.id)
    assert found is not None
    assert found.state is BatchState.REJECTED
    assert "Not all" in await gatehouse.told("approver2")


async def test_only_the_requester_withdraws(gatehouse: BotUnderTest) -> None:
    one = await stored(gatehouse)
    home = {"id": "V1", "type": "home", "callback_id": ids.HOME}
    await gatehouse.interact(click("approver2", "withdraw_batch", one.id, view=home))
    await gatehouse.idle()
    found = await gatehouse.store.batch(one.id)
    assert found is not None
    assert found.state is BatchState.AWAITING_APPROVAL
    assert ("want_withdraw_batch", "not_the_requester") in await gatehouse.outcomes("approver2")


@pytest.mark.parametrize(
    "value",
    ["B-0000000000:" + "0" * 64, "B-nonsense", "R-AAAAAAAAAA:" + "0" * 64, "B-5F3C9A10D2:xyz"],
    ids=["unknown", "no id", "a request", "no digest"],
)
@pytest.mark.parametrize("action", ["approve_batch", "reject_batch"])
async def test_a_value_that_names_no_batch_is_refused(gatehouse: BotUnderTest, action: str, value: str) -> None:
    await gatehouse.interact(click("approver1", action, value))
    await gatehouse.idle()
    assert [one for one in await gatehouse.outcomes("approver1") if one[1] in ("unknown_batch", "malformed")]


async def test_details_show_neither_a_draft_nor_a_batch_that_is_not_there(gatehouse: BotUnderTest) -> None:
    await stored(gatehouse)
    draft = replace(sample_batches.draft(), id=BatchId("B-00000000AA"), version=1)
    entry = AuditEntry(key="d", at=builders.NOW, actor="test", command="test", outcome="accepted", details={})
    await gatehouse.store.commit(Commit(entry=entry, batch=draft))
    [card] = (await gatehouse.control.get("messages", channel=CHANNEL, user="approver1"))["messages"]
    place = {"user": "approver1", "channel": CHANNEL, "ts": card["ts"], "action_id": "review_batch"}
    for number, batch_id in enumerate((draft.id, "B-0000000000"), 1):
        await gatehouse.control.post("click", **place, value=f"{batch_id}:")
        view = await top(gatehouse, "approver1")
        assert "does not know this batch" in shown(view)
        assert (await gatehouse.outcomes("approver1")).count(("review_batch", "unknown_batch")) == number


async def test_a_closed_batch_cannot_be_rejected(gatehouse: BotUnderTest) -> None:
    one = await stored(gatehouse, BatchState.DONE)
    assert all(row.state is RowState.APPLIED for row in one.rows)
    await gatehouse.interact(click("approver1", "reject_batch", value_of(one)))
    await gatehouse.idle()
    assert ("want_reject_batch", "batch_not_now") in await gatehouse.outcomes("approver1")

"""What something else wrote into the file is never told as a fact: not on cards, not in the report."""

from dataclasses import replace

import pytest

from bot.report.report_file import ReportHeader
from bot.report.slack_report import ChatReports
from bot.report.story_columns import COLUMNS
from bot.report.story_json import story_json
from bot.slack import ids
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.request_card import request_card
from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.slack.cards.batches.batch_card import batch_card, batch_summary
from bot.slack.flows.decide.batch_views import batch_view
from bot.slack.flows.home.rows import found_row
from bot.slack.flows.home.view import home_view
from bot.terminal.evidence.report_table import write_table
from tests.bot.surfaces import buttons, shown
from tests.workflows.app.batches import access
from tests.workflows.app.batches.access import BATCH_OF_ACCESS
from tests.workflows.app.batches.many import batch_of
from tests.workflows.app.reads.test_app_home import home_of
from tests.workflows.core.builders import AMARA, BRUNO, RILEY, approval
from tests.workflows.effects.test_forged_records import approved_by, forge_request, world
from tests.workflows.effects.test_frozen import end, freeze, open_alarms
from tests.workflows.effects.test_held import voiding
from tests.workflows.store.worlds import run
from tests.workflows.world import World
from workflows.app.evidence.reading import EvidenceReader
from workflows.app.reads.app_home import HomePosition, read_home
from workflows.app.reads.found_requests import Today, as_believed, find_requests
from workflows.app.reads.home_batches import batch_as_believed
from workflows.core.audit.chain import FREEZE_KEY
from workflows.core.batches.batch import Batch, BatchState
from workflows.core.errors.facts import Fact
from workflows.core.partners.history.days import Days
from workflows.core.partners.history.story import RequestStory
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.notes import NoteCode, is_believed
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.pages import START, RequestFilter
from workflows.store.codec import BATCH, dump, with_checksum

__all__ = ["world"]

S = RequestState
NAMES = ("Amara", "Bruno", "Chie")


async def forged(world: World, state: RequestState = S.APPLYING, count: int = 3) -> AccessRequest:
    """A request whose approvals somebody wrote into the file."""
    request = await world.waiting()
    forge_request(world, replace(request, state=state, decisions=approved_by(request, world)[:count]))
    return await world.request(request.id)


async def frozen_about(world: World, request: AccessRequest) -> None:
    """Raise the alarm and freeze, as the watch of the log does."""
    name = f"record_changed:requests/{request.id}"
    values = {"problem": "record_changed", "seq": 1, "key_id": "", "count": 1, "record": f"requests {request.id}"}
    await world.alarms.raise_alarm(AlarmCode.AUDIT_CHAIN, name, values)
    await world.freezes.freeze_by_itself(key=f"{FREEZE_KEY}{name}:now", reason="A record was changed.")


async def story_of(world: World, request: AccessRequest) -> tuple[EvidenceReader, RequestStory]:
    reader = EvidenceReader(store=world.store, clock=world.clock)
    [story] = [one async for one in reader.stories(Days()) if one.request.id == request.id]
    return reader, story


async def test_only_a_request_that_something_else_changed_is_not_believed(world: World) -> None:
    request = await world.waiting()
    assert await world.store.unproven_requests([request.id]) == frozenset()
    assert await as_believed(request, world.store) == request
    forge_request(world, replace(request, state=S.APPLYING, decisions=approved_by(request, world)))
    changed = await world.request(request.id)
    assert await world.store.unproven_requests([request.id]) == {request.id}
    seen = await as_believed(changed, world.store)
    assert (seen.decisions, [fact.code for fact in seen.note]) == ((), [NoteCode.NOT_BELIEVED])


async def test_lists_show_such_a_request_without_its_approvals_and_the_others_as_they_are(world: World) -> None:
    other = await world.waiting()
    await world.reject(other, AMARA)
    changed = await forged(world, S.AWAITING_APPROVAL, 2)
    approver, requester = await home_of(world, AMARA), await home_of(world, RILEY)
    searched = await find_requests(RequestFilter(), limit=10, position=START, store=world.store, now=world.clock.now())
    assert [one.id for one in approver.approvals.items] == [changed.id]
    for listed in (requester.mine.items, searched.page.items):
        assert {one.id: (len(one.decisions), is_believed(one)) for one in listed} == {
            other.id: (1, True),
            changed.id: (0, False),
        }
    assert approver.approvals.items[0].decisions == ()


@pytest.mark.parametrize(("state", "count"), [(S.APPLYING, 3), (S.AWAITING_APPROVAL, 2), (S.SCHEDULED, 3)])
async def test_cards_of_such_a_request_name_no_approval_and_can_be_rejected(
    world: World, state: RequestState, count: int
) -> None:
    request = await as_believed(await forged(world, state, count), world.store)
    now = world.clock.now()
    card = request_card(request, holders={}, context=CardContext(is_first=True), now=now)
    mine = requester_card(request, now=now)
    for said in (shown(card.blocks), shown(mine.blocks), card.text, mine.text):
        assert "changed by something else" in said.lower()
        assert not [name for name in NAMES if f"{name} approved" in said or f"pproved by {name}" in said]
    assert "are not believed" in shown(card.blocks)
    assert "are not believed" in shown(mine.blocks)
    assert "reject" in buttons(card.blocks)
    assert "approve" not in buttons(card.blocks)


@pytest.mark.parametrize("state", [S.APPLYING, S.APPLIED])
async def test_the_report_marks_such_a_request_and_counts_none_of_its_decisions(
    world: World, state: RequestState
) -> None:
    request = await forged(world, state)
    reader, story = await story_of(world, request)
    assert (story.is_believed, story.approved_at, reader.not_believed) == (False, None, 1)
    assert [one.is_counted for one in story.decisions] == [False, False, False]
    cells = {name: column(story) for name, column in COLUMNS.items()}
    assert (cells["is_believed"], cells["approved_at"]) == ("false", "")
    assert cells["state"].endswith("(changed by something else; its approvals are not believed)")
    assert cells["decisions"].count("not believed") == 3
    assert story_json(story)["is_believed"] is False


async def test_the_table_and_the_answer_in_slack_say_it_too(world: World) -> None:
    await forged(world)
    now = world.clock.now()
    reader = EvidenceReader(store=world.store, clock=world.clock)
    header = ReportHeader(made_at=now, made_by="os:maria", key="k")
    table = await write_table(reader.stories(Days()), header, reader)
    text = b"".join(table.pieces()).decode()
    table.close()
    assert "1 request changed by something other than Gatehouse" in text
    assert "approved: " not in text
    reader = EvidenceReader(store=world.store, clock=world.clock)
    answer = await ChatReports()(reader.stories(Days()), reader, made_by="Dana", key="k", partner="")
    assert "its approvals are not believed" in answer.newest[0]
    assert "approved by" not in answer.newest[0]


async def test_a_request_as_it_was_stored_is_told_as_before(world: World) -> None:
    request = await world.opened()
    reader, story = await story_of(world, request)
    assert (story.is_believed, reader.not_believed) == (True, 0)
    assert story.approved_at is not None
    assert COLUMNS["is_believed"](story) == "true"


async def test_it_ends_when_two_admins_end_the_freeze_about_it_and_can_be_sent_again(world: World) -> None:
    request = await forged(world)
    await frozen_about(world, request)
    await voiding(world).check()
    assert (await world.request(request.id)).state is S.APPLYING, "while it is frozen, people look at it"
    await end(world)
    await voiding(world).check()
    ended = await world.settled(request.id)
    note = Fact(NoteCode.ENDED_NOT_BELIEVED, {"was_sent": False})
    assert (ended.state, list(ended.note)) == (S.STOPPED, [note])
    assert world.tenant.writes == []
    assert AlarmCode.AUDIT_CHAIN not in await open_alarms(world)
    assert list((await world.store.verify_chain()).problems) == [], "what it says opens nothing"
    _, story = await story_of(world, ended)
    assert (story.is_believed, story.approved_at) == (False, None), "its decisions never count"
    assert (await as_believed(ended, world.store)).decisions == ()
    again = await world.settled(await world.file())
    assert again.state is S.AWAITING_APPROVAL


async def test_what_is_forged_after_that_freeze_is_not_ended_by_its_end(world: World) -> None:
    """It is an alarm and a freeze of its own first."""
    request = await world.waiting()
    forge_request(world, replace(request, decisions=approved_by(request, world)[:2]))
    await frozen_about(world, request)
    await end(world)
    await voiding(world).check()
    assert (await world.request(request.id)).state is S.STOPPED
    later = await world.settled(await world.file())
    forge_request(world, replace(later, decisions=approved_by(later, world)[:2]))
    await voiding(world).check()
    assert (await world.request(later.id)).state is S.AWAITING_APPROVAL


async def test_a_request_that_is_as_stored_stays_open_after_such_a_freeze(world: World) -> None:
    request = await world.waiting()
    await frozen_about(world, request)
    await end(world)
    await voiding(world).check()
    assert (await world.request(request.id)).state is S.AWAITING_APPROVAL


async def test_a_freeze_of_people_ends_no_such_request(world: World) -> None:
    request = await forged(world)
    await freeze(world)
    await end(world)
    await voiding(world).check()
    assert (await world.request(request.id)).state is S.APPLYING


def forge_batch(world: World, batch: Batch) -> None:
    """Write a batch in the place of the stored one, with the checksum of its text."""
    doc = with_checksum(dump(BATCH, batch))
    run(world, ("update batches set doc = ?, version = ? where id = ?", (doc, batch.version, batch.id)))


def approved_batch(batch: Batch, state: BatchState) -> Batch:
    """What the record of a batch would say if people had approved it."""
    decisions = tuple(approval(person, 0, digest=batch.digest) for person in (AMARA, BRUNO))
    return replace(batch, state=state, decisions=decisions, void_decisions=decisions[:1])


def said_of_batch(batch: Batch, world: World) -> tuple[str, str]:
    """Return the text of the card and of Details of a batch, as an approver sees them."""
    now = world.clock.now()
    view = batch_view(batch, now=now, may_decide=batch.state is BatchState.AWAITING_APPROVAL)
    return shown(batch_card(batch, now=now).blocks), shown(view["blocks"])


@pytest.mark.threats("G7")
@pytest.mark.parametrize(
    "state", [BatchState.APPLYING, BatchState.AWAITING_APPROVAL, BatchState.HALTED, BatchState.DONE]
)
async def test_a_batch_that_something_else_changed_shows_no_approval_and_cannot_be_approved(
    world: World, state: BatchState
) -> None:
    batch = await access.planned(world, 3)
    assert await batch_as_believed(batch, world.store) == batch
    forge_batch(world, approved_batch(batch, state))
    seen = await batch_as_believed(await batch_of(world, BATCH_OF_ACCESS), world.store)
    assert (seen.state, seen.decisions, seen.void_decisions) == (state, (), ())
    now = world.clock.now()
    for said in said_of_batch(seen, world):
        assert "changed by something else" in said
        assert "approvals are not believed" in said
        assert not [words for words in (*NAMES, "Decide by", "being applied", "(verified)") if words in said]
    can_end = {BatchState.AWAITING_APPROVAL: {ids.REJECT_BATCH}, BatchState.HALTED: {ids.END_BATCH}}.get(state, set())
    assert set(buttons(batch_card(seen, now=now).blocks)) == {ids.REVIEW_BATCH, *can_end}
    view = batch_view(seen, now=now, may_decide=True)
    assert ids.APPROVE_BATCH not in buttons(view["blocks"])
    assert (ids.REJECT_BATCH in buttons(view["blocks"])) is (state is BatchState.AWAITING_APPROVAL)
    summary = batch_summary(seen)
    assert "changed by something else" in summary


@pytest.mark.threats("G7")
@pytest.mark.parametrize("state", [BatchState.APPLYING, BatchState.AWAITING_APPROVAL])
async def test_the_app_home_shows_that_a_batch_is_not_believed(world: World, state: BatchState) -> None:
    batch = await access.planned(world, 3)
    forge_batch(world, approved_batch(batch, state))
    now = world.clock.now()
    approver, requester = await home_of(world, AMARA), await home_of(world, RILEY)
    for batches in (approver.batches.waiting, requester.batches.own):
        assert [(one.id, one.decisions) for one in batches.items] == [(BATCH_OF_ACCESS, ())]
    mine = shown(home_view(requester, now=now)["blocks"])
    assert "changed by something else" in mine
    assert "approvals are not believed" in mine
    assert "of 3 partners" not in mine
    theirs = shown(home_view(approver, now=now)["blocks"])
    assert "changed by something else, cannot be approved" in theirs
    assert "Decide by" not in theirs


@pytest.mark.threats("G7")
@pytest.mark.parametrize("state", [BatchState.APPLYING, BatchState.AWAITING_APPROVAL])
async def test_a_batch_that_something_else_changed_ends_with_its_members_and_says_why(
    world: World, state: BatchState
) -> None:
    """Approvals in the file: nothing is written, and after the freeze nothing waits for ever."""
    batch = await access.planned(world, 3)
    other = await world.waiting()
    forge_batch(world, approved_batch(batch, state))
    await frozen_about(world, other)
    await voiding(world).check()
    assert not (await batch_of(world, BATCH_OF_ACCESS)).has_ended, "while it is frozen, people look at it"
    await end(world)
    await voiding(world).check()
    await world.settle()
    ended = await batch_of(world, BATCH_OF_ACCESS)
    expected = BatchState.STOPPED if state is BatchState.APPLYING else BatchState.EXPIRED
    assert (ended.state, [fact.code for fact in ended.note]) == (expected, [NoteCode.BATCH_NOT_BELIEVED])
    assert (ended.decisions, ended.void_decisions) == ((), ()), "Gatehouse signs no approval that somebody else wrote"
    for said in said_of_batch(await batch_as_believed(ended, world.store), world):
        assert "ended, not believed" in said
        assert not [name for name in NAMES if name in said]
    await voiding(world).check()
    await world.settle()
    left = await world.all_requests()
    assert not [one for one in left if one.batch is not None], "its members ended with it"
    assert other.id in {one.id for one in left}, "what was not changed waits as before"
    told = [text for text in world.notifier.texts_to(RILEY.chat_id) if "changed this batch" in text]
    assert len(told) == 1
    assert world.tenant.writes == []
    assert list((await world.store.verify_chain()).problems) == [], "what it says opens nothing"
    await world.checks.run()
    assert AlarmCode.AUDIT_CHAIN not in await open_alarms(world)


@pytest.mark.threats("G7")
@pytest.mark.parametrize("state", [S.APPLIED, S.AWAITING_APPROVAL])
async def test_home_and_search_show_that_such_a_request_is_not_believed(world: World, state: RequestState) -> None:
    request = await forged(world, state, 2)
    now = world.clock.now()
    found = await find_requests(RequestFilter(), limit=5, position=START, store=world.store, now=now)
    rows = [found_row(item, found.today.get(item.id, Today())) for item in found.page.items]
    said = [shown([block.to_dict() for block in blocks]) for blocks in rows]
    for person in (RILEY, AMARA) if state is S.AWAITING_APPROVAL else (RILEY,):
        home = await read_home(
            person.chat_id,
            identified_person=person,
            position=HomePosition(),
            store=world.store,
            directory=world.directory,
            now=now,
        )
        said.append(shown(home_view(home, now=now)["blocks"]))
    for text in said:
        assert request.id in text
        assert "changed by something else" in text
        assert not [words for words in ("applied", "active (verified)", "Decide by") if words in text.lower()]

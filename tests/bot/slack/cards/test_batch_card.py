"""The card and Details of a batch say what one decision is about, and offer Approve only when its list is attached."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.cards.batches.batch_card import batch_card, batch_icon, can_be_withdrawn, older_batch_card
from bot.slack.cards.batches.batch_details import applied_rows, details_blocks, excluded_words, row_pages
from bot.slack.flows.home.batch_rows import batch_rows, own_batch_rows
from bot.slack.flows.request_access.adopt.draft_form import DraftContent, draft_rows_view, draft_view
from bot.slack.payloads.button_values import typed_batch_id
from bot.words.batches.rows import SHORT_DIGITS, row_reason_words
from bot.words.batches.terms import sponsors_words
from tests.bot.sample_batches import BATCH_ID, CHAIN, approved_once, asked, batch, draft, row, with_others
from tests.bot.sample_sheets import sheet_batch, sheet_draft
from tests.bot.shipped_cards import NAMES, texts, words_of
from tests.workflows.core.builders import CHIE, NOW, RILEY, request
from tests.workflows.core.posture.watch.drifts import drift
from tests.workflows.world import CATALOG
from workflows.app.batches.confirming import BatchTerms
from workflows.app.reads.found_requests import SinceApplied
from workflows.core.batches.batch import Batch, BatchState, RowCode, RowState
from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import PersonId
from workflows.core.plans.plan import AtEnd
from workflows.core.requests.request import RequestId, RequestKind, RequestState
from workflows.core.settings.canonical import Digest
from workflows.ports.notifier import ListProblem
from workflows.ports.pages import EMPTY, Page

MAX_CARD_WORDS = 120


def shown(one: Batch, **options: Any) -> str:
    """Everything on the card."""
    return json.dumps(batch_card(one, holders=NAMES, now=NOW, **options).blocks, ensure_ascii=False)


def actions_of(blocks: list[Any]) -> list[str]:
    """The buttons of blocks."""
    found = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    return [element["action_id"] for element in found]


def test_the_card_counts_templates_risks_and_openings() -> None:
    card = shown(approved_once())
    for expected in (
        "40 partners: adopt current settings",
        "Elevated risk",
        "16 ",
        "Guest collaboration",
        "24 elevated",
    ):
        assert expected in card
    assert "no template" in card
    assert "B2B collaboration inbound (40), outbound (8)" in card
    assert "approved by " in card
    assert "Amara" in card
    assert "Nothing is written" in card


def test_the_card_names_each_sponsor_with_the_number_of_rows_most_first() -> None:
    one = sheet_batch()  # Chie is the sponsor of every seventh row, the batch's sponsor of the others
    assert sponsors_words(one) == "Sam (34), Chie (6)"
    assert "Sam (34), Chie (6)" in shown(one)
    named = tuple(
        replace(row, asked=replace(row.asked, sponsor=CHIE)) if row.asked and number < 30 else row
        for number, row in enumerate(one.rows)
    )
    assert sponsors_words(replace(one, rows=named)).startswith("Chie (")
    many = tuple(
        replace(
            row, asked=replace(row.asked, sponsor=replace(CHIE, id=PersonId(str(number % 5)), name=f"P{number % 5}"))
        )
        for number, row in enumerate(one.rows)
        if row.asked
    )
    assert sponsors_words(replace(one, rows=many)) == "P0 (8), P1 (8), P2 (8) and 2 others"
    assert sponsors_words(batch()) == "Sam"


def test_the_card_names_the_list_and_the_change_by_their_digests() -> None:
    one = batch()
    assert one.digest is not None
    assert one.list_file is not None
    card = shown(one)
    assert f"{one.id[2:]}-{one.digest[:SHORT_DIGITS]}.csv" in card
    assert one.list_file.sha256[:SHORT_DIGITS] in card
    value = next(
        element["value"]
        for block in batch_card(one, now=NOW).blocks
        for element in block.get("elements", [])
        if element.get("action_id") == "approve_batch"
    )
    assert value == f"{one.id}:{one.digest}"


def test_approve_asks_once_more_with_the_number_of_partners() -> None:
    [row_of_buttons] = [block for block in batch_card(batch(), now=NOW).blocks if block["type"] == "actions"]
    confirm = row_of_buttons["elements"][0]["confirm"]
    assert confirm["title"]["text"] == "Approve for 40 partners?"
    assert "stay as they are" in confirm["text"]["text"]
    assert len(confirm["text"]["text"]) <= 300


@pytest.mark.parametrize(
    "one",
    [
        batch(expires_at=NOW),
        *(batch(state) for state in BatchState if state is not BatchState.AWAITING_APPROVAL),
    ],
)
def test_nobody_is_offered_to_approve_what_cannot_be_decided(one: Batch) -> None:
    answers = ["continue_batch", "end_batch"] if one.state is BatchState.HALTED else []
    assert actions_of(batch_card(one, now=NOW).blocks) == [*answers, "review_batch"]
    blocks = details_blocks(one, now=NOW, may_decide=True)
    assert "approve_batch" not in str(blocks)


@pytest.mark.parametrize(
    "one",
    [
        batch(list_file=None),
        batch(list_file=None, list_problem=(Fact(ListProblem.NO_SCOPE, {"code": "missing_scope"}),)),
        batch(digest=Digest("0" * 64)),  # its list has other members
    ],
)
def test_without_its_list_a_batch_can_only_be_rejected(one: Batch) -> None:
    assert actions_of(batch_card(one, now=NOW).blocks) == ["reject_batch", "review_batch"]
    blocks = details_blocks(one, now=NOW, may_decide=True)
    assert "approve_batch" not in str(blocks)
    assert "reject_batch" in str([block.to_dict() for block in blocks])


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (ListProblem.NO_SCOPE, "files:write"),
        (ListProblem.REFUSED, "(too_large)"),
        (ListProblem.NO_ANSWER, "The chat system does not answer."),
    ],
)
def test_a_list_that_is_missing_is_said_with_its_cause(problem: ListProblem, expected: str) -> None:
    one = batch(list_file=None, list_problem=(Fact(problem, {"code": "too_large"}),))
    for text in (shown(one), str([block.to_dict() for block in details_blocks(one, now=NOW)])):
        assert "Nobody can approve" in text
        assert expected in text


def test_every_kind_of_access_is_on_the_card() -> None:
    """What all titles have in common is said once."""
    names = ("b2bCollaborationInbound", "b2bDirectConnectOutbound", "inboundTrust.isMfaAccepted", "somethingNew")
    more = ("inboundTrust.isCompliantDeviceAccepted", "automaticUserConsentSettings.inboundAllowed", "m365Capabilities")
    one = batch(count=3)
    rows = (replace(one.rows[0], openings=(*names, *more)), replace(one.rows[1], openings=names), one.rows[2])
    card = shown(replace(one, rows=rows))
    for expected in (
        "B2B collaboration inbound (3)",
        "B2B direct connect outbound (2)",
        "Trust in MFA (3), compliant devices (1)",
        "Automatic redemption inbound (",
        "unknown settings (",
    ):
        assert expected in card, card


def test_the_list_is_a_link_where_the_chat_system_gave_its_address() -> None:
    """A direct message with the card has no thread with the list."""
    one = batch()
    assert one.list_file is not None
    linked = replace(one, list_file=replace(one.list_file, permalink="https://x.slack.com/files/U/F1/list.csv"))
    for blocks in (batch_card(linked, now=NOW).blocks, [block.to_dict() for block in details_blocks(linked, now=NOW)]):
        assert "'type': 'link', 'url': 'https://x.slack.com/files/U/F1/list.csv'" in str(blocks).replace('"', "'")
    assert "List (thread): " in shown(one)
    wrong = replace(one, list_file=replace(one.list_file, permalink="javascript:alert(1)"))
    assert "link" not in {part["type"] for part in _parts(batch_card(wrong, now=NOW).blocks)}


def _parts(node: Any) -> list[Any]:
    """Every part of rich text in blocks."""
    if isinstance(node, dict):
        return [*([node] if "type" in node else []), *(part for value in node.values() for part in _parts(value))]
    return [part for value in node for part in _parts(value)] if isinstance(node, list) else []


def test_details_show_of_each_partner_what_is_open_who_made_it_its_end_and_its_change() -> None:
    one = batch(count=2)
    first = replace(one.rows[0], duration=timedelta(days=90), at_end=AtEnd.BLOCK)
    one = replace(one, rows=(first, replace(one.rows[1], authors=(CHIE, RILEY))))
    text = "".join(texts([block.to_dict() for block in details_blocks(one, now=NOW)]))
    digest = str(one.rows[0].plan_digest)[:SHORT_DIGITS]
    assert f"Open: B2B collaboration, inbound · settings by Chie · 90 days, then blocked · Change ID {digest}…" in text
    assert "settings by Chie, Riley and others" in text
    assert "author not known" in "".join(
        texts([block.to_dict() for block in details_blocks(replace(one, rows=(row(1),)), now=NOW)])
    )


def test_members_with_different_durations_show_the_shortest_and_the_longest() -> None:
    one = batch(count=2)
    ends = [replace(one.rows[0], duration=timedelta(days=90)), replace(one.rows[1], duration=timedelta(days=180))]
    assert "90 to 180 days" in shown(replace(one, rows=tuple(ends)))
    assert "Nothing is written · 180 days" in shown(one)


@pytest.mark.parametrize("state", BatchState)
def test_the_card_has_at_most_as_many_words_as_an_approver_reads(state: BatchState) -> None:
    for one in (batch(state), batch(state, 1), batch(state, 1000), with_others(state)):
        assert words_of(batch_card(one, holders=NAMES, now=NOW).blocks) <= MAX_CARD_WORDS


def test_the_result_names_what_left_and_what_was_not_adopted() -> None:
    card = shown(with_others(BatchState.DONE))
    assert "38 of 40 partners adopted (verified), 1 with its own request, 1 not adopted" in card
    assert "partner003.example" in card
    assert "partner009.example" in card
    assert "⚠️" in card
    assert "✅" in shown(batch(BatchState.DONE))


def test_a_finished_batch_warns_only_of_what_was_not_done() -> None:
    done = batch(BatchState.DONE)
    alone = replace(done.rows[1], state=RowState.LEFT, plan_digest=None)
    never = replace(done.rows[2], state=RowState.ENDED, plan_digest=None)
    later = replace(done.rows[0], state=RowState.SCHEDULED)
    assert batch_icon(replace(done, rows=(later, alone, *done.rows[3:]))) == "✅"
    assert batch_icon(replace(done, rows=(later, never, *done.rows[3:]))) == "⚠️"
    assert batch_icon(with_others(BatchState.DONE)) == "⚠️"


def test_progress_counts_what_is_recorded() -> None:
    assert "2 of 40 checked and recorded" in shown(with_others(BatchState.APPLYING))


def test_a_later_round_says_why() -> None:
    one = batch(round=1, note=(Fact("batch_member_left", {"names": ["fabrikam.com"]}),))
    assert "Needs new approval" in shown(one)
    assert "fabrikam.com" in shown(one)


def test_an_older_message_decides_nothing() -> None:
    assert actions_of(older_batch_card(batch()).blocks) == []


def test_details_name_everybody_who_may_not_decide_and_the_whole_digests() -> None:
    one = batch()
    assert excluded_words(one) == "Riley (requester), Sam (sponsor), Chie (author of settings)"
    assert excluded_words(replace(one, sponsor=RILEY)).startswith("Riley (requester and sponsor)")
    text = str([block.to_dict() for block in details_blocks(one, now=NOW)])
    assert one.list_file is not None
    assert str(one.digest) in text
    assert one.list_file.sha256 in text


def test_details_have_every_partner_in_pages_first_those_that_go_another_way() -> None:
    one = with_others(BatchState.APPLYING)
    first = str([block.to_dict() for block in details_blocks(one, now=NOW)][-2:])
    assert first.index("partner003.example") < first.index("partner009.example") < first.index("partner000.example")
    assert f"{one.id}:1" in first
    pages = "".join(str([b.to_dict() for b in details_blocks(one, page=page, now=NOW)]) for page in range(7))
    assert all(row.name in pages for row in one.rows)


def test_details_begin_with_warnings_then_members_then_those_alone_and_refused_at_the_end() -> None:
    one = sheet_draft()
    text = str([block.to_dict() for page in range(8) for block in row_pages(one, page, action_ids=("a", "b"))])
    warned, member, alone, refused = (text.index(one.rows[number].name) for number in (4, 0, 40, 42))
    assert warned < member < alone < refused


def test_only_an_open_batch_can_be_withdrawn() -> None:
    withdrawable = {state for state in BatchState if can_be_withdrawn(batch(state))}
    assert withdrawable == {BatchState.PREPARING, BatchState.AWAITING_APPROVAL}


def test_text_from_outside_is_plain_text() -> None:
    name = "<!channel> <https://evil.example|click>"
    one = batch(BatchState.DONE, 1)
    one = replace(one, rows=(replace(one.rows[0], name=name, state=RowState.LEFT),), justification=name)
    for blocks in (batch_card(one, now=NOW).blocks, [block.to_dict() for block in details_blocks(one, now=NOW)]):
        assert not [text for text in mrkdwn_of(blocks) if "evil" in text]


def mrkdwn_of(node: Any) -> list[str]:
    """Every text that Slack would interpret."""
    if isinstance(node, dict):
        own = [str(node["text"])] if node.get("type") == "mrkdwn" else []
        return own + [text for value in node.values() for text in mrkdwn_of(value)]
    return [text for value in node for text in mrkdwn_of(value)] if isinstance(node, list) else []


# --- the window of a draft ---


def test_a_draft_says_what_is_decided_together_what_alone_and_what_not_and_who_cannot_approve() -> None:
    terms = BatchTerms(
        days=(90, 180),
        default_days=180,
        stages=CHAIN,
        authors=(CHIE,),
        problem=Fact(RefusalCode.UNKNOWN_BATCH),
    )
    view = draft_view(DraftContent(batch=draft(), terms=terms, requester=RILEY.chat_id))
    text = json.dumps(view, ensure_ascii=False)
    assert "In one decision: 36 partners" in text
    assert "Each with its own request and approval: 3 partners" in text
    assert "High risk is decided alone." in text
    assert "Cannot be adopted: 1 partner" in text
    assert "they cannot approve: Chie." in text
    assert "⚠️" in text
    assert view["private_metadata"] == f"{BATCH_ID}:{draft().version}"
    fields = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    assert fields == ["justification", "sponsor", "duration"]


def test_a_draft_without_a_common_duration_offers_none() -> None:
    terms = BatchTerms(days=(), default_days=0, stages=CHAIN, authors=())
    view = draft_view(DraftContent(batch=draft(), terms=terms, requester=RILEY.chat_id))
    assert "duration" not in [block.get("block_id") for block in view["blocks"]]


def test_a_draft_says_that_its_templates_have_no_duration_in_common_and_what_to_do() -> None:
    guests, trusted = CATALOG.templates["guest-collaboration"], CATALOG.templates["trusted-partner"]
    terms = BatchTerms(days=(90,), default_days=90, stages=CHAIN, authors=(), differing=(guests, trusted))
    view = draft_view(DraftContent(batch=draft(), terms=terms, requester=RILEY.chat_id))
    text = "".join(texts(view))
    assert f"{guests.title}: {', '.join(str(one.days) for one in guests.durations)} days" in text
    assert "gatehouse adopt --all --only" in text
    assert "duration" in [block.get("block_id") for block in view["blocks"]]


def test_many_reasons_and_partners_of_a_draft_are_counted() -> None:
    rows = [row(n, RowState.ALONE, reason=(Fact("text", {"text": f"Reason {n % 6}."}),)) for n in range(60)]
    one = replace(draft(), rows=tuple(rows))
    terms = BatchTerms(days=(90,), default_days=90, stages=CHAIN, authors=())
    text = json.dumps(draft_view(DraftContent(batch=one, terms=terms, requester=RILEY.chat_id)))
    assert "No partners in one decision" in text
    assert "and 5 more" in text
    assert "and 20 more for other reasons" in text
    assert len(draft_rows_view(one, 0)["blocks"]) == 2


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (" b-5f3c9a10d2 ", BATCH_ID),
        ("B\u20115F3C9A10D2", BATCH_ID),
        ("contoso.com", None),
        ("B-5F3C9A10D2.com", None),
        ("B-5F3C9A10DX", None),
    ],
)
def test_the_id_of_a_draft_is_found_in_any_case_and_with_any_hyphen(typed: str, expected: str | None) -> None:
    assert typed_batch_id(typed) == expected


# --- words ---


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (Fact(RowCode.HIGH_RISK, {"reasons": ["all_trust"]}), "High risk is decided alone."),
        (
            Fact(RowCode.NOT_READ, {"answer": [{"code": "text", "values": {"text": "no answer"}}]}),
            "The partner could not be read for several hours. no answer",
        ),
        (
            Fact(RowCode.KEEPS_FAILING),
            "An error in Gatehouse stopped it several times in its batch. The log has the error.",
        ),
        (Fact(RowCode.PLANNED_AGAIN), "Its settings or their authors changed, so it needs its own approval."),
        (Fact(RowCode.APPROVAL_AGAIN), "An approval did not count any more, so it needs its own approval."),
        (
            Fact(RowCode.CHANGED_SINCE_DRAFT),
            "Its settings changed after the draft. Adopt it alone with /partner adopt.",
        ),
        (Fact(RowCode.STOPPED, {"state": "stopped", "note": []}), "Its request was stopped."),
    ],
)
def test_a_row_says_why_it_goes_another_way(fact: Fact, expected: str) -> None:
    assert row_reason_words(row(1, RowState.LEFT, reason=(fact,))) == expected


# --- App Home ---


def test_the_app_home_has_the_batches_that_wait_in_pages() -> None:
    page = Page(items=(batch(),), count=3, count_before=1, size=1, first_cursor=("a",), last_cursor=("a",))
    rows = [block.to_dict() for block in batch_rows(page, NOW)]
    assert rows[1]["accessory"]["action_id"] == "review_batch"
    assert "2 of 3" in str(rows)
    assert actions_of(rows) == ["home_previous", "home_next"]
    assert list(batch_rows(EMPTY, NOW)) == []


def test_an_own_batch_is_withdrawn_from_the_app_home_while_it_is_open() -> None:
    own = (
        batch(list_file=None, list_problem=(Fact(ListProblem.NO_ANSWER, {"code": "-"}),)),
        with_others(BatchState.APPLYING),
        asked(batch(BatchState.DONE)),
    )
    more = [block.to_dict() for block in own_batch_rows(Page(items=own, count=5, size=3, last_cursor=("a",)))]
    assert "My batches, the newest first" in str(more[0])
    assert actions_of(more)[-1] == "home_next"
    blocks = [block.to_dict() for block in own_batch_rows(Page(items=own, count=3, size=3))]
    assert actions_of(blocks) == ["review_batch", "withdraw_batch", "review_batch", "review_batch"]
    assert "The chat system does not answer." in str(blocks)
    assert "2 of 40" in str(blocks)


def test_the_card_says_what_happens_after_the_duration() -> None:
    one = batch(count=2)
    blocked, asked = replace(one.rows[0], at_end=AtEnd.BLOCK), replace(one.rows[1], at_end=AtEnd.ASK)
    assert "180 days, then blocked or asked" in shown(replace(one, rows=(blocked, asked)))
    text = shown(replace(one, rows=(blocked, replace(asked, at_end=AtEnd.BLOCK))))
    assert "180 days, then blocked" in text
    assert "or asked" not in text


def test_in_a_draft_nothing_is_planned_before_somebody_asked() -> None:
    views = [draft_rows_view(draft(), page) for page in range(5)]
    text = json.dumps(views)
    assert "being planned" not in text
    assert ": draft" in text


def test_a_row_that_is_not_asked_for_says_where_it_is_in_the_file() -> None:
    """So that the person finds it there and corrects it."""
    one = sheet_draft()
    text = json.dumps([draft_rows_view(one, page) for page in range(9)])
    left_out = [skipped for skipped in one.rows if not skipped.is_asked]
    assert left_out
    for skipped in left_out:
        assert skipped.asked is not None
        assert f' \\u00b7 row {skipped.asked.row}"' in text


def test_details_say_what_became_of_applied_partners_since() -> None:
    named = enumerate(batch().rows)
    rows = tuple(replace(one, state=RowState.APPLIED, request_id=RequestId(f"R-{number}")) for number, one in named)
    done = replace(batch(), state=BatchState.DONE, rows=rows)
    first, second, *_ = applied_rows(done, 0)
    applied = request(RequestState.APPLIED, id=first, confirmed_at=NOW)
    later = request(RequestState.APPLIED, RequestKind.REVOCATION, id=RequestId("r-9"), confirmed_at=NOW, not_closed=())
    since = {
        first: SinceApplied(request=applied, successor=later, drift=None),
        second: SinceApplied(request=applied, successor=None, drift=drift()),
    }
    said = " ".join(texts([block.to_dict() for block in details_blocks(done, now=NOW, since=since)]))
    assert "adopted (verified); ⚠️ revoked later by Riley (r-9)" in said
    assert "adopted (verified); ⚠️ active, not as approved" in said
    assert said.count("; ⚠️ ") == 2

"""When approval is needed again, everybody who must act gets one new message, with the difference and the new plan."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import CHANNEL, Scene, action_ids, decided_by, person, request
from tests.bot.surfaces import dicts, shown
from tests.workflows.core.builders import NOW, access_plan, noted
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.errors.facts import Fact
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.policy.approval import Choice
from workflows.core.requests.commands.automatic import RecordPrepared, Replan
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, EditRecord, RequestState
from workflows.core.requests.transitions.transition import Situation

SIGNED_IN = Finding(
    code=FindingCode.SIGN_INS,
    severity=Severity.NOTE,
    source="Entra",
    values={"people": 12, "applications": [], "application_count": 0, "is_complete": True, "days": 30},
)
WHY = "Somebody changed this partner's settings outside Gatehouse."


def asked_again(before: AccessRequest) -> AccessRequest:
    """Return the request after an outside change, with the plan that follows from the current settings."""
    at = Situation(now=NOW + timedelta(hours=1))
    again = advance_request_and_record(before, Replan(reason=noted(WHY)), at).request
    plan = access_plan({"tenantId": before.plan.tenant_id, "inboundTrust": {"isMfaAccepted": False}})
    return advance_request_and_record(
        again, RecordPrepared(prepared=replace(before.require_prepared(), plan=plan)), at
    ).request


def newest(scene: Scene, place: str) -> dict[str, Any]:
    return max(scene.messages(place), key=lambda one: str(one["ts"]))


def mentioned(message: dict[str, Any]) -> list[str]:
    return [one["user_id"] for one in dicts(message["blocks"]) if one.get("type") == "user"]


async def test_who_must_decide_again_gets_one_new_message_with_the_difference(scene: Scene) -> None:
    first = request(decisions=(decided_by("approver1"),))
    await scene.notifier().show_request(request())
    await scene.notifier().show_request(first)
    again = asked_again(first)
    for _ in range(3):
        await scene.notifier().show_request(again)
    counts = scene.counts()
    assert counts["@approver1"] == 2, "a new one, once"
    assert counts["@approver2"] == 1, "whose turn it is not is not asked"
    assert (counts["@requester"], counts["@admin"]) == (1, 1)
    message = newest(scene, "@approver1")
    said = shown(message["blocks"])
    assert "needs new approval" in message["text"]
    assert WHY in said
    assert "Different from the earlier plan" in said
    assert "Trust in the partner's MFA: was the tenant's default (value not known)" in said
    assert "; now not trusted; after approval: trusted" in said
    assert "Earlier approvals no longer count: yours" in said
    assert action_ids(message) == ["approve", "reject", "ask", "review_request"]


async def test_who_got_the_earlier_plan_decides_on_the_difference_and_the_facts_of_the_card(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    again = asked_again(request())
    issue = Finding(
        code=FindingCode.TEXT, severity=Severity.WARNING, values={"text": "A policy blocks them."}, source=""
    )
    again = replace(again, prepared=replace(again.require_prepared(), findings=(issue, SIGNED_IN)))
    await scene.notifier().show_request(again)
    said = shown(newest(scene, "@approver1")["blocks"])
    facts = ("Why: ", "Different from the earlier plan", "Plan now: ", "More access", "A policy blocks them.")
    places = [said.index(part) for part in (*facts, "12 people of theirs signed in, last 30 days", "Security 0/1")]
    assert places == sorted(places), "the difference first, then the card"
    assert "you" not in said.replace("your", ""), "who decided nothing reads nothing of an own decision"
    assert "no longer count" not in said


async def test_who_joins_after_an_edit_gets_the_card_of_a_new_request(scene: Scene) -> None:
    """Of a later stage nobody was asked before the edit: no difference, in no direct message and by no mention."""
    await scene.notifier().show_request(request())
    edited = replace(asked_again(request()), asked_again=(Fact(NoteCode.EDITED, {"name": "Riley Park"}),), drift=None)
    await scene.notifier().show_request(edited)
    mine = replace(decided_by("approver1"), digest=edited.plan.digest)
    await scene.notifier().show_request(replace(edited, decisions=(mine,)))
    for approver in ("approver2", "approver3"):
        [message] = scene.messages(f"@{approver}")
        said = shown(message["blocks"])
        assert "Different from" not in said
        assert "edited" not in said
        assert "More access" in said
    assert mentioned(newest(scene, CHANNEL)) == []


async def test_who_has_a_message_about_an_older_plan_only_gets_the_whole_card_with_the_reason(scene: Scene) -> None:
    """The difference is the one from the plan of the round before, which this person never saw."""
    await scene.notifier().show_request(request(decisions=(decided_by("approver1"),)))
    twice = replace(asked_again(request()), round=2, asked_again=(Fact(NoteCode.EDITED, {"name": "Riley Park"}),))
    mine = replace(decided_by("approver1"), digest=twice.plan.digest)
    await scene.notifier().show_request(replace(twice, decisions=(mine,)))
    said = shown(newest(scene, "@approver2")["blocks"])
    assert "Different from" not in said
    assert "Plan changed: Riley Park edited this request." in said
    assert "More access" in said


async def test_nobody_is_asked_for_a_new_approval_where_nobody_had_approved(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    await scene.notifier().show_request(asked_again(request()))
    message, older = newest(scene, "@approver1"), min(scene.messages("@approver1"), key=lambda one: str(one["ts"]))
    assert "plan changed" in message["text"]
    assert "plan changed, see the newer message" in shown(older["blocks"])
    card = min(scene.messages(CHANNEL), key=lambda one: str(one["ts"]))
    mine = newest(scene, "@requester")
    for said in (message["text"], *(shown(one["blocks"]) for one in (message, older, card, mine))):
        assert "lan changed" in said
        assert "eeds new approval" not in said


async def test_the_earlier_message_keeps_the_receipt_and_loses_its_buttons(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    await scene.notifier().show_request(asked_again(request(decisions=(decided_by("approver1"),))))
    older = min(scene.messages("@approver1"), key=lambda one: str(one["ts"]))
    assert action_ids(older) == []
    said = shown(older["blocks"])
    assert "see the newer message" in said
    assert "Your approval of Mar 1, 2027 at 09:00 UTC no longer counts" in said


def edited_again(before: AccessRequest) -> AccessRequest:
    """Return the request after its requester edited it, with the same plan."""
    why = (Fact(NoteCode.EDITED, {"name": "Riley Park"}), Fact(NoteCode.ASKED_AGAIN))
    edits = (*before.edits, EditRecord(person=person("requester"), at=NOW))
    return replace(asked_again(replace(before, edits=())), asked_again=why, edits=edits, drift=None)


async def test_after_an_edit_the_older_copy_points_to_the_newer_one_and_is_never_written_again(scene: Scene) -> None:
    """Also in the channel's thread, and also once the request is decided: nobody keeps two cards with its state."""
    await scene.notifier().show_request(request(decisions=(decided_by("approver1"),)))
    await scene.notifier().show_request(request())
    once = edited_again(request(decisions=(decided_by("approver1"),)))
    await scene.notifier().show_request(once)
    twice = edited_again(once)
    for _ in range(2):
        await scene.notifier().show_request(twice)
    older = in_order(scene, "@approver1")[:2]
    for message in older:
        said = shown(message["blocks"])
        assert "edited by Riley Park, see the newer message" in said
        assert action_ids(message) == []
    assert "Your approval of Mar 1, 2027 at 09:00 UTC no longer counts" in shown(older[0]["blocks"])
    mine = replace(decided_by("approver1"), digest=twice.plan.digest)
    theirs = [replace(mine, person=person(who), stage=1) for who in ("approver2", "approver3")]
    active = replace(twice, state=RequestState.APPLIED, decisions=(mine, *theirs), confirmed_at=NOW, changed_at=NOW)
    await scene.notifier().show_request(active)
    assert in_order(scene, "@approver1")[:2] == older
    channel = in_order(scene, CHANNEL)
    for place in (channel, in_order(scene, "@approver1")):
        assert ["active (verified" in one["text"] for one in place].count(True) == (2 if place is channel else 1)
    assert len(await scene.store.channel_copies("ANOTHER", 99)) == len(channel), "all can be emptied"
    first_reply = channel[1]
    assert "see the newer message" in shown(first_reply["blocks"])
    assert action_ids(first_reply) == []


async def test_who_decides_later_reads_after_an_edit_why_the_buttons_are_gone_and_that_their_turn_comes(
    scene: Scene,
) -> None:
    mine, theirs = decided_by("approver1"), replace(decided_by("approver2"), stage=1)
    await scene.notifier().show_request(request(decisions=(mine,)))
    [asked] = scene.messages("@approver3")
    assert "approve" in action_ids(asked)
    edited = edited_again(request(decisions=(mine, theirs)))
    for _ in range(2):
        await scene.notifier().show_request(edited)
    for who in ("approver2", "approver3"):
        [message] = scene.messages(f"@{who}")
        said = shown(message["blocks"])
        assert "Edited by Riley Park. You get a new message when it is your turn again." in said
        assert ("Your approval of Mar 1, 2027 at 09:00 UTC no longer counts" in said) is (who == "approver2")
        assert action_ids(message) == ["review_request"]
    mine = replace(mine, digest=edited.plan.digest)
    await scene.notifier().show_request(replace(edited, decisions=(mine,)))
    older, newer = in_order(scene, "@approver3")
    assert "edited by Riley Park, see the newer message" in shown(older["blocks"])
    assert (action_ids(older), "approve" in action_ids(newer)) == ([], True)
    rejected = replace(edited, state=RequestState.REJECTED, decisions=(decided_by("approver1", Choice.REJECT),))
    await scene.notifier().show_request(rejected)
    assert "Rejected by Amara Okafor" in shown(in_order(scene, "@approver3")[-1]["blocks"])


async def test_who_cannot_decide_any_more_is_not_told_that_their_turn_comes(scene: Scene) -> None:
    """The edit names one of the later approvers as the sponsor."""
    await scene.notifier().show_request(request(decisions=(decided_by("approver1"),)))
    edited = edited_again(request(decisions=(decided_by("approver1"),)))
    named = replace(
        edited,
        fields=replace(edited.fields, sponsor=person("approver3").chat_id),
        prepared=replace(edited.require_prepared(), sponsor=person("approver3")),
    )
    await scene.notifier().show_request(named)
    told, not_told = in_order(scene, "@approver2")[0], in_order(scene, "@approver3")[0]
    assert "your turn" in shown(told["blocks"])
    assert "your turn" not in shown(not_told["blocks"])


async def test_who_decides_later_is_told_when_others_changed_the_settings_too(scene: Scene) -> None:
    await scene.notifier().show_request(request(decisions=(decided_by("approver1"),)))
    await scene.notifier().show_request(asked_again(request(decisions=(decided_by("approver1"),))))
    [message] = scene.messages("@approver2")
    assert "Needs new approval. You get a new message when it is your turn again." in shown(message["blocks"])


def in_order(scene: Scene, place: str) -> list[dict[str, Any]]:
    return sorted(scene.messages(place), key=lambda one: str(one["ts"]))


async def test_the_channel_keeps_one_card_and_its_thread_mentions_who_must_decide(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    again = asked_again(request())
    for _ in range(2):
        await scene.notifier().show_request(again)
    card, reply = sorted(scene.messages(CHANNEL), key=lambda one: str(one["ts"]))
    assert reply["thread_ts"] == card["ts"]
    assert "thread_ts" not in card
    assert mentioned(reply) == [SLACK_IDS["approver1"]]
    assert action_ids(reply) == ["approve", "reject", "ask", "review_request"]
    decided = replace(again, state=RequestState.APPLYING)
    await scene.notifier().show_request(decided)
    assert action_ids(newest(scene, CHANNEL)) == ["reject", "review_request"]
    assert len(scene.messages(CHANNEL)) == 2


async def test_an_approver_who_saw_no_earlier_plan_gets_the_whole_card(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    again = asked_again(request())
    mine = replace(decided_by("approver1"), digest=again.plan.digest)
    await scene.notifier().show_request(replace(again, decisions=(mine,)))
    message = newest(scene, "@approver2")
    assert "Different from the earlier plan" not in shown(message["blocks"])
    assert "approve" in action_ids(message)


async def test_who_decided_keeps_a_dated_receipt(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    for state in (RequestState.AWAITING_APPROVAL, RequestState.APPLIED):
        await scene.notifier().show_request(request(state, decisions=(decided_by("approver1"),), confirmed_at=NOW))
        assert "You approved this Mar 1, 2027 at 09:00 UTC" in shown(scene.messages("@approver1")[0]["blocks"])
    assert scene.counts()["@approver1"] == 1


async def test_the_sponsor_is_told_once_and_a_sponsor_who_asks_for_themselves_has_one_message(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    (told,) = scene.messages("@admin")
    assert "named you as the sponsor" in shown(told["blocks"])
    own = request(id="r-2")
    own = replace(
        own,
        fields=replace(own.fields, sponsor=own.fields.requester),
        prepared=replace(own.require_prepared(), sponsor=person("requester")),
    )
    await scene.notifier().show_request(own)
    assert (len(scene.messages("@admin")), len(scene.messages("@requester"))) == (1, 2)


async def test_after_an_edit_the_new_sponsor_is_told_and_the_former_one_reads_it_in_place(scene: Scene) -> None:
    before = request()
    await scene.notifier().show_request(before)
    asked = replace(before.fields, sponsor=person("approver3").chat_id)
    edited = replace(
        before, state=RequestState.PREPARING, fields=asked, edits=(EditRecord(person=person("requester"), at=NOW),)
    )
    await scene.notifier().show_request(edited)
    assert "named you as the sponsor" in shown(scene.messages("@admin")[0]["blocks"]), "until there is a new plan"
    assert scene.messages("@approver3") == []
    planned = replace(
        edited,
        state=RequestState.AWAITING_APPROVAL,
        prepared=replace(before.require_prepared(), sponsor=person("approver3")),
    )
    for _ in range(2):
        await scene.notifier().show_request(planned)
    [former], [named] = scene.messages("@admin"), scene.messages("@approver3")
    assert "You are not the sponsor any more" in shown(former["blocks"])
    assert "named you as the sponsor" in shown(named["blocks"])
    done = replace(planned, state=RequestState.WITHDRAWN)
    updates = scene.written().count("chat.update")
    await scene.notifier().show_request(done)
    assert scene.messages("@admin") == [former], "closed for good: it says nothing of the state"
    assert scene.written().count("chat.update") > updates


async def test_who_is_named_as_the_sponsor_again_gets_a_new_message(scene: Scene) -> None:
    """An update would notify nobody, and the earlier message says that there is nothing to do."""
    first = request()
    await scene.notifier().show_request(first)
    for who in ("approver3", "admin"):
        asked = replace(first.fields, sponsor=person(who).chat_id)
        prepared = replace(first.require_prepared(), sponsor=person(who))
        again = replace(first, fields=asked, prepared=prepared, edits=(EditRecord(person=person("requester"), at=NOW),))
        for _ in range(2):
            await scene.notifier().show_request(again)
    former, named = in_order(scene, "@admin")
    assert "You are not the sponsor any more" in shown(former["blocks"])
    assert "named you as the sponsor" in shown(named["blocks"])
    [other] = [one for one in in_order(scene, "@approver3") if "sponsor" in one["text"]]
    assert "You are not the sponsor any more" in shown(other["blocks"])

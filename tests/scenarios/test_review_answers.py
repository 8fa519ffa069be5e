"""Answers to a review with its evidence: kept once, reduced, refused for drift, and never by a former sponsor."""

from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, DAY, Stage, buttons, words

pytestmark = pytest.mark.story

ANSWERS = ["keep", "reduce", "revoke_review", "review_details"]
ATTESTED = {"attest": {"attest": ["everybody_uses_mfa"]}}


async def asked(stage: Stage, user: str = "requester") -> dict[str, Any]:
    """Go to the next review of Contoso and return its card."""
    await stage.later(31 * DAY)
    return [message for message in await stage.direct(user) if "revoke_review" in buttons(message)][-1]


async def asked_with_admins(stage: Stage) -> tuple[dict[str, Any], dict[str, Any]]:
    """Go on until the admins are asked too; return the newest card of the sponsor, and that of an admin."""
    for days in (31, 3, 7, 14):
        await stage.later(days * DAY + 60)
    theirs = [message for message in await stage.direct("requester") if "revoke_review" in buttons(message)]
    admins = [message for message in await stage.direct("admin") if "revoke_review" in buttons(message)]
    return theirs[-1], admins[-1]


async def window(stage: Stage, user: str, action_id: str, card: dict[str, Any]) -> dict[str, Any]:
    """Press a button of a card and return the window that it opens, filled."""
    click = {"user": user, "action_id": action_id, "channel": f"@{user}", "ts": card["ts"]}
    view_id = (await stage.do("click", **click))["views"][-1]
    await stage.rest()
    views: list[dict[str, Any]] = (await stage.see("views", user=user))["views"]
    [view] = [view for view in views if view["id"] == view_id]
    return view


async def answered(stage: Stage, user: str, card: dict[str, Any]) -> str:
    """Return what a card says after an answer."""
    [now] = [message for message in await stage.direct(user) if message["ts"] == card["ts"]]
    return words(now)


async def test_a_review_is_answered_by_less_access(stage: Stage) -> None:
    """One approver decides; the partner's MFA is not trusted any more, and the next review comes an interval later."""
    await stage.open_access()
    card = await asked(stage)
    assert buttons(card) == ANSWERS
    said = " ".join(words(card).split())
    assert "Why now: regular review" in said
    assert "As approved" in said
    assert "/partner revoke contoso.com" in said
    form = await window(stage, "requester", "reduce", card)
    assert form["callback_id"] == "request_access"
    assert "Certainly less access than now: “Guest collaboration”" in words(form)
    values = {"justification": {"justification": "Only guests work on the bridge until May"}}
    assert (await stage.do("submit", user="requester", view_id=form["id"], values=values))["errors"] == {}
    await stage.rest()
    waiting = await answered(stage, "requester", card)
    assert "A reduction is requested" in waiting
    approval = await stage.card()
    assert await stage.press("approver1", "approve", approval["ts"]) == []
    partner = await stage.partner(CONTOSO)
    assert partner is not None
    assert partner["inboundTrust"]["isMfaAccepted"] is False
    done = await answered(stage, "requester", card)
    assert "review answered, access reduced" in done
    assert "Only guests work on the bridge until May" in done
    await stage.later(29 * DAY)
    assert [message for message in await stage.direct("requester") if "revoke_review" in buttons(message)] == []
    assert [entry["method"] for entry in await stage.writes()] == ["POST", "PATCH"]


async def test_two_people_answer_at_once_and_one_answer_counts(stage: Stage) -> None:
    """Who was second is told that somebody has answered; the reason of the first stays."""
    await stage.open_access()
    card, admins = await asked_with_admins(stage)
    first, second = await window(stage, "requester", "keep", card), await window(stage, "admin", "keep", admins)
    for user, view, reason in (
        ("requester", first, "The bridge is inspected until the end of March"),
        ("admin", second, "Audit of the bridge runs until June"),
    ):
        values = {"reason": {"reason": reason}, **ATTESTED}
        assert (await stage.do("submit", user=user, view_id=view["id"], values=values))["errors"] == {}
    await stage.rest()
    told = " ".join([*map(words, await stage.direct("requester")), *map(words, await stage.direct("admin"))])
    assert "Somebody has answered this review already." in told
    kept = await answered(stage, "requester", card)
    assert sum(reason in kept for reason in ("The bridge is inspected", "Audit of the bridge")) == 1


async def test_evidence_names_people_for_admins_only_and_each_look_is_recorded(stage: Stage) -> None:
    await stage.open_access()
    card, admins = await asked_with_admins(stage)
    theirs = words(await window(stage, "requester", "review_details", card))
    assert "Conditional Access today" in theirs
    evidence = await window(stage, "admin", "review_details", admins)
    assert evidence["callback_id"] == "review_evidence"
    assert "Names are shown to admins only" not in words(evidence)


async def test_a_drifted_partner_is_neither_kept_nor_reduced(stage: Stage) -> None:
    await stage.open_access()
    card = await asked(stage)
    opened = {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    }
    changed = {"partners": {CONTOSO: {"b2bDirectConnectInbound": opened}}}
    assert (await stage.call("PATCH", "graph/state", changed))["ok"] is True
    await stage.later(2 * 60 * 60)
    [now] = [message for message in await stage.direct("requester") if message["ts"] == card["ts"]]
    assert buttons(now) == ["restore_approved", "revoke_review", "review_details"]
    assert "not possible, nobody approved this." in words(now)
    assert "Changed outside Gatehouse" in words(now)
    assert "Shared channels here: all apps (approved: " in words(now)
    assert " to undo the changes." in words(now)

"""Microsoft Graph refuses the second write of an approved change: the whole bot in the sandbox."""

import asyncio

import pytest

from tests.scenarios.stage import CONTOSO, Stage, buttons, words

pytestmark = pytest.mark.story

SYNCHRONIZATION = f"partners/{CONTOSO}/identitySynchronization"
REFUSED = {"target": "graph", "method": "PUT", "match": SYNCHRONIZATION, "status": 400}


async def approve_until_refused(stage: Stage, **fault: object) -> None:
    """Approve a change of two writes, of which Graph refuses the second."""
    ts = await stage.ask(template="subsidiary-synchronization")
    for approver in ("approver1", "approver2"):
        await stage.press(approver, "approve", ts)
    await stage.do("faults", **{**REFUSED, **fault})
    await stage.do("click", user="approver3", action_id="approve", channel="partner-access", ts=ts)


async def shown(stage: Stage, user: str = "admin") -> str:
    """What `/partner show` says."""
    answer = await stage.do("command", user=user, text="/partner show contoso.com")
    await stage.rest()
    return " ".join(words(message) for message in answer["ephemeral"])


@pytest.mark.threats("F3")
async def test_a_part_is_recorded_alarmed_reviewed_and_revoked(stage: Stage) -> None:
    await approve_until_refused(stage)
    await stage.tick()
    assert [(one["method"], one["status"]) for one in await stage.writes()] == [("POST", 201), ("PUT", 400)]
    card = await stage.card()
    assert (card["text"].split(". ")[0], buttons(card)) == ("contoso.com: partly applied", [])
    assert "Only 1 of 2 changes is in the tenant (verified): " in words(card)
    assert any("partly applied" in one["text"] for one in await stage.direct("requester"))
    [alarm] = [one for one in await stage.direct("admin") if one["text"].startswith("contoso.com, alarm: ")]
    assert "is only partly applied" in words(alarm)
    [review] = [one for one in await stage.direct("requester") if "revoke_review" in buttons(one)]
    assert buttons(review) == ["revoke_review", "review_details"], "nobody can keep it"
    assert "partly applied, review is due" in words(review)
    assert "Not applied: Identity synchronization into this tenant" in " ".join(words(review).split())
    assert "Only a part of the approved change is in the tenant" in await shown(stage)
    assert (await stage.revoke())["errors"] == {}
    await stage.tick()
    partner = await stage.partner()
    assert partner is not None
    assert partner["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"
    [alarm] = [one for one in await stage.direct("admin") if "is only partly applied" in one["text"]]
    assert alarm["text"].startswith("contoso.com, fixed. ")


async def test_what_cannot_be_read_is_said_survives_a_kill_and_is_recorded_once_it_is_known(stage: Stage) -> None:
    # NB. the click is not waited for: the sandbox waits with its answer until the bot has nothing to do.
    approving = asyncio.create_task(approve_until_refused(stage, delay_seconds=10))
    # The second write is on its way for some seconds. The partner is not read before its answer.
    await stage.until(stage.writes, "the first write")
    await stage.do("faults", target="graph", method="GET", match=f"partners/{CONTOSO}", times=1000, status=503)
    await approving
    await stage.until_card("what is in the tenant now is not known")
    assert "refused by Microsoft Graph, current settings not known yet" in (await stage.card())["text"]
    await stage.kill_the_bot()
    await stage.tick()
    assert "current settings not known yet" in (await stage.card())["text"], "it is still not known"
    await stage.call("DELETE", "faults")
    await stage.later(300)
    assert [one["method"] for one in await stage.writes()] == ["POST", "PUT"], "after the refusal it only read"
    assert (await stage.card())["text"].startswith("contoso.com: partly applied")
    [review] = [one for one in await stage.direct("requester") if "revoke_review" in buttons(one)]
    assert "partly applied, review is due" in words(review)
    assert any("is only partly applied" in one["text"] for one in await stage.direct("admin"))


async def test_a_refused_write_that_nothing_precedes_leaves_no_record(stage: Stage) -> None:
    ts = await stage.ask(template="guest-collaboration")
    await stage.do("faults", target="graph", method="POST", match="partners", status=400)
    await stage.press("approver1", "approve", ts)
    await stage.tick()
    assert await stage.partner() is None
    card = await stage.card()
    assert "failed" in card["text"]
    assert "Nothing was written." in words(card)
    assert not any("alarm" in one["text"].lower() for one in await stage.direct("admin"))
    assert not any("revoke_review" in buttons(one) for one in await stage.direct("requester"))

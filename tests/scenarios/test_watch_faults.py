"""Bad input of the watch, through the whole bot: incomplete is said as incomplete, and nothing is written by itself."""

import asyncio
import base64
import json
from typing import Final

import pytest

from tests.scenarios.stage import CHANNEL, CONTOSO, DAY, Stage, actions, words
from tests.scenarios.test_adopt import APPROVERS, WIDE, configure, open_form, send
from tests.scenarios.test_audit_report import command
from tests.scenarios.test_posture import gatehouse
from tests.scenarios.test_request_to_revoke import BLOCKED
from tests.scenarios.test_watch import ALL, HOUR, accept, changed_behind, told, top_view

pytestmark = pytest.mark.story

STRANGERS: Final = 99
LOG: Final = "/auditLogs/directoryAudits"


async def test_an_adopted_partner_drifts_is_accepted_until_a_date_and_asked_again(stage: Stage) -> None:
    """What was adopted is what is compared. The report tells who accepted the change, and that it is still there."""
    await configure(stage, WIDE)
    answer = await send(stage, await open_form(stage))
    assert answer["errors"] == {}, answer
    card = await stage.card()
    for approver in APPROVERS:
        assert await stage.press(approver, "approve", card["ts"]) == []
    assert "active (verified" in (await stage.card())["text"]
    await stage.later(HOUR + 60)
    assert await told(stage, "admin") == [], "what was adopted is as approved"

    await changed_behind(stage, inboundTrust={"isMfaAccepted": False, "isCompliantDeviceAccepted": False})
    await stage.later(HOUR)
    (alarm,) = await told(stage, "admin")
    assert {"adopt_partner", "restore_approved", "accept_drift", "revoke_partner"} <= set(actions(alarm))
    assert (await accept(stage, "admin", alarm, "7"))["errors"] == {}
    (accepted,) = await told(stage, "admin")
    assert "accepted by" in words(accepted)
    said = await command(stage, "admin", "audit contoso.com")
    assert "Not as approved. A sweep found it different on" in said
    await stage.later(7 * DAY + HOUR)
    again = await told(stage, "admin")
    assert len(again) == 2
    assert "It was accepted before, and that time is over." in words(again[-1])
    status, out, err = await gatehouse(stage, "audit", "report", "--format", "json")
    assert status == 0, err
    (request,) = json.loads(out)["requests"]
    assert request["result"]["code"] == "drifted"
    (change,) = request["changes_by_others"]
    assert [(one["name"], one["reason"]) for one in change["accepted"]] == [
        ("Dana Reyes", "A test of the network team")
    ]
    assert change["ended_at"] is None
    assert await stage.writes() == [], "an adoption and an acceptance write nothing"


async def test_what_cannot_be_read_is_incomplete_and_a_tenant_that_is_gone_can_still_be_closed(stage: Stage) -> None:
    """The default unreadable, the audit log throttled, and then a partner whose tenant does not exist any more."""
    await stage.open_access(sponsor="requester")
    await stage.later(HOUR + 60)
    before = await stage.writes()
    await stage.do("faults", target="graph", match="crossTenantAccessPolicy/default", times=50, status=503)
    status, out, _ = await gatehouse(stage, "sweep", columns=200)
    assert (status, "INCOMPLETE" in out, "Nothing is different" in out) == (4, True, False), out
    await stage.call("DELETE", "faults")

    logged = await changed_behind(stage, b2bDirectConnectInbound=ALL)
    throttled = {"target": "graph", "match": LOG, "times": 1000, "status": 429, "headers": {"Retry-After": "120"}}
    await stage.do("faults", **throttled)
    await stage.later(HOUR)
    (alarm,) = await told(stage, "admin")
    assert "not known yet" in words(alarm)
    await stage.later(5 * 60)
    (alarm,) = await told(stage, "admin")
    assert "not known yet" in words(alarm), "a throttled log names nobody, and is not called empty"
    await stage.call("DELETE", "faults")
    await stage.call("PATCH", "graph/state", {"directoryAudits": logged})
    await stage.later(5 * 60)
    (alarm,) = await told(stage, "admin")
    assert "not known yet" not in words(alarm)
    assert "Author: " in words(alarm)

    await stage.call("PATCH", "graph/state", {"organizations": {CONTOSO: None}})
    status, out, _ = await gatehouse(stage, "sweep", columns=200)
    assert (status, "contoso.com: the settings are not the approved ones" in out) == (3, True), out
    assert await stage.writes() == before, "nothing is written by itself"
    assert (await stage.revoke())["errors"] == {}
    partner = await stage.partner()
    assert partner is not None
    assert partner["b2bDirectConnectInbound"] == BLOCKED
    assert any("contoso.com is blocked" in one["text"] for one in await stage.direct("admin"))


@pytest.mark.threats("F9")
async def test_a_list_that_breaks_off_makes_the_sweep_incomplete_and_nobody_is_gone(stage: Stage) -> None:
    """The third page of the list of partners answers 500. What was not listed is not called absent, nor revoked."""
    await stage.open_access(sponsor="requester")
    others: dict[str, object] = {f"0000000{number}-0000-4aaa-8bbb-0123456789a1": {} for number in range(1, 4)}
    await stage.call("PATCH", "graph/state", {"pageSize": 1, "partners": others})
    await stage.later(HOUR + 60)
    before = await stage.writes()
    third = base64.urlsafe_b64encode(json.dumps({"from": 2}).encode()).decode().rstrip("=")
    await stage.do("faults", target="graph", match=third, times=50, status=500)
    status, out, _ = await gatehouse(stage, "sweep", columns=200)
    assert (status, "INCOMPLETE" in out, "Read 2 partners" in out) == (3, True, True), out
    assert "contoso.com" not in out, out
    await stage.later(HOUR)
    assert await stage.writes() == before


async def test_a_hundred_changes_found_by_sweeps_at_once_are_one_message_a_person(stage: Stage) -> None:
    """One of them was deleted by hand, and a request about it is being decided. The bot and two commands sweep."""
    await stage.open_access(sponsor="requester")
    await stage.later(HOUR + 60)
    waiting = await stage.ask(template="teams-shared-channels", sponsor="requester", duration="90")
    strangers = {
        f"00000000-0000-4000-8000-{number:012x}": {"b2bCollaborationInbound": ALL} for number in range(STRANGERS)
    }
    before = await stage.writes()
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: None, **strangers}})
    swept = await asyncio.gather(
        gatehouse(stage, "sweep", "--json"), stage.later(HOUR), gatehouse(stage, "sweep", "--json")
    )
    for status, out, err in (swept[0], swept[2]):
        assert (status, err) == (3, ""), err
        assert len(json.loads(out)["found"]) == STRANGERS + 1
    await stage.tick()
    digests = await told(stage, "admin", "One sweep found")
    assert len(digests) == 1
    assert f"{STRANGERS + 1} changes" in words(digests[0])
    assert await told(stage, "admin", "settings were deleted") == [], "no alarm of its own beside the digest"
    assert len(await told(stage, "requester", "sweep")) == 1, "the sponsor, once"
    await stage.do("click", user="admin", action_id="show_drifts", channel="@admin", ts=digests[0]["ts"])
    view = await top_view(stage, "admin")
    assert f"1-10 of {STRANGERS + 1}" in words(view) or f"1–10 of {STRANGERS + 1}" in words(view), words(view)

    # Whoever decides about the drifted partner decides on what is there now.
    said = [await stage.press(approver, "approve", waiting) for approver in APPROVERS]
    await stage.tick()
    assert await stage.writes() == before, (said, "nothing is written over what somebody else did")
    assert "approve" in actions(await stage.card()), "it waits for approval of what it would change now"
    for _ in range(2):
        await stage.later(HOUR)
    assert len(await told(stage, "admin", "One sweep found")) == 1
    messages = (await stage.see("messages", channel=CHANNEL, user="admin"))["messages"]
    assert not [one for one in messages if "One sweep found" in words(one)], "never in the channel"

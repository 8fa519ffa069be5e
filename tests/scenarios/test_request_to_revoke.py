"""From the first click to the verified block."""

from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, DAY, Stage, actions, buttons, words

pytestmark = pytest.mark.story

GRAPH_PARTNERS = "/graph/v1.0/policies/crossTenantAccessPolicy/partners"
PREFLIGHT = (
    *("crossTenantAccessPolicy/default", "findTenantInformationByTenantId", "/policies/authorizationPolicy"),
    *("/identity/conditionalAccess/", "/admin/sharepoint/", "/auditLogs/"),
)
"""What is read beside the partner itself, before people decide."""

PARTNERS = "/policies/crossTenantAccessPolicy/partners"
BLOCKED = {
    "usersAndGroups": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}


async def test_a_trusted_partner_is_asked_for_approved_applied_reviewed_and_revoked(stage: Stage) -> None:
    """The whole history, checked by Graph's requests and by what every person saw."""
    ts = await stage.ask()
    card = await stage.card()
    assert buttons(card) == ["approve", "reject"]
    assert (await stage.read()).index("contoso.com") < (await stage.read()).index("Riley Park")
    for expected in ("contoso.com", CONTOSO, "Riley Park", "Joint bridge project", "isMfaAccepted", "Amara Okafor"):
        assert expected in await stage.read()
    assert await stage.writes() == []

    assert "your own request" in (await stage.press("requester", "approve", ts))[0]
    assert "guest" in (await stage.press("guest", "approve", ts))[0]
    assert "another workspace" in (await stage.press("outsider", "approve", ts))[0]
    assert "decides before your stage" in (await stage.press("approver2", "approve", ts))[0]
    assert await stage.press("approver1", "approve", ts) == []
    assert "already approved" in (await stage.press("approver1", "approve", ts))[0]
    assert await stage.press("approver2", "approve", ts) == []
    assert await stage.writes() == []
    assert await stage.press("approver3", "approve", ts) == []

    writes = await stage.writes()
    assert [(entry["method"], entry["status"]) for entry in writes] == [("POST", 201)]
    assert writes[0]["path"].endswith(PARTNERS)
    assert writes[0]["body"]["inboundTrust"] == {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}
    assert writes[0]["body"]["automaticUserConsentSettings"] == {"inboundAllowed": True}
    read_back = (await stage.graph())[-2:]
    assert {(one["method"], one["status"]) for one in read_back} == {("GET", 200)}
    assert {one["path"].partition(CONTOSO)[2] for one in read_back} == {"", "/m365Capabilities"}, "it is read back"

    for person in ("approver1", "approver2", "approver3"):
        assert all(buttons(message) == [] for message in await stage.direct(person))
    card = await stage.card()
    assert buttons(card) == []
    assert "verified" in card["text"]
    assert "Approved by  Amara Okafor, Bruno Keller, Chie Tanaka" in words(card)
    received = {who: len(await stage.direct(who)) for who in ("requester", "approver1", "approver2", "approver3")}
    # The requester, who is the sponsor too: the message about the request, and the partner's setup.
    assert received == {"requester": 2, "approver1": 1, "approver2": 1, "approver3": 1}

    await stage.later(31 * DAY)
    review = (await stage.direct("requester"))[-1]
    assert buttons(review) == ["keep", "reduce", "revoke_review", "review_details"]

    assert "not what has to be typed" in (await stage.revoke(typed="fabrikam.com"))["errors"]["confirm"]
    assert (await stage.revoke())["errors"] == {}
    writes = await stage.writes()
    assert [entry["method"] for entry in writes] == ["POST", "PATCH"]
    assert writes[1]["path"].endswith(f"{PARTNERS}/{CONTOSO}")
    assert writes[1]["body"] == {
        "b2bCollaborationInbound": BLOCKED,
        "b2bCollaborationOutbound": BLOCKED,
        "b2bDirectConnectInbound": BLOCKED,
        "b2bDirectConnectOutbound": BLOCKED,
        "inboundTrust": {
            "isMfaAccepted": False,
            "isCompliantDeviceAccepted": False,
            "isHybridAzureADJoinedDeviceAccepted": False,
        },
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
    }
    last = (await stage.graph())[-1]
    assert (last["method"], last["status"]) == ("GET", 200)
    assert "blocked (verified" in (await stage.card())["text"]
    offered = [action for message in await stage.direct("requester") for action in buttons(message)]
    assert offered == ["request_again"], "nothing that is over can be decided, withdrawn or reviewed"
    assert not any("/default" in entry["path"] for entry in writes)


def is_of_a_sweep(call: dict[str, Any]) -> bool:
    """Whether the hourly sweep made the call: it reads the default with its capabilities, and the list of all partners.

    It also compares our writes with Entra's log. An onboarding reads the default with others in a batch, and never the
    list; its own look into that log is not counted either.
    """
    parts = call["inner"] if str(call["path"]).endswith("/$batch") else [call]
    default = "/crossTenantAccessPolicy/default"
    ends = (default, f"{default}/m365Capabilities", "/partners", "/auditLogs/directoryAudits")
    return all(part["method"] == "GET" and str(part["path"]).endswith(ends) for part in parts)


async def test_onboarding_takes_at_most_six_calls_about_the_partner(stage: Stage) -> None:
    """From the look-up to reading back; calls about people and about capabilities are not counted.

    Calls about the tenant's settings before the decision are not counted either. The default is read once more before
    the write, when the partner inherits from it.
    """
    view_id = (await stage.do("command", user="requester", text="/partner request contoso.com"))["view_id"]
    answer = await stage.fill_in(view_id=view_id, template="guest-collaboration")
    assert answer["errors"] == {}
    await stage.rest()
    await stage.press("approver1", "approve", (await stage.card())["ts"])
    aside = ("/users", "/organization", "/m365Capabilities", *PREFLIGHT)
    about = [e for e in await stage.graph() if not any(part in e["path"] for part in aside) and not is_of_a_sweep(e)]
    assert await stage.partner() is not None
    assert len(about) <= 6, [(entry["method"], entry["path"]) for entry in about]
    reads = await stage.graph("GET", "crossTenantAccessPolicy/default")
    sweeps = [e for e in await stage.graph("GET", "/partners") if e["path"].endswith("/partners")]
    assert len(reads) - len(sweeps) == 2, "shown once, compared once, and read once by each sweep"


async def test_onboarding_with_three_approvals_is_thirteen_requests_of_which_one_writes(stage: Stage) -> None:
    """Evaluations of Conditional Access apart. A batch counts once; what changes anything is in none."""
    before = len((await stage.see("graph/log"))["log"])
    ts = await stage.ask(template="trusted-partner")
    for approver in ("approver1", "approver2", "approver3"):
        await stage.later(3_600)
        assert await stage.press(approver, "approve", ts) == []
    assert await stage.partner() is not None
    # The start asks twice whose tenant it is, perhaps only now.
    log = [
        one
        for one in (await stage.see("graph/log"))["log"][before:]
        if not one["path"].endswith("/evaluate") and one["query"] != {"$select": "id"} and not is_of_a_sweep(one)
    ]
    # The look into Entra's log, which `is_of_a_sweep` leaves out, is the thirteenth.
    assert len(log) <= 12, [(one["method"], one["path"]) for one in log]
    batches = [one["inner"] for one in log if one["path"].endswith("/$batch")]
    parts = [part for batch in batches for part in batch]
    assert {(part["method"], part["status"]) for part in parts} <= {("GET", 200), ("GET", 404)}
    assert len([part for part in parts if not part["path"].endswith("/m365Capabilities")]) <= 16, parts
    assert len(parts) <= 21, parts
    assert (log[-2]["method"], log[-2]["path"]) == ("POST", GRAPH_PARTNERS), "the write"
    assert {(part["method"], part["path"]) for part in log[-1]["inner"]} == {
        ("GET", f"{GRAPH_PARTNERS}/{CONTOSO}"),
        ("GET", f"{GRAPH_PARTNERS}/{CONTOSO}/m365Capabilities"),
    }, "what is read back after it"


async def test_a_rejection_says_why_to_the_requester_and_ends_every_card(stage: Stage) -> None:
    """Who decided what and why."""
    ts = await stage.ask()
    view = (await stage.do("click", user="approver1", action_id="reject", channel="partner-access", ts=ts))["views"][-1]
    empty = await stage.do("submit", user="approver1", view_id=view, values={"reason": {"reason": "   "}})
    assert "reason" in empty["errors"]
    reason = "Their MFA is not enforced yet"
    await stage.do("submit", user="approver1", view_id=view, values={"reason": {"reason": reason}})
    await stage.rest()
    assert buttons(await stage.card()) == []
    assert reason in await stage.read()
    assert any("Amara Okafor" in m["text"] and reason in m["text"] for m in await stage.direct("requester"))
    assert await stage.writes() == []


async def test_keeping_needs_a_reason_and_sets_the_next_review(stage: Stage) -> None:
    """The sponsor attests; the card loses its buttons; the next reminder comes an interval later."""
    await stage.open_access()
    await stage.later(31 * DAY)
    review = (await stage.direct("requester"))[-1]
    channel = "@requester"
    view = (await stage.do("click", user="requester", action_id="keep", channel=channel, ts=review["ts"]))["views"][-1]
    reason, box = {"reason": {"reason": "Phase two runs to June"}}, {"attest": {"attest": ["everybody_uses_mfa"]}}
    assert set((await stage.do("submit", user="requester", view_id=view, values=reason))["errors"]) == {"attest"}
    for empty in ("yes", "Access is still needed."):
        answer = await stage.do("submit", user="requester", view_id=view, values={"reason": {"reason": empty}, **box})
        assert "Write what they work on, and until when" in answer["errors"]["reason"]
    await stage.do("submit", user="requester", view_id=view, values={**reason, **box})
    await stage.rest()
    [kept] = [message for message in await stage.direct("requester") if message["ts"] == review["ts"]]
    assert buttons(kept) == []
    assert "Phase two runs to June" in words(kept)
    await stage.later(29 * DAY)
    assert [message for message in await stage.direct("requester") if "keep" in buttons(message)] == []
    await stage.later(2 * DAY)
    assert buttons((await stage.direct("requester"))[-1]) == ["keep", "reduce", "revoke_review", "review_details"]
    assert [entry["method"] for entry in await stage.writes()] == ["POST"]


async def test_the_sponsor_can_revoke_from_the_review_and_others_cannot(stage: Stage) -> None:
    """Closing needs fewer hands than opening, but not any hands."""
    await stage.open_access()
    await stage.later(31 * DAY)
    await stage.do("command", user="approver1", text="/partner revoke contoso.com")
    await stage.rest()
    [window] = (await stage.see("views", user="approver1"))["views"]
    assert window["submit"] is None
    assert "admins" in words(window)
    assert [entry["method"] for entry in await stage.writes()] == ["POST"]
    review = (await stage.direct("requester"))[-1]
    click = {"user": "requester", "action_id": "revoke_review", "channel": "@requester", "ts": review["ts"]}
    view = (await stage.do("click", **click))["views"][-1]
    await stage.do("submit", user="requester", view_id=view, values={"confirm": {"confirm": "contoso.com"}})
    await stage.rest()
    assert [entry["method"] for entry in await stage.writes()] == ["POST", "PATCH"]


async def test_every_surface_of_the_home_shows_what_concerns_its_owner(stage: Stage) -> None:
    """Waiting for me; my requests with their state of today."""
    ts = await stage.ask()
    assert "contoso.com" in words((await stage.see("home", user="approver1"))["home"])
    assert "review_request" in actions((await stage.see("home", user="approver1"))["home"])
    assert buttons((await stage.see("home", user="approver2"))["home"]) == ["open_request"]
    assert "withdraw" in buttons((await stage.see("home", user="requester"))["home"])
    for approver in ("approver1", "approver2", "approver3"):
        await stage.press(approver, "approve", ts)
    home = words((await stage.see("home", user="requester"))["home"])
    assert "Trusted partner · active (verified" in " ".join(home.split())


async def test_the_first_command_after_the_ready_line_opens_its_window(from_command: Stage) -> None:
    """How soon it is ready is a benchmark."""
    assert (await from_command.do("command", user="requester", text="/partner request"))["view_id"]

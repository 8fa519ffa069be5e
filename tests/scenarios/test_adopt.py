"""What stands becomes the record: by the chain that it needs, with authors excluded, and without any write."""

from typing import Any

import pytest

from tests.scenarios.stage import CHANNEL, CONTOSO, DAY, Stage, actions, buttons, words

pytestmark = pytest.mark.story

EVERYONE = [{"target": "AllUsers", "targetType": "user"}]
WIDE = {
    "b2bCollaborationInbound": {
        "usersAndGroups": {"accessType": "allowed", "targets": EVERYONE},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    },
    "inboundTrust": {
        "isMfaAccepted": True,
        "isCompliantDeviceAccepted": True,
        "isHybridAzureADJoinedDeviceAccepted": False,
    },
}
GUESTS = {
    "b2bCollaborationInbound": {
        "usersAndGroups": {"accessType": "allowed", "targets": EVERYONE},
        "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
    },
    "inboundTrust": {
        "isMfaAccepted": False,
        "isCompliantDeviceAccepted": False,
        "isHybridAzureADJoinedDeviceAccepted": False,
    },
}
APPROVERS = ("approver1", "approver2", "approver3")


async def configure(stage: Stage, settings: dict[str, Any]) -> None:
    """Configure Contoso in the portal, as the admin does; Entra's audit log names her."""
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: settings}})


async def rename_author(stage: Stage, handle: str) -> None:
    """Let the audit log name somebody else as the author of every change."""
    state = (await stage.see("graph/state"))["state"]
    user = next(one for one in state["users"].values() if one["mailNickname"] == handle)
    log = state["directoryAudits"]
    for entry in log:
        entry["initiatedBy"] = {
            "app": None,
            "user": {"id": user["id"], "displayName": None, "userPrincipalName": user["userPrincipalName"]},
        }
    assert (await stage.call("PATCH", "graph/state", {"directoryAudits": log}))["ok"]


async def open_form(stage: Stage, user: str = "requester", typed: str = "contoso.com") -> dict[str, Any]:
    """Type the command and give the window as it settles."""
    await stage.do("command", user=user, text=f"/partner adopt {typed}")
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def send(stage: Stage, view: dict[str, Any], user: str = "requester", **fields: str) -> dict[str, Any]:
    """Send the form; returns the answer with its `errors`."""
    usual = {"justification": "Their engineers work with us since 2024", "sponsor": user, "duration": "180"}
    values = {name: {name: value} for name, value in {**usual, **fields}.items()}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.rest()
    return answer


async def adopt(stage: Stage, *, equal: bool = False) -> str:
    """Ask to adopt Contoso; returns the card's ts."""
    view = await open_form(stage)
    answer = await send(stage, view, **({"duration": "180"} if equal else {}))
    assert answer["errors"] == {}, answer
    return str((await stage.card())["ts"])


async def test_settings_of_before_the_bot_become_the_record_by_the_whole_chain_and_nothing_is_written(
    stage: Stage,
) -> None:
    """Form, card, Details, message, Home, list and show say it in plain words; then it is revoked and restored."""
    await configure(stage, WIDE)
    view = await open_form(stage)
    for expected in (
        "Open now, adopted as it is",
        "We accept their MFA and compliant devices",
        "none. The strongest approval policy decides.",
        "Nothing is written to the tenant.",
        "Risk of the access to adopt: high",
        "Who decides",
        "Dana Reyes",
    ):
        assert expected in words(view), words(view)
    assert "➕" not in words(view)
    answer = await send(stage, view, justification=" ")
    assert set(answer["errors"]) == {"justification"}
    answer = await send(stage, view)
    assert answer["errors"] == {}, answer
    card = await stage.card()
    assert buttons(card) == ["approve", "reject"]
    assert "adopt current settings" in words(card)
    assert "Equals no template" in words(card)
    assert "Open now" in words(card)
    assert "➕" not in words(card)
    told = await stage.read()
    assert "nothing is written" in told
    assert "who cannot approve: Dana Reyes" in told
    for approver in APPROVERS:
        assert await stage.press(approver, "approve", card["ts"]) == []
    assert "active (verified" in (await stage.card())["text"]
    assert await stage.writes() == []
    assert any("adopted (verified)" in message["text"] for message in await stage.direct("requester"))
    await stage.do("command", user="requester", text="/partner show contoso.com")
    await stage.rest()
    found = (await stage.see("messages", channel=CHANNEL, user="requester"))["messages"]
    shown = " ".join(words(message) for message in found if message.get("is_ephemeral"))
    assert "Adopted settings (no template)" in shown
    assert "not in Gatehouse's records" not in shown

    stood = await stage.partner()
    assert stood is not None
    assert (await stage.revoke())["errors"] == {}
    await stage.do("command", user="requester", text="/partner restore contoso.com")
    await stage.rest()
    view = (await stage.see("views", user="requester"))["views"][-1]
    [field] = [block for block in view["blocks"] if block.get("block_id") == "restores"]
    values = {"justification": "Revoked by mistake", "sponsor": "requester", "duration": "180"}
    values["restores"] = field["element"]["options"][0]["value"]
    named = {name: {name: value} for name, value in values.items()}
    assert (await stage.do("submit", user="requester", view_id=view["id"], values=named))["errors"] == {}
    await stage.rest()
    card = await stage.card()
    for approver in APPROVERS:
        assert await stage.press(approver, "approve", card["ts"]) == []
    back = await stage.partner()
    assert back is not None
    assert back["inboundTrust"] == stood["inboundTrust"]
    assert back["b2bCollaborationInbound"] == stood["b2bCollaborationInbound"]


async def test_whoever_the_log_names_as_author_cannot_approve(stage: Stage) -> None:
    await configure(stage, WIDE)
    await rename_author(stage, "approver2")
    view = await open_form(stage)
    assert "Bruno Keller" in words(view)
    answer = await send(stage, view)
    assert answer["errors"] != {}, "with Bruno excluded only one data owner is left, so nobody could complete it"
    await configure(stage, {"inboundTrust": GUESTS["inboundTrust"]})
    await configure(stage, GUESTS)
    await rename_author(stage, "approver1")
    view = await open_form(stage)
    assert "Guest collaboration" in words(view)
    answer = await send(stage, view)
    assert answer["errors"] != {}, "the only approver of this template is its author"
    assert await stage.writes() == []


async def test_an_unknown_author_asks_for_one_approver_more(stage: Stage) -> None:
    """Configured long ago: the log does not go back so far."""
    await configure(stage, WIDE)
    assert (await stage.call("PATCH", "graph/state", {"directoryAudits": []}))["ok"]
    view = await open_form(stage)
    assert "one approver more" in words(view)
    assert (await send(stage, view))["errors"] == {}
    card = await stage.card()
    for approver in APPROVERS:
        assert await stage.press(approver, "approve", card["ts"]) == []
    assert "active (verified" not in (await stage.card())["text"]
    assert await stage.press("admin", "approve", card["ts"]) == []
    assert "active (verified" in (await stage.card())["text"]
    assert await stage.writes() == []


async def test_settings_that_change_while_it_waits_need_new_approval(stage: Stage) -> None:
    """The click that finds it does not count. The channel gets the difference, and the whole chain decides again."""
    await configure(stage, WIDE)
    ts = await adopt(stage)
    assert await stage.press("approver1", "approve", ts) == []
    await configure(stage, {"automaticUserConsentSettings": {"inboundAllowed": True}})
    await stage.press("approver2", "approve", ts)
    card = await stage.card()
    told = await stage.read()
    assert "outside Gatehouse" in told
    assert "No consent prompt" in told
    assert card["ts"] != ts
    assert await stage.writes() == []
    newest = card["ts"]
    for approver in APPROVERS:
        await stage.press(approver, "approve", newest)
    assert await stage.writes() == []
    posture = await stage.partner()
    assert posture is not None
    assert posture["automaticUserConsentSettings"]["inboundAllowed"] is True


async def test_a_wide_open_partner_is_never_adopted_by_the_chain_of_a_weak_template(stage: Stage) -> None:
    """The form has no field for a template: exact comparison of the settings decides, and one flag more is too much."""
    await configure(stage, {**GUESTS, "automaticUserConsentSettings": {"inboundAllowed": True}})
    view = await open_form(stage)
    assert "template" not in {block.get("block_id") for block in view["blocks"]}
    answer = await send(stage, view)
    assert answer["errors"] == {}, answer
    card = await stage.card()
    assert "Equals no template" in words(card)
    assert await stage.press("approver1", "approve", card["ts"]) == []
    assert "active (verified" not in (await stage.card())["text"]
    assert "Data owners" in words(await stage.card())


async def test_what_cannot_be_adopted_says_why_and_admins_see_what_is_not_adopted_yet(stage: Stage) -> None:
    view = await open_form(stage)
    assert "nothing to adopt" in words(view)
    assert view.get("submit") is None
    await configure(stage, WIDE)
    view = await open_form(stage, user="guest")
    assert view.get("submit") is None
    await stage.do("faults", target="graph", method="GET", match=f"partners/{CONTOSO}", times=1000, status=503)
    view = await open_form(stage)
    assert "cannot be read now" in words(view)
    assert "nothing to adopt" not in words(view)
    assert (await stage.call("DELETE", "faults"))["ok"]

    await stage.do("command", user="admin", text="/partner posture")
    await stage.rest()
    found = (await stage.see("messages", channel=CHANNEL, user="admin"))["messages"]
    assert any("1 partner is not adopted yet" in words(one) for one in found if one.get("is_ephemeral"))
    await stage.do("command", user="admin", text="/partner list")
    await stage.rest()
    found = (await stage.see("messages", channel=CHANNEL, user="admin"))["messages"]
    assert any("Configured in the tenant, not in this list" in words(one) for one in found)
    home = (await stage.see("home", user="admin"))["home"]
    assert "1 partner is not adopted yet" in words(home)
    # A sweep may have found the partner by now. Then its alarm has the same button, and either can be clicked.
    blocks = [block["block_id"] for block in home["blocks"] if "adopt_partner" in actions({"blocks": [block]})]
    await stage.do("click", user="admin", action_id="adopt_partner", view_id=home["id"], block_id=blocks[0])
    await stage.rest()
    view = (await stage.see("views", user="admin"))["views"][-1]
    assert "Open now" in words(view)


async def test_a_request_to_adopt_is_withdrawn_reminded_expired_and_stopped_by_a_revocation(stage: Stage) -> None:
    await configure(stage, WIDE)
    await adopt(stage)
    message = (await stage.direct("requester"))[-1]
    assert "withdraw" in buttons(message)
    assert "edit" not in buttons(message)
    await stage.press("requester", "withdraw", message["ts"], channel="@requester")
    assert "withdrawn" in (await stage.card())["text"]
    await adopt(stage)
    await stage.later(15 * DAY)
    assert any("/partner adopt contoso.com" in words(one) for one in await stage.direct("requester"))
    await adopt(stage)
    assert (await stage.revoke())["errors"] == {}
    card = next(one for one in reversed(await stage.messages()) if "adopt" in words(one).lower())
    assert "stopped" in card["text"]


async def test_extend_on_settings_of_no_template_opens_the_adoption_form(stage: Stage) -> None:
    """A request form would offer templates, each of which overwrites the adopted settings."""
    await configure(stage, WIDE)
    ts = await adopt(stage)
    for approver in APPROVERS:
        assert await stage.press(approver, "approve", ts) == []
    await stage.later(151 * DAY)
    await stage.tick()
    [notice] = [one for one in (await stage.direct("requester"))[-2:] if "request_again" in buttons(one)]
    await stage.do("click", user="requester", action_id="request_again", channel="@requester", ts=notice["ts"])
    await stage.rest()
    view = (await stage.see("views", user="requester"))["views"][-1]
    assert view["title"]["text"] == "Adopt settings"
    told = words(view)
    assert "none. The strongest approval policy decides." in told
    assert "by settings of no template" in told, told
    fields = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert fields["justification"]["initial_value"] == "Their engineers work with us since 2024"
    days = fields["duration"]["initial_option"]["value"]
    answer = await send(stage, view, duration=days)
    assert answer["errors"] == {}, answer
    assert "adopt current settings" in words(await stage.card())

"""What was applied is put back: by the chain that such a change needs, and never by deleting anything."""

from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, Stage, buttons, words

pytestmark = pytest.mark.story

SETTINGS = (
    "b2bCollaborationInbound",
    "b2bCollaborationOutbound",
    "b2bDirectConnectInbound",
    "b2bDirectConnectOutbound",
    "inboundTrust",
    "automaticUserConsentSettings",
)


def values(**fields: str) -> dict[str, Any]:
    usual = {"justification": "Revoked by mistake", "sponsor": "requester", "duration": "180"}
    return {name: {name: value} for name, value in {**usual, **fields}.items()}


def set_here(partner: dict[str, Any] | None) -> dict[str, Any]:
    """What a partner sets itself, without nulls."""
    assert partner is not None
    found = {name: partner[name] for name in SETTINGS if partner.get(name)}
    return {
        name: {key: item for key, item in value.items() if item is not None}
        for name, value in found.items()
        if any(item is not None for item in value.values())
    }


def offered(view: dict[str, Any]) -> dict[str, str]:
    """The changes that the form offers: id to label, in order."""
    [field] = [block for block in view["blocks"] if block.get("block_id") == "restores"]
    return {option["value"]: option["text"]["text"] for option in field["element"]["options"]}


async def open_form(stage: Stage, user: str = "requester", typed: str = "contoso.com") -> dict[str, Any]:
    """Type the command and give the view as it settles."""
    await stage.do("command", user=user, text=f"/partner restore {typed}")
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def choose(stage: Stage, view: dict[str, Any], change: str) -> dict[str, Any]:
    click = {"user": "requester", "action_id": "restores", "view_id": view["id"], "selected": change}
    await stage.do("click", **click)
    await stage.rest()
    shown: dict[str, Any] = (await stage.see("views", user="requester"))["views"][-1]
    return shown


async def test_a_revocation_and_then_the_first_opening_are_restored(stage: Stage) -> None:
    """Each needs more than one approver. The earlier settings are restored, and nothing is ever deleted."""
    await stage.open_access()
    opened = set_here(await stage.partner())
    assert (await stage.revoke())["errors"] == {}
    assert "/partner restore contoso.com" in await stage.read()

    view = await open_form(stage)
    assert words(view).index("contoso.com") < words(view).index("Choose a change")
    changes = offered(view)
    revocation, first = changes
    assert "Revoke, by" in changes[revocation]
    assert "Trusted partner, by Riley Park" in changes[first]
    view = await choose(stage, view, revocation)
    for expected in (
        "What would change from now",
        "Trust in the partner's MFA",
        "Risk of this change: high",
        "3 approvers",
    ):
        assert expected in words(view), words(view)
    assert "This is the approval policy of “ Trusted partner ”" in words(view)
    answer = await stage.do(
        "submit", user="requester", view_id=view["id"], values=values(restores=revocation, justification=" ")
    )
    assert set(answer["errors"]) == {"justification"}
    answer = await stage.do("submit", user="requester", view_id=view["id"], values=values(restores=revocation))
    assert answer["errors"] == {}
    await stage.rest()
    card = await stage.card()
    assert buttons(card) == ["approve", "reject"]
    assert "Restores " in await stage.read()
    assert f"the settings from before {revocation}" in " ".join((await stage.read()).split())
    before = await stage.writes()
    for approver in ("approver1", "approver2"):
        assert await stage.press(approver, "approve", card["ts"]) == []
        assert await stage.writes() == before
    assert await stage.press("approver3", "approve", card["ts"]) == []
    assert set_here(await stage.partner()) == opened
    assert "restored (verified" in (await stage.card())["text"]

    view = await open_form(stage)
    assert list(offered(view))[1:] == [revocation, first]
    view = await choose(stage, view, first)
    assert "The partner has no settings of its own after this" in words(view)
    assert "not deleted" in words(view)
    answer = await stage.do("submit", user="requester", view_id=view["id"], values=values(restores=first))
    assert answer["errors"] == {}
    await stage.rest()
    card = await stage.card()
    await stage.press("approver1", "approve", card["ts"])
    assert set_here(await stage.partner()) == opened, "to inherit is no proven narrowing: one approver is not enough"
    for approver in ("approver2", "approver3"):
        await stage.press(approver, "approve", card["ts"])
    assert set_here(await stage.partner()) == {}
    assert {entry["method"] for entry in await stage.writes()} == {"POST", "PATCH"}
    assert (await stage.writes())[-1]["path"].endswith(CONTOSO)


async def test_who_may_not_is_told_and_what_cannot_be_is_said_at_the_field(stage: Stage) -> None:
    """Guests get no information; a partner without changes has nothing to restore; equal settings are reported."""
    view = await open_form(stage, user="guest")
    assert view["submit"] is None
    assert "guest" in words(view)
    assert "Nothing to restore" in str((await open_form(stage))["title"])

    await stage.open_access()
    view = await open_form(stage)
    [first] = offered(view)
    stands = await stage.partner()
    assert stands is not None
    state = {"partners": {CONTOSO: dict.fromkeys(SETTINGS)}}
    assert (await stage.call("PATCH", "graph/state", state))["ok"]
    view = await choose(stage, view, first)
    assert "There is nothing to restore" in words(view)
    answer = await stage.do("submit", user="requester", view_id=view["id"], values=values(restores=first))
    assert "nothing to restore" in answer["errors"]["restores"]

    assert (await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: stands}}))["ok"]
    await stage.do("faults", target="graph", method="GET", match="partners", times=1000, status=503)
    view = await choose(stage, view, first)
    assert "cannot be shown now" in words(view)
    assert (await stage.call("DELETE", "faults"))["ok"]
    answer = await stage.do("submit", user="requester", view_id=view["id"], values=values(restores=first))
    assert answer["errors"] == {}
    await stage.rest()
    assert buttons(await stage.card()) == ["approve", "reject"]
    shown = await stage.do("command", user="requester", text="/partner show contoso.com")
    assert shown["ok"]
    await stage.rest()
    found = (await stage.see("messages", channel="partner-access", user="requester"))["messages"]
    assert any("/partner restore contoso.com" in words(message) for message in found if message.get("is_ephemeral"))

"""Requests wait at once. They are decided from the App Home; after each decision one less is listed there."""

from typing import Any

import pytest

from tests.scenarios.stage import Stage

pytestmark = pytest.mark.story

DOMAINS = ("contoso.com", "fabrikam.com", "northwind.com", "tailspin.com", "litware.com", "adatum.com")


async def home(stage: Stage, user: str) -> dict[str, Any]:
    """The App Home of somebody, as it is shown now."""
    shown: dict[str, Any] = (await stage.see("home", user=user))["home"]
    return shown


def rows(view: dict[str, Any]) -> list[tuple[str, str]]:
    """The partner of each row that can be reviewed, and the button's value."""
    return [
        (block["text"]["text"].partition(" ")[0], block["accessory"]["value"])
        for block in view["blocks"]
        if block.get("accessory", {}).get("action_id") == "review_request"
    ]


def said(view: dict[str, Any]) -> str:
    return str(view["blocks"])


async def decide(stage: Stage, user: str, value: str, *, reject: bool) -> None:
    """Open the request from the home, and decide in its window."""
    shown = await home(stage, user)
    opened = await stage.do("click", user=user, action_id="review_request", view_id=shown["id"], value=value)
    await stage.rest()
    view_id = opened["opened"]
    if reject:
        asked = await stage.do("click", user=user, action_id="reject", view_id=view_id)
        values = {"reason": {"reason": "No contract yet"}}
        await stage.do("submit", user=user, view_id=asked["opened"], values=values)
    else:
        await stage.do("click", user=user, action_id="approve", view_id=view_id)
    await stage.rest()
    for view in reversed((await stage.see("views", user=user))["views"]):
        await stage.do("close", user=user, view_id=view["id"])


async def test_six_at_once_are_decided_from_the_home(stage: Stage) -> None:
    for domain in DOMAINS:
        await stage.ask(target=domain)
    assert "Nothing waits for you" in said(await home(stage, "approver3"))
    left = rows(await home(stage, "approver1"))
    assert {partner for partner, _ in left} == set(DOMAINS)
    for index in range(len(DOMAINS)):
        (_, value), rest = left[0], left[1:]
        await decide(stage, "approver1", value, reject=index % 2 == 1)
        left = rows(await home(stage, "approver1"))
        assert left == rest, "what was decided is gone, and nothing else"
    assert "Nothing waits for you" in said(await home(stage, "approver1"))
    approved = {partner for partner, _ in rows(await home(stage, "approver2"))}
    assert len(approved) == 3, "what was rejected waits for nobody"
    mine = said(await home(stage, "requester"))
    assert mine.count("No contract yet") == 3
    assert mine.count("'action_id': 'withdraw'") == 3

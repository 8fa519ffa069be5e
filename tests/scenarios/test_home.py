"""Requests wait at once. They are decided from the App Home; after each decision one less is listed there."""

import json
from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, Stage

pytestmark = pytest.mark.story

DOMAINS = ("contoso.com", "fabrikam.com", "northwind.com", "tailspin.com", "litware.com", "adatum.com")
MORE = tuple(f"partner{number}.example" for number in range(6))


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


def decisions(stage: Stage) -> dict[str, list[tuple[str, str, str]]]:
    """What is stored of each request: who decided what, on which plan."""
    [rows] = stage.database.rows("select id, doc from requests")
    documents = {row["id"]: json.loads(row["doc"]) for row in rows}
    return {
        name: [(one["person"]["chat_id"], one["choice"], one["digest"]) for one in document["decisions"]]
        for name, document in documents.items()
    }


async def found_in_entra(stage: Stage) -> None:
    """Add six more organizations to Entra."""
    known = (await stage.see("graph/state"))["state"]["organizations"]
    like = known[CONTOSO]
    rows = {
        f"00000000-dddd-4ddd-8ddd-{number:012d}": {
            **like,
            "tenantId": f"00000000-dddd-4ddd-8ddd-{number:012d}",
            "displayName": f"Partner {number}",
            "domains": [domain],
            "defaultDomainName": domain,
        }
        for number, domain in enumerate(MORE)
    }
    answer = await stage.call("PATCH", "graph/state", {"organizations": rows})
    assert answer["ok"] is True, answer


async def test_twelve_at_once_are_decided_from_the_home(stage: Stage) -> None:
    await found_in_entra(stage)
    for domain in (*DOMAINS, *MORE):
        await stage.ask(target=domain)
    assert "Nothing waits for you" in said(await home(stage, "approver3"))
    shown = await home(stage, "approver1")
    assert "Waiting for me: 12" in said(shown)
    left = rows(shown)
    assert len(left) == 10, "a page; the others are counted"
    decided = {}
    for index in range(12):
        (_, value), rest = left[0], left[1:]
        await decide(stage, "approver1", value, reject=index % 2 == 1)
        request_id, _, digest = value.partition(":")
        decided[request_id] = [("U0APPROVER1", "reject" if index % 2 == 1 else "approve", digest)]
        assert decisions(stage)[request_id] == decided[request_id]
        shown = await home(stage, "approver1")
        left = rows(shown)
        assert left[: len(rest)] == rest, "what was decided is gone, and nothing else"
        assert len(left) == min(10, 11 - index)
        assert (f"Waiting for me: {11 - index}" in said(shown)) is (index < 11)
    assert "Nothing waits for you" in said(shown)
    assert len(decided) == 12
    assert decisions(stage) == decided, "each request has its own decision, on the plan that was shown, and no other"
    waiting = rows(await home(stage, "approver2"))
    assert len(waiting) == 6, "what was rejected waits for nobody"
    mine = said(await home(stage, "requester"))
    assert mine.count("'action_id': 'withdraw'") == 6, "what the requester can still withdraw"
    assert await stage.writes() == []

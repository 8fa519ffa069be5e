"""A campaign: an admin has many partners reviewed now, each sponsor is asked once, the home shows the progress."""

from typing import Any

import pytest

from tests.scenarios.stage import DAY, Stage, actions, words

pytestmark = pytest.mark.story

WHY = "Yearly check before the audit"


async def window(stage: Stage, text: str, user: str = "admin") -> dict[str, Any]:
    """Open a window by a command, and return it as it is shown."""
    await stage.do("command", user=user, text=text)
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def submitted(stage: Stage, view: dict[str, Any], user: str = "admin", **fields: str) -> dict[str, Any]:
    """Send a window; returns the answer with its errors."""
    values = {name: {name: value} for name, value in fields.items()}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.rest()
    return answer


async def home(stage: Stage, user: str = "admin") -> dict[str, Any]:
    view: dict[str, Any] = (await stage.see("home", user=user))["home"]
    return view


async def questions(stage: Stage, user: str = "requester") -> list[dict[str, Any]]:
    """The open review cards of a person."""
    return [one for one in await stage.direct(user) if "keep" in actions(one)]


async def listed(stage: Stage, user: str = "requester") -> list[dict[str, Any]]:
    """The messages that list several reviews, one button Review for each."""
    return [one for one in await stage.direct(user) if "reviews wait for an answer" in one["text"]]


async def keep(stage: Stage, message: dict[str, Any], number: int, user: str = "requester") -> None:
    """Open one review of a list, see why it is asked, and keep the access."""
    values = [block["accessory"]["value"] for block in message["blocks"] if "accessory" in block]
    click = {"user": user, "channel": f"@{user}", "ts": message["ts"], "value": values[number]}
    await stage.do("click", action_id="review_partner", **click)

    async def is_filled() -> bool:
        return "still needed" in words((await stage.see("views", user=user))["views"][-1])

    await stage.until(is_filled, "the window of the review")
    review = (await stage.see("views", user=user))["views"][-1]
    assert f"Dana Reyes asked for a review of several partners: {WHY}" in words(review)
    await stage.do("click", user=user, action_id="keep", view_id=review["id"])
    view = (await stage.see("views", user=user))["views"][-1]
    reason = {"reason": {"reason": "The bridge project runs until May and needs their engineers"}}
    fields = {**reason, "attest": {"attest": ["everybody_uses_mfa"]}}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=fields)
    assert answer["errors"] == {}, answer
    await stage.rest()


async def test_a_campaign_from_the_command_to_its_end(stage: Stage) -> None:
    await stage.open_access()
    await stage.open_access(target="fabrikam.com")
    await stage.open_access(target="northwind.com")
    await stage.revoke("northwind.com", domain="northwind.com")
    view = await window(stage, "/partner review --template Trusted partner")
    assert "2 partners reviewed now" in words(view)
    assert "contoso.com" in words(view)
    assert "fabrikam.com" in words(view)
    assert (await submitted(stage, view, reason=WHY))["errors"] == {}
    await stage.tick()

    async def are_asked() -> bool:
        return len(await listed(stage)) == 1

    await stage.until(are_asked, "one message for both partners")
    [message] = await listed(stage)
    assert await questions(stage) == []
    assert "0 of 2 partners answered. 2 open" in words(await home(stage))
    await keep(stage, message, 0)
    await stage.later(90)
    await stage.tick()
    assert "1 of 2 partners answered (1 kept). 1 open" in words(await home(stage))
    await keep(stage, message, 1)
    await stage.later(90)
    await stage.tick()
    assert "Campaigns of reviews" not in words(await home(stage))
    said = [one["text"] for one in await stage.direct("admin")]
    assert any("is complete. 2 partners: 2 kept." in text for text in said)


async def test_a_withdrawn_campaign_asks_nobody_any_more_and_a_killed_bot_asks_nobody_twice(stage: Stage) -> None:
    await stage.open_access()
    view = await window(stage, "/partner review contoso.com")
    await submitted(stage, view, reason=WHY)
    await stage.kill_the_bot()
    await stage.tick()
    await stage.tick()
    (card,) = await questions(stage)
    shown = await home(stage)
    (value,) = [
        element["value"]
        for block in shown["blocks"]
        for element in block.get("elements", [])
        if element.get("action_id") == "withdraw_campaign"
    ]
    await stage.do("click", user="admin", action_id="withdraw_campaign", view_id=shown["id"], value=value)
    await stage.rest()
    await stage.tick()
    await stage.tick()
    assert await questions(stage) == []
    (after,) = [one for one in await stage.direct("requester") if one["ts"] == card["ts"]]
    assert "nobody has to answer this review" in after["text"]
    await stage.later(4 * DAY)
    assert await questions(stage) == []


async def test_who_may_not_and_what_is_not_there_is_told_why(stage: Stage) -> None:
    await stage.open_access()
    for user, text, said in (
        ("requester", "/partner review", "Only admins can start or withdraw a campaign of reviews."),
        ("admin", "/partner review --template nothing", "There is no template “nothing”."),
        ("admin", "/partner review --sponsor Nobody", "“Nobody” is the sponsor of no partner."),
        ("admin", "/partner review --risk huge", "“huge” is no risk."),
        ("admin", "/partner review --risk low", "No partner fits"),
        ("admin", "/partner review --risk high --template block", "Choose exactly one"),
        ("admin", "/partner review tailspin.com", "Gatehouse does not know this partner."),
    ):
        view = await window(stage, text, user)
        assert said in words(view), text
        await stage.do("close", user=user, view_id=view["id"])
    view = await window(stage, "/partner review")
    assert "Choose one." in words(view)
    await submitted(stage, view, template="trusted-partner")
    view = (await stage.see("views", user="admin"))["views"][-1]
    assert "1 partner reviewed now" in words(view)
    assert (await submitted(stage, view, reason="  "))["errors"] == {
        "reason": "Give a reason. Everybody who is asked reads it."
    }

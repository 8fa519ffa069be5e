"""What happens to a partner starts its review: once, with the reason on the card, and ended when its cause is over."""

from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, DAY, Stage, actions, words

pytestmark = pytest.mark.story

HOUR = 3600
OTHER = "0ddba11d-0000-4000-8000-000000000001"


async def reviews(stage: Stage, user: str = "requester") -> list[dict[str, Any]]:
    """The review cards of a person."""
    return [one for one in await stage.direct(user) if "revoke_review" in actions(one)]


async def change_in_the_portal(stage: Stage, trust: dict[str, Any]) -> None:
    answer = await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"inboundTrust": trust}}})
    assert answer["ok"] is True, answer


async def home(stage: Stage, user: str = "requester") -> str:
    return words((await stage.see("home", user=user))["home"])


async def test_drift_is_one_alarm_and_one_review_which_ends_with_it(stage: Stage) -> None:
    await stage.open_access()
    partner = await stage.partner()
    assert partner is not None
    approved = partner["inboundTrust"]
    await change_in_the_portal(stage, {**approved, "isHybridAzureADJoinedDeviceAccepted": True})
    await stage.later(HOUR + 60)
    await stage.tick()
    assert "not as approved" in await home(stage)
    assert await reviews(stage) == [], "the alarm has told the sponsor"
    await stage.later(3 * DAY)
    (card,) = await reviews(stage)
    said = " ".join(words(card).split())
    assert "Changed outside Gatehouse" in said
    assert "keep" not in actions(card)
    await change_in_the_portal(stage, approved)
    await stage.later(HOUR + 60)
    await stage.tick()
    (after,) = [one for one in await stage.direct("requester") if one["ts"] == card["ts"]]
    assert "nobody has to answer this review" in after["text"]
    assert "Review due" not in await home(stage)


@pytest.mark.threats("D2")
async def test_a_domain_of_another_tenant_is_asked_about_once_by_sponsor_and_admins(stage: Stage) -> None:
    await stage.open_access()
    organizations = (await stage.see("graph/state"))["state"]["organizations"]
    contoso = organizations[CONTOSO]
    others = [domain for domain in contoso["domains"] if domain != "contoso.com"]
    moved = {
        CONTOSO: {"domains": [*others, "contoso.onmicrosoft.com"], "defaultDomainName": "contoso.onmicrosoft.com"},
        OTHER: {
            **contoso,
            "tenantId": OTHER,
            "displayName": "Somebody else",
            "domains": ["contoso.com"],
            "defaultDomainName": "contoso.com",
        },
    }
    answer = await stage.call("PATCH", "graph/state", {"organizations": moved})
    assert answer["ok"] is True, answer
    await stage.later(2 * DAY)
    await stage.later(120)
    await stage.tick()
    for user in ("requester", "admin"):
        (card,) = await reviews(stage, user)
        assert f"The domain contoso.com belongs to another tenant now ({OTHER})." in words(card)
    await stage.kill_the_bot()
    await stage.later(DAY + 120)
    await stage.tick()
    assert len(await reviews(stage, "admin")) == 1, "the same move is told once"


async def move_to(stage: Stage, department: str) -> None:
    """Give the requester, who is the sponsor, a department in Entra, and let the bot read it."""
    users = (await stage.see("graph/state"))["state"]["users"]
    (sponsor,) = [user["id"] for user in users.values() if user["displayName"] == "Riley Park"]
    answer = await stage.call("PATCH", "graph/state", {"users": {sponsor: {"department": department}}})
    assert answer["ok"] is True, answer
    await stage.later(HOUR + 60)
    await stage.tick()
    await stage.later(60)
    await stage.tick()


async def test_a_sponsor_who_moves_to_another_department_is_asked_once_about_all_partners(stage: Stage) -> None:
    """The first department that is read is no move, and the same one again is none either."""
    await stage.open_access()
    await stage.open_access(target="fabrikam.com")
    await move_to(stage, "Facilities")
    assert "Reviews due" not in await home(stage)
    await move_to(stage, "Sales")
    (message,) = [one for one in await stage.direct("requester") if one["text"].startswith("2 reviews wait")]
    assert actions(message).count("review_partner") == 2
    click = {"user": "requester", "channel": "@requester", "ts": message["ts"]}
    window = await stage.do("click", action_id="review_partner", value=CONTOSO, **click)
    await stage.rest()
    (view,) = [one for one in (await stage.see("views", user="requester"))["views"] if one["id"] == window["views"][-1]]
    assert "moved in Entra from the department “Facilities” to “Sales”." in " ".join(words(view).split())
    assert (await home(stage)).count("sponsor moved") == 2
    await stage.kill_the_bot()
    await move_to(stage, "Sales")
    assert len([one for one in await stage.direct("requester") if one["text"].startswith("2 reviews wait")]) == 1

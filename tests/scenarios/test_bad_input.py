"""The field says what is wrong, and nothing is stored."""

import hashlib
import hmac
import time
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.scenarios.stage import DAY, Stage, buttons, words

pytestmark = pytest.mark.story


async def test_every_bad_field_is_named_with_the_cure_and_nothing_is_stored(stage: Stage) -> None:
    """Unknown, own and consumer domains; an empty justification; a duration the template does not have."""
    view_id = (await stage.do("command", user="requester", text="/partner request"))["view_id"]
    for typed, expected in {
        "nowhere-at-all.com": "No Microsoft Entra tenant",
        "woodgrove.com": "our own tenant",
        "gmail.com": "mail provider",
        "outlook.com": "mail provider",
        "con\u200btoso.com": "invisible",
        "9188040d-6c67-4c5b-b112-36a304b66dad": "no organization",
        "not a domain": "not one domain",
    }.items():
        answer = await stage.fill_in(view_id=view_id, target=typed)
        assert expected in answer["errors"]["target"], (typed, answer["errors"])
    answer = await stage.fill_in(view_id=view_id, justification="   ", target="gmail.com")
    assert set(answer["errors"]) == {"justification", "target"}
    assert await stage.messages() == []
    assert (await stage.see("home", user="requester"))["home"] is not None
    assert "contoso" not in words((await stage.see("home", user="requester"))["home"])
    assert await stage.writes() == []


async def test_a_partner_with_the_same_settings_is_refused_at_the_field(stage: Stage) -> None:
    """There is nothing to decide about."""
    await stage.open_the_door()
    answer = await stage.fill_in()
    assert "already a partner" in answer["errors"]["target"]
    assert len(await stage.messages()) == 1


async def test_a_second_request_for_the_same_tenant_waits_for_the_first(stage: Stage) -> None:
    """Two plans from one image of the tenant cannot both be true."""
    await stage.ask()
    answer = await stage.fill_in(user="approver1", target="contoso.onmicrosoft.com")
    assert "open request" in answer["errors"]["target"]


async def test_guests_cannot_request(stage: Stage) -> None:
    """The form says why."""
    answer = await stage.fill_in(user="guest", sponsor="requester")
    assert "guest" in answer["errors"]["target"]
    assert await stage.messages() == []


async def test_leaving_the_domain_field_shows_the_tenant_or_the_problem(stage: Stage) -> None:
    """Name, id, and what exists already; without sending the form."""
    view_id = (await stage.do("shortcut", user="requester", callback_id="request_partner_access"))["views"][-1]

    async def shown_for(typed: str) -> str:
        await stage.do("click", user="requester", view_id=view_id, action_id="target", value=typed)
        await stage.rest()
        return words((await stage.see("views", user="requester"))["views"][-1])

    assert "No Microsoft Entra tenant" in await shown_for("nowhere-at-all.com")
    found = await shown_for("fabrikam.com")
    assert "Fabrikam, Inc." in found
    assert "fab0fab0-2222-4aaa-8bbb-0123456789a2" in found


async def test_a_forged_or_stale_signature_is_answered_401_and_nothing_is_stored(stage: Stage) -> None:
    """Straight to the bot's own door."""
    bot = await stage.see("bot")
    ts = await stage.ask()
    card = await stage.card()
    value = next(e["value"] for b in card["blocks"] if b["type"] == "actions" for e in b["elements"])
    payload = (
        '{"type":"block_actions","user":{"id":"U0APPROVER1","team_id":"T0WOODGROVE"},"team":{"id":"T0WOODGROVE"},'
        f'"container":{{"channel_id":"C0PARTNERAC","message_ts":"{ts}"}},"trigger_id":"1.2.3","actions":'
        f'[{{"action_id":"approve","block_id":"b","value":"{value}","type":"button","action_ts":"1.1"}}]}}'
    )
    body = urlencode({"payload": payload})
    async with aiohttp.ClientSession() as session:

        async def knock(secret: str, age: int) -> int:
            timestamp = str(int(time.time()) - age)
            signed = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
            headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={signed}"}
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            async with session.post(f"{bot['url']}/slack/events", data=body, headers=headers) as response:
                return response.status

        assert await knock("not the secret", 0) == 401
        assert await knock(bot["signing_secret"], 301) == 401
        await stage.rest()
        assert "Amara Okafor approved" not in " ".join(m["text"] for m in await stage.direct("requester"))
        assert [await knock(bot["signing_secret"], 0) for _ in range(5)] == [200] * 5
        await stage.rest()
    told = [m["text"] for m in await stage.direct("requester") if "Amara Okafor approved" in m["text"]]
    assert len(told) == 1


async def test_an_undecided_request_expires_and_says_so(stage: Stage) -> None:
    """Nobody decided in time."""
    await stage.ask()
    await stage.do("clock", advance_seconds=15 * DAY)
    card = await stage.card()
    assert buttons(card) == []
    assert "expired" in card["text"].lower()
    assert any("expired" in message["text"] for message in await stage.direct("requester"))


async def test_the_requester_can_withdraw_until_it_is_decided(stage: Stage) -> None:
    """From the private card."""
    await stage.ask()
    mine = next(message for message in await stage.direct("requester") if "withdraw" in buttons(message))
    await stage.press("requester", "withdraw", mine["ts"], "@requester")
    assert buttons(await stage.card()) == []
    assert "withdrawn" in (await stage.card())["text"].lower()

"""The field says what is wrong, and nothing is stored."""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio

from tests.scenarios.stage import DAY, Stage, buttons, running_stage, words

pytestmark = [
    pytest.mark.story,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("bad input"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def untouched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One sandbox in which nothing is ever filed."""
    async with running_stage(Stage(data=tmp_path_factory.mktemp("untouched"), warm=True)) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One sandbox for stories of one request each, every one with a partner of its own."""
    async with running_stage(Stage(data=tmp_path_factory.mktemp("shared"), warm=True)) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def shared(sandbox: Stage) -> Stage:
    """The sandbox of all of these stories, with Slack's whole allowance of calls."""
    await sandbox.forget_slack_calls()
    return sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def alone(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox for a story that moves the clock."""
    async with running_stage(Stage(data=tmp_path / "data", warm=True)) as stage:
        yield stage


async def test_every_bad_field_is_named_with_the_cure_and_nothing_is_stored(untouched: Stage) -> None:
    """Unknown, own and consumer domains; an empty justification; a duration the template does not have."""
    view_id = (await untouched.do("command", user="requester", text="/partner request"))["view_id"]
    for typed, expected in {
        "nowhere-at-all.com": "No Microsoft Entra tenant",
        "woodgrove.com": "our own tenant",
        "gmail.com": "mail provider",
        "outlook.com": "mail provider",
        "con\u200btoso.com": "invisible",
        "9188040d-6c67-4c5b-b112-36a304b66dad": "not belong to an organization",
        "not a domain": "Enter one domain",
    }.items():
        answer = await untouched.fill_in(view_id=view_id, target=typed)
        assert expected in answer["errors"]["target"], (typed, answer["errors"])
    answer = await untouched.fill_in(view_id=view_id, justification="   ", target="gmail.com")
    assert set(answer["errors"]) == {"justification", "target"}
    assert await untouched.messages() == []
    assert (await untouched.see("home", user="requester"))["home"] is not None
    assert "contoso" not in words((await untouched.see("home", user="requester"))["home"])
    assert await untouched.writes() == []


async def test_a_partner_with_the_same_settings_is_refused_at_the_field(shared: Stage) -> None:
    """There is nothing to decide about."""
    await shared.open_access()
    cards = await shared.messages()
    answer = await shared.fill_in()
    assert "already a partner" in answer["errors"]["target"]
    assert len(await shared.messages()) == len(cards)


async def test_a_second_request_for_the_same_tenant_waits_for_the_first(shared: Stage) -> None:
    """Two plans from one reading of the tenant cannot both be true."""
    await shared.ask(target="northwind.com")
    answer = await shared.fill_in(user="approver1", target="northwind.onmicrosoft.com")
    assert "has an open access request for this partner" in answer["errors"]["target"]


async def test_guests_cannot_request(untouched: Stage) -> None:
    """They are told why, and no form opens."""
    answer = await untouched.do("command", user="guest", text="/partner request")
    assert answer["view_id"] is None
    await untouched.rest()
    assert any("guest" in message["text"] for message in await untouched.direct("guest"))


async def test_leaving_the_domain_field_shows_the_tenant_or_the_problem(untouched: Stage) -> None:
    """Name, id, and what exists already; without sending the form."""
    view_id = (await untouched.do("shortcut", user="requester", callback_id="request_partner_access"))["views"][-1]

    async def shown_for(typed: str) -> str:
        await untouched.do("click", user="requester", view_id=view_id, action_id="target", value=typed)
        await untouched.rest()
        return words((await untouched.see("views", user="requester"))["views"][-1])

    assert "No Microsoft Entra tenant" in await shown_for("nowhere-at-all.com")
    found = await shown_for("fabrikam.com")
    assert "Fabrikam, Inc." in found
    assert "fab0fab0-2222-4aaa-8bbb-0123456789a2" in found


async def test_a_forged_or_stale_signature_is_answered_401_and_nothing_is_stored(shared: Stage) -> None:
    """The requests are sent to the bot directly."""
    bot = await shared.see("bot")
    ts = await shared.ask(target="fabrikam.com")
    card = await shared.card()
    value = next(e["value"] for b in card["blocks"] if b["type"] == "actions" for e in b["elements"])
    payload = (
        '{"type":"block_actions","user":{"id":"U0APPROVER1","team_id":"T0WOODGROVE"},"team":{"id":"T0WOODGROVE"},'
        f'"container":{{"channel_id":"C0PARTNERAC","message_ts":"{ts}"}},"trigger_id":"1.2.3","actions":'
        f'[{{"action_id":"approve","block_id":"b","value":"{value}","type":"button","action_ts":"1.1"}}]}}'
    )
    body = urlencode({"payload": payload})

    def approvals() -> int:
        query = "select 1 from audit where command = 'approve' and outcome = 'accepted' and request_id = ?"
        return len(shared.database.rows(query, values=[value.partition(":")[0]])[0])

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
        await shared.rest()
        assert approvals() == 0
        assert [await knock(bot["signing_secret"], 0) for _ in range(5)] == [200] * 5
        await shared.rest()
    assert approvals() == 1


async def test_an_undecided_request_expires_and_says_so(alone: Stage) -> None:
    """Nobody decided in time."""
    await alone.ask()
    await alone.later(15 * DAY)
    card = await alone.card()
    assert buttons(card) == []
    assert "expired" in card["text"].lower()
    assert any("expired" in message["text"] for message in await alone.direct("requester"))


async def test_the_requester_can_withdraw_until_it_is_decided(shared: Stage) -> None:
    """From the private card."""
    await shared.ask(target="tailspin.com")
    mine = [message for message in await shared.direct("requester") if "withdraw" in buttons(message)][-1]
    await shared.press("requester", "withdraw", mine["ts"], "@requester")
    assert buttons(await shared.card()) == []
    assert "withdrawn" in (await shared.card())["text"].lower()

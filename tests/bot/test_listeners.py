"""Signed payloads to a running bot."""

from tests.bot.bot_under_test import BotUnderTest


async def test_it(gatehouse: BotUnderTest) -> None:
    r = await gatehouse.file_request()
    print(r.state, await gatehouse.outcomes(), await gatehouse.told("requester"))

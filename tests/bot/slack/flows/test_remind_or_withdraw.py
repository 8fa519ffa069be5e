"""Withdrawing: only one's own request."""

from tests.bot.bot_under_test import BotUnderTest, click


async def test_somebody_elses_request_cannot_be_withdrawn(gatehouse: BotUnderTest) -> None:
    request = await gatehouse.file_request()
    await gatehouse.interact(click("approver1", "withdraw", request.id))
    await gatehouse.idle()
    assert await gatehouse.outcomes("approver1") == [
        ("want_withdraw", "received"),
        ("want_withdraw", "not_the_requester"),
    ]
    assert await gatehouse.store.request(request.id) == request

"""Slack refuses a card, loses an answer, or is busy: approvers are asked, and everything is posted later."""

import pytest

from tests.scenarios.stage import Stage, buttons, words

pytestmark = pytest.mark.story


@pytest.mark.parametrize("error", ["not_in_channel", "is_archived", "channel_not_found"])
@pytest.mark.threats("G13")
async def test_a_channel_that_accepts_no_card_is_waited_for_while_the_chain_continues(stage: Stage, error: str) -> None:
    """Admins are told at once, the requester once, the approver directly; the card is posted when it is mended."""
    refused = {"ok": False, "error": error}
    channels = {channel["name"]: channel["id"] for channel in (await stage.see("channels"))["channels"]}
    match = channels["partner-access"]
    await stage.do(
        "faults", target="slack", method="chat.postMessage", match=match, times=1000, status=200, body=refused
    )
    assert (await stage.fill_in(template="guest-collaboration"))["errors"] == {}
    await stage.rest()
    assert await stage.messages() == []
    (alarm,) = await stage.direct("admin")
    assert error in words(alarm)
    assert sum("approval card" in message["text"] for message in await stage.direct("requester")) == 1
    (direct,) = [message for message in await stage.direct("approver1") if "approve" in buttons(message)]
    await stage.press("approver1", "approve", direct["ts"], channel="@approver1")
    assert await stage.partner() is not None, "approved and applied without the channel"
    await stage.call("DELETE", "faults")
    await stage.later(300)
    (card,) = await stage.messages()
    assert "active (verified" in card["text"]
    (alarm,) = await stage.direct("admin")
    assert alarm["text"].startswith("contoso.com, fixed. ")
    assert sum("approval card" in message["text"] for message in await stage.direct("requester")) == 1


async def test_a_retry_after_that_is_garbage_puts_nothing_off_for_long(stage: Stage) -> None:
    await stage.do(
        "faults", target="slack", method="chat.postMessage", times=2, status=429, headers={"Retry-After": "9" * 400}
    )
    assert (await stage.fill_in())["errors"] == {}
    for _ in range(3):
        await stage.later(300)
    assert len(await stage.messages()) == 1

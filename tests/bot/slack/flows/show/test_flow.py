"""What `/partner` answers with its acknowledgement."""

import pytest

from tests.bot.bot_under_test import BotUnderTest
from tests.bot.surfaces import buttons


@pytest.mark.parametrize(
    ("text", "expected"), [("help", "request"), ("nonsense contoso.com", "nonsense"), ("revoke", "")]
)
async def test_local_answers_come_with_the_acknowledgement(gatehouse: BotUnderTest, text: str, expected: str) -> None:
    answer = await gatehouse.command(text)
    assert answer.status == 200
    assert answer.json["response_type"] == "ephemeral"
    assert "/partner request" in answer.text
    assert expected in answer.text


@pytest.mark.parametrize("text", ["", "home"])
async def test_the_command_alone_points_to_the_home_tab_and_offers_a_new_request(
    gatehouse: BotUnderTest, text: str
) -> None:
    answer = await gatehouse.command(text)
    assert answer.status == 200
    assert answer.json["response_type"] == "ephemeral"
    assert "Open my Home tab" in answer.text
    assert buttons(answer.json["blocks"]) == {"open_request": "command"}

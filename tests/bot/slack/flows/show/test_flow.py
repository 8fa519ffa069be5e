"""What `/partner` answers with its acknowledgement."""

import pytest

from tests.bot.bot_under_test import BotUnderTest


@pytest.mark.parametrize(
    ("text", "expected"), [("", "request"), ("help", "request"), ("nonsense contoso.com", "nonsense"), ("revoke", "")]
)
async def test_local_answers_come_with_the_acknowledgement(gatehouse: BotUnderTest, text: str, expected: str) -> None:
    answer = await gatehouse.command(text)
    assert answer.status == 200
    assert answer.json["response_type"] == "ephemeral"
    assert "/partner request" in answer.text
    assert expected in answer.text

"""A trigger id is good for three seconds and for one use."""

import pytest

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace.triggers import Triggers


def refusal(triggers: Triggers, trigger_id: str) -> str:
    with pytest.raises(SlackError) as caught:
        triggers.exchange(trigger_id)
    return caught.value.code


def test_one_use() -> None:
    triggers = Triggers()
    trigger_id = triggers.issue("U1")
    assert triggers.exchange(trigger_id).user_id == "U1"
    assert refusal(triggers, trigger_id) == "exchanged_trigger_id"


def test_three_seconds() -> None:
    clock = [100.0]
    triggers = Triggers(lambda: clock[0])
    early, late = triggers.issue("U1"), triggers.issue("U1")
    clock[0] = 103.0
    assert triggers.exchange(early).user_id == "U1"
    clock[0] = 103.001
    assert refusal(triggers, late) == "expired_trigger_id"


def test_invented() -> None:
    assert refusal(Triggers(), "1.2.x") == "invalid_trigger_id"

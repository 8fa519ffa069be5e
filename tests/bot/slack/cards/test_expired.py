"""The messages about requests that expired say what is known about the tenant."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.slack.blocks.message import Message
from bot.slack.cards.approval.reminder import expired_message, own_expired_message
from tests.bot.surfaces import shown
from tests.workflows.core.builders import NOW, request
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.records import LimitedList


@pytest.mark.parametrize("make", [expired_message, own_expired_message])
@pytest.mark.parametrize("was_sent", [True, False])
def test_nothing_was_changed_is_said_only_where_nothing_was_sent(
    make: Callable[[LimitedList[AccessRequest]], Message], was_sent: bool
) -> None:
    one = request(RequestState.EXPIRED, earlier_write_at=NOW - timedelta(days=1) if was_sent else None)
    text = shown(make(LimitedList(items=[one], count=1)).blocks)
    assert ("Nothing was changed" in text) is not was_sent
    assert ("may have taken effect" in text) is was_sent

"""The message about a blocked partner counts the guests whose accounts stay, and never calls what was not read none."""

import pytest

from tests.workflows.app.evidence.reviews.stored_guests import store_guests
from tests.workflows.core.builders import DANA, TENANT
from tests.workflows.world import World
from workflows.core.errors.facts import Fact
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import MessageCode, SendMessage
from workflows.core.requests.request import RequestId
from workflows.effects.closing.guests_left import with_guests

NOT_KNOWN = "How many guest accounts of the partner there are is not known."


@pytest.mark.parametrize(
    ("guests", "count", "said"),
    [
        (None, 0, NOT_KNOWN),
        (True, 0, "No guest account of the partner was found, as of "),
        (False, 0, NOT_KNOWN),
        (True, 3, ". 3 guest accounts of the partner, as of "),
        (False, 3, "At least 3 guest accounts of the partner, as of "),
    ],
)
async def test_the_last_scan_counts_the_guests_of_a_blocked_partner(
    world: World, guests: bool | None, count: int, said: str
) -> None:
    await world.opened()
    if guests is not None:
        await store_guests(world.store, TENANT, count, is_complete=guests)
    await world.revoke(DANA)
    texts = [text for text in world.notifier.texts_to(DANA.chat_id) if "is blocked" in text]
    assert texts
    assert [text for text in texts if said not in text] == []


async def test_a_scan_from_before_the_record_did_not_look_for_the_partner(world: World) -> None:
    """The list of guests was read to its end, and none of the partner was counted, because nobody looked for it."""
    await store_guests(world.store, TENANT, 0, is_complete=True)
    world.clock.advance(minutes=10)
    await world.opened()
    await world.revoke(DANA)
    texts = [text for text in world.notifier.texts_to(DANA.chat_id) if "is blocked" in text]
    assert texts
    assert [text for text in texts if NOT_KNOWN not in text] == []


async def test_other_messages_and_requests_without_a_tenant_stay_as_they_are(world: World) -> None:
    for code, request_id in ((MessageCode.OPENED, "R-1"), (MessageCode.CLOSED, None), (MessageCode.CLOSED, "R-1")):
        subject = CommandSubject(request_id=None if request_id is None else RequestId(request_id))
        fact = Fact(code, {"partner": "contoso.com"})
        assert await with_guests(SendMessage(person=DANA.chat_id, subject=subject, fact=fact), world.store) == fact

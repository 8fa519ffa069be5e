"""What somebody can send who has the signing secret, and knows people and numbers, but never saw a card or a window."""

import pytest

from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, submission
from workflows.core.policy.stops.freeze import Freeze

pytestmark = pytest.mark.threats("A11")


async def test_nobody_approves_without_the_change_id_of_the_card(gatehouse: BotUnderTest) -> None:
    """Names of members are known, and perhaps the request's id; 256 bits of the digest are not."""
    request = await gatehouse.file_request()
    for guess in ("", "0" * 64, request.id, request.plan.digest[:32], request.plan.digest[:-1] + "x"):
        for person in ("approver1", "approver2", "approver3", "admin"):
            answer = await gatehouse.interact(click(person, "approve", f"{request.id}:{guess}"))
            assert answer.status == 200
    await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    assert stored.decisions == ()
    outcomes = {outcome for person in ("approver1", "approver2") for _, outcome in await gatehouse.outcomes(person)}
    assert outcomes == {"stale_card", "malformed", "received"}


async def frozen(gatehouse: BotUnderTest) -> Freeze:
    """The freeze as it is stored."""
    freeze = await gatehouse.store.freeze()
    assert freeze is not None
    return freeze


async def test_two_forged_admins_do_not_end_a_freeze_whose_window_they_never_had(gatehouse: BotUnderTest) -> None:
    """The version of the freeze is a small number. The code of the window is not."""
    reason = {"reason": {"reason": {"value": "Stolen account"}}}
    await gatehouse.interact(submission("admin", "freeze_form", "", reason))
    await gatehouse.idle()
    before = await frozen(gatehouse)
    assert before.is_frozen
    for step in ("ask_freeze_end", "end_freeze"):
        for code in ("", ":", f":{'0' * 32}"):
            for person in ("admin", "approver3"):
                metadata = f"{step}:{before.version}{code}"
                await gatehouse.interact(submission(person, "unfreeze_form", metadata, {}))
    await gatehouse.idle()
    assert await frozen(gatehouse) == before
    refused = [outcome for _, outcome in await gatehouse.outcomes("admin") if outcome == "freeze_changed"]
    assert len(refused) == 6, SLACK_IDS["admin"]

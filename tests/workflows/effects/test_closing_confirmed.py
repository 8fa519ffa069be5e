"""What a verified block leaves open depends on the tenant's default at that moment."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.words.requests.notes import note_words
from bot.words.settings.open_access import access_kind_title
from tests.bot.surfaces import details, shown
from tests.workflows.core.builders import DANA, HASHES, RILEY, TENANT
from tests.workflows.effects.applying import FORBIDDEN, NO_ANSWER, decided, put, revocation
from tests.workflows.world import World
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.planning import plan_access
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.model import CLOSED, Property
from workflows.core.settings.open_access import DEFAULT, AccessState

S = RequestState
READ_DEFAULT: Final = "tenant.read_default"
M365: Final = Property.M365_COLLABORATION_INBOUND.value
OPENED: Final[dict[str, Any]] = {
    "isServiceDefault": False,
    M365: {"users": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}},
}
ALL_CLOSED: Final = re.compile(r"is blocked|nothing else is open|🔒", re.IGNORECASE)


def blocking() -> AccessRequest:
    """An approved request whose plan closes everything."""
    plan = plan_access(
        tenant_id=TENANT,
        before={"tenantId": TENANT},
        settings=CLOSED,
        template="block",
        template_hash=HASHES["block"],
        duration=timedelta(days=90),
    )
    assert closes_everything(plan)
    asked = decided({"tenantId": TENANT})
    decisions = tuple(replace(one, digest=plan.digest) for one in asked.decisions)
    observed = replace(asked.require_prepared().observation, default={})
    return replace(
        asked, prepared=replace(asked.require_prepared(), plan=plan, observation=observed), decisions=decisions
    )


def said(world: World, request: AccessRequest) -> str:
    """All that people read about an applied request: the message and the card."""
    card = details(request, now=world.clock.now())
    return f"{world.notifier.texts_to(RILEY.chat_id)[-1]} {card.text} {shown(card.blocks)}"


async def test_a_default_that_opened_after_the_plan_is_named_at_the_confirmation(world: World) -> None:
    request = await put(world, revocation({"tenantId": TENANT}))
    assert request.require_prepared().observation.default == {}, "the plan saw a default that opens nothing"
    world.tenant.default = OPENED
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert request.not_closed is not None
    assert M365 in [kind.name for kind in request.not_closed]
    text = said(world, request)
    assert f"Still open or not known: {access_kind_title(M365)}" in text
    assert ALL_CLOSED.search(text) is None, text
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert record.not_closed == request.not_closed


async def test_a_default_that_closed_after_the_plan_is_not_counted_against_the_partner(world: World) -> None:
    asked = revocation({"tenantId": TENANT})
    observed = replace(asked.require_prepared().observation, default=OPENED)
    request = await put(world, replace(asked, prepared=replace(asked.require_prepared(), observation=observed)))
    request = await world.settled(request.id)
    assert (request.state, request.not_closed, note_words(request.note)) == (S.APPLIED, (), "")
    assert "is blocked (request " in world.notifier.texts_to(RILEY.chat_id)[-1]


@pytest.mark.parametrize("error", [FORBIDDEN, NO_ANSWER], ids=["refused", "no answer"])
async def test_a_default_that_cannot_be_read_is_said_to_be_not_known(world: World, error: Exception) -> None:
    """The block is verified by what was read back. Nothing is said about inherited settings."""
    request = await put(world, revocation({"tenantId": TENANT}))
    world.script.fail(READ_DEFAULT, error, times=9)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert DEFAULT in {kind.name: kind.opening for kind in request.not_closed or ()}
    assert all(kind.opening is AccessState.UNKNOWN for kind in request.not_closed or ())
    text = said(world, request)
    assert "The tenant's default could not be read, so what applies by default is not known." in text
    assert ALL_CLOSED.search(text) is None, text


async def test_an_approved_plan_that_closes_everything_is_checked_the_same_way(world: World) -> None:
    request = await put(world, blocking())

    # Read for the approval first, unchanged; then changed before the read-back.
    async def open_default() -> None:
        world.tenant.default = OPENED

    world.script.during_next_call("tenant.write", open_default)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED, note_words(request.note)
    assert M365 in [kind.name for kind in request.not_closed or ()]
    assert "is blocked (request " not in world.notifier.texts_to(RILEY.chat_id)[-1]


async def test_only_a_closing_reads_the_default_once_more(world: World) -> None:
    opening = await put(world, decided())
    opening = await world.settled(opening.id)
    assert opening.state is S.APPLIED
    calls = world.script.calls
    assert READ_DEFAULT not in calls[calls.index("tenant.write") :], "an opening is confirmed without it"
    before = calls.count(READ_DEFAULT)
    await world.revoke(DANA)
    assert world.script.calls.count(READ_DEFAULT) == before + 2, "for the plan, and for the confirmation"

"""Who sees the guests of a partner, and that everybody else gets one and the same answer."""

import pytest

from tests.workflows.core.builders import CHIE, DANA, SAM, partnership
from tests.workflows.store.test_contract import put
from tests.workflows.world import World
from workflows.app.evidence.guests.permission import GuestsPermission, GuestsView
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.ports.people_directory import PeopleDirectoryUnavailable


def permission(world: World) -> GuestsPermission:
    return GuestsPermission(directory=world.directory, store=world.store)


async def test_admins_see_people_and_the_sponsor_counts(world: World) -> None:
    world.directory.assign(SAM, "")
    await put(world.store, partnership(sponsor=SAM, version=1))
    assert await permission(world).require(DANA.chat_id, "contoso.com") is GuestsView.PEOPLE
    assert await permission(world).require(DANA.chat_id, "nonsense") is GuestsView.PEOPLE
    assert await permission(world).require(SAM.chat_id, "Contoso.com") is GuestsView.COUNTS


async def test_everybody_else_learns_nothing_in_any_of_twenty_tries(world: World) -> None:
    world.directory.assign(SAM, "")
    await put(world.store, partnership(sponsor=SAM, version=1))
    tenant_id = partnership().identity.tenant_id
    tries = ["contoso.com", "CONTOSO.com", tenant_id, "fabrikam.com", "", "?", "a b", "gmail.com", "maria@contoso.com"]
    answers = set()
    for person, typed in [(CHIE, one) for one in (*tries, *(f"x{n}.com" for n in range(10)))] + [(SAM, "x.com")]:
        with pytest.raises(Refused) as caught:
            await permission(world).require(person.chat_id, typed)
        answers.add((caught.value.code, str(caught.value.fact.values)))
    assert answers == {(RefusalCode.NO_GUESTS_FOR_YOU, "{}")}


async def test_who_is_not_known_now_sees_nothing(world: World) -> None:
    world.script.fail("directory.current_roles", PeopleDirectoryUnavailable("Slack does not answer."))
    with pytest.raises(Refused) as caught:
        await permission(world).require(DANA.chat_id, "contoso.com")
    assert caught.value.code is RefusalCode.PERSON_NOT_READABLE_NOW

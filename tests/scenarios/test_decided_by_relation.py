"""A stage that the requester's manager decides, and a group whose owner asks: nobody chooses their own approvers."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import seed
from tests.scenarios.stage import CHANNEL, Stage, buttons, running_stage, words
from tests.scenarios.test_changing_ones_mind import opened
from tests.scenarios.test_delegation import reassign
from workflows.catalog.catalog import SHIPPED

pytestmark = pytest.mark.story

RILEY, AMARA, _, CHIE, DANA = (person.entra_id for person in seed.PEOPLE[:5])
GROUP = "6a000000-0000-4000-8000-00000000000a"
MANAGER_STAGE = '[[stages]]\ntitle = "Manager"\nrole = "requester-manager"\nquorum = 1\n\n[[stages]]'


def own_templates(folder: Path, *, by_group: bool) -> Path:
    """Copy the shipped templates. A manager decides first; or an on-call group of Entra has the role of security."""
    templates = folder / "templates"
    shutil.copytree(SHIPPED, templates)
    if by_group:
        roles = templates / "roles.toml"
        security = '[security]\ntitle = "Security"\n'
        text = roles.read_text()
        assert security in text
        roles.write_text(text.replace(security, f'{security}entra_groups = ["{GROUP}"]\n'))
    else:
        guests = templates / "guest-collaboration.toml"
        guests.write_text(guests.read_text().replace("[[stages]]", MANAGER_STAGE, 1))
    return templates


@pytest.fixture
async def managed(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox whose Guest collaboration asks the requester's manager first."""
    environment = {"GATEHOUSE_TEMPLATES": str(own_templates(tmp_path, by_group=False))}
    async with running_stage(Stage(data=tmp_path / "data", warm=True, environment=environment)) as stage:
        yield stage


@pytest.fixture
async def on_call(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox whose role of security is also kept by an Entra group."""
    environment = {"GATEHOUSE_TEMPLATES": str(own_templates(tmp_path, by_group=True))}
    async with running_stage(Stage(data=tmp_path / "data", warm=True, environment=environment)) as stage:
        yield stage


async def refused_form(stage: Stage) -> str:
    """Fill in the form and give the refusal at its template."""
    answer = await stage.fill_in(target="contoso.com", template="guest-collaboration", duration="90")
    return str(answer.get("errors", {}).get("template", ""))


async def test_the_manager_decides_first_and_a_new_manager_is_asked_again(managed: Stage) -> None:
    await managed.call("PATCH", "graph/state", {"users": {RILEY: {"manager": DANA}}})
    ts = await managed.ask(template="guest-collaboration", duration="90")
    assert "Dana" in await managed.read()
    assert any("approve" in buttons(message) for message in await managed.direct("admin"))
    (too_early,) = await managed.press("approver1", "approve", ts)
    assert "Manager" in too_early
    assert await managed.press("admin", "approve", ts) == []
    await managed.call("PATCH", "graph/state", {"users": {RILEY: {"manager": CHIE}}})
    (open_again,) = await managed.press("approver1", "approve", ts)
    assert "Manager" in open_again
    assert await managed.writes() == []
    await managed.later(60)
    assert any("approve" in buttons(message) for message in await managed.direct("approver3"))
    ts = str((await managed.card())["ts"])
    assert await managed.press("approver3", "approve", ts) == []
    assert await managed.press("approver1", "approve", ts) == []
    assert len(await managed.writes()) == 1


async def test_the_manager_opens_the_windows_to_ask_and_to_request_changes(managed: Stage) -> None:
    """Bruno, the manager, has no role in this chain."""
    ts = await managed.ask(template="guest-collaboration", duration="90")
    view = await opened(managed, "approver2", "ask", channel=CHANNEL, ts=ts)
    assert "asked_people" in str(view), words(view)
    await managed.do("close", user="approver2", view_id=view["id"])
    details = await opened(managed, "approver2", "review_request", channel=CHANNEL, ts=ts)
    view = await opened(managed, "approver2", "request_changes", view_id=details["id"])
    assert "changes_form" in str(view), words(view)


async def test_an_admin_reassigns_the_approval_of_a_manager_only_to_who_decides_there(managed: Stage) -> None:
    ts = await managed.ask(template="guest-collaboration", duration="90")
    assert "does not have the role" in (await reassign(managed, ts, "approver2", "approver1"))["reassign_to"]


async def test_without_a_manager_the_form_says_who_has_none_and_what_to_do(managed: Stage) -> None:
    await managed.call("PATCH", "graph/state", {"users": {RILEY: {"manager": None}}})
    assert "Riley Park has no manager in Entra. Ask an admin to set one" in await refused_form(managed)


async def test_a_requester_who_owns_the_group_that_decides_is_refused(on_call: Stage) -> None:
    group = {"displayName": "On call", "members": [AMARA], "owners": [DANA]}
    await on_call.call("PATCH", "graph/state", {"groups": {GROUP: group}})
    ts = await on_call.ask()
    await on_call.call("PATCH", "graph/state", {"groups": {GROUP: {"owners": [RILEY]}}})
    for user in ("approver1", "approver2"):
        assert await on_call.press(user, "approve", ts) == []
    (refused,) = await on_call.press("approver3", "approve", ts)
    assert "Riley Park takes part in this request and owns the group On call" in refused
    assert any("owns the group On call" in words(message) for message in await on_call.direct("requester"))
    assert await on_call.writes() == []

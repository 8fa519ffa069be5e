"""Who may ask, for whom; a second person supports the open request; the third high-risk approval is looked at twice."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import UNLIMITED, Stage, actions, running_stage
from tests.scenarios.stage import words as words_of
from tests.scenarios.test_batches import home_of
from tests.scenarios.test_changes import change_window, propose
from workflows.catalog.catalog import SHIPPED

pytestmark = pytest.mark.story

GUESTS = {"template": "guest-collaboration", "duration": "90"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox in which Guest collaboration is requested for somebody else, and Merger only by admins."""
    templates = tmp_path / "templates"
    shutil.copytree(SHIPPED, templates)
    for name, key in (("guest-collaboration", 'on_behalf_of = "members"'), ("merger", 'may_request = ["admin"]')):
        path = templates / f"{name}.toml"
        path.write_text(f"{key}\n{path.read_text()}")
    environment = {**UNLIMITED, "GATEHOUSE_SECOND_LOOK_FROM": "3", "GATEHOUSE_TEMPLATES": str(templates)}
    async with running_stage(Stage(data=tmp_path / "data", warm=True, environment=environment)) as stage:
        yield stage


def words(message: dict[str, Any]) -> str:
    """Join the texts of a message, with one space between them."""
    return " ".join(words_of(message).split())


async def top_view(stage: Stage, user: str) -> dict[str, Any]:
    """Return the window that somebody sees."""
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def user_id(stage: Stage, handle: str) -> str:
    """Return the Slack id of somebody."""
    people = (await stage.see("people"))["people"]
    return str(next(one["id"] for one in people if one.get("handle", one.get("name")) == handle))


async def ask_for_the_requester(stage: Stage, duration: str = "90") -> None:
    """Have Bruno, who is an approver, send a request for Riley."""
    requester = await user_id(stage, "requester")
    view_id = (await stage.do("command", user="approver2", text="/partner request contoso.com"))["view_id"]
    await stage.rest()
    await stage.do("click", user="approver2", action_id="template", view_id=view_id, selected="guest-collaboration")
    await stage.rest()
    answer = await stage.fill_in("approver2", view_id=view_id, for_person=requester, **{**GUESTS, "duration": duration})
    assert answer["errors"] == {}
    await stage.rest()


async def test_a_request_for_somebody_else_names_both_and_neither_decides(stage: Stage) -> None:
    await ask_for_the_requester(stage)
    card = await stage.card()
    assert "Riley Park , sent by Bruno Keller" in words(card)
    (refused,) = await stage.press("approver2", "approve", card["ts"])
    assert "you sent it for the requester" in refused or "you are the partner's sponsor" in refused
    for person in ("requester", "approver2"):
        own = [message for message in await stage.direct(person) if "withdraw" in actions(message)]
        assert len(own) == 1
        assert "requested for Riley Park, sent by Bruno Keller" in words(own[0])
    message = next(one for one in await stage.direct("approver2") if "withdraw" in actions(one))
    assert await stage.press("approver2", "withdraw", message["ts"], channel="@approver2") == []
    assert "ithdrawn" in words(await stage.card())


async def test_who_sent_a_request_is_asked_for_changes_answers_a_proposal_and_has_it_on_the_home(stage: Stage) -> None:
    """The requester gets the same. Each message that needs nothing more says so to both."""
    await ask_for_the_requester(stage, duration="180")
    view = await change_window(stage, "approver1", "request_changes")
    values = {"reason": {"reason": "Please name the sites."}}
    assert (await stage.do("submit", user="approver1", view_id=view["id"], values=values))["errors"] == {}
    assert (await propose(stage, "approver1", duration="90"))["errors"] == {}
    for person in ("requester", "approver2"):
        asked, proposed = [one for one in await stage.direct(person) if "withdraw" not in actions(one)][-2:]
        assert actions(asked) == ["edit_asked", "review_request"]
        assert "asks you to change the request" in words(asked)
        assert actions(proposed) == ["accept_proposal", "decline_proposal", "review_request"]
        assert "requested for Riley Park, sent by Bruno Keller" in words(proposed)
        home = " ".join((await home_of(stage, person)).split())
        assert "My requests" in home
        assert "requested for Riley Park, sent by Bruno Keller" in home
    assert await stage.press("approver2", "accept_proposal", proposed["ts"], channel="@approver2") == []
    for person in ("requester", "approver2"):
        said = [words(one) for one in await stage.direct(person)]
        assert len([one for one in said if "you need to do nothing more here" in one]) == 2
    assert "Bruno Keller accepted to ask for less" in words((await stage.direct("approver1"))[-1])


async def test_only_admins_are_offered_the_merger_and_the_policy_says_so(stage: Stage) -> None:
    await stage.do("command", user="requester", text="/partner request")

    async def is_named() -> bool:
        said = words(await top_view(stage, "requester"))
        return "Only other people can request “Merger” (role “admin”)" in said

    await stage.until(is_named, "what the form says of who may request what")
    view = await top_view(stage, "requester")
    template = next(block for block in view["blocks"] if block.get("block_id") == "template")
    assert "merger" not in str(template)
    listed = await policy(stage, "")
    assert "Merger" in listed
    assert "People with the role “admin” may request it." in listed
    shown = await policy(stage, "Merger")
    assert "Who decides" in shown
    assert "or the request expires and nothing changes" in shown
    assert "Partner admins : Dana" in shown
    assert "There is no template “nothing”" in await policy(stage, "nothing")


async def policy(stage: Stage, name: str) -> str:
    """Type /partner policy; return what only this person sees."""
    await stage.do("command", user="requester", text=f"/partner policy {name}".strip())
    await stage.rest()
    found = (await stage.see("messages", channel="partner-access", user="requester"))["messages"]
    return words([message for message in found if message.get("is_ephemeral")][-1])


async def test_a_second_person_supports_the_open_request_and_is_told_its_end(stage: Stage) -> None:
    await stage.ask(**GUESTS)
    await stage.do("command", user="approver2", text="/partner request contoso.com")
    view = await top_view(stage, "approver2")
    assert "Support it if you need the same." in words(view)
    await stage.do("click", user="approver2", action_id="support", view_id=view["id"])
    window = await top_view(stage, "approver2")
    values = {"reason": {"reason": "The same bridge project"}}
    answer = await stage.do("submit", user="approver2", view_id=window["id"], values=values)
    assert answer.get("errors", {}) == {}
    await stage.rest()

    async def is_shown() -> bool:
        return "Supported by Bruno Keller" in words(await stage.card())

    await stage.until(is_shown, "the supporter on the card")
    card = await stage.card()
    assert "The same bridge project" in await stage.read()
    (refused,) = await stage.press("approver2", "approve", card["ts"])
    assert "because you support it" in refused
    assert await stage.press("approver1", "approve", (await stage.card())["ts"]) == []
    told = " ".join(words(message) for message in await stage.direct("approver2"))
    assert "which you support, is approved and applied (verified)" in told


async def test_the_third_high_risk_approval_within_ten_minutes_is_looked_at_twice(stage: Stage) -> None:
    cards = []
    for domain in ("contoso.com", "fabrikam.com", "northwind.com"):
        cards.append(await stage.ask(user="admin", target=domain, template="merger", duration="365"))
    assert await stage.press("approver1", "approve", cards[0]) == []
    assert await stage.press("approver1", "approve", cards[1]) == []
    (refused,) = await stage.press("approver1", "approve", cards[2])
    assert "This approval is not counted yet." in refused
    message = next(one for one in await stage.direct("approver1") if "approve_again" in actions(one))
    assert "You approved 2 other high risk requests within 10 minutes" in words(message)
    assert await stage.press("approver1", "approve_again", message["ts"], channel="@approver1") == []
    (again,) = await stage.press("approver1", "approve", cards[2])
    assert "You have already approved this request" in again

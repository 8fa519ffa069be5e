"""The open request form shows both a slow look-up and a choice that was made during it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.slack.answers.open_forms import OpenForms
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.flows.request_access.flow import RequestAccessFlow
from bot.slack.flows.request_access.open_form import OpenRequestForm
from bot.slack.people.members import Members
from tests.bot.bot_under_test import SOME_STAMPS, BotUnderTest, request_values, submission
from tests.bot.surfaces import shown
from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import AMARA, NOW, RILEY, identity
from workflows.app.requests.forms import Form
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.raised import InvalidField
from workflows.core.people import ChatId, Role
from workflows.core.policy.delegation.asking import StandIn
from workflows.core.policy.offers import Offer, arranged_offers, offers_of
from workflows.core.policy.template import Stage, Template
from workflows.core.requests.request import ObservedPartner

CATALOG = load_catalog(SHIPPED)
OFFERS = arranged_offers(offers_of(CATALOG.templates.values()))
PORTAL = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"
BLANK = Form(requester=RILEY.chat_id, target="", template="", justification="", sponsor=RILEY.chat_id, days=0)


@dataclass(slots=True)
class FakeServices:
    """What the windows talk to: a chat that keeps the views, a directory that answers when it is let."""

    @property
    def store(self) -> "FakeServices":
        """Itself: it has no freeze."""
        return self

    async def stand_ins(self) -> tuple[StandIn, ...]:
        """Nobody stands in for anybody."""
        return ()

    async def freeze(self) -> None:
        """Nothing is frozen."""

    views: list[dict[str, Any]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    is_shown: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def views_update(self, *, view_id: str, view: dict[str, Any]) -> None:
        """Keep what is shown."""
        self.views.append(view)
        self.is_shown.set()

    async def require_member(self, _: ChatId) -> None:
        """Everybody is one."""

    async def require(self, actor: ChatId, target: str, *, key: str, command_name: str) -> None:
        """Everybody may look."""

    async def look_up(self, typed: str) -> ObservedPartner:
        """Find Contoso, and nobody else."""
        self.looked_up.append(typed)
        await self.may_answer.wait()
        if typed.strip() != "contoso.com":
            raise InvalidField("target", "No Microsoft Entra tenant has this domain.")
        return ObservedPartner(identity=identity(), configuration=None, at=NOW)

    async def open_request(self, tenant_id: str) -> None:
        """No request is open."""

    async def roles_to_request(self, person: ChatId, holders: object) -> None:
        """Which roles somebody has is not known."""

    async def open(self, chosen: str = "", *, is_closing: bool = False) -> tuple[Offer, ...]:
        """Offer what opens access."""
        return OFFERS

    async def recent_sponsors(self, _: object) -> frozenset[ChatId]:
        """Nobody was the sponsor lately."""
        return frozenset()

    async def stages(self, template: Template, *_: object) -> tuple[Stage, ...]:
        """The template's own."""
        return template.stages

    async def holders(self, role: Role) -> frozenset[ChatId]:
        """One person has every role, and so does the requester."""
        return frozenset({AMARA.chat_id, RILEY.chat_id})

    async def all_ids(self, people: Iterable[ChatId]) -> frozenset[ChatId]:
        """One id each."""
        return frozenset(people)

    async def name_of(self, chat_id: ChatId) -> str:
        """Amara's name."""
        return {AMARA.chat_id: "Amara Okafor"}[chat_id]

    @property
    def last(self) -> dict[str, Any]:
        """What is shown now."""
        return self.views[-1]


@dataclass(frozen=True, slots=True)
class FormOnScreen:
    """One open form."""

    flow: RequestAccessFlow

    async def show_partner(self, form: Form, *, typed: str) -> None:
        """Type a target and press Enter."""
        await self.flow.show_partner(self.window, form, typed_text=typed)

    async def show_template(self, form: Form) -> None:
        """Choose a template."""
        await self.flow.show_template(self.window, form)

    @property
    def window(self) -> Window:
        """The window, as of one click."""
        return Window(id="V1", actor=RILEY.chat_id, key="k", command="look_up")


def open_form(services: FakeServices) -> FormOnScreen:
    """Open a form; nothing else of the flow is used here."""
    as_any: Any = services
    nobody: Any = None
    windows = ModalWindows(client=as_any, service=nobody, background=nobody, stamps=SOME_STAMPS)
    return FormOnScreen(
        RequestAccessFlow(
            windows=windows,
            forms=OpenForms(windows, lambda form: OpenRequestForm(form=form)),
            members=Members(directory=as_any),
            lookup_permission=as_any,
            intake=as_any,
            service=nobody,
            catalog=CATALOG,
            offers=as_any,
            search=nobody,
            display_directory=as_any,
        )
    )


@pytest.fixture
def services() -> FakeServices:
    """Return a flow whose directory answers at once."""
    services = FakeServices()
    services.may_answer.set()
    return services


def asks(view: dict[str, Any]) -> list[str]:
    """The block ids of the fields of placeholders."""
    return [block["block_id"] for block in view["blocks"] if block.get("block_id", "").startswith("hole_")]


async def test_a_choice_made_while_the_directory_is_asked_is_not_undone(services: FakeServices) -> None:
    services.may_answer.clear()
    form = open_form(services)
    lookup_permission = asyncio.create_task(form.show_partner(BLANK, typed="contoso.com"))
    await asyncio.sleep(0)
    chosen = replace(BLANK, target="contoso.com", template="contractor-portal")
    choosing = asyncio.create_task(form.show_template(chosen))
    async with asyncio.timeout(LONGEST_WAIT):
        await services.is_shown.wait()
    assert asks(services.last) == ["hole_portal_application"]
    services.may_answer.set()
    await asyncio.gather(lookup_permission, choosing)
    for view in services.views:
        assert asks(view) == ["hole_portal_application"]
    assert "Contoso Ltd" in shown(services.last)


async def test_what_was_looked_up_stays_and_is_not_asked_for_again(services: FakeServices) -> None:
    form = open_form(services)
    await form.show_partner(BLANK, typed="contoso.com")
    await form.show_template(replace(BLANK, target=" contoso.com ", template="merger"))
    assert services.looked_up == ["contoso.com"]
    assert "Contoso Ltd" in shown(services.last)
    assert len(services.views) == 2


async def test_another_target_is_looked_up_when_a_template_is_chosen(services: FakeServices) -> None:
    """Nobody has pressed Enter. The earlier result is not shown for the new target."""
    form = open_form(services)
    await form.show_partner(BLANK, typed="contoso.com")
    await form.show_template(replace(BLANK, target="nowhere.com", template="merger"))
    assert "Contoso Ltd" not in shown(services.views[1])
    assert "No Microsoft Entra tenant has this domain." in shown(services.last)


async def test_nothing_typed_is_nothing_looked_up(services: FakeServices) -> None:
    await open_form(services).show_template(replace(BLANK, template="merger"))
    assert services.looked_up == []
    assert "No organization looked up yet." in shown(services.last)


async def test_what_was_chosen_for_a_placeholder_stays(services: FakeServices) -> None:
    chosen: dict[str, Any] = {
        "placeholders": {"portal_application": PORTAL},
        "labels": {"portal_application": "Partner portal"},
    }
    await open_form(services).show_partner(replace(BLANK, template="contractor-portal", **chosen), typed="contoso.com")
    (block,) = [block for block in services.last["blocks"] if block.get("block_id") == "hole_portal_application"]
    option = block["element"]["initial_option"]
    assert (option["text"]["text"], option["value"]) == ("Partner portal", PORTAL)


async def test_a_choice_shows_who_decides_without_the_requester(services: FakeServices) -> None:
    form = open_form(services)
    await form.show_template(replace(BLANK, template="trusted-partner"))
    assert len(services.views) == 1, "one update for one choice"
    assert "Security, 1 approval: Amara Okafor" in shown(services.last)
    assert "Riley" not in shown(services.last)


# --- sending ---


async def test_an_empty_form_says_what_is_missing(gatehouse: BotUnderTest) -> None:
    answer = await gatehouse.interact(submission("requester", "request_access", "", {}))
    assert answer.json["response_action"] == "errors"
    assert set(answer.json["errors"]) == {"target", "template", "justification"}
    assert await gatehouse.outcomes() == [("submit", "form_problems")]


async def test_a_form_that_is_repeated_is_filed_once(gatehouse: BotUnderTest) -> None:
    form = submission("requester", "request_access", "", request_values("contoso.com", "guest-collaboration"))
    answers = [await gatehouse.interact(form) for _ in range(3)]
    assert {answer.status for answer in answers} == {200}
    await gatehouse.idle()
    assert len(await gatehouse.store.open_requests()) == 1


async def test_a_second_request_for_a_partner_shows_the_first_with_its_buttons(gatehouse: BotUnderTest) -> None:
    """The field says what is open, and the form is updated: it can be opened and withdrawn from there."""
    first = submission("requester", "request_access", "", request_values("contoso.com", "guest-collaboration"))
    await gatehouse.interact(first)
    await gatehouse.idle()
    second = submission("requester", "request_access", "", request_values("contoso.com", "merger"))
    answer = await gatehouse.interact(second)
    assert "You have an open access request for this partner" in answer.json["errors"]["target"]

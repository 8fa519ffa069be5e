"""The windows about absences: those of others are listed page by page."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.slack import ids
from bot.slack.flows.decide.delegation.absence_flow import AbsenceFlow
from bot.slack.flows.decide.delegation.absence_views import MAX_LISTED, absence_view, all_absences_view
from bot.slack.flows.decide.delegation.reassign_flow import all_asked_words, reassign_view
from tests.bench.delegation_surfaces import OTHERS
from tests.bot.shipped_cards import waiting
from tests.bot.surfaces import assert_sound, buttons, shown
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW, person
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, ChatId, CurrentRoles, Person
from workflows.core.policy.delegation.absence import Absence, AbsenceId

TEMPLATE = load_catalog(SHIPPED).templates["trusted-partner"]


def absences(count: int) -> list[Absence]:
    return [
        replace(OTHERS[0], id=AbsenceId(f"a:{number}"), person=person(f"Away {number}"))
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("count", [MAX_LISTED, MAX_LISTED + 1, 900])
def test_more_absences_than_fit_have_a_button_that_shows_all(count: int) -> None:
    view = absence_view(
        own=None,
        others=absences(count),
        is_admin=True,
        person=DANA.chat_id,
        today=(NOW + timedelta(days=1)).date(),
        zone="UTC",
        now=NOW,
    )
    assert_sound(view)
    assert (ids.SHOW_ABSENCES in buttons(view)) is (count > MAX_LISTED)


@pytest.mark.parametrize("count", [0, 1, MAX_LISTED, MAX_LISTED + 1, 3 * MAX_LISTED])
def test_every_absence_is_on_one_page_with_end_now(count: int) -> None:
    seen, page = [], 0
    while True:
        view = all_absences_view(absences(count), page, NOW)
        assert_sound(view)
        seen += [
            one["elements"][0]["value"]
            for one in view["blocks"]
            if one["type"] == "actions" and one["block_id"] != "pages"
        ]
        assert (ids.ABSENCES_PREVIOUS in buttons(view)) is (page > 0)
        following = buttons(view).get(ids.ABSENCES_NEXT)
        if following is None:
            break
        page = int(following)
    assert seen == [f"a:{number}" for number in range(1, count + 1)]
    last = shown(all_absences_view(absences(count), 10_000, NOW))
    assert (f"Away {count}" in last) is (count > 0), "a page beyond the end is the last one"


BOSS = replace(DANA, chat_id=ChatId("UDANA"))
AWAY = replace(AMARA, chat_id=ChatId("UAMARA"))


class Directory:
    """Knows Dana, the admin, and Amara, whose Slack names somebody else could take."""

    def __init__(self) -> None:
        self.people = {one.chat_id: one for one in (BOSS, AWAY)}

    async def identify(self, chat_id: ChatId) -> Person:
        """Identify one of the two."""
        return self.people[chat_id]

    async def current_roles(self, people: Any) -> CurrentRoles:
        """Only Dana has a role."""
        return CurrentRoles(roles={one.id: frozenset({ADMIN} if one is BOSS else ()) for one in people})

    async def user(self, chat_id: ChatId) -> dict[str, Any]:
        """Slack's user, who has two ids."""
        profile = {"display_name": "Anybody", "email": f"{chat_id.lower()}@fabrikam.com"}
        both = {"enterprise_user": {"id": f"W{chat_id[1:]}"}}
        return {"id": chat_id, "real_name": self.people[chat_id].name, "profile": profile, **both}

    async def members_page(self, _: str) -> tuple[list[dict[str, Any]], str]:
        """Both."""
        return [{**await self.user(one), "enterprise_user": {}} for one in self.people], ""


async def opened(actor: Person, typed: str) -> dict[str, Any]:
    """The window that somebody opens with a name."""
    built: list[Any] = []

    async def open_and_fill(_: Any, named: Any, build: Any, **__: Any) -> None:
        built.append(await build(SimpleNamespace(actor=named.actor)))

    async def nothing(*_: Any) -> tuple[()]:
        return ()

    known = SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW), store=SimpleNamespace(absences=nothing))
    inside: Any = {
        "service": None,
        "windows": SimpleNamespace(open_and_fill=open_and_fill),
        "members": SimpleNamespace(refuse_known_guests=nothing),
        "directory": Directory(),
        "absences": known,
    }
    command: Any = SimpleNamespace(actor=actor.chat_id, argument=typed)
    await AbsenceFlow(**inside).open(inside, command)
    (view,) = built
    return dict(view)


@pytest.mark.parametrize(
    "typed", ["", f"<@{AWAY.chat_id}>", f"<@{AWAY.chat_id}|amara>", f"<@W{AWAY.chat_id[1:]}>", f"@{AWAY.name}"]
)
async def test_who_names_themselves_sets_their_own_absence(typed: str) -> None:
    view = await opened(AWAY, typed)
    assert view["callback_id"] == ids.ABSENCE_FORM
    assert "You named" not in shown(view)


@pytest.mark.parametrize("typed", [f"<@{BOSS.chat_id}>", f"@{BOSS.name}", "@nobody", "<@>"])
async def test_who_is_no_admin_names_nobody_else(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        await opened(AWAY, typed)
    assert refused.value.code is RefusalCode.ONLY_ADMINS_SET_ABSENCES


@pytest.mark.parametrize("typed", [f"<@{AWAY.chat_id}>", AWAY.name, f"{AWAY.chat_id}@fabrikam.com"])
async def test_an_admin_sees_who_was_found_as_entra_names_them(typed: str) -> None:
    """People choose their names in Slack."""
    view = await opened(BOSS, typed)
    assert_sound(view)
    assert f"You named: {AWAY.name}, {AWAY.chat_id.lower()}@fabrikam.com." in shown(view)


@pytest.mark.parametrize(
    ("missing", "words"),
    [(1, "only stops the reminders to one of them"), (2, "2 approvals are missing. So nobody can")],
)
def test_the_window_says_where_everybody_is_asked_already(missing: int, words: str) -> None:
    names = {one.chat_id: one.name for one in (BRUNO, CHIE)}
    view = reassign_view(waiting(TEMPLATE), "Data owners", names, note=all_asked_words(names, missing))
    assert_sound(view)
    assert words in shown(view)
    assert "asked already" not in shown(reassign_view(waiting(TEMPLATE), "Data owners", names))

"""What people see of a request that something other than Gatehouse changed: nothing that they cannot do, no claim."""

from dataclasses import replace

import pytest

from bot.slack.cards.approval.requester_and_sponsor import requester_card, sponsor_card
from bot.slack.flows.alarms.freeze_views import unfreeze_view
from bot.slack.flows.decide.views import decision_view
from bot.slack.flows.home.view import home_view
from bot.words.refusals.freeze import ended_words
from tests.bot.shipped_cards import NAMES, waiting
from tests.bot.surfaces import buttons, shown
from tests.workflows.core.builders import AMARA, DANA, NOW, approval, current_roles
from workflows.app.reads.app_home import AppHome
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.people import ADMIN, GATEHOUSE
from workflows.core.policy.stops.freeze import FreezeStep, advance, begin
from workflows.core.requests.notes import as_not_believed
from workflows.core.requests.request import AccessRequest
from workflows.ports.pages import Page

_PROMISES = (
    *("Waits for", "Edit or withdraw", "Current approvers"),
    *("if it is not decided by then", "You are responsible"),
)


@pytest.fixture
def asked() -> AccessRequest:
    request = waiting(load_catalog(SHIPPED).templates["trusted-partner"])
    return as_not_believed(replace(request, decisions=(approval(AMARA, 0, digest=request.plan.digest),)))


def test_no_surface_asks_for_an_approval_of_it_or_promises_one(asked: AccessRequest) -> None:
    home = AppHome(mine=Page(items=[asked], count=1, size=1), approvals=Page(items=[asked], count=1, size=1))
    mine = requester_card(asked, now=NOW, holders=NAMES)
    seen = [
        mine.blocks,
        sponsor_card(asked, now=NOW).blocks,
        home_view(home, now=NOW)["blocks"],
        decision_view(asked, holders=NAMES, history=(), now=NOW)["blocks"],
    ]
    for blocks in seen:
        assert "changed by something" in shown(blocks).lower()
        assert not [promise for promise in _PROMISES if promise in shown(blocks)]
        assert not {"approve", "edit", "remind", "propose_less", "request_changes"} & set(buttons(blocks))
    assert "Waits for" not in mine.text


def test_it_can_still_be_withdrawn_and_rejected(asked: AccessRequest) -> None:
    assert "withdraw" in buttons(requester_card(asked, now=NOW).blocks)
    assert "reject" in buttons(decision_view(asked, holders=NAMES, history=(), now=NOW)["blocks"])


def test_the_window_that_ends_such_a_freeze_says_what_is_accepted_and_what_ends() -> None:
    frozen = begin(None, by=GATEHOUSE.name, reason="A record was changed", now=NOW)
    said = shown(unfreeze_view(frozen, reader=DANA.id, now=NOW)["blocks"])
    assert "If you end it, you accept the records of partners, absences and closed requests as they are." in said
    assert "Open requests and batches that are not believed end, with all requests of such a batch." in said


def test_the_end_of_a_freeze_about_records_says_that_such_requests_end() -> None:
    admins = current_roles(dana=ADMIN, amara=ADMIN)
    said = {}
    for by in (GATEHOUSE.name, DANA.name):
        frozen = begin(None, by=by, reason="A record was changed", now=NOW)
        asks = advance(frozen, FreezeStep.ASK_END, DANA, version=1, current_roles=admins, now=NOW)
        over = advance(asks, FreezeStep.END, AMARA, version=2, current_roles=admins, now=NOW)
        said[by] = (
            "Open requests and batches that are not believed end, with all requests of such a batch."
            in ended_words(over)
        )
    assert said == {GATEHOUSE.name: True, DANA.name: False}

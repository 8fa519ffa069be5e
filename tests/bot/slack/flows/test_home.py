"""The App Home: what waits for somebody, with the same buttons as the cards, cut and counted."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings

from bot.slack.flows.home import home_view
from tests.bot import surfaces
from tests.bot.surfaces import Json, assert_sound, buttons, hostile_or_blank, hostile_request, shown
from tests.workflows.core.builders import (
    NOW,
    TENANT,
    identity,
    noted,
    partnership,
    request,
)
from workflows.core.partners.partnership import PartnershipState
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.request import RequestId, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.records import LimitedList


def many(count: int, state: RequestState = RequestState.AWAITING_APPROVAL) -> list[Any]:
    return [request(state, id=RequestId(f"r-{state.value}-{number}")) for number in range(count)]


def partners(count: int, **changes: Any) -> list[Any]:
    tenants = [f"00000000-dddd-4ddd-8ddd-{number:012d}" for number in range(count)]
    return [partnership(identity=replace(identity(), tenant_id=TenantId(tenant)), **changes) for tenant in tenants]


def home(**changes: Any) -> Json:
    usual = {"waiting": [], "mine": [], "partnerships": [], "now": NOW, **changes}
    counted = {name: LimitedList(shown=usual[name], count=len(usual[name])) for name in ("waiting", "partnerships")}
    return home_view(**{**usual, **counted})


def test_an_empty_home_offers_the_request_form() -> None:
    view = home()
    assert_sound(view, "home")
    assert buttons(view) == {"open_request": "home"}
    for title in ("Waiting for me", "My requests", "Partners"):
        assert title in shown(view)


def test_home_leads_to_the_whole_request_and_holds_the_other_buttons_of_the_cards() -> None:
    asked = request()
    view = home(waiting=[asked], mine=many(1), partnerships=[partnership(state=PartnershipState.REVIEW_DUE)])
    assert_sound(view, "home")
    found = buttons(view)
    assert found["review_request"] == f"r-1:{asked.known.plan.digest}"
    assert not {"approve", "reject"} & set(found), "nobody decides on a request that is not shown whole"
    assert found["withdraw"] == "r-awaiting_approval-0"
    assert found["keep"] == found["revoke_review"] == TENANT
    assert "Trust in the partner's MFA: inherits the tenant's default → trusted (more access)" in shown(view)


def alarm(number: int, code: AlarmCode = AlarmCode.EFFECT_GIVEN_UP) -> Alarm:
    values = {
        "what": "show_request",
        "about": "R-1",
        "reason": "msg_too_long",
        "partner": "contoso.com",
        "request": "R-1",
    }
    return Alarm(id=AlarmId(f"A-{number}"), code=code, subject=str(number), values=values, raised_at=NOW)


def test_admins_see_what_is_wrong_and_decide_about_given_up_work() -> None:
    view = home(alarms=[alarm(7), alarm(8, AlarmCode.CARD_NOT_POSTED)])
    assert_sound(view, "home")
    assert "Alarms" in shown(view)
    assert "show the card of request R-1" in shown(view)
    assert "gatehouse doctor --retry 7" in shown(view)
    found = buttons(view)
    assert (found["retry_effect"], found["drop_effect"]) == ("7", "7")


def test_without_an_alarm_and_for_everybody_else_there_is_no_such_section() -> None:
    assert "Alarms" not in shown(home()) + shown(home(alarms=[]))


def test_many_alarms_are_cut_and_counted() -> None:
    view = home(alarms=[alarm(number) for number in range(40)], waiting=many(40), mine=many(22))
    assert_sound(view, "home")
    assert "and 30 more: each admin got a direct message about them" in shown(view)


def test_what_is_over_has_no_buttons() -> None:
    late = home(waiting=[request(expires_at=NOW)], mine=[request(RequestState.REJECTED, note=noted("Too wide"))])
    assert set(buttons(late)) == {"open_request"}
    assert "The time to decide is over" in shown(late)
    assert "Too wide" in shown(late)


def test_long_lists_are_cut_and_counted() -> None:
    view = home(waiting=many(40), mine=many(22), partnerships=partners(32, state=PartnershipState.REVIEW_DUE))
    assert_sound(view, "home")
    assert len(view["blocks"]) <= 100
    said = shown(view)
    assert "and 30 more: their cards are in the approvals channel" in said
    assert "and 12 more: /partner show" in said
    assert "and 12 more: /partner list" in said


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_the_home(text: str) -> None:
    asked = hostile_request(RequestState.AWAITING_APPROVAL, RequestKind.ACCESS, text)
    known = partnership(
        identity=surfaces.hostile_identity(text),
        sponsor=surfaces.hostile_person(text),
        template_title=text,
        state=PartnershipState.REVIEW_DUE,
    )
    mine = replace(hostile_request(RequestState.PREPARING, RequestKind.ACCESS, text), id=RequestId("r-2"))
    assert_sound(home(waiting=[asked], mine=[mine], partnerships=[known]), "home")

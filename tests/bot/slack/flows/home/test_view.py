"""The App Home: what concerns a person, by role, one page of each list, and hostile text stays text."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from bot.slack.flows.home.paging import page_value, parse_page, parse_position, stored_position
from bot.slack.flows.home.rows import MAX_ROW_CHARACTERS
from bot.slack.flows.home.view import ABOUT, closed_home, home_view
from bot.slack.ids import decision_value
from bot.words import sentences
from bot.words.partner_setup.state import setup_words
from bot.words.sentences import minute
from tests.bot import surfaces
from tests.bot.surfaces import Json, assert_sound, buttons, dicts, hostile_or_blank, hostile_request, shown, texts
from tests.workflows.core.builders import NOW, TENANT, identity, noted, partnership, request
from workflows.app.reads.app_home import (
    ALARMS_PAGE,
    AUDITOR_PAGE,
    FOUND_PAGE,
    PAGE,
    SPONSORED_PAGE,
    AppHome,
    HomeList,
    HomePosition,
)
from workflows.app.reads.found_requests import FoundRequests, Today
from workflows.app.reads.newer_requests import AfterEnd
from workflows.core.checks.partner_setup.steps import newly_required_steps
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.pages import EMPTY, Page, PagePosition, RequestFilter


def page(records: list[Any], size: int = PAGE, skipped: int = 0) -> Page[Any]:
    """One page of these records."""
    shown = records[skipped : skipped + size]
    first = last = ("2027-01-01", "id") if shown else ()
    return Page(
        items=shown, count=len(records), count_before=skipped, first_cursor=first, last_cursor=last, size=len(shown)
    )


def requests(count: int, state: RequestState = RequestState.AWAITING_APPROVAL) -> list[AccessRequest]:
    return [request(state, id=RequestId(f"r-{state.value}-{number}")) for number in range(count)]


def partners(count: int, **changes: Any) -> list[Partnership]:
    tenants = [f"00000000-dddd-4ddd-8ddd-{number:012d}" for number in range(count)]
    return [partnership(identity=replace(identity(), tenant_id=TenantId(tenant)), **changes) for tenant in tenants]


def alarms(count: int, code: AlarmCode = AlarmCode.EFFECT_GIVEN_UP) -> list[Alarm]:
    values = {
        "what": "show_request",
        "about": "R-1",
        "reason": "msg_too_long",
        "partner": "contoso.com",
        "request": "R-1",
    }
    return [
        Alarm(id=AlarmId(f"A-{number}"), code=code, subject=str(number), values=values, raised_at=NOW)
        for number in range(count)
    ]


def home(**changes: Any) -> Json:
    """The App Home with these lists; the others are empty."""
    return home_view(AppHome(**changes), now=NOW)


def time(label: str, moment: datetime) -> str:
    """A time in Slack's markup, shown in the reader's zone, with UTC for those who cannot see that."""
    return f"{label} <!date^{int(moment.timestamp())}^{{date_short_pretty}} at {{time}}|{minute(moment)}>"


def day(label: str, moment: datetime) -> str:
    """Like `time`, without the time of day."""
    return time(label, moment).replace(" at {time}", "")


def titles(view: Json) -> list[str]:
    return [block["text"]["text"] for block in view["blocks"] if block["type"] == "header"]


def test_a_person_whom_nothing_concerns_is_told_what_gatehouse_is() -> None:
    view = home()
    assert_sound(view, "home")
    assert buttons(view) == {"open_request": "home"}
    assert ABOUT in shown(view)
    assert titles(view) == []


def test_nobody_but_a_full_member_sees_anything() -> None:
    view = closed_home()
    assert_sound(view, "home")
    assert buttons(view) == {}


def test_what_waits_comes_first_then_what_is_mine_then_what_an_admin_must_look_at() -> None:
    due = partners(1, state=PartnershipState.REVIEW_DUE)
    view = home(
        reviews=page(due),
        approvals=page(requests(1)),
        mine=page(requests(1, RequestState.PREPARING)),
        is_admin=True,
        alarms=page(alarms(1), ALARMS_PAGE),
        overdue=page(due),
    )
    assert_sound(view, "home")
    assert titles(view) == ["Waiting for me: 2", "My requests and partners", "Alerts: 2 entries"]
    said = shown(view)
    assert said.index("Reviews due") < said.index("Approvals") < said.index("My requests, open") < said.index("Alarms")
    found = buttons(view)
    assert {"block_partner", "open_posture", "revoke_partner", "retry_effect", "drop_effect"} <= set(found)


def test_a_row_tells_partner_access_risk_age_and_deadline_and_leads_to_the_whole_request() -> None:
    asked = request()
    view = home(approvals=page([asked]))
    place = next(index for index, block in enumerate(view["blocks"]) if block.get("accessory"))
    row, times = view["blocks"][place : place + 2]
    said = row["text"]["text"]
    assert said == "contoso.com · Trusted partner · High risk · r-1"
    assert texts(times, "mrkdwn") == [f"{day('Asked', asked.created_at)} · {day('decide by', asked.expires_at)}"]
    assert row["accessory"]["value"] == f"r-1:{asked.plan.digest}"
    assert not {"approve", "reject"} & set(buttons(view)), "nobody decides on a request that is not shown whole"


def test_a_deadline_within_a_day_has_its_time_of_day() -> None:
    asked = request(expires_at=NOW + timedelta(hours=23))
    assert time("decide by", asked.expires_at) in shown(home(approvals=page([asked])))


def test_a_row_fits_on_a_phone() -> None:
    """Two lines of some fifty characters each, however long the names are."""
    long = replace(identity(), default_domain=f"{'very-' * 40}long.example", display_name="x" * 900)
    known = replace(
        request().require_prepared(), observation=replace(request().require_prepared().observation, identity=long)
    )
    view = home(
        approvals=page([request(), request(prepared=known)]),
        reviews=page([partnership(), partnership(identity=long, template_title="y" * 900)]),
    )
    rows = [block["text"]["text"] for block in view["blocks"] if block.get("accessory")]
    assert len(rows) == 4
    assert max(map(len, rows)) <= 250 < MAX_ROW_CHARACTERS
    assert max(len(row) for row in rows if "very-" not in row) <= 120


def test_what_is_over_has_no_buttons() -> None:
    late = home(
        approvals=page([request(expires_at=NOW)]),
        mine=page([request(RequestState.REJECTED, note=noted("Too wide"))]),
    )
    assert set(buttons(late)) == {"open_request"}
    assert "the time to decide is over" in shown(late)
    assert "Too wide" in shown(late)


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        (RequestState.AWAITING_APPROVAL, {"remind", "edit", "withdraw"}),
        (RequestState.PREPARING, {"withdraw"}),
        (RequestState.APPLYING, set()),
        (RequestState.APPLIED, set()),
    ],
)
def test_own_requests_offer_what_their_state_allows(state: RequestState, offered: set[str]) -> None:
    later = NOW + timedelta(days=2)
    shown_later = home_view(AppHome(mine=page(requests(1, state))), now=later)
    assert set(buttons(shown_later)) == {"open_request", *offered}


@pytest.mark.parametrize(("days", "is_offered"), [(0.9, False), (1.0, True)])
def test_remind_is_gone_once_it_was_used_until_it_is_possible_again(days: float, is_offered: bool) -> None:
    reminded = replace(request(), reminded_at=NOW, lifetime=timedelta(days=7))
    view = home_view(AppHome(mine=page([reminded])), now=NOW + timedelta(days=days))
    assert ("remind" in buttons(view)) is is_offered
    assert "withdraw" in buttons(view)


def test_a_request_whose_partner_has_something_to_do_says_so_and_leads_to_it() -> None:
    done = request(RequestState.APPLIED, confirmed_at=NOW)
    steps = newly_required_steps(done.plan, {})
    record = partnership(setup=steps)
    view = home(mine=page([done]), setups={done.id: record})
    assert_sound(view, "home")
    assert f"Partner setup: {setup_words(steps, ())}" in shown(view)
    assert buttons(view)["show_checklist"] == TENANT
    assert "Partner setup" not in shown(home(mine=page([done])))


@pytest.mark.parametrize("ends_at", [None, NOW, NOW + timedelta(days=9)])
def test_every_row_has_the_short_id_of_its_request(ends_at: datetime | None) -> None:
    known = partnership(ends_at=ends_at)
    view = home(reviews=page([known]), ending=page([known]), is_admin=True, overdue=page([known]))
    rows = [block["text"]["text"] for block in view["blocks"] if block.get("accessory")]
    assert len(rows) == 3
    assert all("r-1" in row for row in rows)
    assert "· r-1" in shown(home(mine=page([request()])))
    assert_sound(view, "home")


def test_a_closed_request_can_be_requested_again_where_nothing_of_it_is_active() -> None:
    closed = requests(2, RequestState.REJECTED)
    view = home(mine=page(closed), after_end={closed[0].id: AfterEnd(can_request_again=True)})
    assert buttons(view) == {"open_request": "home", "request_again": closed[0].id}


def test_a_closed_request_with_a_newer_one_leads_to_that_instead_of_being_requested_again() -> None:
    withdrawn, applied = request(RequestState.WITHDRAWN), request(RequestState.APPLIED, id="r-0")
    newer = request(id="r-2")
    for earlier in (withdrawn, applied):
        view = home(mine=page([earlier]), after_end={earlier.id: AfterEnd(newer=newer)})
        assert_sound(view, "home")
        assert buttons(view) == {"open_request": "home", "review_request": decision_value(newer)}
        assert "Show newer request" in str(view)
    preparing = replace(newer, state=RequestState.PREPARING, prepared=None)
    view = home(mine=page([withdrawn]), after_end={withdrawn.id: AfterEnd(newer=preparing)})
    assert set(buttons(view)) == {"open_request"}, "there is nothing to show yet"


def test_an_applied_request_says_what_became_of_it() -> None:
    first, second, third = requests(3, RequestState.APPLIED)
    later = request(RequestState.APPLIED, RequestKind.REVOCATION, id=RequestId("r-9"), confirmed_at=NOW)
    today = {first.id: Today(successor=later), second.id: Today(is_past_its_end=True)}
    text = shown(home(mine=page([first, second, third]), today=today))
    assert text.count("active (verified)") == 2
    assert text.count("active (verified), access period ended") == 1
    assert text.count("revoked later by Riley (r-9)") == 1


def test_a_sponsor_can_close_active_access_early() -> None:
    view = home(sponsored=page([partnership()]))
    assert "My partners with active access" in shown(view)
    assert time("Asked on", NOW + timedelta(days=90)) in shown(view)
    assert buttons(view)["close_early"] == TENANT


def test_access_that_ends_soon_leads_to_the_open_request_of_the_reader_for_it() -> None:
    soon, asked = partnership(ends_at=NOW + timedelta(days=9)), request(id="r-2")
    view = home(ending=page([soon]), extensions={TENANT: asked})
    assert_sound(view, "home")
    assert buttons(view) == {"open_request": "home", "review_request": decision_value(asked)}


def test_access_that_ends_soon_can_be_requested_again() -> None:
    soon = partnership(ends_at=NOW + timedelta(days=9))
    view = home(ending=page([soon]))
    assert "My partners whose period ends soon" in shown(view)
    assert time("Asked on", NOW + timedelta(days=9)) in shown(view), "what happens then"
    assert buttons(view)["request_again"] == TENANT


def test_when_nothing_waits_the_home_says_so() -> None:
    assert "You're all caught up" in shown(home(mine=page(requests(1))))
    assert "You're all caught up" not in shown(home(approvals=page(requests(1))))
    assert "You're all caught up" not in shown(home(text="contoso", mine=page(requests(1)))), "only part is shown"


def test_with_alerts_the_home_of_an_admin_does_not_say_that_nothing_waits() -> None:
    """An admin is asked about an overdue review as well: Keep and Revoke wait in their messages."""
    for alerts in ({"overdue": page([partnership(state=PartnershipState.REVIEW_DUE)])}, {"alarms": page(alarms(1))}):
        view = home(is_admin=True, **alerts)
        assert "Nothing waits for you" not in shown(view)
        assert "all caught up" not in shown(view)
        assert "Nothing to approve, and no review of your own to answer. See the alerts below." in shown(view)
    assert "You're all caught up" in shown(home(is_admin=True))


def test_two_hundred_that_wait_stay_within_the_limits_and_are_counted() -> None:
    view = home(approvals=page(requests(200), skipped=20))
    assert_sound(view, "home")
    assert titles(view) == ["Waiting for me: 200"]
    assert "Approvals: 21–30 of 200" in shown(view)
    labels = [one["text"]["text"] for one in dicts(view) if one.get("type") == "button"]
    assert "Previous 20" in labels
    assert "Next 170" in labels
    assert sum(block.get("accessory") is not None for block in view["blocks"]) == 10
    assert parse_page(buttons(view)["home_next"]) == (HomeList.APPROVALS, PagePosition(cursor=("2027-01-01", "id")))


def test_a_page_of_one_record_names_one_number() -> None:
    last = Page(
        items=requests(1), count=11, count_before=10, first_cursor=("2027", "id"), last_cursor=("2027", "id"), size=1
    )
    said = shown(home(approvals=last))
    assert "Approvals: 11 of 11" in said
    assert "11–11" not in said


@pytest.mark.parametrize("is_searched", [False, True])
def test_a_home_with_every_list_full_stays_within_a_hundred_blocks(is_searched: bool) -> None:
    due = partners(40, state=PartnershipState.REVIEW_DUE)
    view = home(
        text="contoso" if is_searched else "",
        reviews=page(due, skipped=10),
        approvals=page(requests(40), skipped=10),
        mine=page(requests(40), skipped=10),
        ending=page(due, skipped=10),
        sponsored=page(due, SPONSORED_PAGE, skipped=5),
        is_admin=True,
        overdue=page(due, skipped=10),
        partners=page(due, skipped=10) if is_searched else EMPTY,
        alarms=EMPTY if is_searched else page(alarms(40), ALARMS_PAGE, skipped=5),
    )
    assert_sound(view, "home")
    assert len(view["blocks"]) <= 100
    assert "more parts are not shown" not in shown(view)
    review = next(block for block in view["blocks"] if block.get("accessory"))
    assert [field["text"] for field in review["fields"]] == [time("Asked on", NOW + timedelta(days=90))]


# --- auditors ---


def searched(count: int, skipped: int = 0, today: dict[RequestId, Today] | None = None, **wanted: Any) -> Json:
    """The App Home of an auditor who searched."""
    closed = requests(count, RequestState.REJECTED)
    found = FoundRequests(page=page(closed, FOUND_PAGE, skipped), today=today or {})
    return home(is_auditor=True, request_filter=RequestFilter(**wanted), found_requests=found)


def test_two_hundred_found_requests_stay_within_the_limits_and_are_counted() -> None:
    view = searched(200, skipped=40, requester="Riley", sent_from=NOW)
    assert_sound(view, "home")
    assert titles(view) == ["Search of requests"]
    said = shown(view)
    assert "Requester: Riley" in said
    assert f"Sent from: {sentences.day(NOW)} (UTC)" in said
    assert "All requests found, newest first: 41–60 of 200" in said
    labels = [one["text"]["text"] for one in dicts(view) if one.get("type") == "button"]
    assert {"Previous 40", "Next 140", "Change search", "Close search"} <= set(labels)
    rows = [block for block in view["blocks"] if block.get("accessory")]
    assert [row["accessory"]["action_id"] for row in rows] == ["read_request"] * FOUND_PAGE
    assert parse_page(buttons(view)["home_next"])[0] is HomeList.REQUESTS


def test_a_found_request_is_one_line_with_its_state_of_today() -> None:
    written = request(RequestState.APPLIED, confirmed_at=NOW)
    closing = request(RequestState.APPLIED, RequestKind.REVOCATION, id=RequestId("r-2"), not_closed=())

    def line(today: Today) -> str:
        found = FoundRequests(page=page([written]), today={written.id: today})
        view = home(is_auditor=True, request_filter=RequestFilter(), found_requests=found)
        return str(next(block["text"]["text"] for block in view["blocks"] if block.get("accessory")))

    verified = "active (verified)"
    assert line(Today()) == f"✅ contoso.com · Trusted partner · {verified} · Riley · r-1"
    assert line(Today(is_past_its_end=True)) == (
        f"⏰ contoso.com · Trusted partner · {verified}, access period ended · Riley · r-1"
    )
    assert line(Today(successor=closing)) == "🔒 contoso.com · Trusted partner · revoked later (r-2) · Riley · r-1"


def test_a_search_that_finds_nothing_says_so_and_one_without_conditions_too() -> None:
    assert "No request matches all of these conditions." in shown(searched(0, text="nowhere"))
    assert "Conditions: none, so all requests are shown" in shown(searched(3))


def test_a_text_search_lists_the_requests_of_everybody_below_a_title_of_their_own() -> None:
    found = FoundRequests(page=page(requests(2)))
    view = home(text="contoso", is_auditor=True, partners=page(partners(1)), found_requests=found)
    assert titles(view) == ["Partners", "Requests"]
    assert "All requests found, newest first: 2" in shown(view)


def test_only_auditors_are_offered_the_search() -> None:
    assert "search_requests" in buttons(home(is_auditor=True))
    assert "search_requests" not in buttons(home(is_admin=True))
    unknown = home(is_auditor=None)
    assert "search_requests" not in buttons(unknown)
    assert "It cannot be read now whether you are an auditor." in shown(unknown)
    assert "whether you are an auditor" not in shown(home())


def test_a_found_partner_is_shown_to_an_auditor_and_revoked_by_an_admin() -> None:
    found = page(partners(1))
    assert "read_partner" in buttons(home(text="contoso", is_auditor=True, partners=found))
    assert "revoke_partner" not in buttons(home(text="contoso", is_auditor=True, partners=found))
    assert "revoke_partner" in buttons(home(text="contoso", is_auditor=True, is_admin=True, partners=found))


def test_a_text_search_of_an_auditor_with_every_list_full_stays_within_a_hundred_blocks() -> None:
    due = page(partners(40, state=PartnershipState.REVIEW_DUE), AUDITOR_PAGE, skipped=10)
    view = home(
        text="contoso",
        reviews=due,
        approvals=page(requests(40), AUDITOR_PAGE, skipped=10),
        mine=page(requests(40), AUDITOR_PAGE, skipped=10),
        ending=due,
        sponsored=due,
        is_admin=True,
        is_auditor=True,
        overdue=due,
        partners=due,
        found_requests=FoundRequests(page=page(requests(40, RequestState.EXPIRED), AUDITOR_PAGE, skipped=10)),
    )
    assert_sound(view, "home")
    assert "more parts are not shown" not in shown(view)


def test_admins_see_what_is_wrong_and_decide_about_stopped_work() -> None:
    view = home(is_admin=True, alarms=page([*alarms(1), *alarms(1, AlarmCode.CARD_NOT_POSTED)], ALARMS_PAGE))
    assert_sound(view, "home")
    assert "show the card of request R-1" in shown(view)
    found = buttons(view)
    assert (found["retry_effect"], found["drop_effect"]) == ("0", "0")


def test_a_search_is_named_and_can_be_ended() -> None:
    view = home(text="contoso")
    assert_sound(view, "home")
    assert "Nothing here contains “contoso”." in shown(view)
    assert "home_clear" in buttons(view)
    field = next(block for block in view["blocks"] if block["type"] == "input")
    assert field["dispatch_action"] is True
    assert field["element"]["initial_value"] == "contoso"
    other = next(block for block in home(mine=page(requests(1)))["blocks"] if block["type"] == "input")
    assert other["block_id"] != field["block_id"], "Slack keeps what was typed in a block that keeps its id"


def test_places_are_stored_and_read_again() -> None:
    place = HomePosition(text="contoso", positions={HomeList.MINE: PagePosition(cursor=("1", "x"), is_before=True)})
    assert parse_position(stored_position(place)) == place
    for other in ("", "{", '{"places": {"unknown": {}}}'):
        assert parse_position(other) == HomePosition()
    value = page_value(HomeList.MINE, ("1", "x"), is_before=True)
    assert parse_page(value) == (HomeList.MINE, PagePosition(cursor=("1", "x"), is_before=True))
    for malformed in ("", "{}", '{"name": "secrets", "cursor": [], "is_before": false}'):
        with pytest.raises(Refused):
            parse_page(malformed)


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
@pytest.mark.threats("E1")
def test_hostile_text_stays_text_in_the_home(text: str) -> None:
    asked = hostile_request(RequestState.AWAITING_APPROVAL, RequestKind.ACCESS, text)
    known = partnership(
        identity=surfaces.hostile_identity(text),
        sponsor=surfaces.hostile_person(text),
        template_title=text,
        state=PartnershipState.REVIEW_DUE,
    )
    later = replace(hostile_request(RequestState.APPLIED, RequestKind.ACCESS, text), id=RequestId("r-3"))
    mine = replace(hostile_request(RequestState.PREPARING, RequestKind.ACCESS, text), id=RequestId("r-2"))
    view = home(
        text=text[:100].encode(errors="ignore").decode(),
        approvals=page([asked]),
        mine=page([mine]),
        reviews=page([known]),
        ending=page([known]),
        is_admin=True,
        overdue=page([known]),
        partners=page([known]),
        is_auditor=True,
        found_requests=FoundRequests(page=page([asked]), today={asked.id: Today(successor=later)}),
    )
    assert_sound(view, "home")
    typed = text[:100].encode(errors="ignore").decode()
    search = RequestFilter(text=typed, requester=typed, approver=typed, template=typed)
    assert_sound(home(is_auditor=True, request_filter=search, found_requests=FoundRequests(page=page([asked]))), "home")


def test_each_search_says_what_it_searches() -> None:
    """An auditor has two: the field on the page, and the window that searches all requests."""
    for home, place in (
        (AppHome(is_admin=False, is_auditor=False, mine=page([request()])), "this page"),
        (AppHome(is_admin=True, is_auditor=False, mine=page([request()])), "this page and all partners"),
        (AppHome(is_admin=False, is_auditor=True, mine=page([request()])), "this page and all partners"),
    ):
        said = shown(home_view(home, now=NOW)["blocks"])
        assert f"Search {place} by domain, name, template or ID" in said
        assert ("Search all requests" in said) is bool(home.is_auditor)

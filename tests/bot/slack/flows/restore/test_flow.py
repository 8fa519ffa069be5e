"""`/partner restore` at the edge: who may look, what is recorded, what is said when nobody answers."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.http.faults import Fault
from bot.sandbox.slack.workspace import people
from bot.slack import ids
from bot.slack.answers.open_forms import OpenForm, OpenForms
from bot.slack.answers.windows import ModalWindows, Window
from bot.slack.blocks.blocks import Json
from bot.slack.flows.restore import flow
from bot.slack.flows.restore.flow import RestoreFlow
from bot.slack.people.members import Members
from tests.bot.bot_under_test import SLACK_IDS, SOME_STAMPS, BotUnderTest, click, submission
from tests.bot.slack.flows.restore.test_form import BLANK, CHANGE
from tests.workflows.core.partners.test_restoration import STRONG
from workflows.app.requests.restoration.restore_intake import RestoreForm
from workflows.core.people import ChatId
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantUnavailable

CHANNEL = "C0PARTNERAC"
CONTOSO = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")


@pytest.fixture
async def opening(opened: BotUnderTest) -> AccessRequest:
    """Contoso was opened; the request that did it."""
    (done,) = await opened.store.requests_of(ChatId(SLACK_IDS["requester"]), 9)
    assert done.state is RequestState.APPLIED
    return done


def values(restores: str, **fields: str) -> dict[str, Any]:
    filled = {"justification": "Not needed any more", "duration": "180", **fields}
    return {
        "restores": {"restores": {"selected_option": {"value": restores}}},
        "justification": {"justification": {"value": filled["justification"]}},
        "sponsor": {"sponsor": {"selected_user": SLACK_IDS["requester"]}},
        "duration": {"duration": {"selected_option": {"value": filled["duration"]}}},
    }


async def shown(gatehouse: BotUnderTest, text: str = "restore contoso.com", user: str = "requester") -> dict[str, Any]:
    await gatehouse.control.post("command", user=user, text=text)
    await gatehouse.idle()
    view: dict[str, Any] = (await gatehouse.control.get("views", user=user))["views"][-1]
    return view


async def test_the_form_is_filed_once_however_often_it_is_delivered(
    gatehouse: BotUnderTest, opening: AccessRequest
) -> None:
    payload = submission("requester", ids.RESTORE_ACCESS, CONTOSO, values(opening.id))
    answers = await asyncio.gather(*(gatehouse.interact(payload) for _ in range(3)))
    assert [answer.json for answer in answers] == [{"response_action": "clear"}] * 3
    await gatehouse.idle()
    [waiting] = await gatehouse.store.open_requests()
    assert (waiting.fields.kind, waiting.fields.restores) == (RequestKind.RESTORATION, opening.id)
    told = await gatehouse.told("approver1")
    assert "Restore request R-" in told
    assert ", of " in told


async def test_errors_are_at_fields_that_the_form_has(gatehouse: BotUnderTest, opening: AccessRequest) -> None:
    view = await shown(gatehouse)
    blocks = {block.get("block_id") for block in view["blocks"]}
    for filled in (values("R-AAAAAAAAAA", justification=" "), values(opening.id, duration="9")):
        answer = await gatehouse.interact(submission("requester", ids.RESTORE_ACCESS, CONTOSO, filled))
        assert answer.json["response_action"] == "errors"
        assert set(answer.json["errors"]) <= blocks


async def test_all_findings_open_for_a_member_and_for_nobody_else(
    gatehouse: BotUnderTest, opening: AccessRequest
) -> None:
    assert gatehouse.world.slack_simulator is not None
    value = f"{CONTOSO}:{opening.id}:0"
    window = {"container": {"type": "view", "view_id": "V1"}, "view": {"id": "V1", "type": "modal"}}
    for user in ("requester", "guest"):
        trigger_id = gatehouse.world.slack_simulator.client.triggers.issue(SLACK_IDS[user])
        await gatehouse.interact(click(user, ids.SHOW_RESTORE_ISSUES, value, trigger_id=trigger_id, **window))
    await gatehouse.idle()
    [view] = (await gatehouse.control.get("views", user="requester"))["views"]
    assert view["callback_id"] == ids.RESTORE_ISSUES
    assert "contoso.com" in json.dumps(view["blocks"])
    [refused] = (await gatehouse.control.get("views", user="guest"))["views"]
    assert "contoso.com" not in json.dumps(refused)


async def test_who_is_no_member_is_told_why_and_it_is_recorded(gatehouse: BotUnderTest, opening: AccessRequest) -> None:
    view = await shown(gatehouse, user="guest")
    assert "guest" in json.dumps(view)
    assert opening.id.removeprefix("R-") not in json.dumps(view)
    assert ("/partner restore", "workspace_guest") in await gatehouse.outcomes("guest")
    direct = (await gatehouse.control.get("messages", channel="@guest", user="guest"))["messages"]
    assert direct == [], "said in the window, and not once more"


async def said_to(gatehouse: BotUnderTest, person: str) -> int:
    """Count where a guest is told why they are refused: windows that are open, and messages, each once."""
    views = (await gatehouse.control.get("views", user=person))["views"]
    places = [await gatehouse.control.get("messages", channel=place, user=person) for place in (CHANNEL, f"@{person}")]
    found = [*views, *(message for answer in places for message in answer["messages"])]
    return sum("guest in this workspace" in json.dumps(one) for one in found)


def make_guest(gatehouse: BotUnderTest, handle: str) -> None:
    """Let Slack say from now on that somebody is a guest."""
    found = people.find_person(handle)
    assert found is not None
    body = {"ok": True, "user": people.user_object(found) | {"is_restricted": True}}
    gatehouse.world.faults.add(
        Fault(target="slack", method="users.info", match=SLACK_IDS[handle], body=body, times=999)
    )


async def test_a_refused_choice_is_told_once(gatehouse: BotUnderTest, opening: AccessRequest) -> None:
    """In the window in which it was made, and in no message besides."""
    view = await shown(gatehouse)
    make_guest(gatehouse, "requester")
    await gatehouse.control.post(
        "click", user="requester", view_id=view["id"], action_id=ids.RESTORES, selected=opening.id
    )
    await gatehouse.idle()
    assert (await gatehouse.outcomes("requester"))[-1] == ("/partner restore", "workspace_guest")
    assert await said_to(gatehouse, "requester") == 1
    (left,) = (await gatehouse.control.get("views", user="requester"))["views"]
    assert left["callback_id"] == ids.MESSAGE_VIEW


async def test_a_refused_submission_is_told_once(gatehouse: BotUnderTest, opening: AccessRequest) -> None:
    answer = await gatehouse.interact(submission("guest", ids.RESTORE_ACCESS, CONTOSO, values(opening.id)))
    await gatehouse.idle()
    assert (answer.status, answer.text) == (200, "")
    assert await gatehouse.outcomes("guest") == [("submit", "workspace_guest")]
    assert await gatehouse.store.open_requests() == []
    assert await said_to(gatehouse, "guest") == 1


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("restore gmail.com", "mail provider"),
        ("restore woodgrove.com", "our own tenant"),
        ("restore", "Name the partner"),
    ],
)
async def test_what_names_no_partner_is_said(gatehouse: BotUnderTest, typed: str, expected: str) -> None:
    answer = await gatehouse.control.post("command", user="requester", text=typed)
    await gatehouse.idle()
    views = (await gatehouse.control.get("views", user="requester"))["views"]
    assert expected in json.dumps([answer, views], ensure_ascii=False)


async def test_nobody_waits_for_a_directory_that_is_away(gatehouse: BotUnderTest) -> None:
    gatehouse.world.faults.add(Fault(target="slack", method="users.info", status=503, times=999))
    assert "Not possible now" in json.dumps(await shown(gatehouse))


async def test_the_difference_is_shown_with_what_the_chain_allows_and_not_waited_for(
    gatehouse: BotUnderTest, opening: AccessRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = await shown(gatehouse)

    async def choose() -> str:
        chosen = {"view_id": view["id"], "action_id": "restores", "selected": opening.id}
        await gatehouse.control.post("click", user="requester", **chosen)
        await gatehouse.idle()
        return json.dumps((await gatehouse.control.get("views", user="requester"))["views"][-1], ensure_ascii=False)

    assert "What would change from now" in await choose()
    monkeypatch.setattr(flow, "READING_SECONDS", 0.05)
    gatehouse.world.faults.add(Fault(target="graph", method="GET", delay_seconds=3, times=9))
    assert "Microsoft does not answer. You can send the request anyway" in await choose()


async def test_a_window_about_a_tenant_that_never_changed_is_left_as_it_is(gatehouse: BotUnderTest) -> None:
    view = await shown(gatehouse)
    assert view["callback_id"] == ids.MESSAGE_VIEW
    stray = click("requester", "restores", "R-AAAAAAAAAA")
    stray["view"] = submission("requester", ids.RESTORE_ACCESS, CONTOSO, values("R-AAAAAAAAAA"))["view"]
    assert (await gatehouse.interact(stray)).status == 200
    await gatehouse.idle()
    assert (await gatehouse.control.get("views", user="requester"))["views"][-1] == view


# --- several choices in one window ---


class Slow:
    """An intake whose first answer comes last, and a Slack that remembers what was shown."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.updates: list[str] = []

    async def require_member(self, _: object) -> None:
        """Everybody is one."""

    async def changes(self, _: object) -> tuple[AccessRequest, ...]:
        return (CHANGE,)

    async def propose(self, form: RestoreForm) -> Any:
        if form.restored_request_id == "R-AAAAAAAAAA":
            await self.release.wait()
        raise TenantUnavailable(f"away for {form.restored_request_id}.")

    async def views_update(self, *, view_id: str, view: Json) -> None:
        self.updates.append(json.dumps(view, ensure_ascii=False))


class NoRecords:
    """A store without drift and without records."""

    async def freeze(self) -> None:
        """Nothing is frozen."""

    async def drift(self, _: object) -> None:
        return None

    async def partnership(self, _: object) -> None:
        return None


def restore_over(slow: Slow) -> RestoreFlow:
    """The flow with a slow intake only; it uses nothing else."""
    there: Any = slow
    nothing: Any = None
    store: Any = NoRecords()
    windows = ModalWindows(client=there, service=nothing, background=nothing, stamps=SOME_STAMPS)
    return RestoreFlow(
        windows=windows,
        forms=OpenForms(windows, lambda form: OpenForm(form=form)),
        members=Members(directory=there),
        lookup_permission=nothing,
        intake=there,
        store=store,
        tenant=nothing,
        catalog=type("Catalog", (), {"templates": {"strong": STRONG}})(),
    )


async def test_a_slow_answer_does_not_undo_a_later_choice() -> None:
    slow = Slow()
    restore = restore_over(slow)
    window = Window(id="V1", actor=BLANK.requester, key="k", command="/partner restore")
    first = asyncio.create_task(restore.show_difference(window, replace(BLANK, restored_request_id="R-AAAAAAAAAA")))
    await asyncio.sleep(0)
    await restore.show_difference(window, replace(BLANK, restored_request_id="R-BBBBBBBBBB"))
    slow.release.set()
    await first
    assert len(slow.updates) == 1
    assert "away for R\u2011BBBBBBBBBB" in slow.updates[0]
    assert "send the request anyway" in slow.updates[0]

"""Only payloads of our workspace, our Enterprise Grid and our app count, at whatever place they name another one."""

import json
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import pytest

from bot.process.app import running
from bot.process.settings import Settings, SettingsProblems
from bot.sandbox.http.faults import Fault
from bot.sandbox.seed import APP_ID, BOT_ID, TEAM_ID
from bot.sandbox.server import BotHandle, Sandbox
from bot.slack import ids
from bot.slack.inbound.identity import IDENTITY, PinnedIdentity, SlackIdentity, identity_from_text
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, health_url_of, request_values, submission
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId

ELSEWHERE: Final[Mapping[str, tuple[dict[str, Any], str]]] = {
    # the place in the payload, what it names, and the code of the refusal
    "team": ({"team": {"id": "T0OTHER"}}, "outsider"),
    "the user's team": ({"user": {"team_id": "T0OTHER"}}, "outsider"),
    "enterprise": ({"enterprise": {"id": "E0OTHER", "name": "Other"}}, "outsider"),
    "the team's enterprise": ({"team": {"id": TEAM_ID, "enterprise_id": "E0OTHER"}}, "outsider"),
    "the user's enterprise": ({"user": {"enterprise_id": "E0OTHER"}}, "outsider"),
    "app": ({"api_app_id": "A0OTHER"}, "other_app"),
    "the view's team": ({"view": {"app_installed_team_id": "T0OTHER"}}, "outsider"),
    "the view's app": ({"view": {"app_id": "A0OTHER"}}, "other_app"),
}
NOT_IN_VIEWS: Final = [name for name in ELSEWHERE if "view" not in name]


def changed(payload: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Let a payload name another place."""
    inside = {key: payload.get(key, {}) | value for key, value in changes.items() if isinstance(value, dict)}
    return {**payload, **changes, **inside}


@pytest.mark.threats("B1")
@pytest.mark.parametrize("where", NOT_IN_VIEWS)
async def test_a_click_from_elsewhere_is_refused_told_and_recorded(gatehouse: BotUnderTest, where: str) -> None:
    request = await gatehouse.file_request()
    changes, code = ELSEWHERE[where]
    payload = click("approver1", ids.APPROVE, f"{request.id}:{request.plan.digest}", api_app_id=APP_ID)
    assert (await gatehouse.interact(changed(payload, changes))).status == 200
    await gatehouse.idle()
    assert await gatehouse.outcomes("approver1") == [("want_approve", code)]
    told = {"outsider": "another workspace", "other_app": "another app"}[code]
    assert told in await gatehouse.told("approver1")
    assert await gatehouse.store.request(request.id) == request


@pytest.mark.threats("B1")
@pytest.mark.parametrize("where", ELSEWHERE)
async def test_a_form_from_elsewhere_stores_no_request(gatehouse: BotUnderTest, where: str) -> None:
    changes, code = ELSEWHERE[where]
    form = submission("requester", ids.REQUEST_ACCESS, "", request_values("contoso.com", "trusted-partner"))
    assert (await gatehouse.interact(changed(form, changes))).status == 200
    assert await gatehouse.outcomes() == [("submit", code)]
    assert await gatehouse.store.open_requests() == []


@pytest.mark.threats("B1")
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("team_id", "T0OTHER", "outsider"),
        ("enterprise_id", "E0OTHER", "outsider"),
        ("api_app_id", "A0OTHER", "other_app"),
    ],
)
async def test_a_command_from_elsewhere_is_refused_told_and_recorded(
    gatehouse: BotUnderTest, field: str, value: str, code: str
) -> None:
    assert (await gatehouse.command("list", **{field: value})).status == 200
    await gatehouse.idle()
    assert await gatehouse.outcomes() == [("/partner list", code)]
    assert "nother" in await gatehouse.told("requester")


@pytest.mark.threats("B1")
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("team_id", "T0OTHER", "outsider"),
        ("context_enterprise_id", "E0OTHER", "outsider"),
        ("enterprise_id", "E0OTHER", "outsider"),
        ("api_app_id", "A0OTHER", "other_app"),
    ],
)
async def test_an_event_from_elsewhere_is_recorded_and_publishes_nothing(
    gatehouse: BotUnderTest, field: str, value: str, code: str
) -> None:
    event = {"type": "app_home_opened", "user": SLACK_IDS["requester"], "tab": "home", "channel": "D1"}
    body = {"type": "event_callback", "team_id": TEAM_ID, "event": event, "event_id": "Ev1", field: value}
    for _ in range(2):
        assert (await gatehouse.post(json.dumps(body).encode(), "application/json")).status == 200
    await gatehouse.idle()
    assert await gatehouse.outcomes() == [("open_home", code)], "a repeated delivery is recorded once"
    requester = ChatId(SLACK_IDS["requester"])
    assert await gatehouse.store.count_home_requests(requester) == 0


async def test_our_own_payloads_name_our_app(gatehouse: BotUnderTest) -> None:
    """As Slack's do. So a click and a command of the sandbox show that ours are accepted."""
    await gatehouse.control.post("command", user="requester", text="list")
    request = await gatehouse.file_request()
    payload = click("approver1", ids.APPROVE, f"{request.id}:{request.plan.digest}", api_app_id=APP_ID)
    await gatehouse.interact(payload)
    await gatehouse.idle()
    assert ("approve", "accepted") in await gatehouse.outcomes("approver1")


# --- what is ours ---


def test_what_is_not_known_is_not_compared_and_what_is_known_is() -> None:
    unknown = PinnedIdentity(team_id="T1")
    unknown.require_ours(teams=("T1", None), enterprises=("E1",), app_id="A1")
    for pinned, enterprises, app_id in (
        (PinnedIdentity(team_id="T1", enterprise_id=""), ("E1",), ""),
        (PinnedIdentity(team_id="T1", enterprise_id="E2"), ("E2", "E1"), ""),
        (PinnedIdentity(team_id="T1", app_id="A2"), (), "A1"),
    ):
        with pytest.raises(Refused):
            pinned.require_ours(teams=("T1",), enterprises=enterprises, app_id=app_id)


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"team": "T1"}', "null"])
def test_a_stored_identity_that_cannot_be_read_is_none(text: str | None) -> None:
    assert identity_from_text(text) is None


async def started(settings: Settings) -> SlackIdentity | None:
    """Start the bot, and give what it has stored about its token."""
    async with running(settings, SHORT_PAUSES) as parts:
        return identity_from_text(await parts.store.mark(IDENTITY))


def bot_of(app_id: str) -> Fault:
    """Let Slack say once that the token belongs to an app."""
    return Fault(target="slack", method="bots.info", body={"ok": True, "bot": {"app_id": app_id}})


def token_of(world: Sandbox, **changes: Any) -> Fault:
    """Let Slack say once what the token belongs to."""
    assert world.slack_simulator is not None
    body = {"ok": True, "team_id": TEAM_ID, "team": "Woodgrove", "user": "gatehouse", "bot_id": "B0NEWBOT", **changes}
    return Fault(target="slack", method="auth.test", body=body)


@pytest.mark.threats("B1")
async def test_the_app_is_found_at_the_first_start_and_a_token_of_another_one_is_refused_later(
    settings: Settings, world: Sandbox
) -> None:
    found = await started(settings)
    assert found is not None
    assert (found.team_id, found.enterprise_id, found.app_id) == (TEAM_ID, "", APP_ID)
    world.faults.add(token_of(world))
    world.faults.add(bot_of("A0OTHER"))
    with pytest.raises(SettingsProblems, match="SLACK_APP_ID: the bot token belongs to A0OTHER, not to "):
        await started(settings)
    for fault in (token_of(world), bot_of("A0OTHER")):
        world.faults.add(fault)
    moved = await started(settings.model_copy(update={"slack_app_id": "A0OTHER"}))
    assert moved is not None
    assert moved.app_id == "A0OTHER", "a setting counts more"


@pytest.mark.threats("B1")
async def test_a_token_of_another_app_than_the_setting_is_refused(settings: Settings) -> None:
    with pytest.raises(SettingsProblems, match="SLACK_APP_ID: "):
        await started(settings.model_copy(update={"slack_app_id": "A0OTHER"}))


@pytest.mark.threats("B1")
async def test_a_workspace_may_join_an_enterprise_grid_and_not_another_one(settings: Settings, world: Sandbox) -> None:
    await started(settings)
    world.faults.add(token_of(world, bot_id=BOT_ID, enterprise_id="E0OURS"))
    joined = await started(settings)
    assert joined is not None
    assert joined.enterprise_id == "E0OURS"
    world.faults.add(token_of(world, enterprise_id="E0OTHER"))
    with pytest.raises(SettingsProblems, match="SLACK_ENTERPRISE_ID: "):
        await started(settings)


@pytest.mark.threats("B1")
async def test_what_was_found_before_counts_while_slack_does_not_answer_at_the_start(
    settings: Settings, world: Sandbox
) -> None:
    await started(settings)
    world.faults.add(Fault(target="slack", method="auth.test", status=503))
    url = f"http://127.0.0.1:{settings.port}"
    async with running(settings, SHORT_PAUSES) as parts, aiohttp.ClientSession() as session:
        world.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True, health_url=health_url_of(settings))
        bot = BotUnderTest(world=world, settings=settings, session=session, store=parts.store, url=url)
        assert (await bot.command("list", api_app_id="A0OTHER")).status == 200
        await bot.idle()
        assert await bot.outcomes() == [("/partner list", "other_app")]

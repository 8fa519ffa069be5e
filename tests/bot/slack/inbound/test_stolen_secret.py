"""What somebody can send who has the signing secret, and knows people, numbers and cards, but had no window."""

import ast
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import bot.slack
from bot.slack import ids
from bot.slack.flows.entry_point_types import Action
from bot.slack.payloads.stamps import Stamps
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, request_values, submission
from tests.bot.process.test_manifest import entry_points
from tests.sources import modules_naming
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.commands.batch import WithdrawBatch
from workflows.core.requests.effects import CheckPermission, Effect
from workflows.core.requests.request import AccessRequest
from workflows.ports.records import Commit
from workflows.ports.store import Store

pytestmark = pytest.mark.threats("A11")

SLACK: Final = Path(bot.slack.__file__).parent
OTHER_TEAM: Final = {"id": "T0OTHER", "domain": "other"}


async def test_nobody_approves_without_the_change_id_of_the_card(gatehouse: BotUnderTest) -> None:
    """Names of members are known, and perhaps the request's id; 256 bits of the digest are not."""
    request = await gatehouse.file_request()
    for guess in ("", "0" * 64, request.id, request.plan.digest[:32], request.plan.digest[:-1] + "x"):
        for person in ("approver1", "approver2", "approver3", "admin"):
            answer = await gatehouse.interact(click(person, "approve", f"{request.id}:{guess}"))
            assert answer.status == 200
    await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    assert stored.decisions == ()
    outcomes = {outcome for person in ("approver1", "approver2") for _, outcome in await gatehouse.outcomes(person)}
    assert outcomes == {"stale_card", "malformed", "received"}


async def frozen(gatehouse: BotUnderTest) -> Freeze:
    """The freeze as it is stored."""
    freeze = await gatehouse.store.freeze()
    assert freeze is not None
    return freeze


async def test_the_window_that_ends_a_freeze_counts_with_its_code_only_also_if_it_has_a_stamp(
    gatehouse: BotUnderTest,
) -> None:
    """Two admins who change what their window says end nothing: the version is a small number, the code is not."""
    reason = {"reason": {"reason": {"value": "Stolen account"}}}
    await gatehouse.interact(submission("admin", "freeze_form", "", reason))
    await gatehouse.idle()
    before = await frozen(gatehouse)
    assert before.is_frozen
    for step in ("ask_freeze_end", "end_freeze"):
        for code in ("", ":", f":{'0' * 32}"):
            for person in ("admin", "approver3"):
                metadata = f"{step}:{before.version}{code}"
                await gatehouse.interact(submission(person, "unfreeze_form", metadata, {}))
    await gatehouse.idle()
    assert await frozen(gatehouse) == before
    refused = [outcome for _, outcome in await gatehouse.outcomes("admin") if outcome == "freeze_changed"]
    assert len(refused) == 6, SLACK_IDS["admin"]


async def test_forged_windows_of_two_admins_do_not_end_a_freeze(gatehouse: BotUnderTest) -> None:
    await gatehouse.interact(submission("admin", ids.FREEZE_FORM, "", REASON))
    await gatehouse.idle()
    before = await frozen(gatehouse)
    for step in ("ask_freeze_end", "end_freeze"):
        for person in ("admin", "approver3"):
            await gatehouse.forge(submission(person, ids.UNFREEZE_FORM, f"{step}:{before.version}", {}))
    await gatehouse.idle()
    assert await frozen(gatehouse) == before
    refused = [one for one in await gatehouse.outcomes() if one[1] == RefusalCode.WINDOW_NOT_YOURS]
    assert refused == [("want_unfreeze", RefusalCode.WINDOW_NOT_YOURS)] * 4


REASON: Final = {"reason": {"reason": {"value": "Not needed"}}}


def forged_windows(request: AccessRequest) -> dict[str, dict[str, Any]]:
    """Give what somebody writes who has the signing secret and reads the channel: ids, digest, form of each window."""
    card, tenant = f"{request.id}:{request.plan.digest}", request.plan.tenant_id
    return {
        "reject": submission("approver1", ids.REJECT_REASON, card, REASON),
        "ask for changes": submission("approver1", ids.CHANGES_FORM, card, REASON),
        "revoke": submission("admin", ids.CONFIRM_REVOKE, tenant, REASON),
        "freeze": submission("admin", ids.FREEZE_FORM, "", REASON),
        "request": submission("requester", ids.REQUEST_ACCESS, "", request_values("fabrikam.com", "trusted-partner")),
        "keep": submission("requester", ids.KEEP_REASON, tenant, REASON),
        "stand-in": submission("approver1", ids.ABSENCE_FORM, "Europe/Berlin", {}),
        "end of a freeze": submission("admin", ids.UNFREEZE_FORM, "ask_freeze_end:1", {}),
        "lift": submission("requester", ids.LIFT_FORM, tenant, REASON),
        "accounts": submission("approver1", ids.CONFIRM_ACCOUNTS, card, {}),
    }


WINDOWS: Final = (
    *("reject", "ask for changes", "revoke", "freeze", "request", "keep"),
    *("stand-in", "end of a freeze", "lift", "accounts"),
)


@pytest.mark.parametrize("name", WINDOWS)
async def test_no_forged_window_counts_also_with_everything_that_the_channel_shows(
    gatehouse: BotUnderTest, name: str
) -> None:
    request = await gatehouse.file_request()
    before = len(await gatehouse.history())
    payload = forged_windows(request)[name]
    assert (await gatehouse.forge(payload)).status == 200
    await gatehouse.idle()
    [entry] = (await gatehouse.history())[before:]
    assert (entry.actor, entry.outcome) == (payload["user"]["id"], RefusalCode.WINDOW_NOT_YOURS)
    assert await gatehouse.store.freeze() is None
    assert [one.id for one in await gatehouse.store.open_requests()] == [request.id]
    told = await gatehouse.told(next(one for one, chat_id in SLACK_IDS.items() if chat_id == entry.actor))
    assert "If you did not click, tell an admin" in told


@pytest.mark.threats("C10")
async def test_a_stamp_counts_for_its_person_window_and_content_only(gatehouse: BotUnderTest) -> None:
    """Own windows can be read, so the attacker has stamps: none of them helps with another person, or other content."""
    request = await gatehouse.file_request()
    card = f"{request.id}:{request.plan.digest}"
    own = gatehouse.as_given(submission("requester", ids.REJECT_REASON, card, REASON))
    stamp = own["view"]["private_metadata"].rpartition("\n")[2]

    def with_metadata(person: str, callback_id: str, metadata: str, **changes: Any) -> dict[str, Any]:
        payload = submission(person, callback_id, metadata, REASON)
        return payload | {"view": payload["view"] | changes}

    for payload in (
        with_metadata("approver1", ids.REJECT_REASON, f"{card}\n{stamp}"),
        with_metadata("requester", ids.CHANGES_FORM, f"{card}\n{stamp}"),
        with_metadata("requester", ids.REJECT_REASON, f"{card}x\n{stamp}"),
        with_metadata("requester", ids.REJECT_REASON, card, stamp=stamp),
        with_metadata("requester", ids.REJECT_REASON, f"{card}\n{stamp}", type="home"),
        with_metadata("requester", ids.REJECT_REASON, f"{card}\n0.{'A' * 43}"),
        with_metadata("requester", ids.REJECT_REASON, f"{card}\n{'f' * 10}.{stamp.partition('.')[2]}"),
        with_metadata("requester", ids.REJECT_REASON, f"{card}\n{stamp}\n"),
    ):
        before = len(await gatehouse.history())
        assert (await gatehouse.forge(payload)).status == 200
        outcomes = [entry.outcome for entry in (await gatehouse.history())[before:]]
        assert outcomes == [RefusalCode.WINDOW_NOT_YOURS]
    before = len(await gatehouse.history())
    await gatehouse.forge(own)
    assert (await gatehouse.history())[before].outcome != RefusalCode.WINDOW_NOT_YOURS


async def test_a_window_that_is_open_for_more_than_a_week_is_opened_again(gatehouse: BotUnderTest) -> None:
    form = gatehouse.as_given(submission("admin", ids.FREEZE_FORM, "", REASON))
    gatehouse.world.clock.advance(7 * 24 * 3600 + 1)
    await gatehouse.forge(form)
    assert ("want_freeze", RefusalCode.WINDOW_NOT_YOURS) in await gatehouse.outcomes("admin")
    await gatehouse.forge(gatehouse.as_given(submission("admin", ids.FREEZE_FORM, "", REASON)))
    await gatehouse.idle()
    assert (await frozen(gatehouse)).is_frozen


async def test_a_forged_click_fills_no_window_of_the_attacker_with_what_another_person_may_see(
    gatehouse: BotUnderTest,
) -> None:
    """The content would be read as for the admin, and shown in the window that the payload names."""
    request = await gatehouse.file_request()
    own = await gatehouse.control.post("command", user="requester", text="request")
    await gatehouse.idle()
    shown = await gatehouse.control.get("views", user="requester")
    view = {"id": own["view_id"], "type": "modal", "callback_id": ids.DETAILS_PART}
    for kind in ("modal", "home"):
        payload = click("admin", ids.PART_NEXT, f"{request.id}:accounts:1", view=view | {"type": kind})
        await gatehouse.forge(payload)
    await gatehouse.idle()
    assert await gatehouse.control.get("views", user="requester") == shown
    assert [outcome for _, outcome in await gatehouse.outcomes("admin")] == [RefusalCode.WINDOW_NOT_YOURS] * 2


VIEWS: Final = frozenset(
    {
        *("blocks.absence_rows", "cards.approval.details", "cards.approval.details_actions"),
        *("cards.approval.details_parts", "cards.batches.batch_details"),
        *("flows.alarms.campaign", "flows.alarms.campaign_views", "flows.alarms.drift_views"),
        *("flows.alarms.freeze_views", "flows.audit_log.request_modals"),
        *("flows.decide.delegation.absence_views", "flows.decide.remarks.changes_flow"),
        *("flows.decide.remarks.changes_views", "flows.home.batch_rows", "flows.home.paged_list"),
        *("flows.home.rows", "flows.home.view", "flows.request_access.adopt.draft_form"),
        *("flows.request_access.adopt.sheet_views", "flows.request_access.all_approvers_modal"),
        *("flows.request_access.fields", "flows.request_access.form", "flows.request_access.partner_result"),
        *("flows.request_access.reduce", "flows.restore.form", "flows.revoke.flow", "flows.revoke.views"),
        "flows.show.partner_sections",
    }
)
"""The modules of `bot.slack` that make windows and App Homes. What any other module makes may be in a message."""


def modules_that_name() -> dict[str, set[str]]:
    """Give, for each id of `bot.slack.ids`, the modules of `bot.slack` that name it."""
    found = defaultdict[str, set[str]](set)
    for file, tree in modules_naming(["ids."], SLACK.rglob("*.py")):
        module = ".".join(file.relative_to(SLACK).with_suffix("").parts)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "ids":
                found[str(getattr(ids, node.attr))].add(module)
    return found


def actions() -> Iterator[tuple[Action, bool]]:
    """Give each button and select of the bot, and whether only windows and App Homes have it."""
    named = modules_that_name()
    for point in entry_points():
        if isinstance(point, Action) and isinstance(point.action_id, str):
            flow = point.listener.__module__.removeprefix("bot.slack.")
            makers = {one for one in named[point.action_id] if not one.startswith("payloads.")}
            yield point, (makers - {flow} or {flow}) <= VIEWS


def test_each_button_that_no_message_has_is_believed_in_windows_and_homes_only() -> None:
    assert {one.action_id: one.is_in_view for one, _ in actions()} == {one.action_id: only for one, only in actions()}
    assert {ids.HOME_SEARCH, ids.WITHDRAW_BATCH, ids.TARGET} <= {one.action_id for one, only in actions() if only}
    assert {ids.DISCARD_DRAFT, ids.ACCEPT_PROPOSAL, ids.REJECT} <= {
        one.action_id for one, only in actions() if not only
    }


@pytest.mark.parametrize("module", sorted(VIEWS))
def test_a_module_of_windows_and_homes_makes_no_message(module: str) -> None:
    file = SLACK.joinpath(*module.split(".")).with_suffix(".py")
    imported = {node.module for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)}
    assert "bot.slack.blocks.message" not in imported


@pytest.mark.threats("C10")
async def test_a_button_that_is_only_in_windows_and_homes_is_not_believed_elsewhere(gatehouse: BotUnderTest) -> None:
    """Its value is a number, a short id or nothing, so it could be guessed."""
    in_views = sorted(str(one.action_id) for one, only in actions() if only)
    before = await gatehouse.store.home_position(ChatId(SLACK_IDS["admin"]))
    for action_id in in_views:
        await gatehouse.forge(click("admin", action_id, "1"))
        home = {"id": "V1", "type": "home", "callback_id": "home"}
        await gatehouse.forge(click("admin", action_id, "1", view=home))
    await gatehouse.idle()
    outcomes = [outcome for _, outcome in await gatehouse.outcomes("admin")]
    assert outcomes == [RefusalCode.WINDOW_CLOSED, RefusalCode.WINDOW_NOT_YOURS] * len(in_views)
    assert await gatehouse.store.home_position(ChatId(SLACK_IDS["admin"])) == before


async def test_the_button_that_discards_a_draft_is_stored_as_one_that_ends_drafts_only(
    gatehouse: BotUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in a message, and batch IDs are known. So it must not be able to withdraw a batch that is asked for."""
    store, effects = type(gatehouse.store), list[Effect]()
    commit = store.commit

    async def noting(self: Store, given: Commit) -> bool:
        effects.extend(given.effects)
        return await commit(self, given)

    monkeypatch.setattr(store, "commit", noting)
    await gatehouse.forge(click("requester", ids.DISCARD_DRAFT, "B-AAAAAAAAAA"))
    await gatehouse.idle()
    commands = [effect.command for effect in effects if isinstance(effect, CheckPermission)]
    assert [(type(one), getattr(one, "is_of_draft", None)) for one in commands] == [(WithdrawBatch, True)]


async def test_an_app_home_without_the_right_stamp_is_shown_anew(gatehouse: BotUnderTest) -> None:
    """It may be from before an update, and nobody can open a Home again that is open."""
    home = {"id": "V1", "type": "home", "callback_id": ids.HOME}
    await gatehouse.forge(click("admin", ids.RETRY_EFFECT, "1", view=home))
    await gatehouse.idle()
    shown = [one["body"] for one in gatehouse.world.slack_log.entries if one["path"].endswith("views.publish")]
    assert [SLACK_IDS["admin"] in json.dumps(body) for body in shown] == [True]
    assert "from before an update" in await gatehouse.told("admin")


async def test_a_select_that_asks_for_options_without_a_window_is_refused_and_recorded(
    gatehouse: BotUnderTest,
) -> None:
    payload = click("requester", f"{ids.PLACEHOLDER_PREFIX}1", "")
    asks = {name: value for name, value in payload.items() if name != "actions"}
    asks |= {"type": "block_suggestion", "action_id": f"{ids.PLACEHOLDER_PREFIX}1", "value": "con", "team": OTHER_TEAM}
    answer = await gatehouse.forge(asks)
    assert (answer.status, answer.json) == (200, {"options": []})
    assert [outcome for _, outcome in await gatehouse.outcomes("requester")] == ["outsider"]


async def test_a_home_counts_for_its_person_only_and_for_as_long_as_it_is_shown(gatehouse: BotUnderTest) -> None:
    home = {"id": "V1", "type": "home", "callback_id": ids.HOME}
    payload = click("admin", ids.RETRY_EFFECT, "1", view=home)
    given = gatehouse.as_given(click("admin", ids.RETRY_EFFECT, "1", view=home))
    of_another = gatehouse.as_given(click("requester", ids.RETRY_EFFECT, "1", view=home))["view"]
    gatehouse.world.clock.advance(90 * 24 * 3600)
    await gatehouse.forge(payload | {"view": of_another})
    assert [outcome for _, outcome in await gatehouse.outcomes("admin")] == [RefusalCode.WINDOW_NOT_YOURS]
    await gatehouse.forge(given)
    assert ("want_retry_effect", "received") in await gatehouse.outcomes("admin")


async def test_a_second_look_cannot_be_forged(gatehouse: BotUnderTest) -> None:
    """The list of what was approved just before goes to one person. Its button has a code that nobody else sees."""
    request = await gatehouse.file_request()
    card = f"{request.id}:{request.plan.digest}"
    stamps = Stamps(keys=gatehouse.settings.records.audit_keys, now=gatehouse.world.clock.now)
    of_another = stamps.button_code(card, ChatId(SLACK_IDS["approver2"]))
    for value in (card, f"{card}:", f"{card}:{'A' * 43}", f"{card}:{of_another}", f"{card}:\u00e9"):
        await gatehouse.forge(click("approver1", ids.APPROVE_AGAIN, value))
    await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    assert stored.decisions == ()
    assert {outcome for _, outcome in await gatehouse.outcomes("approver1")} == {RefusalCode.BUTTON_VALUE_UNREADABLE}
    code = stamps.button_code(card, ChatId(SLACK_IDS["approver1"]))
    await gatehouse.forge(click("approver1", ids.APPROVE_AGAIN, f"{card}:{code}"))
    await gatehouse.idle()
    stored = await gatehouse.store.request(request.id)
    assert stored is not None
    assert [decision.person.chat_id for decision in stored.decisions] == [SLACK_IDS["approver1"]]

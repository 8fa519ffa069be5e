"""What somebody can send who has the signing secret, and knows people, numbers and cards, but had no window."""

from typing import Any, Final

import pytest

from bot.slack import ids
from bot.slack.payloads.stamps import Stamps
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, request_values, submission
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.request import AccessRequest

pytestmark = pytest.mark.threats("A11")


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


async def test_two_forged_admins_do_not_end_a_freeze_whose_window_they_never_had(gatehouse: BotUnderTest) -> None:
    """The version of the freeze is a small number. The code of the window is not."""
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
    }


@pytest.mark.parametrize("name", ["reject", "ask for changes", "revoke", "freeze", "request", "keep"])
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


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        (ids.RETRY_EFFECT, "1"),
        (ids.DROP_EFFECT, "1"),
        (ids.KEEP_FROZEN, "keep:1"),
        (ids.WITHDRAW_CAMPAIGN, "C-AAAAAAAAAA"),
        (ids.WITHDRAW_BATCH, "B-AAAAAAAAAA"),
        (ids.END_ABSENCE, "a:1"),
    ],
)
async def test_a_button_that_is_only_in_windows_and_homes_is_not_believed_elsewhere(
    gatehouse: BotUnderTest, action_id: str, value: str
) -> None:
    """Its value is a number or a short id, so it could be guessed."""
    await gatehouse.forge(click("admin", action_id, value))
    await gatehouse.forge(click("admin", action_id, value, view={"id": "V1", "type": "home", "callback_id": "home"}))
    outcomes = [outcome for _, outcome in await gatehouse.outcomes("admin")]
    assert outcomes == [RefusalCode.WINDOW_CLOSED, RefusalCode.WINDOW_NOT_YOURS]


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

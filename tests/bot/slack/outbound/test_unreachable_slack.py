"""A Slack that is away or refuses: what passes is waited for, what stays is given up, nobody is forgotten."""

from typing import Any, Final

import pytest

from bot.sandbox.http.faults import Fault
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import CHANNEL, Scene, partnership, request
from workflows.core.requests.request import RequestState
from workflows.ports.notifier import NotifierBlocked, NotifierRefused, NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable


@pytest.mark.threats("G16")
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("30", 30.0),
        ("0", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("1e9", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("301", 300.0),
        ("9" * 400, 300.0),
        ("9" * 5000, 300.0),
    ],
)
async def test_a_busy_slack_is_left_alone_for_as_long_as_it_says_and_five_minutes_at_most(
    scene: Scene, said: str, seconds: float | None
) -> None:
    scene.fail("chat.postMessage", status=429, headers={"Retry-After": said})
    with pytest.raises(NotifierUnavailable) as busy:
        await scene.notifier().show_request(request())
    assert busy.value.retry_after == seconds


@pytest.mark.threats("G16")
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"reset": True},
        {"error": "internal_error"},
        {"error": "token_revoked"},
    ],
)
async def test_a_slack_that_is_away_is_asked_again_for_what_is_missing(scene: Scene, fault: dict[str, Any]) -> None:
    scene.fail("chat.postMessage", **fault, match=SLACK_IDS["approver1"].removeprefix("U"))
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1}
    await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@approver1": 1, "@requester": 1, "@admin": 1}


PASSES: Final = [
    *("ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"),
    *("org_login_required", "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"),
    "missing_scope",
]
STAYS: Final = [
    *("msg_too_long", "no_text", "invalid_blocks", "invalid_arguments", "never_heard_of"),
]
MENDED: Final = [
    *("channel_not_found", "is_archived", "restricted_action", "not_in_channel"),
    *("restricted_action_read_only_channel", "posting_to_general_channel_denied"),
]


@pytest.mark.threats("G16")
@pytest.mark.parametrize(
    ("error", "expected"),
    [(e, NotifierUnavailable) for e in PASSES]
    + [(e, NotifierRefused) for e in STAYS]
    + [(e, NotifierBlocked) for e in MENDED],
)
async def test_what_passes_is_waited_for_and_what_stays_is_given_up(
    scene: Scene, error: str, expected: type[Exception]
) -> None:
    """Nothing is lost while an admin mends the token, and nothing is tried for ever that Slack will never take."""
    scene.fail("chat.postMessage", error, match=CHANNEL)
    with pytest.raises(expected, match=error):
        await scene.notifier().show_request(request())


async def test_a_failing_server_is_waited_for_whatever_it_says(scene: Scene) -> None:
    scene.fail("chat.postMessage", "never_heard_of", status=500)
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().show_request(request())


@pytest.mark.parametrize(("error", "kind"), [("invalid_blocks", NotifierRefused), ("is_archived", NotifierBlocked)])
async def test_a_channels_card_that_cannot_be_updated_is_an_alarm_and_is_tried_again(
    scene: Scene, error: str, kind: type[Exception]
) -> None:
    await scene.notifier().show_request(request())
    scene.fail("chat.update", error, match=CHANNEL)
    with pytest.raises(kind, match=error):
        await scene.notifier().show_request(request(RequestState.REJECTED))
    assert "rejected" in scene.messages("@approver1")[0]["text"].lower()
    await scene.notifier().show_request(request(RequestState.REJECTED))
    assert "rejected" in scene.messages(CHANNEL)[0]["text"].lower()


@pytest.mark.parametrize("status", [200, 502])
async def test_a_page_that_is_not_slacks_is_no_answer(scene: Scene, status: int) -> None:
    """A proxy's page must not count as an error of our own, which would be given up after some attempts."""
    scene.world.faults.add(Fault(target="slack", body="<html>proxy</html>", status=status))
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().show_request(request())


AWAY: Final = [
    (PeopleDirectoryUnavailable("away", 7.0), 7.0),
    (TenantUnavailable("away", 8.0), 8.0),
    (TenantRefused(403, "Authorization_RequestDenied", "no consent"), None),
]


@pytest.mark.parametrize(("trouble", "seconds"), AWAY)
async def test_nobody_is_asked_while_it_is_unknown_who_decides(
    scene: Scene, trouble: Exception, seconds: float | None
) -> None:
    """Roles may come from Entra's groups: what Entra does not tell is waited for like what Slack does not tell."""
    scene.directory.trouble = trouble
    with pytest.raises(NotifierUnavailable) as waits:
        await scene.notifier().show_request(request())
    assert waits.value.retry_after == seconds
    assert scene.counts() == {}


@pytest.mark.parametrize(("trouble", "seconds"), AWAY)
async def test_a_sponsor_is_asked_while_it_is_unknown_who_the_admins_are(
    scene: Scene, trouble: Exception, seconds: float | None
) -> None:
    scene.directory.trouble = trouble
    with pytest.raises(NotifierUnavailable) as waits:
        await scene.notifier().show_review(partnership(reminders=4), remind=True)
    assert waits.value.retry_after == seconds
    assert scene.counts() == {"@requester": 1}
    scene.directory.trouble = None
    await scene.notifier().show_review(partnership(reminders=4), remind=True)
    assert scene.counts() == {"@requester": 1, "@admin": 1}

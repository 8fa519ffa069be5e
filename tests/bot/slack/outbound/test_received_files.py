"""A given file is loaded from Slack's own address only, from who gave it only, and never beyond its limit."""

from typing import Any, Final

import pytest

from bot.sandbox.http.faults import Fault
from bot.sandbox.seed import TEAM_ID
from bot.slack.outbound.files.received import SlackReceivedFiles
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import Scene
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.people import ChatId
from workflows.ports.notifier import NotifierUnavailable
from workflows.sheets.limits import MAX_BYTES
from workflows.sheets.received import FileNotUsable, ReceivedFile, ReceivedFileCode

CONTENT: Final = b"Domain,Template\ncontoso.com,guest-collaboration\n"
REQUESTER: Final = ChatId(SLACK_IDS["requester"])
LOADS: Final = "/slack/files/"
C = ReceivedFileCode


def given(scene: Scene, content: bytes = CONTENT, user: str = "requester") -> str:
    """Choose a file in a window; its id."""
    assert scene.world.slack is not None
    return scene.world.slack.files.choose(SLACK_IDS[user], "partners.csv", content).id


def files(scene: Scene, api: str = "") -> SlackReceivedFiles:
    url = api or f"{scene.world.url}slack/api/"
    return SlackReceivedFiles(client=scene.client, slack_api_url=url, team_id=TEAM_ID)


async def refused(scene: Scene, file_id: str, api: str = "") -> tuple[str, dict[str, Any]]:
    with pytest.raises((FileNotUsable, SheetUnusable)) as error:
        await files(scene, api).load(file_id, REQUESTER)
    [fact] = error.value.facts
    return fact.code, dict(fact.values)


def answers_info(scene: Scene, **changes: Any) -> str:
    """Let Slack answer the next question about a file with other values; its id."""
    file_id = given(scene)
    assert scene.world.slack is not None
    stored = scene.world.slack.files.get(file_id)
    assert stored is not None
    file = {**scene.world.slack.files.file_object(stored), **changes}
    scene.world.faults.add(Fault(target="slack", method="files.info", body={"ok": True, "file": file}))
    return file_id


def loads(scene: Scene) -> list[dict[str, Any]]:
    """The requests for files themselves."""
    return [entry for entry in scene.world.slack_log.entries if entry["path"].startswith(LOADS)]


async def test_the_file_of_who_gave_it_is_loaded(scene: Scene) -> None:
    file_id = given(scene)
    assert await files(scene).load(file_id, REQUESTER) == ReceivedFile(name="partners.csv", content=CONTENT)
    assert len(loads(scene)) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_external": True}, C.EXTERNAL),
        ({"mode": "external"}, C.EXTERNAL),
        ({"mode": "tombstone"}, C.GONE),
        ({"file_access": "check_file_info"}, C.GONE),
        ({"file_access": "file_not_found"}, C.GONE),
        ({"url_private": "", "url_private_download": ""}, C.GONE),
        ({"user_team": "T0OTHER"}, C.OTHER_WORKSPACE),
        ({"user": "U0OTHER"}, C.OTHER_OWNER),
        ({"mode": "post"}, C.OTHER_CONTENT),
    ],
)
async def test_what_is_no_file_of_theirs_is_not_loaded(scene: Scene, changes: dict[str, Any], code: str) -> None:
    assert (await refused(scene, answers_info(scene, **changes)))[0] == code
    assert loads(scene) == []


@pytest.mark.parametrize(
    "url",
    [
        *("https://evil.example/file", "http://files.slack.com/file", "https://files.slack.com.evil.example/"),
        *("https://files.slack.com@evil.example/", "https://user:pw@files.slack.com/x", "file:///etc/passwd"),
        *("https://files.slack.com:8443/x", "http://169.254.169.254/latest", "https://[broken"),
    ],
)
async def test_the_token_is_sent_to_no_other_address(scene: Scene, url: str) -> None:
    code, _ = await refused(scene, answers_info(scene, url_private_download=url))
    assert code == C.OTHER_ADDRESS
    assert loads(scene) == []


async def test_the_address_of_the_stand_in_counts_on_this_machine_only(scene: Scene) -> None:
    elsewhere = "http://slack.example:8080/slack/files/key"
    file_id = answers_info(scene, url_private_download=elsewhere)
    assert await refused(scene, file_id, "http://slack.example:8080/slack/api/") == (
        C.OTHER_ADDRESS,
        {"host": "http://slack.example:8080"},
    )


async def test_a_file_of_a_workspace_of_an_organization_is_loaded(scene: Scene) -> None:
    assert (await files(scene).load(answers_info(scene, user_team="E0ORG"), REQUESTER)).content == CONTENT


async def test_no_redirect_is_followed(scene: Scene) -> None:
    file_id = given(scene)
    fault = Fault(target="slack", match=LOADS, status=302, headers={"Location": "https://evil.example/"})
    scene.world.faults.add(fault)
    assert (await refused(scene, file_id))[0] == C.NO_SCOPE
    assert len(loads(scene)) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(401, C.NO_SCOPE), (403, C.NO_SCOPE), (404, C.GONE), (410, C.GONE), (400, C.REFUSED)]
)
async def test_an_answer_that_is_no_file_is_named(scene: Scene, status: int, code: str) -> None:
    file_id = given(scene)
    scene.world.faults.add(Fault(target="slack", match=LOADS, status=status))
    assert (await refused(scene, file_id))[0] == code


async def test_a_page_in_place_of_the_file_means_that_the_app_may_not_read_it(scene: Scene) -> None:
    file_id = given(scene)
    fault = Fault(target="slack", match=LOADS, status=200, headers={"Content-Type": "text/html"}, body="<html>")
    scene.world.faults.add(fault)
    assert (await refused(scene, file_id))[0] == C.NO_SCOPE


@pytest.mark.parametrize(
    ("error", "code"),
    [("missing_scope", C.NO_SCOPE), ("file_deleted", C.GONE), ("file_not_found", C.GONE), ("bad_thing", C.REFUSED)],
)
async def test_a_refusal_of_slacks_is_named(scene: Scene, error: str, code: str) -> None:
    scene.fail("files.info", error)
    assert (await refused(scene, given(scene)))[0] == code


@pytest.mark.parametrize(
    "fault",
    [
        Fault(target="slack", method="files.info", body={"ok": False, "error": "internal_error"}),
        Fault(target="slack", method="files.info", status=503, body="<html>"),
        Fault(target="slack", method="files.info", reset=True),
        Fault(target="slack", match=LOADS, status=503),
        Fault(target="slack", match=LOADS, status=429),
        Fault(target="slack", match=LOADS, reset=True, times=2),  # a GET is sent again once
    ],
)
async def test_while_slack_does_not_answer_it_is_tried_again(scene: Scene, fault: Fault) -> None:
    file_id = given(scene)
    scene.world.faults.add(fault)
    with pytest.raises(NotifierUnavailable):
        await files(scene).load(file_id, REQUESTER)


async def test_a_file_of_which_a_part_arrived_is_tried_again(scene: Scene) -> None:
    with pytest.raises(NotifierUnavailable):
        await files(scene).load(answers_info(scene, size=len(CONTENT) + 1), REQUESTER)


async def test_a_file_that_is_too_large_is_not_loaded(scene: Scene) -> None:
    found = await refused(scene, answers_info(scene, size=MAX_BYTES + 1))
    assert found == (SheetCode.TOO_LARGE, {"name": "partners.csv", "limit_bytes": MAX_BYTES})
    assert loads(scene) == []


@pytest.mark.parametrize("size", [1, None])
async def test_a_file_that_is_larger_than_slack_says_is_loaded_up_to_the_limit(
    scene: Scene, size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.outbound.files.received.MAX_BYTES", len(CONTENT) - 1)
    assert (await refused(scene, answers_info(scene, size=size)))[0] == SheetCode.TOO_LARGE

"""A file in a window: uploaded by the client, sent in Slack's form, and loaded by the app with its token only."""

from base64 import b64encode
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.sandbox.slack.block_kit.blocks import Surface, problems
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import FakeBot
from tests.bot.sandbox.slack.samples import modal, text_input
from tests.bot.sandbox.slack.workspace.test_views import opened

CONTENT = b"Domain,Template\ncontoso.com,guest-collaboration\n"


def file_field(**more: Any) -> dict[str, Any]:
    """An input block that takes files."""
    element = {"type": "file_input", "action_id": "sheet", "filetypes": ["csv", "xlsx"], "max_files": 1, **more}
    return {**text_input("sheet"), "element": element}


async def upload(control: Control, name: str = "partners.csv", **more: Any) -> dict[str, Any]:
    """Choose a file as the project manager."""
    content = b64encode(CONTENT).decode()
    file: dict[str, Any] = (await control.post("upload", user="requester", name=name, content=content, **more))["file"]
    return file


async def submit(bot: FakeBot, control: Control, *ids: str, user: str = "requester") -> tuple[int, dict[str, Any]]:
    view = await opened(bot, control, modal(file_field()))
    values = {"sheet": {"sheet": {"type": "file_input", "files": list(ids)}}}
    return await control.call("POST", "submit", {"user": user, "view_id": view["id"], "values": values})


async def test_a_submitted_window_has_the_file_as_slack_sends_it(bot: FakeBot, control: Control) -> None:
    file = await upload(control)
    status, _ = await submit(bot, control, file["id"])
    assert status == 200
    value = bot.last["view"]["state"]["values"]["sheet"]["sheet"]
    assert value == {"type": "file_input", "files": [file]}
    assert (file["name"], file["filetype"], file["size"], file["mode"]) == (
        "partners.csv",
        "csv",
        len(CONTENT),
        "hosted",
    )
    assert (await bot.api("files.info", file=file["id"]))["file"] == file
    assert (await bot.api("files.info", file="F0NONE"))["error"] == "file_not_found"


async def test_a_file_keeps_the_time_when_it_was_uploaded(bot: FakeBot, control: Control) -> None:
    file = await upload(control)
    await control.post("clock", advance_seconds=90)
    assert (await bot.api("files.info", file=file["id"]))["file"]["created"] == file["created"]


async def test_only_the_token_of_the_app_loads_it(bot: FakeBot, session: ClientSession, control: Control) -> None:
    url = (await upload(control))["url_private"]
    for headers in ({}, {"Authorization": "Bearer xoxb-another"}, {"Authorization": f"Basic {bot.token}"}):
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, "/slack/signin")
    async with session.get(url, headers={"Authorization": f"Bearer {bot.token}"}) as answer:
        assert await answer.read() == CONTENT


async def test_a_payload_may_have_less_than_the_whole_file(bot: FakeBot, control: Control) -> None:
    """A file of a shared channel: Slack has the app ask with files.info."""
    file = await upload(control, in_payload={"file_access": "check_file_info"})
    assert file == {"id": file["id"], "file_access": "check_file_info"}
    await submit(bot, control, file["id"])
    assert bot.last["view"]["state"]["values"]["sheet"]["sheet"]["files"] == [file]
    assert (await bot.api("files.info", file=file["id"]))["file"]["name"] == "partners.csv"


async def test_the_client_checks_the_ending_and_the_number(bot: FakeBot, control: Control) -> None:
    wrong = await upload(control, "partners.pdf")
    _, answer = await submit(bot, control, wrong["id"])
    assert answer["errors"] == {"sheet": "Choose a file of one of these types: csv, xlsx."}
    right = [(await upload(control))["id"] for _ in range(2)]
    _, answer = await submit(bot, control, *right)
    assert answer["errors"] == {"sheet": "Choose at most 1 files."}
    _, answer = await submit(bot, control)
    assert answer["errors"] == {"sheet": "Please complete this required field."}


async def test_nobody_gives_a_file_that_somebody_else_uploaded(bot: FakeBot, control: Control) -> None:
    content = b64encode(CONTENT).decode()
    other = (await control.post("upload", user="approver1", name="a.csv", content=content))["file"]
    for file_id in (other["id"], "F0NONE"):
        status, answer = await submit(bot, control, file_id)
        assert (status, answer["error"]) == (400, "no_such_file")


@pytest.mark.parametrize(
    ("surface", "element", "problem"),
    [
        ("home", {}, "unsupported type: file_input [json-pointer:/blocks/0/element/type]"),
        ("modal", {"max_files": 11}, "must be from 1 to 10 [json-pointer:/blocks/0/element/max_files]"),
        ("modal", {"filetypes": []}, "no fewer than 1 items allowed [json-pointer:/blocks/0/element/filetypes]"),
        ("modal", {"placeholder": "x"}, "invalid additional property: placeholder [json-pointer:/blocks/0/element]"),
    ],
)
def test_what_slack_refuses_is_refused(surface: Surface, element: dict[str, Any], problem: str) -> None:
    assert problems([file_field()], "modal") == []
    assert problems([file_field(**element)], surface) == [problem]

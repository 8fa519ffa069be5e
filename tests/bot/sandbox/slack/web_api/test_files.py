"""A file is announced, uploaded in its announced length, and shared once; only then can anybody load it."""

import pytest
from aiohttp import ClientSession

from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import FakeBot
from tests.bot.sandbox.slack.samples import CHANNEL

CONTENT = b"<!doctype html><title>Report</title>"


async def announced(bot: FakeBot) -> dict[str, str]:
    answer = await bot.api("files.getUploadURLExternal", filename="report.html", length=len(CONTENT))
    assert answer["ok"], answer
    return {"url": answer["upload_url"], "id": answer["file_id"]}


async def test_a_file_is_shared_in_three_steps(bot: FakeBot, session: ClientSession, control: Control) -> None:
    file = await announced(bot)
    early = await bot.api("files.completeUploadExternal", files=[{"id": file["id"]}], channel_id=CHANNEL)
    assert early["error"] == "file_not_found", "nothing was uploaded yet"
    async with session.post(file["url"], data=CONTENT + b"x") as answer:
        assert answer.status == 400, "longer than announced"
    async with session.post(file["url"], data=CONTENT) as answer:
        assert (answer.status, await answer.text()) == (200, f"OK - {len(CONTENT)}")
    async with session.post(file["url"], data=CONTENT) as answer:
        assert answer.status == 400, "an address takes one upload"
    address = file["url"].replace("/slack/upload/", "/slack/files/")
    async with session.get(address) as answer:
        assert answer.status == 404, "it is not shared yet"
    files = [{"id": file["id"], "title": "Report"}]
    shared = await bot.api("files.completeUploadExternal", files=files, channel_id=CHANNEL, initial_comment="Here")
    assert [(one["title"], one["size"]) for one in shared["files"]] == [("Report", len(CONTENT))]
    messages = (await control.get("messages", channel=CHANNEL, user="approver1"))["messages"]
    assert (messages[-1]["text"], messages[-1]["files"][0]["name"]) == ("Here", "report.html")
    async with session.get(messages[-1]["files"][0]["url_private"]) as answer:
        assert await answer.read() == CONTENT
        assert answer.headers["Content-Disposition"] == 'attachment; filename="report.html"'
    again = await bot.api("files.completeUploadExternal", files=files, channel_id=CHANNEL)
    assert again["error"] == "file_not_found", "it is shared once"


async def test_a_file_is_shared_in_the_thread_of_a_message(
    bot: FakeBot, session: ClientSession, control: Control
) -> None:
    card = await bot.api("chat.postMessage", channel=CHANNEL, text="Card")
    file = await announced(bot)
    async with session.post(file["url"], data=CONTENT) as answer:
        assert answer.status == 200
    files = [{"id": file["id"], "title": "List"}]
    shared = await bot.api("files.completeUploadExternal", files=files, channel_id=CHANNEL, thread_ts=card["ts"])
    assert shared["files"][0]["permalink"].endswith(file["id"])
    messages = (await control.get("messages", channel=CHANNEL, user="approver1"))["messages"]
    assert (messages[-1]["thread_ts"], messages[-1]["files"][0]["title"]) == (card["ts"], "List")


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("files.getUploadURLExternal", {"filename": "a"}, "invalid_arguments"),
        ("files.getUploadURLExternal", {"filename": "a", "length": 0}, "invalid_arguments"),
        ("files.getUploadURLExternal", {"filename": "a", "length": "long"}, "invalid_arguments"),
        ("files.getUploadURLExternal", {"filename": "a", "length": 10**10}, "file_upload_size_restricted"),
        ("files.completeUploadExternal", {}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": "[{"}, "invalid_arguments"),
        (
            "files.completeUploadExternal",
            {"files": [{"id": "F1"}], "channel_id": "#partner-access"},
            "channel_not_found",
        ),
        ("files.completeUploadExternal", {"files": [{"id": "F1"}]}, "file_not_found"),
    ],
)
async def test_what_slack_refuses_is_refused(
    bot: FakeBot, method: str, arguments: dict[str, object], error: str
) -> None:
    assert (await bot.api(method, **arguments))["error"] == error

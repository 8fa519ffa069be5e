"""A file goes to one person, only to Slack's own address, and to nobody who has lost the right meanwhile."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot.slack.answers.private_file import FileNotSent, FileProblem
from bot.slack.outbound.files.private_files import SlackPrivateFiles
from bot.slack.outbound.files.upload import FileUpload, SharedFile
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId

API = "https://slack.com/api/"


class FakeClient:
    """A Slack client that answers with one upload address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.called: list[str] = []
        self.shared: dict[str, Any] = {}
        self.answer: Any = {"ok": True, "files": [{"id": "F1"}]}

    async def files_getUploadURLExternal(self, **_: Any) -> dict[str, str]:
        self.called.append("files.getUploadURLExternal")
        return {"upload_url": self.url, "file_id": "F1"}

    async def api_call(self, method: str, **_: Any) -> dict[str, Any]:
        self.called.append(method)
        return {"channel": {"id": "D1"}}

    async def files_completeUploadExternal(self, **arguments: Any) -> SimpleNamespace:
        self.called.append("files.completeUploadExternal")
        self.shared = arguments
        return SimpleNamespace(data=self.answer)


def upload_with(client: FakeClient) -> FileUpload:
    """The upload by this client."""
    return FileUpload(client=client, slack_api_url=API)  # type: ignore[arg-type]


async def send(client: FakeClient, may_share: Any) -> None:
    files = SlackPrivateFiles(files=upload_with(client))
    await files.send(ChatId("U1"), b"report", name="report.html", title="Report", comment="Here", may_share=may_share)


async def always() -> None:
    """Everybody may."""


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254/", "https://evil.example/upload", "http://files.slack.com/upload"),
        *(
            "https://files.slack.com@evil.example/",
            "https://user:pw@files.slack.com/",
            "https://files.slack.com.evil.example/",
        ),
        *("file:///etc/passwd", "https://[broken"),
    ],
)
async def test_evidence_is_sent_to_no_other_address(url: str) -> None:
    client = FakeClient(url)
    with pytest.raises(FileNotSent) as refused:
        await send(client, always)
    assert refused.value.problem is FileProblem.REFUSED
    assert client.called == ["files.getUploadURLExternal"]


async def test_a_right_that_was_lost_meanwhile_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def uploaded(*_: Any) -> None:
        """The upload succeeded."""

    async def lost() -> None:
        raise Refused(RefusalCode.NO_REPORT_FOR_YOU)

    monkeypatch.setattr(FileUpload, "_send", uploaded)
    client = FakeClient("https://files.slack.com/upload/1")
    with pytest.raises(Refused):
        await send(client, lost)
    assert "files.completeUploadExternal" not in client.called
    await send(client, always)
    assert client.called[-1] == "files.completeUploadExternal"
    assert client.shared["thread_ts"] is None


@pytest.mark.parametrize(
    ("answer", "permalink"),
    [
        ({"files": [{"id": "F1", "permalink": "https://x.slack.com/files/F1"}]}, "https://x.slack.com/files/F1"),
        *(({"files": files}, "") for files in ([], [{"id": "F1"}], ["F1"], [{"permalink": 7}], None)),
        (b"no JSON", ""),
    ],
)
async def test_a_file_is_shared_in_a_thread_and_its_address_may_be_missing(answer: Any, permalink: str) -> None:
    client = FakeClient("https://files.slack.com/upload/1")
    client.answer = answer
    shared = await upload_with(client).share("F1", title="List", channel="C1", comment="The list", thread="17.5")
    assert shared == SharedFile(id="F1", permalink=permalink)
    assert (client.shared["channel_id"], client.shared["thread_ts"]) == ("C1", "17.5")

"""A file of partners in Slack: from the window to applied partners, and files that are hostile."""

from base64 import b64encode
from typing import Any, Final

import pytest

from tests.scenarios.stage import Stage, actions, words

pytestmark = pytest.mark.story

HEADER: Final = "Domain,Template,Days,Company"


async def give(
    stage: Stage, content: bytes | str, name: str = "partners.csv", user: str = "requester", **more: Any
) -> dict[str, Any]:
    """Open the window, choose the file, and send it; then wait until everything is done."""
    data = content.encode() if isinstance(content, str) else content
    upload = {key: more.pop(key) for key in ("in_payload",) if key in more}
    file = (await stage.do("upload", user=user, name=name, content=b64encode(data).decode(), **upload))["file"]
    await stage.do("command", user=user, text="/partner import")
    await stage.rest()
    view = (await stage.see("views", user=user))["views"][-1]
    values = {"sheet_file": {"sheet_file": [file["id"]]}, **{name: {name: one} for name, one in more.items()}}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.see("idle", timeout=60)
    return answer


async def shown(stage: Stage, user: str = "requester") -> dict[str, Any]:
    """The newest message about an import."""
    found = [one for one in await stage.direct(user) if one.get("blocks") and not one.get("files")]
    return found[-1]


async def test_a_file_becomes_a_draft(stage: Stage) -> None:
    rows = ["contoso.com,guest-collaboration,90,Contoso", "nobody.example,guest-collaboration,90,Nobody"]
    answer = await give(stage, "\n".join([HEADER, *rows]))
    assert answer["errors"] == {}
    message = await shown(stage)
    print(words(message))
    print(actions(message))
    for one in await stage.direct("requester"):
        print(one)
    assert "open_draft" in actions(message)

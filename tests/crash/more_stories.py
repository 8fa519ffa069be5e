"""More stories in which the bot is killed and calls fail: a calendar, enabled accounts, a sheet given in Slack."""

from base64 import b64encode
from typing import Final

from tests.crash.stage import CrashStage
from tests.crash.stories import CALENDAR, STORIES, Story, approve, contoso_open, newest_is, nothing, send_request
from tests.scenarios.test_batches import actions_of
from tests.scenarios.test_guest_accounts import HOUR, confirm
from tests.scenarios.test_guest_accounts import ask as ask_accounts
from tests.scenarios.test_guest_accounts import press as press_for_window
from tests.scenarios.test_sheet_in_slack import known_partners, sheet
from workflows.core.requests.request import RequestState

S = RequestState
ROWS: Final = (1, 2, 3)


async def share_calendar(stage: CrashStage) -> None:
    """Free/busy times with Contoso are asked for, approved and written: a partner, and a capability below it."""
    await send_request(stage, CALENDAR)
    await approve(stage, "approver1", "approver2")


async def accounts_disabled(stage: CrashStage) -> None:
    """Contoso is open, and its guests were disabled long ago."""
    await contoso_open(stage)
    assert (await confirm(stage, await ask_accounts(stage), "contoso.com 2"))["errors"] == {}
    await stage.pass_time(25 * HOUR)


async def enable_accounts(stage: CrashStage) -> None:
    """An admin asks to enable them, and the approvers of the partner decide."""
    preview = await ask_accounts(stage, change="enable")
    window = await press_for_window(stage, "admin", "accounts_confirm", preview, "@admin")
    stage.arm()
    await stage.send_view("admin", window["id"], {"confirm": "contoso.com 2"}, newest_is(stage, S.AWAITING_APPROVAL))
    await approve(stage, "approver1", "approver2", "approver3")


async def sheet_known(stage: CrashStage) -> None:
    """There are organizations that somebody has a sheet of."""
    await known_partners(stage, len(ROWS))


async def give_sheet(stage: CrashStage) -> None:
    """A sheet is given in Slack, read, judged row by row, and drafted."""
    content = b64encode(sheet(*ROWS).encode()).decode()
    file = (await stage.do("upload", user="requester", name="partners.csv", content=content))["file"]
    view_id = (await stage.do("command", user="requester", text="/partner import"))["view_id"]
    await stage.rest()
    stage.arm()

    async def is_drafted() -> bool:
        return any("open_draft" in actions_of(one) for one in await stage.direct("requester") if one.get("blocks"))

    await stage.send_view("requester", view_id, {"sheet_file": [file["id"]]}, is_drafted)


ALL_STORIES: Final = (
    *STORIES,
    Story(name="calendar", prepare=nothing, play=share_calendar),
    Story(name="enable accounts", prepare=accounts_disabled, play=enable_accounts),
    Story(name="sheet", prepare=sheet_known, play=give_sheet),
)

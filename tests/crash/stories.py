"""The stories in which the bot is killed: what is prepared without a kill, and what people then do.

A window is opened before points are counted: until it is sent, nothing is stored, and a person opens it again.

It is long because it has all stories: each is a few lines, and they share their steps.
"""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.crash.records import Stored, read
from tests.crash.stage import CrashStage
from tests.scenarios.stage import CHANNEL, CONTOSO, DAY, actions, buttons
from tests.scenarios.test_batches import actions_of, domain, tenant_number
from tests.scenarios.test_end_of_access import days_pass
from tests.scenarios.test_guest_accounts import add_guests, confirm
from tests.scenarios.test_guest_accounts import ask as ask_accounts
from tests.scenarios.test_posture import gatehouse
from tests.scenarios.test_restore import offered
from tests.scenarios.test_sheet_in_slack import known_partners, sheet
from tests.scenarios.test_silence import PAUSES
from tests.scenarios.test_watch import ALL, HOUR, told
from workflows.core.partners.partnership import PartnershipState
from workflows.core.requests.request import RequestState
from workflows.intervals import SWEPT_AGAIN_AFTER

GUESTS: Final = 25
"""More than Graph takes in one request."""
ROWS: Final = 6
SHEET_ROWS: Final = (1, 2, 3)
SWEPT_AGAIN_SECONDS: Final = int(SWEPT_AGAIN_AFTER.total_seconds())
S = RequestState
TRUSTED: Final = {
    "target": "contoso.com",
    "template": "trusted-partner",
    "justification": "Joint bridge project",
    "sponsor": "requester",
    "duration": "180",
}
CALENDAR: Final = {**TRUSTED, "template": "calendar-sharing", "duration": "365"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is prepared, and what is then done while the bot may be killed."""

    name: str
    prepare: Callable[[CrashStage], Awaitable[None]]
    play: Callable[[CrashStage], Awaitable[None]]


def stored(stage: CrashStage) -> Stored:
    """Read the bot's file."""
    return read(stage.database)


def newest_is(stage: CrashStage, *states: RequestState) -> Callable[[], Awaitable[bool]]:
    """Tell whether the newest request is in one of these states."""

    async def is_it() -> bool:
        requests = stored(stage).requests
        return bool(requests) and requests[-1].state in states

    return is_it


def decided_by(stage: CrashStage, count: int) -> Callable[[], Awaitable[bool]]:
    """Tell whether so many people have decided on the newest request."""

    async def is_it() -> bool:
        return len(stored(stage).newest.decisions) >= count

    return is_it


async def card_to_decide(stage: CrashStage, action: str = "approve") -> str:
    """Wait for a card of the channel with a button; returns the newest one's ts."""

    async def is_there() -> bool:
        return any(action in actions(one) for one in await stage.messages() if one.get("blocks"))

    await stage.see_in_time(f"a card with {action}", is_there)
    return str([one for one in await stage.messages() if one.get("blocks") and action in actions(one)][-1]["ts"])


async def approve(stage: CrashStage, *people: str, already: int = 0) -> None:
    """Approve the newest request by these people, until it is applied."""
    ts = await card_to_decide(stage)
    for count, person in enumerate(people, start=already + 1):
        await stage.click_on(person, "approve", ts, decided_by(stage, count))
    await stage.see_in_time("applied", newest_is(stage, S.APPLIED))


async def nothing(stage: CrashStage) -> None:
    """Prepare nothing."""


async def asked(stage: CrashStage) -> None:
    """Somebody has asked for access, and it is not decided."""
    await stage.ask(template="guest-collaboration")


async def contoso_open(stage: CrashStage) -> None:
    """Contoso is open, by its whole chain."""
    await stage.open_access(sponsor="requester")


async def send_request(stage: CrashStage, form: dict[str, str]) -> None:
    """Open the form, and send it: from then on everything counts."""
    view = await stage.window_by_command("requester", "/partner request")
    stage.arm()
    await stage.send_view("requester", view["id"], form, newest_is(stage, S.AWAITING_APPROVAL))


async def ask_and_approve(stage: CrashStage) -> None:
    """A request, three approvals, the write, the read-back."""
    await send_request(stage, TRUSTED)
    await approve(stage, "approver1", "approver2", "approver3")


async def edit(stage: CrashStage) -> None:
    """The requester shortens what waits, and it is approved."""
    mine = (await stage.direct("requester"))[-1]
    view = await stage.window_of("requester", "edit", mine, "@requester")
    stage.arm()

    async def is_edited() -> bool:
        request = stored(stage).newest
        return bool(request.edits) and request.state is S.AWAITING_APPROVAL

    form = {
        "template": "guest-collaboration",
        "justification": "Joint bridge project",
        "sponsor": "requester",
        "duration": "90",
    }
    await stage.send_view("requester", view["id"], form, is_edited)
    await approve(stage, "approver1")


async def reject(stage: CrashStage) -> None:
    """An approver rejects what waits."""
    view = await stage.window_of("approver1", "reject", await stage.card(), CHANNEL)
    stage.arm()
    await stage.send_view("approver1", view["id"], {"reason": "No contract yet"}, newest_is(stage, S.REJECTED))


async def review_due(stage: CrashStage) -> None:
    """The sponsor is asked whether Contoso is still needed."""
    await contoso_open(stage)
    await stage.pass_time(31 * DAY)


async def keep(stage: CrashStage) -> None:
    """The sponsor keeps the access."""
    card = [one for one in await stage.direct("requester") if "keep" in buttons(one)][-1]
    view = await stage.window_of("requester", "keep", card, "@requester")
    stage.arm()
    before = stored(stage).partnerships[0].due_at

    async def is_kept() -> bool:
        return stored(stage).partnerships[0].due_at != before

    values: dict[str, Any] = {"reason": "Phase two runs to June", "attest": ["everybody_uses_mfa"]}
    await stage.send_view("requester", view["id"], values, is_kept)


async def review_asked(stage: CrashStage) -> None:
    """The day of a review comes, and three days after its question the reminder."""
    stage.arm()
    for count, days in enumerate((31, 3), start=1):
        await stage.pass_time(days * DAY)
        await stage.see_in_time("the question, then its reminder", questions_of_requester(stage, count))


def questions_of_requester(stage: CrashStage, count: int) -> Callable[[], Awaitable[bool]]:
    """Tell whether so many questions of a review are recorded as sent, and the requester has as many messages.

    The messages alone do not tell: when Slack's answer is lost, one question is posted twice.
    """
    texts = ("is this access still needed?", "reminded again")

    async def is_asked() -> bool:
        sent = sum(one.is_sent for one in stored(stage).partnerships[0].review_reminders)
        messages = sum(any(one in said["text"] for one in texts) for said in await stage.direct("requester"))
        return min(sent, messages) >= count

    return is_asked


async def end_is_near(stage: CrashStage) -> None:
    """Everybody was told of the end, which comes within an hour."""
    await contoso_open(stage)
    await stage.pass_time(180 * DAY - 4 * DAY)
    await days_pass(stage, 4 - 1 / 24)
    await stage.tick()


async def state_is(stage: CrashStage, *states: PartnershipState) -> bool:
    """Tell whether Contoso's record is in one of these states."""
    return stored(stage).partnerships[0].state in states


async def end(stage: CrashStage) -> None:
    """The announced end comes, and the partner is blocked."""
    stage.arm()
    for _ in range(7):
        await stage.pass_time(780)  # with two minutes for a new bot this is no gap in which no bot ran
    await stage.see_in_time("blocked at the end", lambda: _is_blocked(stage))


async def _is_blocked(stage: CrashStage) -> bool:
    partner = await stage.partner()
    is_blocked = partner is not None and partner["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"
    return is_blocked and stored(stage).newest.state is S.APPLIED


async def silence_is_long(stage: CrashStage) -> None:
    """Nobody has answered a review, and its consequence comes within an hour."""
    await contoso_open(stage)
    for pause in PAUSES:
        await stage.pass_time(pause * DAY + 60)
    await days_pass(stage, 3 - 1 / 24)
    await stage.tick()


async def suspend(stage: CrashStage) -> None:
    """An admin suspends Contoso."""
    view = await stage.window_by_command("admin", "/partner suspend contoso.com")
    stage.arm()
    values = {"confirm": "contoso.com", "reason": "They were sold"}
    await stage.send_view("admin", view["id"], values, lambda: _is_blocked(stage))


async def suspended(stage: CrashStage) -> None:
    """Contoso is suspended."""
    await contoso_open(stage)
    await suspend(stage)
    stage.disarm()


async def lift(stage: CrashStage) -> None:
    """The suspension is lifted by its whole chain."""
    view = await stage.window_by_command("requester", "/partner lift contoso.com")
    stage.arm()
    values = {"justification": "The sale was cancelled, they stay our partner"}
    await stage.send_view("requester", view["id"], values, newest_is(stage, S.AWAITING_APPROVAL))
    await approve(stage, "approver1", "approver2", "approver3")


async def revoke(stage: CrashStage) -> None:
    """An admin revokes Contoso."""
    view = await stage.window_by_command("admin", "/partner revoke contoso.com")
    stage.arm()
    values = {"confirm": "contoso.com", "reason": "Project ended"}
    await stage.send_view("admin", view["id"], values, lambda: _is_blocked(stage))


async def revoked(stage: CrashStage) -> None:
    """Contoso was open, and is revoked."""
    await contoso_open(stage)
    assert (await stage.revoke())["errors"] == {}


async def restore(stage: CrashStage) -> None:
    """What a revocation closed is restored by its whole chain."""
    view = await stage.window_by_command("requester", "/partner restore contoso.com")
    values = {
        "restores": next(iter(offered(view))),
        "justification": "Revoked by mistake",
        "sponsor": "requester",
        "duration": "180",
    }
    stage.arm()
    await stage.send_view("requester", view["id"], values, newest_is(stage, S.AWAITING_APPROVAL))
    await approve(stage, "approver1", "approver2", "approver3")


async def drafted(stage: CrashStage) -> None:
    """A file of partners was given at the command line."""
    organizations = {
        tenant_number(number): {
            "displayName": f"Partner {number}",
            "domains": [domain(number)],
            "defaultDomainName": domain(number),
        }
        for number in range(1, ROWS + 1)
    }
    assert (await stage.call("PATCH", "graph/state", {"organizations": organizations}))["ok"]
    rows = "".join(f"{domain(number)},guest-collaboration,90\n" for number in range(1, ROWS + 1))
    (stage.data.parent / "partners.csv").write_text(f"Domain,Template,Days\n{rows}")
    status, out, err = await gatehouse(stage, "import", "partners.csv", "--json")
    assert status == 0, (out, err)
    # The window of the draft is opened by its id.
    (stage.data / "draft").write_text(json.loads(out)["draft"]["id"])


async def wave(stage: CrashStage) -> None:
    """The file is confirmed, approved, and written in a wave."""
    view = await stage.window_by_command("requester", f"/partner adopt {(stage.data / 'draft').read_text()}")
    stage.arm()
    values = {"justification": "New contractors of the year", "sponsor": "requester"}

    async def waits() -> bool:
        return stored(stage).batches == ["awaiting_approval"]

    await stage.send_view("requester", view["id"], values, waits)
    ts = await card_to_decide(stage, "approve_batch")

    async def is_decided() -> bool:
        return stored(stage).batches != ["awaiting_approval"]

    await stage.click_on("approver1", "approve_batch", ts, is_decided)

    async def has_ended() -> bool:
        return stored(stage).batches == ["done"]

    await stage.see_in_time("the end of the batch", has_ended)


async def accounts_shown(stage: CrashStage) -> None:
    """Contoso is revoked, and has guests."""
    await contoso_open(stage)
    await add_guests(stage, GUESTS)
    assert (await stage.revoke())["errors"] == {}


async def disable_accounts(stage: CrashStage) -> None:
    """An admin has guest accounts disabled, confirmed by typing."""
    preview = await ask_accounts(stage)
    window = await stage.window_of("admin", "accounts_confirm", preview, "@admin")
    count = len(stored(stage).newest.plan.accounts.accounts)  # type: ignore[union-attr]
    stage.arm()
    await stage.send_view("admin", window["id"], {"confirm": f"contoso.com {count}"}, newest_is(stage, S.APPLIED))


async def swept_once(stage: CrashStage) -> None:
    """Contoso is open and was found as approved."""
    await contoso_open(stage)
    await stage.pass_time(HOUR + 60)


async def drift(stage: CrashStage) -> None:
    """Somebody changes Contoso in the portal; a sweep finds it, the admins are told, and a review is due.

    A sweep that is killed is repeated ten minutes later.
    """
    stage.arm()
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"b2bDirectConnectInbound": ALL}}})
    await stage.pass_time(HOUR)
    await stage.pass_time(SWEPT_AGAIN_SECONDS + 60)

    async def is_told() -> bool:
        return bool(await told(stage, "admin")) and await state_is(stage, PartnershipState.REVIEW_DUE)

    await stage.see_in_time("the alarm of a drift", is_told)


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
    window = await stage.window_of("admin", "accounts_confirm", preview, "@admin")
    stage.arm()
    await stage.send_view("admin", window["id"], {"confirm": "contoso.com 2"}, newest_is(stage, S.AWAITING_APPROVAL))
    await approve(stage, "approver1", "approver2", "approver3")


async def sheet_known(stage: CrashStage) -> None:
    """There are organizations that somebody has a sheet of."""
    await known_partners(stage, len(SHEET_ROWS))


async def give_sheet(stage: CrashStage) -> None:
    """A sheet is given in Slack, read, judged row by row, and drafted."""
    content = b64encode(sheet(*SHEET_ROWS).encode()).decode()
    file = (await stage.do("upload", user="requester", name="partners.csv", content=content))["file"]
    view = await stage.window_by_command("requester", "/partner import")
    stage.arm()

    async def is_drafted() -> bool:
        return any("open_draft" in actions_of(one) for one in await stage.direct("requester") if one.get("blocks"))

    await stage.send_view("requester", view["id"], {"sheet_file": [file["id"]]}, is_drafted)


STORIES: Final = (
    Story(name="request, approve, apply", prepare=nothing, play=ask_and_approve),
    Story(name="edit", prepare=asked, play=edit),
    Story(name="reject", prepare=asked, play=reject),
    Story(name="review asked", prepare=contoso_open, play=review_asked),
    Story(name="review kept", prepare=review_due, play=keep),
    Story(name="end of access", prepare=end_is_near, play=end),
    Story(name="silence", prepare=silence_is_long, play=end),
    Story(name="suspend", prepare=contoso_open, play=suspend),
    Story(name="lift", prepare=suspended, play=lift),
    Story(name="revoke", prepare=contoso_open, play=revoke),
    Story(name="restore", prepare=revoked, play=restore),
    Story(name="wave", prepare=drafted, play=wave),
    Story(name="guest accounts", prepare=accounts_shown, play=disable_accounts),
    Story(name="drift", prepare=swept_once, play=drift),
    Story(name="calendar", prepare=nothing, play=share_calendar),
    Story(name="enable accounts", prepare=accounts_disabled, play=enable_accounts),
    Story(name="sheet", prepare=sheet_known, play=give_sheet),
)

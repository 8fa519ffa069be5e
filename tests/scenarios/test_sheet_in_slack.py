"""A file of partners in Slack: from the window to applied partners, and files that are hostile."""

import csv
import hashlib
from base64 import b64encode
from io import StringIO
from typing import Any, Final

import pytest

from tests.scenarios.stage import CHANNEL, Stage, actions, words
from tests.scenarios.test_adopt import WIDE
from tests.scenarios.test_batches import (
    actions_of,
    approve,
    attached,
    batch_card,
    content_of,
    domain,
    header_of,
    open_draft,
    tenant_number,
    told,
)
from tests.workflows.sheets.files import with_part, workbook

pytestmark = pytest.mark.story

COUNT: Final = 50
HEADER: Final = "Domain,Template,Days,Company"


async def give(
    stage: Stage, content: bytes | str, name: str = "partners.csv", user: str = "requester", **more: Any
) -> dict[str, Any]:
    """Open the window, choose the file, and send it; then wait until everything is done."""
    await stage.forget_slack_calls()  # people do not send files every second
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


async def known_partners(stage: Stage, count: int) -> None:
    """Let so many organizations exist, of which none has settings in our tenant."""
    organizations = {
        tenant_number(number): {
            "displayName": f"Partner {number}",
            "domains": [domain(number)],
            "defaultDomainName": domain(number),
        }
        for number in range(1, count + 1)
    }
    answer = await stage.call("PATCH", "graph/state", {"organizations": organizations})
    assert answer["ok"], answer


def sheet(*numbers: int, template: str = "guest-collaboration") -> str:
    """A sheet with these partners."""
    return "\n".join([HEADER, *(f"{domain(number)},{template},90,Partner {number}" for number in numbers)])


async def ask(stage: Stage, user: str = "requester", **fields: str) -> dict[str, Any]:
    """Click the button of the report, fill in the window of the draft, and send it."""
    message = await shown(stage, user)
    channel = f"@{user}"
    await stage.do("click", user=user, action_id="open_draft", channel=channel, ts=message["ts"])
    await stage.rest()
    view = (await stage.see("views", user=user))["views"][-1]
    usual = {"justification": "They build the new portal with us", "sponsor": user}
    values = {name: {name: value} for name, value in {**usual, **fields}.items()}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.see("idle", timeout=60)
    return answer


async def test_fifty_rows_are_asked_for_approved_and_applied(stage: Stage) -> None:
    """One fails, one drifts meanwhile, one is revoked meanwhile, and one changes between the draft and the approval."""
    failing, drifting, revoked, changed = 7, 13, 21, 34
    await known_partners(stage, COUNT)
    assert (await give(stage, sheet(*range(1, COUNT + 1))))["errors"] == {}
    report = await shown(stage)
    assert "50 rows: 50 would be added." in words(report)
    assert "Not used: “Company”" in words(report)
    assert await stage.writes() == []

    # Between the draft and the request, somebody configures one of them in the portal.
    await stage.call("PATCH", "graph/state", {"partners": {tenant_number(changed): WIDE}})
    assert (await ask(stage))["errors"] == {}
    card = await batch_card(stage)
    for expected in ("49 partners: access from a sheet", "File: partners.csv", "49 Guest collaboration"):
        assert expected in " ".join(words(card).split()), words(card)
    [message] = await attached(stage)
    content = await content_of(message)
    rows = list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))
    assert {row["partner_domain"] for row in rows} == {domain(one) for one in range(1, COUNT + 1)} - {domain(changed)}
    assert hashlib.sha256(content).hexdigest()[:12] in words(card)

    await stage.call("PATCH", "graph/state", {"partners": {tenant_number(drifting): WIDE}})
    await stage.revoke(typed=domain(revoked), domain=domain(revoked))
    await stage.do("faults", target="graph", method="POST", match=tenant_number(failing), times=1, status=400)
    await approve(stage, "approver1")
    said = " ".join(words(await batch_card(stage)).split())
    assert "46 of 49 partners applied (verified), 1 with its own request, 2 not applied" in said
    assert "Besides these: 1 decided alone" in said
    for number in (failing, drifting, revoked, changed):
        assert domain(number) in said
    state = (await stage.see("graph/state"))["state"]["partners"]
    applied = set(range(1, COUNT + 1)) - {failing}
    assert {one for one in state if one.startswith("0badcafe")} == {tenant_number(number) for number in applied}
    cards = [one for one in await stage.messages() if "approve" in actions_of(one)]
    named = {number for number in range(1, COUNT + 1) for one in cards if domain(number) in header_of(one)}
    assert named == {drifting, changed}, [header_of(one) for one in cards]
    # The third message with Approve is below the card of the one that drifted: what is new since the approval.
    of_their_own = [one for one in cards if not one.get("thread_ts")]
    assert (len(of_their_own), len(cards)) == (2, 3)
    batch_id = next(one["block_id"] for one in (await batch_card(stage))["blocks"] if one["type"] == "actions")[6:]
    assert (
        "46 partners are applied (verified). 1 partner goes on with its own request."
        in (await told(stage, batch_id))[-1]
    )


async def test_an_admin_continues_a_batch_that_stopped_by_itself(stage: Stage) -> None:
    await known_partners(stage, COUNT)
    await give(stage, sheet(*range(1, COUNT + 1)))
    assert (await ask(stage))["errors"] == {}
    await stage.do("faults", target="graph", method="POST", match="partners", times=4, status=400)
    await approve(stage, "approver1")
    card = await batch_card(stage)
    assert "stopped by itself" in words(card)
    assert actions_of(card) == ["continue_batch", "end_batch", "review_batch"]
    for user in ("approver1", "admin"):
        opened = await stage.do("click", user=user, action_id="continue_batch", channel=CHANNEL, ts=card["ts"])
        values = {"reason": {"reason": "The four partners had an old policy"}}
        assert (await stage.do("submit", user=user, view_id=opened["opened"], values=values))["errors"] == {}
        await stage.see("idle", timeout=60)
    assert "Only admins can continue or end a batch" in " ".join(one["text"] for one in await stage.direct("approver1"))
    assert "46 of 50 partners applied (verified), 4 not applied" in " ".join(words(await batch_card(stage)).split())


async def report_of(stage: Stage, content: bytes | str, name: str = "partners.csv", **more: Any) -> str:
    """Give a file, and read the message about it."""
    assert (await give(stage, content, name, **more))["errors"] == {}
    message = await shown(stage)
    assert "open_draft" not in actions(message)
    return " ".join(words(message).split())


async def test_hostile_files_are_named_and_make_no_draft(stage: Stage) -> None:
    bomb = with_part(workbook(), "xl/media/image1.bin", b"\0" * (101 * 2**20))
    cases: list[tuple[bytes | str, str, str]] = [
        (bomb, "partners.xlsx", "unpacks to more than 100 MB"),
        (b"%PDF-1.7 not a sheet", "partners.csv", "its content is of another kind"),
        (b"\x89PNG\r\n\x1a\n", "partners.xlsx", "its content is of another kind"),
        ("<html><body>login</body></html>", "partners.csv", "its content is of another kind"),
        ("Domain\ncontoso.com\xe4".encode("latin-1"), "partners.csv", "is not written in UTF-8"),
        ("Domain,Template\n", "partners.csv", "no rows below its header"),
        ('[{"domain": "a.example", "domain": "b.example"}]', "partners.json", "twice"),
    ]
    for content, name, expected in cases:
        assert expected in await report_of(stage, content, name), name
    assert await stage.writes() == []


async def test_the_token_is_sent_to_no_other_address(stage: Stage) -> None:
    """Slack's answer names another host, another workspace, another service, or leads elsewhere."""
    elsewhere = {"id": "F1", "name": "a.csv", "user": "U0RILEY", "mode": "hosted", "size": 10}
    riley = (await stage.see("people"))["people"][0]["id"]
    for changes, expected in (
        ({"url_private": "https://evil.example/a.csv"}, "its address is https://evil.example"),
        ({"url_private": "http://169.254.169.254/a"}, "its address is http://169.254.169.254"),
        ({"is_external": True}, "kept by another service"),
        ({"user_team": "T0OUTSIDE"}, "belongs to another workspace"),
        ({"user": "U0SOMEBODY"}, "Somebody else uploaded the file"),
        ({"size": 11 * 2**20}, "larger than 10 MB"),
    ):
        body = {"ok": True, "file": {**elsewhere, "user": riley, **changes}}
        await stage.do("faults", target="slack", method="files.info", body=body)
        assert expected in await report_of(stage, HEADER)
    await stage.do(
        "faults", target="slack", match="/slack/files/", status=302, headers={"Location": "https://evil.example/"}
    )
    assert "lacks the scope files:read" in await report_of(stage, sheet(1))


async def test_a_file_of_which_the_window_knows_the_id_only_is_loaded(stage: Stage) -> None:
    await known_partners(stage, 1)
    await give(stage, sheet(1), in_payload={"file_access": "check_file_info"})
    assert "1 row: 1 would be added." in words(await shown(stage))


async def test_columns_that_are_not_recognised_are_chosen_and_one_message_shows_all(stage: Stage) -> None:
    await known_partners(stage, 2)
    rows = [f"Partner {number},{domain(number)},guest-collaboration" for number in (1, 2)]
    await give(stage, "\n".join(["Company,Who,What", *rows]))
    message = await shown(stage)
    assert "No column is recognised as the partner. The columns are: “Company”, “Who”, “What”." in words(message)
    await stage.do("click", user="requester", action_id="choose_columns", channel="@requester", ts=message["ts"])
    await stage.rest()
    view = (await stage.see("views", user="requester"))["views"][-1]
    values = {
        f"column:{field}": {f"column:{field}": title} for field, title in (("partner", "Who"), ("template", "What"))
    }
    assert (await stage.do("submit", user="requester", view_id=view["id"], values=values))["errors"] == {}
    await stage.rest()
    again = await shown(stage)
    assert again["ts"] == message["ts"]
    assert "2 rows: 2 would be added." in words(again)
    assert "Not used: “Company”" in words(again)


async def test_an_import_goes_on_after_the_bot_was_killed(stage: Stage) -> None:
    await known_partners(stage, 40)
    await stage.do("faults", target="graph", times=3, delay_seconds=1.0, match="findTenantInformation")
    data = b64encode(sheet(*range(1, 41)).encode()).decode()
    file = (await stage.do("upload", user="requester", name="partners.csv", content=data))["file"]
    await stage.do("command", user="requester", text="/partner import")
    await stage.rest()
    view = (await stage.see("views", user="requester"))["views"][-1]
    values = {"sheet_file": {"sheet_file": [file["id"]]}}
    await stage.do("submit", user="requester", view_id=view["id"], values=values)
    await stage.kill_the_bot()
    await stage.see("idle", timeout=60)
    assert "40 rows: 40 would be added." in words(await shown(stage))
    assert len([one for one in await stage.direct("requester") if "open_draft" in actions_of(one)]) == 1


async def test_a_draft_is_discarded_by_who_made_it_only(stage: Stage) -> None:
    await known_partners(stage, 1)
    await give(stage, sheet(1))
    message = await shown(stage)
    batch_id = next(one for one in actions_blocks(message) if one["action_id"] == "discard_draft")["value"]
    view = await open_draft(stage, batch_id, "approver1")
    assert "Nothing is asked for" not in words(view)
    await stage.do("click", user="approver1", action_id="discard_draft", view_id=view["id"])
    await stage.rest()
    view = await open_draft(stage, batch_id)
    assert "In one decision: 1 partner" in words(view)
    await stage.do("click", user="requester", action_id="discard_draft", view_id=view["id"])
    await stage.rest()
    assert f"Draft {batch_id} was discarded. Nothing is applied by it." in (await told(stage, batch_id))[-1]
    view = await open_draft(stage, batch_id)
    assert "This batch is closed" in words(view)
    [closed] = [one for one in await stage.direct("requester") if one["ts"] == message["ts"]]
    assert actions_of(closed) == []
    assert "partners.csv: discarded" in words(closed)


async def test_guests_and_outsiders_give_no_file(stage: Stage) -> None:
    for user in ("guest", "outsider"):
        await stage.call("POST", "command", {"user": user, "text": "/partner import"})
        await stage.rest()
        views = (await stage.see("views", user=user))["views"]
        assert not any(view["callback_id"] == "import_file" for view in views)


def actions_blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons of a message."""
    return [one for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]

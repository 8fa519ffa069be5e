"""From a file to a batch that waits for approval: drafted at the command line, confirmed in Slack."""

import csv
import json
from io import StringIO
from typing import Any, Final

import pytest

from tests.scenarios.stage import Stage, words
from tests.scenarios.test_adopt import WIDE
from tests.scenarios.test_audit_report import audit_rows
from tests.scenarios.test_batches import (
    actions_of,
    attached,
    batch_card,
    content_of,
    domain,
    header_of,
    open_draft,
    tenant_number,
)
from tests.scenarios.test_posture import gatehouse

pytestmark = pytest.mark.story

SHEET: Final = f"""Domain,Template,Days,Sponsor,Reason,Region
{domain(1)},guest-collaboration,90,admin@woodgrove.com,They build the new portal,North
{domain(2)},guest-collaboration,,,,North
northwind.example,guest-collaboration,,,,North
northwlnd.example,guest-collaboration,,,,South
{domain(3)},merger,,,,South
nobody.example,guest-collaboration,,,,South
{domain(4)},guest-collaboration,,gil@agency.example,,South
{domain(5)},guest-collaboration,,,,South
https://{domain(2)}/,guest-collaboration,,,,South
"""


async def organizations(stage: Stage) -> None:
    """Let the tenants of the sheet exist in Entra."""
    names = [*map(domain, range(1, 6)), "northwind.example", "northwlnd.example"]
    found = {
        tenant_number(number): {"displayName": f"Partner {number}", "domains": [name], "defaultDomainName": name}
        for number, name in enumerate(names, start=1)
    }
    assert (await stage.call("PATCH", "graph/state", {"organizations": found}))["ok"]


async def judged(stage: Stage, *options: str) -> dict[str, Any]:
    """Run the command on the sheet, of which some rows are refused."""
    status, out, err = await gatehouse(stage, "import", "partners.csv", *options, "--json")
    assert status == 3, (out, err)
    found: dict[str, Any] = json.loads(out)
    return found


async def test_a_file_becomes_one_decision_and_each_row_that_cannot_be_in_it_says_why(stage: Stage) -> None:
    await organizations(stage)
    (stage.data.parent / "partners.csv").write_text(SHEET)
    report = await judged(stage, "--dry-run")
    assert report["counts"] == {"add": 6, "change": 0, "unchanged": 0, "refused": 3, "not_read": 0}
    problems = {row["row"]: [one["code"] for one in row["problems"]] for row in report["rows"] if row["problems"]}
    assert (problems[8], problems[10]) == (["sponsor_guest"], ["row_same_as"])
    draft = (await judged(stage, *report["draft_command"].split()[5:]))["draft"]
    assert (draft["together"], draft["alone"]) == (5, 1)
    assert await stage.messages() == []

    changed = {"partners": {tenant_number(5): WIDE}}
    assert (await stage.call("PATCH", "graph/state", changed))["ok"]
    view = await open_draft(stage, draft["id"])
    for expected in ("In one decision: 5 partners", "1 partner", "nobody.example", "High risk is decided alone."):
        assert expected in words(view), words(view)
    values = {"justification": {"justification": "New contractors of the year"}, "sponsor": {"sponsor": "requester"}}
    assert (await stage.do("submit", user="requester", view_id=view["id"], values=values))["errors"] == {}
    await stage.see("idle", timeout=60)

    card = await batch_card(stage)
    assert "approve_batch" in actions_of(card)
    assert draft["id"] in words(card).replace("\u2011", "-")
    [message] = await attached(stage)
    rows = list(csv.DictReader(StringIO((await content_of(message)).decode("utf-8-sig"))))
    decided = {domain(1), domain(2), "northwind.example", "northwlnd.example"}
    assert decided <= {row["partner_domain"] for row in rows}
    own = {header_of(one) for one in await stage.messages() if "approve" in actions_of(one)}
    assert sorted(number for number in range(1, 6) for one in own if domain(number) in one) == [3, 5]
    assert await stage.writes() == []

    details = {row["command"]: row["details"] for row in await audit_rows(stage)}
    assert details["draft_batch"]["sha256"] == report["sha256"]
    assert details["confirm_draft"]["justification"] == "New contractors of the year"

"""Stories of a sheet of partners: judged row by row, compared with the tenant, and drafted. Nothing is asked for."""

import csv
import io
import json
from typing import Any

import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.test_audit_report import audit_rows
from tests.scenarios.test_posture import ALL, FABRIKAM, gatehouse
from tests.workflows.sheets.files import workbook

pytestmark = pytest.mark.story

HEADER = ["Company", "Domain", "Template", "Days"]
ROWS: list[list[Any]] = [
    HEADER,
    ["Contoso", "contoso.com", "guest-collaboration", 90],
    ["Fabrikam", "fabrikam.com", "guest-collaboration", 90],
    ["Fabrikam again", "https://www.fabrikam.com", "guest-collaboration", 90],
    ["Nobody", "nobody.example", "guest-collaboration", 90],
    ["Formula", '=CONCAT("con","toso.com")', "guest-collaboration", 90],
    ["No template", "northwind.com", None, 90],
]


async def report(stage: Stage, *options: str, status: int) -> dict[str, Any]:
    """Run the command and return its JSON."""
    found, out, err = await gatehouse(stage, "import", *options, "--json")
    assert found == status, err
    document: dict[str, Any] = json.loads(out)
    return document


async def test_each_row_is_judged_and_named_and_nothing_is_asked_or_written(stage: Stage) -> None:
    (stage.data.parent / "partners.xlsx").write_bytes(workbook(ROWS))
    document = await report(stage, "partners.xlsx", "--dry-run", status=3)
    found = {row["row"]: (row["verdict"], [one["code"] for one in row["problems"]]) for row in document["rows"]}
    assert found[2] == ("add", [])
    assert found[3] == ("add", [])
    assert found[4] == ("refused", ["row_same_as"])
    assert found[5][0] == "refused"
    assert found[6] == ("refused", ["cell_formula"])
    assert found[7] == ("refused", ["cell_empty"])
    assert document["unused_columns"] == ["Company"]
    assert document["counts"] == {"add": 2, "change": 0, "unchanged": 0, "refused": 4, "not_read": 0}
    assert await stage.writes() == []
    assert await stage.messages() == []


async def test_a_sheet_and_the_tenant_are_compared_in_both_directions(stage: Stage) -> None:
    """One partner as in the sheet, one changed from outside, one only in the sheet, and one only in the tenant."""
    ts = await stage.ask(template="guest-collaboration")
    assert await stage.press("approver1", "approve", ts) == []
    opened = {"tenantId": FABRIKAM, "b2bCollaborationInbound": ALL}
    await stage.call("PATCH", "graph/state", {"partners": {FABRIKAM: opened}})
    file = stage.data.parent / "partners.csv"
    file.write_text("Domain,Template\ncontoso.com,guest-collaboration\nadatum.com,guest-collaboration\n")
    document = await report(stage, "partners.csv", "--compare", "--lookups", "kept.jsonl", status=0)
    assert [row["verdict"] for row in document["rows"]] == ["unchanged", "add"]
    assert document["only_in_tenant"] == [{"default_domain": "fabrikam.com", "record": None, "tenant_id": FABRIKAM}]
    status, out, _ = await gatehouse(stage, "import", "partners.csv", "--compare")
    lines = out.splitlines()
    assert f"fabrikam.com (tenant {FABRIKAM}): only in the tenant, without a record" in lines
    assert "2 rows: 1 only in the sheet; 1 the same." in lines
    status, out, err = await gatehouse(stage, "import", "partners.csv", "--dry-run", "--csv")
    assert status == 0
    rows = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff"))))
    assert [(row["row"], row["partner"], row["verdict"]) for row in rows] == [
        ("2", "contoso.com", "unchanged"),
        ("3", "adatum.com", "add"),
    ]
    assert rows[1]["changes"].startswith("'-")
    assert "2 rows: 1 would be added; 1 as in the sheet already." in err.splitlines()


async def test_a_draft_is_stored_of_exactly_the_file_that_was_judged(stage: Stage) -> None:
    file = stage.data.parent / "partners.csv"
    file.write_text("Domain,Template\ncontoso.com,guest-collaboration\nnobody.example,guest-collaboration\n")
    judged = await report(stage, "partners.csv", "--dry-run", status=3)
    command = judged["draft_command"].split()
    assert command[:5] == ["uv", "run", "gatehouse", "import", "partners.csv"]
    assert judged["draft"] is None
    drafted = await report(stage, *command[4:], status=3)
    assert (drafted["draft"]["together"], drafted["draft"]["alone"]) == (1, 0)
    assert drafted["draft_command"] is None
    file.write_text("Domain,Template\nfabrikam.com,guest-collaboration\n")
    status, out, err = await gatehouse(stage, *command[3:])
    assert (status, out) == (2, "")
    assert "another file than the expected one" in " ".join(err.split())
    file.write_text("Domain,Template\nnobody.example,guest-collaboration\n")
    status, out, err = await gatehouse(stage, "import", "partners.csv")
    assert (status, out.splitlines()[-1]) == (3, "Nothing can be asked for, so no draft was stored.")
    assert await stage.writes() == []
    assert await stage.messages() == []
    drafts = [row for row in await audit_rows(stage) if row["command"] == "draft_batch"]
    assert [row["details"]["sha256"] for row in drafts] == [judged["sha256"]]


async def test_what_cannot_be_used_is_said_with_its_cure_and_who_asked_is_recorded(stage: Stage) -> None:
    file = stage.data.parent / "partners.csv"
    file.write_text("Company,Tenant,Domain,Template\nContoso,x,contoso.com,guest-collaboration\n")
    status, out, err = await gatehouse(stage, "import", "partners.csv", "--dry-run")
    assert (status, out) == (2, "")
    assert "Several columns can be “partner”: Tenant, Domain. Choose one with --column partner=TITLE." in err
    document = await report(stage, "partners.csv", "--dry-run", "--column", "partner=Domain", status=0)
    assert [row["verdict"] for row in document["rows"]] == ["add"]
    rows = [row for row in await audit_rows(stage) if row["details"].get("by") == "gatehouse import --dry-run"]
    assert [document["sha256"] in row["details"]["target"] for row in rows] == [True]

"""Stories of sheets that nobody should trust: each bad row is named, each good one is judged with what it means."""

import csv
import io
import json
from typing import Any, Final

import pytest

from tests.scenarios.stage import CONTOSO, Stage
from tests.scenarios.test_conditional_access import evaluations, only
from tests.scenarios.test_posture import gatehouse
from tests.workflows.core.policies import external, policy
from tests.workflows.sheets.files import workbook

pytestmark = pytest.mark.story

HEADER: Final = ["Domain", "Template", "Days", "End date", "Reason", "Colour"]
GUESTS: Final = "guest-collaboration"
BAD: Final[dict[str, tuple[list[Any], str]]] = {
    "a formula": (['=CONCAT("con","toso.com")', GUESTS], "cell_formula"),
    "a text that starts as a formula": (["'=HYPERLINK(1)", GUESTS], "target_not_one"),
    "Cyrillic letters": (["c\u043entoso.com", GUESTS], "target_not_found"),
    "characters that nobody sees": (["contoso\u200b.com", GUESTS], "cell_control_characters"),
    "our own tenant": (["gatehouse.onmicrosoft.com", GUESTS], ""),
    "a mail provider": (["gmail.com", GUESTS], "target_mail_provider"),
    "an unknown template": (["adatum.com", "no-such"], "no_such_template"),
    "a day as a number": (["adatum.com", GUESTS, None, 46388], "cell_date_is_number"),
    "a day that can be read twice": (["adatum.com", GUESTS, None, "04/05/2027"], "cell_date_unclear"),
    "no duration that is offered": (["adatum.com", GUESTS, 1], "duration_not_offered"),
    "nothing": ([None, GUESTS], "cell_empty"),
}


async def test_each_bad_row_is_named_and_each_good_one_says_what_conditional_access_means(stage: Stage) -> None:
    """Two good partners share an evaluation; Contoso, which a policy names, has its own, and is locked out."""
    await only(
        stage,
        policy("mfa", name="MFA for guests"),
        policy(
            "block",
            name="=Block, of old",
            users={"includeGuestsOrExternalUsers": external("b2bCollaborationGuest", CONTOSO)},
        ),
    )
    good = [["fabrikam.com", GUESTS, 90], ["contoso.com", GUESTS, 90], ["northwind.com", GUESTS, 90]]
    rows: list[list[Any]] = [HEADER, *good, *(cells for cells, _ in BAD.values())]
    (stage.data.parent / "bad.xlsx").write_bytes(workbook(rows))
    status, out, err = await gatehouse(stage, "import", "bad.xlsx", "--dry-run", "--json")
    assert status == 3, err
    document = json.loads(out)
    found = {row["row"]: row for row in document["rows"]}
    assert [found[number]["verdict"] for number in (2, 3, 4)] == ["add", "add", "add"], out
    assert [found[number]["conditional_access"]["basis"] for number in (2, 3, 4)] == ["template", "tenant", "template"]
    assert [found[number]["is_locked_out"] for number in (2, 3, 4)] == [False, True, False]
    assert len({one["signInIdentity"]["externalTenantId"] for one in await evaluations(stage)}) == 2
    for number, (case, (_, code)) in enumerate(BAD.items(), start=5):
        assert found[number]["verdict"] == "refused", case
        assert not code or code in [one["code"] for one in found[number]["problems"]], (case, found[number]["problems"])
    assert await stage.writes() == []
    status, out, err = await gatehouse(stage, "import", "bad.xlsx", "--dry-run", "--csv")
    cells = [cell for row in csv.reader(io.StringIO(out.removeprefix("\ufeff"))) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any("Locked out: guests, by “=Block, of old”" in cell for cell in cells)
    assert "1 row: Conditional Access locks people out." in err.splitlines()


async def test_policies_that_cannot_be_read_are_said_and_the_rows_are_judged(stage: Stage) -> None:
    (stage.data.parent / "a.csv").write_text("Domain,Template\nfabrikam.com,guest-collaboration\n")
    await stage.do("faults", target="graph", match="conditionalAccess", status=403, times=100)
    status, out, err = await gatehouse(stage, "import", "a.csv", "--dry-run", "--json")
    assert status == 0, err
    (row,) = json.loads(out)["rows"]
    assert row["conditional_access"] == {
        "basis": "not_read",
        "is_estimate": False,
        "meaning": {"b2bCollaborationGuest": "not_known"},
        "not_read": "forbidden",
    }
    assert "conditional_access_unread" in [one["code"] for one in row["findings"]]

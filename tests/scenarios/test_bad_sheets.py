"""Stories of sheets that nobody should trust: each bad row is named, each good one is judged with what it means."""

import asyncio
import csv
import io
import json
import sys
from pathlib import Path
from typing import Any, Final

import pytest

import bot
from tests.scenarios.stage import CONTOSO, Stage
from tests.scenarios.test_conditional_access import evaluations, only
from tests.scenarios.test_posture import command_environment, gatehouse
from tests.waiting import LONGEST_WAIT
from tests.workflows.core.policies import external, policy
from tests.workflows.sheets.files import workbook

pytestmark = pytest.mark.story

HEADER: Final = ["Domain", "Template", "Days", "End date", "Reason", "Colour"]
GUESTS: Final = "guest-collaboration"
LOOKUP: Final = "findTenantInformationByDomainName"
BAD: Final[dict[str, tuple[list[Any], str]]] = {
    "a formula": (['=CONCAT("con","toso.com")', GUESTS], "cell_formula"),
    "a text that starts as a formula": (["'=HYPERLINK(1)", GUESTS], "target_not_one"),
    "Cyrillic letters": (["c\u043entoso.com", GUESTS], "target_mixed_scripts"),
    "characters that nobody sees": (["contoso\u200b.com", GUESTS], "cell_control_characters"),
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
    told = {
        case: (found[number]["verdict"], [one["code"] for one in found[number]["problems"]])
        for number, case in enumerate(BAD, start=5)
    }
    wrong = {case: one for case, one in told.items() if one[0] != "refused" or BAD[case][1] not in one[1]}
    assert not wrong
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


async def test_a_report_that_was_killed_goes_on_where_its_lookups_ended(stage: Stage) -> None:
    """The process is killed between two groups of names. Only the group that had no answer is asked again."""
    names = [f"partner-{number}.example" for number in range(100)]
    keys = [f"7e9a0000-0000-4000-8000-{number:012x}" for number in range(100)]
    organizations = {
        key: {"tenantId": key, "displayName": name, "defaultDomainName": name, "domains": [name]}
        for key, name in zip(keys, names, strict=True)
    }
    await stage.call("PATCH", "graph/state", {"organizations": organizations})
    (stage.data.parent / "many.csv").write_text("Domain,Template\n" + "".join(f"{name},{GUESTS}\n" for name in names))
    await stage.do("faults", target="graph", match=LOOKUP, delay_seconds=0.4, times=40)
    await stage.do("faults", target="graph", match=LOOKUP, delay_seconds=600, times=1000)  # it is killed before
    arguments = ("import", "many.csv", "--dry-run", "--json", "--lookups", "kept.jsonl")
    environment, kept = await command_environment(stage), stage.data.parent / "kept.jsonl"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=stage.data.parent,
        env={**environment, "PYTHONPATH": str(Path(bot.__file__).parents[1])},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(LONGEST_WAIT):
        while not kept.exists() or len(kept.read_text().splitlines()) < 20:
            assert process.returncode is None
            await asyncio.sleep(0.02)
    process.kill()
    await process.wait()
    before = {json.loads(line)["name"] for line in kept.read_text().splitlines() if line.endswith("}")}
    assert 20 <= len(before) < 100
    asked_before = await names_asked(stage)
    await stage.call("DELETE", "faults")
    status, out, err = await gatehouse(stage, *arguments)
    assert (status, [row["verdict"] for row in json.loads(out)["rows"]]) == (0, ["add"] * 100), err
    asked_after = (await names_asked(stage))[len(asked_before) :]
    assert not before & set(asked_after), "what was kept is not asked again"
    assert len(asked_before) + len(asked_after) <= 100 + 20, "nothing is asked twice beyond the last group"
    assert set(asked_before) | set(asked_after) == set(names)


async def names_asked(stage: Stage) -> list[str]:
    """List the names that Entra was asked for, in their order."""
    return [entry["path"].split("'")[1] for entry in await stage.graph("GET") if LOOKUP in entry["path"]]

"""From a file to applied partners: in waves, with rows that fail, drift, are revoked or must wait among them."""

import json
from typing import Any, Final

import pytest

from tests.scenarios.stage import Stage, words
from tests.scenarios.test_adopt import WIDE
from tests.scenarios.test_audit_report import audit_rows
from tests.scenarios.test_batches import approve, batch_card, domain, open_draft, tenant_number, told
from tests.scenarios.test_posture import gatehouse

pytestmark = pytest.mark.story

COUNT: Final = 50
DRIFTS, REVOKED, REFUSED, THROTTLED = 4, 5, 6, 7


async def asked(stage: Stage) -> str:
    """Draft a file with fifty partners at the command line, and let a member confirm it; returns the batch."""
    numbers = range(1, COUNT + 1)
    organizations = {
        tenant_number(number): {
            "displayName": f"Partner {number}",
            "domains": [domain(number)],
            "defaultDomainName": domain(number),
        }
        for number in numbers
    }
    assert (await stage.call("PATCH", "graph/state", {"organizations": organizations}))["ok"]
    rows = "".join(f"{domain(number)},guest-collaboration,90\n" for number in numbers)
    (stage.data.parent / "partners.csv").write_text(f"Domain,Template,Days\n{rows}")
    status, out, err = await gatehouse(stage, "import", "partners.csv", "--json")
    assert status == 0, (out, err)
    draft = json.loads(out)["draft"]
    view = await open_draft(stage, draft["id"])
    values = {"justification": {"justification": "New contractors of the year"}, "sponsor": {"sponsor": "requester"}}
    assert (await stage.do("submit", user="requester", view_id=view["id"], values=values))["errors"] == {}
    await stage.see("idle", timeout=60)
    batch_id: str = draft["id"]
    return batch_id


async def write_batches(stage: Stage) -> list[list[dict[str, Any]]]:
    """The writes of each request that had several."""
    log = (await stage.see("graph/log"))["log"]
    found = [[one for one in entry.get("inner", ()) if one["method"] != "GET"] for entry in log]
    return [writes for writes in found if writes]


async def partners(stage: Stage) -> set[str]:
    """The partners of the sheet that are in the tenant."""
    state = (await stage.see("graph/state"))["state"]
    return {one for one in state["partners"] if one.startswith("0badcafe")}


async def test_fifty_partners_of_a_file_are_applied_in_waves_and_four_of_them_stop_no_other(stage: Stage) -> None:
    batch_id = await asked(stage)
    await stage.revoke(typed=domain(REVOKED), domain=domain(REVOKED))
    await stage.see("idle", timeout=60)
    drifted = {"partners": {tenant_number(DRIFTS): WIDE}}
    assert (await stage.call("PATCH", "graph/state", drifted))["ok"]
    for number, status, headers in ((REFUSED, 400, {}), (THROTTLED, 429, {"Retry-After": "1"})):
        fault = {"match": tenant_number(number), "status": status, "headers": headers}
        await stage.do("faults", target="graph", method="POST", times=1, **fault)
    await approve(stage, "approver1")
    await stage.see("idle", timeout=60)

    applied = set(range(1, COUNT + 1)) - {DRIFTS, REVOKED, REFUSED}
    expected = {tenant_number(number) for number in (*applied, DRIFTS, REVOKED)}

    async def are_all_there() -> bool:
        return await partners(stage) == expected

    await stage.until(are_all_there, "the throttled one, which waits by itself")
    await stage.see("idle", timeout=60)
    sizes = [len(writes) for writes in await write_batches(stage)]
    # A whole wave without the one that drifted, and the throttled one once more: with the last wave, or alone after it.
    assert sizes in ([19, 20, 10], [19, 20, 9])
    ended = (await told(stage, batch_id))[-1]
    assert f"{len(applied)} partners" in ended, ended
    card = await batch_card(stage)
    assert f"{len(applied)} of " in words(card), words(card)
    shown, out, _ = await gatehouse(stage, "batches", batch_id)
    assert (shown, f"{len(applied)} of" in out) == (0, True), out
    commands = [row["command"] for row in await audit_rows(stage)]
    assert commands.count("record_applied") == len(applied) + 1, "and the revocation"


async def test_a_run_that_fails_halts_and_an_admin_hears_of_it(stage: Stage) -> None:
    batch_id = await asked(stage)
    await stage.do("faults", target="graph", method="POST", match="partners", times=4, status=400)
    await approve(stage, "approver1")
    await stage.see("idle", timeout=60)
    assert len(await partners(stage)) == 16, "one wave, without those that were refused"
    alarm = " ".join(words(one) for one in await stage.direct("admin"))
    assert "stopped by itself: 4 of the 20 partners tried could not be applied as approved" in alarm
    assert "stopped by itself" in (await told(stage, batch_id))[-1]
    status, out, _ = await gatehouse(stage, "batches", batch_id, "--follow", "--wait", "2")
    assert status == 4, out
    assert "An admin continues or ends it." in out

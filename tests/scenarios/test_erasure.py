"""A person leaves: a term after the account is gone nothing in the database file names them, and the log is whole."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import DAY, Stage, running_stage
from tests.scenarios.test_posture import gatehouse

pytestmark = pytest.mark.story

RILEY, AMARA = "0a6f7d10-0001-4e1b-9b51-6d1f00000001", "0a6f7d10-0002-4e1b-9b51-6d1f00000002"
WHY = "Joint bridge project of the northern office"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A sandbox whose bot erases people 30 days after they left."""
    environment = {"GATEHOUSE_FORGET_AFTER_DAYS": "30"}
    async with running_stage(Stage(data=tmp_path / "data", warm=True, environment=environment)) as stage:
        yield stage


def files_with(stage: Stage, *texts: str) -> list[str]:
    """The texts that the database has, in lower case or as they are: its file and log of writes, or a copy of it."""
    content = stage.database.content()
    return [text for text in texts if text.encode() in content or text.casefold().encode() in content]


def rows(stage: Stage, sql: str) -> list[Any]:
    [found] = stage.database.rows(sql)
    return [tuple(row.values()) for row in found]


async def verified(stage: Stage) -> tuple[int | None, dict[str, Any]]:
    status, out, err = await gatehouse(stage, "audit", "verify", "--json")
    assert err == ""
    return status, json.loads(out)


async def leave(stage: Stage, account: str) -> None:
    """Somebody deletes an account in Entra."""
    assert (await stage.call("PATCH", "graph/state", {"users": {account: None}}))["ok"]


async def test_a_person_leaves_and_nothing_in_the_file_names_them_after_the_term(stage: Stage) -> None:
    await stage.open_access(justification=WHY, sponsor="admin")
    await stage.later(DAY)
    assert files_with(stage, "Riley Park", RILEY, "U0REQUESTER", WHY) != []
    await leave(stage, RILEY)
    await leave(stage, AMARA)
    await stage.later(DAY + 60)
    await stage.later(31 * DAY)
    assert rows(stage, "select count(*) from audit where command = 'erase_person'") == [(0,)], "the access is in force"
    status, _, err = await gatehouse(stage, "audit", "erase", RILEY, "--dry-run")
    assert status == 1
    assert "open or in force" in err
    await stage.revoke()
    await stage.later(DAY + 60)
    await stage.later(DAY + 60)
    (details,) = rows(stage, "select details from audit where command = 'erase_person'")
    assert json.loads(details[0]) == {"person": "person-1", "texts": 3, "entries": 1, "older": 0, "records": 1}
    assert files_with(stage, "Riley Park", RILEY, "U0REQUESTER", WHY) == []
    assert files_with(stage, "Amara Okafor", AMARA) != [], "she has a role"
    status, found = await verified(stage)
    assert (status, found["is_whole"]) == (0, True)
    assert found["erased_texts"] == 3
    requester, account, doc = rows(stage, "select requester, account, doc from requests order by created_at")[0]
    assert (requester, account, json.loads(doc)["particulars"]["justification"]) == ("person-1",) * 3
    stage.database.change("update audit set mac = ? where seq = 3", bytes(32))
    status, found = await verified(stage)
    assert (status, found["first_bad_seq"]) == (1, 3)


async def test_an_admin_erases_a_person_and_changes_of_the_log_are_found(stage: Stage) -> None:
    """A rejected request names nobody who is in force. A changed text of a person, and a changed byte, are found."""
    ts = await stage.ask(justification=WHY, sponsor="admin")
    await stage.press("approver1", "reject", ts)
    (asked,) = (await stage.see("views", user="approver1"))["views"]
    reason = "No contract with this partner"
    await stage.do("submit", user="approver1", view_id=asked["id"], values={"reason": {"reason": reason}})
    await stage.rest()
    status, _, err = await gatehouse(stage, "audit", "erase", RILEY, "--yes")
    assert (status, "the account is in Entra" in err) == (1, True)
    await leave(stage, RILEY)
    before = rows(stage, "select * from audit")
    status, out, err = await gatehouse(stage, "audit", "erase", RILEY, "--dry-run")
    assert (status, err) == (0, "")
    assert "person-1 will be shown instead." in out
    assert rows(stage, "select * from audit") == before
    status, out, err = await gatehouse(stage, "audit", "erase", RILEY, "--yes")
    assert status == 0, err
    assert "Erased. person-1 is shown instead. Recorded as command_line:" in " ".join(out.split())
    assert files_with(stage, "Riley Park", RILEY, "U0REQUESTER", WHY) == []
    assert files_with(stage, reason) == [reason], "the approver is there"
    status, found = await verified(stage)
    assert (status, found["is_whole"], found["erased_texts"]) == (0, True, 3)
    status, out, _ = await gatehouse(stage, "audit", "export")
    assert "person-1" in out
    assert "Riley" not in out
    (seq,) = rows(stage, "select min(seq) from audit where command = 'reject'")[0]
    stage.database.change(f"update audit set details = replace(details, 'No contract', 'My friend') where seq = {seq}")
    status, found = await verified(stage)
    assert (status, found["first_bad_seq"], found["problems"][0]["code"]) == (1, seq, "edited")
    stage.database.change(f"update audit set details = replace(details, 'My friend', 'No contract') where seq = {seq}")
    assert (await verified(stage))[0] == 0
    stage.database.change("update audit set personal = replace(personal, 'person-1:', 'person-2:') where seq = 1")
    status, found = await verified(stage)
    assert (status, found["first_bad_seq"]) == (1, 1)

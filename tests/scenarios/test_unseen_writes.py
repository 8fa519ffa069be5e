"""Graph accepts a write without effect, or a backup is older than the tenant: the whole bot in the sandbox."""

from pathlib import Path

import pytest

from tests.scenarios.stage import CONTOSO, Stage, words

pytestmark = pytest.mark.story

TAKEN = {"target": "graph", "match": "partners", "status": 204}


async def blocked(stage: Stage) -> bool:
    partner = await stage.partner()
    assert partner is not None
    inbound = partner["b2bCollaborationInbound"]
    return inbound is not None and inbound["usersAndGroups"]["accessType"] == "blocked"


async def pass_minutes(stage: Stage, count: int) -> None:
    for _ in range(count):
        await stage.later(61)


@pytest.mark.threats("F10")
async def test_a_revocation_that_was_accepted_without_effect_is_sent_again_and_the_partner_ends_blocked(
    stage: Stage,
) -> None:
    await stage.open_access()
    await stage.do("faults", **TAKEN, method="PATCH")
    answer = await stage.do("command", user="admin", text="/partner revoke contoso.com")
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": "Project ended"}}
    await stage.do("submit", user="admin", view_id=answer["view_id"], values=values)
    await stage.rest()  # it reads five times before it says that nothing shows
    assert not await blocked(stage)
    await pass_minutes(stage, 3)
    assert await blocked(stage)
    assert [one["method"] for one in await stage.writes()] == ["POST", "PATCH", "PATCH"]


async def test_an_answer_of_a_proxy_never_ends_a_revocation(stage: Stage) -> None:
    await stage.open_access()
    for number in range(3):
        await stage.do(
            "faults", target="graph", method=("GET", "PATCH")[number % 2], match="partners", status=404, body="<html>"
        )
    assert (await stage.revoke())["errors"] == {}
    await pass_minutes(stage, 2)
    assert await blocked(stage)


async def test_a_refused_revocation_tells_the_admins_at_once_and_when_it_is_repaired(stage: Stage) -> None:
    await stage.open_access()
    await stage.do("faults", target="graph", method="PATCH", match="partners", times=1000, status=400)
    assert (await stage.revoke())["errors"] == {}
    await stage.rest()
    [alarm] = [one for one in await stage.direct("admin") if "The revocation (" in one["text"]]
    assert "keeps trying" in words(alarm)
    await stage.call("DELETE", "faults")
    await pass_minutes(stage, 2)
    assert await blocked(stage)
    await pass_minutes(stage, 1)
    [alarm] = [one for one in await stage.direct("admin") if "The revocation (" in one["text"]]
    assert alarm["text"].startswith("contoso.com, fixed. ")


async def test_a_restored_backup_does_not_open_what_was_closed_since(tmp_path: Path) -> None:
    """An approved write waits in the backup. It is written, revoked and deleted; then the backup comes back."""
    data, backup = tmp_path / "data", tmp_path / "backup.db"
    first = Stage(data=data, warm=True)
    await first.start()
    ts = await first.ask()
    for approver in ("approver1", "approver2"):
        await first.press(approver, "approve", ts)
    await first.do("faults", target="graph", match="partners", times=1000, status=503)
    await first.do("click", user="approver3", action_id="approve", channel="partner-access", ts=ts)
    await first.until_card("keeps trying")
    first.database.back_up(backup)
    await first.call("DELETE", "faults")
    await pass_minutes(first, 2)
    assert await first.partner() is not None
    assert (await first.revoke())["errors"] == {}
    assert await blocked(first)
    await first.call("PATCH", "graph/state", {"partners": {CONTOSO: None}})
    await first.do("clock", advance_seconds=20 * 60)
    await first.stop()
    first.database.restore(backup)
    second = Stage(data=data, warm=True)
    await second.start()
    try:
        written = len(await second.writes())
        await pass_minutes(second, 3)
        assert await second.partner() is None
        assert len(await second.writes()) == written
        [held] = second.database.rows("select 1 from audit where command = 'start_held'")
        assert len(held) == 1
    finally:
        await second.stop()

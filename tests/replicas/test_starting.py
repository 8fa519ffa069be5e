"""Several bots start on one database, and one is replaced while another one runs."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.replicas.stage import ReplicasStage, replicas_stage
from tests.scenarios.stage import words
from tests.waiting import killed_when_it_hangs

pytestmark = [pytest.mark.replicas]


def holds(stage: ReplicasStage) -> list[tuple[object, ...]]:
    """The stored freezes: a start that was held is one."""
    return stage.rows("select doc from freezes")


async def begun_anew(stage: ReplicasStage, **settings: str) -> str:
    """End the second bot as a deploy does, and start it again; returns what it logs, when it is ready or has ended."""
    replica = stage.replicas[1]
    replica.send(signal.SIGTERM)
    assert replica.process is not None
    with killed_when_it_hangs(replica.process):
        await asyncio.to_thread(replica.process.join)
    replica.target.is_ready = False
    replica.settings.update(settings)
    length = len(replica.log)
    await replica.start()

    async def is_decided() -> bool:
        return replica.target.is_ready or not replica.is_running

    await stage.until(is_decided, "its start")
    return replica.log[length:]


async def test_two_bots_start_on_an_empty_database_at_once_and_serve_in_turn(tmp_path: Path) -> None:
    """Then one is replaced, three times, and that is no gap; the other one does what is due within seconds."""
    async with replicas_stage(tmp_path / "data") as stage:
        ts = await stage.open_access()
        assert "active (verified" in words(await stage.card_of(ts))
        assert (await stage.revoke())["errors"] == {}
        assert len(await stage.writes()) == 2
        assert all(stage.balancer.served), "each got clicks"
        records = await stage.location.read_records()
        assert records is not None
        assert [one.state for one in records.partnerships.values()] == ["revoked"]
        check = await asyncio.to_thread(stage.location.verify_audit)
        assert check.problems == ()

        for _ in range(3):
            await begun_anew(stage)
            assert stage.replicas[1].target.is_ready
        assert (await stage.leader()).is_running
        assert holds(stage) == [], "no start was held"
        assert stage.rows("select value from marks where name = 'gaps'") == []


async def test_a_bot_whose_place_does_not_know_the_records_refuses_to_start_and_holds_nobody(tmp_path: Path) -> None:
    async with replicas_stage(tmp_path / "data") as stage:
        await stage.tick()
        said = await begun_anew(stage, GATEHOUSE_GENERATION=str(tmp_path / "another"))
        assert not stage.replicas[1].is_running
        assert "other bots run with these records" in said
        assert "name the same folder for all of them" in said
        assert holds(stage) == []
        ts = await stage.open_access()
        assert "active (verified" in words(await stage.card_of(ts))


async def test_records_that_are_restored_while_bots_run_hold_all_of_them(tmp_path: Path) -> None:
    """What is known outside is newer than the records then. Nothing opens, and closing goes on."""
    async with replicas_stage(tmp_path / "data") as stage:
        await stage.open_access(target="northwind.com")
        await stage.tick()
        await asyncio.sleep(2.0)
        stage.change(
            "alter table audit disable trigger all",
            "delete from audit where seq > (select max(seq) - 3 from audit)",
            "update audit_head set seq = (select max(seq) from audit)",
        )
        ts = await stage.ask(target="tailspin.com")

        async def is_held() -> bool:
            return any('"cause": "restored"' in str(doc) or "restored" in str(doc) for (doc,) in holds(stage))

        await stage.until(is_held, "the hold")
        writes = await stage.writes()
        for approver in ("approver1", "approver2", "approver3"):
            click = {"user": approver, "action_id": "approve", "channel": "partner-access", "ts": ts}
            answer = await stage.call("POST", "click", click)
            assert answer["ok"] or answer["error"] == "no_such_element", "the card may show the hold already"
        await asyncio.sleep(5.0)
        assert await stage.writes() == writes


async def test_a_bot_of_an_older_version_writes_nothing_once_a_newer_one_has_changed_the_tables(tmp_path: Path) -> None:
    async with replicas_stage(tmp_path / "data") as stage:
        ts = await stage.ask()
        stage.change("update gatehouse_schema set version_num = 'p999'")
        entries = stage.rows("select count(*) from audit")
        answer = await stage.call(
            "POST", "click", {"user": "approver1", "action_id": "approve", "channel": "partner-access", "ts": ts}
        )
        assert not answer["ok"], "it could not be stored, and the person sees that"

        async def are_red() -> bool:
            return not any(replica.target.is_ready for replica in stage.replicas)

        await stage.until(are_red, "bots that are not ready")
        assert stage.rows("select count(*) from audit") == entries
        assert all(replica.is_running for replica in stage.replicas)
        stage.change("update gatehouse_schema set version_num = 'p003'")
        await stage.until_all_ready()
        assert await stage.press("approver1", "approve", ts) == []


async def test_clicks_over_socket_mode_go_to_both_bots_and_each_is_done_once(tmp_path: Path) -> None:
    async with replicas_stage(tmp_path / "data", is_socket_mode=True) as stage:
        ts = await stage.open_access()
        assert "active (verified" in words(await stage.card_of(ts))
        assert len(await stage.writes()) == 1
        stored = [replica.log.count('"click_stored"') for replica in stage.replicas]
        assert all(stored), stored
        await stage.replicas[0].kill()
        assert (await stage.revoke())["errors"] == {}
        assert len(await stage.writes()) == 2

"""Several bots start on one database, and one is replaced while another one runs."""

import asyncio
from pathlib import Path

import pytest

from tests.replicas.stage import replicas_stage
from tests.scenarios.stage import words

pytestmark = [pytest.mark.replicas]


async def test_two_bots_start_on_an_empty_database_at_once_and_serve_in_turn(tmp_path: Path) -> None:
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
        assert stage.rows("select doc from freezes") == [], "neither start was held"
        assert stage.rows("select value from marks where name = 'gaps'") == []

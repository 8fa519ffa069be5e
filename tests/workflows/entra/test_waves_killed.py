"""Whatever ends the process, and with a tenth of the answers throttled: every partner is added once and read back."""

from itertools import pairwise
from pathlib import Path
from random import randrange

import pytest

from bot.sandbox.entra import TokenAuthority
from tests.workflows.entra.killed_processes import write_killed
from tests.workflows.entra.waves import Figures, tenants, write_many
from workflows.core.batches.batch import BatchState, RowState

READ_UNITS = 3_500
"""What Graph takes from an application in ten seconds, in the smallest tenants."""


def check(figures: Figures, count: int) -> None:
    """Nothing is lost, nothing is doubled, nothing is sent again unread, and everything is read back."""
    batch, stage = figures.batch, figures.stage
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: count})
    assert stage.created() == dict.fromkeys(tenants(count), 1)
    for tenant_id in tenants(count):
        events = stage.of(tenant_id)
        methods = [(one.method, one.status) for one in events]
        assert ("POST", 409) not in methods, "it was sent again although it was there"
        assert not any((one.method, other.method) == ("POST", "POST") for one, other in pairwise(events)), methods
        created = methods.index(("POST", 201))
        assert ("GET", 200) in methods[created:], "it was not read back"
    assert stage.most_in_a_window() < READ_UNITS


def told(figures: Figures, seed: int) -> str:
    """The figures of a run in one line."""
    stage = figures.stage
    writes = stage.batches_with_writes
    return (
        f"seed {seed}: {len(figures.batch.rows)} partners, killed {figures.kills} times "
        f"({figures.kills_with_requests_under_way} with a request under way), {figures.processes} processes, "
        f"{len(writes)} batches with {sum(writes)} writes, {len(stage.requests)} requests with {len(stage.arrived)} "
        f"calls, {stage.throttling.count} throttled, at most {stage.most_in_a_window()} calls in 10 s, "
        f"{figures.seconds:.0f} s"
    )


async def test_sixty_partners_are_written_in_as_many_batches_as_needed(
    authority: TokenAuthority, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    figures = await write_many(authority, tmp_path, count=60, kills=0, steps=1, seed=0, share=0.0)
    check(figures, 60)
    assert figures.stage.batches_with_writes == [20, 20, 20]
    assert len(figures.stage.arrived) <= 60 * 5, "found, compared, written and read back, and little more"


@pytest.mark.load
async def test_killed_at_random_moments_with_a_tenth_throttled_each_partner_is_added_once(
    authority: TokenAuthority, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seed = randrange(10**6)
    figures = await write_many(authority, tmp_path, count=60, kills=8, steps=220, seed=seed)
    print(told(figures, seed))
    check(figures, 60)


@pytest.mark.load
async def test_processes_killed_by_the_operating_system_add_each_partner_once(
    authority: TokenAuthority, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each is killed with SIGKILL while it applies, and the next one has only its file."""
    seed = randrange(10**6)
    figures = await write_killed(authority, tmp_path, count=60, kills=4, requests=16, seed=seed)
    print(told(figures, seed))
    check(figures, 60)
    assert (figures.kills, figures.processes) == (4, 5)

"""`gatehouse guests --disable` where no bot runs: performed here, read back, and recorded under the system user."""

from pathlib import Path
from typing import Final

import pytest

from bot.sandbox.server import Sandbox
from tests.bot.terminal.test_closing import gatehouse, records, requests
from workflows.core.requests.request import RequestKind, RequestState

__all__ = ["records"]  # the fixture
RUN: Final = ("guests", "contoso.com", "--disable", "--reason", "The project has ended")


def is_enabled(world: Sandbox) -> dict[str, bool]:
    """Return which guests of Contoso are enabled in the tenant."""
    assert world.entra is not None
    users = world.entra.state()["users"].values()
    return {one["mail"]: one["accountEnabled"] for one in users if str(one["mail"]).endswith("@contoso.com")}


async def test_without_a_bot_it_is_performed_here_and_read_back(world: Sandbox, records: Path, tmp_path: Path) -> None:
    status, out = await gatehouse(tmp_path, *RUN, "--confirm", "contoso.com 2")
    assert status == 0, out
    assert "No bot runs, so it is performed here." in out
    assert "Disabled 2 guest accounts (verified)." in out
    assert set(is_enabled(world).values()) == {False}
    [request] = await requests(records, world)
    assert (request.fields.kind, request.state) == (RequestKind.DISABLE_GUESTS, RequestState.APPLIED)
    assert request.fields.requester.startswith("os:")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--dry-run",), "Dry run: nothing was stored or written."),
        ((), "it was not confirmed; add --confirm"),
        (("--confirm", "contoso.com 3"), "is not what has to be typed"),
    ],
)
async def test_nothing_is_stored_before_it_is_confirmed(
    world: Sandbox, records: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    status, out = await gatehouse(tmp_path, *RUN, *options)
    assert (status, said in out) == (0 if "--dry-run" in options else 1, True), out
    assert set(is_enabled(world).values()) == {True}
    assert await requests(records, world) == []

"""`gatehouse guests --disable` where no bot runs: performed here, read back, and recorded under the system user."""

from pathlib import Path
from typing import Final

import pytest

from bot.sandbox.server import Sandbox
from bot.terminal.closing.guests_following import exit_status_of
from tests.bot.terminal.test_closing import gatehouse, records, requests
from tests.workflows.core.builders import NOW, planned_accounts, request
from workflows.core.plans.accounts import AccountEnd, AccountProgress, AccountResult
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
    [stored] = await requests(records, world)
    assert (stored.fields.kind, stored.state) == (RequestKind.DISABLE_GUESTS, RequestState.APPLIED)
    assert stored.fields.requester.startswith("os:")


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


@pytest.mark.parametrize(
    ("state", "ends", "status"),
    [
        (RequestState.APPLIED, (AccountEnd.DONE, AccountEnd.DONE, AccountEnd.DONE), 0),
        (RequestState.APPLIED, (AccountEnd.DONE, AccountEnd.DONE, AccountEnd.REFUSED), 5),
        (RequestState.APPLIED, (AccountEnd.DONE, AccountEnd.LEFT_ALONE, AccountEnd.GONE), 5),
        (RequestState.STOPPED, (AccountEnd.DONE,), 5),
        (RequestState.STOPPED, (AccountEnd.LEFT_ALONE, AccountEnd.GONE, AccountEnd.GONE), 1),
        (RequestState.UNFIT, (), 1),
    ],
)
def test_the_exit_status_says_whether_everybody_is_disabled(
    state: RequestState, ends: tuple[AccountEnd, ...], status: int
) -> None:
    people = planned_accounts(3)[: len(ends)]
    results = tuple(AccountResult(id=one.id, end=end, at=NOW) for one, end in zip(people, ends, strict=True))
    ended = request(state, RequestKind.DISABLE_GUESTS, accounts=AccountProgress(results=results))
    assert exit_status_of(ended) == status

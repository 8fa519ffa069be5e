"""`gatehouse guests --disable` where no bot runs: performed here, read back, and recorded under the system user."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from bot.sandbox.server import Sandbox
from bot.terminal.closing.guests_command import disable_guests
from bot.terminal.closing.guests_following import DisablingOptions, DisablingSession, exit_status_of
from tests.bot.terminal.test_closing import gatehouse, records, requests
from tests.warm.short_pauses import SHORT_PAUSES
from tests.workflows.core.builders import NOW, planned_accounts, request
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.accounts import AccountEnd, AccountProgress, AccountResult
from workflows.core.requests.commands.request import Confirm
from workflows.core.requests.request import RequestKind, RequestState
from workflows.ports.records import StoreUnusable
from workflows.store.sqlite.store import open_store

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
    assert out.count("isabled") == 1, "the result is said once"
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


async def commands(path: Path, world: Sandbox) -> list[str]:
    """Return what was stored about the request before it was prepared, and that it is not open any more."""
    store = await open_store(path, world.clock)
    try:
        assert await store.open_requests() == []
        return sorted({one.command for one in await store.history()} & {"submit", "withdraw", "confirm"})
    finally:
        await store.close()


async def test_without_time_to_confirm_it_is_withdrawn_and_keeps_nobody_from_asking_again(
    world: Sandbox, records: Path, tmp_path: Path
) -> None:
    status, out = await gatehouse(tmp_path, *RUN, "--confirm", "contoso.com 2", "--wait", "0")
    assert (status, "run it again with a longer --wait" in out) == (1, True), out
    assert "Nothing was written, and the request has ended:" in out
    assert "goes on" not in out
    assert await commands(records, world) == ["submit", "withdraw"]
    status, out = await gatehouse(tmp_path, *RUN, "--confirm", "contoso.com 2")
    assert status == 0, out
    assert set(is_enabled(world).values()) == {False}


async def run_here() -> int:
    """Run the command in a thread of this process. Returns the exit status."""
    options = DisablingOptions(reason="The project has ended", confirm="contoso.com 2")
    return await asyncio.to_thread(disable_guests, "contoso.com", options, SHORT_PAUSES)


async def test_ctrl_c_before_the_confirmation_withdraws_the_request(
    world: Sandbox, records: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DisablingSession, "_until", interrupted)
    assert await run_here() == 1
    assert "Nothing was written, and the request has ended:\n- it was interrupted" in capsys.readouterr().err
    assert await commands(records, world) == ["submit", "withdraw"]


async def test_ctrl_c_after_the_confirmation_says_that_it_goes_on(
    world: Sandbox, records: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    confirm = DisablingSession._confirm

    async def interrupted(*arguments: Any) -> None:
        await confirm(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(DisablingSession, "_confirm", interrupted)
    assert await run_here() == 3
    assert "The confirmation is stored. It goes on by itself while the bot runs." in capsys.readouterr().err
    [request] = await requests(records, world)
    assert request.state is not RequestState.WITHDRAWN


@pytest.mark.parametrize("is_readable", [True, False])
async def test_a_confirmation_that_is_refused_or_lost_is_not_called_stored(
    world: Sandbox,
    records: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_readable: bool,
) -> None:
    """A request that can be read is withdrawn then. Otherwise it is not known whether the confirmation was stored."""
    advance = Service.advance

    async def refuse(self: Service, request_id: Any, command: Any, **named: Any) -> Any:
        if isinstance(command, Confirm):
            raise Refused(RefusalCode.EXPIRED)
        return await advance(self, request_id, command, **named)

    async def fail(*_: object) -> None:
        raise StoreUnusable("the disk does not answer")

    monkeypatch.setattr(Service, "advance", refuse)
    if not is_readable:
        monkeypatch.setattr(DisablingSession, "_settle", fail)
    assert await run_here() == (1 if is_readable else 3)
    said = capsys.readouterr().err
    assert ("Nothing was written, and the request has ended:" in said) is is_readable
    assert ("It is not known whether the confirmation was stored." in said) is not is_readable
    assert set(is_enabled(world).values()) == {True}
    [request] = await requests(records, world)
    assert (request.state is RequestState.WITHDRAWN) is is_readable

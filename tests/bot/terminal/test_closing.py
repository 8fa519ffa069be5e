"""Closing a partner at the command line where no bot runs: performed here, killed at every point, by two at once."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.process.app import running
from bot.process.settings import Settings
from bot.sandbox.http.faults import Fault
from bot.sandbox.server import BotHandle, Sandbox
from bot.terminal.closing import command
from bot.terminal.closing.by_hand import by_hand_text
from bot.terminal.closing.command import ClosingOptions, close_partner
from bot.terminal.closing.following import ClosingSession
from bot.terminal.closing.preview import Preview
from tests.bot.bot_under_test import eventually, health_url_of
from tests.bot.records_file import file_of
from tests.warm.command import _run, run_command
from tests.warm.forks import start_forked
from tests.warm.short_pauses import SHORT_PAUSES
from tests.workflows.app.evidence.reviews.stored_guests import store_guests
from tests.workflows.core.builders import TENANT, partnership
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.planning import plan_revocation
from workflows.core.requests.request import AccessRequest, Closing, RequestState
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.model import TenantId
from workflows.ports.records import StoreUnusable
from workflows.store.sqlite.store import open_store

CONTOSO = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
WHY = ("--reason", "They bought our competitor", "--confirm", "contoso.com")


@pytest.fixture
async def records(world: Sandbox, settings: Settings) -> Path:
    """Empty records that nobody uses; Contoso has settings that nobody asked Gatehouse for."""
    store = await open_store(file_of(settings), world.clock)
    await store.close()
    settings.records.audit_keys.ring(may_create=True)  # as a bot does at its start
    assert world.entra is not None
    everybody = {"usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}}
    world.entra.merge({"partners": {CONTOSO: {"tenantId": CONTOSO, "b2bCollaborationInbound": everybody}}})
    return file_of(settings)


async def gatehouse(folder: Path, *arguments: str) -> tuple[int | None, str]:
    """Run a command to its end, without Slack's settings."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("SLACK_")}
    status, out, err = await run_command(*arguments, folder=folder, environment=mine, has_short_pauses=True)
    return status, " ".join(f"{out} {err}".split())


def contoso(world: Sandbox) -> dict[str, Any]:
    """Contoso's settings in the tenant."""
    assert world.entra is not None
    found: dict[str, Any] = world.entra.state()["partners"][CONTOSO]
    return found


async def requests(path: Path, world: Sandbox) -> list[AccessRequest]:
    """Return the stored requests about Contoso, the newest first."""
    store = await open_store(path, world.clock)
    try:
        return [*await store.requests_for(CONTOSO, 10)]
    finally:
        await store.close()


def writes(world: Sandbox) -> int:
    """Count the writes that reached Graph."""
    return sum(entry["method"] == "PATCH" for entry in world.graph_log.entries)


@pytest.mark.parametrize(
    ("count", "is_complete", "said"),
    [
        (3, True, "Guest accounts stay. Only the partner can end sessions in its own tenant. 3 guest accounts of the"),
        (3, False, "At least 3 guest accounts of the partner, as of"),
        (
            0,
            True,
            "How many guest accounts of the partner there are is not known.",
        ),  # it had no record, so none was sought
        (0, False, "How many guest accounts of the partner there are is not known."),
    ],
)
async def test_the_guests_that_stay_are_those_that_the_last_scan_counted(
    world: Sandbox, records: Path, tmp_path: Path, count: int, is_complete: bool, said: str
) -> None:
    store = await open_store(records, world.clock)
    await store_guests(store, CONTOSO, count, is_complete=is_complete)
    await store.close()
    status, out = await gatehouse(tmp_path, "revoke", "contoso.com", *WHY)
    assert (status, said in out) == (0, True), out


@pytest.mark.parametrize(("verb", "state"), [("revoke", "revoked"), ("suspend", "suspended")])
async def test_without_a_bot_it_is_performed_here_and_read_back(
    world: Sandbox, records: Path, tmp_path: Path, verb: str, state: str
) -> None:
    status, out = await gatehouse(tmp_path, verb, "contoso.com", *WHY)
    assert status == 0, out
    assert "No bot runs, so it is performed here." in out
    assert unblocked_settings(contoso(world)) == ()
    assert writes(world) == 1
    store = await open_store(records, world.clock)
    try:
        record = await store.partnership(CONTOSO)
        assert record is not None
        assert record.state.value == state
        (entry,) = [one for one in await store.history() if one.command == "submit"]
        assert (entry.actor.startswith("os:"), entry.account) == (True, None)
        kinds = {one.effect.kind for one in await store.pending(world.clock.now(), 99)}
        assert kinds == {"show_request", "show_review"}, "the rest is for the bot; nobody is sent a message"
    finally:
        await store.close()


@pytest.mark.parametrize("calls", range(1, 11))
async def test_killed_at_every_point_another_command_finishes_it(
    world: Sandbox, records: Path, tmp_path: Path, calls: int
) -> None:
    """Every call of Graph is slow; the command is killed while it waits for the first, the second, …"""
    await killed_at(world, tmp_path, calls)
    status, out = await gatehouse(tmp_path, "revoke", "contoso.com", *WHY)
    assert status == 0, out
    assert unblocked_settings(contoso(world)) == ()
    assert writes(world) <= 2
    assert {one.state for one in await requests(records, world)} <= {RequestState.APPLIED, RequestState.STOPPED}


@pytest.mark.parametrize("calls", [7, 9])
async def test_killed_after_it_was_stored_the_bot_finishes_it(
    world: Sandbox, settings: Settings, records: Path, tmp_path: Path, calls: int
) -> None:
    await killed_at(world, tmp_path, calls)
    stored = await requests(records, world)
    async with running(settings, SHORT_PAUSES) as parts:
        world.bot = BotHandle(
            url=f"http://127.0.0.1:{settings.port}",
            pid=os.getpid,
            alive=lambda: True,
            health_url=health_url_of(settings),
        )

        async def is_revoked() -> bool:
            record = await parts.store.partnership(CONTOSO)
            return record is not None and record.state is PartnershipState.REVOKED

        if stored:
            await eventually(is_revoked)
            assert unblocked_settings(contoso(world)) == ()


async def killed_at(world: Sandbox, folder: Path, calls: int) -> None:
    """Start the command, and kill it when Graph has received so many calls; at the latest at its end."""
    world.faults.add(Fault(target="graph", times=10_000, delay_seconds=0.1, after_commit=True))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLACK_")}
    said = [folder / name for name in ("killed-out", "killed-err")]
    process = start_forked(_run, ("revoke", "contoso.com", *WHY), folder, environment, SHORT_PAUSES, *said)

    async def is_reached() -> bool:
        return process.exitcode is not None or len(world.graph_log.entries) >= calls

    await eventually(is_reached)
    process.kill()
    await asyncio.to_thread(process.join, 10)
    world.faults.clear()


async def test_two_at_once_both_end_with_the_block(world: Sandbox, records: Path, tmp_path: Path) -> None:
    both = await asyncio.gather(*(gatehouse(tmp_path, "revoke", "contoso.com", *WHY) for _ in range(2)))
    for status, out in both:
        assert status == 0, out
    assert unblocked_settings(contoso(world)) == ()
    assert writes(world) <= 2


async def test_it_is_performed_here_when_the_process_that_had_the_records_ends(
    world: Sandbox, records: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workflows.store.sqlite.file._LOCK_SECONDS", 0.1)
    monkeypatch.setattr("bot.terminal.closing.following.BOT_SILENT_AFTER", timedelta(seconds=0.3))
    options = ClosingOptions(reason="They bought our competitor", confirm="contoso.com", wait=20)
    store = await open_store(records, world.clock)
    command = asyncio.create_task(
        asyncio.to_thread(close_partner, "contoso.com", Closing.REVOKE, options, SHORT_PAUSES)
    )

    async def is_stored() -> bool:
        return bool(await store.open_requests())

    await eventually(is_stored)
    await asyncio.sleep(0.5)
    await store.close()
    assert await command == 0
    out = capsys.readouterr().out
    assert "The running bot performs it." in out
    assert "The bot does not run any more, so it is performed here." in out
    assert unblocked_settings(contoso(world)) == ()


async def test_a_block_that_is_not_shown_is_not_confirmed_and_that_is_its_status(
    world: Sandbox, records: Path, tmp_path: Path
) -> None:
    world.faults.add(Fault(target="graph", method="PATCH", times=100, status=204))
    status, out = await gatehouse(tmp_path, "revoke", "contoso.com", *WHY, "--wait", "3")
    assert (status, "NOT CONFIRMED." in out) == (3, True), out
    assert "is blocked" not in out
    world.faults.clear()
    status, out = await gatehouse(tmp_path, "revoke", "contoso.com", *WHY)
    assert status == 0, out
    assert unblocked_settings(contoso(world)) == ()


async def test_a_drill_where_no_bot_runs(world: Sandbox, records: Path, tmp_path: Path) -> None:
    status, out = await gatehouse(tmp_path, "suspend", "contoso.com", "--drill")
    assert (status, "does not run; the command" in out) == (0, True), out
    assert writes(world) == 0
    assert await requests(records, world) == []


async def test_graph_that_does_not_answer_leaves_it_stored_or_says_how_by_hand(
    world: Sandbox, records: Path, tmp_path: Path
) -> None:
    """A partner without a record cannot be found then, so nothing is stored; the calls by hand are printed."""
    world.faults.add(Fault(target="graph", times=10_000, status=503))
    status, out = await gatehouse(tmp_path, "revoke", "contoso.com", *WHY)
    assert (status, "Invoke-MgGraphRequest" in out) == (1, True), out
    assert await requests(records, world) == []


async def test_records_that_fail_while_it_is_followed_are_not_called_nothing_written(
    world: Sandbox, records: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is stored by then, and perhaps written: that is not confirmed, and how to close it by hand is printed."""

    async def fail(*_: object) -> None:
        raise StoreUnusable("the disk does not answer")

    monkeypatch.setattr(ClosingSession, "_watch", fail)
    options = ClosingOptions(reason="They bought our competitor", confirm="contoso.com")
    status = await asyncio.to_thread(close_partner, "contoso.com", Closing.REVOKE, options, SHORT_PAUSES)
    shown = capsys.readouterr()
    assert status == 3
    assert "NOT CONFIRMED" in shown.err
    assert "nothing was written" not in shown.err
    assert "Invoke-MgGraphRequest" in shown.out
    store = await open_store(records, world.clock)
    try:
        assert [one.fields.target for one in await store.open_requests()] == [CONTOSO]
    finally:
        await store.close()


async def test_without_records_nothing_is_made(world: Sandbox, settings: Settings, tmp_path: Path) -> None:
    status, out = await gatehouse(tmp_path, "revoke", "contoso.com", *WHY)
    assert (status, "there are no records" in out, file_of(settings).exists()) == (4, True, False)
    assert "$tenant = (Invoke-MgGraphRequest -Method GET" in out


async def test_wrong_settings_still_say_how_to_close_it_by_hand(bare_environment: Path, tmp_path: Path) -> None:
    status, out = await gatehouse(tmp_path, "revoke", "contoso.com", *WHY)
    assert (status, "Invoke-MgGraphRequest -Method PATCH" in out) == (2, True), out


@pytest.mark.parametrize(("is_stored", "status", "said"), [(False, 1, "Nothing was stored"), (True, 3, "stays")])
def test_ctrl_c_says_whether_something_may_be_stored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_stored: bool, status: int, said: str
) -> None:
    """At a prompt nothing is stored yet."""

    async def interrupted(self: Any, typed: str, options: ClosingOptions) -> int:
        self.progress.may_be_stored = is_stored
        raise KeyboardInterrupt

    monkeypatch.setattr(command._Command, "run", interrupted)
    monkeypatch.setattr(command, "load_tenant_settings", lambda: SimpleNamespace(graph_url="https://graph.example"))
    monkeypatch.setattr(command, "open_clock", lambda _: None)
    assert close_partner("contoso.com", Closing.REVOKE, ClosingOptions(), SHORT_PAUSES) == status
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(("not_closed", "is_all"), [((), True), (None, False)])
def test_a_second_command_ends_as_the_first_did(not_closed: tuple[()] | None, is_all: bool) -> None:
    """Other access that is open or not known is said again, with the same status."""
    record = partnership(state=PartnershipState.REVOKED, not_closed=not_closed)
    assert Preview(identity=record.identity, partnership=record, stops=()).is_all_closed is is_all


def test_the_calls_by_hand_are_those_of_the_plan() -> None:
    opened = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}}
    plan = plan_revocation(tenant_id=TENANT, default={}, before=opened)
    text = by_hand_text("contoso.com", "https://graph.microsoft.com/v1.0/", plan)
    assert f"$tenant = '{TENANT}'" in text
    assert text.count("\nInvoke-MgGraphRequest -Method PATCH") == len(plan.operations)
    for one in (text, by_hand_text(TENANT, "https://graph.microsoft.com/v1.0", None)):
        assert '-Method PATCH -Uri "$graph/policies/crossTenantAccessPolicy/partners/$tenant/m365Capabilities/$(' in one
        assert "'Policy.ReadWrite.CrossTenantCapability'" in one
        assert '"@odata.type": "#microsoft.graph.TYPE"' in one
        assert "crossTenantMigration" in one
    assert '-Uri "$graph/policies/crossTenantAccessPolicy/partners/$tenant" -Body $body' in text
    for name in plan.operations[0].body:
        assert f'"{name}"' in text
    closed = by_hand_text(TENANT, "https://graph.microsoft.com/v1.0", None)
    assert f"$tenant = '{TENANT}'" in closed
    assert "identitySynchronization" in closed
    assert '"tenantId": "TENANT"' in closed
    assert " -creplace 'TENANT', $tenant)" in closed, "-replace would change the member's name, too"
    nothing = plan_revocation(tenant_id=TENANT, default={}, before=plan.configuration_after())
    assert "Every block is set already" in by_hand_text(TENANT, "https://graph", nothing)


@pytest.mark.parametrize("typed", ["x'); Remove-Item *", "a$(b).com", 'a".com', "contoso.com\n"])
def test_a_name_that_is_no_domain_is_not_put_into_the_calls(typed: str) -> None:
    assert typed not in by_hand_text(typed, "https://graph", None)

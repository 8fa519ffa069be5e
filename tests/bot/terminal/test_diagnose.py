"""`gatehouse diagnose` at the command line: who asked, and about whom, is recorded before anything is read."""

import asyncio
import getpass
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.terminal.cli import app
from bot.terminal.posture import diagnose_command
from bot.terminal.posture.diagnose_command import show_diagnosis
from tests.workflows.core.builders import NOW, identity
from tests.workflows.core.posture.diagnosis.read_facts import DEFAULT
from tests.workflows.fakes import FakeTenant, FixedClock
from workflows.catalog.catalog import SHIPPED
from workflows.intervals import USUAL_PAUSES
from workflows.ports.audit_log import AuditEntry
from workflows.store.location import StoreLocation

USER = f"os:{getpass.getuser()}"


class ClosedTenant(FakeTenant):
    """A tenant that can be closed, and that keeps what was recorded when it was first asked."""

    def __init__(self) -> None:
        super().__init__()
        self.add_tenant(identity(), "contoso.com")
        self.default = dict(DEFAULT)

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoreLocation:
    """Empty records, and the settings that name them."""
    location = StoreLocation(tmp_path / "gatehouse.db")
    settings = SimpleNamespace(
        records=location,
        gatehouse_max_lookups_per_hour=2,
        gatehouse_templates=SHIPPED,
        guests_azure_client_id=None,
    )
    monkeypatch.setattr(diagnose_command, "load_tenant_settings", lambda: settings)
    monkeypatch.setattr(diagnose_command, "open_clock", lambda _: FixedClock(NOW))
    monkeypatch.setattr(diagnose_command, "open_tenant", lambda *_: ClosedTenant())

    async def create() -> None:
        store = await location.open(FixedClock(NOW))
        await store.close()

    asyncio.run(create())
    return location


def entries(records: StoreLocation) -> Sequence[AuditEntry]:
    """The audit log, the oldest entry first."""

    async def read() -> Sequence[AuditEntry]:
        store = await records.open(FixedClock(NOW))
        try:
            return list(reversed(await store.history()))
        finally:
            await store.close()

    return asyncio.run(read())


def ask(*words: str, prints_json: bool = False) -> int:
    who, application = (*words, "")[:2]
    return show_diagnosis(who, application, prints_json=prints_json, pauses=USUAL_PAUSES)


def test_who_asked_about_whom_is_recorded(records: StoreLocation, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("Maria+x@CONTOSO.com", "Contractor portal", prints_json=True) == 3
    assert json.loads(capsys.readouterr().out)["subject"] == "maria+x@contoso.com"
    (entry,) = entries(records)
    assert (entry.actor, entry.command) == (USER, "look_up")
    assert entry.details == {"target": "Maria+x@CONTOSO.com Contractor portal", "by": "gatehouse diagnose"}


def test_it_is_recorded_before_the_tenant_is_read(records: StoreLocation, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(diagnose_command, "open_tenant", fail)
    assert ask("maria@contoso.com") == 1
    assert [entry.command for entry in entries(records)] == ["look_up"]


def test_what_cannot_be_recorded_is_not_answered(
    records: StoreLocation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnose_command, "open_tenant", lambda *_: pytest.fail("the tenant was read"))
    records.path.write_bytes(b"no database")
    assert ask("maria@contoso.com") == 1
    records.path.unlink()
    assert ask("maria@contoso.com") == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "set DATABASE_URL" in shown.err


def test_the_questions_of_an_hour_are_limited_and_admins_are_told(
    records: StoreLocation, capsys: pytest.CaptureFixture[str]
) -> None:
    for address in ("a@contoso.com", "b@contoso.com"):
        assert ask(address) == 3
    capsys.readouterr()
    assert ask("c@contoso.com") == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "No diagnosis was made:" in shown.err
    assert [entry.command for entry in entries(records)] == ["look_up", "look_up", "raise_alarm"]


def test_what_names_nothing_is_refused_and_recorded(records: StoreLocation, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("a@b@c") == 1
    assert "No diagnosis was made:" in capsys.readouterr().err
    assert len(entries(records)) == 1


@pytest.mark.parametrize("words", [["Contractor portal"], ["Contractor", "portal"], []])
def test_a_name_of_several_words_needs_no_quotation_marks(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def show(who: str, application: str, **_: Any) -> int:
        asked.append((who, application))
        return 0

    monkeypatch.setattr(diagnose_command, "show_diagnosis", show)
    assert CliRunner().invoke(app, ["diagnose", "maria@contoso.com", *words]).exit_code == 0
    assert asked == [("maria@contoso.com", " ".join(words))]

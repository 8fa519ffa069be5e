"""What was looked up is kept for a day, readable only for its owner; a broken line is left out."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.terminal.plan.lookups_file import LookupsFile
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId
from workflows.intervals import LOOKUPS_KEPT_FOR

HOME = "11111111-2222-4333-8444-555555555555"
NOW = datetime(2026, 11, 28, tzinfo=UTC)
CONTOSO = TenantIdentity(
    tenant_id=TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1"),
    display_name="Contoso",
    default_domain="contoso.com",
    typed_name="contoso.com",
)


def test_names_are_known_again_until_they_are_too_old(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    with LookupsFile(path, NOW, home=HOME) as lookups:
        lookups.keep("contoso.com", CONTOSO)
        lookups.keep("nobody.example", None)
        lookups.keep("unknown", TenantIdentity.without_names(TenantId("x")))
    with path.open("a") as file:
        file.write('{"name": "half')
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with LookupsFile(path, NOW + LOOKUPS_KEPT_FOR, home=HOME) as lookups:
        assert lookups.known == {"contoso.com": CONTOSO}
        lookups.keep("contoso.com", CONTOSO)
    assert len(path.read_text().splitlines()) == 2
    with LookupsFile(path, NOW + LOOKUPS_KEPT_FOR + timedelta(seconds=1), home=HOME) as lookups:
        assert lookups.known == {}


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    with LookupsFile(None, NOW, home=HOME) as lookups:
        lookups.keep("contoso.com", CONTOSO)
        assert lookups.known == {}
    assert list(tmp_path.iterdir()) == []


def test_a_line_after_a_broken_one_is_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    path.touch(0o600)
    path.write_bytes(b"\xff\xfe")
    with LookupsFile(path, NOW, home=HOME) as lookups:
        assert lookups.known == {}
        lookups.keep("contoso.com", CONTOSO)
    with LookupsFile(path, NOW, home=HOME) as lookups:
        assert lookups.known == {"contoso.com": CONTOSO}


@pytest.mark.parametrize(
    "changed",
    [
        {"tenant_id": "no-tenant"},
        {"tenant_id": CONTOSO.tenant_id.upper()},
        {"at": "2099-01-01T00:00:00+00:00"},
        {"at": "2026-11-28T00:00:00"},
        {"home": "99999999-2222-4333-8444-555555555555"},
        {"home": None},
    ],
)
def test_a_line_that_this_command_cannot_have_written_now_is_left_out(tmp_path: Path, changed: dict[str, Any]) -> None:
    path = tmp_path / "kept.jsonl"
    with LookupsFile(path, NOW, home=HOME) as lookups:
        lookups.keep("contoso.com", CONTOSO)
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with LookupsFile(path, NOW, home=HOME) as lookups:
        assert lookups.known == {}


def test_a_file_that_others_can_write_a_link_or_a_device_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path, link, pipe = (tmp_path / name for name in ("kept.jsonl", "link", "pipe"))
    path.write_text("precious\n")
    path.chmod(0o644)
    link.symlink_to(path)
    os.mkfifo(pipe, 0o600)
    for one in (path, link, pipe):
        with pytest.raises(OSError, match="nobody else can read or write, and no link"):
            LookupsFile(one, NOW, home=HOME)
    assert path.read_text() == "precious\n"


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "kept.jsonl"
    path.touch(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(OSError, match="nobody else"):
        LookupsFile(path, NOW, home=HOME)

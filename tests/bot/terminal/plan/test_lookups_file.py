"""What was looked up is kept for a day, readable only for its owner; a broken line is left out."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.terminal.plan.lookups_file import LookupsFile
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId
from workflows.intervals import LOOKUPS_KEPT_FOR

NOW = datetime(2026, 11, 28, tzinfo=UTC)
CONTOSO = TenantIdentity(
    tenant_id=TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1"),
    display_name="Contoso",
    default_domain="contoso.com",
    typed_name="contoso.com",
)


def test_names_are_known_again_until_they_are_too_old(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    with LookupsFile(path, NOW) as lookups:
        lookups.keep("contoso.com", CONTOSO)
        lookups.keep("nobody.example", None)
        lookups.keep("unknown", TenantIdentity.without_names(TenantId("x")))
    with path.open("a") as file:
        file.write('{"name": "half')
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with LookupsFile(path, NOW + LOOKUPS_KEPT_FOR) as lookups:
        assert lookups.known == {"contoso.com": CONTOSO}
        lookups.keep("contoso.com", CONTOSO)
    assert len(path.read_text().splitlines()) == 2
    with LookupsFile(path, NOW + LOOKUPS_KEPT_FOR + timedelta(seconds=1)) as lookups:
        assert lookups.known == {}


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    with LookupsFile(None, NOW) as lookups:
        lookups.keep("contoso.com", CONTOSO)
        assert lookups.known == {}
    assert list(tmp_path.iterdir()) == []

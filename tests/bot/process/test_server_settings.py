"""The settings of records on a server: what is needed with them, and that the password never prints."""

from pathlib import Path
from typing import Final

import pytest

from bot.process.logs.redactor import Redactor, secrets_of
from bot.process.settings import SettingsProblems, load_tenant_settings
from workflows.core.audit.chain import written_key
from workflows.store.audit_keys import new_key
from workflows.store.postgres.location import PostgresLocation

URL: Final = "postgresql://gatehouse:pass%2Fword%40canary@db.example:6432/gatehouse?sslmode=verify-full"
PASSWORDS: Final = ("pass/word@canary", "pass%2Fword%40canary")


@pytest.fixture
def given(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Good settings of records in PostgreSQL, to be changed by the test."""
    for name, value in {
        "AZURE_TENANT_ID": "6f1d2a34-9b0c-4f6e-8a57-2c1d0e9f4b11",
        "AZURE_CLIENT_ID": "3b8c5f0e-7a41-4d0e-9c55-5de7c2f0a6d2",
        "DATABASE_URL": URL,
        "AUDIT_KEY": written_key(new_key()),
        "GATEHOUSE_GENERATION": str(bare_environment / "generation"),
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def problems() -> tuple[str, ...]:
    """Return why the settings are refused."""
    with pytest.raises(SettingsProblems) as refused:
        load_tenant_settings()
    return refused.value.problems


def test_an_address_chooses_the_server_and_its_password_prints_nowhere(given: pytest.MonkeyPatch) -> None:
    settings = load_tenant_settings()
    records = settings.records
    assert isinstance(records, PostgresLocation)
    assert records.name == "gatehouse at db.example"
    assert records.known_as == "postgresql://db.example:6432/gatehouse"
    clean = Redactor(secrets_of(settings, {}))
    for text in (repr(settings), str(settings), repr(records), clean(f"{URL} {PASSWORDS[0]} {PASSWORDS[1]}")):
        assert not any(password in text for password in PASSWORDS), text


def test_the_address_can_be_in_a_file(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{URL}\n")
    given.delenv("DATABASE_URL")
    given.setenv("DATABASE_URL_FILE", str(tmp_path / "url"))
    assert load_tenant_settings().records.name == "gatehouse at db.example"
    given.setenv("DATABASE_URL", "sqlite:///other.db")
    assert problems() == ("DATABASE_URL_FILE: DATABASE_URL is set too, to another value; remove one of them",)


def test_what_is_beside_a_file_must_be_named_with_a_server(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.delenv("AUDIT_KEY")
    given.delenv("GATEHOUSE_GENERATION")
    assert problems() == (
        "AUDIT_KEY_FILE: missing; with PostgreSQL no key is made, so set it, or AUDIT_KEY",
        "GATEHOUSE_GENERATION: missing; with PostgreSQL set it to a folder that is kept, or <installation>:<number>",
    )
    (tmp_path / "key").write_text(written_key(new_key()))
    given.setenv("AUDIT_KEY_FILE", str(tmp_path / "key"))
    given.setenv("GATEHOUSE_GENERATION", f"{'a' * 32}:7")
    assert load_tenant_settings().generation_place.name == "GATEHOUSE_GENERATION"


@pytest.mark.parametrize(
    "url", ["postgresql://u:can/ary@h/d", "postgresql://u:can@ary@h/d", "postgres://", "mysql://h/d"]
)
def test_a_wrong_address_is_not_repeated(given: pytest.MonkeyPatch, url: str) -> None:
    given.setenv("DATABASE_URL", url)
    [problem] = [one for one in problems() if one.startswith("DATABASE_URL:")]
    assert "must look like " in problem
    assert "ary" not in problem

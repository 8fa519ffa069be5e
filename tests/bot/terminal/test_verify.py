"""`gatehouse audit verify`: its exit statuses, the first wrong entry, and the posted line as it was posted."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from bot.process.logs.logs import configure_terminal_logs
from bot.process.logs.redactor import Redactor
from bot.process.settings import load_tenant_settings
from bot.terminal.evidence.key_check import key_finding
from bot.terminal.evidence.verify_command import print_new_key, verify_audit
from bot.words.unavailable.audit_chain import words_of
from tests.workflows.core.builders import NOW
from tests.workflows.store.sqlite.audit.logs import add, change, log, posted, with_store
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.audit.chain import parse_keys, written_key
from workflows.core.audit.heads import HEAD_POSTED, head_text
from workflows.core.audit.verifying import ChainProblem, ChainProblemCode
from workflows.ports.records import Commit
from workflows.ports.store import Store
from workflows.store.audit_keys import new_key, own_key_file


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of nine entries, and the settings that lead to it."""
    path = log(tmp_path / "gatehouse.db", 9)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_TENANT_ID", "11111111-1111-4111-8111-111111111111")
    monkeypatch.setenv("AZURE_CLIENT_ID", "22222222-2222-4222-8222-222222222222")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    for name in ("AUDIT_KEY", "AUDIT_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    return path


def test_a_whole_log_ends_with_0_and_contains_the_posted_line(
    records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = head_text(posted(records))
    assert verify_audit("", as_json=False) == 0
    assert "It was not compared with a posted line." in capsys.readouterr().out
    assert verify_audit(f" `{line}` ", as_json=False) == 0
    out = capsys.readouterr().out
    assert "The audit log is whole. 9 entries read. The last one is 9." in out
    assert "It contains the line that was posted on" in out


@pytest.mark.threats("G7")
def test_a_changed_log_ends_with_1_and_the_first_wrong_entry(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(records, "update audit set outcome = 'refused' where seq = 4")
    assert verify_audit("", as_json=False) == 1
    out = capsys.readouterr().out
    assert "THE AUDIT LOG WAS CHANGED." in out
    assert "- Entry 4 was changed." in out
    assert verify_audit("", as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["is_whole"], document["first_bad_seq"], document["problem_count"]) == (False, 4, 1)
    assert [one["code"] for one in document["problems"]] == ["edited"]


@pytest.mark.threats("G7")
def test_a_cut_tail_ends_with_1_when_the_posted_line_is_given(
    records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = head_text(posted(records))
    change(records, "delete from audit where seq > 6", "update sqlite_sequence set seq = 6 where name = 'audit'")
    assert verify_audit("", as_json=False) == 0
    assert verify_audit(line, as_json=False) == 1
    assert "- The entries from 7 on are missing." in capsys.readouterr().out


def test_a_missing_key_is_called_that(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_key_file(records).write_text(f"{written_key(new_key())}\n")
    assert verify_audit("", as_json=False) == 1
    out = capsys.readouterr().out
    assert "A KEY IS MISSING." in out
    assert "WAS CHANGED" not in out


def test_what_cannot_be_checked_ends_with_2(
    records: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own_key_file(records).unlink()
    assert verify_audit("", as_json=False) == 2
    assert "AUDIT_KEY_FILE" in capsys.readouterr().err
    assert not own_key_file(records).exists()
    monkeypatch.setenv("DATABASE_URL", "sqlite:///none.db")
    assert verify_audit("", as_json=False) == 2
    monkeypatch.setenv("AUDIT_KEY", "short")
    assert verify_audit("", as_json=False) == 2
    with pytest.raises(typer.BadParameter):
        verify_audit("gatehouse-audit-1:9", as_json=False)


def test_a_printed_key_is_one_that_can_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    print_new_key()
    print_new_key()
    assert len(parse_keys(capsys.readouterr().out).keys) == 2


def test_the_doctor_says_where_the_key_is_and_never_what_it_is(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = own_key_file(records)
    key = parse_keys(file.read_text()).signing
    state, advice = key_finding(load_tenant_settings())
    assert str(file) in state
    assert key.id in state
    assert "beside the database" in advice
    file.chmod(0o644)
    assert "chmod 600" in key_finding(load_tenant_settings())[1]
    monkeypatch.setenv("AUDIT_KEY", f"{written_key(key)},{written_key(new_key())}")
    given, advice = key_finding(load_tenant_settings())
    assert given.startswith("in AUDIT_KEY; signs with ")
    assert advice == ""
    assert written_key(key) not in state + given
    monkeypatch.delenv("AUDIT_KEY")
    monkeypatch.setenv("AUDIT_KEY_FILE", str(records.parent / "none"))
    assert key_finding(load_tenant_settings())[1] == "Put the file back from its copy"


def test_the_key_of_a_setting_signs(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = new_key()
    old = parse_keys(own_key_file(records).read_text()).signing
    monkeypatch.setenv("AUDIT_KEY", f"{written_key(old)},{written_key(new)}")
    with_store(records, lambda store: add(store, [10]), load_tenant_settings().records.audit_keys)
    own_key_file(records).unlink()
    assert verify_audit("", as_json=False) == 0


@pytest.mark.parametrize(
    ("record", "subject"),
    [
        ("requests R-1", "The request R-1"),
        ("partnerships t-1", "The record of the partner t-1"),
        ("batches B-1", "The batch B-1"),
        ("freezes freeze", "The record of the freeze"),
        ("absences U1", "The record of an absence (U1)"),
        ("clicks block_actions:T1", "A click (block_actions:T1)"),
    ],
)
def test_a_record_is_named_as_people_know_it(record: str, subject: str) -> None:
    problem = ChainProblem(ChainProblemCode.RECORD_ADDED, 0, record=record)
    assert words_of(problem) == f"{subject} was added by something other than Gatehouse."


def test_azure_identity_prints_nothing_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    configure_terminal_logs(Redactor())
    logging.getLogger("azure.identity.aio._credentials").warning("ClientSecretCredential.get_token failed")
    assert capsys.readouterr().err == ""


@pytest.mark.threats("G7")
def test_a_line_of_another_installation_is_said_to_be_that(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = head_text(replace(posted(records), installation=f"{'a' * 32}:1"))

    async def post(store: Store) -> None:
        await store.commit(Commit(entry=entry_of("posted", NOW, None, HEAD_POSTED, {"head": own, "seq": 9})))

    with_store(records, post)
    foreign = head_text(replace(posted(records), seq=99, installation=f"{'b' * 32}:1"))
    assert verify_audit(foreign, as_json=False) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "THE LINE IS OF ANOTHER INSTALLATION. By itself, the audit log is whole." in out
    assert "The line, or the file, is the wrong one." in out
    assert "missing" not in out
    assert verify_audit(foreign, as_json=True) == 1
    assert [one["code"] for one in json.loads(capsys.readouterr().out)["problems"]] == ["other_installation"]
    assert verify_audit(own, as_json=False) == 0

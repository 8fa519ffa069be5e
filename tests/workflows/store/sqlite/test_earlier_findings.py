"""Findings that an earlier version stored as sentences are read, and say the same word for word."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from sqlite_utils import Database

from bot.words.findings.finding import finding_lines, finding_words, severity_words, source_words
from tests.workflows.core.builders import NOW, SECURITY, prepared, request
from tests.workflows.fakes import FixedClock
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.people import ChatId
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.store.codec import REQUEST, dump
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store

EARLIER: Final[tuple[dict[str, Any], ...]] = (
    {
        "code": "licence_p1",
        "severity": "note",
        "text": "It needs “P1”, says an earlier version.",
        "source": "Entra: “A page”",
        "lines": [],
    },
    {
        "code": "ca_locked_out",
        "severity": "warning",
        "text": "Locked out: guests.",
        "source": "Entra: “Another page”",
        "lines": ["Guests, by “A”.", "Guests, by “B”."],
    },
    {
        "code": "a_code_that_is_gone",
        "severity": "could not be checked",
        "text": "Something could not be checked.",
        "source": "Gatehouse's records",
    },
    {
        "code": "unclear_list",
        "severity": "warning",
        "text": "It is not certain.",
        "source": "Gatehouse's own rule: Microsoft does not document what such a list means",
        "lines": [],
    },
)
"""What the version before stored."""
NOW_READ: Final = (
    Finding(
        code=FindingCode.LICENCE_P1,
        severity=Severity.NOTE,
        source="Entra: “A page”",
        values={"text": "It needs “P1”, says an earlier version."},
    ),
    Finding(
        code=FindingCode.CA_LOCKED_OUT,
        severity=Severity.WARNING,
        source="Entra: “Another page”",
        values={"text": "Locked out: guests.", "lines": ["Guests, by “A”.", "Guests, by “B”."]},
    ),
    Finding(
        code=FindingCode.TEXT,
        severity=Severity.UNCHECKED,
        source="records",
        values={"text": "Something could not be checked."},
    ),
    Finding(
        code=FindingCode.UNCLEAR_LIST,
        severity=Severity.WARNING,
        source="own_rule",
        values={"text": "It is not certain."},
    ),
)


def earlier_database(path: Path, known: AccessRequest, before: str) -> Database:
    """Make a database of an earlier version with one waiting request."""
    db = Database(path)
    migrations.apply(db, stop_before=before)
    stored = json.loads(dump(REQUEST, known))
    stored["prepared"]["findings"] = list(EARLIER)
    insert = """insert into requests (id, version, state, is_open, requester, created_at, doc)
        values (?, ?, ?, 1, ?, ?, ?)"""
    values = (known.version, known.state.value, known.fields.requester, NOW.isoformat())
    db.execute(insert, (known.id, *values, json.dumps(stored)))
    for number, doc in enumerate(("not JSON", "[]", '{"prepared":null}', '{"prepared":{"findings":[1,{}]}}')):
        db.execute(insert, (f"odd-{number}", *values, doc))
    db.conn.commit()
    return db


@pytest.mark.threats("G10")
@pytest.mark.parametrize("before", ["m010_findings", "m007_barred_accounts", "m003_effects_rank_and_homes"])
async def test_a_request_of_an_earlier_version_opens_with_its_findings_and_is_found_by_who_decides(
    tmp_path: Path, before: str
) -> None:
    known = request(RequestState.AWAITING_APPROVAL)
    earlier_database(tmp_path / "gatehouse.db", known, before).close()
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    try:
        read = await store.request(known.id)
        assert read is not None
        assert read.require_prepared() == prepared(findings=NOW_READ)
        assert read.plan.digest == known.plan.digest
        if before != "m010_findings":  # a later version had noted it already
            waiting = await store.requests_waiting([SECURITY], {ChatId("E-OTHER")}, 9)
            assert [one.id for one in waiting.items] == [known.id]
    finally:
        await store.close()


def test_a_person_reads_what_the_earlier_version_said() -> None:
    for earlier, now in zip(EARLIER, NOW_READ, strict=True):
        assert finding_words(now) == earlier["text"]
        assert list(finding_lines(now)) == earlier.get("lines", [])
        assert severity_words(now.severity) == earlier["severity"]
        assert source_words(now.source) == earlier["source"]


def test_what_is_no_finding_of_an_earlier_version_stays_as_it_is(tmp_path: Path) -> None:
    db = earlier_database(tmp_path / "gatehouse.db", request(RequestState.AWAITING_APPROVAL), "m010_findings")
    kept = dict(db.execute("select id, doc from requests where id like 'odd-_'").fetchall())
    migrations.apply(db)
    assert dict(db.execute("select id, doc from requests where id like 'odd-_'").fetchall()) == kept
    assert len(kept) == 4
    db.close()

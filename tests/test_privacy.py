"""docs/privacy.md against the store and the log: no table and no detail that holds a person can be forgotten."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from tests.workflows.app.test_audit_rows import OF_CLICKS, OF_PARTNERS, OF_REQUESTS, Row
from workflows.core.audit.chain import FIELDS
from workflows.core.audit.personal import PUBLIC_NAMES, seal, signed_texts
from workflows.store.common.erasing import REWRITTEN
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.other_records.erasure import FORGOTTEN

PAGE = (Path(__file__).parents[1] / "docs/privacy.md").read_text()
ROWS: list[Row] = [*(one[2] for one in OF_REQUESTS), *(one[2] for one in OF_PARTNERS), *(one[1] for one in OF_CLICKS)]
OF_NOBODY = {"import_lookups"}


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def tables() -> set[str]:
    db = Database(memory=True)
    migrations.apply(db)
    return {name for name in db.table_names() if not name.startswith(("sqlite_", "_sqlite"))}


def test_the_page_says_of_each_table_how_long_it_is_kept() -> None:
    rows = [line.split("|")[1] for line in section("How long").splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall("`([a-z_]+)`", row)]
    assert sorted(named) == sorted(tables())


def test_erasure_has_something_to_do_in_each_table_or_the_table_is_of_nobody() -> None:
    forgotten = {statement.split()[2 if statement.startswith("delete") else 1] for statement in FORGOTTEN}
    assert set(REWRITTEN) | forgotten | {"audit"} | OF_NOBODY == tables()
    assert OF_NOBODY & (set(REWRITTEN) | forgotten) == set()


def test_the_page_lists_the_details_that_are_about_nobody() -> None:
    listed = section("Erasure").partition("because they are about nobody:\n")[2].partition(".\n")[0]
    assert set(re.findall("`([A-Za-z0-9_]+)`", listed)) == PUBLIC_NAMES


def names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set[str]().union(*map(names_in, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("row", ROWS)
def test_nothing_signed_of_any_command_names_a_person(row: Row) -> None:
    """The people of the tests: their chat ids, accounts, names, and everything that they wrote."""
    columns, details = row
    actor, command, outcome, request_id, tenant_id, account = (
        None if text == "-" else text for text in columns.split(" ")
    )
    entry = dict.fromkeys(FIELDS) | {"key": "k", "actor": actor, "command": command, "outcome": outcome}
    entry |= {"request_id": request_id, "tenant_id": tenant_id, "account": account, "details": details}
    sealed = seal(entry, lambda text: None if text == "gatehouse" else 0, lambda: bytes(16))
    signed = json.dumps(dict(signed_texts(entry, None if sealed is None else sealed.references)))
    for text in (
        "U-",
        "id-",
        "Amara",
        "Riley",
        "Sam",
        "Bruno",
        "Too wide",
        "Which",
        "agree",
        "launch",
        "moved",
        "Needed",
    ):
        assert text not in signed, text


def test_a_name_of_a_detail_that_holds_a_person_is_never_public() -> None:
    known = set[str]().union(*(names_in(json.loads(row[1])) for row in ROWS))
    held = {
        "account",
        "proposed",
        "proposed_account",
        "asked",
        "people",
        "person",
        "reason",
        "text",
        "what",
        "justification",
    }
    assert held <= known
    assert held & PUBLIC_NAMES == set()

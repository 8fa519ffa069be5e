"""The posted head: one word, which is read as it was posted."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.workflows.core.audit.chains import chain
from workflows.core.audit.chain import ChainPoint
from workflows.core.audit.heads import Head, head_of, head_text, parse_head

AT = datetime(2026, 11, 28, 9, 0, 1, 5, tzinfo=UTC)
POINT = ChainPoint(12, bytes(range(32)))
TEXT = "gatehouse-audit-1:12:000102030405060708090a0b0c0d0e0f:20261128T090001Z"


@pytest.mark.parametrize(
    ("installation", "text"),
    [("", TEXT), ("1f0c-a", f"{TEXT}:1f0c-a"), ("1f0c-a:12", f"{TEXT}:1f0c-a:12"), ("1f0X", f"{TEXT}:1f0X")],
)
def test_a_head_is_read_as_it_was_posted(installation: str, text: str) -> None:
    head = head_of(POINT, AT, installation)
    assert head_text(head) == text
    assert parse_head(text) == parse_head(f" `{text}`\n") == head
    assert (head.seq, head.at, head.installation) == (12, AT.replace(microsecond=0), installation)


@pytest.mark.parametrize(
    "text",
    [
        *("", "12", TEXT[:-1], f"{TEXT}:", TEXT.replace(":12:", ":0:"), TEXT.replace("-1:", "-2:")),
        *(TEXT.replace("000102", "00010G"), TEXT.replace("20261128", "20261328")),
    ],
)
def test_what_is_no_head_is_not_read(text: str) -> None:
    assert parse_head(text) is None


def test_a_head_shows_one_signature() -> None:
    rows = chain(2)
    head = head_of(ChainPoint(rows[0].seq, rows[0].mac or b""), AT)
    assert isinstance(head, Head)
    assert [head.is_of(rows[0].mac), head.is_of(rows[1].mac), head.is_of(None)] == [True, False, False]


def test_a_head_has_its_time_in_utc_and_no_installation_unless_it_is_told() -> None:
    head = head_of(POINT, AT.astimezone(timezone(timedelta(hours=14))))
    assert head.at.tzinfo is UTC  # not the zone of the machine, which may have the same offset
    assert head.installation == ""
    assert head_text(head) == TEXT

"""What the rows of a batch do to access is said as their plans say it, and the numbers add up."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.slack.cards.batches.batch_card import batch_card
from bot.slack.cards.batches.batch_details import details_blocks
from bot.words.batches.effects import change_counts_words, more_access_counts, row_change_words
from tests.bot.sample_sheets import sheet_batch, sheet_row
from tests.workflows.core.builders import NOW
from workflows.core.batches.batch import BatchRow
from workflows.core.settings.access_change import AccessChange as A

INBOUND, MFA = "b2bCollaborationInbound", "inboundTrust.isMfaAccepted"


def rows(*changes: Mapping[str, A] | None) -> list[BatchRow]:
    return [replace(sheet_row(number), access_changes=one) for number, one in enumerate(changes)]


def test_rows_that_only_narrow_open_nothing() -> None:
    """They were said to open everything that stays open."""
    found = rows({INBOUND: A.REDUCES}, {INBOUND: A.REDUCES, MFA: A.CLOSES}, {})
    assert change_counts_words(found) == "1 the same, 2 less"
    assert more_access_counts(found) == []


def test_each_row_is_counted_once_and_more_access_last() -> None:
    found = rows({INBOUND: A.REDUCES, MFA: A.OPENS}, {MFA: A.UNKNOWN}, {INBOUND: A.REDUCES}, None)
    words = change_counts_words(found)
    assert words == "1 not known, 1 less, 1 unclear, 1 more"
    assert sum(map(int, re.findall(r"\d+", words))) == len(found)
    assert [count for _, count in more_access_counts(found)] == [2]


def test_records_of_earlier_versions_say_nothing_of_their_changes() -> None:
    assert change_counts_words(rows(None, None)) == ""
    assert row_change_words(*rows(None)) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "The same access"),
        ({INBOUND: A.REDUCES}, "Less: B2B collaboration, inbound"),
        (
            {INBOUND: A.REDUCES, "new": A.OPENS},
            "More: unknown settings · Less: B2B collaboration, inbound",
        ),
    ],
)
def test_a_row_says_of_what_it_gives_more_and_less(changes: Mapping[str, A], words: str) -> None:
    (row,) = rows(changes)
    assert row_change_words(row) == words


def test_card_and_details_say_the_change_and_what_is_open_afterwards() -> None:
    known = sheet_batch(count=3)
    changed = tuple(replace(row, access_changes={INBOUND: A.REDUCES}) for row in known.rows)
    batch = replace(known, rows=changed)
    for blocks in (batch_card(batch, now=NOW).blocks, [one.to_dict() for one in details_blocks(batch, now=NOW)]):
        text = str(blocks)
        assert "3 less" in text
        assert "Opens" not in text
        assert "3 less: " not in text
    assert "Open afterwards: " in str([one.to_dict() for one in details_blocks(batch, now=NOW)])

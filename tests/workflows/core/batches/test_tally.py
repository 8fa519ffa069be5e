"""Each row of a batch is counted once, on every surface, and the parts add up to the total."""

import random
import re

import pytest

from bot.words.batches.kinds import words_of
from bot.words.batches.rows import progress_words, result_words, size_words
from bot.words.batches.run import run_words
from tests.workflows.core.batches.examples import batch, row
from tests.workflows.core.builders import NOW
from workflows.core.batches.batch import Batch, BatchState, RowState, tally
from workflows.core.batches.running.facts import run_facts
from workflows.core.requests.request import RequestKind


def any_batch(state: BatchState, seed: int) -> Batch:
    """A batch of rows in any states, each with or without a plan that was decided on."""
    chosen = random.Random(seed)
    print("seed", seed)
    digest = row(1).plan_digest
    rows = [
        row(number, chosen.choice(list(RowState)), plan_digest=chosen.choice([None, digest]))
        for number in range(chosen.randint(1, 12))
    ]
    return batch(state, *rows, kind=chosen.choice([RequestKind.ACCESS, RequestKind.ADOPTION]))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("state", BatchState)
def test_the_parts_add_up_to_all_rows_in_every_state(state: BatchState, seed: int) -> None:
    """Property. What is said in words is checked too: the numbers after the first one add up to the total."""
    known = any_batch(state, seed)
    counts = tally(known)
    assert counts.members + counts.beside == len(known.rows)
    assert counts.members == sum(one.was_member for one in known.rows)
    assert 0 <= counts.open <= counts.members
    words = result_words(known)
    assert words == run_words(run_facts(known, NOW), words_of(known))
    together, _, besides = words.partition(". Besides these: ") if counts.members else ("", "", words)
    if counts.members:
        applied, total, *parts = map(int, re.findall(r"(\d+) ", together))
        assert (total, applied + sum(parts)) == (counts.members, counts.members), words
    assert sum(map(int, re.findall(r"(\d+) ", besides))) == counts.beside, words
    assert progress_words(known).startswith(f"{counts.done} of {counts.members} ")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("state", [BatchState.APPLYING, BatchState.HALTED, BatchState.DONE, BatchState.STOPPED])
def test_the_title_names_as_many_partners_as_the_result(state: BatchState, seed: int) -> None:
    known = any_batch(state, seed)
    if members := tally(known).members:
        assert size_words(known).split()[0] == str(members)


def test_a_row_with_its_own_request_from_the_start_is_no_part_of_the_result() -> None:
    rows = (row(1, RowState.APPLIED), row(2, RowState.LEFT, plan_digest=row(2).plan_digest), row(3, RowState.LEFT))
    known = batch(BatchState.DONE, *rows, row(4, RowState.ENDED), row(5, RowState.NOT_ASKED))
    assert result_words(known) == (
        "1 of 2 partners adopted (verified), 1 with its own request. Besides these: 1 decided alone, 1 ended before "
        "the decision, 1 not asked for"
    )
    assert size_words(known) == "2 partners"

"""What docs/replicas.md quotes of a bot that does not start, or starts held, is what is said."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from bot.process.opening.start_checks import _require_key_of_others, store_outage
from bot.process.settings import SettingsProblems
from bot.words.refusals.freeze import held_words
from tests.workflows.fakes import FixedClock
from workflows.app.schedule.freezing.held_start import PlaceNotShared
from workflows.core.audit.chain import BEGINNING, KeyRing
from workflows.core.policy.stops.generation import HoldCause
from workflows.ports.records import StoreUnusable
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.postgres.opening.schema import known_step

PAGE: Final = Path(__file__).parents[2] / "docs/replicas.md"


class Others:
    """A queue that others share."""

    async def has_others(self) -> bool:
        """Say so."""
        return True


async def said_of_the_place() -> str:
    """What a bot says whose place does not know the records."""

    async def begin(*, takes_now: bool) -> None:
        raise PlaceNotShared(HoldCause.NOT_HANDED_OVER)

    held = SimpleNamespace(begin=begin, place=SimpleNamespace(name="/var/lib/gatehouse"))
    store, start = SimpleNamespace(shared_queue=None), SimpleNamespace()
    with pytest.raises(SettingsProblems) as refused:
        await store_outage(cast(Any, store), FixedClock(), cast(Any, held), cast(Any, start))
    return refused.value.problems[0]


async def said_of_the_key() -> str:
    """What a bot says that has another key."""

    async def chain_end() -> object:
        return BEGINNING

    async def rows_after(seq: int, *, limit: int) -> list[object]:
        return [SimpleNamespace(key_id="abcdef01")]

    keys = GivenKeys(KeyRing((new_key(),)))
    store = SimpleNamespace(chain_end=chain_end, rows_after=rows_after, audit_keys=keys, shared_queue=Others())
    with pytest.raises(SettingsProblems) as refused:
        await _require_key_of_others(cast(Any, store))
    return refused.value.problems[0]


def said_of_the_version() -> str:
    """What a bot of an older version says."""
    found = SimpleNamespace(fetchone=lambda: ("p999",))
    connection = SimpleNamespace(info=SimpleNamespace(server_version=180_000), execute=lambda *_: found)
    with pytest.raises(StoreUnusable) as refused:
        known_step(cast(Any, connection), cast(Any, SimpleNamespace(name="gatehouse")))
    return f"DATABASE_URL: {refused.value}"


async def test_every_sentence_of_the_page_is_said_and_every_refusal_because_of_others_is_on_it() -> None:
    table = PAGE.read_text().partition("## When one does not start")[2].partition("\n## ")[0]
    quoted = re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE)
    refusals = [await said_of_the_place(), await said_of_the_key(), said_of_the_version()]
    said = [*refusals, *(held_words(cause.value) for cause in HoldCause)]
    patterns = [".*".join(map(re.escape, sentence.split("…"))) for sentence in quoted]
    assert len(patterns) > 5
    assert [one for one in patterns if not any(re.match(one, sentence) for sentence in said)] == []
    assert [sentence for sentence in refusals if not any(re.match(one, sentence) for one in patterns)] == []

"""What `gatehouse sweep` prints: what needs an answer first, readable at 80 columns, nothing from outside as markup."""

import io
from dataclasses import replace
from datetime import timedelta

from rich.console import Console

from bot.terminal.sweep_command import print_sweep
from tests.workflows.core.builders import DANA, NOW
from tests.workflows.core.posture.watch.drifts import drift, found
from workflows.app.watch.sweep import SweepResult
from workflows.core.errors.facts import Fact
from workflows.core.posture.watch.drift import DEFAULT, Acceptance, Author, AuthorState, Drift
from workflows.core.requests.notes import NoteCode

WHOLE = SweepResult(began_at=NOW, is_complete=True, partners=4, not_compared=0, drifts=2, told=0)


def printed(*drifts: Drift, result: SweepResult = WHOLE, width: int = 80) -> str:
    out = io.StringIO()
    print_sweep(result, drifts, Console(file=out, width=width, highlight=False, emoji=False, markup=False), NOW)
    return out.getvalue()


def test_what_may_give_more_access_comes_first_and_what_is_accepted_last() -> None:
    accepted = Acceptance(person=DANA, until=NOW + timedelta(days=7), reason="Known", at=NOW)
    closing = replace(drift(found=found(opens=False)), partner="adatum.com")
    answered = replace(closing, partner="aaa.com", acceptances=(accepted,))
    opening = replace(drift(), partner="zzz.com")
    out = printed(answered, closing, opening)
    assert [line.split(":")[0] for line in out.splitlines() if line[:1].strip()] == [
        "zzz.com",
        "adatum.com",
        "aaa.com",
        "Read 4 partners. 3 entries are different from what was approved.",
    ]
    assert "  Accepted until" in out
    assert max(map(len, out.splitlines())) <= 80
    assert out.count("\n\n") == 3, "an empty line after each"


def test_names_from_outside_are_no_markup_and_no_control() -> None:
    hostile = "[bold]x[/bold]\x1b[31m\u202e"
    author = Author(state=AuthorState.KNOWN, name=hostile, account="m", at=NOW)
    out = printed(replace(drift(), partner=hostile, author=author), replace(drift(), subject=DEFAULT, partner=""))
    assert "[bold]x[/bold]" in out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "The tenant's default: " in out


def test_incomplete_is_said_and_nothing_is_called_clean() -> None:
    result = replace(WHOLE, is_complete=False, not_compared=1, reasons=(Fact(NoteCode.WENT_WRONG),))
    out = printed(result=result, width=60)
    assert out.startswith("INCOMPLETE: not everything could be read")
    assert "Nothing is different" not in out
    assert "1 partner was not compared." in " ".join(out.split())

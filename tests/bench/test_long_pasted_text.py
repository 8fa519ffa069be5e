"""A long pasted text takes little longer to read than its length says: no pattern looks through it again and again."""

import time

import pytest

from workflows.core.errors.raised import InvalidField
from workflows.partner_lookup.pasted_text import MAX_CHARACTERS as LONGEST
from workflows.partner_lookup.target import target_candidates

pytestmark = pytest.mark.load

SHORTER: int = 400
"""A text of letters and dots is refused from about 250 on."""
MAX_RATIO: float = 10.0
"""Two to four is what is meant; a loaded machine is given room, a pattern that backtracks is not."""


def cost(text: str) -> float:
    """Seconds of processor time, at best of five."""
    best = float("inf")
    for _ in range(5):
        began = time.thread_time()
        with pytest.raises(InvalidField):
            target_candidates(text)
        best = min(best, time.thread_time() - began)
    return best


@pytest.mark.parametrize("piece", ["*", "<", ".", "a.", "'", "(", "@", "<http://a.com|", "&lt;", "a,", "~a*", "//"])
def test_a_long_text_takes_as_much_longer_as_it_is_longer(piece: str) -> None:
    """Slack takes 4,000 characters after a command; the last ones of these lengths are refused."""
    shorter, longest, refused = (cost(piece * (length // len(piece))) for length in (SHORTER, LONGEST, 4000))
    assert longest < MAX_RATIO * shorter, f"{shorter * 1e6:.0f} us, then {longest * 1e6:.0f} us"
    assert refused < MAX_RATIO * longest, f"{longest * 1e6:.0f} us, then {refused * 1e6:.0f} us"

"""What happens at the end of an access, in the one table of words."""

from bot.words.requests.access_end import AT_END, WHY_OPEN, ended_state_words
from tests.workflows.core.builders import partnership
from workflows.core.partners.access_end.decision import EndStep
from workflows.core.plans.plan import AtEnd


def test_every_kind_of_end_has_its_words() -> None:
    assert set(AT_END) == set(AtEnd)
    assert AT_END[AtEnd.BLOCK] == ("Blocked automatically on", "then blocked", "waits to be blocked")
    assert AT_END[AtEnd.ASK] == ("Asked on", "then asked", "access period ended")


def test_every_reason_why_an_ended_access_is_open_has_a_sentence() -> None:
    silent = {EndStep.BLOCK, EndStep.WAIT}
    assert set(WHY_OPEN) == set(EndStep) - silent


def test_the_state_of_an_ended_access_says_what_it_waits_for() -> None:
    assert ended_state_words(partnership(at_end=AtEnd.BLOCK)) == "waits to be blocked"
    assert ended_state_words(partnership()) == "access period ended"

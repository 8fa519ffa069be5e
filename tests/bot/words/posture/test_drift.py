"""The sentences about many changes at once name what a reader can recognize."""

from dataclasses import replace

from bot.words.posture.drift import digest_alarm_words
from tests.workflows.core.posture.watch.drifts import drift, found
from workflows.app.watch.telling import digest_values
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.watch.drift import Drift


def strangers(count: int) -> list[Drift]:
    """Partners that have no record, so that only their IDs are known."""
    code = found(code=ConcernCode.UNKNOWN_TO_GATEHOUSE)
    return [replace(drift(found=code), partner=f"00000000-0000-4000-8000-{number:012x}") for number in range(count)]


def test_partners_with_a_domain_are_named_and_the_others_counted() -> None:
    problem, advice = digest_alarm_words(digest_values([*strangers(99), drift()]))
    assert problem == (
        "One sweep found 100 changes outside of Gatehouse; 100 of them may give more access. By kind: added outside of "
        "Gatehouse: 99; different from approved: 1. Partners: contoso.com and 99 more."
    )
    assert "Show drift" in advice


def test_a_list_of_bare_ids_is_not_shown() -> None:
    problem, _ = digest_alarm_words(digest_values(strangers(6)))
    assert problem.endswith("By kind: added outside of Gatehouse: 6.")

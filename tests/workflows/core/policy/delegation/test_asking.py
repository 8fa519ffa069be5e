"""Who is asked in place of somebody else. Nobody who may decide is lost by it."""

from itertools import product

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW
from workflows.core.people import ChatId, Person
from workflows.core.policy.delegation.asking import Asked, Reassignment, StandIn, stand_ins_of, who_is_asked

A, B, C = AMARA.chat_id, BRUNO.chat_id, CHIE.chat_id


def instead_of(person: Person, delegate: Person, *, is_away: bool = True) -> StandIn:
    """Somebody is asked in place of somebody else."""
    return StandIn(person=person.chat_id, name=person.name, delegate=delegate.chat_id, is_away=is_away)


def asked(able: set[ChatId], *stand_ins: StandIn, missing: int = 1) -> Asked:
    """Choose among the people who may decide."""
    return who_is_asked(frozenset(able), stand_ins, missing=missing)


def test_everybody_is_asked_when_nobody_is_away() -> None:
    assert asked({A, B}) == Asked(people=frozenset({A, B}))


def test_the_delegate_is_asked_in_place_of_who_is_away() -> None:
    assert asked({A, B, C}, instead_of(AMARA, BRUNO)) == Asked(
        people=frozenset({B, C}), stand_in_for={B: (AMARA.name,)}
    )


def test_a_delegate_who_may_not_decide_stands_in_for_nobody() -> None:
    assert asked({A, C}, instead_of(AMARA, BRUNO)) == Asked(people=frozenset({A, C}), away=frozenset({A}))


def test_the_first_who_is_there_is_asked() -> None:
    found = asked({A, B, C}, instead_of(AMARA, BRUNO), instead_of(BRUNO, CHIE))
    assert found == Asked(people=frozenset({C}), stand_in_for={C: (AMARA.name, BRUNO.name)})


def test_in_a_circle_everybody_is_asked() -> None:
    found = asked({A, B}, instead_of(AMARA, BRUNO), instead_of(BRUNO, AMARA))
    assert found == Asked(people=frozenset({A, B}), away=frozenset({A, B}))


def test_who_is_away_is_asked_when_too_few_others_are_there() -> None:
    found = asked({A, B}, instead_of(AMARA, BRUNO), missing=2)
    assert found == Asked(people=frozenset({A, B}), away=frozenset({A})), "Bruno decides for himself"


def test_there_are_always_enough_who_are_asked_if_there_are_enough_who_may() -> None:
    """Every way in which three people are away, for one another or for somebody who may not decide."""
    people = (AMARA, BRUNO, CHIE)
    for choice in product((None, AMARA, BRUNO, CHIE, DANA), repeat=3):
        pairs = zip(people, choice, strict=True)
        stand_ins = [instead_of(one, other) for one, other in pairs if other is not None and other != one]
        for missing in (1, 2, 3):
            found = asked({A, B, C}, *stand_ins, missing=missing)
            assert found.people <= {A, B, C}
            assert len(found.people) >= missing


def reassigned(from_person: Person, to_person: Person, *, stage: int = 0, round: int = 0) -> Reassignment:
    """A reassignment by Dana."""
    return Reassignment(
        stage=stage, from_person=from_person, to_person=to_person, by=DANA, at=NOW, reason="on leave", round=round
    )


def test_a_reassignment_counts_in_its_stage_and_round() -> None:
    one = reassigned(AMARA, BRUNO)
    assert stand_ins_of([one], stage=0, round=0) == (instead_of(AMARA, BRUNO, is_away=False),)
    assert stand_ins_of([one], stage=1, round=0) == ()
    assert stand_ins_of([one], stage=0, round=1) == ()
    assert stand_ins_of([one], stage=None, round=0) == ()


def test_a_reassignment_back_has_the_first_person_asked_again() -> None:
    found = stand_ins_of([reassigned(AMARA, BRUNO), reassigned(BRUNO, AMARA)], stage=0, round=0)
    assert asked({A, B, C}, *found).people == {A, C}


def test_a_card_does_not_say_that_who_was_reassigned_is_away() -> None:
    found = asked({A, B, C}, instead_of(AMARA, BRUNO, is_away=False))
    assert found == Asked(people=frozenset({B, C}))

"""The freeze: who begins it, and how two admins end it."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import product

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, DANA, NOW, current_roles
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, GATEHOUSE, Person
from workflows.core.policy.stops.freeze import (
    END_MAY_BE_CONFIRMED_FOR,
    MAX_REASON_CHARACTERS,
    TABLE,
    EndRequest,
    Freeze,
    FreezeState,
    FreezeStep,
    advance,
    begin,
    begin_hold,
    is_over_about_records,
    lift_hold,
    name_of_admin,
)
from workflows.core.policy.stops.generation import Hold, HoldCause

ADMINS = current_roles(dana=ADMIN, amara=ADMIN, bruno="security")
S, T = FreezeState, FreezeStep


def frozen() -> Freeze:
    """A freeze that Dana began."""
    return begin(None, by="Dana", reason=" Incident 7 ", now=NOW)


def asked(person: Person = DANA) -> Freeze:
    """The same, with a request to end it."""
    return by(person, frozen(), T.ASK_END)


def ended() -> Freeze:
    """The same, ended by Amara."""
    return by(AMARA, asked(), T.END)


def by(person: Person, before: Freeze | None, step: FreezeStep, *, hours: float = 0, version: int = 0) -> Freeze:
    """Let somebody take a step on the version that they saw."""
    seen = version or (0 if before is None else before.version)
    now = NOW + timedelta(hours=hours)
    return advance(before, step, person, version=seen, current_roles=ADMINS, now=now)


def refused(
    person: Person, before: Freeze | None, step: FreezeStep, *, hours: float = 0, version: int = 0
) -> RefusalCode:
    """Return why somebody may not take a step."""
    with pytest.raises(Refused) as error:
        by(person, before, step, hours=hours, version=version)
    return error.value.code


def test_one_begins_it_and_two_end_it() -> None:
    freeze = frozen()
    assert (freeze.version, freeze.state, freeze.is_frozen) == (1, S.FROZEN, True)
    assert (freeze.by, freeze.reason, freeze.since) == ("Dana", "Incident 7", NOW)
    freeze = asked()
    assert (freeze.version, freeze.state, freeze.is_frozen) == (2, S.END_ASKED, True)
    assert freeze.valid_end_request(NOW) == EndRequest(person=DANA, at=NOW)
    freeze = ended()
    assert (freeze.version, freeze.state, freeze.is_frozen) == (3, S.ENDED, False)
    assert (freeze.end_request, freeze.ended_by, freeze.ended_at) == (EndRequest(person=DANA, at=NOW), AMARA, NOW)
    assert freeze.valid_end_request(NOW) is None


def test_after_the_end_it_can_begin_again() -> None:
    reason = f" {'x' * MAX_REASON_CHARACTERS} "
    again = begin(ended(), by="os:root", reason=reason, now=NOW + timedelta(days=1))
    assert (again.version, again.state, again.end_request, again.ended_at) == (4, S.FROZEN, None, None)
    assert again.reason == reason.strip()


def test_a_reason_that_is_too_long_is_refused_and_never_cut() -> None:
    with pytest.raises(Refused) as error:
        begin(None, by="os:root", reason="x" * (MAX_REASON_CHARACTERS + 1), now=NOW)
    assert error.value.code is RefusalCode.FREEZE_REASON_TOO_LONG
    assert error.value.fact.values == {"length": MAX_REASON_CHARACTERS + 1, "limit": MAX_REASON_CHARACTERS}


def test_a_freeze_knows_those_right_before_it() -> None:
    """Their messages may still say that it is frozen."""
    freeze, begun = frozen(), [NOW]
    for day in range(1, 8):
        over = replace(freeze, state=S.ENDED)
        freeze = begin(over, by="Dana", reason="Again", now=NOW + timedelta(days=day))
        assert freeze.earlier == tuple(begun[-5:])
        begun.append(freeze.since)


def test_a_record_that_cannot_be_read_is_replaced_by_its_next_version() -> None:
    assert begin(None, by="Dana", reason="Repaired", now=NOW, version=8).version == 8


def test_every_pair_outside_of_the_table_is_refused() -> None:
    records = {None: None, S.FROZEN: frozen(), S.END_ASKED: asked(), S.ENDED: ended()}
    assert TABLE == {
        (None, T.FREEZE): S.FROZEN,
        (S.ENDED, T.FREEZE): S.FROZEN,
        (S.FROZEN, T.ASK_END): S.END_ASKED,
        (S.END_ASKED, T.END): S.ENDED,
        (S.END_ASKED, T.KEEP): S.FROZEN,
    }
    for (state, record), step in product(records.items(), T):
        if (state, step) in TABLE:
            continue
        take = partial(begin, record, by="Dana", reason="Again", now=NOW)
        with pytest.raises(Refused):
            take() if step is T.FREEZE else by(AMARA, record, step)


def test_the_reasons_of_refusals() -> None:
    with pytest.raises(Refused) as error:
        begin(frozen(), by="Amara", reason="Again", now=NOW)
    assert (error.value.code, error.value.fact.values["name"]) == (RefusalCode.ALREADY_FROZEN, "Dana")
    with pytest.raises(Refused) as error:
        begin(None, by="Dana", reason=" \n", now=NOW)
    assert error.value.code is RefusalCode.FREEZE_REASON_MISSING
    for step in (T.ASK_END, T.END, T.KEEP):
        assert refused(DANA, None, step) is RefusalCode.NOT_FROZEN
        assert refused(DANA, ended(), step) is RefusalCode.NOT_FROZEN
        assert refused(BRUNO, frozen(), step) is RefusalCode.ONLY_ADMINS_FREEZE
    assert refused(DANA, frozen(), T.END) is RefusalCode.FREEZE_END_NOT_ASKED
    assert refused(DANA, frozen(), T.KEEP) is RefusalCode.FREEZE_END_NOT_ASKED
    assert refused(DANA, asked(), T.ASK_END) is RefusalCode.FREEZE_END_NEEDS_ANOTHER_ADMIN
    assert refused(AMARA, asked(), T.ASK_END) is RefusalCode.FREEZE_CHANGED


def test_the_person_who_asked_cannot_confirm_under_another_chat_id() -> None:
    assert refused(DANA, asked(), T.END) is RefusalCode.FREEZE_END_NEEDS_ANOTHER_ADMIN
    other_chat = replace(DANA, chat_id=AMARA.chat_id)
    assert refused(other_chat, asked(), T.END) is RefusalCode.FREEZE_END_NEEDS_ANOTHER_ADMIN


def test_the_request_of_a_former_admin_does_not_count() -> None:
    roles = current_roles(amara=ADMIN)
    with pytest.raises(Refused) as error:
        advance(asked(), T.END, AMARA, version=2, current_roles=roles, now=NOW)
    assert error.value.code is RefusalCode.FREEZE_END_ASKED_BY_FORMER_ADMIN
    assert error.value.fact.values == {"name": DANA.name}
    kept = advance(asked(), T.KEEP, AMARA, version=2, current_roles=roles, now=NOW)
    assert advance(kept, T.ASK_END, AMARA, version=3, current_roles=roles, now=NOW).state is S.END_ASKED


@pytest.mark.parametrize(
    ("name", "shown"), [("Dana", "Dana"), ("os:root", "os :root"), ("  ", DANA.chat_id), (" os:os:x", "os :os:x")]
)
def test_an_admin_is_never_shown_as_the_command_line(name: str, shown: str) -> None:
    assert name_of_admin(replace(DANA, name=name)) == shown


def test_what_was_shown_is_what_counts() -> None:
    assert refused(AMARA, asked(), T.END, version=1) is RefusalCode.FREEZE_CHANGED
    kept = by(AMARA, asked(), T.KEEP)
    assert (kept.state, kept.end_request, kept.version) == (S.FROZEN, None, 3)
    asked_again = by(DANA, kept, T.ASK_END)
    assert refused(AMARA, asked_again, T.END, version=2) is RefusalCode.FREEZE_CHANGED


@pytest.mark.parametrize("direction", [1, -1])
def test_a_request_to_end_lapses_after_a_day_also_when_the_clock_is_set_back(direction: int) -> None:
    hours = direction * END_MAY_BE_CONFIRMED_FOR.total_seconds() / 3600
    assert by(AMARA, asked(), T.END, hours=hours - direction * 0.01).state is S.ENDED
    assert refused(AMARA, asked(), T.END, hours=hours) is RefusalCode.FREEZE_END_NOT_ASKED
    assert refused(AMARA, asked(), T.KEEP, hours=hours) is RefusalCode.FREEZE_END_NOT_ASKED
    again = by(AMARA, asked(), T.ASK_END, hours=hours)
    assert (again.state, again.end_request and again.end_request.person) == (S.END_ASKED, AMARA)


HOLD = Hold(cause=HoldCause.RESTORED, inside="i:1", outside="i:2", last_entry="k", last_ran_at=NOW)
LATER = NOW + timedelta(hours=1)


def held(before: Freeze | None = None) -> Freeze:
    """The freeze of a held start."""
    freeze = begin_hold(before, HOLD, now=NOW)
    assert freeze is not None
    return freeze


def released() -> Freeze:
    """The same, released by Dana and Amara."""
    return by(AMARA, by(DANA, held(), T.ASK_END), T.END)


@pytest.mark.threats("G8")
def test_a_held_start_is_ended_by_two_admins_like_a_freeze() -> None:
    freeze = held()
    assert (freeze.version, freeze.state, freeze.by, freeze.reason) == (1, S.FROZEN, "Gatehouse", "")
    assert (freeze.hold, freeze.voids_before, freeze.released) == (HOLD, NOW, None)
    asked_release = by(DANA, freeze, T.ASK_END)
    assert refused(DANA, asked_release, T.END) is RefusalCode.FREEZE_END_NEEDS_ANOTHER_ADMIN
    assert refused(BRUNO, asked_release, T.END) is RefusalCode.ONLY_ADMINS_FREEZE
    freeze = released()
    assert (freeze.is_frozen, freeze.hold, freeze.released, freeze.voids_before) == (False, HOLD, HOLD, NOW)


def test_a_start_with_the_same_records_is_held_once_and_not_again_after_the_release() -> None:
    other = replace(HOLD, outside="i:9")
    assert begin_hold(held(), HOLD, now=LATER) is None
    assert begin_hold(released(), HOLD, now=LATER) is None
    for before in (held(), released()):
        again = begin_hold(before, other, now=LATER)
        assert again is not None
        assert (again.hold, again.since, again.voids_before, again.version) == (other, LATER, LATER, before.version + 1)
    unreadable = begin_hold(None, HOLD, now=NOW, version=7)
    assert unreadable is not None
    assert unreadable.version == 7


def test_a_hold_takes_the_place_of_a_freeze_and_keeps_its_reason() -> None:
    freeze = held(frozen())
    assert (freeze.by, freeze.reason, freeze.hold, freeze.earlier) == ("Dana", "Incident 7", HOLD, (NOW,))
    assert refused(DANA, freeze, T.END) is RefusalCode.FREEZE_END_NOT_ASKED
    assert held(ended()).reason == ""


def test_a_later_freeze_keeps_what_is_void_and_what_was_released() -> None:
    again = begin(released(), by="Dana", reason="Incident 8", now=LATER)
    assert (again.hold, again.voids_before, again.released) == (None, NOW, HOLD)
    over = by(AMARA, by(DANA, again, T.ASK_END), T.END)
    assert (over.voids_before, over.released) == (NOW, HOLD)


def test_a_hold_ends_by_itself_when_these_are_the_newest_records_after_all() -> None:
    lifted = lift_hold(held(), now=LATER)
    assert lifted is not None
    assert (lifted.state, lifted.voids_before, lifted.released, lifted.ended_at) == (S.ENDED, None, None, LATER)
    frozen_again = lift_hold(held(frozen()), now=LATER)
    assert frozen_again is not None
    assert (frozen_again.is_frozen, frozen_again.hold, frozen_again.reason) == (True, None, "Incident 7")
    for other in (None, frozen(), released()):
        assert lift_hold(other, now=LATER) is None


def test_a_freeze_that_gatehouse_began_is_over_when_it_has_ended() -> None:
    own = begin(None, by=GATEHOUSE.name, reason="A record was changed.", now=NOW)
    assert not is_over_about_records(own)
    ended = replace(own, state=FreezeState.ENDED)
    assert is_over_about_records(ended)
    assert not is_over_about_records(replace(ended, by="Dana"))
    held = Hold(cause=HoldCause.RESTORED, inside="", outside="", last_entry="", last_ran_at=None)
    assert not is_over_about_records(replace(ended, hold=held))

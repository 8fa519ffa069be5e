"""Who may accept drift, for how long, and when it counts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, DANA, NOW, TENANT, current_roles
from tests.workflows.core.posture.watch.drifts import SHOWN, drift, found
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ADMIN, Person
from workflows.core.posture.watch.acceptance import (
    accept,
    accepted_until,
    ask_again_at,
    end_acceptance,
    is_accepted,
    needed_admins,
    offered_days,
    with_author,
)
from workflows.core.posture.watch.drift import DEFAULT, Author, AuthorState, Drift
from workflows.core.posture.watch.reconciliation import end_drift, is_stored_as_open, with_found, with_same_found
from workflows.core.requests.commands.watch import AcceptDrift
from workflows.core.settings.canonical import Digest

ADMINS = current_roles(dana=ADMIN, amara=ADMIN, bruno="security")
DAY = timedelta(days=1)


def by(person: Person, stored: Drift | None, *, days: int = 3, **changes: Any) -> Drift:
    """Let somebody accept drift."""
    usual = AcceptDrift(actor=person.chat_id, subject="x", fingerprint=SHOWN, days=days, reason=" Known change ")
    return accept(stored, replace(usual, **changes), person, current_roles=ADMINS, now=NOW)


def refused(person: Person, stored: Drift | None, **changes: Any) -> RefusalCode:
    """Return why somebody may not accept drift."""
    with pytest.raises(Refused) as error:
        by(person, stored, **changes)
    return error.value.code


def test_drift_that_opens_needs_two_admins_for_seven_days_at_most() -> None:
    one = by(DANA, drift(), days=7)
    assert (offered_days(one), needed_admins(one)) == ((1, 3, 7), 2)
    assert accepted_until(one) is None
    assert not is_accepted(one, NOW)
    both = by(AMARA, one, days=3)
    assert both.version == 3
    assert accepted_until(both) == NOW + 3 * DAY
    assert is_accepted(both, NOW + 3 * DAY - timedelta(seconds=1))
    assert not is_accepted(both, NOW + 3 * DAY)
    assert [(one.person, one.reason) for one in both.acceptances] == [(DANA, "Known change"), (AMARA, "Known change")]
    assert refused(BRUNO, both) is RefusalCode.ONLY_ADMINS_ACCEPT_DRIFT


def test_other_drift_needs_one_admin() -> None:
    one = by(DANA, drift(found=found(opens=False)), days=90)
    assert accepted_until(one) == NOW + 90 * DAY
    assert refused(AMARA, one, days=7) is RefusalCode.DRIFT_ALREADY_ACCEPTED


def test_what_is_refused() -> None:
    assert refused(DANA, None) is RefusalCode.NO_DRIFT
    assert refused(DANA, drift(ended_at=NOW)) is RefusalCode.NO_DRIFT
    assert refused(DANA, drift(), fingerprint=Digest("b" * 64)) is RefusalCode.DRIFT_CHANGED
    assert refused(DANA, drift(), days=30) is RefusalCode.DRIFT_DAYS_NOT_OFFERED
    assert refused(DANA, drift(), reason="  ") is RefusalCode.REASON_MISSING
    assert refused(DANA, by(DANA, drift())) is RefusalCode.DRIFT_ALREADY_ACCEPTED


def test_whoever_made_the_change_accepts_nothing() -> None:
    danas = Author(state=AuthorState.KNOWN, name="dana@woodgrove.com", account=DANA.id, at=NOW)
    assert refused(DANA, drift(author=danas)) is RefusalCode.AUTHOR_MAY_NOT_ACCEPT
    both = by(AMARA, by(DANA, drift()))
    known = with_author(both, danas)
    assert [one.person for one in known.acceptances] == [AMARA], "an acceptance before the author was known is void"
    assert accepted_until(known) is None
    application = Author(state=AuthorState.KNOWN, name="Sync app", at=NOW)
    assert len(with_author(both, application).acceptances) == 2


def test_when_the_time_is_over_admins_are_asked_again() -> None:
    both = by(AMARA, by(DANA, drift(), days=1), days=7)
    assert ask_again_at(both) == NOW + DAY
    again = end_acceptance(both)
    assert (again.acceptances, again.asked_again, again.version) == ((), 1, both.version + 1)
    assert ask_again_at(again) is None
    over = end_drift(both, NOW)
    assert (over.is_open, over.acceptances, ask_again_at(over)) == (False, (), None)


def test_only_another_difference_is_new() -> None:
    stored = by(DANA, drift())
    assert is_stored_as_open(stored, stored.found)
    assert with_same_found(stored, stored.found) is None
    touched = with_same_found(stored, found(touches=("contoso.com",)))
    assert touched is not None
    assert (touched.version, len(touched.acceptances)) == (3, 1)
    other = found(fingerprint=Digest("b" * 64))
    assert not is_stored_as_open(stored, other)
    assert not is_stored_as_open(None, other)
    assert not is_stored_as_open(end_drift(stored, NOW), stored.found)
    changed = with_found(stored, stored.subject, other, partner="contoso.com", unchanged_at=NOW, now=NOW + DAY)
    assert (changed.version, changed.acceptances, changed.found_at) == (3, (), NOW + DAY)
    assert with_found(None, DEFAULT, other, partner="", unchanged_at=None, now=NOW).version == 1


def test_what_can_be_restored_and_what_it_is_about() -> None:
    assert drift().can_be_restored
    assert drift().tenant_id == TENANT
    assert drift(subject=DEFAULT).tenant_id is None


def test_an_acceptance_that_waited_for_a_second_admin_was_never_in_force() -> None:
    again = end_acceptance(by(DANA, drift()))
    assert (again.acceptances, again.asked_again) == ((), 0)

"""What happens to a request that disables or enables guest accounts, from the preview to the read-back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import (
    AMARA,
    DANA,
    NOW,
    REQUEST,
    RILEY,
    STAGES,
    access_plan,
    accounts_plan,
    noted,
    planned_accounts,
    prepared,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import PersonId
from workflows.core.plans.accounts import (
    AccountChange,
    AccountEnd,
    AccountPlan,
    AccountProgress,
    AccountResult,
    LeftAlone,
)
from workflows.core.plans.closing import closes_everything, only_reduces_access
from workflows.core.requests.commands.automatic import (
    Expire,
    RecordAccountResults,
    RecordAccountsRead,
    RecordAccountsSending,
    RecordApplied,
    RecordPrepared,
    Replan,
    Stop,
)
from workflows.core.requests.commands.request import Confirm, RequestCommand
from workflows.core.requests.delays.overdue import unconfirmed_writes
from workflows.core.requests.effects import Apply, MessageCode, Priority, SendMessage, ShowRequest, priority_of
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode, state_to_display
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.freezing import is_stopped_by_freeze
from workflows.core.requests.transitions.guest_accounts import (
    CONFIRM_WITHIN,
    ENABLE_WITHIN,
    confirmation_text,
    is_approved_lately,
)
from workflows.core.settings.block import BLOCK

S, DISABLE, ENABLE = RequestState, RequestKind.DISABLE_GUESTS, RequestKind.ENABLE_GUESTS
ONE, TWO, THREE = (one.id for one in planned_accounts(3))
ADMIN_NOW = situation(NOW, riley="admin")


def result(person: PersonId, end: AccountEnd = AccountEnd.SENT, **changes: Any) -> AccountResult:
    """What came of one account."""
    return AccountResult(id=person, end=end, at=NOW, **changes)


def applying(
    progress: AccountProgress | None = None, state: RequestState = S.APPLYING, **changes: Any
) -> AccessRequest:
    """A confirmed disabling that is written."""
    return request(state, DISABLE, accounts=progress, **changes)


def confirmation(known: AccessRequest, typed: str = "contoso.com 3", **changes: Any) -> RequestCommand:
    """Riley confirms what is shown."""
    usual = {"actor": RILEY, "request_id": REQUEST, "digest": known.plan.digest, "typed": typed}
    return Confirm(**{**usual, **changes})


def refused(known: AccessRequest, command: RequestCommand, moment: Any = ADMIN_NOW) -> RefusalCode:
    """The code with which a command is refused."""
    with pytest.raises(Refused) as caught:
        advance(known, command, moment)
    return RefusalCode(caught.value.code)


def test_accounts_are_shown_for_an_hour_before_anything_else() -> None:
    known = request(S.PREPARING, DISABLE)
    shown = advance(known, RecordPrepared(prepared=prepared(DISABLE, stages=())), situation())
    assert (shown.request.state, shown.request.expires_at) == (S.AWAITING_CONFIRMATION, NOW + CONFIRM_WITHIN)
    assert shown.effects == (ShowRequest(request_id=REQUEST),)
    assert confirmation_text(shown.request) == "contoso.com 3"
    ended = advance(shown.request, Expire(), situation(NOW + CONFIRM_WITHIN)).request
    assert (ended.state, [fact.code for fact in ended.note]) == (S.EXPIRED, [NoteCode.ACCOUNTS_NOT_CONFIRMED])


@pytest.mark.parametrize(
    ("kind", "plan", "stages"),
    [
        (DISABLE, accounts_plan(AccountChange.ENABLE), STAGES),
        (DISABLE, access_plan(), STAGES),
        (DISABLE, replace(access_plan(), accounts=accounts_plan().accounts), STAGES),
        (DISABLE, accounts_plan(count=0), STAGES),
        (RequestKind.ACCESS, accounts_plan(), STAGES),
        (ENABLE, accounts_plan(AccountChange.ENABLE), ()),
    ],
)
def test_only_the_accounts_that_were_asked_for_are_planned(kind: RequestKind, plan: Any, stages: Any) -> None:
    command = RecordPrepared(prepared=prepared(kind, plan=plan, stages=stages))
    assert refused(request(S.PREPARING, kind), command) is RefusalCode.NOT_AN_ACCOUNT_CHANGE


def test_only_an_undo_enables_without_a_chain() -> None:
    known = request(S.PREPARING, ENABLE)
    known = replace(known, fields=replace(known.fields, undoes=REQUEST))
    assert advance(known, RecordPrepared(prepared=prepared(ENABLE, stages=())), situation()).request.state is (
        S.AWAITING_CONFIRMATION
    )


def test_a_confirmation_begins_to_write_or_asks_the_chain() -> None:
    alone = request(S.AWAITING_CONFIRMATION, DISABLE, prepared=prepared(DISABLE, stages=()))
    begun = advance(alone, confirmation(alone, "  CONTOSO.com   3 "), ADMIN_NOW)
    assert begun.request.state is S.APPLYING
    write = Apply(request_id=REQUEST, tenant_id=alone.plan.tenant_id)
    assert write in begun.effects
    assert priority_of(write) is Priority.DECIDE, "a revocation goes first"
    later = situation(NOW + timedelta(minutes=30), riley="admin")
    asked = advance(request(S.AWAITING_CONFIRMATION, ENABLE), confirmation(request(S.APPLYING, ENABLE)), later).request
    assert (asked.state, asked.expires_at) == (S.AWAITING_APPROVAL, later.now + timedelta(days=7))


@pytest.mark.parametrize(
    ("changes", "moment", "code"),
    [
        ({"actor": AMARA}, ADMIN_NOW, RefusalCode.NOT_THE_CONFIRMER),
        ({}, situation(NOW, riley="security"), RefusalCode.ONLY_ADMINS_CHANGE_GUESTS),
        ({}, situation(NOW + timedelta(days=8), riley="admin"), RefusalCode.EXPIRED),
        ({"digest": access_plan().digest}, ADMIN_NOW, RefusalCode.CARD_OUT_OF_DATE),
        ({"typed": "contoso.com 4"}, ADMIN_NOW, RefusalCode.CONFIRMATION_DIFFERS),
    ],
)
def test_a_confirmation_is_refused(changes: dict[str, Any], moment: Any, code: RefusalCode) -> None:
    known = request(S.AWAITING_CONFIRMATION, DISABLE)
    assert refused(known, confirmation(known, **changes), moment) is code


def test_a_group_is_stored_before_it_is_sent() -> None:
    sent = advance(applying(), RecordAccountsSending(ids=(ONE, TWO)), situation()).request
    assert sent.accounts == AccountProgress(sending=(ONE, TWO), sending_since=NOW)
    assert sent.writing_since == NOW
    again = replace(sent, accounts=AccountProgress(results=(result(ONE), result(TWO))))
    later = situation(NOW + timedelta(hours=1))
    assert advance(again, RecordAccountsSending(ids=(THREE,)), later).request.writing_since == NOW


@pytest.mark.parametrize(
    ("progress", "ids"),
    [
        (AccountProgress(sending=(ONE,)), (TWO,)),
        (AccountProgress(stop=noted("Revoked.")), (TWO,)),
        (AccountProgress(results=(result(TWO),)), (TWO,)),
        (None, (PersonId("stranger"),)),
        (None, (TWO, TWO)),
        (None, ()),
    ],
)
def test_nobody_is_sent_twice_and_nobody_else_is(progress: AccountProgress | None, ids: tuple[PersonId, ...]) -> None:
    assert refused(applying(progress), RecordAccountsSending(ids=ids)) is RefusalCode.ACCOUNTS_NOT_IN_TURN


def test_the_answers_to_a_group_are_stored_and_the_next_one_follows() -> None:
    known = applying(AccountProgress(sending=(ONE, TWO, THREE), sending_since=NOW))
    command = RecordAccountResults(results=(result(ONE),), not_written=(TWO,), goes_on=True)
    after = advance(known, command, situation())
    progress = after.request.accounts
    assert progress is not None
    assert (progress.results, progress.sending) == ((result(ONE),), (THREE,))
    assert [one.id for one in progress.remaining(accounts_plan().accounts)] == [TWO]  # type: ignore[arg-type]
    assert after.effects == (Apply(request_id=REQUEST, tenant_id=known.plan.tenant_id),)
    waits = advance(known, replace(command, goes_on=False), situation())
    assert waits.effects == ()


def test_an_approval_to_enable_counts_for_a_week() -> None:
    known = request(S.APPLYING, ENABLE)
    approved = max(decision.at for decision in known.decisions)
    assert is_approved_lately(known, approved + ENABLE_WITHIN)
    assert not is_approved_lately(known, approved + ENABLE_WITHIN + timedelta(seconds=1))
    assert not is_approved_lately(known, approved - timedelta(hours=1)), "the clock was set back"
    assert not is_approved_lately(replace(known, decisions=()), approved)


def test_a_group_of_which_nothing_was_written_is_no_write() -> None:
    """Otherwise whoever may not enable any more would be asked no more."""
    sent = advance(applying(), RecordAccountsSending(ids=(ONE, TWO)), situation()).request
    nothing = RecordAccountResults(results=(result(ONE, AccountEnd.REFUSED),), not_written=(TWO,))
    assert advance(sent, nothing, situation()).request.writing_since is None
    unknown = RecordAccountResults(results=(), not_written=(TWO,))
    assert advance(sent, unknown, situation()).request.writing_since == NOW


def test_the_card_shows_each_hundred_accounts() -> None:
    plan = accounts_plan(count=120)
    ids = [one.id for one in plan.accounts.accounts]  # type: ignore[union-attr]
    done = tuple(result(person) for person in ids[:90])
    known = applying(AccountProgress(results=done, sending=tuple(ids[90:110])), prepared=prepared(DISABLE, plan=plan))
    command = RecordAccountResults(results=tuple(result(person) for person in ids[90:110]))
    assert advance(known, command, situation()).effects == (ShowRequest(request_id=REQUEST),)


@pytest.mark.parametrize(
    "command",
    [
        RecordAccountResults(results=(result(TWO),)),
        RecordAccountResults(results=(result(ONE, AccountEnd.DONE),)),
        RecordAccountResults(results=(result(PersonId("stranger"), AccountEnd.GONE),)),
        RecordAccountResults(results=(), not_written=(TWO,)),
        RecordAccountResults(results=(result(ONE),), not_written=(ONE,)),
    ],
)
def test_only_what_was_sent_has_an_answer(command: RequestCommand) -> None:
    known = applying(AccountProgress(sending=(ONE,)))
    assert refused(known, command) is RefusalCode.ACCOUNTS_NOT_IN_TURN


def test_who_changed_is_left_alone_without_being_sent() -> None:
    left = result(TWO, AccountEnd.LEFT_ALONE, left=LeftAlone.MEMBER)
    gone = result(ONE, AccountEnd.GONE, left=LeftAlone.GONE)
    known = applying(AccountProgress(sending=(ONE,)))
    after = advance(known, RecordAccountResults(results=(left, gone)), situation()).request
    assert after.accounts == AccountProgress(results=(left, gone))


SENT = AccountProgress(results=(result(ONE), result(TWO), result(THREE)))


def test_what_is_read_back_is_done_and_the_requester_is_told() -> None:
    after = advance(applying(SENT), RecordAccountsRead(shown=(ONE, TWO, THREE)), situation())
    assert (after.request.state, after.request.confirmed_at) == (S.APPLIED, NOW)
    assert after.request.accounts is not None
    assert after.request.accounts.counts == {"done": 3}
    assert state_to_display(after.request).value == "guests_disabled"
    assert not after.request.was_written, "no settings were written, so nothing is replaced"
    told = [one.fact.code for one in after.effects if isinstance(one, SendMessage)]
    assert told == [MessageCode.ACCOUNTS_CHANGED]


def test_what_is_not_shown_is_read_again_and_then_said() -> None:
    command = RecordAccountsRead(shown=(ONE, TWO), not_shown=(THREE,), is_last=False)
    waiting = advance(applying(SENT), command, situation())
    assert (waiting.request.state, waiting.request.unconfirmed_since) == (S.UNCONFIRMED, NOW)
    again = RecordAccountsRead(shown=(), not_shown=(THREE,), is_last=False)
    same = advance(waiting.request, again, situation(NOW + timedelta(minutes=1)))
    assert (same.request, same.effects) == (waiting.request, ())
    last = replace(again, is_last=True)
    ended = advance(waiting.request, last, situation(NOW + timedelta(minutes=10))).request
    assert ended.state is S.APPLIED
    assert state_to_display(ended).value == "partly_applied"


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        (AccountProgress(sending=(ONE,)), ()),
        (AccountProgress(results=(result(ONE),)), (ONE,)),
        (SENT, (ONE,)),
    ],
)
def test_a_read_back_is_of_everything_that_was_sent(progress: AccountProgress, shown: tuple[PersonId, ...]) -> None:
    assert refused(applying(progress), RecordAccountsRead(shown=shown)) is RefusalCode.ACCOUNTS_NOT_IN_TURN


def test_what_cannot_be_read_back_ends_as_unverified() -> None:
    known = applying(AccountProgress(results=(result(ONE),), sending=(TWO,), sending_since=NOW))
    unread = RecordAccountsRead(shown=(), unread=noted("Graph refuses to read it."))
    ended = advance(known, unread, situation()).request
    assert (ended.state, [fact.code for fact in ended.note]) == (S.STOPPED, ["text", NoteCode.ACCOUNTS_RESULT])
    assert ended.note[-1].values == {"change": "disable", "sent": 1, "unknown": 1, "unwritten": 1}
    assert state_to_display(ended).value == "stopped"
    assert refused(known, replace(unread, shown=(ONE,))) is RefusalCode.ACCOUNTS_NOT_IN_TURN
    assert refused(known, replace(unread, not_shown=(ONE,))) is RefusalCode.ACCOUNTS_NOT_IN_TURN
    assert refused(applying(), unread) is RefusalCode.ACCOUNTS_NOT_IN_TURN, "nothing was sent"


def test_nothing_that_took_effect_ends_as_failed_when_something_was_refused() -> None:
    left = result(ONE, AccountEnd.LEFT_ALONE)
    refusals = (result(TWO, AccountEnd.REFUSED), result(THREE, AccountEnd.REFUSED))
    ended = advance(applying(AccountProgress(results=(left, *refusals))), RecordAccountsRead(shown=()), situation())
    assert ended.request.state is S.FAILED
    assert state_to_display(ended.request).value == "failed"


def test_nothing_is_applied_where_every_account_was_left_alone_or_gone() -> None:
    ends = (AccountEnd.LEFT_ALONE, AccountEnd.GONE, AccountEnd.LEFT_ALONE)
    results = tuple(result(person, end) for person, end in zip((ONE, TWO, THREE), ends, strict=True))
    ended = advance(applying(AccountProgress(results=results)), RecordAccountsRead(shown=()), situation())
    assert (ended.request.state, ended.request.confirmed_at) == (S.STOPPED, None)
    assert [fact.code for fact in ended.request.note] == [NoteCode.ACCOUNTS_RESULT]
    told = [one.fact.code for one in ended.effects if isinstance(one, SendMessage)]
    assert told == [MessageCode.ENDED]


def test_a_stop_ends_what_had_no_effect_and_reads_back_what_had() -> None:
    stop = Stop(reason=noted("The partner was revoked."))
    assert advance(applying(), stop, situation()).request.note == stop.reason
    refusal = AccountProgress(results=(result(ONE, AccountEnd.REFUSED),))
    ended = advance(applying(refusal), stop, situation()).request
    assert (ended.state, [fact.code for fact in ended.note]) == (S.STOPPED, ["text", NoteCode.ACCOUNTS_RESULT])
    sent = AccountProgress(results=(result(ONE),))
    for state in (S.APPLYING, S.UNCONFIRMED):
        stopped = advance(applying(sent, state), stop, situation())
        assert stopped.request.state is state
        assert Apply(request_id=REQUEST, tenant_id=stopped.request.plan.tenant_id) in stopped.effects
        assert advance(stopped.request, stop, situation()).effects == ()
        read = advance(stopped.request, RecordAccountsRead(shown=(ONE,)), situation()).request
        assert read.state is S.STOPPED
        assert [fact.code for fact in read.note] == ["text", NoteCode.ACCOUNTS_RESULT]
        assert state_to_display(read).value == "partly_applied"


def test_a_new_plan_begins_without_the_results_of_the_old_one() -> None:
    left = AccountProgress(results=(result(ONE, AccountEnd.LEFT_ALONE),))
    again = advance(applying(left), Replan(reason=noted("The template changed.")), situation()).request
    assert (again.state, again.accounts) == (S.PREPARING, None)


def test_results_of_settings_and_of_accounts_are_not_mixed() -> None:
    assert refused(applying(), RecordApplied(configuration={})) is RefusalCode.NOT_AN_ACCOUNT_CHANGE
    command = RecordAccountsSending(ids=(ONE,))
    assert refused(request(S.APPLYING), command) is RefusalCode.NOT_AN_ACCOUNT_CHANGE


def test_disabling_reduces_access_and_enabling_opens_it() -> None:
    closed = {"tenantId": "t", **BLOCK}
    plans = {change: replace(accounts_plan(change), before=closed) for change in AccountChange}
    assert only_reduces_access(plans[AccountChange.DISABLE])
    assert not only_reduces_access(plans[AccountChange.ENABLE])
    assert not any(map(closes_everything, plans.values())), "no settings are written"
    assert not is_stopped_by_freeze(request(S.PREPARING, DISABLE))
    assert is_stopped_by_freeze(request(S.APPLYING, ENABLE))


def test_a_long_list_raises_no_alarm() -> None:
    known = applying(SENT, writing_since=NOW)
    assert unconfirmed_writes([known], NOW + timedelta(hours=1)) == ()


def test_the_admin_is_asked_by_the_requests_account() -> None:
    known = request(S.AWAITING_CONFIRMATION, DISABLE)
    assert refused(known, confirmation(known, actor=DANA)) is RefusalCode.NOT_THE_CONFIRMER
    assert isinstance(known.plan.accounts, AccountPlan)

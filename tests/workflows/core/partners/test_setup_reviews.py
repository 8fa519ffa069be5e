"""Who may confirm partner setup steps, and when a confirmation no longer counts."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.words.requests.messages import message_words
from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import (
    AMARA,
    DANA,
    MILLISECOND,
    NOW,
    REDEEM_STEP,
    RILEY,
    SAM,
    TENANT,
    everybody,
    partnership,
    request,
)
from workflows.core.checks.partner_setup.confirmations import Confirmation
from workflows.core.checks.partner_setup.steps import SetupStep, StepKey
from workflows.core.errors.raised import Refused
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.outcome.new_records import closed_partnership, opened_partnership
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.reviews import advance_review
from workflows.core.partners.reviewing.setup_reviews import setup_for_request, with_prompts
from workflows.core.people import Person
from workflows.core.requests.commands.automatic import RecordOverwritten
from workflows.core.requests.commands.partner_record import (
    AskSetup,
    ConfirmSetup,
    PartnershipCommand,
    PostponePrompt,
    PromptSetup,
    RecordSetup,
    RemindSetup,
    UnconfirmSetup,
)
from workflows.core.requests.effects import SendMessage, ShowSetup
from workflows.core.requests.request import RequestId, RequestState
from workflows.core.requests.transitions.transition import Situation
from workflows.core.settings.canonical import Digest

WEEK = timedelta(days=7)
JOB = SetupStep(key=StepKey.PROVISIONING_JOB, is_needed=True, required_settings={})


def known(**changes: Any) -> Partnership:
    return partnership(**{"setup": (REDEEM_STEP, JOB), **changes})


def said(step: SetupStep = REDEEM_STEP, by: Person = SAM, at: datetime = NOW) -> Confirmation:
    return Confirmation(step=step.key, step_digest=step.digest, person=by, at=at)


def confirm(by: Person = SAM, step: SetupStep = REDEEM_STEP) -> ConfirmSetup[Person]:
    return ConfirmSetup(actor=by, tenant_id=TENANT, step=step.key, step_digest=step.digest)


def after(record: Partnership, command: PartnershipCommand, now: datetime = NOW) -> Partnership:
    transition = advance_review(record, command, current_roles=everybody(riley="security", sam=""), now=now)
    shown, *told = transition.effects
    assert shown == ShowSetup(tenant_id=TENANT, remind=isinstance(command, AskSetup))
    assert len(told) == isinstance(command, ConfirmSetup | UnconfirmSetup)
    assert transition.partnership.version == record.version + 1
    return transition.partnership


def refused(record: Partnership, command: PartnershipCommand, now: datetime = NOW) -> Refused:
    with pytest.raises(Refused) as met:
        advance_review(record, command, current_roles=everybody(riley="security", sam=""), now=now)
    assert refusal_words(met.value)
    return met.value


@pytest.mark.parametrize("actor", [SAM, DANA], ids=["sponsor", "admin"])
def test_the_sponsor_and_admins_confirm_a_step_under_their_name(actor: Person) -> None:
    record = after(known(), confirm(actor), NOW + WEEK)
    assert record.confirmations == (said(by=actor, at=NOW + WEEK),)
    again = refused(record, confirm(DANA))
    assert (again.code, refusal_words(again)) == (
        "already_confirmed",
        f"{actor.name} has confirmed this already. You need to do nothing.",
    )
    assert after(record, UnconfirmSetup(actor=DANA, tenant_id=TENANT, step=REDEEM_STEP.key)).confirmations == ()


@pytest.mark.parametrize("actor", [AMARA, RILEY], ids=["approver", "requester"])
def test_nobody_else_speaks_for_the_partner(actor: Person) -> None:
    record = known(confirmations=(said(),))
    for command in (
        confirm(actor, JOB),
        UnconfirmSetup(actor=actor, tenant_id=TENANT, step=REDEEM_STEP.key),
        RemindSetup(actor=actor, tenant_id=TENANT),
    ):
        assert refused(record, command).code == "not_the_sponsor"


def test_only_what_is_wanted_now_can_be_confirmed() -> None:
    stale = ConfirmSetup(actor=SAM, tenant_id=TENANT, step=REDEEM_STEP.key, step_digest=Digest("0" * 64))
    assert refused(known(), stale).code == "stale_card"
    gone = ConfirmSetup(actor=SAM, tenant_id=TENANT, step=StepKey.MICROSOFT_CLOUD, step_digest=REDEEM_STEP.digest)
    assert refused(known(), gone).code == "no_such_step"
    assert refused(known(), UnconfirmSetup(actor=SAM, tenant_id=TENANT, step=JOB.key)).code == "not_confirmed"
    assert refused(known(state=PartnershipState.REVOKED), confirm()).code == "revoked"


def test_a_reminder_comes_once_after_a_week_and_is_offered_again() -> None:
    record = after(known(), RemindSetup(actor=SAM, tenant_id=TENANT))
    assert record.remind_setup_at == record.due_at == NOW + WEEK
    assert refused(record, RemindSetup(actor=DANA, tenant_id=TENANT)).code == "already_reminding"
    assert refused(record, AskSetup(), NOW + WEEK - MILLISECOND).code == "not_due"
    record = after(record, AskSetup(), NOW + WEEK)
    assert (record.remind_setup_at, record.setup_reminders) == (None, 1)
    assert (record.setup_reminder_asked_by, record.setup_reminder_asked_at) == (SAM, NOW)
    assert record.due_at == record.next_review_at
    assert refused(record, AskSetup(), NOW + 2 * WEEK).code == "not_due"
    assert after(record, RemindSetup(actor=SAM, tenant_id=TENANT), NOW + WEEK).remind_setup_at == NOW + 2 * WEEK


def test_what_is_confirmed_needs_no_reminder() -> None:
    record = after(known(remind_setup_at=NOW + WEEK), confirm())
    assert record.remind_setup_at == NOW + WEEK
    record = after(record, confirm(step=JOB))
    assert record.remind_setup_at is None
    assert refused(record, RemindSetup(actor=SAM, tenant_id=TENANT)).code == "nothing_open"
    assert partnership(next_review_at=None, ends_at=None).due_at is None


def test_a_new_plan_voids_what_it_does_not_want_in_the_same_way() -> None:
    other = replace(REDEEM_STEP, required_settings={"automaticUserConsentSettings": {"inboundAllowed": True}})
    record = known(confirmations=(said(), said(JOB)), remind_setup_at=NOW + WEEK)
    opened = opened_partnership(request(RequestState.APPLYING), record, NOW)
    assert (opened.setup, opened.confirmations, opened.remind_setup_at) == ((REDEEM_STEP,), (said(),), None)
    opened = opened_partnership(request(RequestState.APPLYING), replace(record, confirmations=(said(other),)), NOW)
    assert (opened.confirmations, opened.remind_setup_at) == ((), NOW + WEEK)
    closed = closed_partnership(request(RequestState.APPLYING), record, NOW)
    assert (closed.setup, closed.confirmations, closed.remind_setup_at) == ((), (), None)


def test_what_somebody_else_left_behind_decides_what_is_wanted() -> None:
    """A change that was sent and then overwritten: the record follows what was read, not what was planned."""
    writing = request(RequestState.APPLYING, writing_since=NOW)
    synchronized = {"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    transition = advance_request_and_record(
        writing, RecordOverwritten(configuration=synchronized), Situation(now=NOW), known()
    )
    assert transition.partnership is not None
    assert transition.partnership.setup == (REDEEM_STEP, JOB)
    transition = advance_request_and_record(writing, RecordOverwritten(configuration=None), Situation(now=NOW), known())
    assert transition.partnership is not None
    assert transition.partnership.setup == ()
    assert ShowSetup(tenant_id=TENANT) in transition.effects, "the card that asks for more is taken back"


def test_a_click_on_an_older_card_takes_no_newer_confirmation_back() -> None:
    record = known(confirmations=(said(),))
    stale = UnconfirmSetup(actor=SAM, tenant_id=TENANT, step=REDEEM_STEP.key, step_digest=Digest("0" * 64))
    assert refused(record, stale).code == "stale_card"
    exact = UnconfirmSetup(actor=SAM, tenant_id=TENANT, step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest)
    assert after(record, exact).confirmations == ()


def test_what_an_earlier_version_left_out_is_recorded_once_and_only_for_the_current_settings() -> None:
    applied = request(RequestState.APPLIED)
    assert setup_for_request(applied) == (REDEEM_STEP,)
    assert setup_for_request(request(RequestState.OVERWRITTEN)) == ()
    old = known(setup=())
    record = after(old, RecordSetup(request_id=old.request_id, steps=(REDEEM_STEP,)))
    assert (record.setup, record.confirmations) == ((REDEEM_STEP,), ())
    assert after(record, confirm()).confirmations == (said(),)
    for one, command in (
        (record, RecordSetup(request_id=old.request_id, steps=(JOB,))),
        (old, RecordSetup(request_id=RequestId("r-newer"), steps=(JOB,))),
        (old, RecordSetup(request_id=old.request_id, steps=())),
    ):
        assert refused(one, command).code == "not_missing"


def test_who_confirms_or_takes_back_is_told_which_step_it_was_and_what_is_left() -> None:
    """Where it was clicked: the message that only that person sees is not brought up to date."""

    def told(record: Partnership, command: PartnershipCommand) -> SendMessage:
        transition = advance_review(record, command, current_roles=everybody(sam=""), now=NOW)
        [tell] = [effect for effect in transition.effects if isinstance(effect, SendMessage)]
        return tell

    first = told(known(), replace(confirm(), channel="C-1"))
    assert (first.person, first.channel, first.subject.tenant_id) == (SAM.chat_id, "C-1", TENANT)
    text = message_words(first.fact)
    assert "contoso.com: confirmed, recorded under your name: automatic redemption, outbound." in text
    assert "Not confirmed yet, 1 step: provisioning job." in text
    whole = known(confirmations=(said(),))
    assert "Every step is confirmed now." in message_words(told(whole, confirm(step=JOB)).fact)
    back = told(whole, UnconfirmSetup(actor=SAM, tenant_id=TENANT, step=REDEEM_STEP.key, channel="C-1"))
    assert "contoso.com: not confirmed any more: automatic redemption, outbound." in message_words(back.fact)
    assert "Not confirmed yet, 2 steps" in message_words(back.fact)


def test_what_is_open_by_microsofts_default_is_neither_reminded_of_nor_missing() -> None:
    usual = SetupStep(key=StepKey.B2B_COLLABORATION_OUTBOUND, is_needed=False, required_settings={})
    record = after(partnership(setup=(REDEEM_STEP, usual), remind_setup_at=NOW + WEEK), confirm())
    assert record.remind_setup_at is None
    assert refused(record, RemindSetup(actor=SAM, tenant_id=TENANT)).code == "nothing_open"


# --- Reminders that nobody asks for -----------------------------------------------------------------------------------


def test_open_steps_are_reminded_of_by_themselves_each_time_later() -> None:
    known, now = partnership(setup=(REDEEM_STEP,), setup_prompt_at=NOW + timedelta(days=7)), NOW
    assert known.due_at == NOW + timedelta(days=7)
    for days, count in ((7, 1), (14, 2), (28, 3), (28, 4)):
        due_at = known.setup_prompt_at
        assert due_at == now + timedelta(days=days)
        with pytest.raises(Refused, match="not_due"):
            advance_review(known, PromptSetup(), current_roles=everybody(), now=due_at - MILLISECOND)
        transition = advance_review(known, PromptSetup(), current_roles=everybody(), now=due_at)
        known, now = transition.partnership, due_at
        assert (known.setup_prompts, known.setup_reminders) == (count, count)
        assert transition.effects == (ShowSetup(tenant_id=TENANT, remind=True),)


def test_a_reminder_is_postponed_when_the_sponsor_had_one_today() -> None:
    known, until = partnership(setup=(REDEEM_STEP,), setup_prompt_at=NOW), NOW + timedelta(days=1)
    transition = advance_review(known, PostponePrompt(until=until), current_roles=everybody(), now=NOW)
    assert (transition.partnership.setup_prompt_at, transition.effects) == (until, ())
    with pytest.raises(Refused, match="not_due"):
        advance_review(transition.partnership, PostponePrompt(until=until), current_roles=everybody(), now=NOW)


def test_reminders_end_when_every_step_is_confirmed_and_begin_again_when_one_is_not() -> None:
    known = partnership(setup=(REDEEM_STEP,), setup_prompt_at=NOW, setup_prompts=2)
    confirm = ConfirmSetup(actor=SAM, tenant_id=TENANT, step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest)
    confirmed = advance_review(known, confirm, current_roles=everybody(), now=NOW).partnership
    assert (confirmed.setup_prompt_at, confirmed.setup_prompts) == (None, 0)
    undo = UnconfirmSetup(actor=SAM, tenant_id=TENANT, step=REDEEM_STEP.key)
    again = advance_review(confirmed, undo, current_roles=everybody(), now=NOW).partnership
    assert again.setup_prompt_at == NOW + timedelta(days=7)
    assert with_prompts(again, NOW + timedelta(days=1)) == again, "a time that is set stays"


@pytest.mark.parametrize(
    "over",
    [
        {"state": PartnershipState.REVOKED},
        {"state": PartnershipState.SUSPENDED},
        {"ends_at": NOW},
        {"ends_at": NOW - timedelta(days=1)},
    ],
)
def test_nobody_is_reminded_of_access_that_is_closed_or_has_ended(over: dict[str, Any]) -> None:
    known = partnership(setup=(REDEEM_STEP,), setup_prompt_at=NOW, **over)
    assert known.setup_prompt_due_at is None
    with pytest.raises(Refused):
        advance_review(known, PromptSetup(), current_roles=everybody(), now=NOW)


def test_adopted_settings_worked_before_and_nobody_is_reminded() -> None:
    known = partnership(setup=(REDEEM_STEP,), is_adopted=True)
    assert with_prompts(known, NOW).setup_prompt_at is None
    assert with_prompts(partnership(setup=()), NOW).setup_prompt_at is None


def test_a_reminder_that_somebody_asked_for_delays_the_next_one() -> None:
    known = partnership(setup=(REDEEM_STEP,), remind_setup_at=NOW, setup_prompt_at=NOW, setup_reminder_asked_at=NOW)
    asked = advance_review(known, AskSetup(), current_roles=everybody(), now=NOW).partnership
    assert asked.setup_prompt_at == NOW + timedelta(days=14)
    waits = replace(known, remind_setup_at=NOW + timedelta(days=3))
    prompted = advance_review(waits, PromptSetup(), current_roles=everybody(), now=NOW).partnership
    assert prompted.setup_reminder_asked_at == NOW, "that reminder still comes"
    plain = advance_review(replace(known, remind_setup_at=None), PromptSetup(), current_roles=everybody(), now=NOW)
    assert plain.partnership.setup_reminder_asked_at is None

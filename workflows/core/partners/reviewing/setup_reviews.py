"""Apply the commands about the partner setup: confirm a step, take a confirmation back, ask for a reminder."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from workflows.core.checks.partner_setup.confirmations import Confirmation, confirmation_of, open_steps
from workflows.core.checks.partner_setup.steps import SetupStep, StepKey, setup_of
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ADMIN, CurrentRoles, Person
from workflows.core.requests.commands.partner_record import (
    AskSetup,
    ConfirmSetup,
    PostponePrompt,
    PromptSetup,
    RecordSetup,
    RemindSetup,
    SetupCommand,
    UnconfirmSetup,
)
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.deadlines.reminder_times import SETUP_PROMPTED_AFTER, SETUP_REMINDED_AFTER
from workflows.core.requests.effects import Effect, MessageCode, SendMessage, ShowSetup
from workflows.core.requests.request import AccessRequest, RequestState


def advance_setup(
    partnership: Partnership, command: SetupCommand, *, current_roles: CurrentRoles, now: datetime
) -> Partnership:
    """Apply a command to the partner setup of a partner's record. Pure.

    :raises Refused: when it is not allowed now or for this person; nothing changes.
    """
    match command:
        case AskSetup():
            changes = _ask(partnership, now)
        case ConfirmSetup():
            changes = _confirm(partnership, command, current_roles, now)
        case UnconfirmSetup():
            changes = with_prompts(_unconfirm(partnership, command, current_roles), now)
        case RemindSetup():
            changes = _remind(partnership, command, current_roles, now)
        case RecordSetup():
            changes = with_prompts(_record(partnership, command), now)
        case PromptSetup():
            changes = _prompt(partnership, now)
        case PostponePrompt():
            _require_prompt_due(partnership, now)
            changes = replace(partnership, setup_prompt_at=command.until)
        case _:
            assert_never(command)
    return replace(changes, version=partnership.version + 1)


def with_prompts(partnership: Partnership, now: datetime) -> Partnership:
    """Return the record with its reminders that nobody asks for: while a needed step is open, and no longer.

    Adopted settings worked before, so nobody is reminded of them.
    """
    still_open = open_steps(partnership.setup, partnership.confirmations)
    if partnership.is_adopted or not any(step.is_needed for step in still_open):
        return replace(partnership, setup_prompt_at=None, setup_prompts=0)
    if partnership.setup_prompt_at is not None:
        return partnership
    return replace(partnership, setup_prompt_at=now + SETUP_PROMPTED_AFTER[0])


def setup_effects(partnership: Partnership, command: SetupCommand) -> tuple[Effect, ...]:
    """Return the effects of a command: the cards, and the message to whoever confirmed or took something back."""
    if isinstance(command, PostponePrompt):
        return ()
    is_reminder = isinstance(command, AskSetup | PromptSetup)
    show = ShowSetup(tenant_id=partnership.identity.tenant_id, remind=is_reminder)
    return (show, *setup_messages(partnership, command))


def setup_messages(partnership: Partnership, command: SetupCommand) -> tuple[SendMessage, ...]:
    """Return the message to the person who confirmed a step, or took a confirmation back; empty for other commands.

    :param partnership: the record after `command`.
    """
    if not isinstance(command, ConfirmSetup | UnconfirmSetup):
        return ()
    identity = partnership.identity
    steps_left = open_steps(partnership.setup, partnership.confirmations)
    code = MessageCode.SETUP_CONFIRMED if isinstance(command, ConfirmSetup) else MessageCode.SETUP_UNCONFIRMED
    values = {"partner": identity.name, "step": command.step.value, "left": [step.key.value for step in steps_left]}
    subject = CommandSubject(tenant_id=identity.tenant_id)
    fact = Fact(code, values)
    return (SendMessage(person=command.actor.chat_id, subject=subject, fact=fact, channel=command.channel),)


def setup_for_request(request: AccessRequest) -> tuple[SetupStep, ...]:
    """Return the steps that the partner must do after a request; empty when the request was not read back."""
    if request.state is not RequestState.APPLIED:
        return ()
    prepared = request.require_prepared()
    observed = prepared.observation
    is_cross_cloud = not observed.identity.is_resolved
    return setup_of(prepared.plan.configuration_after(), observed.default, is_cross_cloud=is_cross_cloud).steps


def _ask(partnership: Partnership, now: datetime) -> Partnership:
    if partnership.remind_setup_at is None or now < partnership.remind_setup_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="setup_reminder")
    return replace(_prompted(partnership, now), remind_setup_at=None, setup_reminders=partnership.setup_reminders + 1)


def _prompt(partnership: Partnership, now: datetime) -> Partnership:
    """Remind the sponsor although nobody asked for it."""
    _require_prompt_due(partnership, now)
    prompted = replace(
        _prompted(partnership, now),
        setup_prompts=partnership.setup_prompts + 1,
        setup_reminders=partnership.setup_reminders + 1,
    )
    if prompted.remind_setup_at is None:
        prompted = replace(prompted, setup_reminder_asked_by=None, setup_reminder_asked_at=None)
    return prompted


def _prompted(partnership: Partnership, now: datetime) -> Partnership:
    """Return the record after a reminder: the next one that nobody asks for comes later each time."""
    pause = SETUP_PROMPTED_AFTER[min(partnership.setup_prompts + 1, len(SETUP_PROMPTED_AFTER) - 1)]
    return partnership if partnership.setup_prompt_at is None else replace(partnership, setup_prompt_at=now + pause)


def _require_prompt_due(partnership: Partnership, now: datetime) -> None:
    if partnership.setup_prompt_due_at is None or now < partnership.setup_prompt_due_at:
        raise Refused(RefusalCode.NOT_DUE_YET, what="setup_reminder")


def _confirm(
    partnership: Partnership, command: ConfirmSetup[Person], current_roles: CurrentRoles, now: datetime
) -> Partnership:
    _require_may_say(partnership, command.actor, current_roles)
    step = _step(partnership, command.step)
    if step.digest != command.step_digest:
        raise Refused(RefusalCode.CARD_OUT_OF_DATE, confirms=True)
    earlier_confirmation = confirmation_of(step, partnership.confirmations)
    if earlier_confirmation is not None:
        raise Refused(RefusalCode.STEP_ALREADY_CONFIRMED, person=earlier_confirmation.person.name)
    confirmation = Confirmation(step=step.key, step_digest=step.digest, person=command.actor, at=now)
    confirmed = replace(partnership, confirmations=(*partnership.confirmations, confirmation))
    all_confirmed = not open_steps(confirmed.setup, confirmed.confirmations)
    if not all_confirmed:
        return confirmed
    return replace(
        confirmed,
        remind_setup_at=None,
        setup_reminder_asked_by=None,
        setup_reminder_asked_at=None,
        setup_prompt_at=None,
        setup_prompts=0,
    )


def _unconfirm(partnership: Partnership, command: UnconfirmSetup[Person], current_roles: CurrentRoles) -> Partnership:
    _require_may_say(partnership, command.actor, current_roles)
    step = _step(partnership, command.step)
    if command.step_digest and step.digest != command.step_digest:
        raise Refused(RefusalCode.CARD_OUT_OF_DATE, confirms=False)
    confirmation = confirmation_of(step, partnership.confirmations)
    if confirmation is None:
        raise Refused(RefusalCode.STEP_NOT_CONFIRMED)
    other_confirmations = tuple(
        other_confirmation for other_confirmation in partnership.confirmations if other_confirmation != confirmation
    )
    return replace(partnership, confirmations=other_confirmations)


def _remind(
    partnership: Partnership, command: RemindSetup[Person], current_roles: CurrentRoles, now: datetime
) -> Partnership:
    _require_may_say(partnership, command.actor, current_roles)
    if not open_steps(partnership.setup, partnership.confirmations):
        raise Refused(RefusalCode.SETUP_COMPLETE)
    if partnership.remind_setup_at is not None:
        raise Refused(RefusalCode.ALREADY_REMINDING)
    return replace(
        partnership,
        remind_setup_at=now + SETUP_REMINDED_AFTER,
        setup_reminder_asked_by=command.actor,
        setup_reminder_asked_at=now,
    )


def _record(partnership: Partnership, command: RecordSetup) -> Partnership:
    if partnership.request_id != command.request_id or partnership.setup or not command.steps:
        raise Refused(RefusalCode.SETUP_ALREADY_RECORDED)
    return replace(partnership, setup=command.steps)


def _require_may_say(partnership: Partnership, actor: Person, current_roles: CurrentRoles) -> None:
    if actor.id != partnership.sponsor.id and not current_roles.holds(actor.id, ADMIN):
        raise Refused(RefusalCode.NOT_THE_SPONSOR, sponsor=partnership.sponsor.name, is_review=False)


def _step(partnership: Partnership, key: StepKey) -> SetupStep:
    for step in partnership.setup:
        if step.key is key:
            return step
    raise Refused(RefusalCode.UNKNOWN_SETUP_STEP)

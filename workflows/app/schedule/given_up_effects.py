"""Effects that were given up: the alarm about each, and what an admin can decide about it."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.app.alarms import Alarms
from workflows.core.errors.facts import Facts, as_values
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.clicks import subject_of
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import (
    AdvanceBatch,
    Apply,
    CheckPermission,
    Effect,
    JudgeSheet,
    PostAuditHead,
    Prepare,
    RemindPerson,
    RetryOrDropEffect,
    SendEndNotices,
    SendEscalationMessage,
    SendExpiryMessages,
    SendMessage,
    SendReminders,
    SendReviewReminders,
    ShowAccessTest,
    ShowAlarm,
    ShowBatch,
    ShowBlockAtEnd,
    ShowFreeze,
    ShowHandover,
    ShowHome,
    ShowRequest,
    ShowReview,
    ShowSetup,
    TellEscalation,
    UploadBatchList,
)
from workflows.core.requests.transitions.transition import partner_of
from workflows.ports.store import Store

_UNREADABLE: Final = "unknown"


async def alarm_values(effect: Effect | None, reason: Facts, *, store: Store) -> Mapping[str, Any]:
    """Return the values of the alarm about a given-up effect: its kind, its subject, and why it was given up.

    `partner` is among them when the effect is about a partner. It is a tenant id when no request names the domain.
    """
    partner = "" if effect is None else await _partner(effect, store)
    return {
        **({"partner": partner} if partner else {}),
        "what": _UNREADABLE if effect is None else effect.kind,
        "about": "" if effect is None else _about(effect),
        "reason": as_values(reason),
    }


def is_alarming(effect: Effect | None) -> bool:
    """Return whether giving up this effect raises an alarm.

    All effects do, except an alarm's own, which would raise alarms without end.
    """
    return not isinstance(effect, ShowAlarm)


async def raise_given_up_alarm(effect_id: int, effect: Effect, reason: Facts, *, store: Store, alarms: Alarms) -> None:
    """Raise the alarm that an effect was given up."""
    if is_alarming(effect):
        values = await alarm_values(effect, reason, store=store)
        await alarms.raise_alarm(AlarmCode.EFFECT_GIVEN_UP, str(effect_id), values)


async def retry_or_drop_effect(effect: RetryOrDropEffect, *, store: Store, alarms: Alarms) -> None:
    """Retry or drop an effect that was given up, as an admin decided. May be repeated safely."""
    if effect.is_retried:
        await store.retry_given_up(effect.effect_id)
    else:
        await store.drop_given_up(effect.effect_id)
    await alarms.clear_alarm(AlarmCode.EFFECT_GIVEN_UP, str(effect.effect_id))


async def _partner(effect: Effect, store: Store) -> str:
    """Return the partner that an effect is about, see `partner_of`; a tenant id when only that is known."""
    match effect:
        case CheckPermission(command=Revoke() as click):
            return click.target
        case CheckPermission():
            subject = subject_of(effect.command)
        case (
            Prepare()
            | Apply()
            | ShowRequest()
            | SendReminders()
            | SendExpiryMessages()
            | ShowBlockAtEnd()
            | TellEscalation()
            | SendEscalationMessage()
        ):
            subject = CommandSubject(request_id=effect.request_id)
        case ShowReview() | ShowSetup() | ShowHandover() | ShowAccessTest():
            subject = CommandSubject(tenant_id=effect.tenant_id)
        case SendMessage():
            subject = effect.subject
        case _:
            return ""
    request = None if subject.request_id is None else await store.request(subject.request_id)
    return subject.tenant_id or "" if request is None else partner_of(request)


def _about(effect: Effect) -> str:
    """Return the request, partner or person that an effect is about."""
    match effect:
        case (
            Prepare()
            | Apply()
            | ShowRequest()
            | SendReminders()
            | SendExpiryMessages()
            | ShowBlockAtEnd()
            | TellEscalation()
            | SendEscalationMessage()
        ):
            return effect.request_id
        case ShowReview() | ShowSetup() | ShowHandover() | ShowAccessTest():
            return effect.tenant_id
        case CheckPermission() | JudgeSheet():
            return effect.command.actor
        case ShowHome() | SendMessage() | RemindPerson():
            return effect.person
        case ShowAlarm():
            return effect.alarm_id
        case RetryOrDropEffect():
            return str(effect.effect_id)
        case SendEndNotices() | SendReviewReminders():
            return effect.batch
        case PostAuditHead():
            return str(effect.seq)
        case ShowFreeze():
            return effect.kind
        case AdvanceBatch() | ShowBatch() | UploadBatchList():
            return effect.batch_id

"""Effects that were given up: the alarm about each, and what an admin can decide about it."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.app.alarms import Alarms
from workflows.core.errors.facts import Facts, as_values
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import (
    Apply,
    CheckPermission,
    Effect,
    Prepare,
    RetryOrDropEffect,
    SendExpiryMessages,
    SendMessage,
    SendReminders,
    ShowAlarm,
    ShowHome,
    ShowRequest,
    ShowReview,
    ShowSetup,
)
from workflows.ports.store import Store

_UNREADABLE: Final = "unknown"


def alarm_values(effect: Effect | None, reason: Facts) -> Mapping[str, Any]:
    """Return the values of the alarm about a given-up effect: its kind, its subject, and why it was given up."""
    return {
        "what": _UNREADABLE if effect is None else effect.kind,
        "about": "" if effect is None else _about(effect),
        "reason": as_values(reason),
    }


def is_alarming(effect: Effect | None) -> bool:
    """Return whether giving up this effect raises an alarm.

    All effects do, except an alarm's own, which would raise alarms without end.
    """
    return not isinstance(effect, ShowAlarm)


async def raise_given_up(effect_id: int, effect: Effect, reason: Facts, *, alarms: Alarms) -> None:
    """Raise the alarm that an effect was given up."""
    if is_alarming(effect):
        await alarms.raise_alarm(AlarmCode.EFFECT_GIVEN_UP, str(effect_id), alarm_values(effect, reason))


async def retry_or_drop_effect(decided: RetryOrDropEffect, *, store: Store, alarms: Alarms) -> None:
    """Retry or drop an effect that was given up, as an admin decided. May be repeated safely."""
    if decided.is_retried:
        await store.retry_given_up(decided.effect_id)
    else:
        await store.drop_given_up(decided.effect_id)
    await alarms.clear_alarm(AlarmCode.EFFECT_GIVEN_UP, str(decided.effect_id))


def _about(effect: Effect) -> str:
    """Return the request, partner or person that an effect is about."""
    match effect:
        case Prepare() | Apply() | ShowRequest() | SendReminders() | SendExpiryMessages():
            return effect.request_id
        case ShowReview() | ShowSetup():
            return effect.tenant_id
        case CheckPermission():
            return effect.command.actor
        case ShowHome() | SendMessage():
            return effect.person
        case ShowAlarm():
            return effect.alarm_id
        case RetryOrDropEffect():
            return str(effect.effect_id)

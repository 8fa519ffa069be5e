"""The buttons that answer alarms, in messages, in windows and on the App Home. A further answer is added here."""

from collections.abc import Iterator

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, ConfirmObject

from bot.slack import ids
from bot.slack.blocks.blocks import actions, button, confirm_dialog
from bot.words.sentences import counted
from workflows.core.errors.facts import Values
from workflows.core.posture.concern_codes import may_be_adopted
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.settings.model import is_guid


def drift_answers(subject: str, values: Values, *, is_admin: bool) -> ActionsBlock | None:
    """Return the answers to drift; None when there is none for this reader.

    :param subject: the partner's tenant id, or `default`.
    :param values: the values of an alarm about drift.
    :param is_admin: whether the reader is an admin. The sponsor can only ask for the approved settings.
    """
    buttons = list(_buttons(subject, values, is_admin=is_admin))
    return actions(f"drift:{subject}", *buttons) if buttons else None


def _buttons(subject: str, values: Values, *, is_admin: bool) -> Iterator[ButtonElement]:
    is_partner = is_guid(subject)
    if is_partner and values.get("can_be_restored"):
        yield button("Restore", ids.RESTORE_APPROVED, subject)
    if is_admin and is_partner and may_be_adopted([values.get("drift", ""), *values.get("writers", ())]):
        yield button("Adopt", ids.ADOPT_PARTNER, subject)
    if is_admin:
        yield button("Accept until…", ids.ACCEPT_DRIFT, f"{subject}:{values.get('fingerprint', '')}")
    if is_admin and is_partner:
        yield button("Revoke", ids.REVOKE_PARTNER, subject)


def freeze_answers(place: str, *, is_held: bool = False) -> ActionsBlock:
    """Return the button for an admin during a freeze. It opens the window with the freeze as it is then.

    :param is_held: whether the bot began it, by starting held.
    """
    label = "Release…" if is_held else "End freeze…"
    return actions(f"freeze:{place}", button(label, ids.OPEN_UNFREEZE, "freeze"))


def _dismiss_dialog(days: str) -> ConfirmObject:
    text = f"For {days} no admin gets a message about this. It changes no access."
    return confirm_dialog("Dismiss this message?", text, "Dismiss")


def alarm_answers(alarm: Alarm, *, is_admin: bool) -> ActionsBlock | None:
    """Return the buttons of an open alarm that people answer; None for every other alarm."""
    if not alarm.is_open:
        return None
    match alarm.code:
        case AlarmCode.DRIFT | AlarmCode.OWN_CHANGE:
            return drift_answers(alarm.subject, alarm.values, is_admin=is_admin)
        case AlarmCode.DRIFT_DIGEST if is_admin:
            return actions(f"drifts:{alarm.id}", button("Show drift", ids.SHOW_DRIFTS, "0"))
        case AlarmCode.SPONSOR_GONE if is_admin and is_guid(alarm.subject):
            return actions(f"sponsor:{alarm.subject}", button("Change sponsor", ids.CHANGE_SPONSOR, alarm.subject))
        case AlarmCode.SIGN_INS_DENIED | AlarmCode.SIGN_INS_DENIED_TO_MANY if is_admin:
            value, days = f"{alarm.subject}:{alarm.id}", counted(alarm.values["dismiss_days"], "day")
            buttons = (
                button(f"Dismiss for {days}", ids.DISMISS_DENIED, value, confirm=_dismiss_dialog(days)),
                button("Details", ids.SHOW_DENIED, value),
            )
            return actions(f"denied:{alarm.id}", *buttons)
        case AlarmCode.FROZEN | AlarmCode.FREEZE_END_ASKED | AlarmCode.HELD | AlarmCode.HELD_REPORT if is_admin:
            is_held = alarm.code is AlarmCode.HELD_REPORT or "cause" in alarm.values
            return freeze_answers(alarm.id, is_held=is_held)
        case _:
            return None

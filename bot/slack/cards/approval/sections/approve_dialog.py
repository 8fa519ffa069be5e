"""The dialog in which Approve asks once more: for high risk, and while a question is not answered."""

from collections.abc import Sequence
from typing import Final

from slack_sdk.models.blocks import ConfirmObject

from bot.slack.blocks.blocks import Limit, confirm_dialog
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.approval.sections.conversation import open_question_words
from bot.slack.cards.approval.sections.kept_access import access_opened_outside
from bot.slack.cards.requests import request_target
from workflows.core.requests.request import AccessRequest

_MAX_TARGET: Final = 60
"""Characters of the partner's name."""
_FOR_QUESTIONS: Final = 30
"""Characters for the number of questions that are not answered."""
_AND_MORE: Final = "; and {} more, see Details"
_STAYS: Final = " What others opened stays open, see the card."


def high_risk_dialog(request: AccessRequest, opened: Sequence[str]) -> ConfirmObject:
    """Return the dialog for high risk: the change in one sentence, and how many questions are not answered.

    :param opened: what gives more access.
    """
    target = clean(request_target(request), _MAX_TARGET)
    shown: list[str] = []
    room = Limit.CONFIRM_TEXT - len(target) - len(_AND_MORE) - len(_STAYS) - _FOR_QUESTIONS
    for text in opened:
        if len("; ".join([*shown, text])) > room:
            break
        shown.append(text)
    more = _AND_MORE.format(len(opened) - len(shown)) if len(opened) > len(shown) else ""
    effect = f"{'; '.join(shown)}{more}" if opened else "nothing more is opened, but the access that stays is high risk"
    if request.plan.adoption is not None:
        effect = f"stays open as it is, and nothing is written: {'; '.join(shown)}{more}"
    stays = "" if access_opened_outside(request) is None else _STAYS
    return confirm_dialog("Approve high risk access?", f"{target}: {effect}.{_unanswered(request)}{stays}", "Approve")


def unanswered_dialog(request: AccessRequest) -> ConfirmObject | None:
    """Return the dialog for any other risk while a question is not answered; None without one."""
    if not (unanswered := _unanswered(request)):
        return None
    return confirm_dialog("Approve now?", f"{clean(request_target(request), _MAX_TARGET)}:{unanswered}", "Approve")


def _unanswered(request: AccessRequest) -> str:
    words = open_question_words(request)
    return f" {words}." if words else ""

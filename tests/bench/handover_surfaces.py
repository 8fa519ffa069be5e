"""The surfaces of a hand-over: the window, the question, its reminder, its ends, and the setup's own reminder."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.slack.blocks.blocks import Json
from bot.slack.cards.partner_setup.setup_card import setup_card
from bot.slack.flows.sponsor.views import change_sponsor_view
from bot.slack.outbound.announcements.handover_cards import closed_handover_card, handover_card, not_reached_card
from bot.slack.words.alarms import alarm_message
from tests.workflows.core.builders import AMARA, CHIE, DANA, NOW, REDEEM_STEP, SAM, TENANT, partnership
from workflows.app.alarms import new_alarm
from workflows.core.people import ChatId
from workflows.core.policy.reviews.sponsorship import HANDOVER_EXPIRES_AFTER, Handover, HandoverState
from workflows.core.requests.alarms import AlarmCode

_ASKED: Final = Handover(
    number=1, proposed=AMARA, proposed_by=SAM, proposed_at=NOW, expires_at=NOW + HANDOVER_EXPIRES_AFTER
)
_KNOWN: Final = partnership(setup=(REDEEM_STEP,), handover=_ASKED)
_GONE: Final = replace(_KNOWN, sponsor_gone_at=NOW, sponsor_manager=CHIE.name)


def handover_windows() -> dict[str, Json]:
    """Return the window that asks who shall be the sponsor."""
    return {
        "handover-window": change_sponsor_view(replace(_KNOWN, handover=None), reader=SAM.id, manager=None),
        "handover-window-asked": change_sponsor_view(_GONE, reader=SAM.id, manager=ChatId("U0APPROVER2")),
    }


def handover_messages() -> dict[str, list[Json]]:
    """Return the messages to the proposed person, to who proposed, and to admins."""
    by_admin, reminded = replace(_ASKED, proposed_by=DANA), replace(_ASKED, reminded_at=NOW + timedelta(days=3))
    alarm = new_alarm(
        AlarmCode.SPONSOR_GONE, TENANT, {"partner": "contoso.com", "sponsor": SAM.name, "manager": CHIE.name}, NOW
    )
    cards = {
        "handover-question": handover_card(_KNOWN, _ASKED),
        "handover-question-gone": handover_card(_GONE, by_admin),
        "handover-reminder": handover_card(_KNOWN, reminded),
        "handover-accepted": closed_handover_card(_KNOWN, replace(_ASKED, state=HandoverState.ACCEPTED), is_same=True),
        "handover-not-reached": not_reached_card(_KNOWN, _ASKED),
        "handover-alarm": alarm_message(alarm),
        "setup-own-reminder": setup_card(replace(_KNOWN, setup_prompts=1), may_confirm=True, reader=SAM.chat_id),
    }
    return {name: card.blocks for name, card in cards.items()}

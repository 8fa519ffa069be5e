"""The surfaces that change during a freeze: its windows and messages, and its line on a card, the form and App Home."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast

from bot.slack.blocks.blocks import Json, within_limits
from bot.slack.cards.approval.approval_card import approval_blocks
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.closed_card import closed_card
from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.slack.flows.alarms.freeze_views import already_frozen_view, freeze_view, unfreeze_view
from bot.slack.flows.home.view import home_view
from bot.slack.flows.request_access.form import RequestForm, request_view
from bot.slack.outbound.announcements.freeze_messages import freeze_message
from bot.slack.words.alarms import alarm_message
from tests.bot.shipped_cards import NAMES, waiting
from tests.workflows.core.builders import AMARA, DANA, NOW, RILEY, current_roles
from workflows.app.alarms import new_alarm
from workflows.app.reads.app_home import AppHome
from workflows.app.reads.known_freeze import UNREADABLE
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.people import ADMIN
from workflows.core.policy.offers import arranged_offers, offers_of
from workflows.core.policy.stops.freeze import Freeze, FreezeStep, advance, begin, begin_hold
from workflows.core.policy.stops.generation import Hold, HoldCause
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.request import RequestState
from workflows.core.requests.transitions.freezing import freeze_note

REASON: Final = (
    "An approver's account was used from an unknown device at 08:40. Nothing is opened until Security has looked at "
    "every approval of the last two days"
)
FREEZE: Final = begin(None, by=DANA.name, reason=REASON, now=NOW)
_ADMINS: Final = current_roles(dana=ADMIN, amara=ADMIN)
ASKED: Final = advance(FREEZE, FreezeStep.ASK_END, DANA, version=1, current_roles=_ADMINS, now=NOW)
ENDED: Final = advance(ASKED, FreezeStep.END, AMARA, version=2, current_roles=_ADMINS, now=NOW + timedelta(hours=2))
_HOLD: Final = Hold(cause=HoldCause.RESTORED, inside="i:3", outside="i:7", last_entry="k", last_ran_at=NOW)
HELD: Final = cast(Freeze, begin_hold(None, _HOLD, now=NOW))
RELEASE_ASKED: Final = advance(HELD, FreezeStep.ASK_END, DANA, version=1, current_roles=_ADMINS, now=NOW)
RELEASED: Final = advance(
    RELEASE_ASKED, FreezeStep.END, AMARA, version=2, current_roles=_ADMINS, now=NOW + timedelta(hours=2)
)
REPORT: Final = {
    "last_ran_at": NOW.isoformat(),
    "differences": {
        "count": 7,
        "rows": [
            {"partner": "fabrikam.com", "code": "unknown_to_gatehouse"},
            {"partner": "contoso.com", "code": "differs_from_approved"},
            {"partner": "northwind.com", "code": "revoked_but_open"},
            {"partner": "litware.com", "code": "absent"},
            {"partner": "proseware.com", "code": "unknown_to_gatehouse"},
        ],
    },
    "changes": {
        "count": 2,
        "rows": [
            {"at": NOW.isoformat(), "partner": "fabrikam.com", "activity": "Add", "by": "Gatehouse", "is_ours": True},
            {"at": NOW.isoformat(), "partner": "", "activity": "Update", "by": "dana@w.example", "is_ours": False},
        ],
    },
    "requests": {"count": 1, "rows": [{"id": "R-1234", "partner": "contoso.com", "state": "awaiting_approval"}]},
}


def _alarm(code: AlarmCode, values: dict[str, Any]) -> list[Json]:
    return alarm_message(new_alarm(code, "1", values, NOW), is_admin=True).blocks


def freeze_windows() -> dict[str, Json]:
    """Return the windows about the freeze, the request form and App Homes during one."""
    later, templates = NOW + timedelta(hours=1), load_catalog(SHIPPED).templates
    offers = arranged_offers(offers_of(templates.values()), is_closing=False)
    return {
        "freeze-begin": freeze_view(12),
        "freeze-replace": freeze_view(0, UNREADABLE),
        "freeze-already": already_frozen_view(FREEZE),
        "freeze-ask-end": unfreeze_view(FREEZE, reader=DANA.id, now=later),
        "freeze-own-request": unfreeze_view(ASKED, reader=DANA.id, now=later),
        "freeze-confirm": unfreeze_view(ASKED, reader=AMARA.id, now=later),
        "freeze-form": request_view(RequestForm(offers=offers, requester=RILEY.chat_id, freeze=FREEZE)),
        "freeze-home": home_view(AppHome(freeze=FREEZE), now=later),
        "freeze-home-admin": home_view(AppHome(is_admin=True, freeze=FREEZE), now=later),
        "held-already": already_frozen_view(HELD),
        "held-release": unfreeze_view(HELD, reader=DANA.id, now=later),
        "held-confirm": unfreeze_view(RELEASE_ASKED, reader=AMARA.id, now=later),
        "held-home-admin": home_view(AppHome(is_admin=True, freeze=HELD), now=later),
    }


def freeze_messages() -> dict[str, list[Json]]:
    """Return the messages about the freeze, and the cards of a request that it stops."""
    asked = waiting(load_catalog(SHIPPED).templates["trusted-partner"])
    card = approval_blocks(asked, holders=NAMES, context=CardContext(is_first=True, freeze=FREEZE), now=NOW)
    card_held = approval_blocks(asked, holders=NAMES, context=CardContext(is_first=True, freeze=HELD), now=NOW)
    held = replace(asked, state=RequestState.APPLYING, note=(freeze_note(FREEZE),))
    values = {"by": FREEZE.by, "why": FREEZE.reason}
    alarm = new_alarm(AlarmCode.FREEZE_END_ASKED, "1", {"name": DANA.name, **values}, NOW)
    return {
        "freeze-card": within_limits(card, "message"),
        "freeze-requester": requester_card(asked, now=NOW, freeze=FREEZE).blocks,
        "freeze-held": requester_card(held, now=NOW, freeze=FREEZE).blocks,
        "freeze-held-card": closed_card(held, successor=None, now=NOW).blocks,
        "freeze-began": freeze_message(FREEZE).blocks,
        "freeze-ended": freeze_message(ENDED).blocks,
        "freeze-alarm": alarm_message(new_alarm(AlarmCode.FROZEN, "1", values, NOW), is_admin=True).blocks,
        "freeze-alarm-end": alarm_message(alarm, is_admin=True).blocks,
        "held-card": within_limits(card_held, "message"),
        "held-began": freeze_message(HELD).blocks,
        "held-ended": freeze_message(RELEASED).blocks,
        "held-alarm": _alarm(AlarmCode.HELD, {"by": HELD.by, "why": "", "cause": "restored"}),
        "held-alarm-release": _alarm(
            AlarmCode.FREEZE_END_ASKED, {"name": DANA.name, "by": HELD.by, "why": "", "cause": "restored"}
        ),
        "held-report": _alarm(AlarmCode.HELD_REPORT, REPORT),
    }

"""The surfaces of records that something other than Gatehouse changed: cards, Details, the alarm and its freeze."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from bot.slack.blocks.blocks import Json
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.closed_card import closed_card
from bot.slack.cards.approval.request_card import request_card
from bot.slack.cards.approval.requester_and_sponsor import requester_card, sponsor_card
from bot.slack.flows.alarms.freeze_views import unfreeze_view
from bot.slack.flows.decide.views import decision_view
from bot.slack.flows.home.view import home_view
from bot.slack.outbound.announcements.freeze_messages import freeze_message
from bot.slack.words.alarms import alarm_message
from bot.words.unavailable.audit_chain import freeze_reason
from tests.bot.shipped_cards import NAMES, waiting
from tests.workflows.core.builders import AMARA, DANA, NOW, approval, current_roles
from workflows.app.alarms import new_alarm
from workflows.app.reads.app_home import AppHome
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.audit.verifying import ChainProblem, ChainProblemCode
from workflows.core.errors.facts import Fact
from workflows.core.people import ADMIN, GATEHOUSE
from workflows.core.policy.stops.freeze import FreezeStep, advance, begin
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.notes import NoteCode, as_not_believed
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.pages import Page

_TEMPLATES: Final = load_catalog(SHIPPED).templates
_LATER: Final = NOW + timedelta(hours=1)
_ADMINS: Final = current_roles(dana=ADMIN, amara=ADMIN)
_PROBLEM: Final = ChainProblem(code=ChainProblemCode.RECORD_CHANGED, seq=41, record="requests R-AAAAAAAAAA")


def _waiting() -> AccessRequest:
    asked = waiting(_TEMPLATES["trusted-partner"])
    return as_not_believed(replace(asked, decisions=(approval(AMARA, 0, digest=asked.plan.digest),)))


def _ended() -> AccessRequest:
    """Return what two admins leave of it when they end the freeze about it."""
    note = (Fact(NoteCode.ENDED_NOT_BELIEVED, {"was_sent": False}),)
    return replace(_waiting(), state=RequestState.STOPPED, note=note, changed_at=_LATER)


def _held() -> AccessRequest:
    """Return an approved request whose record is right, and which waits because of another record."""
    asked = waiting(_TEMPLATES["trusted-partner"])
    return replace(asked, state=RequestState.APPLYING, note=(Fact(NoteCode.NOT_AS_SIGNED),))


def not_believed_messages() -> dict[str, list[Json]]:
    """Return each card of a request that is not believed, waiting and ended, and what admins are told."""
    asked, ended, held = _waiting(), _ended(), _held()
    frozen = begin(None, by=GATEHOUSE.name, reason=freeze_reason(_PROBLEM), now=NOW)
    asks = advance(frozen, FreezeStep.ASK_END, DANA, version=1, current_roles=_ADMINS, now=NOW)
    over = advance(asks, FreezeStep.END, AMARA, version=2, current_roles=_ADMINS, now=_LATER)
    values: dict[str, Any] = {
        "problem": _PROBLEM.code.value,
        "seq": _PROBLEM.seq,
        "key_id": "",
        "count": 1,
        "record": _PROBLEM.shown_record,
    }
    context = CardContext(is_first=True)
    return {
        "changed-card": request_card(asked, holders=NAMES, context=context, now=NOW).blocks,
        "changed-receipt": closed_card(asked, successor=None, now=NOW, reader=AMARA.chat_id).blocks,
        "changed-requester": requester_card(asked, now=NOW, holders=NAMES).blocks,
        "changed-sponsor": sponsor_card(asked, now=NOW).blocks,
        "changed-ended-card": request_card(ended, holders=NAMES, context=context, now=_LATER).blocks,
        "changed-ended-requester": requester_card(ended, now=_LATER).blocks,
        "changed-ended-sponsor": sponsor_card(ended, now=_LATER).blocks,
        "changed-waits-card": request_card(held, holders=NAMES, context=context, now=NOW).blocks,
        "changed-waits-requester": requester_card(held, now=NOW).blocks,
        "changed-alarm": alarm_message(new_alarm(AlarmCode.AUDIT_CHAIN, "1", values, NOW), is_admin=True).blocks,
        "changed-freeze-began": freeze_message(frozen).blocks,
        "changed-freeze-ended": freeze_message(over).blocks,
    }


def not_believed_windows() -> dict[str, Json]:
    """Return the windows about such a request, and App Homes while it waits."""
    asked, ended = _waiting(), _ended()
    frozen = begin(None, by=GATEHOUSE.name, reason=freeze_reason(_PROBLEM), now=NOW)
    mine = AppHome(mine=Page(items=[asked, ended], count=2, size=2), freeze=frozen)
    return {
        "changed-details": decision_view(asked, holders=NAMES, history=(), now=NOW),
        "changed-ended-details": decision_view(ended, holders=NAMES, history=(), now=_LATER),
        "changed-ask-end": unfreeze_view(frozen, reader=DANA.id, now=_LATER),
        "changed-home": home_view(mine, now=_LATER),
    }

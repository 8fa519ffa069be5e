"""Every message and window about requests, partners and alarms, for tests of what all of them have in common."""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import Any, Final, get_args

from bot.slack.blocks.message import Message
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.closed_card import closed_card, older_card
from bot.slack.cards.approval.new_approval import new_approval_message
from bot.slack.cards.approval.reminder import (
    expired_message,
    finished_reminder,
    own_expired_message,
    reminder_message,
    replaced_reminder,
)
from bot.slack.cards.approval.requester_and_sponsor import requester_card, sponsor_card
from bot.slack.cards.partner_setup.setup_card import closed_setup_card, setup_card
from bot.slack.cards.review_card import ended_review_card, replaced_review_card, review_card
from bot.slack.flows.home.view import home_view
from bot.slack.flows.partner_setup.checklist import checklist_message, checklist_view
from bot.slack.flows.show.partner_details import partner_details
from bot.slack.flows.show.partner_list import partner_list
from bot.slack.outbound.requests.remark_cards import (
    answer_card,
    closed_question_card,
    question_card,
    thread_message,
)
from bot.slack.words.alarms import alarm_message
from tests.bench import denied_surfaces
from tests.bot.shipped_cards import NAMES, waiting
from tests.bot.slack.cards.test_setup_steps import ALL, HOME
from tests.bot.surfaces import all_of, card, details
from tests.workflows.core.builders import (
    AMARA,
    EXPIRY,
    NOW,
    QUESTION,
    RILEY,
    approval,
    closed_document,
    partnership,
    request,
)
from workflows.app.alarms import new_alarm
from workflows.app.evidence.denied.notice_records import alarm_values
from workflows.app.reads.app_home import AppHome
from workflows.app.reads.partner_setup import CurrentSetup
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.conversation.remarks import RemarkId, RemarkKind
from workflows.core.errors.facts import Fact
from workflows.core.partners.partnership import Attestation, PartnershipState
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.watch.comparison import DRIFT_CODES
from workflows.core.posture.watch.drift import AuthorState
from workflows.core.requests.alarms import ENDED, OPEN_ACCESS, AlarmCode, EndingCode
from workflows.core.requests.commands.automatic import Replan
from workflows.core.requests.effects import Effect, ShowAlarm
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.transition import Situation
from workflows.ports.records import LimitedList

TEMPLATES: Final = load_catalog(SHIPPED).templates

Change = Callable[[Any], Any]
"""Changes a request or a partner before it is shown."""

KINDS_OF_WORK: Final = [
    one.__dataclass_fields__["kind"].default for one in get_args(Effect) if one is not ShowAlarm
] + ["unknown"]
GROUP: Final = "0a1b2c3d-0000-4000-8000-000000000001"
DRIFT_VALUES: Final[dict[str, Any]] = {
    "drift": "differs_from_approved",
    "settings": ["inboundTrust"],
    "opens": True,
    "fingerprint": "a" * 64,
    "writers": ["microsoft_support"],
    "touches": [],
    "touched": 0,
    "author": {"state": "known", "name": "mallory@woodgrove.com", "at": NOW.isoformat(), "is_own_application": False},
    "accepted_by": ["Dana"],
    "needed": 2,
    "asked_again": 1,
    "can_be_restored": True,
}
ALARM_VALUES: Final[dict[AlarmCode, dict[str, Any]]] = {
    AlarmCode.SIGN_INS_DENIED: dict(alarm_values(denied_surfaces.ONE)),
    AlarmCode.SIGN_INS_DENIED_TO_MANY: dict(alarm_values(denied_surfaces.FLOOD)),
    AlarmCode.EFFECT_GIVEN_UP: {"what": "prepare", "about": "r-1", "reason": f"No group {GROUP}."},
    AlarmCode.WRITE_NOT_SHOWN: {"request": "r-1", "reason": []},
    AlarmCode.REVOCATION_NOT_COMPLETE: {"request": "r-1", "reason": f"No group {GROUP}."},
    AlarmCode.PARTLY_APPLIED: {"request": "r-1", "reason": []},
    AlarmCode.ROLE_EMPTY: {
        "role": "security",
        "people": "0",
        "needed": "1",
        "requests": "r-1",
        "missing_groups": ["sec"],
        "where": "the user group @sec",
    },
    AlarmCode.SPONSOR_GONE: {"sponsor": "Sam"},
    AlarmCode.CHANNEL_NOT_PRIVATE: {"channel": "C1", "reason": "It is public."},
    AlarmCode.CARD_NOT_POSTED: {"request": "r-1", "reason": "It is archived."},
    AlarmCode.STORE_NOT_WRITABLE: {"reason": "disk_full"},
    AlarmCode.AUDIT_CHAIN: {"problem": "deleted", "seq": 12, "key_id": "", "count": 2},
    AlarmCode.SOCKET_SILENT: {"reason": "No hello."},
    AlarmCode.CLOCK_WRONG: {"seconds": "130"},
    AlarmCode.DRIFT: DRIFT_VALUES,
    AlarmCode.OWN_CHANGE: DRIFT_VALUES,
    AlarmCode.DRIFT_DIGEST: {
        "count": 30,
        "opening": 1,
        "counts": {"unknown_to_gatehouse": 29, "absent": 1},
        "partners": ["contoso.com", GROUP],
    },
    AlarmCode.WRITE_NOT_IN_LOG: {"count": 2, "partners": ["contoso.com", GROUP], "since": NOW.isoformat()},
    AlarmCode.OWN_ENTRY_NOT_EXPLAINED: {"count": 2, "partners": ["contoso.com", GROUP], "since": NOW.isoformat()},
    AlarmCode.BATCH_HALTED: {"batch": "B-1", "tried": "20", "failed": "3"},
    AlarmCode.SWEEP_INCOMPLETE: {"reason": [], "since": NOW.isoformat()},
    AlarmCode.WRONG_TENANT: {"found": GROUP, "expected": GROUP},
    AlarmCode.PERMISSIONS_SURPLUS: {"permissions": ["Mail.Send"]},
    AlarmCode.PERMISSIONS_MISSING: {"permissions": ["User.Read.All"]},
    AlarmCode.SERVICE_SILENT: {"service": "directory", "since": NOW.isoformat()},
    AlarmCode.END_NOT_ANNOUNCED: {"partners": ["contoso.com"], "count": 1},
    AlarmCode.END_NOT_BLOCKED: {"request": "r-1"},
    AlarmCode.REVIEW_SILENT: {"partners": ["contoso.com"], "count": 1},
    AlarmCode.LIMIT_REACHED: {"person": "Riley", "limit": "10", "what": "requests"},
    AlarmCode.FROZEN: {"by": "Dana", "why": "Incident 7"},
    AlarmCode.FREEZE_END_ASKED: {"name": "Sam", "by": "Dana", "why": "Incident 7"},
    AlarmCode.HELD: {"by": "Gatehouse", "why": "", "cause": "restored"},
    AlarmCode.HELD_REPORT: {
        "last_ran_at": NOW.isoformat(),
        "differences": {"count": 1, "rows": [{"partner": "contoso.com", "code": "absent"}]},
        "changes": None,
        "requests": {"count": 0, "rows": []},
    },
}
OF_NO_PARTNER: Final = frozenset(
    {
        AlarmCode.SIGN_INS_DENIED,
        AlarmCode.SIGN_INS_DENIED_TO_MANY,
        AlarmCode.ROLE_EMPTY,
        AlarmCode.CHANNEL_NOT_PRIVATE,
        AlarmCode.AUDIT_CHAIN,
        AlarmCode.STORE_NOT_WRITABLE,
        AlarmCode.SOCKET_SILENT,
        AlarmCode.WRONG_TENANT,
        AlarmCode.PERMISSIONS_SURPLUS,
        AlarmCode.PERMISSIONS_MISSING,
        AlarmCode.SERVICE_SILENT,
        AlarmCode.END_NOT_ANNOUNCED,
        AlarmCode.REVIEW_SILENT,
        AlarmCode.LIMIT_REACHED,
        AlarmCode.DRIFT_DIGEST,
        AlarmCode.BATCH_HALTED,
        AlarmCode.WRITE_NOT_IN_LOG,
        AlarmCode.OWN_ENTRY_NOT_EXPLAINED,
        AlarmCode.SWEEP_INCOMPLETE,
        AlarmCode.FROZEN,
        AlarmCode.FREEZE_END_ASKED,
        AlarmCode.HELD,
        AlarmCode.HELD_REPORT,
    }
)
"""The kinds of alarm that are about no partner."""


def unchanged(one: Any) -> Any:
    """Return a request or a partner as it is."""
    return one


def with_identity(identity: TenantIdentity) -> Change:
    """Return the change that gives a request or a partner another identity."""

    def change(one: Any) -> Any:
        if isinstance(one, TenantIdentity):
            return identity
        if isinstance(one, AccessRequest):
            one = replace(one, fields=replace(one.fields, target=identity.typed_name))
        if is_dataclass(one) and not isinstance(one, type):
            # NB. not through the constructor where nothing changes: some records check what they are built from.
            changed = {f.name: change(getattr(one, f.name)) for f in fields(one)}
            new = {name: value for name, value in changed.items() if value is not getattr(one, name)}
            return replace(one, **new) if new else one
        return one

    return change


def asked_again(change: Change = unchanged) -> AccessRequest:
    """Return a request whose plan was replaced after an approval."""
    decided = change(replace(waiting(TEMPLATES["merger"]), decisions=(approval(AMARA, 0),)))
    return advance(decided, Replan(reason=(Fact(NoteCode.CHANGED_BY_OTHERS),)), Situation(now=NOW)).request


def about_requests(change: Change = unchanged) -> Iterator[tuple[str, Message]]:
    """Every message about one request, in every state."""
    for kind in RequestKind:
        for state in RequestState:
            asked = change(request(state, kind))
            if state is not RequestState.PREPARING:
                yield f"sponsor {state} {kind}", sponsor_card(asked, now=NOW)
            for name, make in (("card", card), ("requester", lambda one: requester_card(one, now=NOW))):
                yield f"{name} {state} {kind}", make(asked)
            later = change(request(RequestState.APPLIED, kind, id="r-2", confirmed_at=NOW, not_closed=()))
            yield f"replaced {state} {kind}", closed_card(asked, successor=later, now=NOW, reader=AMARA.chat_id)
    for template in TEMPLATES.values():
        yield f"card {template.name}", card(change(waiting(template)), holders=NAMES)
    again = replace(asked_again(change), state=RequestState.AWAITING_APPROVAL)
    yield (
        "again",
        new_approval_message(
            again, holders=NAMES, context=CardContext(is_first=False), now=NOW, approvers=[AMARA.chat_id]
        ),
    )
    yield "older", older_card(again, reader=AMARA.chat_id)
    yield (
        "asked later",
        closed_card(again, successor=None, now=NOW, reader=AMARA.chat_id, is_asked_later=True),
    )
    yield from about_remarks(change)
    two = LimitedList(items=(change(request()), change(request())), count=2)
    yield "reminder", reminder_message(two, now=NOW)
    yield "expired", expired_message(two)
    yield "own expired", own_expired_message(two)
    asked = change(partnership(state=PartnershipState.REVIEW_DUE))
    yield "review asked again", replaced_review_card(asked, reminded_at=NOW)
    for answer in (None, Attestation(person=RILEY, reason="Needed", at=NOW)):
        yield f"review of before {answer is None}", ended_review_card(asked, answer)
    for standing in PartnershipState:
        for moment in (NOW, EXPIRY + timedelta(days=400)):
            yield f"review {standing} {moment}", review_card(change(partnership(state=standing)), now=moment)
        for may_confirm in (True, False):
            known = change(partnership(state=standing))
            yield f"setup {standing} {may_confirm}", setup_card(known, may_confirm=may_confirm)
            yield f"setup closed {standing} {may_confirm}", closed_setup_card(known, has_newer=may_confirm)


def about_remarks(change: Change = unchanged) -> Iterator[tuple[str, Message]]:
    """Every message about a question, its answer and a comment, and the cards of the request then."""
    answer = replace(QUESTION, id=RemarkId("2"), kind=RemarkKind.ANSWER, person=RILEY, asked=(), answers=QUESTION.id)
    comment = replace(answer, id=RemarkId("3"), kind=RemarkKind.COMMENT, answers="")
    asked = change(request(remarks=(QUESTION,)))
    talked = change(request(remarks=(QUESTION, answer, comment)))
    yield "card with a question", card(asked)
    yield "requester with a question", requester_card(asked, now=NOW)
    yield "question", question_card(asked, asked.remarks[0], NOW)
    yield "question answered", closed_question_card(talked, talked.remarks[0])
    yield "question over", closed_question_card(replace(asked, state=RequestState.REJECTED), asked.remarks[0])
    yield "answer", answer_card(talked, talked.remarks[0], talked.remarks[1])
    for remark in talked.remarks:
        yield f"thread {remark.kind}", thread_message(asked, remark)


def about_partners(change: Change = unchanged) -> Iterator[tuple[str, Message]]:
    """Every answer about one partner."""
    known = change(partnership())
    for document in (None, closed_document()):
        name = "show without settings" if document is None else "show"
        yield name, partner_details(known.identity, document, {}, known, [change(request())], NOW)
    yield "checklist", checklist_message(_setup(change), may_confirm=True)


def about_alarms(partner: str = "contoso.com") -> Iterator[tuple[str, Message]]:
    """Every kind of alarm, also of each kind of work: open, fixed, and ended although nothing was repaired.

    :param partner: the stored name of the partner.
    """
    ended = {ENDED: {"code": EndingCode.DAY_PASSED.value, "values": {}}}
    for name, code, given in _alarms():
        values = given if code in OF_NO_PARTNER else {"partner": partner, **given}
        alarm = new_alarm(code, "7", values, NOW)
        fixed = replace(alarm, cleared_at=NOW)
        yield f"{name} open", alarm_message(alarm)
        yield f"{name} fixed", alarm_message(fixed)
        yield f"{name} ended", alarm_message(replace(fixed, values={**values, **ended}))


def _alarms() -> Iterator[tuple[str, AlarmCode, dict[str, Any]]]:
    for code, values in ALARM_VALUES.items():
        yield code.value, code, values
    for kind in KINDS_OF_WORK:
        code = AlarmCode.EFFECT_GIVEN_UP
        yield f"{code} {kind}", code, {**ALARM_VALUES[code], "what": kind}
    for drift in DRIFT_CODES:
        yield f"drift {drift.value}", AlarmCode.DRIFT, {**DRIFT_VALUES, "drift": drift.value}
    for state in AuthorState:
        yield f"author {state.value}", AlarmCode.DRIFT, {**DRIFT_VALUES, "author": {"state": state.value}}
    code = AlarmCode.REVOCATION_NOT_COMPLETE
    yield "open access", code, {**ALARM_VALUES[code], OPEN_ACCESS: "b2bCollaborationInbound"}


def others(change: Change = unchanged) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What is no message with a notification about one partner: windows, homes, lists, and closed reminders."""
    known = change(partnership())
    yield "reminder replaced", replaced_reminder(NOW).blocks
    yield "reminder done", finished_reminder().blocks
    yield "reminder expired", finished_reminder([change(request())], [change(request())]).blocks
    yield "list", partner_list(all_of([known]), NOW).blocks
    yield "checklist window", checklist_view(_setup(change))["blocks"]
    for template in TEMPLATES.values():
        yield f"details {template.name}", details(change(waiting(template)), holders=NAMES).blocks
    for state in RequestState:
        mine = all_of([change(request(state))])
        partners = all_of([known])
        home = AppHome(
            mine=mine, approvals=all_of([change(request())]), reviews=partners, ending=partners, sponsored=partners
        )
        admin = replace(home, is_admin=True, overdue=partners, partners=partners, text="contoso")
        yield f"home {state}", home_view(home, now=NOW)["blocks"]
        yield f"admin home {state}", home_view(admin, now=NOW)["blocks"]


def _setup(change: Change) -> CurrentSetup:
    known = change(partnership(setup=ALL.steps))
    return CurrentSetup(identity=known.identity, setup=ALL, home=HOME, partnership=known)

"""Disabling and enabling guest accounts as people see it: the windows, the admin's message in each state, the card."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from bot.slack.blocks.blocks import Json, within_limits
from bot.slack.blocks.modal import modal
from bot.slack.cards.approval.approval_card import approval_blocks, stage_elements
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.closed_card import closed_card
from bot.slack.cards.approval.details import details_blocks
from bot.slack.cards.approval.details_parts import whole_part
from bot.slack.cards.approval.sections.accounts_card import accounts_card
from bot.slack.flows.decide.views import part_view
from bot.slack.flows.revoke.guest_form import (
    AccountsForm,
    Which,
    accounts_view,
    confirm_view,
    undo_view,
    unknown_elements,
)
from bot.slack.ids import DetailsPart
from tests.bot.shipped_cards import NAMES, waiting
from tests.workflows.core.builders import NOW, identity
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.facts import Fact
from workflows.core.people import PersonId
from workflows.core.plans.accounts import (
    AccountChange,
    AccountEnd,
    AccountLeft,
    AccountPlan,
    AccountProgress,
    AccountResult,
    LeftAlone,
    PlannedAccount,
)
from workflows.core.policy.reviews.terms import USUAL_LIMITS
from workflows.core.policy.template import Stage
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.guest_accounts import CONFIRM_WITHIN, result_fact

_NAMES: Final = ("Maria Lindqvist", "Jon Abara", "Yuki Sato", "Pat Nolan", "Åsa Nyström-Oyelaran")
_TEMPLATE: Final = load_catalog(SHIPPED).templates["trusted-partner"]


def _planned(number: int) -> PlannedAccount:
    name = _NAMES[number % len(_NAMES)]
    mail = f"{name.split()[0].lower()}.{number}@contoso.com"
    principal = mail.replace("@", "_") + "#EXT#@northwind.example"
    return PlannedAccount(
        id=PersonId(f"guest-{number}"), name=name, mail=mail, principal_name=principal, why="mail", was_enabled=True
    )


def _left(number: int, reason: LeftAlone, **values: Any) -> AccountLeft:
    one = _planned(number)
    return AccountLeft(id=one.id, name=one.name, mail=one.mail, reason=reason, values=values)


def account_request(change: AccountChange, count: int = 37, stages: tuple[Stage, ...] = ()) -> AccessRequest:
    """Return a request about guest accounts that waits to be confirmed."""
    left = (
        _left(90, LeftAlone.MEMBER),
        _left(91, LeftAlone.MEMBER),
        _left(92, LeftAlone.HAS_ROLE, roles=["User Administrator"]),
        _left(93, LeftAlone.SYNCHRONIZED),
        _left(94, LeftAlone.ALREADY),
    )
    counts = {LeftAlone.MEMBER: 2, LeftAlone.HAS_ROLE: 1, LeftAlone.SYNCHRONIZED: 1, LeftAlone.ALREADY: 1}
    accounts = AccountPlan(
        change=change,
        accounts=tuple(_planned(number) for number in range(count)),
        left_alone=left,
        left_counts=counts,
    )
    asked = waiting(_TEMPLATE)
    known = asked.require_prepared()
    plan = replace(known.plan, operations=(), duration=None, accounts=accounts)
    kind = RequestKind.DISABLE_GUESTS if change is AccountChange.DISABLE else RequestKind.ENABLE_GUESTS
    reason = "The bridge project has ended, and nobody of theirs works here any more."
    fields = replace(asked.fields, kind=kind, justification=reason, duration=None)
    return replace(
        asked,
        state=RequestState.AWAITING_CONFIRMATION,
        fields=fields,
        prepared=replace(known, plan=plan, stages=stages, findings=()),
        expires_at=NOW + CONFIRM_WITHIN,
    )


def written(request: AccessRequest, done: int, *, is_ended: bool = True) -> AccessRequest:
    """Return a request of which some accounts are written, or all and some that were not."""
    plan = request.plan.accounts
    assert plan is not None
    end = AccountEnd.DONE if is_ended else AccountEnd.SENT
    results = [AccountResult(id=one.id, end=end, at=NOW) for one in plan.accounts[:done]]
    if is_ended:
        others = plan.accounts[done:]
        results += [
            AccountResult(id=one.id, end=AccountEnd.LEFT_ALONE, at=NOW, left=LeftAlone.CHANGED) for one in others[:1]
        ]
        results += [AccountResult(id=one.id, end=AccountEnd.REFUSED, at=NOW) for one in others[1:]]
    state = RequestState.APPLIED if is_ended else RequestState.APPLYING
    later = replace(request, state=state, accounts=AccountProgress(results=tuple(results)), writing_since=NOW)
    return replace(later, note=(result_fact(later),), confirmed_at=NOW) if is_ended else later


def account_messages() -> dict[str, Any]:
    """Return the admin's message in each state, and the approval card of a partner whose chain decides."""
    asked = account_request(AccountChange.DISABLE)
    chain = account_request(AccountChange.DISABLE, stages=_TEMPLATE.stages)
    enabling = account_request(AccountChange.ENABLE, stages=_TEMPLATE.stages)
    expired = replace(
        asked, state=RequestState.EXPIRED, note=(Fact(NoteCode.ACCOUNTS_NOT_CONFIRMED),), prepared=asked.prepared
    )
    running, done = written(asked, 20, is_ended=False), written(asked, 35)
    shown = {
        "accounts-preview": accounts_card(asked, now=NOW).blocks,
        "accounts-preview-chain": accounts_card(chain, now=NOW, chain=list(stage_elements(chain, NAMES))).blocks,
        "accounts-running": accounts_card(running, now=NOW).blocks,
        "accounts-done": accounts_card(done, now=NOW).blocks,
        "accounts-done-blocked": accounts_card(done, now=NOW, is_partner_closed=True).blocks,
        "accounts-done-later": accounts_card(done, now=NOW + timedelta(hours=30)).blocks,
        "accounts-expired": accounts_card(expired, now=NOW).blocks,
        "accounts-closed": closed_card(done, successor=None, now=NOW).blocks,
    }
    context = CardContext(is_first=False)
    for name, request in {"accounts-card": chain, "accounts-card-enable": enabling}.items():
        asks = replace(request, state=RequestState.AWAITING_APPROVAL, expires_at=NOW + timedelta(days=14))
        blocks = approval_blocks(asks, holders=NAMES, context=context, now=NOW)
        shown[name] = within_limits(blocks, "message")
    return shown


def _unknown(unknown: tuple[str, ...], shared: Mapping[str, int] = MappingProxyType({})) -> Json:
    """Return the window that was sent with entries that are no guests: all that was typed stays."""
    entries = (*unknown, *shared)
    sent = AccountsForm(
        tenant_id=identity().tenant_id,
        change=AccountChange.DISABLE,
        which=Which.LISTED,
        listed=entries,
        text="\n".join(entries),
        reason="The bridge project has ended.",
        problems={},
    )
    problem = unknown_elements(unknown, shared, is_complete=not unknown)
    return accounts_view(identity(), AccountChange.DISABLE, USUAL_LIMITS, sent=sent, problem=problem)


def account_windows() -> dict[str, Json]:
    """Return the windows that ask which accounts, confirm by typing, undo, and list every account."""
    asked = account_request(AccountChange.DISABLE)
    done = written(asked, 35)
    rows = whole_part(done, DetailsPart.ACCOUNTS)
    return {
        "accounts-form": accounts_view(identity(), AccountChange.DISABLE, USUAL_LIMITS),
        "accounts-form-enable": accounts_view(identity(), AccountChange.ENABLE, USUAL_LIMITS),
        "accounts-confirm": confirm_view(asked),
        "accounts-undo": undo_view(done),
        "accounts-unknown": _unknown(("nobody@contoso.com", "ann@fabrikam.com")),
        "accounts-shared": _unknown((), {"bob@contoso.com": 2}),
        "accounts-details": modal(
            "Details", details_blocks(done, holders=NAMES, history=(), now=NOW), "decide_request"
        ),
        "accounts-list": part_view(done, DetailsPart.ACCOUNTS, rows, 0),
    }

"""The parts about a request that cards and the App Home share: its name, its state, its buttons."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ActionsBlock

from bot import ids
from bot.blocks import DOMAIN, actions, button
from bot.partner_parts import partner_name, partner_words
from bot.untrusted import clean
from workflows.core.commands import Withdraw
from workflows.core.lifecycle import TABLE
from workflows.core.plan import Plan, TenantIdentity
from workflows.core.request import AccessRequest, RequestKind, RequestState
from workflows.core.wording import state_words

S = RequestState

_ICONS: Final[Mapping[RequestState, str]] = {
    S.PREPARING: "🔎",
    S.AWAITING_APPROVAL: "⏳",
    S.APPLYING: "⚙️",
    S.UNCONFIRMED: "❓",
    S.APPLIED: "✅",
    S.REJECTED: "⛔",
    S.WITHDRAWN: "↩️",
    S.EXPIRED: "⌛",
    S.UNFIT: "⚠️",
    S.STOPPED: "⚠️",
    S.OVERWRITTEN: "⚠️",
    S.FAILED: "❌",
}
_UNPLANNED: Final = (S.PREPARING, S.UNFIT)
"""States whose plan, if there is one, is not the one that stands any more."""


def headline(request: AccessRequest) -> str:
    """Say target and state in a few words, target first."""
    return f"{icon(request)} {clean(request_target(request), 90)}: {state_words(request)}"


def summary(request: AccessRequest) -> str:
    """Say a request in one or two plain sentences, target first: what a notification shows."""
    by = f" by {clean(request.prepared.requester.name, 80)}" if request.prepared else ""
    plan = current_plan(request)
    digest = f" Plan {plan.digest[:12]}." if plan else ""
    identity = identity_of(request)
    target = partner_words(identity) if identity else clean(request.particulars.target, DOMAIN)
    return f"{target}: {state_words(request)}. {kind_words(request).capitalize()}{by}.{digest}"


def request_target(request: AccessRequest) -> str:
    """Name the target: the partner's domain, or what was typed while that is not known."""
    identity = identity_of(request)
    return partner_name(identity) if identity else clean(request.particulars.target, DOMAIN)


def identity_of(request: AccessRequest) -> TenantIdentity | None:
    """Give the target tenant as far as it is known."""
    observation = request.prepared.observation if request.prepared else request.observation
    return observation.identity if observation else None


def current_plan(request: AccessRequest) -> Plan | None:
    """Give the plan that the present state is about; None while there is none."""
    return request.prepared.plan if request.prepared and request.state not in _UNPLANNED else None


def kind_words(request: AccessRequest) -> str:
    """Say what kind of request it is."""
    return "revocation" if request.particulars.kind is RequestKind.REVOCATION else "access request"


def icon(request: AccessRequest) -> str:
    """Give the emoji that goes with `state_words`; it never says more than they do."""
    if request.particulars.kind is RequestKind.REVOCATION and request.state is S.APPLIED:
        return "🔒"
    return _ICONS[request.state]


def may_be_decided(request: AccessRequest, now: datetime) -> bool:
    """Tell whether Approve and Reject can still do anything."""
    return request.state is S.AWAITING_APPROVAL and now < request.expires_at


def may_be_withdrawn(request: AccessRequest) -> bool:
    """Tell whether the lifecycle takes a withdrawal now."""
    return (request.state, Withdraw) in TABLE


def decision_buttons(request: AccessRequest) -> ActionsBlock:
    """Make Approve and Reject; both carry the digest of the plan that is shown."""
    value = ids.decision_value(request)
    return actions(
        f"decide:{request.id}",
        button("Approve", ids.APPROVE, value, "primary"),
        button("Reject", ids.REJECT, value, "danger"),
    )


def withdraw_button(request: AccessRequest) -> ActionsBlock:
    """Make Withdraw."""
    return actions(f"withdraw:{request.id}", button("Withdraw", ids.WITHDRAW, request.id))

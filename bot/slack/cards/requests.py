"""The parts about a request that cards and the App Home share: its name, its state, its buttons."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ActionsBlock, ButtonElement
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    TextRun,
    actions,
    button,
    cleaned_text,
    confirm_dialog,
    fixed_text,
    local_time,
    paragraph,
)
from bot.slack.blocks.untrusted import clean
from bot.slack.cards.partner_and_plan import partner_name
from bot.words.names.partners import notified_name
from bot.words.requests.states import short_state_words, state_words
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.requests.commands.editing import is_editable
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.deadlines.reminder_times import may_be_reminded
from workflows.core.requests.deciding import is_approved_and_unwritten
from workflows.core.requests.lifecycle import TABLE
from workflows.core.requests.notes import DisplayedState, is_believed, is_partly_done, state_to_display
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

S = RequestState

MAX_DOMAIN_CHARACTERS: Final = 90
"""The most characters of a domain in a headline."""
_ICONS: Final[Mapping[RequestState, str]] = {
    S.PREPARING: "🔎",
    S.AWAITING_CONFIRMATION: "✍️",
    S.AWAITING_APPROVAL: "⏳",
    S.SCHEDULED: "📅",
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
_KINDS: Final[Mapping[RequestKind, str]] = {
    RequestKind.ACCESS: "access request",
    RequestKind.REVOCATION: "revocation",
    RequestKind.RESTORATION: "restore request",
    RequestKind.ADOPTION: "request to adopt settings",
    RequestKind.DISABLE_GUESTS: "request to disable guest accounts",
    RequestKind.ENABLE_GUESTS: "request to enable guest accounts",
}
_UNPLANNED: Final = (S.PREPARING, S.UNFIT)
"""States without a current plan."""


def headline(request: AccessRequest) -> str:
    """Return target and state in a few words, target first."""
    return f"{icon(request)} {clean(request_target(request), MAX_DOMAIN_CHARACTERS)}: {short_state_words(request)}"


def summary(request: AccessRequest, state: str = "") -> str:
    """Describe a request in one or two plain sentences, target first, for notifications.

    :param state: words for the state of the access today; empty for the state of the request.
    """
    by = f" by {clean(request.prepared.requester.name, 80)}" if request.prepared else ""
    kind = kind_words(request).capitalize()
    return f"{notified_target(request)}: {state or state_words(request)}. {kind} {request.id}{by}."


def request_target(request: AccessRequest) -> str:
    """Return the target: the partner's domain, or the typed text while the domain is not known."""
    identity = identity_of(request)
    return partner_name(identity) if identity else clean(request.fields.target, DOMAIN_LIMIT)


def notified_target(request: AccessRequest) -> str:
    """Return the target for a notification, see `notified_name`."""
    return notified_name(request_target(request))


def whole_target(request: AccessRequest) -> Iterator[TextRun]:
    """Return the whole domain on a line of its own where a headline has only its beginning; otherwise nothing.

    A long domain may begin like another organization's, and what it belongs to is at its end.
    """
    target = request_target(request)
    if len(target) > MAX_DOMAIN_CHARACTERS:
        yield fixed_text("Partner ")
        yield cleaned_text(target, DOMAIN_LIMIT, bold=True)
        yield fixed_text("\n")


def identity_of(request: AccessRequest) -> TenantIdentity | None:
    """Return the target tenant as far as it is known."""
    observation = request.prepared.observation if request.prepared else request.observation
    return observation.identity if observation else None


def current_plan(request: AccessRequest) -> Plan | None:
    """Return the plan of the present state; None while there is none."""
    return request.prepared.plan if request.prepared and request.state not in _UNPLANNED else None


def kind_words(request: AccessRequest) -> str:
    """Return the kind of request in words."""
    if request.fields.kind is RequestKind.ACCESS and request.prepared is not None and closes_everything(request.plan):
        return "request to block"
    if request.is_suspension:
        return "suspension"
    if request.fields.lifts:
        return "request to lift a suspension"
    return _KINDS[request.fields.kind]


def restore_hint(identity: TenantIdentity) -> RichTextElement:
    """State how to undo a change of this partner."""
    command = cleaned_text(f"/partner restore {ids.confirmation_text(identity)}", DOMAIN_LIMIT + 20, code=True)
    return paragraph(fixed_text("To restore previous settings: "), command)


def adopt_hint(identity: TenantIdentity) -> RichTextElement:
    """State how to adopt the current settings of this partner."""
    command = cleaned_text(f"/partner adopt {ids.confirmation_text(identity)}", DOMAIN_LIMIT + 20, code=True)
    return paragraph(fixed_text("To adopt its current settings by approval: "), command)


def restored_parts(request: AccessRequest) -> Iterator[TextRun]:
    """State which change a restore request undoes, or whose result it restores, and its date."""
    is_result = request.fields.restores_result
    yield fixed_text("the settings approved by " if is_result else "the settings from before ")
    yield cleaned_text(request.fields.restores or "another change")
    if request.prepared is not None and (restored_change := request.prepared.restored) is not None:
        yield fixed_text(" (“")
        yield cleaned_text(restored_change.title)
        yield fixed_text(f"”, {_KINDS[restored_change.kind]} by ")
        yield cleaned_text(restored_change.person.name)
        yield fixed_text(", of ")
        yield local_time(restored_change.at)
        yield fixed_text(")")


_BLOCKED: Final = frozenset(
    {
        DisplayedState.BLOCKED,
        DisplayedState.SUSPENDED,
        DisplayedState.BLOCK_READ,
        DisplayedState.BLOCKED_IN_PART,
        DisplayedState.BLOCKED_REST_UNKNOWN,
    }
)


def icon(request: AccessRequest) -> str:
    """Return the emoji for `state_words`; it never says more than they do."""
    if state_to_display(request) in _BLOCKED:
        closed = "⏸️" if request.is_suspension else "🔒"
        return "⚠️" if request.not_closed else closed
    if request.applied_part or is_partly_done(request) or not is_believed(request):
        return "⚠️"
    return _ICONS[request.state]


def can_be_decided(request: AccessRequest, now: datetime) -> bool:
    """Return whether Approve and Reject still have an effect. A member of a batch is decided with the batch."""
    return request.state is S.AWAITING_APPROVAL and request.batch is None and now < request.expires_at


def can_be_rejected(request: AccessRequest, now: datetime) -> bool:
    """Return whether Reject still has an effect: also on an approved request of which nothing is written."""
    return is_approved_and_unwritten(request) or can_be_decided(request, now)


def reject_element(request: AccessRequest) -> ButtonElement:
    """Return Reject, which asks for the reason."""
    return button("Reject", ids.REJECT, ids.decision_value(request), "danger")


def can_be_withdrawn(request: AccessRequest) -> bool:
    """Return whether the lifecycle allows a withdrawal now. A member of a batch is withdrawn with the batch."""
    return (request.state, Withdraw) in TABLE and request.batch is None


def review_button(request: AccessRequest) -> ActionsBlock:
    """Return Review, which opens the whole request with Approve and Reject."""
    return actions(f"review:{request.id}", button("Review", ids.REVIEW_REQUEST, ids.decision_value(request), "primary"))


def own_buttons(
    request: AccessRequest,
    now: datetime,
    *,
    can_request_again: bool = False,
    newer: AccessRequest | None = None,
    has_details: bool = False,
) -> Iterator[ActionsBlock]:
    """Return the buttons of a requester for their own request, without those that would be refused now.

    :param can_request_again: whether it can be requested again, see `partnership.is_over`.
    :param newer: a later request; its button is shown instead of Request again.
    :param has_details: whether to offer Details, once there is a plan.
    """
    buttons = []
    if can_be_decided(request, now) and is_believed(request):
        if may_be_reminded(request, now):
            buttons.append(button("Remind approvers", ids.REMIND, request.id))
        if is_editable(request):
            buttons.append(edit_element(request))
    if can_be_withdrawn(request):
        buttons.append(withdraw_element(request))
    if can_request_again:
        buttons.append(button("Request again", ids.REQUEST_AGAIN, request.id))
    if has_details and request.prepared is not None:
        buttons.append(button("Details", ids.REVIEW_REQUEST, ids.decision_value(request)))
    if buttons:
        yield actions(f"withdraw:{request.id}", *buttons)
    if newer is not None and newer.prepared is not None:
        # In a row of its own, because Details has the same action.
        show = button("Show newer request", ids.REVIEW_REQUEST, ids.decision_value(newer))
        yield actions(f"newer:{request.id}", show)


def edit_element(request: AccessRequest) -> ButtonElement:
    """Return Edit, which opens the request form with everything filled in."""
    return button("Edit", ids.EDIT, request.id)


def withdraw_element(request: AccessRequest) -> ButtonElement:
    """Return Withdraw. Slack asks once more, and says what happens."""
    sure = confirm_dialog(
        "Withdraw this request?",
        f"{clean(request_target(request), 100)} ({request.id}): approvers are asked no more, and Gatehouse writes "
        "nothing more for it. You can send a new request at any time.",
        "Withdraw",
    )
    return button("Withdraw", ids.WITHDRAW, request.id, confirm=sure)

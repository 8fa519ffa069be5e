"""A confirmed list of guest accounts that is planned again: nobody approves the earlier one, and the admin is asked."""

from dataclasses import replace
from datetime import timedelta

from tests.bot.slack.outbound.scene import CHANNEL, Scene, action_ids, person
from tests.bot.surfaces import shown
from tests.workflows.core import builders
from tests.workflows.core.builders import NOW, noted
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.people import ADMIN, CurrentRoles
from workflows.core.requests.commands.automatic import RecordPrepared, Replan
from workflows.core.requests.commands.request import Confirm
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.guest_accounts import confirmation_text
from workflows.core.requests.transitions.transition import Situation

WHY = "The template changed after this request was shown."
AT = Situation(now=NOW + timedelta(minutes=10))


def to_confirm() -> AccessRequest:
    """The admin's request to disable three guests, which a chain decides on afterwards."""
    usual = builders.request(RequestState.PREPARING, RequestKind.DISABLE_GUESTS)
    fields = replace(usual.fields, requester=person("admin").chat_id, sponsor=person("admin").chat_id)
    request = replace(usual, fields=fields, prepared=None, decisions=())
    return prepared(request, AT)


def prepared(request: AccessRequest, at: Situation) -> AccessRequest:
    """The request with the list of accounts to confirm."""
    plan = builders.prepared(RequestKind.DISABLE_GUESTS, requester=person("admin"), sponsor=person("admin"))
    return advance_request_and_record(request, RecordPrepared(prepared=plan), at).request


def confirmed(request: AccessRequest, at: Situation) -> AccessRequest:
    """The request after the admin has confirmed the list."""
    admin = person("admin")
    command = Confirm(actor=admin, request_id=request.id, digest=request.plan.digest, typed=confirmation_text(request))
    at = replace(at, current_roles=CurrentRoles(roles={admin.id: frozenset({ADMIN})}))
    return advance_request_and_record(request, command, at).request


async def test_the_cards_of_approvers_lose_approve_and_the_admin_is_asked_with_a_new_message(scene: Scene) -> None:
    first = to_confirm()
    await scene.notifier().show_request(first)
    assert scene.messages(CHANNEL) == []
    asked = confirmed(first, AT)
    await scene.notifier().show_request(asked)
    assert "approve" in action_ids(scene.messages(CHANNEL)[0])
    assert "approve" in action_ids(scene.messages("@approver1")[0])

    later = Situation(now=NOW + timedelta(minutes=20))
    again = advance_request_and_record(asked, Replan(reason=noted(WHY)), later).request
    await scene.notifier().show_request(again)
    for place in (CHANNEL, "@approver1"):
        assert [action_ids(one) for one in scene.messages(place)] == [["review_request"]], place
    assert scene.counts()["@admin"] == 1

    shown_again = prepared(again, later)
    for _ in range(2):
        await scene.notifier().show_request(shown_again)
    for place in (CHANNEL, "@approver1"):
        assert [action_ids(one) for one in scene.messages(place)] == [["review_request"]], place
    older, newer = sorted(scene.messages("@admin"), key=lambda one: str(one["ts"]))
    assert action_ids(older) == []
    assert "see the newer message" in shown(older["blocks"])
    assert "accounts_confirm" in action_ids(newer)
    assert f"Confirm again: {WHY}" in shown(newer["blocks"])

    await scene.notifier().show_request(confirmed(shown_again, later))
    assert scene.counts()["@admin"] == 2, "the newest message is updated in place"
    assert "accounts_confirm" not in action_ids(max(scene.messages("@admin"), key=lambda one: str(one["ts"])))
    assert "approve" in action_ids(max(scene.messages("@approver1"), key=lambda one: str(one["ts"])))

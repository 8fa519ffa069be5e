"""Answer the Web API's views.* methods."""

from typing import Any

from bot.sandbox.slack.block_kit.view_checks import is_too_large, view_problems
from bot.sandbox.slack.errors import SlackError, invalid_arguments
from bot.sandbox.slack.web_api.calls import Answer, Call, Method
from bot.sandbox.slack.workspace.people import find_person
from bot.sandbox.slack.workspace.views import OpenView


def _view(call: Call, kind: str) -> dict[str, Any]:
    view = call.json_argument("view", "invalid_arguments")
    if view is None:
        raise invalid_arguments("missing required field: view [json-pointer:/view]")
    if problems := view_problems(view, kind):
        raise invalid_arguments(*problems)
    if is_too_large(view):
        raise SlackError("view_too_large")
    checked: dict[str, Any] = view
    return checked


def open_view(call: Call) -> Answer:
    """Answer views.open: a trigger from a modal opens the new view on top of that modal."""
    view = _view(call, "modal")
    trigger = call.triggers.exchange(call.text("trigger_id"))
    below = call.workspace.views.get(trigger.view_id) if trigger.view_id else None
    return {"view": call.workspace.views.open(trigger.user_id, view, on=below).to_slack()}


def push(call: Call) -> Answer:
    """Answer views.push: only from an open modal."""
    view = _view(call, "modal")
    trigger = call.triggers.exchange(call.text("trigger_id"))
    below = call.workspace.views.get(trigger.view_id) if trigger.view_id else None
    if below is None:
        raise SlackError("not_found")
    return {"view": call.workspace.views.open(trigger.user_id, view, on=below).to_slack()}


def update(call: Call) -> Answer:
    """Answer views.update, by view_id or external_id."""
    view = _view(call, "modal")
    return {"view": call.workspace.views.update(_find_view(call), view, call.maybe("hash")).to_slack()}


def _find_view(call: Call) -> OpenView:
    views = call.workspace.views
    external_id = call.maybe("external_id")
    open_view = views.by_external_id(external_id) if external_id else views.get(call.text("view_id"))
    if open_view is None:
        raise SlackError("not_found")
    return open_view


def publish(call: Call) -> Answer:
    """Answer views.publish."""
    person = find_person(call.text("user_id"))
    if person is None:
        raise SlackError("user_not_found")
    view = _view(call, "home")
    return {"view": call.workspace.views.publish(person.slack_id, view, call.maybe("hash")).to_slack()}


METHODS = {
    "views.open": Method(run=open_view),
    "views.push": Method(run=push),
    "views.update": Method(run=update),
    "views.publish": Method(run=publish),
}

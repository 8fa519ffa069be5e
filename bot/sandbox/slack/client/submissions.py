"""What a person does with a whole modal: submit it, or close it."""

from typing import Any

from bot.sandbox.refusals import Refused
from bot.sandbox.seed import Person
from bot.sandbox.slack.block_kit.values import stateful_elements, with_value
from bot.sandbox.slack.block_kit.view_checks import view_problems
from bot.sandbox.slack.client.clicks import InView, options_from_bot
from bot.sandbox.slack.client.client import Client, Outcome, outcome, read_client_state
from bot.sandbox.slack.client.form_checks import form_errors
from bot.sandbox.slack.client.input_values import input_value
from bot.sandbox.slack.client.payloads import closed_payload, submission_payload
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace.views import OpenView


async def submit(client: Client, person: Person, view: OpenView, values: dict[str, Any]) -> Outcome:
    """Enter the values and press the submit button.

    The outcome has `errors` (block_id to text). They come from Slack's client when `sent` is false, otherwise from the
    bot. It also has `view_id`, the view that the person sees afterwards, or None.

    :raises Refused: `not_a_form`, `no_such_field`, what `input_value` refuses, `operation_timeout`, `dispatch_failed`,
        `bad_response_action`.
    """
    if view.view["type"] != "modal" or view.view["submit"] is None:
        raise Refused("not_a_form", "view_id: this view has no submit button")
    before = read_client_state(client, person)
    stack_root = view.view["root_view_id"]
    view = await fill(client, person, view, values)
    errors, sent = form_errors(view), False
    if not errors:
        trigger_id = client.triggers.issue(person.slack_id, view.id)
        payload = submission_payload(person, client.credentials, view=view, trigger_id=trigger_id)
        answer = await client.delivery.interact("interactive", payload)
        sent = True
        errors = _apply(client, view, answer.body)
    result = await outcome(client, person, before, sent=sent, errors=errors)
    open_ids = [
        modal.id for modal in client.workspace.views.modals(person.slack_id) if modal.view["root_view_id"] == stack_root
    ]
    return {**result, "view_id": open_ids[-1] if open_ids else None}


async def fill(
    client: Client, person: Person, view: OpenView, values: dict[str, Any], *, strict: bool = True
) -> OpenView:
    """Enter values: `{block_id: {action_id: value}}`, or `{block_id: value}` when the block has one element.

    :param strict: refuse fields that the view does not have; otherwise they are ignored.
    :raises Refused: `no_such_field`, what `input_value` refuses.
    """
    elements = list(stateful_elements(view.view["blocks"]))
    filled = view.filled
    for block_id, block_values in values.items():
        fields = {element["action_id"]: element for block, element in elements if block["block_id"] == block_id}
        if not fields and not strict:
            continue
        if not fields:
            block_ids = [block["block_id"] for block, _ in elements]
            raise Refused("no_such_field", f"values: there is no block {block_id} to fill; there are {block_ids}")
        for action_id, one in _by_action(block_id, block_values, list(fields)).items():
            value = await input_value(
                fields[action_id],
                one,
                workspace=client.workspace,
                suggest=options_from_bot(client, person, InView(view=view), block_id),
                user_id=person.slack_id,
            )
            filled = with_value(filled, block_id, action_id, value)
    return client.workspace.views.fill(view, filled)


def _by_action(block_id: str, given: Any, action_ids: list[str]) -> dict[str, Any]:
    """Return the input for one block by action_id; a single value belongs to the only element."""
    if isinstance(given, dict) and given and set(given) <= set(action_ids):
        return given
    if isinstance(given, dict) and all(isinstance(value, dict) and "type" in value for value in given.values()):
        unknown = sorted(set(given) - set(action_ids))
        raise Refused("no_such_field", f"values: block {block_id} has {action_ids}, not {unknown}")
    return {action_ids[0]: given}


def _apply(client: Client, view: OpenView, body: Any) -> dict[str, str]:
    """Do what the bot answered to a submission; return the errors to show."""
    views = client.workspace.views
    current = views.get(view.id)
    answer = body if isinstance(body, dict) else {}
    action = answer.get("response_action")
    if action == "errors":
        return _checked_errors(view, answer.get("errors"))
    if current is None:
        return {}
    if action is None:
        views.close(current)
    elif action == "clear":
        views.close_stack(current)
    elif action in ("update", "push"):
        new = answer.get("view")
        if not isinstance(new, dict) or (problems := view_problems(new, "modal")):
            raise _bad_response(
                problems if isinstance(new, dict) else ["missing required field: view [json-pointer:/view]"]
            )
        try:
            if action == "update":
                views.update(current, new)
            else:
                views.open(current.user_id, new, on=current)
        except SlackError as error:
            raise _bad_response([error.code]) from error
    else:
        raise _bad_response([f"response_action is {action!r}; Slack knows errors, update, push and clear"])
    return {}


def _checked_errors(view: OpenView, errors: Any) -> dict[str, str]:
    inputs = {block["block_id"] for block in view.view["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise _bad_response(["errors must map block_ids to texts"])
    if unknown := sorted(set(errors) - inputs):
        raise _bad_response([f"errors names {unknown}, which are no input blocks of the view"])
    return {block_id: str(text) for block_id, text in errors.items()}


def _bad_response(problems: list[str]) -> Refused:
    words = "the bot answered a submission with what Slack does not take: " + "; ".join(problems)
    return Refused("bad_response_action", words, 502)


async def close(client: Client, person: Person, view: OpenView) -> Outcome:
    """Close a modal and those above it; the bot receives an event for each that has `notify_on_close`."""
    if view.view["type"] != "modal":
        raise Refused("not_a_modal", "view_id: an App Home cannot be closed")
    before = read_client_state(client, person)
    clears = bool(view.view["clear_on_close"])
    closed = client.workspace.views.close_stack(view) if clears else client.workspace.views.close(view)
    for closed_view in closed:
        if closed_view.view["notify_on_close"]:
            payload = closed_payload(person, client.credentials, view=closed_view, is_cleared=clears)
            await client.delivery.interact("interactive", payload)
    return await outcome(client, person, before, closed=[closed_view.id for closed_view in closed])

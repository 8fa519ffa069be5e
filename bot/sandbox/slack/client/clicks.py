"""What a person does with one element: press a button, choose in a select, press Enter in a field."""

from dataclasses import dataclass
from typing import Any

from bot.sandbox.refusals import Refused
from bot.sandbox.seed import Person
from bot.sandbox.slack.block_kit.blocks import elements_of
from bot.sandbox.slack.block_kit.values import VALUE_KEYS, Values, current_values, find_option, with_value
from bot.sandbox.slack.client.client import Client, Outcome, outcome, read_client_state
from bot.sandbox.slack.client.input_values import Suggest, input_value
from bot.sandbox.slack.client.payloads import action_ts, message_action_payload, suggestion_payload, view_action_payload
from bot.sandbox.slack.web_api.message_content import blocks_of
from bot.sandbox.slack.workspace.conversations import Conversation
from bot.sandbox.slack.workspace.views import OpenView


@dataclass(frozen=True, slots=True, kw_only=True)
class InMessage:
    """A message that the person sees."""

    channel: Conversation
    message: dict[str, Any]

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Return the blocks with its elements."""
        return blocks_of(self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class InView:
    """A view that the person has open."""

    view: OpenView

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Return the blocks with its elements."""
        return list(self.view.view["blocks"])


ClickPlace = InMessage | InView


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementChoice:
    """The element to use, and the input: `selected` is an option; `value` is anything else, None for no value."""

    action_id: str
    block_id: str | None = None
    value: Any = None
    selected: Any = None

    @property
    def selected_or_value(self) -> Any:
        """Return `selected`; without it, `value`."""
        return self.value if self.selected is None else self.selected


def find_click_place(
    client: Client, person: Person, *, view_id: str | None, channel: str | None, ts: str | None, is_forged: bool = False
) -> ClickPlace:
    """Find the view or the message.

    :param is_forged: whether the person may use a message that they cannot see, as with a stolen payload.
    :raises Refused: `view_not_found`, `channel_not_found`, `message_not_found`, `missing_place`.
    """
    if view_id:
        return InView(view=client.view(view_id, person))
    if not channel or not ts:
        raise Refused("missing_place", "give view_id, or channel and ts")
    conversation = client.any_conversation(channel, person) if is_forged else client.conversation(channel, person)
    is_in = person.slack_id in conversation.members
    message = client.workspace.message(conversation.id, ts, viewer=person.slack_id if is_in else None)
    if message is None:
        raise Refused("message_not_found", f"ts: {person.handle} sees no message {ts} in {channel}", 404)
    return InMessage(channel=conversation, message=message)


def find_element(place: ClickPlace, choice: ElementChoice) -> tuple[dict[str, Any], dict[str, Any]]:
    """Find the element: (block, element).

    :raises Refused: `no_such_element`; `ambiguous_element` when several have the action_id and nothing distinguishes
        them.
    """
    matching = [
        (block, element)
        for block in place.blocks
        for _, element in elements_of(block)
        if element["action_id"] == choice.action_id and choice.block_id in (None, block["block_id"])
    ]
    if len(matching) > 1 and choice.value is not None:
        matching = [(block, element) for block, element in matching if element.get("value") == choice.value]
    if not matching:
        action_ids = sorted({element["action_id"] for block in place.blocks for _, element in elements_of(block)})
        raise Refused("no_such_element", f"action_id: there is no {choice.action_id} here; there are {action_ids}", 404)
    if len(matching) > 1:
        values = [element.get("value", block["block_id"]) for block, element in matching]
        raise Refused("ambiguous_element", f"action_id: several are called so; give the value, one of {values}", 409)
    return matching[0]


def options_from_bot(client: Client, person: Person, place: ClickPlace, block_id: str) -> Suggest:
    """Return a function that requests an external select's options from the bot."""

    async def suggest(element: dict[str, Any], query: str) -> list[dict[str, Any]]:
        payload = suggestion_payload(
            person,
            client.credentials,
            place=_place_payload(place),
            action_id=element["action_id"],
            block_id=block_id,
            query=query,
        )
        body = (await client.delivery.interact("interactive", payload)).body
        if not isinstance(body, dict):
            return []
        grouped = [option for group in body.get("option_groups", []) for option in group["options"]]
        return [*body.get("options", []), *grouped]

    return suggest


def _place_payload(place: ClickPlace) -> dict[str, Any]:
    if isinstance(place, InView):
        return {"container": {"type": "view", "view_id": place.view.id}, "view": place.view.to_slack()}
    return {
        "container": {"type": "message", "message_ts": place.message["ts"], "channel_id": place.channel.id},
        "channel": {"id": place.channel.id, "name": place.channel.payload_name},
        "message": place.message,
    }


async def click(client: Client, person: Person, place: ClickPlace, choice: ElementChoice) -> Outcome:
    """Use an element. In an input block without `dispatch_action` this only enters the value, as in Slack.

    :raises Refused: `no_such_element`, `ambiguous_element`, what `input_value` refuses, `operation_timeout`,
        `dispatch_failed`.
    """
    block, element = find_element(place, choice)
    before = read_client_state(client, person)
    action = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    filled: Values = {}
    if element["type"] in VALUE_KEYS:
        value = await input_value(
            element,
            choice.selected_or_value,
            workspace=client.workspace,
            suggest=options_from_bot(client, person, place, block["block_id"]),
            user_id=person.slack_id,
        )
        action |= value
        filled = with_value(filled, block["block_id"], element["action_id"], value)
    else:
        action |= _button_payload(element, choice)
    action["action_ts"] = action_ts(client.workspace.now())
    if isinstance(place, InView):
        sent = await _click_in_view(client, person, place, filled, action, dispatch=block.get("dispatch_action", True))
    else:
        sent = await _click_in_message(client, person, place, filled, action)
    where = place.channel if isinstance(place, InMessage) else None
    return await outcome(client, person, before, place=where, sent=sent)


def _button_payload(element: dict[str, Any], choice: ElementChoice) -> dict[str, Any]:
    """Return the payload of a click on a button or an overflow menu.

    `choice.value`, when it is set, replaces the button's own value. In an overflow menu the person selects an option.
    """
    if element["type"] == "overflow":
        option = find_option(element, str(choice.selected_or_value))
        if option is None:
            raise Refused(
                "no_such_option", f"selected: must be one of {[option['value'] for option in element['options']]}"
            )
        return {"selected_option": option}
    result: dict[str, Any] = {name: element[name] for name in ("text", "value", "style", "url") if name in element}
    return result if choice.value is None else {**result, "value": str(choice.value)}


async def _click_in_view(
    client: Client, person: Person, place: InView, filled: Values, action: dict[str, Any], *, dispatch: bool
) -> bool:
    view = place.view
    for block_id, values in filled.items():
        for action_id, value in values.items():
            view = client.workspace.views.fill(view, with_value(view.filled, block_id, action_id, value))
    if not dispatch:
        return False
    modal = view.id if view.view["type"] == "modal" else None
    payload = view_action_payload(
        person,
        client.credentials,
        view=view,
        action=action,
        trigger_id=client.triggers.issue(person.slack_id, modal),
    )
    await client.delivery.interact("interactive", payload)
    return True


async def _click_in_message(
    client: Client, person: Person, place: InMessage, filled: Values, action: dict[str, Any]
) -> bool:
    message, channel = place.message, place.channel
    payload = message_action_payload(
        person,
        client.credentials,
        channel=channel,
        message=message,
        values=current_values(place.blocks, filled),
        action=action,
        trigger_id=client.triggers.issue(person.slack_id),
        response_url=client.response_urls.issue(person.slack_id, channel.id, message["ts"]),
    )
    await client.delivery.interact("interactive", payload)
    return True

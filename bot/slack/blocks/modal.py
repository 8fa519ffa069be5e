"""The common parts of modals: the frame, and input fields."""

from collections.abc import Sequence
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextInputElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement
from slack_sdk.models.views import View

from bot.slack import ids
from bot.slack.blocks.blocks import (
    Json,
    Limit,
    cleaned_text,
    cut_to_limit,
    fixed_text,
    paragraph,
    plain_text,
    rich_text,
)
from bot.slack.blocks.conversion import as_json
from bot.slack.blocks.untrusted import cut, encodable

SPONSOR_HINT: Final = "A full member, no guest. Answers for the access in reviews. Cannot approve."
"""Slack's list of people offers guests too, and cannot be told not to. So the field says who can be the sponsor."""


def modal(title: str, blocks: Sequence[Block], callback_id: str, *, submit: str = "", metadata: str = "") -> Json:
    """Return a modal with the given blocks. It is stamped when it is shown; its `metadata` gives no rights."""
    view = View(
        type="modal",
        callback_id=callback_id,
        title=plain_text(title, Limit.TITLE),
        submit=plain_text(submit, Limit.TITLE) if submit else None,
        close=plain_text("Cancel" if submit else "Close", Limit.TITLE),
        blocks=cut_to_limit(blocks, "modal"),
        private_metadata=cut(metadata, Limit.METADATA) or None,
    )
    return as_json(view)


def shown_modal(title: str, blocks: Sequence[Json], callback_id: str) -> Json:
    """Return a modal that only shows blocks that are in Slack's form already, such as those of a message."""
    view: Json = {"type": "modal", "callback_id": callback_id, "blocks": list(blocks)}
    for name, text in (("title", title), ("close", "Close")):
        view[name] = plain_text(text, Limit.TITLE).to_dict()
    return view


def option(label: str, value: str, description: str = "") -> Option:
    """Return one choice of a select."""
    return Option(
        text=plain_text(label, Limit.OPTION),
        value=value,
        description=plain_text(description, Limit.OPTION) if description else None,
    )


def text_area(action_id: str, initial: str = "") -> PlainTextInputElement:
    """Return a field of several lines."""
    value = encodable(cut(initial, Limit.INPUT)) or None
    return PlainTextInputElement(action_id=action_id, multiline=True, max_length=Limit.INPUT, initial_value=value)


def input_block(
    label: str,
    block_id: str,
    element: InputInteractiveElement,
    *,
    hint: str = "",
    is_optional: bool = False,
    is_dispatched: bool = False,
) -> InputBlock:
    """Return a labelled field. Slack itself refuses an empty field that is not optional."""
    return InputBlock(
        block_id=block_id,
        label=plain_text(label, Limit.LABEL),
        element=element,
        hint=plain_text(hint, Limit.LABEL) if hint else None,
        optional=is_optional or None,
        dispatch_action=is_dispatched or None,
    )


def message_view(title: str, text: str) -> Json:
    """Return a modal that only shows a text."""
    return modal(title, [rich_text(paragraph(cleaned_text(text, Limit.PLAIN, lines=True)))], ids.MESSAGE_VIEW)


def loading_view(title: str = "One moment") -> Json:
    """Return a modal that shows "reading". It is opened at once, because a trigger is valid for three seconds."""
    return modal(
        title, [rich_text(paragraph(fixed_text("⏳ Reading from Microsoft Entra…")))], ids.REQUEST_ACCESS_LOADING
    )

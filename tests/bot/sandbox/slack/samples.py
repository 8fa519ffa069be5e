"""Small views and blocks for tests."""

from typing import Any

View = dict[str, Any]
CHANNEL = "C0PARTNERAC"


def plain(text: str) -> dict[str, Any]:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def text_input(block_id: str = "domain", action_id: str = "value", **more: Any) -> dict[str, Any]:
    """An input block with a text field."""
    element = {"type": "plain_text_input", "action_id": action_id, **more.pop("element", {})}
    return {"type": "input", "block_id": block_id, "label": plain("Domain"), "element": element, **more}


def option(value: str) -> dict[str, Any]:
    """An option."""
    return {"text": plain(value.title()), "value": value}


def modal(*blocks: dict[str, Any], **more: Any) -> View:
    """A modal with a submit button."""
    return {
        "type": "modal",
        "callback_id": "ask",
        "title": plain("Ask"),
        "submit": plain("Send"),
        "blocks": list(blocks or (text_input(),)),
        **more,
    }


def button(action_id: str = "approve", value: str = "r1") -> dict[str, Any]:
    """A button element."""
    return {"type": "button", "action_id": action_id, "text": plain(action_id.title()), "value": value}


def actions(*elements: dict[str, Any], block_id: str = "decide") -> dict[str, Any]:
    """An actions block."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements or (button(),))}

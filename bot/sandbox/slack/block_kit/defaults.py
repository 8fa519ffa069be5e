"""Add to blocks what Slack adds when it stores them: missing block_id, action_id and defaults."""

import secrets
from typing import Any

from bot.sandbox.slack.block_kit.blocks import elements_of
from bot.sandbox.storage.json_document import copy_json


def with_defaults(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a copy of valid blocks with every missing id and default added."""
    completed = copy_json(blocks)
    for block in completed:
        block.setdefault("block_id", secrets.token_urlsafe(4)[:5])
        if block["type"] == "input":
            block.setdefault("optional", False)
            block.setdefault("dispatch_action", False)
        for _, element in elements_of(block):
            element.setdefault("action_id", secrets.token_urlsafe(4)[:5])
        _complete_texts(block)
    return completed


def _complete_texts(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _complete_texts(item)
    elif isinstance(value, dict):
        if value.get("type") == "plain_text":
            value.setdefault("emoji", True)
        elif value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)
        for item in value.values():
            _complete_texts(item)

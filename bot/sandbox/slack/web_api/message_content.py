"""Check the content of a message (text, blocks, attachments), and prepare it for storage."""

from typing import Any

from bot.sandbox.slack.block_kit.blocks import problems
from bot.sandbox.slack.block_kit.defaults import with_defaults
from bot.sandbox.slack.errors import SlackError, invalid_blocks
from bot.sandbox.slack.web_api.calls import Call

MAX_TEXT_CHARACTERS = 40_000
MAX_UPDATED_TEXT_CHARACTERS = 4_000
MAX_ATTACHMENTS = 100


def message_content(call: Call, *, longest: int = MAX_TEXT_CHARACTERS) -> dict[str, Any]:
    """Return the parts of a message that the call contains, after checking them.

    :raises SlackError: `no_text`, `msg_too_long`, `invalid_blocks`, `invalid_blocks_format`, `invalid_attachments`.
    """
    content = {
        name: value
        for name, value in (
            ("text", call.arguments.get("text")),
            ("blocks", call.json_argument("blocks", "invalid_blocks_format")),
            ("attachments", call.json_argument("attachments", "invalid_attachments")),
        )
        if value is not None
    }
    checked = checked_content(content, longest=longest)
    if not any(checked.values()):
        raise SlackError("no_text")
    return checked


def checked_content(content: dict[str, Any], *, longest: int = MAX_TEXT_CHARACTERS) -> dict[str, Any]:
    """Check the parts of a message in `content`, and add the defaults to its blocks.

    :raises SlackError: `msg_too_long`, `invalid_blocks`, `invalid_attachments`.
    """
    checked = dict(content)
    if "text" in content:
        checked["text"] = str(content["text"])
        if len(checked["text"]) > longest:
            raise SlackError("msg_too_long")
    if "blocks" in content:
        if block_problems := problems(content["blocks"], "message"):
            raise invalid_blocks(block_problems)
        checked["blocks"] = with_defaults(content["blocks"])
    if "attachments" in content:
        checked["attachments"] = _attachments(content["attachments"])
    return checked


def _attachments(attachments: Any) -> list[dict[str, Any]]:
    if not isinstance(attachments, list) or not all(isinstance(item, dict) for item in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    checked = []
    for index, attachment in enumerate(attachments):
        blocks = attachment.get("blocks", [])
        if block_problems := problems(blocks, "message", f"/attachments/{index}/blocks"):
            raise invalid_blocks(block_problems)
        checked.append({**attachment, "id": index + 1, "blocks": with_defaults(blocks)})
    return checked


def blocks_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all blocks of a message, including those of its attachments."""
    attached = [block for attachment in message.get("attachments", []) for block in attachment["blocks"]]
    return [*message.get("blocks", []), *attached]

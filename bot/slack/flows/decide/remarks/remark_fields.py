"""The blocks that the windows share in which people write about a request. Pure."""

from slack_sdk.models.blocks import Block, InputBlock, PlainTextInputElement

from bot.slack.blocks.blocks import cleaned_text, fixed_text, paragraph, rich_text
from bot.slack.blocks.modal import input_block
from bot.slack.cards.partner_and_plan import identity_block
from bot.words.requests.titles import prepared_title
from workflows.core.conversation.remarks import MAX_TEXT
from workflows.core.requests.request import AccessRequest


def about_blocks(request: AccessRequest) -> list[Block]:
    """Return the partner, and which request of it the window is about."""
    prepared = request.require_prepared()
    title = cleaned_text(prepared_title(prepared))
    return [
        identity_block(prepared.observation.identity),
        rich_text(paragraph(title, fixed_text(" · "), cleaned_text(request.id))),
    ]


def text_input(label: str, block_id: str, hint: str) -> InputBlock:
    """Return the field of the text, which is as long as a remark can be."""
    element = PlainTextInputElement(action_id=block_id, multiline=True, max_length=MAX_TEXT)
    return input_block(label, block_id, element, hint=hint)

"""Post the head of the audit log in the channel, where many people have it. The message is never changed.

A boundary: who changes the database cannot change what was posted.
"""

from typing import Final

from bot.slack.blocks.blocks import fixed_text, paragraph, preformatted_text, rich_text
from bot.slack.blocks.message import Message, message
from bot.slack.outbound.recipients import Outbound
from bot.words.unavailable.audit_chain import HEAD_ADVICE, head_words

AUDIT_HEAD_SUBJECT: Final = "audit_head:"
"""What the subject of such a message begins with. Stored."""


async def post_head(outbound: Outbound, head: str, seq: int) -> None:
    """Post a head, unless it was posted.

    :raises NotifierUnavailable, NotifierRefused, ChannelUnsuitable: when the channel does not accept it.
    """
    subject = f"{AUDIT_HEAD_SUBJECT}{head}"
    if await outbound.store.copies(subject):
        return
    problem = await outbound.copies.post(subject, "", head_message(head, seq))
    if problem is not None:
        raise problem


def head_message(head: str, seq: int) -> Message:
    """Return the message with a head."""
    summary = head_words(seq)
    parts = paragraph(fixed_text(summary)), preformatted_text(head), paragraph(fixed_text(HEAD_ADVICE))
    return message(summary, [rich_text(*parts)])

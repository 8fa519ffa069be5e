"""The window that asks what does not work, and the one that says how to test. Pure."""

from typing import Final

from slack_sdk.models.blocks import Block, PlainTextInputElement, StaticSelectElement

from bot.slack import ids
from bot.slack.blocks.blocks import (
    DOMAIN_LIMIT,
    Json,
    bullets,
    cleaned_text,
    fixed_text,
    paragraph,
    plain_text,
    rich_text,
)
from bot.slack.blocks.modal import input_block, modal, option
from bot.words.findings.diagnosis.sign_in_codes import code_name
from bot.words.partner_setup.access_test import HOW_TO_TEST, TEST_BEFORE, WHO_READS
from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES
from workflows.core.settings.model import TenantId

MAX_WHAT_CHARACTERS: Final = 600
MAX_ADDRESS_CHARACTERS: Final = 254
MAX_APPLICATION_CHARACTERS: Final = 120
MAX_CORRELATION_CHARACTERS: Final = 60
MAX_TIME_CHARACTERS: Final = 60
_CORRELATION_HINT: Final = "It is on the page of the error, below the code."
_TIME_HINT: Final = "Day, time and time zone, for example Mar 12, 14:03 UTC."


def failure_view(tenant_id: TenantId, question: int, name: str) -> Json:
    """Return the window that asks what happened.

    :param name: the verified name of the partner.
    """
    what = PlainTextInputElement(action_id=ids.WHAT_FAILED, multiline=True, max_length=MAX_WHAT_CHARACTERS)
    address = PlainTextInputElement(action_id=ids.FAILED_ADDRESS, max_length=MAX_ADDRESS_CHARACTERS)
    application = PlainTextInputElement(action_id=ids.FAILED_APPLICATION, max_length=MAX_APPLICATION_CHARACTERS)
    codes = StaticSelectElement(
        action_id=ids.ERROR_CODE,
        placeholder=plain_text("Choose a code", 75),
        options=[option(code_name(number), f"AADSTS{number}") for number in SIGN_IN_CODES],
    )
    correlation = PlainTextInputElement(action_id=ids.CORRELATION_ID, max_length=MAX_CORRELATION_CHARACTERS)
    when = PlainTextInputElement(action_id=ids.FAILED_AT, max_length=MAX_TIME_CHARACTERS)
    blocks: list[Block] = [
        rich_text(paragraph(cleaned_text(name, DOMAIN_LIMIT, bold=True), fixed_text(f": {WHO_READS}"))),
        input_block("What happened?", ids.WHAT_FAILED, what, hint="For example: what was opened, and what they saw."),
        input_block("Who could not get in?", ids.FAILED_ADDRESS, address, hint="Mail address.", is_optional=True),
        input_block("Which application?", ids.FAILED_APPLICATION, application, is_optional=True),
        input_block("Which error code?", ids.ERROR_CODE, codes, is_optional=True),
        input_block("Correlation ID", ids.CORRELATION_ID, correlation, hint=_CORRELATION_HINT, is_optional=True),
        input_block("When was it?", ids.FAILED_AT, when, hint=_TIME_HINT, is_optional=True),
    ]
    return modal(
        "What does not work?",
        blocks,
        ids.ACCESS_FAILURE,
        submit="Send",
        metadata=ids.handover_value(tenant_id, question),
    )


def how_to_test_view() -> Json:
    """Return how to test both directions with one account of each side."""
    steps = bullets(([fixed_text(step)] for step in HOW_TO_TEST), ordered=True)
    return modal("How to test", [rich_text(paragraph(fixed_text(TEST_BEFORE)), steps)], ids.MESSAGE_VIEW)

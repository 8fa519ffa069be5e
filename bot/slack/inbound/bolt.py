"""Create Bolt for this bot: it parses and dispatches. It verifies nothing and sends Slack nothing by itself."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped, warning_token_skipped
from slack_sdk.web.async_client import AsyncWebClient

_EXPECTED: Final = frozenset({warning_client_prioritized_and_token_skipped(), warning_token_skipped()})
"""Bolt finds SLACK_BOT_TOKEN in the environment and warns that it is not needed. This is intended."""


def make_bolt(client: AsyncWebClient, team_id: str) -> AsyncApp:
    """Return Bolt without its own verification and its own calls, so that a click is stored without delay.

    The token is the client's at each click: it is replaced while the bot runs.
    """

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=team_id, bot_token=client.token)

    with _without_expected_warnings():
        return AsyncApp(
            name="gatehouse",  # otherwise Bolt searches the source of every caller for one, for a tenth of a second
            client=client,
            authorize=authorize,
            process_before_response=True,
            request_verification_enabled=False,  # web.py verifies the raw bytes before Bolt sees them
            ssl_check_enabled=False,
            # Otherwise Bolt writes a suggestion from members that it has not checked, which fails for unusual ones.
            raise_error_for_unhandled_request=True,
        )


@contextmanager
def _without_expected_warnings() -> Iterator[None]:
    logger = logging.getLogger(f"slack_bolt.{AsyncApp.__name__}")
    logger.addFilter(_is_unexpected)
    try:
        yield
    finally:
        logger.removeFilter(_is_unexpected)


def _is_unexpected(record: logging.LogRecord) -> bool:
    return record.getMessage() not in _EXPECTED

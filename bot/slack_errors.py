"""What Slack's client raises, read so that an answer which is not Slack's own counts as no answer."""

from collections.abc import Mapping
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError

NO_ANSWER: Final = (aiohttp.ClientError, TimeoutError, AttributeError)
"""What a call raises when Slack did not answer. AttributeError: the client takes any 200 in plain text, which a proxy
may send, for an object."""


def error_code(error: SlackApiError) -> str:
    """Give Slack's own word for what went wrong; empty when the answer was not Slack's, but a proxy's page."""
    data = getattr(error.response, "data", error.response)
    return str(data.get("error") or "") if isinstance(data, Mapping) else ""

"""Bolt starts without a word about the token that it need not use, and says everything else."""

import logging
from typing import Final

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.inbound.bolt import make_bolt

LOGGER: Final = "slack_bolt.AsyncApp"


def test_the_environments_token_is_no_news(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-not-a-token")
    token = "xoxb-not-a-token"
    with caplog.at_level(logging.WARNING):
        make_bolt(AsyncWebClient(token=token), "T1")
        assert caplog.messages == []
        logging.getLogger(LOGGER).warning("Something else")
    assert caplog.messages == ["Something else"]
    assert logging.getLogger(LOGGER).filters == []

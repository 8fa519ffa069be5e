"""Logs are JSON lines, and no token is ever in them, however deep or wherever it comes from."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

import bot
from bot.process.logs.redactor import Redactor
from tests.waiting import LONGEST_WAIT

ROOT: Final = Path(bot.__file__).parents[1]
CANARIES: Final = [
    "xoxb-1234567890-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx",
    "xoxe.xoxp-1-Mi0yLTEyMzQ1Njc4OTAxMjM0LTEyMzQ1Njc4OTAx",
    "xoxe-1-My0xLTEyMzQ1Njc4OTAxMjM0LTEyMzQ1Njc4OTAx",
    "xapp-1-A0GATEHOUSE-1234567890-0123456789abcdef0123456789abcdef",
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJncmFwaCJ9.c2lnbmF0dXJl-_x",
    "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJncmFwaCJ9.",
]
SECRET_PARTS: Final = [*(canary[12:] for canary in CANARIES), "hunter2~Secret.Value"]
HOSTILE: Final = 'x\n{"event": "approved"}\r\n\x1b[31m\u2028\u0000'

SCRIPT: Final = """
import json, logging, sys
import structlog
from bot.process.logs.logs import configure_logs
from bot.process.logs.redactor import Redactor

configure_logs(Redactor())
log, library = structlog.get_logger("test"), logging.getLogger("slack_sdk.web.async_client")
canaries, hostile = json.loads(sys.stdin.read())
for canary in canaries:
    log.info(f"event {canary}", value=canary, url=f"https://x/?token={canary}&a=b", header=f"Authorization: {canary}")
    log.info("deep", value={"a": [{"b": (canary, {"c": canary})}]}, listed=[canary], keyed={canary: canary})
    log.info("strange", value={canary}, raw=canary.encode(), error=ValueError(canary), quoted=f'"{canary}"')
    log.bind(bound=canary).warning("bound")
    try:
        try:
            raise ValueError(f"bad {canary}")
        except ValueError as error:
            raise RuntimeError(f"worse {canary}") from error
    except RuntimeError as error:
        log.exception("failed")
        log.error("failed", exc_info=error)
        library.exception("Failed to run listener (error: %s)", error)
    library.warning("Sending %s to %r", canary, {"token": canary})
    library.error(f"Authorization: Bearer {canary}", extra={"body": canary})
    library.info(canary)
    library.debug(canary)
secret = "hunter2~Secret.Value"
log.info("neighbours", header=f"Authorization: Bearer {secret}", form=f"a=b&client_secret={secret}&c=d", after="kept")
log.info("names", domains=["flexapp-cloud.com", "taxapp-online.de"], partner="Ring Bearer Logistics")
log.info("plain", partner="contoso.com", digest="0" * 64, count=3, nothing=None)
log.info(hostile, name=hostile)
library.warning(hostile)
log.debug("too much")
"""
EACH: Final = 9
"""Lines that the script writes for each canary; what libraries say below WARNING is not among them."""


@pytest.fixture(scope="module")
def log() -> str:
    """What a process wrote that logged all of this."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps([CANARIES, HOSTILE]),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=LONGEST_WAIT,
    )
    return done.stdout + done.stderr


def named(log: str, event: str) -> list[dict[str, Any]]:
    """Give the lines of one event."""
    return [line for line in map(json.loads, log.split("\n")[:-1]) if line["event"] == event]


@pytest.mark.threats("E5")
def test_no_token_is_ever_written(log: str) -> None:
    assert [part for part in SECRET_PARTS if part in log] == []


@pytest.mark.threats("E6")
def test_every_line_is_whole_json(log: str) -> None:
    lines = [json.loads(line) for line in log.split("\n")[:-1]]
    assert len(lines) == len(CANARIES) * EACH + 5
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)


def test_exceptions_are_told_with_their_cause(log: str) -> None:
    failed = named(log, "failed")
    assert len(failed) == 2 * len(CANARIES)
    for line in failed:
        assert "ValueError: bad [redacted]" in line["exception"]
        assert "RuntimeError: worse [redacted]" in line["exception"]


def test_what_is_not_secret_stays(log: str) -> None:
    (plain,) = named(log, "plain")
    assert (plain["partner"], plain["digest"], plain["count"]) == ("contoso.com", "0" * 64, 3)
    (names,) = named(log, "names")
    assert names["domains"] == ["flexapp-cloud.com", "taxapp-online.de"]
    assert names["partner"] == "Ring Bearer Logistics"
    (line,) = named(log, "neighbours")
    assert line["header"] == "Authorization: Bearer [redacted]"
    assert line["form"] == "a=b&client_secret=[redacted]&c=d"
    assert line["after"] == "kept"


@pytest.mark.threats("E1", "E6")
def test_hostile_text_stays_on_its_line(log: str) -> None:
    assert not {"\x1b", "\x00", "\r", "\u2028"} & set(log)
    assert len(named(log, HOSTILE)) == 2


@pytest.mark.parametrize("canary", CANARIES)
def test_a_line_without_tokens_is_left_alone(canary: str) -> None:
    assert Redactor()(f'{{"a": "{canary}", "b": 1}}') == '{"a": "[redacted]", "b": 1}'
    assert Redactor()('{"a": "xoxo, Bearer", "b": "eyJ"}') == '{"a": "xoxo, Bearer", "b": "eyJ"}'

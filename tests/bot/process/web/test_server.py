"""The HTTP server, over real sockets: unsigned requests are refused, signed ones arrive at Bolt unchanged."""

import asyncio
import gzip
import http.client
import io
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlencode

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from structlog.testing import capture_logs

from bot.process.web import connections, server
from bot.process.web.connections import HEADER_SECONDS, make_runner
from bot.process.web.metrics import Metrics
from bot.process.web.server import SigningSecrets
from bot.slack.answers.background import Background
from bot.slack.inbound.receive import Inbound
from tests.bot.signing import FORM, SECRET, interaction_body, signature, signed
from tests.waiting import LONGEST_WAIT
from workflows.core.people import ChatId
from workflows.core.policy.stops.generation import OLD_CLICKS_REFUSED_FOR
from workflows.ports.effects_queue import StoredWork
from workflows.ports.store import StoredNumbers

NOW: Final = 1_800_000_000
JSON: Final = "application/json"
WHO: Final = {"user_id": "U0RILEY", "team_id": "T0WOODGROVE", "trigger_id": "1.2.3"}
COMMAND: Final = b"command=/partner&text=list&" + urlencode(WHO).encode()


@dataclass(slots=True)
class ServerUnderTest:
    """The web server on a free port. `received` contains what its listeners received."""

    session: aiohttp.ClientSession
    port: int = 0
    health_port: int = 0
    secrets: SigningSecrets = field(default_factory=lambda: SigningSecrets(SECRET))
    received: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    refuses_before: datetime | None = None

    async def post(self, body: Any, headers: Any, path: str = "/slack/events") -> tuple[int, str]:
        """POST raw bytes; nothing of the client's own but what HTTP needs."""
        url = f"http://127.0.0.1:{self.port}{path}"
        skipped = ("Content-Type", "Accept-Encoding", "User-Agent")
        async with self.session.post(url, data=body, headers=headers, skip_auto_headers=skipped) as response:
            assert "Server" not in response.headers
            return response.status, await response.text()

    async def raw(self, request: bytes) -> bytes:
        """Send bytes and give the first that come back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(1000), LONGEST_WAIT)
        writer.close()
        await writer.wait_closed()
        return answer


class FixedClock:
    """It is always NOW."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(NOW, UTC)


class EmptyStore:
    """Nothing is pending."""

    async def freeze(self) -> None:
        """Nothing is frozen."""

    async def stored_work(self, _: datetime) -> StoredWork:
        return StoredWork()

    async def numbers(self, _: datetime) -> StoredNumbers:
        return StoredNumbers()


def bolt_app(received: list[dict[str, Any]]) -> AsyncApp:
    """Make Bolt as `bot.process.app` does, with listeners that remember what they are handed."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0WOODGROVE", bot_token="xoxb-canary")

    async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
        received.append(body)
        await ack()

    app = AsyncApp(
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
    )
    app.command("/partner")(listen)
    app.action("approve")(listen)
    app.event("app_home_opened")(listen)
    return app


def inbound(received: list[dict[str, Any]]) -> Inbound:
    """Hand payloads to that Bolt; nobody is told anything."""

    async def tell(person: ChatId, text: str, channel: str) -> None:
        raise AssertionError(f"{person} is told: {text}")

    return Inbound(bolt=bolt_app(received), send_message=tell, background=Background(), redact=str)


async def open_door(session: aiohttp.ClientSession, *, socket_mode: bool) -> AsyncIterator[ServerUnderTest]:
    """Serve on a free port until the test is over."""
    opened = ServerUnderTest(session)

    async def nothing_missing() -> str:
        return opened.reason

    async def said() -> tuple[bool, str]:
        return not opened.reason, opened.reason or "ready\n"

    app = server.make_web_app(
        inbound=None if socket_mode else inbound(opened.received),
        secrets=opened.secrets,
        clock=FixedClock(),
        refuses_before=lambda: opened.refuses_before,
    )
    health = server.make_health_app(
        metrics=Metrics(store=EmptyStore(), clock=FixedClock(), lookups=lambda: 0, why_not_ready=nothing_missing).page,  # type: ignore[arg-type]
        readiness=said,
    )
    runners = [make_runner(one) for one in (app, health)]
    for runner in runners:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, reuse_address=True).start()
    opened.port, opened.health_port = (runner.addresses[0][1] for runner in runners)
    yield opened
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.fixture
async def http_server(session: aiohttp.ClientSession) -> AsyncIterator[ServerUnderTest]:
    """Return the web server of a bot that uses HTTP."""
    async for opened in open_door(session, socket_mode=False):
        yield opened


@pytest.fixture
async def closed_door(session: aiohttp.ClientSession) -> AsyncIterator[ServerUnderTest]:
    """Return the web server of a bot that uses Socket Mode."""
    async for opened in open_door(session, socket_mode=True):
        yield opened


async def refused(opened: ServerUnderTest, body: Any, headers: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Assert that the answer is 401, that no listener is called, and that the log gets one short line at most."""
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    with capture_logs() as logged:
        status, text = await opened.post(body, headers)
    assert (status, text) == (401, "not signed by Slack\n")
    assert opened.received == []
    written = [r for r in caplog.records if not r.name.startswith(("asyncio", "aiohttp.client"))]
    assert written == []
    assert logged == [{"event": "not_signed_by_slack", "log_level": "warning"}]


# --- signatures ---


def flipped(text: str, position: int) -> str:
    """Change one hexadecimal digit or decimal digit by its lowest bit."""
    return text[:position] + format(int(text[position], 16) ^ 1, "x") + text[position + 1 :]


def without(name: str) -> dict[str, str]:
    """Good headers but one."""
    return {key: value for key, value in signed(COMMAND, at=NOW).items() if key != name}


def changed(**headers: str) -> dict[str, str]:
    """Good headers with some of them changed: `signature`, `timestamp`."""
    names = {"signature": "X-Slack-Signature", "timestamp": "X-Slack-Request-Timestamp"}
    return signed(COMMAND, at=NOW) | {names[key]: value for key, value in headers.items()}


GOOD: Final = signature(COMMAND, str(NOW))

FORGED: Final = {
    "another secret": signed(COMMAND, at=NOW, secret="another"),
    "an empty secret": signed(COMMAND, at=NOW, secret=""),
    "a bit of the signature": changed(signature=flipped(GOOD, 40)),
    "the last bit of the signature": changed(signature=flipped(GOOD, len(GOOD) - 1)),
    "a second of the timestamp": changed(timestamp=str(NOW + 1)),
    "v1": changed(signature="v1" + GOOD[2:]),
    "upper case": changed(signature="v0=" + GOOD[3:].upper()),
    "no version": changed(signature=GOOD[3:]),
    "a longer signature": changed(signature=GOOD + "0"),
    "a shorter signature": changed(signature=GOOD[:-1]),
    "an empty signature": changed(signature=""),
    "a signature that is not ASCII": changed(signature="v0=" + "é" * 64),
    "a signature of other digits": changed(signature="v0=" + "٣" * 64),
    "no signature": without("X-Slack-Signature"),
    "no timestamp": without("X-Slack-Request-Timestamp"),
    "no headers": {},
}


@pytest.mark.threats("A1", "A4")
@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_signature_is_refused(
    http_server: ServerUnderTest, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    await refused(http_server, COMMAND, FORGED[name], caplog)


@pytest.mark.threats("A1")
async def test_a_changed_body_is_refused(http_server: ServerUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    body = bytearray(COMMAND)
    body[-1] ^= 1
    await refused(http_server, bytes(body), signed(COMMAND, at=NOW), caplog)


async def test_the_right_signature_is_accepted(http_server: ServerUnderTest) -> None:
    assert await http_server.post(COMMAND, signed(COMMAND, at=NOW)) == (200, "")
    assert http_server.received == [{"command": "/partner", "text": "list", **WHO}]


@pytest.mark.threats("A13")
@pytest.mark.parametrize("name", ["X-Slack-Signature", "X-Slack-Request-Timestamp"])
@pytest.mark.parametrize("good_first", [True, False])
async def test_a_header_that_comes_twice_is_refused(
    http_server: ServerUnderTest, caplog: pytest.LogCaptureFixture, name: str, good_first: bool
) -> None:
    """Two readers of one request must not be able to read two different values."""
    good = signed(COMMAND, at=NOW)
    values = [good[name], flipped(good[name], len(good[name]) - 1)]
    headers = CIMultiDict({key: value for key, value in good.items() if key != name})
    for value in values if good_first else reversed(values):
        headers.add(name, value)
    await refused(http_server, COMMAND, headers, caplog)


# --- two secrets, while one of them is replaced ---

UNTIL: Final = datetime.fromtimestamp(NOW, UTC) + timedelta(hours=1)
MOMENT: Final = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("until", "accepted"),
    [(None, ("new",)), (UNTIL - MOMENT, ("new",)), (UNTIL, ("new",)), (UNTIL + MOMENT, ("new", "old"))],
)
def test_the_old_secret_is_accepted_until_its_end_and_not_at_it(
    until: datetime | None, accepted: tuple[str, ...]
) -> None:
    assert SigningSecrets("new", "old", until).accepted_at(UNTIL) == accepted


def test_an_empty_secret_is_none() -> None:
    assert SigningSecrets("", "", UNTIL).accepted_at(UNTIL - MOMENT) == ()
    assert SigningSecrets("new", "", UNTIL).accepted_at(UNTIL - MOMENT) == ("new",)
    assert SigningSecrets("", "old", UNTIL).accepted_at(UNTIL - MOMENT) == ("old",)


def test_secrets_are_replaced_together() -> None:
    secrets = SigningSecrets("first")
    secrets.replace("new", "first", UNTIL)
    assert (secrets.current, secrets.old, secrets.old_until) == ("new", "first", UNTIL)


@pytest.mark.parametrize(("seconds", "status"), [(1, 200), (0, 401)])
async def test_what_the_old_secret_signed_is_accepted_until_its_end(
    http_server: ServerUnderTest, seconds: int, status: int
) -> None:
    http_server.secrets.replace("new", SECRET, datetime.fromtimestamp(NOW + seconds, UTC))
    assert (await http_server.post(COMMAND, signed(COMMAND, at=NOW)))[0] == status
    assert (await http_server.post(COMMAND, signed(COMMAND, at=NOW, secret="new")))[0] == 200


# --- after a held start ---


@pytest.mark.parametrize(("seconds", "status"), [(-2, 401), (-1, 200), (0, 200)])
async def test_what_was_signed_before_a_held_start_is_refused(
    http_server: ServerUnderTest, seconds: int, status: int
) -> None:
    """A signature counts for its whole second."""
    http_server.refuses_before = datetime.fromtimestamp(NOW, UTC)
    with capture_logs() as logged:
        answer = await http_server.post(COMMAND, signed(COMMAND, at=NOW + seconds))
    assert answer == ((401, "sent before the records were restored\n") if status == 401 else (200, ""))
    assert len(http_server.received) == (status == 200)
    refusal = [{"event": "signed_before_held_start", "log_level": "warning"}]
    assert [one for one in logged if one["log_level"] == "warning"] == (refusal if status == 401 else [])


async def test_long_after_a_held_start_what_is_old_is_only_what_is_too_old(http_server: ServerUnderTest) -> None:
    http_server.refuses_before = datetime.fromtimestamp(NOW, UTC) - OLD_CLICKS_REFUSED_FOR
    assert (await http_server.post(COMMAND, signed(COMMAND, at=NOW - 300)))[0] == 200


# --- timestamps ---


@pytest.mark.threats("A3")
@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
async def test_within_five_minutes_either_way_is_accepted(http_server: ServerUnderTest, seconds: int) -> None:
    assert (await http_server.post(COMMAND, signed(COMMAND, at=NOW + seconds)))[0] == 200


@pytest.mark.threats("A3")
@pytest.mark.parametrize("seconds", [-(10**8), -301, 301, 10**8])
async def test_beyond_five_minutes_is_refused(
    http_server: ServerUnderTest, caplog: pytest.LogCaptureFixture, seconds: int
) -> None:
    await refused(http_server, COMMAND, signed(COMMAND, at=NOW + seconds), caplog)


ODD_TIMESTAMPS: Final = {
    "letters": "abc",
    "an exponent": "1e3",
    "empty": "",
    "not a number": "NaN",
    "infinite": "Infinity",
    "very long": "1" * 5000,
    "an underscore": "18000_00000",
    "a space inside": "18000 00000",
    "spaces around": f" {NOW} x",
    "a sign": f"+{NOW}",
    "negative": f"-{NOW}",
    "a fraction": f"{NOW}.0",
    "a leading zero": f"0{NOW}",
    "hexadecimal": hex(NOW),
    "unicode digits": "".join(chr(0x0660 + int(digit)) for digit in str(NOW)),
    "two of them": f"{NOW}, {NOW}",
}


@pytest.mark.threats("A4", "A5")
@pytest.mark.parametrize("name", ODD_TIMESTAMPS)
async def test_an_odd_timestamp_is_refused_however_well_it_is_signed(
    http_server: ServerUnderTest, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    timestamp = ODD_TIMESTAMPS[name]
    headers = changed(timestamp=timestamp, signature=signature(COMMAND, timestamp))
    await refused(http_server, COMMAND, headers, caplog)


# --- what is not signed is not read ---

JUNK: Final[dict[str, tuple[bytes, str]]] = {
    "ssl_check": (b"ssl_check=1&token=x", FORM),
    "a challenge": (b'{"type": "url_verification", "challenge": "abc"}', JSON),
    "broken JSON": (b"{", JSON),
    "a deep array": (b"[" * 50_000 + b"]" * 50_000, JSON),
    "a deep payload": (b"payload=" + b"[" * 50_000, FORM),
    "a payload that is no object": (b"payload=1", FORM),
    "invalid UTF-8": (b"\xff\xfe\xfa", FORM),
    "an unknown charset": (b"command=/partner", f"{FORM}; charset=klingon"),
    "another charset": ("command=/partner".encode("utf-16"), f"{FORM}; charset=utf-16"),
    "another type": (b"<xml/>", "text/xml"),
    "a broken type": (b"x", ";;;=\x80"),
    "nothing": (b"", FORM),
}


@pytest.mark.threats("A6", "A7")
@pytest.mark.parametrize("name", JUNK)
async def test_unsigned_input_is_not_even_parsed(
    http_server: ServerUnderTest, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    body, content_type = JUNK[name]
    await refused(http_server, body, {"Content-Type": content_type}, caplog)


@pytest.mark.threats("A6")
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "klingon"])
@pytest.mark.parametrize("body", [gzip.compress(b"0" * 20_000_000), b"not packed at all"], ids=["bomb", "junk"])
async def test_unsigned_bodies_are_not_unpacked(
    http_server: ServerUnderTest, caplog: pytest.LogCaptureFixture, encoding: str, body: bytes
) -> None:
    await refused(http_server, body, {"Content-Type": FORM, "Content-Encoding": encoding}, caplog)


@pytest.mark.threats("A8")
async def test_bolts_own_headers_do_not_open_access(
    http_server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Content-Type": FORM, "X-Slack-Bolt-Lazy-Only": "1", "X-Slack-Bolt-Lazy-Function-Name": "listen"}
    await refused(http_server, COMMAND, headers, caplog)


async def test_a_body_that_ends_too_early_is_refused(http_server: ServerUnderTest) -> None:
    headers = "".join(f"{key}: {value}\r\n" for key, value in signed(COMMAND, at=NOW).items())
    start = f"POST /slack/events HTTP/1.1\r\nHost: x\r\n{headers}Transfer-Encoding: chunked\r\n\r\n".encode()
    answer = await http_server.raw(start + b"5\r\ncommaBROKEN\r\n")
    assert answer.split(b"\r\n")[0].split()[1] in (b"400", b"401")
    assert http_server.received == []


# --- what is signed ---

NOT_PAYLOADS: Final[dict[str, tuple[bytes, str]]] = {
    "invalid UTF-8": (b"command=\xff\xfe", FORM),
    "invalid UTF-8, percent-encoded": (b"command=%ff%fe", FORM),
    "invalid UTF-8 in JSON": (b'{"type": "\xff"}', JSON),
    "broken JSON": (b"{", JSON),
    "no object": (b"[]", JSON),
    "null": (b"null", JSON),
    "a payload that is no object": (b"payload=1", FORM),
    "a payload that is no JSON": (b"payload=", FORM),
    "a deep array": (b"[" * 50_000 + b"]" * 50_000, JSON),
    "a deep payload": (b"payload=" + b"[" * 50_000, FORM),
    "a long number": (b'{"a": ' + b"1" * 5000 + b"}", JSON),
}


@pytest.mark.parametrize("name", NOT_PAYLOADS)
async def test_a_signed_body_that_is_no_payload_is_a_bad_request(http_server: ServerUnderTest, name: str) -> None:
    body, content_type = NOT_PAYLOADS[name]
    status, text = await http_server.post(body, signed(body, at=NOW, content_type=content_type))
    assert (status, text) == (400, "not a payload\n")
    assert http_server.received == []


@pytest.mark.threats("A8")
@pytest.mark.parametrize("content_type", [f"{FORM}; charset=utf-16", f"{JSON}; charset=latin-1", "text/plain", "a/b"])
async def test_other_types_and_charsets_are_not_supported(http_server: ServerUnderTest, content_type: str) -> None:
    status, text = await http_server.post(COMMAND, signed(COMMAND, at=NOW, content_type=content_type))
    assert (status, text) == (415, "only form-encoded or JSON bodies in UTF-8\n")
    assert http_server.received == []


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
async def test_utf_8_may_be_said(http_server: ServerUnderTest, charset: str) -> None:
    headers = signed(COMMAND, at=NOW, content_type=f"{FORM}; charset={charset}")
    assert (await http_server.post(COMMAND, headers))[0] == 200


@pytest.mark.threats("A8")
@pytest.mark.parametrize(
    "extra",
    [
        {"X-Slack-Bolt-Lazy-Only": "1", "X-Slack-Bolt-Lazy-Function-Name": "nobody"},
        {"X-Slack-Retry-Num": "3", "X-Slack-Retry-Reason": "http_timeout"},
        {"X-Slack-No-Retry": "1", "X-Forwarded-For": "127.0.0.1", "Authorization": "Bearer x"},
    ],
    ids=["lazy", "retry", "others"],
)
async def test_unsigned_headers_change_nothing(http_server: ServerUnderTest, extra: dict[str, str]) -> None:
    plain = await http_server.post(COMMAND, signed(COMMAND, at=NOW))
    assert await http_server.post(COMMAND, signed(COMMAND, at=NOW) | extra) == plain
    assert http_server.received[0] == http_server.received[1]


@pytest.mark.parametrize("text", ["show payload.com", "request payload=1", "{", "ü ± 漢字 &amp; %41 +"])
async def test_a_command_arrives_as_it_was_typed(http_server: ServerUnderTest, text: str) -> None:
    """Without our own parsing, Bolt loses a command that contains the word "payload"."""
    body = aiohttp.FormData({"command": "/partner", "text": text, **WHO})().decode().encode()
    assert (await http_server.post(body, signed(body, at=NOW)))[0] == 200
    assert http_server.received == [{"command": "/partner", "text": text, **WHO}]


async def test_an_interaction_arrives_whole(http_server: ServerUnderTest) -> None:
    payload = {
        "type": "block_actions",
        "user": {"id": "U0RILEY"},
        "actions": [{"type": "button", "action_id": "approve", "value": "ü 😀"}],
    }
    body = interaction_body(payload)
    assert (await http_server.post(body, signed(body, at=NOW)))[0] == 200
    assert http_server.received == [payload]


@given(text=st.text(), encoded=st.sampled_from([quote, quote_plus]))
def test_a_payload_is_decoded_as_the_urllib_decodes_it(text: str, encoded: Callable[[str], str]) -> None:
    body = b"payload=" + encoded(json.dumps({"text": text}, ensure_ascii=False)).encode()
    assert server._payload(body, FORM) == {"text": text}


@pytest.mark.parametrize("body", [b"payload=%7B%22a%22:%22=%22%7D", b"ssl=1&payload=%7B%22a%22:%22=%22%7D"])
def test_a_form_with_more_than_an_escaped_payload_is_decoded(body: bytes) -> None:
    assert server._payload(body, FORM) == {"a": "="}


def test_each_kind_of_body_is_read_as_what_it_says_it_is() -> None:
    """A form inside JSON is no payload; a command may be typed without a text."""
    assert server._payload(b"payload=%7B%22a%22:1%7D", FORM) == {"a": 1}
    assert server._payload(b"payload=%7B%22a%22:1%7D", JSON) is None
    assert server._payload(b'{"a": 1}', JSON) == {"a": 1}
    assert server._payload(b"command=/partner&text=", FORM) == {"command": "/partner", "text": ""}


async def test_slack_can_verify_the_address(http_server: ServerUnderTest) -> None:
    """Slack signs its challenge too ("url_verification")."""
    body = b'{"type": "url_verification", "challenge": "abc", "token": "x"}'
    status, text = await http_server.post(body, signed(body, at=NOW, content_type=JSON))
    assert (status, json.loads(text)) == (200, {"challenge": "abc"})


# --- size and time ---


@pytest.mark.threats("A9")
async def test_a_body_too_large_is_refused_with_its_length_said(http_server: ServerUnderTest) -> None:
    body = b"0" * (300 * 1024)
    assert (await http_server.post(body, signed(body, at=NOW)))[0] == 413
    assert http_server.received == []


@pytest.mark.threats("A9")
async def test_a_body_of_two_megabytes_is_refused(http_server: ServerUnderTest) -> None:
    assert (await http_server.post(io.BytesIO(b"0" * (2 * 1024 * 1024)), {"Content-Type": FORM}))[0] == 413
    assert http_server.received == []


@pytest.mark.threats("A13", "A14")
@pytest.mark.parametrize("lengths", [(43, 4), (4, 43), (43, 43)])
async def test_two_lengths_are_refused(http_server: ServerUnderTest, lengths: tuple[int, int]) -> None:
    """A proxy in front could read the one, and we the other."""
    headers = "".join(f"{key}: {value}\r\n" for key, value in signed(COMMAND, at=NOW).items())
    given = "".join(f"Content-Length: {length}\r\n" for length in lengths)
    answer = await http_server.raw(f"POST /slack/events HTTP/1.1\r\nHost: x\r\n{headers}{given}\r\n".encode() + COMMAND)
    assert answer.split()[1] == b"400"
    assert b"aiohttp" not in answer
    assert b"Python" not in answer
    assert http_server.received == []


@pytest.mark.threats("A13")
async def test_a_length_beside_chunks_is_refused(http_server: ServerUnderTest) -> None:
    headers = "".join(f"{key}: {value}\r\n" for key, value in signed(COMMAND, at=NOW).items())
    both = f"Content-Length: {len(COMMAND)}\r\nTransfer-Encoding: chunked\r\n"
    answer = await http_server.raw(
        f"POST /slack/events HTTP/1.1\r\nHost: x\r\n{headers}{both}\r\n".encode() + b"0\r\n\r\n"
    )
    assert answer.split()[1] == b"400"
    assert b"aiohttp" not in answer
    assert b"Python" not in answer
    assert http_server.received == []


@pytest.mark.threats("A9")
async def test_a_body_too_large_is_refused_without_a_length(http_server: ServerUnderTest) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"0" * 1024

    assert (await http_server.post(chunks(), {"Content-Type": FORM}))[0] == 413
    assert http_server.received == []


async def test_a_large_payload_within_the_limit_is_accepted(http_server: ServerUnderTest) -> None:
    body = COMMAND + b"&more=" + b"0" * 200_000
    assert (await http_server.post(body, signed(body, at=NOW)))[0] == 200


@pytest.mark.threats("A10")
async def test_a_body_that_does_not_come_is_not_waited_for(
    http_server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_MAX_BODY_SECONDS", 0.1)
    answer = await http_server.raw(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert answer.endswith(b"\r\n\r\ntoo slow\n")


@pytest.mark.threats("A10")
def test_a_half_sent_request_is_closed_within_ten_seconds() -> None:
    """As configured. That hundreds of them are closed, and delay no click, is a story of its own."""
    assert HEADER_SECONDS < 10
    assert server._MAX_BODY_SECONDS + connections._LINGERING_SECONDS < 10


# --- the rest of the house ---


@pytest.mark.parametrize("at", [NOW, NOW - 1000])
async def test_socket_mode_has_no_address_for_slack(
    closed_door: ServerUnderTest, caplog: pytest.LogCaptureFixture, at: int
) -> None:
    await refused(closed_door, COMMAND, signed(COMMAND, at=at), caplog)


HEALTH: Final = ("/healthz", "/readyz", "/metrics")
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD")


@pytest.mark.threats("A14")
@pytest.mark.parametrize("path", ["/slack/events", *HEALTH])
@pytest.mark.parametrize("method", METHODS)
async def test_every_path_has_its_method_and_no_other(http_server: ServerUnderTest, path: str, method: str) -> None:
    is_health = path in HEALTH
    url = f"http://127.0.0.1:{http_server.health_port if is_health else http_server.port}{path}"
    async with http_server.session.request(method, url) as response:
        assert "Server" not in response.headers
        if method in (("GET", "HEAD") if is_health else ("POST",)):
            assert response.status == (200 if is_health else 401)
        else:
            assert response.status == 405


@pytest.mark.threats("A14")
@pytest.mark.parametrize("method", METHODS)
async def test_the_public_address_has_nothing_but_slacks_path(http_server: ServerUnderTest, method: str) -> None:
    for path in (*HEALTH, "/", "/metrics/", "/control/bot"):
        url = f"http://127.0.0.1:{http_server.port}{path}"
        async with http_server.session.request(method, url) as response:
            assert (response.status, "Server" in response.headers) == (404, False), path
    async with http_server.session.request(
        method, f"http://127.0.0.1:{http_server.health_port}/slack/events"
    ) as answer:
        assert answer.status == 404


@pytest.mark.threats("A14")
@pytest.mark.parametrize(
    "path", ["/", "/slack", "/slack/events/", "/slack//events", "/admin", "/slack/events%00", "/.env"]
)
async def test_other_paths_are_not_there(http_server: ServerUnderTest, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", http_server.port, timeout=LONGEST_WAIT)

    def ask() -> tuple[int, str | None]:
        connection.request("POST", path, body=COMMAND, headers=signed(COMMAND, at=NOW))
        response = connection.getresponse()
        response.read()
        return response.status, response.getheader("Server")

    assert await asyncio.to_thread(ask) == (404, None)
    connection.close()
    assert http_server.received == []


async def test_health_and_readiness(http_server: ServerUnderTest) -> None:
    async def get(path: str) -> tuple[int, str]:
        async with http_server.session.get(f"http://127.0.0.1:{http_server.health_port}{path}") as response:
            return response.status, await response.text()

    assert await get("/healthz") == (200, "ok\n")
    assert await get("/readyz") == (200, "ready\n")
    http_server.reason = "starting\n"
    assert await get("/readyz") == (503, "starting\n")
    status, text = await get("/metrics")
    assert status == 200
    assert "gatehouse_effects_due 0.0" in text
    async with http_server.session.get(f"http://127.0.0.1:{http_server.health_port}/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=")

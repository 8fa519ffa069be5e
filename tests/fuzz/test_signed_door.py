"""Any bytes at the door that is open to the Internet: refused without a trace, unless Slack signed them."""

import asyncio
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.bot.signing import FORM, JSON, signed
from tests.fuzz.conftest import WatchedBot, without_errors
from tests.fuzz.damage import damaged_bytes
from tests.fuzz.extent import fuzzed
from tests.waiting import LONGEST_WAIT

BODY: Final = b"command=/partner&text=list&user_id=U0REQUESTER&team_id=T0WOODGROVE&trigger_id=1.2.3"
NAMES: Final = (
    *("X-Slack-Signature", "X-Slack-Request-Timestamp", "Content-Type", "Content-Encoding", "Content-Length"),
    *("Transfer-Encoding", "Connection", "Host", "X-Slack-Retry-Num", "X-Slack-Bolt-Lazy-Only", "Cookie", "Range"),
    *("Upgrade", "Authorization", "X-Forwarded-For", "Trailer", "TE"),
)
USUAL_VALUES: Final = (
    *(FORM, JSON, "gzip", "deflate", "br", "chunked", "identity, chunked", "close", "keep-alive", "websocket", "0"),
    *("-1", "99999999999", "5", "v0=" + "0" * 64, "1800000000", "text/plain; charset=klingon", ";;;"),
)
HEADER_VALUES: Final = st.sampled_from(USUAL_VALUES).map(str.encode) | st.binary(max_size=30)
HEADERS: Final = st.lists(
    st.tuples(st.sampled_from(NAMES).map(str.encode) | st.binary(min_size=1, max_size=20), HEADER_VALUES), max_size=6
)
ANSWERS: Final = frozenset({b"400", b"401", b"413"})


def forged(at: float) -> list[tuple[bytes, bytes]]:
    """Return headers like Slack's, with the signature of somebody who does not have the secret."""
    headers = signed(BODY, secret="not the secret", at=at)
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def written(headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Write a request as it goes over the wire."""
    lines = [b"POST /slack/events HTTP/1.1", *(b": ".join(one) for one in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def status_of(url: str, request: bytes) -> bytes:
    """Send bytes, and return the status of the first answer; empty when the connection ends without one."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            writer.write(request)
            writer.write_eof()
            await writer.drain()
            line = await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.close()
    return line.split()[1] if line else b""


async def require_refused(watched: WatchedBot, request: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Assert that a request is refused, that nothing is stored, and that the log has no error."""
    before = await watched.count_stored()
    with without_errors(caplog):
        status = await status_of(watched.gatehouse.url, request)
    assert status in ANSWERS or status == b"", status
    assert await watched.count_stored() == before


@example(headers=[(b"Content-Encoding", b"gzip")], body=b"\x1f\x8b")
@example(headers=[(b"Transfer-Encoding", b"chunked")], body=b"ffffffffffffffff\r\n")
@given(headers=HEADERS, body=st.binary(max_size=60) | st.just(BODY) | st.just(b"0" * 300_000))
@fuzzed(30)
async def test_any_headers_and_bytes_are_refused(
    watched: WatchedBot, caplog: pytest.LogCaptureFixture, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    at = watched.gatehouse.world.clock.now().timestamp()
    length = [(b"Content-Length", str(len(body)).encode())]
    for given_headers in ([*headers, *length], [*forged(at), *headers], [*forged(at), *headers, *length]):
        await require_refused(watched, written(given_headers, body), caplog)


@given(data=st.data())
@fuzzed(30)
async def test_no_change_of_a_signed_request_is_let_in(
    watched: WatchedBot, caplog: pytest.LogCaptureFixture, data: st.DataObject
) -> None:
    """Its headers are damaged in one place; its body is another one under the same signature."""
    secret = watched.gatehouse.settings.slack_signing_secret.get_secret_value()
    at = watched.gatehouse.world.clock.now().timestamp()
    headers = signed(BODY, secret=secret, at=at)
    name = data.draw(st.sampled_from(["X-Slack-Signature", "X-Slack-Request-Timestamp"]))
    value = data.draw(damaged_bytes(st.just(headers[name].encode()), most=1).filter(lambda one: b"\n" not in one))
    body = data.draw(damaged_bytes(st.just(BODY)))
    for changed, sent in (({**headers, name: None}, BODY), (headers, body)):
        if value.strip() == headers[name].encode() or body == BODY:
            continue
        lines = [(key.encode(), value if text is None else text.encode()) for key, text in changed.items()]
        whole = [*lines, (b"Content-Length", str(len(sent)).encode())]
        await require_refused(watched, written(whole, sent), caplog)


@given(request_bytes=st.binary(max_size=200) | damaged_bytes(st.just(written([(b"Host", b"x")], b""))))
@fuzzed(30)
async def test_what_is_no_http_stores_nothing_and_is_no_error(
    watched: WatchedBot, caplog: pytest.LogCaptureFixture, request_bytes: bytes
) -> None:
    before = await watched.count_stored()
    with without_errors(caplog):
        status = await status_of(watched.gatehouse.url, request_bytes)
    assert not status.startswith((b"2", b"5")), status
    assert await watched.count_stored() == before

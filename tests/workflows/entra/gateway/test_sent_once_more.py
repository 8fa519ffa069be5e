"""What is sent a second time: reads on a dropped connection, and calls whose token was refused."""

import asyncio

import pytest

from bot.sandbox.entra import TokenAuthority
from tests.workflows.entra.simulated_tenant import (
    CONTOSO,
    Graph,
    adding,
    refusing,
    reset,
)
from workflows.entra import Entra
from workflows.ports.tenant import TenantUnavailable


async def test_a_read_on_a_connection_that_was_dropped_is_sent_once_more(entra: Entra, graph: Graph) -> None:
    """A kept connection may have been closed at the other end while nothing was said on it."""
    graph.fail(reset)
    assert await entra.read_partner(CONTOSO) is None
    assert [one.method for one in graph.seen] == ["GET", "GET"]
    graph.fail(reset, reset)
    with pytest.raises(TenantUnavailable, match="broken_off"):
        await entra.read_partner(CONTOSO)


async def test_a_write_on_a_connection_that_was_dropped_is_not_repeated(entra: Entra, graph: Graph) -> None:
    graph.fail(reset)
    with pytest.raises(TenantUnavailable, match="is_write=True"):
        await entra.write(adding())
    assert len(graph.seen) == 1


@pytest.mark.parametrize("header", [{}, {"WWW_Authenticate": 'Bearer error="invalid_token"'}])
async def test_a_refused_token_is_dropped_once(entra: Entra, graph: Graph, header: dict[str, str]) -> None:
    """A 401 without a claims challenge: the cached token is invalid, and nothing was done with it."""
    await entra.home()
    graph.fail(refusing(401, "InvalidAuthenticationToken", **header))
    await entra.write(adding())
    first, refused, second = (one.headers["authorization"] for one in graph.seen)
    assert first == refused != second
    assert [one.method for one in graph.seen[1:]] == ["POST", "POST"]


async def test_a_token_that_is_refused_again_holds_and_ends_nothing(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(401), refusing(401))
    with pytest.raises(TenantUnavailable, match="token_refused_twice"):
        await entra.read_partner(CONTOSO)
    assert len(graph.seen) == 2


async def test_ten_refusals_of_one_token_get_one_new_token(
    entra: Entra, graph: Graph, authority: TokenAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    await entra.home()
    issued: list[str] = []
    issue = authority.issue

    def counted() -> str:
        issued.append(issue())
        return issued[-1]

    monkeypatch.setattr(authority, "issue", counted)
    graph.fail(*[refusing(401)] * 10)
    await asyncio.gather(*(entra.read_partner(CONTOSO) for _ in range(10)))
    assert len(issued) == 1

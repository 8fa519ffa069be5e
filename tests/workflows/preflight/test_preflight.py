"""Looking around: every read has its own outcome, and none of them can stop a request."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.words.findings.finding import finding_words
from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import NOW, TENANT, access_plan, identity
from tests.workflows.fakes import FakeSurroundings
from tests.workflows.world import CONTOSO, World, open_world
from workflows.core.checks.findings import Severity
from workflows.core.requests.request import ObservedPartner, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.preflight.preflight import Preflight, PreflightResult

FORBIDDEN = TenantRefused(403, "Authorization_RequestDenied", "Insufficient privileges.")
UNLICENSED = TenantRefused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is premium.")
THROTTLED = TenantUnavailable("Too many requests.", is_throttled=True)
READS = (
    *("tenant.find", "surroundings.verified_domains", "surroundings.read_authorization"),
    *("surroundings.read_sharepoint", "surroundings.read_conditional_access", "surroundings.read_sign_ins"),
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A world of its own."""
    async with open_world(tmp_path / "records.db") as world:
        yield world


async def check(world: World, timeout_seconds: float = 6.0, **changes: object) -> PreflightResult:
    """Look around for the usual plan."""
    preflight = Preflight(tenant=world.tenant, store=world.store, clock=world.clock, timeout_seconds=timeout_seconds)
    seen = ObservedPartner(identity=replace(identity(), **changes), configuration=None, at=NOW)  # type: ignore[arg-type]
    return await preflight.check(seen, access_plan())


def unread(found: PreflightResult) -> list[str]:
    """What could not be checked because a read failed."""
    return [
        finding_words(one)
        for one in found.findings
        if one.severity is Severity.UNCHECKED and "could not be checked (" in finding_words(one)
    ]


async def test_every_read_is_made_once_and_sign_ins_of_thirty_days(world: World) -> None:
    assert unread(await check(world)) == []
    outbound = ("tenant.home", "surroundings.read_sign_ins")
    assert sorted(world.script.calls) == sorted((*READS, *outbound, "tenant.read_default"))
    assert world.tenant.tenant_settings.asked == [(TENANT, NOW - timedelta(days=30))]


async def test_who_was_asked_for_by_id_is_not_asked_for_again(world: World) -> None:
    await check(world, typed_name=TENANT)
    assert "tenant.find" not in world.script.calls


@pytest.mark.parametrize("method", [*READS, "tenant.read_default"])
@pytest.mark.parametrize(
    ("error", "why"),
    [
        (FORBIDDEN, "(permission missing). Grant the application"),
        (UNLICENSED, "(no licence)."),
        (TenantRefused(400, "BadRequest", "No."), "(refused)."),
        (THROTTLED, "(throttled)."),
        (TenantUnavailable("No answer."), "(no answer)."),
    ],
)
async def test_a_read_that_fails_is_said_and_the_others_continue(
    world: World, method: str, error: Exception, why: str
) -> None:
    # A refused look-up is told apart by another one.
    world.script.fail(method, error, times=2 if method == "tenant.find" else 1)
    (text,) = unread(await check(world))
    assert why in text


async def test_reads_are_made_side_by_side_within_one_patience(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    counts: list[int] = []

    async def never(*asked: object) -> object:
        begun.append(asked)
        try:
            await asyncio.Event().wait()
        finally:
            counts.append(len(begun))
        raise AssertionError

    monkeypatch.setattr(FakeSurroundings, "_read", never)
    async with asyncio.timeout(LONGEST_WAIT):
        found = await check(world, timeout_seconds=0.05)
    assert set(counts) == {len(begun)}, "all were begun before the first one was given up"
    assert len(unread(found)) == 6
    assert all("(no answer)" in text for text in unread(found))


async def test_a_request_is_prepared_with_what_was_found(world: World) -> None:
    world.script.fail("surroundings.read_sharepoint", FORBIDDEN)
    request = await world.waiting()
    codes = {finding.code for finding in request.require_prepared().findings}
    assert {"invitations", "sharepoint_unread", "domain_list_unread", "sign_ins"} <= codes


@pytest.mark.threats("D1")
async def test_two_answers_about_one_tenant_that_disagree_make_a_request_unfit(world: World) -> None:
    other = replace(CONTOSO, default_domain="contoso.example")
    world.tenant.tenants[TENANT] = other
    request = await world.settled(await world.file())
    errors = [error["code"] for fact in request.note for error in fact.values.get("errors", ())]
    assert (request.state, errors) == (RequestState.UNFIT, ["tenant_mismatch"])


async def test_partners_on_record_are_what_a_look_alike_is_compared_with(world: World) -> None:
    await world.opened()
    false = replace(CONTOSO, tenant_id=TenantId("0ddba11d-0000-4000-8000-000000000001"), default_domain="c0ntoso.com")
    world.tenant.add_tenant(false)
    request = await world.waiting(target="c0ntoso.com")
    assert "look_alike" in {finding.code for finding in request.require_prepared().findings}

"""A wave shares what is equal for its members, and reads each partner for itself. Counted are the reads."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.waiting import LONGEST_WAIT
from tests.workflows.app.batches.many import approve_batch, asked, configure_many, tenant_number
from tests.workflows.core.builders import AMARA, NOW, RILEY, access_plan, identity
from tests.workflows.core.policies import policy
from tests.workflows.fakes import Crash
from tests.workflows.preflight.test_access_check import DEFAULT
from tests.workflows.world import World
from workflows.app.batches.wave_directory import WaveDirectory
from workflows.app.batches.wave_tenant import wave_tenant
from workflows.core.batches.batch import BatchState, RowState
from workflows.core.checks.findings import FindingCode
from workflows.core.plans.plan import Operation, Plan
from workflows.core.requests.request import ObservedPartner, RequestKind
from workflows.effects.batches.waves import WAVE, preparer_of_wave
from workflows.ports.tenant import TenantUnavailable
from workflows.store import codec
from workflows.store.common import reading

MEMBERS = WAVE + 10
WAVES = 2


def counted(world: World, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count every call of the tenant, its settings and the directory."""
    calls: Counter[str] = Counter()
    begin = type(world.script).begin

    async def counting(script: object, method: str) -> object:
        calls[method] += 1
        return await begin(script, method)  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.script), "begin", counting)
    return calls


async def test_people_and_tenant_are_read_once_a_wave_and_each_partner_for_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_many(world, MEMBERS)
    calls = counted(world, monkeypatch)
    batch = await asked(world)
    assert batch.counts() == {RowState.PLANNED: MEMBERS}
    assert calls["tenant.read_partner"] == MEMBERS
    form = 2  # the form and the terms that it checks
    assert calls["directory.identify"] <= 2 * (WAVES + form)
    assert calls["directory.people_of"] <= WAVES + form
    assert calls["tenant.read_default"] <= WAVES + form
    assert calls["surroundings.read_conditional_access"] <= WAVES
    calls.clear()
    batch = await approve_batch(world, batch, (AMARA,))
    assert batch.state is BatchState.DONE
    assert calls["tenant.read_partner"] == 2 * MEMBERS, "compared, and read back"
    assert calls["tenant.find"] == MEMBERS
    assert calls["directory.current_roles"] <= WAVES + 1, "the click, and again before each wave"


async def test_a_wave_writes_nothing(world: World) -> None:
    tenant = wave_tenant(world.tenant, log_since=NOW)
    with pytest.raises(AssertionError, match="a wave writes nothing here"):
        await tenant.write(Operation(method="PATCH", path="/p", body={}))
    assert world.tenant.attempts == []


async def test_two_reads_of_one_partner_are_two_reads(world: World) -> None:
    """The read-back must not get the answer of the comparison."""
    configure_many(world, 1)
    tenant = wave_tenant(world.tenant, log_since=NOW)
    before = await tenant.read_partner(tenant_number(1))
    world.tenant.edit(tenant_number(1), inboundTrust={"isMfaAccepted": True})
    assert await tenant.read_partner(tenant_number(1)) != before


async def test_an_error_is_that_of_its_reader_alone(world: World) -> None:
    configure_many(world, 2)
    tenant = wave_tenant(world.tenant, log_since=NOW)
    world.script.fail("tenant.read_partner", TenantUnavailable("no answer"))
    first, second = await asyncio.gather(
        *(tenant.read_partner(tenant_number(number)) for number in (1, 2)), return_exceptions=True
    )
    assert [isinstance(one, TenantUnavailable) for one in (first, second)].count(True) == 1


async def test_nobody_waits_for_ever_when_a_read_ends_unexpectedly(world: World) -> None:
    configure_many(world, 1)
    tenant = wave_tenant(world.tenant, log_since=NOW)
    world.script.fail("tenant.read_partner", Crash())
    with pytest.raises(Crash):
        await asyncio.wait_for(tenant.read_partner(tenant_number(1)), LONGEST_WAIT)


async def test_one_question_about_people_is_asked_once_also_at_the_same_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(world, monkeypatch)
    directory = WaveDirectory(world.directory)
    people = await asyncio.gather(*(directory.identify(RILEY.chat_id) for _ in range(WAVE)))
    assert (set(people), calls["directory.identify"]) == ({RILEY}, 1)
    assert directory.for_one_check(timedelta(0)) is directory
    assert await directory.is_member(RILEY.chat_id)
    assert not directory.read_groups_again()
    assert await directory.missing_groups("security") == ()  # type: ignore[arg-type]
    assert await directory.find_active([RILEY.chat_id], enough=1, within=timedelta(0)) == {RILEY.chat_id}


async def test_a_member_is_parsed_once_for_each_version_and_its_batch_once_a_wave(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others that are prepared at the same time are not read for it: each of them would read all of the others."""
    configure_many(world, MEMBERS)
    parsed: Counter[str] = Counter()
    load = codec.load

    def counting(adapter: Any, text: str) -> Any:
        parsed["batch" if adapter is codec.BATCH else "request" if adapter is codec.REQUEST else "other"] += 1
        return load(adapter, text)

    monkeypatch.setattr(codec, "load", counting)
    monkeypatch.setattr(reading, "load", counting)
    batch = await asked(world)
    assert parsed["request"] <= 3 * MEMBERS, "as it was filed, and as it was planned"
    assert parsed["batch"] <= 2 * WAVES + 8
    parsed.clear()
    batch = await approve_batch(world, batch, (AMARA,))
    assert batch.state is BatchState.DONE
    assert parsed["request"] <= 3 * MEMBERS, "as planned, approved, and recorded"
    assert parsed["batch"] <= 2 * WAVES + 8


async def test_the_members_of_new_access_share_one_evaluation_and_each_finding_says_that_it_is_an_estimate(
    world: World,
) -> None:
    """Adoptions differ in their settings, so they are still estimated from the policies."""
    world.tenant.tenant_settings.policies = [policy("mfa")]
    for kind, asked_questions in ((RequestKind.ADOPTION, 0), (RequestKind.ACCESS, 1), (RequestKind.ACCESS, 1)):
        preparer = preparer_of_wave(world.preparer, kind)
        checks = [preparer._preflight.check(observed(number), planned(number)) for number in range(5)]
        found = await asyncio.gather(*checks)
        estimate = FindingCode.CA_ESTIMATE if kind is RequestKind.ADOPTION else FindingCode.CA_SHARED
        assert all(estimate in [one.code for one in result.findings] for result in found)
        assert len(world.tenant.tenant_settings.evaluated) == asked_questions


async def test_a_policy_that_was_changed_after_one_wave_is_evaluated_anew_for_the_next(world: World) -> None:
    for policies, expected in (
        ([policy("mfa")], FindingCode.CA_REQUIRED_IN_PARTNER_TENANT),
        ([policy("block")], FindingCode.CA_LOCKED_OUT),
    ):
        world.tenant.tenant_settings.policies = policies
        preparer = preparer_of_wave(world.preparer, RequestKind.ACCESS)
        result = await preparer._preflight.check(observed(1), planned(1))
        assert expected in [one.code for one in result.findings]
    assert len(world.tenant.tenant_settings.evaluated) == 2


def planned(number: int) -> Plan:
    return replace(access_plan(), tenant_id=tenant_number(number))


def observed(number: int) -> ObservedPartner:
    who = replace(identity(), tenant_id=tenant_number(number))
    return ObservedPartner(identity=who, configuration=None, default=DEFAULT, at=NOW)

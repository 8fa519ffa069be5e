"""The rows of a sheet are judged as requests: by what they say, whom they name, and what they would change."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.words.batches.sheet_report import why_words
from tests.workflows.core.policies import external, policy
from tests.workflows.preflight.test_access_check import DEFAULT
from tests.workflows.world import CATALOG, World
from workflows.app.batches.importing.comparing import unnamed_partners
from workflows.app.batches.importing.judging import SheetJudging
from workflows.core.batches.batch import RowCode
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict, counts_of
from workflows.core.batches.sheets.rows import SheetRow
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import ClosedAs, PartnershipState
from workflows.core.partners.records import Records
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantUnavailable

TEMPLATE: Final = "guest-collaboration"


def tenant_id(number: int) -> TenantId:
    return TenantId(f"7e9a0000-0000-4000-8000-{number:012x}")


def known(world: World, *domains: str) -> None:
    """Let domains resolve, each to a tenant of its own."""
    for number, domain in enumerate(domains, start=len(world.tenant.tenants) + 1):
        world.tenant.add_tenant(
            TenantIdentity(tenant_id=tenant_id(number), display_name="", default_domain=domain, typed_name=domain)
        )


async def judging(world: World, **more: Any) -> SheetJudging:
    return SheetJudging(
        tenant=world.tenant, catalog=world.catalog, clock=world.clock, records=await world.store.records(), **more
    )


async def judged(
    world: World, *partners: str | SheetRow, found: list[tuple[str, bool]] | None = None, **more: Any
) -> Mapping[int, JudgedRow]:
    """Judge rows, numbered from 2."""
    rows = [
        one if isinstance(one, SheetRow) else SheetRow(number=number, partner=one, template=TEMPLATE)
        for number, one in enumerate(partners, start=2)
    ]
    judge = await judging(world, **more)

    def on_found(name: str, identity: TenantIdentity | None) -> None:
        if found is not None:
            found.append((name, identity is not None))

    return {one.row.number: one async for one in judge.judge(rows, await judge.read_tenant(), on_found)}


def codes(one: JudgedRow) -> Sequence[str]:
    return [problem.fact.code for problem in one.problems]


async def test_a_row_gets_the_plan_that_its_request_would_get(world: World) -> None:
    request = await world.waiting(template=TEMPLATE, days=180)
    await world.store.records()
    judge = SheetJudging(tenant=world.tenant, catalog=CATALOG, clock=world.clock, records=Records())
    row = SheetRow(number=2, partner="contoso.com", template=TEMPLATE, duration_days=180)
    (one,) = [found async for found in judge.judge([row], await judge.read_tenant())]
    assert one.plan is not None
    assert one.plan.digest == request.plan.digest
    assert one.stages == request.require_prepared().stages
    assert (one.verdict, one.alone) == (RowVerdict.ADD, ())
    assert world.tenant.attempts == []


async def test_a_partner_with_an_open_request_is_refused_with_that_request(world: World) -> None:
    await world.waiting(template=TEMPLATE, days=180)
    found = await judged(world, "contoso.com")
    assert found[2].verdict is RowVerdict.REFUSED
    assert [problem.column for problem in found[2].problems] == ["partner"]


async def test_applied_access_is_unchanged_and_another_template_changes_it(world: World) -> None:
    await world.opened()
    same = SheetRow(number=2, partner="contoso.com", template="trusted-partner")
    (found,) = (await judged(world, same)).values()
    assert (found.verdict, found.plan) == (RowVerdict.UNCHANGED, None)
    assert found.nothing is not None
    (found,) = (await judged(world, "contoso.com")).values()
    assert found.verdict is RowVerdict.CHANGE
    assert found.plan is not None


async def test_a_row_that_ends_before_the_access_is_refused_and_counted_as_refused(world: World) -> None:
    await world.opened()
    day = world.clock.now().date() + timedelta(days=30)
    row = SheetRow(number=2, partner="contoso.com", template="trusted-partner", ends_on=day)
    found = await judged(world, row)
    assert (found[2].verdict, codes(found[2])) == (RowVerdict.REFUSED, [SheetCode.ENDS_BEFORE_ACCESS])
    assert counts_of(found.values())[RowVerdict.UNCHANGED] == 0


async def test_high_risk_and_a_chain_by_relation_are_decided_alone(world: World) -> None:
    known(world, "fabrikam.com")
    merger = SheetRow(number=2, partner="contoso.com", template="merger")
    found = await judged(world, merger, SheetRow(number=3, partner="fabrikam.com", template=TEMPLATE))
    assert [fact.code for fact in found[2].alone] == [RowCode.HIGH_RISK]
    assert found[3].alone == ()


async def test_doubles_are_found_by_name_and_by_tenant(world: World) -> None:
    known(world, "fabrikam.com")
    world.tenant.tenants["fabrikam.de"] = world.tenant.tenants["fabrikam.com"]
    other = SheetRow(number=5, partner="fabrikam.com", template="trusted-partner")
    found = await judged(world, "contoso.com", "https://CONTOSO.com/about", "fabrikam.de", other)
    assert [codes(found[number]) for number in (2, 3, 4, 5)] == [
        [],
        [SheetCode.SAME_AS_ROW],
        [SheetCode.CONTRADICTS_ROW],
        [SheetCode.CONTRADICTS_ROW],
    ]


async def test_rows_that_contradict_each_other_are_found_before_each_is_judged_by_itself(world: World) -> None:
    """None counts, and each names the others: also where one is refused for another reason, or by another domain."""
    known(world, "fabrikam.com")
    world.tenant.tenants["fabrikam.de"] = world.tenant.tenants["fabrikam.com"]
    rows = [
        SheetRow(number=2, partner="contoso.com", template=TEMPLATE, duration_days=90),
        SheetRow(number=3, partner="contoso.com", template=TEMPLATE, duration_days=30),  # not offered
        SheetRow(number=4, partner="fabrikam.com", template=TEMPLATE),
        SheetRow(number=5, partner="fabrikam.com", template="trusted-partner"),
        SheetRow(number=6, partner="fabrikam.de", template=TEMPLATE),
    ]
    found = await judged(world, *rows)
    assert {one.verdict for one in found.values()} == {RowVerdict.REFUSED}
    named = {
        number: [one.fact.values["rows"] for one in row.problems if one.fact.code == SheetCode.CONTRADICTS_ROW]
        for number, row in found.items()
    }
    assert named == {2: [[3]], 3: [[2]], 4: [[5, 6]], 5: [[4, 6]], 6: [[4, 5]]}
    assert RefusalCode.DURATION_NOT_OFFERED in codes(found[3])


async def test_each_wrong_row_is_refused_with_its_reason_and_the_others_are_judged(world: World) -> None:
    known(world, "good.example")
    rows = [
        SheetRow(number=2, partner="good.example", template=TEMPLATE),
        SheetRow(number=3, partner="gmail.com", template=TEMPLATE),
        SheetRow(number=4, partner="nobody.example", template=TEMPLATE),
        SheetRow(number=5, partner="good2.example", template="no-such"),
        SheetRow(number=6, partner="good3.example", template=TEMPLATE, duration_days=1),
        SheetRow(
            number=7,
            partner="good4.example",
            template=TEMPLATE,
            ends_on=world.clock.now().date() - timedelta(days=1),
        ),
    ]
    found = await judged(world, *rows)
    assert found[2].verdict is RowVerdict.ADD
    assert {number: codes(found[number]) for number in range(3, 8)} == {
        3: [RefusalCode.TARGET_MAIL_PROVIDER],
        4: [RefusalCode.TARGET_NOT_FOUND],
        5: [RefusalCode.NO_SUCH_TEMPLATE, RefusalCode.TARGET_NOT_FOUND],
        6: [RefusalCode.DURATION_NOT_OFFERED, RefusalCode.TARGET_NOT_FOUND],
        7: [RefusalCode.END_DATE_PASSED, RefusalCode.TARGET_NOT_FOUND],
    }
    assert counts_of(found.values()) == {
        RowVerdict.ADD: 1,
        RowVerdict.CHANGE: 0,
        RowVerdict.UNCHANGED: 0,
        RowVerdict.REFUSED: 5,
        RowVerdict.NOT_READ: 0,
    }


async def test_values_that_no_request_takes_are_problems_of_their_row_and_the_others_are_judged(world: World) -> None:
    placeholders = {f"p{number}": "x" for number in range(51)}
    rows = [
        SheetRow(number=2, partner="contoso.com", template=TEMPLATE),
        SheetRow(number=3, partner="three.example", template=TEMPLATE, duration_days=5000),
        SheetRow(number=4, partner="four.example", template=TEMPLATE, duration_days=0),
        SheetRow(number=5, partner="five.example", template="t" * 101),
        SheetRow(number=6, partner="six.example", template=TEMPLATE, placeholders=placeholders),
    ]
    found = await judged(world, *rows)
    assert found[2].verdict is RowVerdict.ADD
    assert [(codes(found[number])[:1], found[number].problems[0].column) for number in range(3, 7)] == [
        ([SheetCode.CELL_NOT_ACCEPTED], "duration_days"),
        ([SheetCode.CELL_NOT_ACCEPTED], "duration_days"),
        ([SheetCode.CELL_NOT_ACCEPTED], "template"),
        ([SheetCode.CELL_NOT_ACCEPTED], "placeholders"),
    ]


async def test_a_similar_domain_in_the_sheet_is_a_finding_of_both(world: World) -> None:
    known(world, "fabrikam.com", "fabrlkam.com")
    found = await judged(world, "fabrikam.com", "fabrlkam.com")
    for number, other in ((2, "fabrlkam.com"), (3, "fabrikam.com")):
        likes = [one for one in found[number].findings if one.code == FindingCode.LOOK_ALIKE]
        assert [one.values["other"] for one in likes] == [other]


async def test_what_entra_does_not_answer_is_not_known_and_never_refused(world: World) -> None:
    known(world, "fabrikam.com")
    world.script.fail("tenant.find", TenantUnavailable("no answer"))
    names: list[tuple[str, bool]] = []
    found = await judged(world, "contoso.com", "fabrikam.com", found=names)
    assert sorted(one.verdict for one in found.values()) == [RowVerdict.ADD, RowVerdict.NOT_READ]
    assert sorted(is_found for _, is_found in names) == [False, True]


async def test_names_that_were_looked_up_before_are_not_looked_up_again(world: World) -> None:
    identity = world.tenant.tenants["contoso.com"]
    world.tenant.tenants.clear()
    found = await judged(world, "contoso.com", known={"contoso.com": identity})
    assert found[2].verdict is RowVerdict.ADD


async def test_partners_that_no_row_names_are_listed_with_what_is_recorded(world: World) -> None:
    await world.opened()
    known(world, "fabrikam.com", "northwind.com")
    for name in ("fabrikam.com", "northwind.com"):
        world.tenant.edit(world.tenant.tenants[name].tenant_id)
    world.tenant.edit(tenant_id(0xFF))
    judge = await judging(world)
    at_once = await judge.read_tenant()
    named = {world.tenant.tenants["northwind.com"].tenant_id}
    found = await unnamed_partners(judge, at_once, named)
    assert [(one.identity.name, one.state) for one in found] == [
        (tenant_id(0xFF), None),
        ("contoso.com", PartnershipState.ACTIVE),
        ("fabrikam.com", None),
    ]
    world.script.fail("tenant.find", TenantUnavailable("no answer"), times=9)
    found = await unnamed_partners(judge, at_once, named)
    assert [one.identity.name for one in found if one.state is None] == sorted(
        [tenant_id(0xFF), world.tenant.tenants["fabrikam.com"].tenant_id]
    )


async def test_a_row_that_is_wrong_still_names_its_partner(world: World) -> None:
    """Otherwise its partner would be listed as one that the sheet does not name."""
    wrong = SheetRow(number=2, partner="contoso.com", template=TEMPLATE, duration_days=1)
    (found,) = (await judged(world, wrong)).values()
    assert (found.verdict, codes(found)) == (RowVerdict.REFUSED, [RefusalCode.DURATION_NOT_OFFERED])
    assert found.identity == world.tenant.tenants["contoso.com"]


async def test_the_title_of_a_template_names_it(world: World) -> None:
    row = SheetRow(number=2, partner="contoso.com", template=CATALOG.templates[TEMPLATE].title.upper())
    (found,) = (await judged(world, row)).values()
    assert found.plan is not None
    assert found.plan.template == TEMPLATE


async def test_another_domain_of_the_same_tenant_does_not_imitate_it(world: World) -> None:
    known(world, "fabrikam.com")
    world.tenant.tenants["fabrikam.net"] = world.tenant.tenants["fabrikam.com"]
    found = await judged(world, "fabrikam.net")
    assert [one.code for one in found[2].findings if one.code == FindingCode.LOOK_ALIKE] == []


@pytest.mark.parametrize(
    ("changes", "closed", "said"),
    [
        ({"state": PartnershipState.REVOKED, "template": "revoke"}, ClosedAs.REVOKED, "is revoked, and blocked now."),
        ({"state": PartnershipState.SUSPENDED}, ClosedAs.SUSPENDED, "is suspended, and blocked now."),
        ({"state": PartnershipState.REVOKED, "template": "block"}, ClosedAs.BLOCKED, "The partner is blocked now."),
    ],
)
async def test_a_row_that_would_open_a_blocked_partner_says_so_and_how_it_was_closed(
    world: World, changes: dict[str, Any], closed: ClosedAs, said: str
) -> None:
    await world.opened()
    (record,) = (await world.store.records()).partnerships.values()
    record = replace(record, **changes)
    judge = SheetJudging(
        tenant=world.tenant,
        catalog=CATALOG,
        clock=world.clock,
        records=Records(partnerships={record.identity.tenant_id: record}),
    )
    row = SheetRow(number=2, partner="contoso.com", template=TEMPLATE)
    (found,) = [one async for one in judge.judge([row], await judge.read_tenant())]
    assert found.closed is closed
    assert said in " ".join(why_words(found))


# --- Conditional Access ---


async def test_rows_with_equal_access_share_one_evaluation_and_a_blocked_one_is_marked(world: World) -> None:
    domains = [f"partner{number}.example" for number in range(30)]
    known(world, *domains)
    world.tenant.default = DEFAULT
    blocked = world.tenant.tenants[domains[7]].tenant_id
    users = {"includeGuestsOrExternalUsers": external("b2bCollaborationGuest", blocked)}
    world.tenant.tenant_settings.policies = [policy("mfa"), policy("block", name="Blocked", users=users)]
    found = await judged(world, *domains)
    asked = {one.tenant_id for one in world.tenant.tenant_settings.evaluated}
    assert asked == {world.tenant.tenants[domains[0]].tenant_id, blocked}
    assert [number for number, one in found.items() if one.is_locked_out] == [9]
    shared_codes = [one.code for one in found[2].findings if one.code.startswith("ca_")]
    assert shared_codes == [FindingCode.CA_REQUIRED_IN_OUR_TENANT, FindingCode.CA_SHARED]
    assert FindingCode.CA_SHARED not in [one.code for one in found[9].findings]


async def test_shared_channels_whose_template_accepts_their_mfa_can_be_asked_for_where_mfa_is_required(
    world: World,
) -> None:
    world.tenant.tenant_settings.policies = [policy("mfa")]
    template = CATALOG.templates["teams-shared-channels"]
    row = SheetRow(number=2, partner="contoso.com", template=template.name)
    found = await judged(world, row)
    assert found[2].access is not None
    assert found[2].access.requires_mfa_trust is False, "this template accepts their MFA"
    assert found[2].verdict is RowVerdict.ADD


async def test_policies_that_cannot_be_read_are_said_at_every_row(world: World) -> None:
    known(world, "good.example")
    world.script.fail("surroundings.read_conditional_access", TenantUnavailable("No."))
    found = await judged(world, "contoso.com", "good.example")
    assert [
        FindingCode.CONDITIONAL_ACCESS_UNREADABLE in [each.code for each in one.findings] for one in found.values()
    ] == [
        True,
        True,
    ]

"""Names of ids: a few, maybe cached, for display only; all of them, read again, for decisions."""

from tests.workflows.world import World
from workflows.core.checks.target_checks import MAX_LOOKED_UP
from workflows.core.plans.named_targets import NamedTarget
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import Property, Target, TargetType
from workflows.preflight.object_names import MAX_SHOWN, names_for_display, read_names

SIXTY = tuple(
    NamedTarget(
        setting=Property.B2B_COLLABORATION_OUTBOUND,
        target=Target(type=TargetType.GROUP, id=f"5f0a1b2c-0000-4d3e-8f90-{n:012d}"),
        owner=Owner.OURS,
    )
    for n in range(60)
)


async def test_a_look_names_the_first_few_and_leaves_the_rest_as_ids(world: World) -> None:
    names = await names_for_display(SIXTY, tenant=world.tenant)
    assert list(names) == [one.target.id for one in SIXTY[:MAX_SHOWN]]
    assert world.tenant.tenant_settings.named == [(one.target, False) for one in SIXTY[:MAX_SHOWN]]


async def test_what_is_checked_is_asked_for_now_and_further(world: World) -> None:
    async with world.tenant.together() as reads:
        names = await read_names(SIXTY, reads=reads, tenant=world.tenant)
    assert len(names) == MAX_LOOKED_UP
    assert world.tenant.tenant_settings.named == [(one.target, True) for one in SIXTY[:MAX_LOOKED_UP]]


async def test_the_form_and_the_preflight_ask_now(world: World) -> None:
    """An error depends on the answer, so a cached answer is not enough."""
    group = {"project_group": SIXTY[0].target.id, "pilot_group": SIXTY[1].target.id}
    world.tenant.tenant_settings.names = {SIXTY[1].target.id: None}
    await world.waiting(
        template="regulated-project", days=90, placeholders={**group, "partner_application": SIXTY[2].target.id}
    )
    assert {fresh for _, fresh in world.tenant.tenant_settings.named} == {True}
    assert world.tenant.tenant_settings.named.count((SIXTY[0].target, True)) == 2

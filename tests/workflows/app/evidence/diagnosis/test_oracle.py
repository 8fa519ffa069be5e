"""An oracle for diagnoses: generated tenants with planted causes, read over a socket by the product's own adapter.

The first cause that is named must be the planted one; of two, the one that a person meets first. Only where a source
of the planted cause was made unreadable may it stay unnamed, and then a step says so.
"""

from random import Random

import pytest

from tests.workflows.app.evidence.diagnosis.conftest import AskedTenant
from tests.workflows.app.evidence.diagnosis.planted import (
    ADDRESS,
    APPLICATIONS,
    DEFAULT_READ,
    POLICIES,
    SHARING_READ,
    WHAT_IF,
    Case,
    Plant,
    failed_sign_in,
)
from tests.workflows.app.evidence.diagnosis.plants import (
    OF_ONE_APPLICATION,
    PLANTS,
    SOURCES,
    STALE,
    named_in_own_words,
    open_case,
)
from workflows.core.posture.diagnosis.steps import Diagnosis, Note, StepKey

pytestmark = pytest.mark.exhaustive

SHARE = 25
"""Cases for one stand-in tenant; the parts run side by side."""


def named(diagnosis: Diagnosis) -> str | None:
    """Return the first cause that is named."""
    if diagnosis.first is None or diagnosis.first.cause is None:
        return None
    cause = diagnosis.first.cause
    return f"{cause.code} {cause.values['code']}" if "code" in cause.values else str(cause.code)


def planted(random: Random, *plants: Plant) -> Case:
    """Return an open tenant with these causes; what a person meets first is planted last."""
    case = open_case(random)
    for plant in sorted(plants, key=lambda plant: -plant.place):
        plant.plant(case, random)
    if case.subject == ADDRESS:
        case.subject = random.choice([ADDRESS, "Maria@CONTOSO.com", f"<mailto:{ADDRESS}|{ADDRESS}>"])
    return case


def of_share(share: int, first_seed: int) -> list[Random]:
    """Return the random numbers of each case of a share."""
    return [Random(first_seed + share * SHARE + number) for number in range(SHARE)]


@pytest.mark.parametrize("share", range(500 // SHARE))
async def test_one_planted_cause_is_the_first_that_is_named(share: int, asked: AskedTenant) -> None:
    for random in of_share(share, 0):
        plant = random.choice(PLANTS)
        case = planted(random, plant)
        unread = frozenset(source for source in SOURCES if random.random() < 0.08)
        diagnosis = await asked.diagnosed(case, unread)
        if unread & set(plant.sources):
            assert named(diagnosis) in (None, plant.name, plant.otherwise), (plant, unread, diagnosis)
            assert named(diagnosis) is not None or diagnosis.steps[plant.place - 1] in diagnosis.open_steps
        else:
            assert named(diagnosis) == plant.name, (plant, unread, diagnosis)


@pytest.mark.parametrize("share", range(200 // SHARE))
async def test_of_two_planted_causes_the_one_that_is_met_first_is_named(share: int, asked: AskedTenant) -> None:
    for random in of_share(share, 10_000):
        one, other = random.sample(PLANTS, 2)
        while not can_be_together(one, other):
            one, other = random.sample(PLANTS, 2)
        first = min(one, other, key=lambda plant: plant.place)
        diagnosis = await asked.diagnosed(planted(random, one, other))
        assert named(diagnosis) == first.name, (one, other, diagnosis)


def can_be_together(one: Plant, other: Plant) -> bool:
    """Return whether two causes can be in one tenant, one after the other."""
    if one.place == other.place or (one.group and one.group == other.group):
        return False
    first, second = sorted((one, other), key=lambda plant: plant.place)
    return not (second.is_without_tenant and first.place in (1, 2))


@pytest.mark.parametrize("share", range(100 // SHARE))
async def test_a_name_that_nobody_knows_is_never_the_cause(share: int, asked: AskedTenant) -> None:
    """The planted cause is named, as without an application: what concerns one application cannot be."""
    plants = [plant for plant in PLANTS if APPLICATIONS not in plant.sources]
    for random in of_share(share, 30_000):
        plant = random.choice(plants)
        diagnosis = await asked.diagnosed(named_in_own_words(planted(random, plant), random))
        assert named(diagnosis) == plant.name, (plant, diagnosis)
        assert named(await asked.diagnosed(named_in_own_words(planted(random), random))) is None


@pytest.mark.parametrize("share", range(2))
async def test_a_tenant_without_a_cause_gets_none(share: int, asked: AskedTenant) -> None:
    for random in of_share(share, 20_000):
        diagnosis = await asked.diagnosed(planted(random))
        assert named(diagnosis) is None, diagnosis


@pytest.mark.parametrize("share", range(100 // SHARE))
async def test_a_refusal_from_before_a_repair_is_never_the_cause(share: int, asked: AskedTenant) -> None:
    """Its step passes now. What else is planted is named, and otherwise nothing."""
    for random in of_share(share, 40_000):
        code = random.choice(STALE)
        case = planted(random)
        failed_sign_in(code)(case, random)
        diagnosis = await asked.diagnosed(case)
        assert named(diagnosis) is None, (code, diagnosis)
        assert diagnosis.steps[-1] in diagnosis.open_steps
        assert diagnosis.asks_them_first is False
        plant = random.choice([one for one in PLANTS if one.place < len(StepKey)])
        other = planted(random)
        failed_sign_in(code)(other, random)
        plant.plant(other, random)
        assert named(await asked.diagnosed(other)) == plant.name, (code, plant)


@pytest.mark.parametrize("share", range(100 // SHARE))
async def test_without_an_application_a_refusal_of_one_is_never_the_cause(share: int, asked: AskedTenant) -> None:
    """Fresh or stale, whatever can be read: the answer names the application to ask about. What else stops is named."""
    for random in of_share(share, 50_000):
        code = random.choice(OF_ONE_APPLICATION)
        case = planted(random)
        failed_sign_in(code)(case, random)
        case.application = ""
        unread = frozenset(random.sample([POLICIES, WHAT_IF, DEFAULT_READ, SHARING_READ], random.randint(0, 2)))
        diagnosis = await asked.diagnosed(case, unread)
        assert named(diagnosis) is None, (code, diagnosis)
        assert diagnosis.refusal is not None
        assert (diagnosis.refusal.code, diagnosis.refusal.values["code"]) == (Note.REFUSED_FOR, code)
        assert diagnosis.refusal.values["application"] == "Contractor portal"
        plant = random.choice([one for one in PLANTS if one.place < len(StepKey) and APPLICATIONS not in one.sources])
        other = planted(random, plant)
        failed_sign_in(code)(other, random)
        other.application = ""
        assert named(await asked.diagnosed(other)) == plant.name, (code, plant)

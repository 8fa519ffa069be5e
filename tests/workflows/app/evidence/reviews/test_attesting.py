"""Who keeps a partner attests MFA where the template says so, and where adopted settings accept the partner's MFA."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import NOW, TENANT, partnership, prepared, request
from tests.workflows.world import World
from workflows.app.evidence.reviews.attesting import attestation_period
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.policy.reviews.terms import USUAL_ATTESTATION
from workflows.core.requests.request import RequestId, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

CATALOG: Final = load_catalog(SHIPPED)
ADOPTED: Final = RequestId("r-adopted")


async def adopted(world: World, trust: dict[str, Any] | None) -> None:
    """Store the request that adopted settings as they were, and writes nothing."""
    before = {"tenantId": TENANT, **({} if trust is None else {"inboundTrust": trust})}
    known = prepared()
    known = replace(known, plan=replace(known.plan, operations=(), before=before))
    record = request(RequestState.APPLIED, id=ADOPTED, version=1, prepared=known)
    entry = AuditEntry(key="adopted", at=NOW, actor="t", command="t", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, request=record))


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        ({"isMfaAccepted": True}, USUAL_ATTESTATION),
        ({"isMfaAccepted": False}, None),
        ({"isMfaAccepted": None}, USUAL_ATTESTATION),
        (None, USUAL_ATTESTATION),
    ],
    ids=["accepted", "not accepted", "not set", "inherited"],
)
async def test_adopted_settings_that_may_accept_the_partners_mfa_need_an_attestation(
    world: World, trust: dict[str, Any] | None, expected: timedelta | None
) -> None:
    """A default that is inherited can change without a request, so it counts as not known."""
    await adopted(world, trust)
    known = partnership(template="", is_adopted=True, request_id=ADOPTED)
    assert await attestation_period(known, catalog=CATALOG, store=world.store) == expected


async def test_without_the_request_an_attestation_is_asked(world: World) -> None:
    known = partnership(template="", is_adopted=True, request_id=RequestId("r-unknown"))
    assert await attestation_period(known, catalog=CATALOG, store=world.store) == USUAL_ATTESTATION


@pytest.mark.parametrize(("template", "is_asked"), [("trusted-partner", True), ("guest-collaboration", False)])
async def test_a_template_says_it_for_its_partners(world: World, template: str, is_asked: bool) -> None:
    period = await attestation_period(partnership(template=template), catalog=CATALOG, store=world.store)
    assert (period is not None) is is_asked

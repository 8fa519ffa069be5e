"""Every consequence of a plan has its sentence."""

from typing import Any, Final

import pytest

from bot.words.plans.consequences import ALWAYS_TRUE, consequence_words
from tests.workflows.core.builders import access_plan
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.errors.facts import Fact

C = Consequence
ENTRY_KEPT: Final = "The partner's entry is kept, not deleted"
STEPS: Final = (
    "Partner setup: 2 steps for the partner's administrator, not confirmed. Gatehouse cannot see the partner's "
    "tenant, so the sponsor confirms them. /partner checklist lists them"
)
SENTENCES: Final[tuple[tuple[Consequence, dict[str, Any], str], ...]] = (
    (
        C.NOT_DELETED,
        {},
        "This blocks the partner instead of deleting it. After a deletion the tenant's defaults would apply, and they "
        "usually allow B2B collaboration.",
    ),
    (
        C.NOT_DELETED_ELSEWHERE,
        {},
        "The partner is blocked by settings of its own. It is in another Microsoft cloud, where removing it would "
        "block it as well.",
    ),
    (
        C.KEPT,
        {},
        f"{ENTRY_KEPT}. After a deletion the tenant's defaults would apply, and they usually allow B2B collaboration.",
    ),
    (
        C.KEPT_ELSEWHERE,
        {},
        f"{ENTRY_KEPT}. The partner is in another Microsoft cloud, where removing its entry would block it as well.",
    ),
    (
        C.NOT_CLOSED,
        {"ways": [{"name": "places", "opening": "not known"}, {"name": "inboundTrust", "opening": "open"}]},
        "Still open or not known after this: Inbound trust (open); 1 setting that Gatehouse does not know (places).",
    ),
    (
        C.NOT_TOUCHED,
        {"settings": ["appServiceConnectInbound", "m365CollaborationInbound"]},
        "Also set for this partner and not changed: App Service connect, inbound; Microsoft 365 collaboration, "
        "inbound.",
    ),
    (
        C.TOKENS,
        {},
        "Issued tokens usually work for up to one more hour. A token lifetime policy can make this longer.",
    ),
    (
        C.GUESTS_STAY,
        {},
        "Signed-in guests are affected at their next sign-in or token refresh. Their guest accounts stay. Only their "
        "own tenant can end their sessions.",
    ),
    (C.SYNCHRONIZED_STAY, {}, "Users who are already synchronized stay. No new ones are added."),
    (C.ENCRYPTED_MAIL, {}, "Blocking every application outbound also blocks encrypted (rights-protected) mail."),
    (
        C.WRITTEN_LAST,
        {"names": ["inboundTrust.isPasskeyAccepted", "places"]},
        "Sent last, because Microsoft may refuse it: Inbound trust, isPasskeyAccepted; 1 setting that "
        "Gatehouse does not know (places). The other changes stay in place in that case.",
    ),
    (
        C.TRUST,
        {},
        "Conditional Access still applies. What we accept from the partner satisfies its requirements.",
    ),
    (
        C.REDEMPTION_INBOUND,
        {},
        "Their people still see the consent prompt until the partner sets automatic redemption, outbound. Gatehouse "
        "cannot see or set that.",
    ),
    (
        C.REDEMPTION_OUTBOUND,
        {},
        "Our people still see the consent prompt until the partner sets automatic redemption, inbound. Gatehouse "
        "cannot see or set that.",
    ),
    (
        C.SYNCHRONIZATION_THEIRS,
        {},
        "Users are synchronized only after the partner sets automatic redemption, outbound, and runs a provisioning "
        "job. That job defines what happens to the accounts of people who leave.",
    ),
    (
        C.DIRECT_CONNECT,
        {},
        "B2B direct connect (shared channels without guest accounts) works only after the partner allows it too.",
    ),
    (
        C.ONLY_NAMED,
        {},
        "For this partner, an “only” list blocks everything that it does not name, even if the tenant's default "
        "allows it.",
    ),
    (
        C.NOTHING_OF_ITS_OWN,
        {},
        "The partner has no settings of its own after this, so the tenant's defaults apply. Its entry is kept, not "
        "deleted.",
    ),
    (C.PARTNER_STEPS, {"count": 2, "is_applied": False}, f"{STEPS} after the change is applied."),
    (C.PARTNER_STEPS, {"count": 2, "is_applied": True}, f"{STEPS}."),
    (
        C.PARTNER_STEPS,
        {"count": 1, "is_applied": True},
        f"{STEPS.replace('2 steps', '1 step').replace(' them', ' it')}.",
    ),
    (
        C.DEPENDS_ON_DEFAULT,
        {},
        "Some settings use the tenant's default before or after this change. That default decides whether they give "
        "more or less access.",
    ),
    (
        C.UNKNOWN_VALUES,
        {},
        "This version of Gatehouse cannot read some values. Whether they give or block access is not known.",
    ),
    (
        C.EXTENDS,
        {"seconds": 90 * 86_400},
        "No setting changes. The partner's current settings are approved for another 90 days, counted from the last "
        "approval.",
    ),
    (
        C.BLOCKED_AT_END,
        {"seconds": 365 * 86_400},
        "After 1 year (365 days), the partner is blocked unless it is extended.",
    ),
    (
        C.DEFAULT_GUESTS_END,
        {"is_at_end": True},
        "The block at the end ends guest access by default, too.",
    ),
    (C.DEFAULT_GUESTS_END, {"is_at_end": False}, "This block ends guest access by default, too."),
    (
        C.EXCHANGE_UNCHECKED,
        {},
        "Whether an organization relationship in Exchange still shows free times could not be checked.",
    ),
    (
        C.ONE_WAY,
        {},
        "One direction: we show ours to them. They must open theirs to us.",
    ),
    (
        C.UNMANAGED_UNKNOWN,
        {},
        "Whether an administrator manages the partner's tenant is not known. Microsoft Graph does not say it.",
    ),
    (
        C.STAYS_OPEN,
        {"seconds": 365 * 86_400},
        "After 1 year (365 days), the sponsor is asked. Access stays until somebody revokes it.",
    ),
)


@pytest.mark.threats("D5")
def test_every_plan_that_opens_access_says_that_an_unmanaged_tenant_is_not_told() -> None:
    assert Fact(C.UNMANAGED_UNKNOWN) in consequences(access_plan())
    assert C.UNMANAGED_UNKNOWN in ALWAYS_TRUE


def test_every_consequence_is_worded_here() -> None:
    assert {code for code, _, _ in SENTENCES} == set(Consequence)


@pytest.mark.parametrize(("code", "values", "sentence"), SENTENCES)
def test_a_consequence_is_one_sentence(code: Consequence, values: dict[str, Any], sentence: str) -> None:
    assert consequence_words(Fact(code, values)) == sentence

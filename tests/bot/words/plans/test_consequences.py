"""Every consequence of a plan has its sentence."""

from typing import Any, Final

import pytest

from bot.words.plans.consequences import consequence_words
from workflows.core.checks.consequences import Consequence
from workflows.core.errors.facts import Fact

C = Consequence
ENTRY_KEPT: Final = "The partner's entry is kept, not deleted"
STEPS: Final = (
    "Ours is one half: 2 steps for the partner's administrator, unknown to Gatehouse until the sponsor confirms them. "
    "/partner checklist has them"
)
SENTENCES: Final[tuple[tuple[Consequence, dict[str, Any], str], ...]] = (
    (
        C.NOT_DELETED,
        {},
        "This blocks the partner and does not delete it: a deleted partner would fall back to the tenant's defaults, "
        "which usually allow B2B collaboration.",
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
        f"{ENTRY_KEPT}: a deleted partner would fall back to the tenant's defaults, which usually allow B2B "
        "collaboration.",
    ),
    (
        C.KEPT_ELSEWHERE,
        {},
        f"{ENTRY_KEPT}. The partner is in another Microsoft cloud, where removing its entry would block it as well.",
    ),
    (
        C.NOT_CLOSED,
        {"ways": [{"name": "places", "opening": "not known"}, {"name": "inboundTrust", "opening": "open"}]},
        "Not closed for certain after this: places (not known); Inbound trust (open).",
    ),
    (
        C.NOT_TOUCHED,
        {"settings": ["appServiceConnectInbound", "m365CollaborationInbound"]},
        "Set for this partner as well, and not changed by this: App Service connect, inbound, Microsoft 365 "
        "collaboration, inbound.",
    ),
    (
        C.TOKENS,
        {},
        "Tokens that are already issued usually keep working for up to an hour; longer where a token lifetime policy "
        "says so.",
    ),
    (
        C.GUESTS_STAY,
        {},
        "Guests who are signed in now notice it at their next sign-in or token refresh; their guest accounts stay. "
        "Their sessions belong to their own tenant, and only that tenant can end them.",
    ),
    (C.SYNCHRONIZED_STAY, {}, "Users who were already synchronized stay; no further ones come."),
    (C.ENCRYPTED_MAIL, {}, "Blocking every application outbound also blocks encrypted (rights-protected) mail."),
    (
        C.WRITTEN_LAST,
        {"names": ["inboundTrust.isPasskeyAccepted", "places"]},
        "Written last, and Microsoft may refuse it; everything before it stands all the same: Inbound trust, "
        "isPasskeyAccepted; places.",
    ),
    (
        C.TRUST,
        {},
        "Trust does not switch Conditional Access off: what it requires is still required, and the partner's claim "
        "satisfies it.",
    ),
    (
        C.REDEMPTION_INBOUND,
        {},
        "Their people keep seeing the consent prompt until the partner also sets its outbound half of automatic "
        "redemption. Gatehouse cannot see or set that half.",
    ),
    (
        C.REDEMPTION_OUTBOUND,
        {},
        "Our people keep seeing the consent prompt until the partner also sets its inbound half of automatic "
        "redemption. Gatehouse cannot see or set that half.",
    ),
    (
        C.SYNCHRONIZATION_THEIRS,
        {},
        "Users come only when the partner also sets its outbound half of automatic redemption and runs a provisioning "
        "job. What that job does with people who leave is set there.",
    ),
    (C.DIRECT_CONNECT, {}, "B2B direct connect works only when the partner sets its half too."),
    (
        C.ONLY_NAMED,
        {},
        "Whatever an “only” list does not name is blocked for this partner, even where the tenant's default allows it.",
    ),
    (
        C.NOTHING_OF_ITS_OWN,
        {},
        "No setting of its own is left to this partner: the tenant's defaults apply to it. Its entry stays; it is not "
        "deleted.",
    ),
    (C.PARTNER_STEPS, {"count": 2, "is_applied": False}, f"{STEPS} once this is applied."),
    (C.PARTNER_STEPS, {"count": 2, "is_applied": True}, f"{STEPS}."),
    (
        C.DEPENDS_ON_DEFAULT,
        {},
        "Where a setting inherits the tenant's default before or after, it depends on that default whether the change "
        "opens or narrows it.",
    ),
    (
        C.UNKNOWN_VALUES,
        {},
        "Some values cannot be read by this version of Gatehouse; whether they open or close anything is not known.",
    ),
    (
        C.EXTENDS,
        {"seconds": 90 * 86_400},
        "Nothing is written to the tenant: all that stands for this partner is approved for another 90 days, counted "
        "from the last approval.",
    ),
    (
        C.STAYS_OPEN,
        {"seconds": 365 * 86_400},
        "Nothing closes by itself after 1 year (365 days): the sponsor is then asked to revoke the access or to have "
        "a new request approved.",
    ),
)


def test_every_consequence_is_worded_here() -> None:
    assert {code for code, _, _ in SENTENCES} == set(Consequence)


@pytest.mark.parametrize(("code", "values", "sentence"), SENTENCES)
def test_a_consequence_is_one_sentence(code: Consequence, values: dict[str, Any], sentence: str) -> None:
    assert consequence_words(Fact(code, values)) == sentence

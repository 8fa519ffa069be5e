"""Whatever the policies: people who are locked out are never told that it works, and the reverse.

Thousands of random sets of policies. An evaluator in the test tries every sign-in with the plan's trust.
"""

import random
from collections.abc import Iterator
from itertools import product
from typing import Any, Final

import pytest

from tests.workflows.core.policies import PHISHING_RESISTANT, external, strength
from tests.workflows.what_if import SUITE, SignIn, evaluate, why_not
from workflows.core.checks.conditional_access.controls import InboundTrustFlags, PolicyEffect, VisitorType
from workflows.core.checks.conditional_access.policy import parse_policy
from workflows.core.checks.conditional_access.questions import (
    MAX_QUESTIONS,
    Question,
    QuestionSelection,
    VisitorAccess,
    questions,
)
from workflows.core.checks.conditional_access.verdicts import AccessReport, Answers, assess
from workflows.core.checks.tenant_facts import UnreadableFact, UnreadableReason
from workflows.core.settings.model import TenantId

SETS: Final = 2000
SEED: Final = random.SystemRandom().randrange(2**32)
TENANT: Final = TenantId("partner")
OPEN: Final = (PolicyEffect.WORKS, PolicyEffect.REQUIRED_IN_PARTNER_TENANT, PolicyEffect.REQUIRED_IN_OUR_TENANT)
CONTROLS: Final = (
    *("block", "mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication"),
    *("passwordChange", "proofOfHumanity"),
)
STRENGTHS: Final = (
    None,
    PHISHING_RESISTANT,
    strength("password,sms", "fido2"),
    strength("password,hardwareOath"),
    strength("retinaScan"),
)
HERE_METHODS: Final = {"password,sms", "retinaScan"}
"""What can be done here, or may: nobody knows the last one."""
EVERY_PLATFORM_BUT_ONE: Final = {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}
OUTSIDE: Final = {"includeLocations": ["All"], "excludeLocations": ["office"]}
APPLICATIONS: Final = ("All", "Office365", "exchange-0001", "portal-0001")


def some(rng: random.Random, items: Any, most: int = 2) -> list[Any]:
    """Choose a few."""
    return rng.sample(list(items), rng.randint(0, most))


def kinds(rng: random.Random) -> dict[str, Any]:
    """Name some kinds of external people, of all tenants, ours or others."""
    named = ",".join(some(rng, [one.value for one in VisitorType], 3)) or "internalGuest"
    return external(named, *rng.choice([(), (), ("partner",), ("somebody",)]))


def random_policy(rng: random.Random, number: int) -> dict[str, Any]:
    """Make a policy."""
    everybody = rng.choice([["All"], ["GuestsOrExternalUsers"], [], [], ["None"]])
    return {
        "id": str(number),
        "displayName": f"Policy {number}",
        "state": rng.choice(["enabled"] * 4 + ["disabled", "enabledForReportingButNotEnforced"]),
        "conditions": {
            "users": {
                "includeUsers": everybody,
                "excludeUsers": rng.choice([[], [], [], ["GuestsOrExternalUsers"], ["somebody"]]),
                "includeGroups": rng.choice([[], [], ["g1"]]),
                "excludeGroups": rng.choice([[], [], [], ["g2"]]),
                "includeRoles": rng.choice([[], [], [], ["r1"]]),
                "excludeRoles": [],
                "includeGuestsOrExternalUsers": rng.choice([None, kinds(rng)]),
                "excludeGuestsOrExternalUsers": rng.choice([None, None, kinds(rng)]),
            },
            "applications": {
                "includeApplications": rng.choice([["All"], ["All"], some(rng, APPLICATIONS[1:]), ["None"]]),
                "excludeApplications": rng.choice([[], [], some(rng, APPLICATIONS[1:])]),
            },
            "clientAppTypes": rng.choice(
                [["all"], ["all"], ["browser"], ["mobileAppsAndDesktopClients"], ["exchangeActiveSync", "other"]]
            ),
            "signInRiskLevels": rng.choice([[], [], [], ["high"], ["medium", "high"], ["low"]]),
            "userRiskLevels": rng.choice([[], [], [], ["high"], ["none", "low"]]),
            "platforms": rng.choice(
                [
                    None,
                    None,
                    {"includePlatforms": ["android"]},
                    {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]},
                ]
            ),
            "locations": rng.choice(
                [
                    None,
                    None,
                    {"includeLocations": ["All"]},
                    {"includeLocations": ["All"], "excludeLocations": ["office"]},
                ]
            ),
        },
        "grantControls": rng.choice(
            [
                None,
                *[
                    {
                        "operator": rng.choice(["AND", "OR"]),
                        "builtInControls": some(rng, CONTROLS),
                        "termsOfUse": rng.choice([[], [], ["terms"]]),
                        "customAuthenticationFactors": rng.choice([[], [], [], ["Duo"]]),
                        "authenticationStrength": rng.choice(STRENGTHS),
                    }
                    for _ in range(6)
                ],
            ]
        ),
        "sessionControls": None,
    }


def shuts_out(policy: dict[str, Any], sign_in: SignIn, trust: InboundTrustFlags, *, is_registered: bool) -> bool:
    """Tell whether a policy that applies cannot be satisfied, whatever is not known going well."""
    grant = policy["grantControls"]
    if grant is None:
        return False
    has_account = sign_in.kind != "b2bDirectConnectUser"
    at_risk = sign_in.sign_in_risk != "none" or sign_in.user_risk != "none"
    is_about_risk = bool(policy["conditions"]["signInRiskLevels"]) or "none" not in (
        policy["conditions"]["userRiskLevels"] or ["none"]
    )
    mfa_here = has_account and not (at_risk and is_about_risk and not is_registered)
    can = {
        "block": False,
        "mfa": trust.mfa is True or mfa_here,
        "compliantDevice": trust.compliant_device is True,
        "domainJoinedDevice": trust.hybrid_joined_device is True,
        "proofOfHumanity": True,
    }
    parts = [can.get(name, False) for name in grant["builtInControls"]]
    parts += [has_account for _ in grant["termsOfUse"]]
    parts += [True for _ in grant["customAuthenticationFactors"]]
    if (strong := grant["authenticationStrength"]) is not None:
        allowed = set(strong["allowedCombinations"])
        parts.append(trust.mfa is True or (mfa_here and bool(allowed & HERE_METHODS)))
    if not parts:
        return False
    if "block" in grant["builtInControls"]:
        return True
    return not (all(parts) if grant["operator"] == "AND" else any(parts))


def sign_ins(entry: VisitorAccess) -> Iterator[SignIn]:
    """Return the sign-ins of a kind of visitor to its applications, each within as many conditions as possible.

    No policy here excludes the platform, the location or the groups, so these sign-ins meet the most policies.
    """
    opened = {"All": {*SUITE, "portal-0001", "other-0001"}, "Office365": SUITE}
    applications = {one for name in entry.applications for one in opened.get(name, {name})}
    belongs = frozenset() if entry.visitor is VisitorType.DIRECT_CONNECT else frozenset({"g1", "r1"})
    for application, client, sign_in, user in product(
        sorted(applications),
        ("browser", "mobileAppsAndDesktopClients"),
        ("none", "low", "medium", "high"),
        ("none", "high"),
    ):
        yield SignIn(
            kind=entry.visitor.value,
            tenant=TENANT,
            application=application,
            client=client,
            sign_in_risk=sign_in,
            user_risk=user,
            platform="android",
            location="abroad",
            groups=belongs,
        )


def is_shut_out(policies: list[dict[str, Any]], entry: VisitorAccess, trust: InboundTrustFlags) -> bool:
    """Tell whether some sign-in fails for somebody."""
    live = [one for one in policies if one["state"] == "enabled" and one["grantControls"] is not None]
    return any(
        shuts_out(policy, sign_in, trust, is_registered=False) and why_not(policy, sign_in) is None
        for policy in live
        for sign_in in sign_ins(entry)
    )


def answered(policies: list[dict[str, Any]], chosen: QuestionSelection) -> Answers:
    """Answer what is asked as Entra does."""
    return {question: evaluate(policies, _sign_in(question)) for question in chosen.questions}


def _sign_in(question: Question) -> SignIn:
    return SignIn(
        kind=question.visitor.value,
        tenant=question.tenant_id,
        application=question.application,
        client=question.client.value,
        sign_in_risk=question.sign_in_risk,
        user_risk=question.user_risk,
    )


def world(rng: random.Random) -> tuple[list[dict[str, Any]], tuple[VisitorAccess, ...], InboundTrustFlags]:
    """Make policies, who comes in, and what is trusted of them."""
    policies = [random_policy(rng, number) for number in range(rng.randint(1, 5))]
    visitors = rng.sample(list(VisitorType), rng.randint(1, 3))
    applications = rng.choice([("All",), ("All",), ("Office365",), ("exchange-0001",), ("portal-0001", "other-0001")])
    entries = tuple(VisitorAccess(visitor=one, applications=applications) for one in visitors)
    mfa, compliant, hybrid = (rng.choice([True, False]) for _ in range(3))
    return policies, entries, InboundTrustFlags(mfa=mfa, compliant_device=compliant, hybrid_joined_device=hybrid)


def reports(
    policies: list[dict[str, Any]], entries: tuple[VisitorAccess, ...], trust: InboundTrustFlags
) -> Iterator[tuple[str, AccessReport]]:
    """Evaluate three times: by Entra, from the policies alone, and with only a part of Entra's answers."""
    chosen = questions([parse_policy(one) for one in policies], entries, TENANT)
    assert len(chosen.questions) <= MAX_QUESTIONS
    answers = answered(policies, chosen)
    ways: dict[str, Answers] = {
        "evaluation": answers,
        "estimate": {question: UnreadableFact(reason=UnreadableReason.THROTTLED) for question in chosen.questions[:1]},
        "one answer": dict(list(answers.items())[:1]),
    }
    for way, given in ways.items():
        yield way, assess(policies, entries, TENANT, trust, chosen, given)


@pytest.mark.load
@pytest.mark.no_cover
def test_nothing_works_where_somebody_is_locked_out() -> None:
    rng = random.Random(SEED)
    counted = {True: 0, False: 0}
    for number in range(SETS):
        policies, entries, trust = world(rng)
        shut = {entry.visitor: is_shut_out(policies, entry, trust) for entry in entries}
        for way, found in reports(policies, entries, trust):
            for visitor, is_shut in shut.items():
                worst = found.worst(visitor)
                is_told_right = worst not in OPEN if is_shut else worst is not PolicyEffect.LOCKED_OUT
                assert is_told_right, f"seed {SEED}, set {number}, {way}: {visitor}, {entries}, {trust}, {policies}"
        for is_shut in shut.values():
            counted[is_shut] += 1
    print(f"seed {SEED}: {SETS} sets, {counted[True]} visitors locked out of {sum(counted.values())}")
    assert min(counted.values()) > SETS / 10


def test_an_answer_for_another_application_does_not_excuse_a_policy_that_names_one() -> None:
    """Policy 0 is covered by the other application. Policy 1 names the portal, and a suite that may hold the other."""
    excluding: dict[str, Any] = {
        "includeApplications": ["All"],
        "excludeApplications": ["portal-0001"],
    }
    naming: dict[str, Any] = {"includeApplications": ["portal-0001", "Office365"], "excludeApplications": []}
    policies = [
        {
            "id": str(number),
            "displayName": f"Policy {number}",
            "state": "enabled",
            "conditions": {
                "users": {"includeUsers": ["All"]},
                "applications": applications,
                "clientAppTypes": ["all"],
                "signInRiskLevels": ["high"],
            },
            "grantControls": {"operator": "OR", "builtInControls": [control]},
        }
        for number, (applications, control) in enumerate(((excluding, "mfa"), (naming, "block")))
    ]
    entry = VisitorAccess(visitor=VisitorType.GUEST, applications=("portal-0001", "other-0001"))
    trust = InboundTrustFlags(mfa=True, compliant_device=True, hybrid_joined_device=True)
    for way, found in reports(policies, (entry,), trust):
        assert found.worst(VisitorType.GUEST) is PolicyEffect.LOCKED_OUT, way

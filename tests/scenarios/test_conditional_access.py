"""Conditional Access is asked of Entra before anybody approves: who is locked out, by which policy, what changes it."""

import json
from typing import Any, Final

import pytest

from tests.scenarios.stage import CONTOSO, Stage, buttons, words
from tests.workflows.core.policies import PHISHING_RESISTANT, external, policy

pytestmark = pytest.mark.story

Json = dict[str, Any]
EVALUATE: Final = "/identity/conditionalAccess/evaluate"
EVERYBODY: Final = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
}


async def patch(stage: Stage, state: Json) -> None:
    """Change the tenant from outside, without the bot."""
    answer = await stage.call("PATCH", "graph/state", state)
    assert answer["ok"] is True, answer


async def only(stage: Stage, *policies: Json) -> None:
    """Let these be the tenant's only policies."""
    known = (await stage.see("graph/state"))["state"]["conditionalAccessPolicies"]
    ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(len(policies))]
    numbered = {key: {**one, "id": key} for key, one in zip(ids, policies, strict=True)}
    await patch(
        stage,
        {
            "conditionalAccessPolicies": {
                **dict.fromkeys(known),
                **numbered,
            }
        },
    )


async def card(stage: Stage, template: str = "guest-collaboration", target: str = "contoso.com") -> str:
    """Ask for access and read the card."""
    await stage.ask(template=template, target=target)
    return await stage.read()


async def evaluations(stage: Stage) -> list[Json]:
    """What Entra was asked."""
    return [entry["body"] for entry in await stage.graph("POST", EVALUATE)]


async def test_a_phishing_resistant_strength_locks_guests_out_and_accepting_their_mfa_lets_them_in(
    stage: Stage,
) -> None:
    await only(stage, policy(name="Require phishing-resistant MFA", authenticationStrength=PHISHING_RESISTANT))
    told = await card(stage)
    assert (
        "Locked out: guests, by “Require phishing-resistant MFA” (to fix: accept their MFA, or exclude them)." in told
    )
    assert "required in this tenant" not in told.lower()
    (asked,) = await evaluations(stage)
    assert asked["signInIdentity"] == {
        "@odata.type": "#microsoft.graph.userSignIn",
        "externalTenantId": CONTOSO,
        "externalUserType": "b2bCollaborationGuest",
    }
    assert asked["signInContext"]["includeApplications"] == ["Office365"]
    trusting = await card(stage, "trusted-partner", "fabrikam.com")
    assert "Locked out" not in trusting
    assert "Required in the partner's tenant: guests, by “Require phishing-resistant MFA”" in trusting


async def test_an_app_protection_policy_or_an_approved_app_is_not_supported_for_people_from_outside(
    stage: Stage,
) -> None:
    await only(stage, policy("approvedApplication", "compliantApplication", name="Protected apps"))
    told = await card(stage, "trusted-partner")
    assert "Locked out: guests, by “Protected apps” (to fix: exclude them, or require another control)." in told


async def test_terms_of_use_and_sign_in_frequency_are_not_supported_for_direct_connect(stage: Stage) -> None:
    frequency = {"signInFrequency": {"isEnabled": True, "type": "hours", "value": 4}}
    await only(
        stage,
        policy(name="Terms", termsOfUse=["9d2f5a3e-0000-4000-8000-000000000001"]),
        {**policy(name="Every 4 hours", sessions=frequency), "grantControls": None},
    )
    told = await card(stage, "teams-shared-channels")
    assert (
        "Locked out: B2B direct connect users, by “Terms” (to fix: exclude them, or require another control)." in told
    )
    assert (
        "Not known: B2B direct connect users, by “Every 4 hours” (sign-in frequency: not supported for them)." in told
    )
    assert "Works, with conditions: guests, by “Every 4 hours”" in told


async def test_a_block_of_members_is_told_where_people_are_synchronized(stage: Stage) -> None:
    await only(
        stage,
        policy("block", name="No members", users={"includeGuestsOrExternalUsers": external("b2bCollaborationMember")}),
    )
    told = await card(stage, "subsidiary-synchronization")
    assert (
        "Locked out: synchronized members, by “No members” (to fix: exclude them, or require another control)." in told
    )
    asked = [body["signInIdentity"]["externalUserType"] for body in await evaluations(stage)]
    assert {"b2bCollaborationGuest", "b2bCollaborationMember"} <= set(asked)
    assert "Locked out" not in await card(stage, "guest-collaboration", "fabrikam.com")


async def test_risk_policies_say_who_they_block(stage: Stage) -> None:
    await only(
        stage,
        policy("mfa", "passwordChange", operator="AND", name="Risky users", conditions={"userRiskLevels": ["high"]}),
        policy("mfa", name="Risky sign-ins", conditions={"signInRiskLevels": ["medium", "high"]}),
    )
    told = await card(stage)
    assert (
        "Locked out: guests, by “Risky users”, at high user risk (to fix: exclude them, or require another control)."
        in told
    )
    assert (
        "Depends on conditions: guests, by “Risky sign-ins” (MFA: people at risk who never registered MFA in "
        "this tenant are blocked), at medium and high sign-in risk." in told
    )
    risks = [
        (body["signInConditions"]["signInRiskLevel"], body["signInConditions"]["userRiskLevel"])
        for body in await evaluations(stage)
    ]
    assert risks == [("none", "none"), ("none", "high"), ("high", "none")]


async def test_no_trust_covers_custom_controls_and_what_is_not_understood_is_named(stage: Stage) -> None:
    custom: Json = {"customAuthenticationFactors": ["RequireDuoMfa"]}
    await only(
        stage,
        policy(name="Duo", **custom),
        policy("mfa", operator="AND", name="MFA and Duo", **custom),
        policy("mfa", "proofOfHumanity", operator="AND", name="Tomorrow"),
    )
    told = await card(stage, "trusted-partner")
    assert "Not known: guests, by “Duo”, “MFA and Duo” and “Tomorrow”." in told
    home = (await stage.see("home", user="approver1"))["home"]
    await stage.do("click", user="approver1", action_id="review_request", view_id=home["id"])
    await stage.rest()
    window = words((await stage.see("views", user="approver1"))["views"][-1])
    assert "“Duo” (custom control “RequireDuoMfa”: trust settings do not cover custom controls)" in window
    assert "“Tomorrow” (a control that Gatehouse does not know “proofOfHumanity”)" in window


async def test_one_of_several_controls_suffices_also_next_to_one_that_is_not_supported(stage: Stage) -> None:
    await only(
        stage,
        policy("compliantDevice", name="Device or terms", termsOfUse=["9d2f5a3e-0000-4000-8000-000000000001"]),
        policy("compliantApplication", "mfa", name="App or MFA"),
    )
    told = await card(stage)
    assert "Locked out" not in told
    assert "Required in this tenant: guests, by “App or MFA” (MFA: they register and use it in this tenant)." in told


async def test_where_entra_cannot_be_asked_the_card_says_that_it_is_an_estimate(stage: Stage) -> None:
    """When Entra refuses or limits the evaluation, the policies are read instead, and no request is stopped."""
    await only(stage, policy("block", name="Nobody from outside"))
    partners = ("contoso.com", "fabrikam.com", "litware.com", "tailspin.com", "northwind.onmicrosoft.com")
    faults: tuple[tuple[Json, str], ...] = (
        ({"status": 400}, "refused"),
        ({"status": 404}, "not available in this Microsoft cloud"),
        ({"status": 403}, "permission missing"),
        ({"status": 429}, "throttled"),
        ({"status": 200, "body": {"value": [{"id": 7}]}}, "no answer"),
    )
    for partner, (fault, why) in zip(partners, faults, strict=True):
        await stage.do("faults", target="graph", match="evaluate", times=1, **fault)
        told = await card(stage, target=partner)
        assert f"Entra did not evaluate every sign-in ({why})." in told
        assert "Locked out: guests, by “Nobody from outside”" in told
        assert "is an estimate" in told
        assert "approve" in buttons(await stage.card())


async def test_what_only_reports_is_distinguished_and_what_names_groups_depends(stage: Stage) -> None:
    await only(
        stage,
        policy("block", name="Trial", state="enabledForReportingButNotEnforced"),
        policy("block", name="Contractors", users={"includeGroups": ["0a0a0a0a-0000-4000-8000-000000000001"]}),
        policy("block", name="Switched off", state="disabled"),
    )
    told = await card(stage)
    assert "Report-only policies are not enforced. If they were enforced: locked out: guests, by “Trial”" in told
    assert "Depends on conditions: guests, by “Contractors”, if it names their account, group or role" in told
    assert "Switched off" not in told


async def test_two_hundred_policies_with_markup_in_their_names_stay_inside_slacks_limits(stage: Stage) -> None:
    names = [f"<!channel> *{number}* & <https://evil.example|here> {'x' * 200}" for number in range(200)]
    await only(stage, *(policy("block", name=name) for name in names))
    told = await card(stage)
    assert "and 198 more" in told
    assert "approve" in buttons(await stage.card())
    blocks = json.dumps((await stage.card())["blocks"])
    assert '"type": "broadcast"' not in blocks


async def test_an_onboarding_evaluates_one_sign_in(stage: Stage) -> None:
    """The first day's policies: one that asks guests for MFA. How many requests the evaluation adds is counted."""
    before = len(await stage.graph())
    await stage.open_access()
    requests = await stage.graph()
    asked = [entry for entry in requests if entry["path"].endswith(EVALUATE)]
    print(f"an onboarding: {len(requests) - before} requests to Graph, {len(asked)} of them evaluations")
    assert len(asked) == 1
    assert [entry["method"] for entry in await stage.writes()] == ["POST"]


async def test_the_limit_of_one_request_a_second_is_kept(with_full_pauses: Stage) -> None:
    """The simulator refuses what comes within a second of the last one; nothing is refused."""
    await with_full_pauses.do(
        "faults", target="graph", match="conditionalAccess", times=50, status=429, within_seconds=0.95
    )
    await only(
        with_full_pauses,
        policy("mfa", name="Browsers", conditions={"clientAppTypes": ["browser"]}),
        policy("mfa", name="Risk", conditions={"signInRiskLevels": ["high"]}),
    )
    told = await card(with_full_pauses, "subsidiary-synchronization")
    log = await with_full_pauses.graph(path="")
    answered = [entry["status"] for entry in log if "conditionalAccess" in entry["path"]]
    assert len(answered) > 4
    assert set(answered) == {200}
    assert "estimate" not in told

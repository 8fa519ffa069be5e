"""Every cell of the table: what each control means, with and without trust, for each kind of visitor."""

from itertools import product
from typing import Any, Final

import pytest
from msgraph.generated.models.authentication_method_modes import AuthenticationMethodModes
from msgraph.generated.models.conditional_access_grant_control import ConditionalAccessGrantControl

from tests.workflows.core.policies import EVERYTHING, NOTHING, PHISHING_RESISTANT, UNREAD, policy, strength
from workflows.core.checks.conditional_access.controls import (
    InboundTrustFlags,
    PolicyEffect,
    ReasonCode,
    Remedy,
    VisitorType,
    outcome_of,
    remedies,
)
from workflows.core.checks.conditional_access.policy import ControlKind, Policy, PolicyState, parse_policy
from workflows.core.checks.conditional_access.strengths import SignInTenant, is_satisfiable

W, THERE, HERE, DEPENDS, UNKNOWN, OUT = PolicyEffect
GUEST, MEMBER, DIRECT = VisitorType
ACCOUNTS: Final = (GUEST, MEMBER)
MFA_ONLY: Final = InboundTrustFlags(mfa=True, compliant_device=False, hybrid_joined_device=False)
COMPLIANT_ONLY: Final = InboundTrustFlags(mfa=False, compliant_device=True, hybrid_joined_device=False)
HYBRID_ONLY: Final = InboundTrustFlags(mfa=False, compliant_device=False, hybrid_joined_device=True)
PASSWORDLESS: Final = {"id": "00000000-0000-0000-0000-000000000003"}
TERMS: Final[dict[str, Any]] = {"termsOfUse": ["terms"]}
CUSTOM: Final[dict[str, Any]] = {"customAuthenticationFactors": ["DuoMfa"]}
SESSIONS: Final = ("signInFrequency", "persistentBrowser", "cloudAppSecurity", "applicationEnforcedRestrictions")
Cells = dict[InboundTrustFlags, tuple[PolicyEffect, PolicyEffect]]
"""By trust: for those who have an account here, and for direct connect."""


def cells(
    nothing: tuple[PolicyEffect, PolicyEffect],
    unread: tuple[PolicyEffect, PolicyEffect],
    all_: tuple[PolicyEffect, PolicyEffect],
) -> Cells:
    """One row of the table."""
    return {NOTHING: nothing, UNREAD: unread, EVERYTHING: all_}


def always(accounts: PolicyEffect, direct: PolicyEffect) -> Cells:
    """A row that no trust changes."""
    return cells((accounts, direct), (accounts, direct), (accounts, direct))


RISK: Final[dict[str, Any]] = {"conditions": {"signInRiskLevels": ["high"]}}
USER_RISK: Final[dict[str, Any]] = {"conditions": {"userRiskLevels": ["high"]}}
TABLE: Final[dict[str, tuple[dict[str, Any], Cells]]] = {
    "block": (policy("block"), always(OUT, OUT)),
    "mfa": (policy("mfa"), cells((HERE, OUT), (UNKNOWN, UNKNOWN), (THERE, THERE))),
    "compliant device": (policy("compliantDevice"), cells((OUT, OUT), (UNKNOWN, UNKNOWN), (THERE, THERE))),
    "hybrid joined device": (policy("domainJoinedDevice"), cells((OUT, OUT), (UNKNOWN, UNKNOWN), (THERE, THERE))),
    "approved client app": (policy("approvedApplication"), always(OUT, OUT)),
    "app protection policy": (policy("compliantApplication"), always(OUT, OUT)),
    "password change": (policy("passwordChange"), always(OUT, OUT)),
    "terms of use": (policy(**TERMS), always(W, OUT)),
    "custom control": (policy(**CUSTOM), always(UNKNOWN, UNKNOWN)),
    "risk remediation": (policy("riskRemediation"), always(UNKNOWN, UNKNOWN)),
    "a control of tomorrow": (policy("proofOfHumanity"), always(UNKNOWN, UNKNOWN)),
    **{name: (policy(sessions={name: {"isEnabled": True}}), always(W, UNKNOWN)) for name in SESSIONS},
    "a session control of tomorrow": (policy(sessions={"secureSignInSession": {}}), always(UNKNOWN, UNKNOWN)),
    "a session control that is off": (policy(sessions={"signInFrequency": {"isEnabled": False}}), always(W, W)),
    "phishing-resistant": (
        policy(authenticationStrength=PHISHING_RESISTANT),
        cells((OUT, OUT), (UNKNOWN, UNKNOWN), (THERE, THERE)),
    ),
    "passwordless, by its id alone": (
        policy(authenticationStrength=PASSWORDLESS),
        cells((OUT, OUT), (UNKNOWN, UNKNOWN), (THERE, THERE)),
    ),
    "MFA strength, by its id alone": (
        policy(authenticationStrength={"id": "00000000-0000-0000-0000-000000000002"}),
        cells((HERE, OUT), (UNKNOWN, UNKNOWN), (THERE, THERE)),
    ),
    "an unknown strength": (
        policy(authenticationStrength={"id": "custom"}),
        cells((UNKNOWN, OUT), (UNKNOWN, UNKNOWN), (UNKNOWN, UNKNOWN)),
    ),
    "sign-in risk and MFA": (policy("mfa", **RISK), cells((DEPENDS, OUT), (UNKNOWN, UNKNOWN), (DEPENDS, DEPENDS))),
    "user risk, MFA and password change": (
        policy("mfa", "passwordChange", operator="AND", **USER_RISK),
        always(OUT, OUT),
    ),
    "user risk and block": (policy("block", **USER_RISK), always(OUT, OUT)),
    "nothing": (policy(), always(W, W)),
    "compliant device or terms of use": (
        policy("compliantDevice", **TERMS),
        cells((W, OUT), (W, UNKNOWN), (W, THERE)),
    ),
    "app protection or MFA": (
        policy("compliantApplication", "mfa"),
        cells((HERE, OUT), (UNKNOWN, UNKNOWN), (THERE, THERE)),
    ),
    "approved app or app protection": (policy("approvedApplication", "compliantApplication"), always(OUT, OUT)),
    "MFA and a custom control": (
        policy("mfa", operator="AND", **CUSTOM),
        cells((UNKNOWN, OUT), (UNKNOWN, UNKNOWN), (UNKNOWN, UNKNOWN)),
    ),
    "MFA or a custom control": (
        policy("mfa", **CUSTOM),
        cells((HERE, UNKNOWN), (UNKNOWN, UNKNOWN), (THERE, THERE)),
    ),
    "an unknown control and a block": (policy("block", "proofOfHumanity", operator="AND"), always(OUT, OUT)),
    "a block that contradicts itself": (policy("block", "mfa", operator="OR"), always(OUT, OUT)),
    "MFA with a sign-in frequency": (
        policy("mfa", sessions={"signInFrequency": {"isEnabled": True, "value": 4, "type": "hours"}}),
        cells((HERE, OUT), (UNKNOWN, UNKNOWN), (THERE, UNKNOWN)),
    ),
}


def meaning(document: dict[str, Any], visitor: VisitorType, trust: InboundTrustFlags) -> PolicyEffect:
    """What a policy means where it applies."""
    return outcome_of(parse_policy(document), visitor, trust).effect


@pytest.mark.parametrize(("name", "visitor"), list(product(TABLE, VisitorType)))
def test_every_cell_of_the_table(name: str, visitor: VisitorType) -> None:
    document, row = TABLE[name]
    for trust, (with_account, direct) in row.items():
        expected = direct if visitor is DIRECT else with_account
        assert meaning(document, visitor, trust) is expected, (name, visitor, trust)


@pytest.mark.parametrize("visitor", VisitorType)
def test_each_trust_flag_satisfies_its_own_control_only(visitor: VisitorType) -> None:
    mine = {"mfa": MFA_ONLY, "compliantDevice": COMPLIANT_ONLY, "domainJoinedDevice": HYBRID_ONLY}
    for control, other in product(mine, mine):
        found = meaning(policy(control), visitor, mine[other])
        assert (found is THERE) == (control == other)


@pytest.mark.parametrize("visitor", VisitorType)
def test_either_device_suffices_where_one_control_does_and_both_where_all_are_required(visitor: VisitorType) -> None:
    either = policy("compliantDevice", "domainJoinedDevice")
    both = policy("compliantDevice", "domainJoinedDevice", operator="AND")
    assert (meaning(either, visitor, HYBRID_ONLY), meaning(both, visitor, HYBRID_ONLY)) == (THERE, OUT)


def test_every_grant_control_that_the_sdk_names_is_in_the_table() -> None:
    tested = {name for document, _ in TABLE.values() for name in document["grantControls"]["builtInControls"]}
    assert {one.value for one in ConditionalAccessGrantControl} - tested == {"unknownFutureValue"}


@pytest.mark.parametrize("operator", [None, "", "XOR"])
def test_an_operator_that_is_not_understood_leaves_open_only_what_it_decides(operator: Any) -> None:
    unclear = parse_policy(policy("compliantApplication", "mfa", operator=operator))
    assert outcome_of(unclear, GUEST, NOTHING).reasons[0].code is ReasonCode.OPERATOR_NOT_UNDERSTOOD
    assert meaning(policy("mfa", operator=operator), GUEST, NOTHING) is HERE, "one control needs no operator"
    assert meaning(policy("passwordChange", "compliantApplication", operator=operator), GUEST, NOTHING) is OUT


def test_what_is_not_understood_is_named() -> None:
    found = outcome_of(parse_policy(policy("mfa", "proofOfHumanity", operator="AND")), GUEST, EVERYTHING)
    assert [(one.code, one.kind, one.name) for one in found.reasons] == [
        (ReasonCode.NOT_UNDERSTOOD, ControlKind.UNKNOWN, "proofOfHumanity")
    ]
    custom = outcome_of(parse_policy(policy("mfa", operator="AND", **CUSTOM)), GUEST, EVERYTHING)
    assert [(one.code, one.name) for one in custom.reasons] == [(ReasonCode.CUSTOM_CONTROL, "DuoMfa")]


@pytest.mark.parametrize(
    "broken",
    [
        {"grantControls": "mfa"},
        {"grantControls": {"builtInControls": "mfa"}},
        {"grantControls": {"builtInControls": [None]}},
        {"grantControls": {"termsOfUse": [7]}},
        {"grantControls": {"authenticationStrength": "00000000-0000-0000-0000-000000000002"}},
        {"grantControls": {"tomorrow": ["x"]}},
        {"sessionControls": ["signInFrequency"]},
        {"conditions": "all of them"},
    ],
)
def test_a_policy_of_the_wrong_shape_is_not_known_rather_than_fine(broken: dict[str, Any]) -> None:
    assert meaning({**policy(), **broken}, GUEST, EVERYTHING) is UNKNOWN


# --- authentication strengths ---

H, R = SignInTenant
COMBINATIONS: Final[dict[str, tuple[bool | None, bool | None]]] = {
    "password,sms": (True, True),
    "password,voice": (True, True),
    "password,microsoftAuthenticatorPush": (True, True),
    "password,softwareOath": (True, True),
    "password,hardwareOath": (True, False),
    "password,x509CertificateSingleFactor": (True, False),
    "password,x509CertificateMultiFactor": (True, False),
    "sms,federatedSingleFactor": (True, None),
    "hardwareOath,federatedSingleFactor": (True, False),
    "fido2": (True, False),
    "windowsHelloForBusiness": (True, False),
    "x509CertificateMultiFactor": (True, False),
    "deviceBasedPush": (True, False),
    "temporaryAccessPassOneTime": (None, None),
    "temporaryAccessPassMultiUse": (None, None),
    "federatedMultiFactor": (None, None),
    "federatedSingleFactor": (None, None),
    "x509CertificateSingleFactor": (None, None),
    "password": (None, None),
    "sms": (None, None),
    "email": (None, None),
    "qrCodePin": (None, None),
    "password,email": (None, None),
    "retinaScan": (None, None),
    "": (None, None),
}


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_every_combination_in_either_tenant(combination: str) -> None:
    (control,) = parse_policy(policy(authenticationStrength=strength(combination))).grants
    assert control.strength is not None
    assert tuple(is_satisfiable(control.strength, place) for place in SignInTenant) == COMBINATIONS[combination]


def test_every_method_that_the_sdk_names_is_in_a_combination() -> None:
    tested = {method for combination in COMBINATIONS for method in combination.split(",")}
    assert {one.value for one in AuthenticationMethodModes} - tested == {"unknownFutureValue"}


def test_one_combination_suffices_and_an_unknown_one_leaves_it_open() -> None:
    assert meaning(policy(authenticationStrength=strength("fido2", "password,sms")), GUEST, NOTHING) is HERE
    assert meaning(policy(authenticationStrength=strength("fido2", "retinaScan")), GUEST, NOTHING) is UNKNOWN
    assert meaning(policy(authenticationStrength=strength("fido2", "retinaScan")), GUEST, MFA_ONLY) is THERE


def test_a_combination_that_only_certain_keys_satisfy_is_not_promised() -> None:
    keys = [{"appliesToCombinations": ["fido2"], "allowedAAGUIDs": ["one model"]}]
    limited = policy(authenticationStrength=strength("fido2", combinationConfigurations=keys))
    assert meaning(limited, GUEST, MFA_ONLY) is UNKNOWN
    assert meaning(limited, GUEST, NOTHING) is OUT


# --- what would change it ---


@pytest.mark.parametrize(
    ("document", "visitor", "expected"),
    [
        (policy("mfa"), DIRECT, (Remedy.ACCEPT_MFA, Remedy.EXCLUDE)),
        (policy(authenticationStrength=PHISHING_RESISTANT), GUEST, (Remedy.ACCEPT_MFA, Remedy.EXCLUDE)),
        (policy("compliantDevice"), GUEST, (Remedy.ACCEPT_COMPLIANT_DEVICES, Remedy.EXCLUDE)),
        (policy("domainJoinedDevice"), MEMBER, (Remedy.ACCEPT_HYBRID_DEVICES, Remedy.EXCLUDE)),
        (policy("compliantDevice", "mfa", operator="AND"), GUEST, (Remedy.ACCEPT_COMPLIANT_DEVICES, Remedy.EXCLUDE)),
        (
            policy("compliantDevice", "mfa", operator="AND"),
            DIRECT,
            (Remedy.ACCEPT_MFA, Remedy.ACCEPT_COMPLIANT_DEVICES, Remedy.EXCLUDE),
        ),
        (policy("block"), GUEST, (Remedy.EXCLUDE, Remedy.OTHER_CONTROL)),
        (policy("compliantApplication"), GUEST, (Remedy.EXCLUDE, Remedy.OTHER_CONTROL)),
        (policy(authenticationStrength=strength("retinaScan")), DIRECT, (Remedy.EXCLUDE, Remedy.OTHER_CONTROL)),
    ],
)
def test_what_would_let_them_in(document: dict[str, Any], visitor: VisitorType, expected: tuple[Remedy, ...]) -> None:
    assert remedies(parse_policy(document), visitor, NOTHING) == expected


# --- reading a policy ---


def test_states_are_distinguished() -> None:
    def state(value: Any) -> PolicyState:
        return parse_policy(policy(state=value)).state

    assert [state(one) for one in ("enabled", "enabledForReportingButNotEnforced", "disabled", "paused", None)] == [
        *(PolicyState.ENFORCED, PolicyState.REPORT_ONLY, PolicyState.OFF, PolicyState.UNKNOWN, PolicyState.UNKNOWN)
    ]


def test_a_policy_without_anything_can_be_read() -> None:
    empty: Policy = parse_policy({})
    assert (empty.name, empty.id, empty.grants) == ("", "", ())

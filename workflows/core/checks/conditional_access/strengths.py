"""Find whether people of another tenant can satisfy an authentication strength, in their tenant or in ours.

Accepted methods are those of "Authentication strength MFA methods for external users" (Entra: "Authentication and
Conditional Access for B2B users", table 1). A method that the table does not name is unknown, never accepted.
"""

from enum import StrEnum
from typing import Final

from workflows.core.checks.conditional_access.policy import Strength


class SignInTenant(StrEnum):
    """The tenant where the visitor does MFA."""

    HOME = "home"
    """In the partner's tenant: our tenant trusts its MFA."""
    RESOURCE = "resource"
    """In our tenant."""


_FIRST: Final = frozenset({"password", "federatedSingleFactor"})
_SECOND: Final = {
    SignInTenant.HOME: frozenset(
        {
            *("sms", "voice", "microsoftAuthenticatorPush", "softwareOath", "hardwareOath"),
            *("x509CertificateSingleFactor", "x509CertificateMultiFactor"),
        }
    ),
    SignInTenant.RESOURCE: frozenset({"sms", "voice", "microsoftAuthenticatorPush", "softwareOath"}),
}
_COMPLETE: Final = frozenset({"fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor", "deviceBasedPush"})
"""Methods that are MFA alone. Microsoft's table accepts them only in the visitor's home tenant."""
_PHISHING_RESISTANT: Final = ("windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor")
_BUILT_IN: Final = {
    "00000000-0000-0000-0000-000000000002": (
        *_PHISHING_RESISTANT,
        "deviceBasedPush",
        *(f"password,{second}" for second in sorted(_SECOND[SignInTenant.HOME])),
        *(f"{second},federatedSingleFactor" for second in ("sms", "voice", "softwareOath")),
    ),
    "00000000-0000-0000-0000-000000000003": (*_PHISHING_RESISTANT, "deviceBasedPush"),
    "00000000-0000-0000-0000-000000000004": _PHISHING_RESISTANT,
}
"""The combinations of Microsoft's built-in strengths, by id: MFA, passwordless MFA, phishing-resistant MFA."""


def is_satisfiable(strength: Strength, sign_in_tenant: SignInTenant) -> bool | None:
    """Return whether the visitor can use a combination that the strength allows; None when it is not known.

    :param sign_in_tenant: the tenant where the visitor signs in with MFA.
    """
    combinations = strength.combinations or _BUILT_IN.get(strength.id.lower())
    if not combinations:
        return None
    results = [
        _combination(combination, sign_in_tenant, is_restricted=combination in strength.restricted)
        for combination in combinations
    ]
    return True if True in results else None if None in results else False


def _combination(combination: str, sign_in_tenant: SignInTenant, *, is_restricted: bool) -> bool | None:
    methods = frozenset(method.strip() for method in combination.split(","))
    if methods <= _COMPLETE and len(methods) == 1:
        accepted: bool | None = sign_in_tenant is SignInTenant.HOME
    elif len(methods) == 2 and len(methods & _FIRST) == 1:
        accepted = _with_second(methods, sign_in_tenant)
    else:
        accepted = None
    # Only certain keys or certificates satisfy it. Whether the partner's people have one is not known.
    return None if is_restricted and accepted else accepted


def _with_second(methods: frozenset[str], sign_in_tenant: SignInTenant) -> bool | None:
    (second,) = methods - _FIRST
    if second in _SECOND[sign_in_tenant]:
        # NB. a federated first factor belongs to the home tenant. No documentation says that our tenant accepts it.
        return None if sign_in_tenant is SignInTenant.RESOURCE and "federatedSingleFactor" in methods else True
    return False if second in _SECOND[SignInTenant.HOME] else None

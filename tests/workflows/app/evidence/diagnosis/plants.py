"""Every cause that can be planted, and a tenant that stops nobody."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from bot.sandbox.entra.tenant.initial_state import initial_state
from tests.workflows.app.evidence.diagnosis.planted import (
    ACCOUNTS,
    ADDRESS,
    APPLICATIONS,
    DEFAULT_READ,
    FABRIKAM,
    HOME,
    INVITERS,
    PARTNER,
    PARTNER_READ,
    POLICIES,
    PORTAL,
    SHARING_READ,
    SIGN_INS,
    THEIR_APPLICATION,
    WHAT_IF,
    Case,
    Plant,
    account,
    add_policy,
    application,
    block_by_policy,
    block_default,
    block_portal,
    closed,
    everything,
    failed_sign_in,
    from_outside,
    issued_by,
    no_account,
    nobody_invites,
    other_cloud,
    partner,
    refused,
    require_device,
    second_account,
    setting,
    sharing,
    sign_in,
)
from workflows.core.partners.partnership import PartnershipState

_SETTINGS: Final = (HOME, PARTNER_READ)
_LOGGED_ONLY: Final = (500212, 90071, 50105, 500121, 65001, 1000104)
"""Codes whose cause no step reads, so that only the log shows it."""
OF_ONE_APPLICATION: Final = (500213, 53000, 53001, 53003)
"""Codes of one application. Who asks without one learns which application refused, and no cause."""
STALE: Final = (500213, 50020, 50034, 50057, 90072, 53000, 53001, 53003)
"""Codes that name no cause of today while the step that reads it passes for the application."""
PLANTS: Final = (
    Plant(place=1, name="cloud_off", sources=_SETTINGS, plant=other_cloud(), group="cloud"),
    Plant(place=2, name="not_added", sources=_SETTINGS, plant=other_cloud("microsoftonline.us"), group="cloud"),
    Plant(place=2, name="blocked", sources=_SETTINGS, plant=setting(everything("blocked"))),
    Plant(place=2, name="blocked", sources=(*_SETTINGS, DEFAULT_READ), plant=block_default),
    Plant(place=2, name="closed", sources=_SETTINGS, plant=closed(PartnershipState.SUSPENDED)),
    Plant(place=2, name="closed", sources=_SETTINGS, plant=closed(PartnershipState.REVOKED)),
    Plant(place=2, name="application_blocked", sources=(*_SETTINGS, APPLICATIONS), plant=block_portal),
    Plant(
        place=2,
        name="application_not_ours",
        sources=(*_SETTINGS, DEFAULT_READ, APPLICATIONS),
        plant=application(THEIR_APPLICATION),
    ),
    Plant(place=4, name="no_account", sources=(ACCOUNTS,), plant=no_account),
    Plant(
        place=4,
        name="invitations_off",
        sources=(ACCOUNTS, INVITERS),
        plant=nobody_invites,
        otherwise="no_account",
    ),
    Plant(place=4, name="account_disabled", sources=(ACCOUNTS,), plant=account(accountEnabled=False)),
    Plant(
        place=4, name="invitation_pending", sources=(ACCOUNTS,), plant=account(externalUserState="PendingAcceptance")
    ),
    Plant(
        place=4,
        name="internal_account",
        sources=(ACCOUNTS,),
        plant=account(userPrincipalName="maria@woodgrove.com", userType="Member"),
    ),
    Plant(place=4, name="several_accounts", sources=(ACCOUNTS,), plant=second_account),
    Plant(place=4, name="other_identity", sources=(HOME, ACCOUNTS), plant=issued_by("MicrosoftAccount")),
    Plant(place=4, name="other_identity", sources=(HOME, ACCOUNTS), plant=issued_by("mail")),
    *(
        Plant(
            place=4,
            name="invitation_pending",
            sources=(ACCOUNTS,),
            plant=from_outside(domain),
            is_without_tenant=True,
        )
        for domain in ("outlook.com", "unmanaged.example.com")
    ),
    Plant(place=6, name="locked_out", sources=(HOME, POLICIES, WHAT_IF, ACCOUNTS), plant=block_by_policy),
    Plant(
        place=6,
        name="locked_out",
        sources=(*_SETTINGS, POLICIES, DEFAULT_READ, WHAT_IF, ACCOUNTS),
        plant=require_device,
    ),
    Plant(
        place=7,
        name="sharing_off",
        sources=(SHARING_READ, APPLICATIONS),
        plant=sharing(sharingCapability="disabled"),
    ),
    Plant(
        place=7,
        name="sharing_domain",
        sources=(SHARING_READ, APPLICATIONS),
        plant=sharing(sharingDomainRestrictionMode="blockList", sharingBlockedDomainList=["contoso.com"]),
    ),
    *(
        Plant(place=8, name=f"sign_in_error {code}", sources=(HOME, SIGN_INS), plant=plant)
        for code, plant in ((code, failed_sign_in(code)) for code in _LOGGED_ONLY)
    ),
    *(
        Plant(
            place=4,
            name=name,
            sources=(ACCOUNTS,),
            plant=refused(code, cause),
            otherwise=f"sign_in_error {code}",
        )
        for code, name, cause in (
            (50020, "no_account", no_account),
            (50034, "no_account", no_account),
            (90072, "no_account", no_account),
            (50057, "account_disabled", account(accountEnabled=False)),
        )
    ),
    Plant(
        place=2,
        name="application_blocked",
        sources=(*_SETTINGS, APPLICATIONS),
        plant=refused(500213, block_portal),
        otherwise="sign_in_error 500213",
    ),
    *(
        Plant(
            place=6,
            name="locked_out",
            sources=(*_SETTINGS, POLICIES, DEFAULT_READ, WHAT_IF, ACCOUNTS),
            plant=refused(code, cause),
            otherwise=f"sign_in_error {code}",
        )
        for code, cause in ((53003, block_by_policy), (53000, require_device))
    ),
)
SOURCES: Final = tuple(sorted({source for plant in PLANTS for source in plant.sources}))


def open_case(random: Random) -> Case:
    """Return a tenant that stops nobody, in one of many ways."""
    state = initial_state(datetime.now(UTC))
    case = Case(state)
    mfa = random.random() < 0.5
    state["default"]["inboundTrust"] = {
        "isMfaAccepted": mfa,
        "isCompliantDeviceAccepted": False,
        "isHybridAzureADJoinedDeviceAccepted": False,
    }
    state["partners"][FABRIKAM] = {"tenantId": FABRIKAM, "b2bCollaborationInbound": everything("blocked")}
    if random.random() < 0.5:
        state["partners"][PARTNER] = partner(b2bCollaborationInbound=everything("allowed"))
    case.maria["userType"] = random.choice(["Guest", "Guest", "Member"])
    state["authorizationPolicy"]["allowInvitesFrom"] = random.choice(["everyone", "adminsAndGuestInviters"])
    state["sharepointSettings"]["sharingCapability"] = random.choice(
        ["externalUserSharingOnly", "externalUserAndGuestSharing"]
    )
    for one in state["conditionalAccessPolicies"].values():
        one["state"] = "enabled" if one["displayName"] == "Require MFA for guests" and mfa else "disabled"
    if random.random() < 0.5:
        add_policy(case, {"includeUsers": ["All"]}, "mfa")
    state["signIns"] = []
    for address, days, code in random.sample([(ADDRESS, 3, 0), ("jon@contoso.com", 0, 53003)], random.randint(0, 2)):
        user_id = case.maria["id"] if address == ADDRESS else "jon"
        state["signIns"].append(sign_in(case, address, user_id, timedelta(days=days, minutes=5), code))
    case.application = random.choice(["contractor PORTAL", PORTAL])
    return case


def named_in_own_words(case: Case, random: Random) -> Case:
    """Return a case whose question names an application that nobody knows. That is no cause."""
    case.application = random.choice(["No such thing", "the portal", "our intranet"])
    return case

"""An oracle for diagnoses: tenants with planted causes, written from Microsoft's pages and not from the product.

Each plant changes what the tenant answers. The first cause that is named must be the planted one; of two, the one that
a person meets first. Only where a source of the planted cause cannot be read may it stay unnamed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, Final

import pytest

from tests.workflows.core.builders import NOW
from tests.workflows.fakes import FakeTenant, FixedClock
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.subject import parse_subject
from workflows.core.checks.tenant_facts import AddressAccount, LoggedSignIn, SignInLog
from workflows.core.people import PersonId
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.diagnosis.steps import Diagnosis
from workflows.core.settings.model import TargetType, TenantId
from workflows.ports.tenant import TenantRefused
from workflows.ports.tenant_settings import FoundObject, ObjectKind

pytestmark = pytest.mark.exhaustive

PARTNER: Final = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
PORTAL: Final = "5f0a1b2c-0004-4d3e-8f90-a1b2c3d4e5f6"
ARCHIVE: Final = "5f0a1b2c-0014-4d3e-8f90-a1b2c3d4e5f6"
SHAREPOINT: Final = "00000003-0000-0ff1-ce00-000000000000"
GUEST: Final = PersonId("90000000-0000-4000-8000-000000000001")
ADDRESS: Final = "maria@contoso.com"
SHARING_ONLY: Final = frozenset({"sharing_off", "sharing_domain"})


def allow_or_block(access: str, application: str = "AllApplications") -> dict[str, Any]:
    return {
        "usersAndGroups": {"accessType": access, "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {"accessType": access, "targets": [{"target": application, "targetType": "application"}]},
    }


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One cause: where a person meets it, what is named, which reads show it, and how it is planted."""

    place: int
    name: str
    sources: tuple[str, ...]
    plant: Callable[[FakeTenant, Random], None]


def set_partner(setting: dict[str, Any]) -> Callable[[FakeTenant, Random], None]:
    def plant(tenant: FakeTenant, _: Random) -> None:
        tenant.partners[PARTNER] = {"tenantId": PARTNER, "b2bCollaborationInbound": setting}

    return plant


def block_default(tenant: FakeTenant, _: Random) -> None:
    tenant.partners.pop(PARTNER, None)
    tenant.default = {**tenant.default, "isServiceDefault": False, "b2bCollaborationInbound": allow_or_block("blocked")}


def account(**changes: Any) -> Callable[[FakeTenant, Random], None]:
    def plant(tenant: FakeTenant, _: Random) -> None:
        around = tenant.tenant_settings
        around.address_accounts = [replace(around.address_accounts[0], **changes)]

    return plant


def no_account(tenant: FakeTenant, _: Random) -> None:
    tenant.tenant_settings.address_accounts = []


def second_account(tenant: FakeTenant, _: Random) -> None:
    first = tenant.tenant_settings.address_accounts[0]
    tenant.tenant_settings.address_accounts = [first, replace(first, id=PersonId("second"))]


def block_by_policy(tenant: FakeTenant, random: Random) -> None:
    who = random.choice([{"includeUsers": ["All"]}, {"includeUsers": ["GuestsOrExternalUsers"]}])
    control = random.choice(["block", "approvedApplication", "passwordChange"])
    tenant.tenant_settings.policies.append(policy("blocking", who, control))


def require_device(tenant: FakeTenant, _: Random) -> None:
    """Ask for a device that only their tenant manages, and that our trust does not accept."""
    tenant.tenant_settings.policies.append(policy("device", {"includeUsers": ["All"]}, "compliantDevice"))


def policy(name: str, users: dict[str, Any], control: str) -> dict[str, Any]:
    return {
        "id": name,
        "displayName": name,
        "state": "enabled",
        "conditions": {
            "users": users,
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
            "userRiskLevels": [],
            "signInRiskLevels": [],
        },
        "grantControls": {"operator": "OR", "builtInControls": [control]},
    }


def sharing(**settings: Any) -> Callable[[FakeTenant, Random], None]:
    def plant(tenant: FakeTenant, _: Random) -> None:
        tenant.tenant_settings.sharepoint = {**tenant.tenant_settings.sharepoint, **settings}

    return plant


def failed_sign_in(code: int) -> Callable[[FakeTenant, Random], None]:
    def plant(tenant: FakeTenant, random: Random) -> None:
        entry = LoggedSignIn(
            user_id=random.choice([GUEST, PersonId("")]), address=ADDRESS, at=NOW - timedelta(minutes=1), code=code
        )
        log = tenant.tenant_settings.sign_in_log
        tenant.tenant_settings.sign_in_log = SignInLog(entries=(*log.entries, entry), is_complete=True)

    return plant


PARTNER_READ, DEFAULT_READ, ACCOUNTS = "tenant.read_partner", "tenant.read_default", "surroundings.accounts_of"
SHARING_READ, SIGN_INS = "surroundings.read_sharepoint", "surroundings.recent_sign_ins"
POLICIES = "surroundings.read_conditional_access"
OPEN_TO_ARCHIVE: Final = {
    **allow_or_block("allowed"),
    "applications": allow_or_block("allowed", ARCHIVE)["applications"],
}
PLANTS: Final = (
    Plant(place=2, name="blocked", sources=(PARTNER_READ,), plant=set_partner(allow_or_block("blocked"))),
    Plant(place=2, name="blocked", sources=(DEFAULT_READ, PARTNER_READ), plant=block_default),
    Plant(
        place=2,
        name="application_blocked",
        sources=(PARTNER_READ,),
        plant=set_partner(OPEN_TO_ARCHIVE),
    ),
    Plant(place=4, name="no_account", sources=(ACCOUNTS,), plant=no_account),
    Plant(place=4, name="account_disabled", sources=(ACCOUNTS,), plant=account(is_enabled=False)),
    Plant(place=4, name="invitation_pending", sources=(ACCOUNTS,), plant=account(state="PendingAcceptance")),
    Plant(
        place=4,
        name="internal_account",
        sources=(ACCOUNTS,),
        plant=account(principal_name="maria@woodgrove.com", is_member=True),
    ),
    Plant(place=4, name="several_accounts", sources=(ACCOUNTS,), plant=second_account),
    Plant(place=6, name="locked_out", sources=(POLICIES,), plant=block_by_policy),
    Plant(place=6, name="locked_out", sources=(POLICIES, PARTNER_READ, DEFAULT_READ), plant=require_device),
    Plant(place=7, name="sharing_off", sources=(SHARING_READ,), plant=sharing(sharingCapability="disabled")),
    Plant(
        place=7,
        name="sharing_domain",
        sources=(SHARING_READ,),
        plant=sharing(sharingDomainRestrictionMode="blockList", sharingBlockedDomainList=["contoso.com"]),
    ),
    *(
        Plant(place=8, name=f"sign_in_error {code}", sources=(SIGN_INS,), plant=failed_sign_in(code))
        for code in (500212, 500213, 90071, 50020, 50105, 53000, 53001, 53003, 65001, 1000104)
    ),
)
SOURCES: Final = tuple(
    sorted({source for plant in PLANTS for source in plant.sources} | {"surroundings.read_authorization"})
)


def open_tenant(random: Random) -> FakeTenant:
    """Return a tenant that stops nobody, in one of many ways."""
    tenant = FakeTenant()
    identity = TenantIdentity(
        tenant_id=PARTNER, display_name="Contoso", default_domain="contoso.com", typed_name="contoso.com"
    )
    tenant.add_tenant(identity, "contoso.com")
    tenant.default = {
        "isServiceDefault": random.random() < 0.5,
        "b2bCollaborationInbound": allow_or_block("allowed"),
        "b2bDirectConnectInbound": allow_or_block("blocked"),
        "inboundTrust": {
            "isMfaAccepted": random.random() < 0.5,
            "isCompliantDeviceAccepted": False,
            "isHybridAzureADJoinedDeviceAccepted": False,
        },
    }
    if random.random() < 0.5:
        tenant.partners[PARTNER] = {"tenantId": PARTNER, "b2bCollaborationInbound": allow_or_block("allowed")}
    around = tenant.tenant_settings
    around.address_accounts = [
        AddressAccount(
            id=GUEST,
            name="Maria",
            principal_name="maria_contoso.com#EXT#@woodgrove.com",
            issuers=("ExternalAzureAD",),
            state="Accepted",
            is_member=random.random() < 0.3,
        )
    ]
    around.authorization = {"allowInvitesFrom": random.choice(["everyone", "adminsAndGuestInviters"])}
    around.sharepoint = {"sharingCapability": random.choice(["externalUserSharingOnly", "externalUserAndGuestSharing"])}
    if random.random() < 0.5:
        around.policies.append(policy("mfa", {"includeUsers": ["All"]}, "mfa"))
    earlier = LoggedSignIn(user_id=GUEST, address=ADDRESS, at=NOW - timedelta(days=3), code=0)
    other = LoggedSignIn(user_id=PersonId("jon"), address="jon@contoso.com", at=NOW, code=53003)
    around.sign_in_log = SignInLog(
        entries=tuple(random.sample([earlier, other], random.randint(0, 2))), is_complete=True
    )
    around.objects = {
        TargetType.APPLICATION: [
            FoundObject(id=PORTAL, name="Contractor portal", mail="", kind=ObjectKind.APPLICATION),
            FoundObject(id=SHAREPOINT, name="Office 365 SharePoint Online", mail="", kind=ObjectKind.APPLICATION),
        ]
    }
    return tenant


async def diagnosed(tenant: FakeTenant, plants: list[Plant], random: Random) -> Diagnosis:
    is_sharing = any(plant.name in SHARING_ONLY for plant in plants)
    application = "Office 365 SharePoint Online" if is_sharing else random.choice(["contractor PORTAL", PORTAL])

    async def find_records(_: str) -> list[Any]:
        return []

    diagnoser = Diagnoser(tenant=tenant, find_records=find_records, clock=FixedClock())
    typed = random.choice([ADDRESS, "Maria@CONTOSO.com", f"<mailto:{ADDRESS}|{ADDRESS}>"])
    return await diagnoser.diagnose(parse_subject(typed), application)


def named(diagnosis: Diagnosis) -> str | None:
    """Return the first cause that is named."""
    if diagnosis.first is None or diagnosis.first.cause is None:
        return None
    cause = diagnosis.first.cause
    return f"{cause.code} {cause.values['code']}" if "code" in cause.values else str(cause.code)


@pytest.mark.parametrize("seed", range(500))
async def test_one_planted_cause_is_the_first_that_is_named(seed: int) -> None:
    random = Random(seed)
    tenant, plant = open_tenant(random), random.choice(PLANTS)
    plant.plant(tenant, random)
    unread = {source for source in SOURCES if random.random() < 0.15}
    for source in unread:
        tenant.tenant_settings.script.fail(source, TenantRefused(403, "Forbidden", "no"))
        tenant.script.fail(source, TenantRefused(403, "Forbidden", "no"))
    found = named(await diagnosed(tenant, [plant], random))
    if unread & set(plant.sources):
        assert found in (None, plant.name)
    else:
        assert found == plant.name, (plant, unread)


@pytest.mark.parametrize("seed", range(200))
async def test_of_two_planted_causes_the_one_that_is_met_first_is_named(seed: int) -> None:
    random = Random(10_000 + seed)
    tenant = open_tenant(random)
    one, other = random.sample(PLANTS, 2)
    while one.place == other.place or (other.name == "no_account" and one.place == 8):
        one, other = random.sample(PLANTS, 2)
    for plant in (one, other):
        plant.plant(tenant, random)
    expected = min(one, other, key=lambda plant: plant.place)
    assert named(await diagnosed(tenant, [one, other], random)) == expected.name


@pytest.mark.parametrize("seed", range(50))
async def test_a_tenant_without_a_cause_gets_none(seed: int) -> None:
    random = Random(20_000 + seed)
    assert named(await diagnosed(open_tenant(random), [], random)) is None

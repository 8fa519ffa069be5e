"""The sandbox's data at the start: people, channels, user groups, tenants."""

from dataclasses import dataclass

TEAM_ID = "T0WOODGROVE"
TEAM_NAME = "Woodgrove"
OTHER_TEAM_ID = "T0OUTSIDE1"
APP_ID = "A0GATEHOUSE"
BOT_ID = "B0GATEHOUSE"
BOT_USER_ID = "U0GATEHOUSE"
HOME_TENANT_ID = "6f1d2a34-9b0c-4f6e-8a57-2c1d0e9f4b11"
HOME_DOMAIN = "woodgrove.com"
GUESTS_CLIENT_ID = "8d2e6f10-4c3b-4a79-b1d8-6f0a9c5e7b23"
"""The application that disables and enables guest accounts."""
APP_CLIENT_ID = "3b8c5f0e-7a41-4d0e-9c55-5de7c2f0a6d2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person in Slack and in the home tenant. `handle` is the name in the control API."""

    handle: str
    slack_id: str
    name: str
    title: str
    team_id: str = TEAM_ID
    is_admin: bool = False
    is_restricted: bool = False
    """A Slack guest (single- or multi-channel)."""
    entra_id: str | None
    user_type: str = "Member"
    """Entra `userType`: Member or Guest."""
    mail: str
    manager: str = ""
    """The handle of their manager in Entra; empty for none."""
    time_zone: str = "Europe/Amsterdam"
    """The time zone of their Slack profile."""


PEOPLE = (
    Person(
        handle="requester",
        slack_id="U0REQUESTER",
        name="Riley Park",
        title="Project manager",
        entra_id="0a6f7d10-0001-4e1b-9b51-6d1f00000001",
        mail="requester@woodgrove.com",
        manager="approver2",
    ),
    Person(
        handle="approver1",
        slack_id="U0APPROVER1",
        name="Amara Okafor",
        title="Security engineer",
        entra_id="0a6f7d10-0002-4e1b-9b51-6d1f00000002",
        mail="approver1@woodgrove.com",
        manager="admin",
    ),
    Person(
        handle="approver2",
        slack_id="U0APPROVER2",
        name="Bruno Keller",
        title="Data owner, Projects",
        entra_id="0a6f7d10-0003-4e1b-9b51-6d1f00000003",
        mail="approver2@woodgrove.com",
        time_zone="America/New_York",
    ),
    Person(
        handle="approver3",
        slack_id="U0APPROVER3",
        name="Chie Tanaka",
        title="Data owner, Finance",
        entra_id="0a6f7d10-0004-4e1b-9b51-6d1f00000004",
        mail="approver3@woodgrove.com",
        time_zone="Asia/Tokyo",
    ),
    Person(
        handle="admin",
        slack_id="U0ADMIN0001",
        name="Dana Reyes",
        title="Identity administrator",
        is_admin=True,
        entra_id="0a6f7d10-0005-4e1b-9b51-6d1f00000005",
        mail="admin@woodgrove.com",
    ),
    Person(
        handle="guest",
        slack_id="U0GUEST0001",
        name="Gil Moreau",
        title="Guest of one channel",
        is_restricted=True,
        entra_id="0a6f7d10-0006-4e1b-9b51-6d1f00000006",
        user_type="Guest",
        mail="gil@agency.example",
    ),
    Person(
        handle="outsider",
        slack_id="U0OUTSIDER1",
        name="Olga Sand",
        title="From another workspace",
        team_id=OTHER_TEAM_ID,
        entra_id=None,
        mail="olga@outside.example",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel with several people."""

    id: str
    name: str
    is_private: bool
    topic: str
    members: tuple[str, ...]
    """Handles of its members; the bot is a member of every channel."""
    is_ext_shared: bool = False
    """Whether another workspace is connected to it."""


EVERYONE = tuple(person.handle for person in PEOPLE)
INSIDERS = tuple(p.handle for p in PEOPLE if p.team_id == TEAM_ID and not p.is_restricted)

CHANNELS = (
    Channel(
        id="C0GENERAL01",
        name="general",
        is_private=False,
        topic="Company-wide",
        members=EVERYONE,
        is_ext_shared=True,
    ),
    Channel(
        id="C0PARTNERAC",
        name="partner-access",
        is_private=True,
        topic="Requests for partner access, decided here",
        members=INSIDERS,
    ),
    Channel(
        id="C0APPRSHARE",
        name="approvals-shared",
        is_private=True,
        topic="Shared with another workspace: no approval card is posted here",
        members=EVERYONE,
        is_ext_shared=True,
    ),
)

USER_GROUPS = (
    # (id, handle, name, members)
    ("S0SECURITY1", "partner-security", "Partner security", ("approver1",)),
    ("S0DATAOWNER", "partner-data-owners", "Partner data owners", ("approver2", "approver3")),
    ("S0PADMINS01", "partner-admins", "Partner admins", ("admin",)),
    ("S0AUDITORS1", "partner-auditors", "Partner auditors", ("admin",)),
)

PROJECT_GROUPS = (
    # (object id, mail nickname, name, members); groups of the tenant that Slack does not have
    ("5f0a1b2c-0002-4d3e-8f90-a1b2c3d4e5f6", "bridge-project", "Bridge project", ("requester",)),
    ("5f0a1b2c-0012-4d3e-8f90-a1b2c3d4e5f6", "pilot-users", "Pilot users", ("requester", "approver3")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application that the home tenant uses. `app_id` is the id in settings."""

    app_id: str
    name: str
    is_microsofts: bool = False


APPLICATIONS = (
    Application(app_id="5f0a1b2c-0004-4d3e-8f90-a1b2c3d4e5f6", name="Contractor portal"),
    Application(app_id="5f0a1b2c-0014-4d3e-8f90-a1b2c3d4e5f6", name="Drawings archive"),
    Application(app_id="00000003-0000-0ff1-ce00-000000000000", name="Office 365 SharePoint Online", is_microsofts=True),
    Application(app_id="00000012-0000-0000-c000-000000000000", name="Microsoft Rights Management", is_microsofts=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An Entra tenant that can be found by any of its domains."""

    tenant_id: str
    display_name: str
    domains: tuple[str, ...]
    """The first one is the default domain."""


ORGANIZATIONS = (
    Organization(tenant_id=HOME_TENANT_ID, display_name="Woodgrove", domains=("woodgrove.com",)),
    Organization(
        tenant_id="c0a1b2c3-1111-4aaa-8bbb-0123456789a1",
        display_name="Contoso",
        domains=("contoso.com", "contoso.onmicrosoft.com"),
    ),
    Organization(
        tenant_id="fab0fab0-2222-4aaa-8bbb-0123456789a2",
        display_name="Fabrikam, Inc.",
        domains=("fabrikam.com", "fabrikam.onmicrosoft.com"),
    ),
    Organization(
        tenant_id="d00d0000-3333-4aaa-8bbb-0123456789a3",
        display_name="Northwind Traders",
        domains=("northwind.com", "northwind.onmicrosoft.com"),
    ),
    Organization(
        tenant_id="7a115b10-4444-4aaa-8bbb-0123456789a4",
        display_name="Tailspin Toys",
        domains=("tailspin.com", "tailspin.onmicrosoft.com"),
    ),
    Organization(
        tenant_id="11ec0de0-5555-4aaa-8bbb-0123456789a5",
        display_name="Litware",
        domains=("litware.com", "litware.onmicrosoft.com"),
    ),
    Organization(
        tenant_id="ada70000-6666-4aaa-8bbb-0123456789a6",
        display_name="A. Datum Corporation",
        domains=("adatum.com", "adatum.onmicrosoft.com"),
    ),
)

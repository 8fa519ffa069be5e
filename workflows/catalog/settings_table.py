"""Read the table [settings] of a template's file: the pydantic models, and the settings made from them."""

from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    OFFICE_365,
    AccessType,
    AppServiceConnect,
    AutomaticRedemption,
    B2BSetting,
    Capabilities,
    Capability,
    CapabilityName,
    IdentitySynchronization,
    InboundTrust,
    M365CollaborationInbound,
    M365CollaborationOutbound,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
    TenantRestrictions,
)

INHERIT: Final = "inherit"
"""The value of a setting that returns it to the tenant's default (in Graph: null)."""

GUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
PLACEHOLDER_NAME: Final = r"[a-z][a-z0-9_]*"
_PLACEHOLDER: Final = rf"\{{{PLACEHOLDER_NAME}\}}"
_PEOPLE: Final = rf"^({ALL_USERS}|(user|group):({GUID}|{_PLACEHOLDER}))$"
_OurPeople = Annotated[tuple[Annotated[str, Field(pattern=_PEOPLE)], ...], Field(min_length=1)]
_APPLICATIONS: Final = rf"^({ALL_APPLICATIONS}|{ALL_MICROSOFT_APPS}|{OFFICE_365}|{GUID}|{_PLACEHOLDER})$"


class FileModel(BaseModel):
    """A table of a file. A key that is not declared is a problem."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # only whole files are read


class _Users(FileModel):
    access: AccessType
    targets: tuple[Annotated[str, Field(pattern=_PEOPLE)], ...] = Field(min_length=1)

    def to_domain(self) -> TargetConfiguration:
        return TargetConfiguration(access=self.access, targets=tuple(map(_user_target, self.targets)))


class _Applications(FileModel):
    access: AccessType
    targets: tuple[Annotated[str, Field(pattern=_APPLICATIONS)], ...] = Field(min_length=1)

    def to_domain(self) -> TargetConfiguration:
        targets = tuple(Target(type=TargetType.APPLICATION, id=target) for target in self.targets)
        return TargetConfiguration(access=self.access, targets=targets)


class _B2B(FileModel):
    users: _Users
    applications: _Applications

    @model_validator(mode="after")
    def _check_lists(self) -> Self:
        """Check what Graph requires: a full block has both lists, and "all" has no other targets beside it.

        Graph: "Target configuration".
        """
        for name, targets, everything in (
            ("users", self.users.targets, ALL_USERS),
            ("applications", self.applications.targets, ALL_APPLICATIONS),
        ):
            if everything in targets and len(targets) > 1:
                raise ValueError(f"{name}.targets: {everything} stands alone; remove it or the other targets")
        blocks_users = self.users.access is AccessType.BLOCKED and ALL_USERS in self.users.targets
        blocks_applications = (
            self.applications.access is AccessType.BLOCKED and ALL_APPLICATIONS in self.applications.targets
        )
        if blocks_users != blocks_applications:
            raise ValueError("a block is whole: block AllUsers and AllApplications together, or neither")
        return self

    def to_domain(self) -> B2BSetting:
        return B2BSetting(users_and_groups=self.users.to_domain(), applications=self.applications.to_domain())


class _Trust(FileModel):
    mfa: bool | None = None
    compliant_device: bool | None = None
    hybrid_joined_device: bool | None = None

    def to_domain(self) -> InboundTrust:
        return InboundTrust(**self.model_dump())


class _Redemption(FileModel):
    inbound: bool | None = None
    outbound: bool | None = None

    def to_domain(self) -> AutomaticRedemption:
        return AutomaticRedemption(**self.model_dump())


class _Synchronization(FileModel):
    inbound: bool

    def to_domain(self) -> IdentitySynchronization:
        return IdentitySynchronization(is_allowed=self.inbound)


class _TenantRestrictions(_B2B):
    def to_domain(self) -> TenantRestrictions:
        return TenantRestrictions(users_and_groups=self.users.to_domain(), applications=self.applications.to_domain())


class _M365Inbound(FileModel):
    users: _Users

    def to_domain(self) -> M365CollaborationInbound:
        return M365CollaborationInbound(users=self.users.to_domain())


class _M365Outbound(FileModel):
    users: _Users

    def to_domain(self) -> M365CollaborationOutbound:
        return M365CollaborationOutbound(users_and_groups=self.users.to_domain())


class _AppServiceConnect(FileModel):
    applications: _Applications

    def to_domain(self) -> AppServiceConnect:
        return AppServiceConnect(applications=self.applications.to_domain())


class _Capabilities(FileModel):
    """Whose data each Microsoft 365 capability is about. Those that are not named are switched off."""

    free_busy: _OurPeople | None = None
    free_busy_with_details: _OurPeople | None = None
    calendar_times: _OurPeople | None = None
    calendar_details: _OurPeople | None = None
    calendar_everything: _OurPeople | None = None
    mail_tips_limited: _OurPeople | None = None
    mail_tips_all: _OurPeople | None = None
    profile_card: _OurPeople | None = None
    desk_booking: _OurPeople | None = None
    room_booking: _OurPeople | None = None

    @model_validator(mode="after")
    def _check_people(self) -> Self:
        """Check that a capability is named, and that each one is for all users or for some of them."""
        given = self._given()
        if not given:
            raise ValueError("name at least one capability, for example free_busy")
        for name, people in given.items():
            if ALL_USERS in people and len(people) > 1:
                raise ValueError(f"{name}: {ALL_USERS} stands alone; remove it or the other targets")
        return self

    def to_domain(self) -> Capabilities:
        items = (
            Capability(
                name=CapabilityName[name.upper()],
                people=TargetConfiguration(
                    access=AccessType.ALLOWED, targets=tuple(sorted(set(map(_user_target, people))))
                ),
            )
            for name, people in self._given().items()
        )
        return Capabilities(items=tuple(sorted(items, key=lambda item: item.name)))

    def _given(self) -> dict[str, tuple[str, ...]]:
        return {name: people for name in type(self).model_fields if (people := getattr(self, name)) is not None}


class SettingsTable(FileModel):
    """The settings that a template writes, by our names for them."""

    b2b_collaboration_inbound: _B2B | None = None
    b2b_collaboration_outbound: _B2B | None = None
    b2b_direct_connect_inbound: _B2B | None = None
    b2b_direct_connect_outbound: _B2B | None = None
    inbound_trust: _Trust | None = None
    automatic_redemption: _Redemption | None = None
    identity_synchronization: _Synchronization | None = None
    tenant_restrictions: _TenantRestrictions | None = None
    m365_collaboration_inbound: _M365Inbound | None = None
    m365_collaboration_outbound: _M365Outbound | None = None
    app_service_connect_inbound: _AppServiceConnect | None = None
    m365_capabilities: _Capabilities | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _read_inherit(cls, value: object, info: ValidationInfo) -> object:
        if value != INHERIT:
            return value
        if info.field_name == "identity_synchronization":
            raise ValueError("there is no default to inherit; write inbound = false to switch it off")
        if info.field_name == "m365_capabilities":
            raise ValueError("name the capabilities; those that are not named are switched off")
        return None

    @model_validator(mode="after")
    def _check_collaboration(self) -> Self:
        """Check that capabilities come with the collaboration that they need (Graph: overview of the policy)."""
        trust = self.m365_collaboration_inbound
        if self.m365_capabilities is not None and (trust is None or trust.users.access is not AccessType.ALLOWED):
            raise ValueError(
                "m365_capabilities: they need Microsoft 365 collaboration; add m365_collaboration_inbound with "
                "users that are allowed"
            )
        return self

    def to_domain(self) -> dict[Property, Setting]:
        """Return the settings that the file contains; a value of None returns a setting to the tenant's default."""
        set_fields = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        return {
            Property[name.upper()]: None if value is None else value.to_domain() for name, value in set_fields.items()
        }


def _user_target(text: str) -> Target:
    if text == ALL_USERS:
        return Target(type=TargetType.USER, id=ALL_USERS)
    kind, _, guid = text.partition(":")
    return Target(type=TargetType(kind), id=guid)

"""Generate random partners, settings and JSON documents that Graph could return."""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st

from workflows.core.settings.documents import to_document
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_USERS,
    B2B_PROPERTIES,
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
    TenantId,
    TenantRestrictions,
)

PROPERTY: Final = settings(print_blob=True, deadline=None)
"""How every property is tried: a failure prints what reproduces it, and a slow machine is no failure."""

GUIDS: Final = st.uuids().map(str)
TENANT_IDS: Final = GUIDS.map(TenantId)

_FLAG: Final = st.sampled_from([None, True, False])
_USERS: Final = st.one_of(
    st.just((Target(type=TargetType.USER, id=ALL_USERS),)),
    st.lists(
        st.builds(Target, type=st.sampled_from([TargetType.USER, TargetType.GROUP]), id=GUIDS), min_size=1, max_size=3
    ).map(tuple),
)
_APPLICATIONS: Final = st.lists(
    st.builds(
        Target,
        type=st.just(TargetType.APPLICATION),
        id=st.one_of(st.sampled_from([ALL_APPLICATIONS, OFFICE_365]), GUIDS),
    ),
    min_size=1,
    max_size=3,
).map(tuple)


def _half(targets: st.SearchStrategy[tuple[Target, ...]]) -> st.SearchStrategy[TargetConfiguration]:
    return st.builds(TargetConfiguration, access=st.sampled_from(AccessType), targets=targets)


B2B_SETTINGS: Final = st.builds(B2BSetting, users_and_groups=_half(_USERS), applications=_half(_APPLICATIONS))
TRUSTS: Final = st.builds(InboundTrust, mfa=_FLAG, compliant_device=_FLAG, hybrid_joined_device=_FLAG)
REDEMPTIONS: Final = st.builds(AutomaticRedemption, inbound=_FLAG, outbound=_FLAG)


@st.composite
def _capabilities(draw: st.DrawFn) -> Capabilities:
    """Draw some capabilities, each for everybody, for some, for everybody but some, or switched off."""
    names = sorted(draw(st.sets(st.sampled_from(CapabilityName), max_size=3)))
    people = (
        draw(
            st.builds(
                TargetConfiguration,
                access=st.sampled_from(AccessType),
                targets=_USERS.map(lambda targets: tuple(sorted(set(targets)))),
            )
        )
        for _ in names
    )
    return Capabilities(items=tuple(Capability(name=name, people=one) for name, one in zip(names, people, strict=True)))


CAPABILITIES: Final = _capabilities()


_VALUES: Final[Mapping[Property, st.SearchStrategy[Setting]]] = {
    **dict.fromkeys(B2B_PROPERTIES, B2B_SETTINGS),
    Property.INBOUND_TRUST: TRUSTS,
    Property.AUTOMATIC_REDEMPTION: REDEMPTIONS,
    Property.IDENTITY_SYNCHRONIZATION: st.builds(IdentitySynchronization, is_allowed=_FLAG),
    Property.TENANT_RESTRICTIONS: st.builds(
        TenantRestrictions, users_and_groups=_half(_USERS), applications=_half(_APPLICATIONS)
    ),
    Property.M365_COLLABORATION_INBOUND: st.builds(M365CollaborationInbound, users=_half(_USERS)),
    Property.M365_COLLABORATION_OUTBOUND: st.builds(M365CollaborationOutbound, users_and_groups=_half(_USERS)),
    Property.APP_SERVICE_CONNECT_INBOUND: st.builds(AppServiceConnect, applications=_half(_APPLICATIONS)),
    Property.M365_CAPABILITIES: CAPABILITIES,
}


def setting_of(name: Property) -> st.SearchStrategy[Setting]:
    """Draw a value, or "inherits", for one property."""
    return st.one_of(st.none(), _VALUES[name])


SETTINGS: Final[st.SearchStrategy[Mapping[Property, Setting]]] = st.fixed_dictionaries(
    {}, optional={name: setting_of(name) for name in Property}
)

_UNDECLARED: Final = st.fixed_dictionaries(
    {},
    optional={
        "crossCloudMeetingConfiguration": st.just({"inboundAllowed": None, "outboundAllowed": True}),
        "protectedContentSharing": st.just({"inboundAllowed": False}),
        "isServiceProvider": st.booleans(),
    },
)


@st.composite
def partner_documents(draw: st.DrawFn, tenant_id: TenantId) -> dict[str, Any]:
    """Draw a partner as Graph returns it: any settings, every unset property null, undeclared fields besides."""
    settings = draw(SETTINGS)
    shown = {name.value: to_document(settings.get(name)) for name in Property}
    return {"tenantId": tenant_id, **shown, **draw(_UNDECLARED)}


JSON: Final[st.SearchStrategy[Any]] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
DOCUMENTS: Final = st.dictionaries(st.text(max_size=6), JSON, max_size=4)
"""JSON objects whose numbers every reader holds exactly."""


def reordered(value: Any, turn: int) -> Any:
    """Give the same JSON value with the members of every object in another order."""
    if isinstance(value, Mapping):
        names = list(value)
        names = names[turn % len(names) :] + names[: turn % len(names)] if names else names
        return {name: reordered(value[name], turn) for name in reversed(names)}
    if isinstance(value, list):
        return [reordered(item, turn) for item in value]
    return value

"""Read a Conditional Access policy's document. A control that this version does not know is kept by its name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from workflows.core.settings.canonical import JsonObject

NO_RISK: Final = "none"


class PolicyState(StrEnum):
    """Whether a policy is enforced; the values are Graph's."""

    ENFORCED = "enabled"
    REPORT_ONLY = "enabledForReportingButNotEnforced"
    OFF = "disabled"
    UNKNOWN = "unknown"
    """Any other value of Graph. It is not known whether the policy is enforced."""


class ControlKind(StrEnum):
    """What a policy requires. The values are Graph's names where Graph has one."""

    BLOCK = "block"
    MFA = "mfa"
    STRENGTH = "authenticationStrength"
    COMPLIANT_DEVICE = "compliantDevice"
    HYBRID_DEVICE = "domainJoinedDevice"
    APPROVED_APP = "approvedApplication"
    APP_PROTECTION = "compliantApplication"
    PASSWORD_CHANGE = "passwordChange"  # noqa: S105 - the name of a control
    TERMS_OF_USE = "termsOfUse"
    CUSTOM = "customAuthenticationFactors"
    APP_RESTRICTIONS = "applicationEnforcedRestrictions"
    APP_CONTROL = "cloudAppSecurity"
    SIGN_IN_FREQUENCY = "signInFrequency"
    PERSISTENT_BROWSER = "persistentBrowser"
    UNKNOWN = "unknown"


SESSION_KINDS: Final = frozenset(
    {
        ControlKind.APP_RESTRICTIONS,
        ControlKind.APP_CONTROL,
        ControlKind.SIGN_IN_FREQUENCY,
        ControlKind.PERSISTENT_BROWSER,
    }
)
_BUILT_IN: Final = {
    kind.value: kind
    for kind in (
        *(ControlKind.BLOCK, ControlKind.MFA, ControlKind.COMPLIANT_DEVICE, ControlKind.HYBRID_DEVICE),
        *(ControlKind.APPROVED_APP, ControlKind.APP_PROTECTION, ControlKind.PASSWORD_CHANGE),
    )
}
_GRANT_MEMBERS: Final = frozenset(
    {"operator", "builtInControls", "customAuthenticationFactors", "termsOfUse", "authenticationStrength"}
)
_HARMLESS_SESSION: Final = frozenset({"disableResilienceDefaults"})
"""Members of `sessionControls` that require nothing of the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """An authentication strength."""

    id: str
    name: str
    combinations: tuple[str, ...] | None
    """Each is a comma-separated list of methods. None: the combinations are not known."""
    restricted: frozenset[str]
    """Combinations that only certain keys or certificates satisfy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One thing that a policy requires."""

    kind: ControlKind
    name: str = ""
    """The name of the control, where there can be several of one kind, or when the kind is unknown."""
    strength: Strength | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The parts of a policy that could be read."""

    id: str
    name: str
    """The policy's name; its id when it has no name; empty when it has neither."""
    state: PolicyState
    grants: tuple[Control, ...]
    operator: str
    """`AND`, `OR`, or any other value of the document."""
    sessions: tuple[Control, ...]
    """The session controls, which are always required in addition to the grants."""
    user_risk: tuple[str, ...]
    """The user risk levels at which it applies; empty when it applies at every level."""
    sign_in_risk: tuple[str, ...]
    conditions: JsonObject

    @property
    def is_about_risk(self) -> bool:
        """Return whether it applies only at certain risk levels."""
        return any(levels and NO_RISK not in levels for levels in (self.user_risk, self.sign_in_risk))

    @property
    def is_off(self) -> bool:
        """Return whether it is switched off."""
        return self.state is PolicyState.OFF


def parse_policy(document: JsonObject) -> Policy:
    """Read a policy, or a What If result, which has the same form."""
    conditions = member(document, "conditions")
    grants = _grants(document.get("grantControls"))
    if "conditions" in document and not isinstance(document["conditions"], Mapping):
        grants = (*grants, Control(kind=ControlKind.UNKNOWN, name="conditions"))
    return Policy(
        id=str(document.get("id") or ""),
        name=str(document.get("displayName") or document.get("id") or ""),
        state=_state(document.get("state")),
        grants=grants,
        operator=str(member(document, "grantControls").get("operator") or ""),
        sessions=tuple(_sessions(document.get("sessionControls"))),
        user_risk=flags(conditions.get("userRiskLevels")),
        sign_in_risk=flags(conditions.get("signInRiskLevels")),
        conditions=conditions,
    )


def member(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object inside a document; empty when there is none."""
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def texts(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the texts of a list inside a document."""
    value = document.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def flags(value: object) -> tuple[str, ...]:
    """Read a flags enum, which Graph writes as one comma-separated text. A list of texts is accepted too."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return tuple(part.strip() for part in parts if isinstance(part, str) and part.strip())


def _state(value: object) -> PolicyState:
    return next((state for state in PolicyState if state.value == value), PolicyState.UNKNOWN)


def _grants(document: object) -> tuple[Control, ...]:
    if document is None:
        return ()
    if not isinstance(document, Mapping):
        return (Control(kind=ControlKind.UNKNOWN, name="grantControls"),)
    return tuple(_grant_controls(document))


def _grant_controls(document: Mapping[str, Any]) -> Iterator[Control]:
    yield from (
        Control(kind=_BUILT_IN.get(name, ControlKind.UNKNOWN), name=name)
        for name in _texts_of_list(document, "builtInControls")
    )
    for name, kind in (("termsOfUse", ControlKind.TERMS_OF_USE), ("customAuthenticationFactors", ControlKind.CUSTOM)):
        for control_name in _texts_of_list(document, name):
            yield Control(kind=ControlKind.UNKNOWN if control_name == f"{name}?" else kind, name=control_name)
    strength = document.get("authenticationStrength")
    if isinstance(strength, Mapping):
        yield Control(
            kind=ControlKind.STRENGTH, name=str(strength.get("displayName") or ""), strength=_strength(strength)
        )
    elif strength is not None:
        yield Control(kind=ControlKind.UNKNOWN, name="authenticationStrength")
    others = sorted(document.keys() - _GRANT_MEMBERS)
    yield from (
        Control(kind=ControlKind.UNKNOWN, name=other) for other in others if "@odata." not in other and document[other]
    )


def _texts_of_list(document: Mapping[str, Any], name: str) -> Iterator[str]:
    """Return the texts of a list. A value of another form is returned as one text, so that it is not lost."""
    value = document.get(name)
    if value is None:
        return
    if not isinstance(value, list):
        yield f"{name}?"
        return
    for item in value:
        yield item if isinstance(item, str) and item else f"{name}?"


def _strength(document: Mapping[str, Any]) -> Strength:
    listed = document.get("allowedCombinations")
    configurations = document.get("combinationConfigurations")
    restricted: set[str] = set()
    for configuration in configurations if isinstance(configurations, list) else ():
        restricted |= set(texts(configuration, "appliesToCombinations") if isinstance(configuration, Mapping) else ())
    return Strength(
        id=str(document.get("id") or ""),
        name=str(document.get("displayName") or ""),
        combinations=tuple(map(str, listed)) if isinstance(listed, list) and listed else None,
        restricted=frozenset(restricted),
    )


def _sessions(document: object) -> Iterator[Control]:
    if document is None:
        return
    if not isinstance(document, Mapping):
        yield Control(kind=ControlKind.UNKNOWN, name="sessionControls")
        return
    kinds = {kind.value: kind for kind in SESSION_KINDS}
    for name, value in sorted(document.items()):
        is_off = isinstance(value, Mapping) and value.get("isEnabled") is False
        if value is None or is_off or "@odata." in name or name in _HARMLESS_SESSION:
            continue
        yield Control(kind=kinds.get(name, ControlKind.UNKNOWN), name=name)

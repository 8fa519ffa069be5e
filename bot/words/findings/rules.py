"""The words for the rules about a partner's configuration, and about who can be a partner."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.words.settings.values import DOUBTS, title
from workflows.core.checks.findings import FindingCode
from workflows.core.checks.tenant_facts import CapabilityAccess
from workflows.core.errors.facts import Values
from workflows.core.settings.certainty import Doubt

FORMATS: Final[Mapping[FindingCode, str]] = {
    FindingCode.HALF_A_BLOCK: ("{setting}: block all people and all applications together, or neither of them."),
    FindingCode.NOBODY_OR_NOTHING: (
        "{setting}: allowed people need at least one application, and allowed applications need at least one person."
    ),
    FindingCode.ALL_AND_SOME: "{setting}: {everything} cannot be combined with other targets in a list.",
    FindingCode.UNCLEAR_LIST: "{setting}: it is not certain what this allows: {doubt}.",
    FindingCode.TWO_DENY_LISTS: (
        "{setting}: people and applications are both lists of exceptions. Microsoft's pages do not say whether the "
        "named people are blocked from everything, or only from the named applications."
    ),
    FindingCode.FOREIGN_IDS: (
        "{settings}: these users and groups are in the partner's directory, which nobody here can read. Compare the "
        "IDs with those that the partner sent."
    ),
    FindingCode.SYNCHRONIZATION_WITHOUT_REDEMPTION: (
        "Synchronization into this tenant requires automatic redemption inbound to be on."
    ),
    FindingCode.CROSS_CLOUD_DIRECT_CONNECT: (
        "{settings}: B2B direct connect does not work with a partner in another Microsoft cloud."
    ),
    FindingCode.CROSS_CLOUD: (
        "The partner is in another Microsoft cloud. Nothing works until both tenants enable each other's cloud. Both "
        "must also add each other by tenant ID. Removing such a partner blocks it."
    ),
    FindingCode.ENCRYPTED_MAIL: (
        "Encrypted mail of this partner cannot be opened. The allowed outbound applications do not include Microsoft "
        "Rights Management Services."
    ),
    FindingCode.LICENCE_P1: (
        "Single users, groups or applications, and inbound trust, need Microsoft Entra ID P1 in this tenant."
    ),
    FindingCode.LICENCE_P1_BOTH: "B2B direct connect needs Microsoft Entra ID P1 in both tenants.",
    FindingCode.CAPABILITIES_WITHOUT_COLLABORATION: (
        "Microsoft 365 capabilities need Microsoft 365 collaboration with the partner, and it is blocked."
    ),
    FindingCode.ORGANIZATION_RELATIONSHIPS_UNCHECKED: (
        "Whether Exchange has an organization relationship with this partner could not be checked. One takes priority "
        "over these capabilities until an Exchange administrator disables it. Look in Exchange admin center, "
        "Organization, Sharing."
    ),
    FindingCode.MICROSOFT_SUPPORT: (
        "This is the tenant of Microsoft's own support. Microsoft adds it automatically while a support case is open. "
        "It cannot be a partner."
    ),
    FindingCode.SERVICE_PROVIDER: (
        "This tenant is a service provider of ours (delegated administration). Its settings belong to that "
        "relationship and cannot be removed, so Gatehouse gives it no access. Change it in the Microsoft "
        "Entra admin center together with the contract."
    ),
    FindingCode.MULTI_TENANT_ORGANIZATION: (
        "This tenant is in our multi-tenant organization. The organization's templates also write its settings, and "
        "may overwrite what is approved here."
    ),
}
_LACKS_TRUST: Final = (
    "People who use B2B direct connect have no account here, so they cannot register MFA here. If Conditional Access "
    "requires MFA, they can sign in only if the partner's MFA is trusted (otherwise: AADSTS90071)."
)


def rule_words(code: FindingCode, values: Values) -> str:
    """Return the sentence for one of the findings in `FORMATS`."""
    worded_values = dict(values)
    if "setting" in values:
        worded_values["setting"] = title(values["setting"])
    if "settings" in values:
        worded_values["settings"] = "; ".join(map(title, values["settings"]))
    if "doubt" in values:
        worded_values["doubt"] = DOUBTS[Doubt(values["doubt"])]
    return FORMATS[code].format_map(worded_values)


def _direct_connect_without_trust(values: Values) -> str:
    if values["asks_for_mfa"] is None:
        return f"{_LACKS_TRUST} Whether it requires MFA could not be checked."
    return f"{_LACKS_TRUST} Choose a template that trusts it."


_PERMISSION: Final = "Policy.ReadWrite.CrossTenantCapability"
_UNAVAILABLE: Final[Mapping[object, str]] = {
    CapabilityAccess.NOT_GRANTED: (
        f"Gatehouse does not have the permission {_PERMISSION}. An admin can grant it to the bot's application in "
        "Microsoft Entra, with admin consent. Gatehouse sees it within an hour. Then send this again."
    ),
    CapabilityAccess.NOT_AVAILABLE: (
        "Microsoft has not made them available in this tenant yet. Gatehouse has the permission for them, so there is "
        "nothing to grant. Send this again later: Gatehouse asks every 15 minutes."
    ),
    CapabilityAccess.AVAILABLE: "This read failed. Send this again.",
}
_UNAVAILABLE_WHY_NOT_KNOWN: Final = (
    f"Either Gatehouse needs the permission {_PERMISSION}, or Microsoft has not made them available in this tenant "
    "yet. Ask an admin to run the command doctor, which says which of the two it is."
)


def _capabilities_unavailable(values: Values) -> str:
    why = _UNAVAILABLE.get(values.get("access"), _UNAVAILABLE_WHY_NOT_KNOWN)
    return f"The Microsoft 365 capabilities could not be read, so none can be written. {why}"


FUNCTIONS: Final[Mapping[FindingCode, Callable[[Values], str]]] = {
    FindingCode.CAPABILITIES_UNAVAILABLE: _capabilities_unavailable,
    FindingCode.DIRECT_CONNECT_WITHOUT_TRUST: _direct_connect_without_trust,
}

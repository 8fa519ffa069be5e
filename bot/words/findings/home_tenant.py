"""The words for what was read in the home tenant: the default, invitations, sharing, sign-ins, the partner's cloud."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.words.sentences import counted
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.facts import Values
from workflows.core.settings.model import Property

SENTENCES: Final[Mapping[FindingCode, str]] = {
    FindingCode.OTHER_CLOUD_BLOCKED: (
        "A tenant of another cloud is blocked until it is added here. After it is added, the tenant's default applies "
        "to every setting that the change does not set."
    ),
    FindingCode.MFA_REGISTRATION_UNCHECKED: (
        "Whether guests are excluded from the MFA registration policy could not be checked. Microsoft Graph v1.0 does "
        "not show it. If they are not, they must register MFA here, even if we accept theirs. Look in Entra admin "
        "center, ID Protection, Multifactor authentication registration policy."
    ),
    FindingCode.GUESTS_SEE_ALL: "Guests see this tenant's directory as members do.",
    FindingCode.DOMAIN_LIST_UNCHECKED: (
        "The allow and deny list of domains for invitations could not be checked. Microsoft Graph v1.0 does not show "
        "it. It can block invitations that this change allows. Look in Entra admin center, External Identities, "
        "External collaboration settings, Collaboration restrictions."
    ),
    FindingCode.SHAREPOINT_DISABLED: (
        "SharePoint and OneDrive do not share outside the organization. The change does not affect that."
    ),
    FindingCode.SHAREPOINT_EXISTING_ONLY: (
        "SharePoint and OneDrive share only with guests who are in this directory already."
    ),
    FindingCode.SHAREPOINT_NOT_LISTED: (
        "SharePoint and OneDrive share with listed domains only, and the partner's domain is not on the list."
    ),
    FindingCode.SHAREPOINT_BLOCKED: (
        "SharePoint and OneDrive do not share with the partner's domain, because it is on their block list."
    ),
}
_INVITERS: Final[Mapping[str, str]] = {
    "none": "Nobody can invite guests in this tenant, so no new guests can be added.",
    "adminsAndGuestInviters": "Only admins and guest inviters can invite the partner's people.",
    "adminsGuestInvitersAndAllMembers": "Every member of this tenant can invite the partner's people.",
    "everyone": "Everybody can invite the partner's people here, even guests.",
}
_TITLES: Final[Mapping[str, str]] = {
    Property.B2B_COLLABORATION_INBOUND: "B2B collaboration inbound",
    Property.B2B_COLLABORATION_OUTBOUND: "B2B collaboration outbound",
    Property.B2B_DIRECT_CONNECT_INBOUND: "B2B direct connect inbound",
    Property.B2B_DIRECT_CONNECT_OUTBOUND: "B2B direct connect outbound",
}


def _tenant_mismatch(values: Values) -> str:
    if values["domain_by_id"] is None:
        return (
            f"“{values['asked']}” belongs to the tenant {values['tenant_id']}, but Entra does not know a tenant with "
            "this ID. Ask the partner for their tenant ID."
        )
    return (
        f"Entra's two answers differ: “{values['asked']}” belongs to {values['default_domain']} (tenant "
        f"{values['tenant_id']}), and that ID belongs to {values['domain_by_id']}. Ask the partner."
    )


def _other_cloud(values: Values) -> str:
    enabled = ", ".join(values["clouds"]) or "which ones could not be read"
    return (
        "Entra does not know this tenant ID in our cloud, so its owner is not verified. Other clouds are enabled here "
        f"({enabled}). Ask the partner for their cloud and to confirm the ID."
    )


def _default_applies(values: Values) -> str:
    return f"{_not_blocked(values)}. This applies to this partner now, and the change does not affect it."


def _default_will_apply(values: Values) -> str:
    return f"{_not_blocked(values)}. After the change, this applies to this partner."


def _default_open(values: Values) -> str:
    return (
        f"{_not_blocked(values)}. If this partner's settings were removed instead of blocked, this would apply to them."
    )


def _not_blocked(values: Values) -> str:
    whose = "Microsoft's default" if values["is_microsofts"] else "This tenant's default"
    return f"{whose} does not block {', '.join(_TITLES[name] for name in values['settings'])}"


def _invitations(values: Values) -> str:
    allowed_for = values["allowed_for"]
    return _INVITERS.get(
        str(allowed_for), f"Who may invite guests could not be checked: {allowed_for!r} is unknown here."
    )


def _sign_ins(values: Values) -> str:
    days, limit = values["days"], _limit(values)
    if _is_nobody(values):
        return f"Nobody of the partner signed in successfully during the last {days} days. {limit}"
    people = counted(values["people"], "person", "people")
    sentence = f"{people} of the partner signed in to {_applications(values)} during the last {days} days. {limit}"
    return sentence if values["is_complete"] else f"At least {sentence}"


def _outbound_sign_ins(values: Values) -> str:
    days, limit = values["days"], _limit(values)
    if _is_nobody(values):
        return f"None of our people signed in at the partner successfully during the last {days} days. {limit}"
    applications = f"{_applications(values)} at the partner"
    sentence = f"{values['people']} of our people signed in to {applications} during the last {days} days. {limit}"
    return sentence if values["is_complete"] else f"At least {sentence}"


def _is_nobody(values: Values) -> bool:
    return values["people"] == 0 and bool(values["is_complete"])


def _limit(values: Values) -> str:
    return f"The log contains {values['days']} days at most. Earlier use is not known."


def _applications(values: Values) -> str:
    count, named = values["application_count"], values["applications"]
    names = ", ".join(name or "an application without a name" for name in named)
    if count > len(named):
        names += f" and {count - len(named)} more"
    applications = f"{counted(count, 'application')} ({names})"
    return applications if values["is_complete"] else f"at least {applications}"


_WHO: Final = "Gatehouse does not store who they are. Admins find them in Entra's sign-in logs."


def _lost_access_sentence(sign_ins_words: Callable[[Values], str]) -> Callable[[Values], str]:
    def words(values: Values) -> str:
        if values["is_certain"]:
            return f"{sign_ins_words(values)} These people lose access where the change reduces it. {_WHO}"
        return f"{sign_ins_words(values)} These people may lose access. {_WHO}"

    return words


def _ended_access_sentence(sign_ins_words: Callable[[Values], str]) -> Callable[[Values], str]:
    def words(values: Values) -> str:
        return (
            f"{sign_ins_words(values)} These people lose access. {_WHO}" if values["people"] else sign_ins_words(values)
        )

    return words


FUNCTIONS: Final[Mapping[FindingCode, Callable[[Values], str]]] = {
    FindingCode.TENANT_MISMATCH: _tenant_mismatch,
    FindingCode.OTHER_CLOUD: _other_cloud,
    FindingCode.DEFAULT_APPLIES: _default_applies,
    FindingCode.DEFAULT_WILL_APPLY: _default_will_apply,
    FindingCode.DEFAULT_OPEN: _default_open,
    FindingCode.INVITATIONS: _invitations,
    FindingCode.SIGN_INS: _sign_ins,
    FindingCode.OUTBOUND_SIGN_INS: _outbound_sign_ins,
    FindingCode.SIGN_INS_LOST: _lost_access_sentence(_sign_ins),
    FindingCode.OUTBOUND_SIGN_INS_LOST: _lost_access_sentence(_outbound_sign_ins),
    FindingCode.SIGN_INS_END: _ended_access_sentence(_sign_ins),
    FindingCode.OUTBOUND_SIGN_INS_END: _ended_access_sentence(_outbound_sign_ins),
}

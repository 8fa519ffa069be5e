"""The words for what could not be checked: why, which permission is needed, and where a person can look."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from bot.words.unavailable.not_read import UNREAD_REASON_WORDS
from workflows.core.checks.findings import FindingCode
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.errors.facts import Values


class _Subject(NamedTuple):
    """The subject of the sentence, and the place where a person can look."""

    subject: str
    where: str


SUBJECTS: Final[Mapping[FindingCode, _Subject]] = {
    FindingCode.DEFAULT_UNREADABLE: _Subject(
        "What the tenant's default allows",
        "Entra admin center, External Identities, Cross-tenant access settings, Default settings",
    ),
    FindingCode.INVITATIONS_UNREADABLE: _Subject(
        "Who may invite guests",
        "Entra admin center, External Identities, External collaboration settings",
    ),
    FindingCode.CONDITIONAL_ACCESS_UNREADABLE: _Subject(
        "What Conditional Access requires of guests",
        "Entra admin center, Conditional Access, Policies",
    ),
    FindingCode.SHAREPOINT_UNREADABLE: _Subject(
        "SharePoint's and OneDrive's own sharing settings",
        "SharePoint admin center, Policies, Sharing",
    ),
    FindingCode.SIGN_INS_UNREADABLE: _Subject(
        "Who of the partner signed in during the last {days} days",
        "Entra admin center, Sign-in logs, filtered by home tenant",
    ),
    FindingCode.OUTBOUND_SIGN_INS_UNREADABLE: _Subject(
        "Who of our people signed in at the partner during the last {days} days",
        "Entra admin center, Sign-in logs, filtered by resource tenant",
    ),
    FindingCode.TENANT_UNCONFIRMED: _Subject(
        "Whether Entra also knows the tenant by its ID",
        "Entra admin center, Cross-tenant access settings, Add organization",
    ),
    FindingCode.OWN_DOMAINS_UNREADABLE: _Subject(
        "Whether the domain looks like one of our own",
        "Entra admin center, Settings, Domain names",
    ),
    FindingCode.GROUPS_UNREADABLE: _Subject(
        "Whether the named groups are this tenant's",
        "Entra admin center, Groups",
    ),
    FindingCode.USERS_UNREADABLE: _Subject(
        "Whether the named users are this tenant's",
        "Entra admin center, Users",
    ),
    FindingCode.APPLICATIONS_UNREADABLE: _Subject(
        "Whether the named applications are this tenant's",
        "Entra admin center, Enterprise applications",
    ),
}
_CURES: Final[Mapping[UnreadableReason, str]] = {
    UnreadableReason.FORBIDDEN: "Grant the application {permission} with admin consent, or look in {where}.",
    UnreadableReason.NO_LICENCE: "Microsoft Graph shows it only to tenants with Entra ID P1 or P2. Look in {where}.",
}
_CURE: Final = "Look in {where}."


def unchecked_words(code: FindingCode, values: Values) -> str:
    """Return the sentences for a fact that could not be read."""
    why, read = UnreadableReason(values["why"]), SUBJECTS[code]
    subject = read.subject.format(days=values["days"])
    cure = _CURES.get(why, _CURE).format(permission=values["permission"], where=read.where)
    return f"{subject} could not be checked ({UNREAD_REASON_WORDS[why]}). {cure}"

"""A finding in a few words, for a card: what it is about. Details have the complete sentence."""

from collections.abc import Mapping
from typing import Final

from bot.words.sentences import counted
from workflows.core.checks.findings import Finding
from workflows.core.checks.findings import FindingCode as F

SHORT_WORDS: Final[Mapping[F, str]] = {
    F.TEXT: "earlier finding",
    F.NOBODY_OR_NOTHING: "a list that allows nobody or nothing",
    F.ALL_AND_SOME: "all and single targets in one list",
    F.HALF_A_BLOCK: "incomplete block",
    F.UNCLEAR_LIST: "list with unclear effect",
    F.TWO_DENY_LISTS: "two lists of blocked targets",
    F.FOREIGN_IDS: "IDs of the partner",
    F.DIRECT_CONNECT_WITHOUT_TRUST: "shared channels without accepted MFA",
    F.SYNCHRONIZATION_WITHOUT_REDEMPTION: "synchronization with consent prompts",
    F.CROSS_CLOUD_DIRECT_CONNECT: "shared channels with another Microsoft cloud",
    F.CROSS_CLOUD: "partner in another Microsoft cloud",
    F.ENCRYPTED_MAIL: "encrypted mail is blocked",
    F.LICENCE_P1: "license P1 is needed",
    F.LICENCE_P1_BOTH: "license P1 is needed in both tenants",
    F.CAPABILITIES_UNAVAILABLE: "capabilities of Microsoft 365 not available",
    F.CAPABILITIES_WITHOUT_COLLABORATION: "capabilities without Microsoft 365 collaboration",
    F.ORGANIZATION_RELATIONSHIPS_UNCHECKED: "organization relationship in Exchange",
    F.TENANT_MISMATCH: "domain and tenant ID do not match",
    F.OTHER_CLOUD: "owner of the tenant ID not verified",
    F.OTHER_CLOUD_BLOCKED: "other cloud, blocked until added",
    F.DEFAULT_APPLIES: "open default applies",
    F.DEFAULT_WILL_APPLY: "open default applies after the change",
    F.DEFAULT_OPEN: "open default",
    F.MFA_REGISTRATION_UNCHECKED: "where guests register MFA",
    F.INVITATIONS: "who may invite guests",
    F.GUESTS_SEE_ALL: "guests see all people and groups",
    F.DOMAIN_LIST_UNCHECKED: "list of domains for invitations",
    F.SHAREPOINT_DISABLED: "SharePoint sharing is off",
    F.SHAREPOINT_EXISTING_ONLY: "SharePoint: existing guests only",
    F.SHAREPOINT_NOT_LISTED: "domain is not on SharePoint's list",
    F.SHAREPOINT_BLOCKED: "SharePoint blocks this domain",
    F.SIGN_INS: "recent sign-ins here",
    F.OUTBOUND_SIGN_INS: "recent sign-ins of our people there",
    F.SIGN_INS_LOST: "people of theirs may lose access",
    F.OUTBOUND_SIGN_INS_LOST: "our people may lose access there",
    F.SIGN_INS_END: "people of theirs lose all access",
    F.OUTBOUND_SIGN_INS_END: "our people lose all access there",
    F.DEFAULT_UNREADABLE: "the tenant's default",
    F.INVITATIONS_UNREADABLE: "who may invite guests",
    F.CONDITIONAL_ACCESS_UNREADABLE: "Conditional Access",
    F.SHAREPOINT_UNREADABLE: "SharePoint sharing",
    F.SIGN_INS_UNREADABLE: "sign-in log",
    F.OUTBOUND_SIGN_INS_UNREADABLE: "sign-in log of our people",
    F.TENANT_UNCONFIRMED: "owner of the tenant ID",
    F.OWN_DOMAINS_UNREADABLE: "our own domains",
    F.GROUPS_UNREADABLE: "our groups",
    F.USERS_UNREADABLE: "our users",
    F.APPLICATIONS_UNREADABLE: "our applications",
    F.TARGET_GONE: "a target was deleted",
    F.TARGET_ABSENT: "a target does not exist",
    F.TARGET_NOT_INSTALLED: "an application is not installed",
    F.TARGET_IS_OURS: "an ID is ours, not the partner's",
    F.TARGETS_LEFT_OUT: "targets without a name check",
    F.TARGETS_NAMED: "names of our targets",
    F.TARGETS_THEIRS: "targets of the partner",
    F.TARGETS_IN_BOTH: "targets that both tenants know",
    F.MICROSOFT_SUPPORT: "tenant of Microsoft Support",
    F.SERVICE_PROVIDER: "our service provider",
    F.MULTI_TENANT_ORGANIZATION: "member of our multitenant organization",
    F.IDN: "domain with special characters",
    F.LOOK_ALIKE_SCRIPT: "domain looks like another one",
    F.IMITATES_MICROSOFT: "domain imitates Microsoft",
    F.LOOK_ALIKE: "domain looks like a known one",
    F.REPLACES_TEMPLATE: "replaces another template",
    F.KEEPS_APPROVAL_POLICY: "stricter approval policy is kept",
    F.RESTORES_A_PART: "restores only a part",
    F.RESTORES_INHERITANCE: "the default applies again",
    F.NOT_RESTORED: "settings that are not restored",
    F.AUTHOR_UNKNOWN: "author of the settings not known",
    F.MADE_BY: "author of the settings",
    F.EQUALS_NO_TEMPLATE: "no template has these settings",
    F.DRIFT_STAYS: "settings that nobody approved stay",
    F.RECORDS_UNREADABLE: "Gatehouse's records",
    F.OPEN_REQUEST: "another request is open",
    F.CA_LOCKED_OUT: "Conditional Access locks people out",
    F.CA_NOT_KNOWN: "Conditional Access with unknown effect",
    F.CA_DEPENDS: "Conditional Access with conditions",
    F.CA_REQUIRED_IN_OUR_TENANT: "Conditional Access here",
    F.CA_REQUIRED_IN_PARTNER_TENANT: "Conditional Access at the partner",
    F.CA_WORKS: "Conditional Access",
    F.CA_REPORT_ONLY: "policies in report-only mode",
    F.CA_ESTIMATE: "Conditional Access, partly estimated",
    F.CA_SHARED: "Conditional Access, estimated for many partners",
    F.CA_UNLISTED: "Conditional Access policies that are not listed",
}


def short_finding_words(code: F) -> str:
    """Return the subject of a finding in a few words, without a capital letter where the language allows it."""
    return SHORT_WORDS[code]


def short_issue_words(finding: Finding) -> str:
    """Return what a finding is about; where people lose access, how many, and that Details have more about it."""
    code, values = finding.code, finding.values
    if code not in _LOSSES or not values.get("people"):
        return SHORT_WORDS[code]
    whose, loss = _LOSSES[code]
    least = "" if values["is_complete"] else "at least "
    verb = "may lose" if code in _MAY and not values["is_certain"] else "lose"
    one = verb if verb.startswith("may") or values["people"] != 1 else "loses"
    return f"{least}{counted(values['people'], *whose)} {one} {loss}, see Details"


_THEIRS: Final = ("person of theirs", "people of theirs")
_OURS: Final = ("person of ours", "people of ours")
_LOSSES: Final[Mapping[F, tuple[tuple[str, str], str]]] = {
    F.SIGN_INS_LOST: (_THEIRS, "access"),
    F.OUTBOUND_SIGN_INS_LOST: (_OURS, "access there"),
    F.SIGN_INS_END: (_THEIRS, "all access"),
    F.OUTBOUND_SIGN_INS_END: (_OURS, "all access there"),
}
"""Whose people lose access, and which access. They signed in during the days that the log was read for."""
_MAY: Final = frozenset({F.SIGN_INS_LOST, F.OUTBOUND_SIGN_INS_LOST})

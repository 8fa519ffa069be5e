"""Findings about a request besides the change itself: errors, warnings, unchecked facts, notes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from workflows.core.errors.facts import Values
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode


class FindingCode(StrEnum):
    """What a finding says. A setting is named as Graph names it."""

    TEXT = "text"
    """A sentence that an earlier version stored in place of a code. Values: `text`."""

    HALF_A_BLOCK = "half_a_block"
    """Values: `setting`."""
    NOBODY_OR_NOTHING = "nobody_or_nothing"
    """Values: `setting`."""
    ALL_AND_SOME = "all_and_some"
    """Values: `setting`, `everything` (Graph's reserved word)."""
    UNCLEAR_LIST = "unclear_list"
    """Values: `setting`, `doubt`."""
    TWO_DENY_LISTS = "two_deny_lists"
    """Values: `setting`."""
    FOREIGN_IDS = "foreign_ids"
    """Values: `settings`."""
    DIRECT_CONNECT_WITHOUT_TRUST = "direct_connect_without_trust"
    """Values: `asks_for_mfa` (null: not known)."""
    SYNCHRONIZATION_WITHOUT_REDEMPTION = "synchronization_without_redemption"
    CROSS_CLOUD_DIRECT_CONNECT = "cross_cloud_direct_connect"
    """Values: `settings`."""
    CROSS_CLOUD = "cross_cloud"
    ENCRYPTED_MAIL = "encrypted_mail"
    """Values: `application`."""
    LICENCE_P1 = "licence_p1"
    LICENCE_P1_BOTH = "licence_p1_both"
    CAPABILITIES_UNAVAILABLE = "capabilities_unavailable"
    """The plan writes Microsoft 365 capabilities, and the list of them could not be read."""
    CAPABILITIES_WITHOUT_COLLABORATION = "capabilities_without_collaboration"
    """They have no effect, because Microsoft 365 collaboration with the partner is blocked."""
    ORGANIZATION_RELATIONSHIPS_UNCHECKED = "organization_relationships_unread"
    """An organization relationship in Exchange takes priority over capabilities, and cannot be read."""

    TENANT_MISMATCH = "tenant_mismatch"
    """Values: `asked`, `tenant_id`, `default_domain`, `domain_by_id` (null: Entra does not know the id)."""
    OTHER_CLOUD = "other_cloud"
    """Values: `clouds`; empty when they could not be read."""
    OTHER_CLOUD_BLOCKED = "other_cloud_blocked"
    DEFAULT_APPLIES = "default_applies"
    """The default applies now and after the plan. Values: `settings`, `is_microsofts`."""
    DEFAULT_WILL_APPLY = "default_will_apply"
    """Values: `settings`, `is_microsofts`."""
    DEFAULT_OPEN = "default_open"
    """The default would apply if the partner were removed. Values: `settings`, `is_microsofts`."""
    MFA_REGISTRATION_UNCHECKED = "mfa_registration_unread"
    INVITATIONS = "invitations"
    """Values: `allowed_for` (Graph's `allowInvitesFrom`, also an unknown value)."""
    GUESTS_SEE_ALL = "guests_see_all"
    DOMAIN_LIST_UNCHECKED = "domain_list_unread"
    SHAREPOINT_DISABLED = "sharepoint_disabled"
    SHAREPOINT_EXISTING_ONLY = "sharepoint_existing_only"
    SHAREPOINT_NOT_LISTED = "sharepoint_not_listed"
    SHAREPOINT_BLOCKED = "sharepoint_blocked"
    SIGN_INS = "sign_ins"
    """Values: `people`, `applications` (the first names), `application_count`, `is_complete`, `days`."""
    OUTBOUND_SIGN_INS = "outbound_sign_ins"
    """Values: the same as of `sign_ins`."""
    SIGN_INS_LOST = "sign_ins_lost"
    """Values: the same as of `sign_ins`, and `is_certain`."""
    OUTBOUND_SIGN_INS_LOST = "outbound_sign_ins_lost"
    """Values: the same as of `sign_ins_lost`."""
    SIGN_INS_END = "sign_ins_end"
    """All access closes. Values: as of `sign_ins`."""
    OUTBOUND_SIGN_INS_END = "outbound_sign_ins_end"
    """All access closes. Values: as of `sign_ins`."""

    DEFAULT_UNREADABLE = "default_unread"
    """Values of this and every other `…_unread` code: `why`, `permission`, `days` (of the sign-in log)."""
    INVITATIONS_UNREADABLE = "invitations_unread"
    CONDITIONAL_ACCESS_UNREADABLE = "conditional_access_unread"
    SHAREPOINT_UNREADABLE = "sharepoint_unread"
    SIGN_INS_UNREADABLE = "sign_ins_unread"
    OUTBOUND_SIGN_INS_UNREADABLE = "outbound_sign_ins_unread"
    TENANT_UNCONFIRMED = "tenant_unconfirmed"
    OWN_DOMAINS_UNREADABLE = "own_domains_unread"
    GROUPS_UNREADABLE = "groups_unread"
    USERS_UNREADABLE = "users_unread"
    APPLICATIONS_UNREADABLE = "applications_unread"

    TARGET_GONE = "target_gone"
    """Values: `setting`, `kind`, `id`."""
    TARGET_ABSENT = "target_absent"
    """Values: `setting`, `kind`, `id`, `label` (of the form's field; null: not typed there)."""
    TARGET_NOT_INSTALLED = "target_not_installed"
    """Values: `kind`, `id`, `label`."""
    TARGET_IS_OURS = "target_is_ours"
    """Values: `setting`, `kind`, `id`, `label`, `name`."""
    TARGETS_LEFT_OUT = "targets_left_out"
    """Values: `count`, `most`."""
    TARGETS_NAMED = "targets_named"
    """Values: `targets`, each with `kind`, `id` and `name`."""
    TARGETS_THEIRS = "targets_theirs"
    """Values: `ids`."""
    TARGETS_IN_BOTH = "targets_in_both"
    """Values: `targets`, each with `id` and `name`."""

    MICROSOFT_SUPPORT = "microsoft_support"
    SERVICE_PROVIDER = "service_provider"
    MULTI_TENANT_ORGANIZATION = "multi_tenant_organization"
    IDN = "idn"
    """Values: `shown`, `domain`."""
    LOOK_ALIKE_SCRIPT = "look_alike_script"
    """Values: `shown`, `latin`."""
    IMITATES_MICROSOFT = "imitates_microsoft"
    """Values: `domain`."""
    LOOK_ALIKE = "look_alike"
    """Values: `domain`, `likeness`, `is_own`, `other`; `in_file`: the other is only in another row of a file."""

    REPLACES_TEMPLATE = "replaces_template"
    """Values: `before` and `after`, each with `title`, `ends_at` and `review_days` (null: none).

    For settings of no template the title after is empty, and each also has `at_end`.
    """
    KEEPS_APPROVAL_POLICY = "keeps_approval_policy"
    """Values: `template`, `alone`, `needed`; the last two are lists of stages, each with `title` and `quorum`."""
    RESTORES_A_PART = "restores_a_part"
    """Values: `request_id`."""
    RESTORES_INHERITANCE = "restores_inheritance"
    """Values: `request_id`."""
    NOT_RESTORED = "not_restored"
    """Values: `request_id`, `names`."""
    AUTHOR_UNKNOWN = "author_unknown"
    """It is not known who made all settings that are adopted. Values: `why` (`UnknownAuthor`)."""
    MADE_BY = "made_by"
    """Who made the settings that are adopted. Values: `names`."""
    EQUALS_NO_TEMPLATE = "equals_no_template"
    DRIFT_STAYS = "drift_stays"
    """A reduction leaves settings that nobody approved. Values: `settings`; empty when only inherited values differ."""
    RECORDS_UNREADABLE = "records_unread"
    OPEN_REQUEST = "open_request"
    """Values: `refusal`, the fact of `RefusalCode.OPEN_REQUEST` with its `code` and `values`."""

    CA_LOCKED_OUT = "ca_locked_out"
    """Values: `verdicts`, a list of objects, each about one policy.

    Each object has `policy_id`, `policy`, `is_enforced`, `visitors`, `meaning`, `where_it_applies`, `reasons`,
    `conditions` (each with the `count` of its values), `remedies`, `source`.
    """
    CA_NOT_KNOWN = "ca_not_known"
    """Values: `verdicts`."""
    CA_DEPENDS = "ca_depends"
    """Values: `verdicts`."""
    CA_REQUIRED_IN_OUR_TENANT = "ca_asked_here"
    """Values: `verdicts`."""
    CA_REQUIRED_IN_PARTNER_TENANT = "ca_asked_there"
    """Values: `verdicts`."""
    CA_WORKS = "ca_works"
    """Values: `verdicts`."""
    CA_REPORT_ONLY = "ca_report_only"
    """Policies that are not enforced. Values: `verdicts`."""
    CA_ESTIMATE = "ca_estimate"
    """Entra did not evaluate every sign-in.

    Values: `why` (null: there were too many), `answered` and `left_out` (numbers of sign-ins), `questions` (some of
    the others).
    """
    CA_SHARED = "ca_shared"
    """Entra was asked once for all partners with this access, and not about each of them. No values."""
    CA_UNLISTED = "ca_unlisted"
    """Entra's evaluation names policies that its list does not contain. Values: `policies`, `count`."""


NEVER_READABLE: Final = frozenset({FindingCode.MFA_REGISTRATION_UNCHECKED, FindingCode.DOMAIN_LIST_UNCHECKED})
"""What Microsoft Graph v1.0 does not show of any tenant: the same for every request."""


class Severity(StrEnum):
    """The severity of a finding."""

    ERROR = "error"
    """The plan breaks a rule and cannot be approved."""
    WARNING = "warning"
    """An approver must consider it before deciding."""
    UNCHECKED = "unchecked"
    """The fact could not be read. It does not mean that there is no problem."""
    NOTE = "note"


class Source(StrEnum):
    """The source of a finding, when it is not a page of Microsoft."""

    OWN_RULE = "own_rule"
    """A rule of Gatehouse for what Microsoft does not document."""
    RECORDS = "records"
    """The records of Gatehouse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding, as a code with values. The sentence is made in `bot/words`."""

    code: FindingCode
    severity: Severity
    source: str
    """A member of `Source`, or the title of the vendor's page."""
    values: Values = field(default_factory=dict)
    """The values of the code. A finding of an earlier version has its whole sentence as `text`."""

    def __hash__(self) -> int:
        """Hash only the code, because values may be lists. Equal findings have equal codes."""
        return hash(self.code)

    def as_value(self) -> dict[str, Any]:
        """Return the finding as a JSON value; `finding_from_value` reads it again."""
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "source": self.source,
            "values": dict(self.values),
        }


def finding_from_value(value: Mapping[str, Any]) -> Finding:
    """Read a finding from the JSON value that `Finding.as_value` made."""
    return Finding(
        code=FindingCode(value["code"]),
        severity=Severity(value["severity"]),
        source=str(value["source"]),
        values=value["values"],
    )


class PlanBreaksRules(InvalidField):
    """A plan breaks one or more rules. `code` is the code of the first one, for the audit log."""

    def __init__(self, field: str, errors: Sequence[Finding]) -> None:
        super().__init__(field, RefusalCode.PLAN_BREAKS_RULES, errors=[error.as_value() for error in errors])
        self.code = errors[0].code
        self.errors = tuple(errors)


def require_no_errors(findings: Iterable[Finding], field: str) -> tuple[Finding, ...]:
    """Check that no finding is an error, and return the findings.

    :param field: the name of the form's field that shows the errors.
    :raises UnfitPlan: when there are errors; it contains all of them.
    """
    found = tuple(findings)
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if errors:
        raise PlanBreaksRules(field, errors)
    return found

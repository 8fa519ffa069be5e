"""The codes of problems with Entra: no answer, refusals, unusable answers. They are stored, so none is ever renamed."""

from enum import StrEnum


class Purpose(StrEnum):
    """The purpose of a call to Graph. A problem contains it as `purpose` in its value `call`."""

    NAME_HOME = "name_home"
    """Read the id of our own tenant."""
    LIST_OWN_DOMAINS = "list_own_domains"
    FIND_TENANT = "find_tenant"
    """Find the tenant of a name. Values: `of`: a domain or tenant id."""
    SHOW_PARTNER = "show_partner"
    """Read a partner's own configuration. Values: `of`: its tenant id."""
    LIST_PARTNERS = "list_partners"
    SHOW_DEFAULT = "show_default"
    CHANGE_PARTNER = "change_partner"
    LIST_MEMBERS = "list_members"
    """List the members of a group. Values: `of`: its id."""
    READ_GROUP = "read_group"
    """Read a group that keeps a role, and its owners. Values: `of`: its id."""
    FIND_ACCOUNTS = "find_accounts"
    FIND_BY_NAME = "find_by_name"
    """Search objects by name. Values: `kind`: user, group or application."""
    NAME_OBJECT = "name_object"
    """Read the name of an object. Values: `kind`; `of`: its id."""
    SHOW_ACCESS_POLICY = "show_access_policy"
    SHOW_AUTHORIZATION = "show_authorization"
    SHOW_SHAREPOINT = "show_sharepoint"
    LIST_CONDITIONAL_ACCESS = "list_conditional_access"
    EVALUATE_ACCESS = "evaluate_access"
    """Ask which Conditional Access policies apply."""
    COUNT_SIGN_INS = "count_sign_ins"
    LIST_GUESTS = "list_guests"
    READ_PARTNER_CHANGES = "read_partner_changes"


class TenantCode(StrEnum):
    """The code of a problem with Entra. The value `call` is the call: its `purpose`, with `of` and `kind`."""

    # Entra refuses
    REFUSED_BY_ENTRA = "refused_by_entra"
    """Values: `call`, `status`, `code`, `says` (Graph's message), `request_id`, `permission` (needed for the call),
    `meaning` (a `KnownRefusal`, or null)."""
    CREDENTIALS_REFUSED = "credentials_refused"
    """Values: `says`."""
    NO_SUCH_GROUP = "no_such_group"
    """Nothing was sent, because the configured text is no object id. Values: `group`."""

    # Entra does not answer now
    THROTTLED = "throttled_by_entra"
    """Values: `call`, `request_id`, `seconds` (the requested pause, or null)."""
    ANSWERED_OTHERWISE = "answered_otherwise"
    """The status does not show whether the request was carried out. Values: `call`, `status`, `request_id`, `is_write`.
    """
    NO_TOKEN = "no_token"  # noqa: S105
    """Nothing was sent. Values: `says`."""
    NO_CREDENTIALS = "no_credentials"
    """Nothing was sent. Values: `says`: the reason of the last credential; empty when none is configured."""
    TOO_LATE = "too_late"
    """Values: `call`, `is_sent`, `is_write`."""
    UNREACHABLE = "entra_unreachable"
    """Nothing was sent. Values: `call`."""
    BROKEN_OFF = "broken_off"
    """The connection broke. Values: `call`, `is_write`."""
    OUT_OF_TURN = "out_of_turn"
    """The limit of requests of this kind is reached."""
    HOME_NOT_KNOWN = "home_not_known"
    """It is not known yet which tenant Graph answers for. Nothing was sent."""
    WRONG_TENANT = "answers_for_other_tenant"
    """Nothing was sent. Values: `found`, `expected`."""

    # What Entra answers cannot be used
    UNREADABLE_ANSWER = "unreadable_answer"
    """Values: `call`, `request_id`."""
    UNREADABLE_LIST = "unreadable_list"
    """Values: `call`, `request_id`."""
    ENDLESS_LIST = "endless_list"
    """A list did not end, or a link in it goes to another server. Values: `call`."""
    PARTIAL_LIST = "partial_list"
    """Values: `call`."""
    REPEATED_POLICY = "repeated_policy"
    """Values: `call`."""
    NAMES_NOTHING = "names_nothing"
    """Values: `call`."""
    NAMES_NO_TENANT = "names_no_tenant"
    """Values: `call`."""
    NOT_ONE_ORGANIZATION = "not_one_organization"
    NO_OWN_DOMAINS = "no_own_domains"
    PARTNER_IS_NO_TENANT = "partner_is_no_tenant"
    """The list of partners contains an entry without a tenant id."""
    PARTNERS_CHANGED = "partners_changed"
    """The list of partners changed while it was read."""
    NO_DEFAULT = "no_default"
    """Values: `call`."""
    MEMBERS_WITHOUT_KIND = "members_without_kind"
    """Values: `call`."""
    TOO_MANY_CHANGES = "too_many_changes"
    """The audit log has more entries than are read."""


class KnownRefusal(StrEnum):
    """A refusal that Microsoft's pages explain."""

    OBJECT_LIMIT = "object_limit"
    """The older storage of cross-tenant access settings is full."""

"""The sentences for every problem with Entra: the call, the answer, and the correction."""

from collections.abc import Callable, Mapping
from typing import Final

from workflows.core.errors.facts import Fact, Values
from workflows.core.errors.tenant_problems import KnownRefusal, Purpose, TenantCode

ASKED: Final[Mapping[Purpose, str]] = {
    Purpose.NAME_HOME: "name this tenant",
    Purpose.LIST_OWN_DOMAINS: "list this tenant's own domains",
    Purpose.FIND_TENANT: "look up the tenant {of}",
    Purpose.SHOW_PARTNER: "show the partner configuration of {of}",
    Purpose.LIST_PARTNERS: "list the partners",
    Purpose.READ_CAPABILITIES: "show Microsoft 365 capabilities",
    Purpose.SHOW_DEFAULT: "show the default configuration",
    Purpose.CHANGE_PARTNER: "change the partner configuration",
    Purpose.LIST_MEMBERS: "list the members of the group {of}",
    Purpose.READ_GROUP: "read the group {of} and its owners",
    Purpose.FIND_ACCOUNTS: "look up accounts",
    Purpose.FIND_BY_NAME: "look up a {kind} by its name",
    Purpose.NAME_OBJECT: "name the {kind} {of}",
    Purpose.SHOW_ACCESS_POLICY: "show the cross-tenant access policy",
    Purpose.SHOW_AUTHORIZATION: "show the authorization policy",
    Purpose.SHOW_SHAREPOINT: "show SharePoint's settings",
    Purpose.LIST_CONDITIONAL_ACCESS: "list Conditional Access policies",
    Purpose.EVALUATE_ACCESS: "evaluate Conditional Access policies",
    Purpose.COUNT_SIGN_INS: "count the partner's sign-ins",
    Purpose.LIST_GUESTS: "list the guests",
    Purpose.READ_PARTNER_CHANGES: "read who changed the partner",
    Purpose.READ_GUEST_ACCOUNT: "show the account {of}",
    Purpose.READ_DIRECTORY_ROLES: "list who has a directory role",
    Purpose.CHANGE_GUEST_ACCOUNT: "disable or enable the account",
}
"""What was asked; completes "Entra refused to …"."""

MEANINGS: Final[Mapping[KnownRefusal, str]] = {
    KnownRefusal.OBJECT_LIMIT: (
        "This is Microsoft's object limit. The older storage of cross-tenant access settings has 25 KB for all "
        "partners together. Since August 2023, Microsoft moves tenants to a newer storage without a limit on partners. "
        "Ask Microsoft support whether this tenant is still to be moved. If you delete a partner to make space, the "
        "tenant's defaults apply to it."
    ),
}
"""The explanation of a refusal, from Microsoft's pages."""

_CREDENTIALS_CURE: Final = (
    "Check the bot's credentials (AZURE_TENANT_ID, AZURE_CLIENT_ID and its secret or certificate)."
)
_GUESTS_CREDENTIALS_CURE: Final = (
    "Check the credentials for guest accounts (GUESTS_AZURE_CLIENT_ID and its secret or certificate)."
)
_WITH_GUESTS_APPLICATION: Final = frozenset(
    {Purpose.READ_GUEST_ACCOUNT, Purpose.READ_DIRECTORY_ROLES, Purpose.CHANGE_GUEST_ACCOUNT}
)
"""What is asked with the application for guest accounts."""


def entra_words(fact: Fact) -> str:
    """State a problem with Entra. It may contain text from outside."""
    sentence = SENTENCES[TenantCode(fact.code)]
    return sentence(fact.values) if callable(sentence) else sentence.format_map(fact.values)


def _purpose_words(values: Values) -> str:
    call = values["call"]
    return ASKED[Purpose(call["purpose"])].format_map(call)


def _footnote(values: Values) -> str:
    return f" (request id {values['request_id']})" if values["request_id"] else ""


def _doubt(values: Values) -> str:
    return ". The result is unknown until it is read back." if values["is_write"] else "."


def _refused(values: Values) -> str:
    status, number = values["status"], values["request_id"]
    status_and_id = f"{status} {values['code']}".rstrip() + (f", request id {number}" if number else "")
    sentence = f"Entra refused to {_purpose_words(values)}: {values['says'] or 'no reason given'} ({status_and_id})."
    is_for_guests = Purpose(values["call"]["purpose"]) in _WITH_GUESTS_APPLICATION
    if status == 401:
        return f"{sentence} {_GUESTS_CREDENTIALS_CURE if is_for_guests else _CREDENTIALS_CURE}"
    if status == 403:
        application = "The application for guest accounts" if is_for_guests else "The application"
        return f"{sentence} {application} needs the permission {values['permission']} with admin consent."
    return sentence if values["meaning"] is None else f"{sentence} {MEANINGS[KnownRefusal(values['meaning'])]}"


def _token_refused(values: Values) -> str:
    is_for_guests = Purpose(values["call"]["purpose"]) in _WITH_GUESTS_APPLICATION
    cure = _GUESTS_CREDENTIALS_CURE if is_for_guests else _CREDENTIALS_CURE
    says = values["says"] or "no reason given"
    status_and_id = f"{values['status']} {values['code']}".rstrip()
    status_and_id += f", request id {values['request_id']}" if values["request_id"] else ""
    return f"Entra refused the token twice when asked to {_purpose_words(values)}: {says} ({status_and_id}). {cure}"


def _surplus(values: Values) -> str:
    application = "The application for guest accounts" if values["is_for_guests"] else "The bot's application"
    return (
        f"{application} has permissions that it does not need: {values['permissions']}. Nothing that opens access is "
        "written. Remove them in Entra, or name them in GATEHOUSE_ALLOWED_PERMISSIONS."
    )


def _throttled(values: Values) -> str:
    asks = "" if values["seconds"] is None else f" It asks the bot to wait {values['seconds']:.0f} seconds."
    return f"Entra limits the bot's requests now and did not {_purpose_words(values)}{_footnote(values)}.{asks}"


def _no_credentials(values: Values) -> str:
    last = f" The last one tried says: {values['says']}." if values["says"] else ""
    return (
        "The bot has no credentials for Entra. Nothing was sent. Set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
        "AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH, or run it where it has a workload or managed identity."
        f"{last}"
    )


def _too_late(values: Values) -> str:
    result = _doubt(values) if values["is_sent"] else ". Nothing was sent."
    return f"Entra took too long to {_purpose_words(values)}{result}"


def _when_asked(start: str) -> Callable[[Values], str]:
    """Return the sentence about an answer that cannot be used."""
    return lambda values: f"{start} when asked to {_purpose_words(values)}."


SENTENCES: Final[Mapping[TenantCode, str | Callable[[Values], str]]] = {
    TenantCode.REFUSED_BY_ENTRA: _refused,
    TenantCode.CREDENTIALS_REFUSED: f"Entra refused the bot's credentials: {{says}}. {_CREDENTIALS_CURE}",
    TenantCode.GUEST_CREDENTIALS_REFUSED: (
        f"Entra refused the credentials for guest accounts: {{says}}. {_GUESTS_CREDENTIALS_CURE}"
    ),
    TenantCode.GUEST_ACCOUNTS_NOT_SET_UP: (
        "Gatehouse cannot disable or enable guest accounts: GUESTS_AZURE_CLIENT_ID is not set. Nothing was sent."
    ),
    TenantCode.NO_SUCH_GROUP: lambda values: (
        f"{values['group']!r} is not a group. Give the object ID of an Entra group."
    ),
    TenantCode.THROTTLED: _throttled,
    TenantCode.ANSWERED_OTHERWISE: lambda values: (
        f"Entra answered {values['status']} when asked to {_purpose_words(values)}{_footnote(values)}{_doubt(values)}"
    ),
    TenantCode.NO_TOKEN: "Entra gives no token now: {says}. Nothing was sent.",
    TenantCode.NO_CREDENTIALS: _no_credentials,
    TenantCode.TOO_LATE: _too_late,
    TenantCode.UNREACHABLE: lambda values: f"Entra could not be reached to {_purpose_words(values)}. Nothing was sent.",
    TenantCode.BROKEN_OFF: lambda values: (
        f"The connection to Entra broke while Gatehouse asked it to {_purpose_words(values)}{_doubt(values)}"
    ),
    TenantCode.OUT_OF_TURN: "Entra accepts no more requests of this kind now.",
    TenantCode.NOT_CALLED: "Entra did not answer the last requests, so Gatehouse waits before it asks again.",
    TenantCode.TOKEN_REFUSED_TWICE: _token_refused,
    TenantCode.SURPLUS_PERMISSIONS: _surplus,
    TenantCode.HOME_NOT_KNOWN: "Microsoft Graph has not said yet which tenant it answers for. Nothing was sent.",
    TenantCode.WRONG_TENANT: (
        "Microsoft Graph answers for the tenant {found}, not for {expected} (AZURE_TENANT_ID). Nothing was sent."
    ),
    TenantCode.UNREADABLE_ANSWER: lambda values: (
        f"Entra's answer could not be read when asked to {_purpose_words(values)}{_footnote(values)}."
    ),
    TenantCode.UNREADABLE_LIST: lambda values: (
        f"Entra's list could not be read when asked to {_purpose_words(values)}{_footnote(values)}."
    ),
    TenantCode.ENDLESS_LIST: _when_asked("Entra's list did not end, or continued at another address,"),
    TenantCode.PARTIAL_LIST: _when_asked("Entra's answer was incomplete"),
    TenantCode.REPEATED_POLICY: _when_asked("Entra's answer names a policy twice"),
    TenantCode.NAMES_NOTHING: _when_asked("Entra's answer names nothing"),
    TenantCode.NAMES_NO_TENANT: _when_asked("Entra's answer does not name the tenant"),
    TenantCode.NOT_ONE_ORGANIZATION: "Entra did not name this tenant: exactly one organization was expected.",
    TenantCode.NO_OWN_DOMAINS: "Entra did not name this tenant's own domains.",
    TenantCode.PARTNER_IS_NO_TENANT: "Entra's list of partners names something that is no tenant.",
    TenantCode.PARTNERS_CHANGED: "Entra's list of partners changed while it was read. Try again.",
    TenantCode.NO_DEFAULT: _when_asked("Entra's answer is no default configuration"),
    TenantCode.MEMBERS_WITHOUT_KIND: _when_asked("Entra did not say which are people"),
    TenantCode.TOO_MANY_CHANGES: "Entra's audit log holds too many changes since then to be read.",
}

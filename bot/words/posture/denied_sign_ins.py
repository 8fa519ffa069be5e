"""The sentences about sign-ins that our settings deny to people of tenants without an entry.

The name that a tenant has chosen for itself is never among them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.words.findings.diagnosis.sign_in_codes import CODE_WORDS, code_name
from bot.words.sentences import counted, day
from workflows.core.errors.facts import Values
from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES

HOW_TO_ASK: Final = (
    "Whoever expects these people asks for access with /partner request, and types the domain that the partner named."
)
WHY_ONE: Final = "With one mail address, /partner diagnose shows why that person is refused."
_MEANING_HERE: Final[Mapping[int, str]] = {
    500213: "Our inbound settings do not let this person in.",
    90071: "Conditional Access here asks for MFA, and our settings do not trust that of their tenant.",
}
"""Codes whose usual words name a tenant as if it might be another one."""
STAYS_OUT: Final = "You need to do nothing: they stay out. Anybody can cause such sign-ins."
NOT_ALL_READ: Final = "Not all of the sign-in log could be counted, so there may be more."
NO_DOMAIN: Final = "not known"


def denied_alarm_words(values: Values) -> tuple[str, str]:
    """Return the problem and the advice of an alarm about one tenant. Neither names the tenant."""
    (tenant,) = values["tenants"]
    problem = (
        f"Our settings refused {sign_ins_words(values)} of {people_words(tenant)} since {day(values['since'])}. "
        "Their tenant has no entry in the cross-tenant access settings."
    )
    return problem, f"{STAYS_OUT} {HOW_TO_ASK} {WHY_ONE}"


def denied_to_many_words(values: Values) -> tuple[str, str]:
    """Return the problem and the advice of the alarm about many tenants."""
    least = "at least " if values["at_least"] else ""
    problem = (
        f"Our settings refused {sign_ins_words(values)} of people of {least}{counted(values['count'], 'tenant')} since "
        f"{day(values['since'])}. None of these tenants has an entry in the cross-tenant access settings."
    )
    advice = f"{STAYS_OUT} So many tenants at once may be an attack. Dismiss is also for further tenants in that time."
    return problem, advice


def denied_tenants_words(values: Values) -> str:
    """Return the tenants by id and domain, for a place without formats."""
    tenants = "; ".join(f"{one['tenant']} (domain: {one['domain'] or NO_DOMAIN})" for one in values["tenants"])
    more = values["count"] - len(values["tenants"])
    return f"{'Tenant' if values['count'] == 1 else 'Tenants'}: {tenants}{f'; and {more} more' if more else ''}."


def sign_ins_words(values: Mapping[str, Any]) -> str:
    """Return how many sign-ins were denied."""
    return f"{'at least ' if values.get('at_least') else ''}{counted(values['sign_ins'], 'sign-in')}"


def people_words(tenant: Mapping[str, Any]) -> str:
    """Return of how many people, as far as the log names them."""
    if not tenant["people"]:
        return "people whom the log does not name"
    return f"{'at least ' if tenant['more_people'] else ''}{counted(tenant['people'], 'person', 'people')}"


def code_lines(codes: Sequence[int]) -> list[str]:
    """Return each of Microsoft's codes with what it means here, where our settings refused."""
    return [
        f"{code_name(code)}: {_MEANING_HERE.get(code, CODE_WORDS[code].meaning)}"
        for code in codes
        if code in SIGN_IN_CODES
    ]

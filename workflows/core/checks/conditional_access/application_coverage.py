"""Find from a policy's document which applications it covers."""

from enum import IntEnum
from typing import Final

from workflows.core.checks.conditional_access.policy import Policy, member, texts
from workflows.core.settings.model import OFFICE_365

ALL: Final = "All"
"""The word for all applications in a policy of Conditional Access."""
_SUITES: Final = frozenset({OFFICE_365.lower(), "microsoftadminportals"})


class Coverage(IntEnum):
    """Whether a policy covers an application or a group of applications."""

    NO = 0
    PERHAPS = 1
    PARTLY = 2
    WHOLLY = 3


def covers(policy: Policy, application: str) -> Coverage:
    """Return whether a policy covers an application.

    :param application: an application id, `All` or `Office365`. The last two are many, so a part may be covered.
    """
    rule = member(policy.conditions, "applications")
    included = frozenset(name.lower() for name in texts(rule, "includeApplications"))
    excluded = frozenset(name.lower() for name in texts(rule, "excludeApplications"))
    coverage = _covers(application, included, excluded)
    if member(rule, "applicationFilter"):
        # It adds or removes applications by an attribute that was not read.
        return Coverage.PERHAPS
    return coverage


def covers_everything(policy: Policy) -> bool:
    """Return whether a policy covers all applications except those that it excludes."""
    rule = member(policy.conditions, "applications")
    return ALL in texts(rule, "includeApplications")


def is_about_applications(policy: Policy) -> bool:
    """Return whether a policy is about applications, not about an action or an authentication context."""
    rule = member(policy.conditions, "applications")
    return not any(
        texts(rule, name) for name in ("includeUserActions", "includeAuthenticationContextClassReferences")
    ) and bool(texts(rule, "includeApplications"))


def named_applications(policy: Policy) -> tuple[str, ...]:
    """Return the applications that a policy names and does not exclude."""
    rule = member(policy.conditions, "applications")
    excluded = frozenset(name.lower() for name in (*texts(rule, "excludeApplications"), ALL, "None"))
    return tuple(name for name in texts(rule, "includeApplications") if name.lower() not in excluded)


def _covers(application: str, included: frozenset[str], excluded: frozenset[str]) -> Coverage:
    application_id, left = application.lower(), included - excluded - {"none"}
    if not left or (application_id in excluded and application_id != ALL.lower()):
        return Coverage.NO
    # A single application may belong to a suite that is excluded.
    is_doubtful = bool(excluded & _SUITES)
    if application_id == ALL.lower():
        if ALL.lower() in left:
            return Coverage.PARTLY if excluded else Coverage.WHOLLY
        return Coverage.PERHAPS if is_doubtful and not left & _SUITES else Coverage.PARTLY
    if application_id in left or ALL.lower() in left:
        if application_id in _SUITES:
            return Coverage.PARTLY if excluded else Coverage.WHOLLY
        return Coverage.PERHAPS if is_doubtful else Coverage.WHOLLY
    return Coverage.PERHAPS if application_id in _SUITES or left & _SUITES or _unknown_words(left) else Coverage.NO


def _unknown_words(included: frozenset[str]) -> bool:
    """Return whether something is included that is neither an id nor a known word; it may be many applications."""
    return any("-" not in name for name in included)

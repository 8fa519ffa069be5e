"""Sentences about the people who decide: what changed in their profile, and what is unusual."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from bot.words.names.partners import verified_name
from bot.words.sentences import and_list, counted, day
from workflows.core.errors.facts import Fact, Values, facts_from_values
from workflows.core.policy.approval import Choice
from workflows.core.policy.delegation.deciders.unusual import UnusualCode
from workflows.core.policy.delegation.profiles import ProfilePart
from workflows.core.requests.request import AccessRequest

_PARTS: Final[Mapping[ProfilePart, str]] = {
    ProfilePart.CHAT_MAIL: "mail address in the chat system",
    ProfilePart.CHAT_NAME: "name in the chat system",
    ProfilePart.CHAT_USER: "user in the chat system",
    ProfilePart.ACCOUNT: "Entra account",
    ProfilePart.ACCOUNT_MAIL: "Entra mail address",
    ProfilePart.ACCOUNT_NAME: "Entra display name",
}


def profile_words(name: str, changes: Iterable[Values]) -> str:
    """State what changed in a person's profile and when: "Amara's Entra account was changed on Nov 26, 2026."

    Between two readings nobody knows the day, so both are named.
    """
    by_time: dict[str, list[str]] = {}
    for change in changes:
        before, noticed = day(change["unchanged_at"]), day(change["noticed_at"])
        when = f"on {noticed}" if before == noticed else f"between {before} and {noticed}"
        by_time.setdefault(when, []).append(_PARTS[ProfilePart(change["part"])])
    return " ".join(
        f"{name}'s {and_list(parts)} {'was' if len(parts) == 1 else 'were'} changed {when}."
        for when, parts in by_time.items()
    )


def profile_lines(request: AccessRequest) -> Iterator[str]:
    """Yield a sentence for each approval of this plan whose person's profile had changed shortly before."""
    for decision in request.decisions:
        if decision.profile_changes and decision.choice is Choice.APPROVE and decision.digest == request.plan.digest:
            changes = [
                {"part": one.part, "unchanged_at": one.unchanged_at, "noticed_at": one.noticed_at}
                for one in decision.profile_changes
            ]
            yield profile_words(decision.person.name, changes)


def profile_changed_words(values: Values) -> str:
    """Tell the other approvers of a request."""
    name = values["name"]
    return (
        f"{values['partner']}: {name} approved {values['request']} (high risk). "
        f"{profile_words(name, values['changes'])} Ask {name} in person or by phone whether this was meant. "
        "If it was not, tell an admin."
    )


def _outside_hours(values: Values) -> str:
    return f"outside their working hours, at {values['local']} {values['zone']}"


def _fast(values: Values) -> str:
    return f"{counted(values['seconds'], 'second')} after the approvers were asked"


def _many(values: Values) -> str:
    usual = f"at most {values['usual']} before" if values["usual"] else "none in the 30 days before"
    return f"{values['count']} approvals within 24 hours, {usual}"


_UNUSUAL: Final = {UnusualCode.OUTSIDE_HOURS: _outside_hours, UnusualCode.FAST: _fast, UnusualCode.MANY: _many}


def unusual_alarm_words(values: Mapping[str, Any]) -> str:
    """Return what is unusual about which approvals, for the admins."""
    rows = "; ".join(map(_unusual_row, values["decisions"]))
    more = f" And {counted(values['others'], 'other')}." if values["others"] else ""
    return f"Unusual: {rows}.{more}"


def _unusual_row(row: Values) -> str:
    facts: tuple[Fact, ...] = facts_from_values(row["unusual"])
    why = and_list([_UNUSUAL[UnusualCode(fact.code)](fact.values) for fact in facts])
    return f"{row['person']} approved {_named(row)} ({why})"


def _named(row: Values) -> str:
    partner, request = row["partner"], row["request"]
    return f"batch {request}" if partner == request else f"{verified_name(partner)}, {request}"

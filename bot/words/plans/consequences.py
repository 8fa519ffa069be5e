"""The words for the consequences of a plan that an approver must know besides the settings."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from bot.words.names.actions import COMMANDS, Action
from bot.words.plans.changes import duration_words
from bot.words.sentences import counted, last_day
from bot.words.settings.capabilities import EXCHANGE_UNCHECKED, ONE_WAY
from bot.words.settings.open_access import access_kind_titles, access_kinds_words
from workflows.core.checks.consequences import Consequence
from workflows.core.errors.facts import Fact, Values
from workflows.core.settings.open_access import AccessState, OpenAccess

_SENTENCES: Final[Mapping[Consequence, str]] = {
    Consequence.NOT_DELETED: (
        "This blocks the partner instead of deleting it. After a deletion the tenant's defaults would apply, and they "
        "usually allow B2B collaboration."
    ),
    Consequence.NOT_DELETED_ELSEWHERE: (
        "The partner is blocked by settings of its own. It is in another Microsoft cloud, where removing it would "
        "block it as well."
    ),
    Consequence.KEPT: (
        "The partner's entry is kept, not deleted. After a deletion the tenant's defaults would apply, and they "
        "usually allow B2B collaboration."
    ),
    Consequence.KEPT_ELSEWHERE: (
        "The partner's entry is kept, not deleted. The partner is in another Microsoft cloud, where removing its entry "
        "would block it as well."
    ),
    Consequence.TOKENS: (
        "Issued tokens usually work for up to one more hour. A token lifetime policy can make this longer."
    ),
    Consequence.GUESTS_STAY: (
        "Signed-in guests are affected at their next sign-in or token refresh. Their guest accounts stay. Only their "
        "own tenant can end their sessions."
    ),
    Consequence.SYNCHRONIZED_STAY: "Users who are already synchronized stay. No new ones are added.",
    Consequence.ENCRYPTED_MAIL: ("Blocking every application outbound also blocks encrypted (rights-protected) mail."),
    Consequence.TRUST: (
        "Conditional Access still applies. What we accept from the partner satisfies its requirements."
    ),
    Consequence.REDEMPTION_INBOUND: (
        "Their people still see the consent prompt until the partner sets automatic redemption, outbound. Gatehouse "
        "cannot see or set that."
    ),
    Consequence.REDEMPTION_OUTBOUND: (
        "Our people still see the consent prompt until the partner sets automatic redemption, inbound. Gatehouse "
        "cannot see or set that."
    ),
    Consequence.SYNCHRONIZATION_THEIRS: (
        "Users are synchronized only after the partner sets automatic redemption, outbound, and runs a provisioning "
        "job. That job defines what happens to the accounts of people who leave."
    ),
    Consequence.DIRECT_CONNECT: (
        "B2B direct connect (shared channels without guest accounts) works only after the partner allows it too."
    ),
    Consequence.ONE_WAY: ONE_WAY,
    Consequence.UNMANAGED_UNKNOWN: (
        "Whether an administrator manages the partner's tenant is not known. Microsoft Graph does not say it."
    ),
    Consequence.EXCHANGE_UNCHECKED: EXCHANGE_UNCHECKED,
    Consequence.ONLY_NAMED: (
        "For this partner, an “only” list blocks everything that it does not name, even if the tenant's default "
        "allows it."
    ),
    Consequence.NOTHING_OF_ITS_OWN: (
        "The partner has no settings of its own after this, so the tenant's defaults apply. Its entry is kept, not "
        "deleted."
    ),
    Consequence.DEPENDS_ON_DEFAULT: (
        "Some settings use the tenant's default before or after this change. That default decides whether they give "
        "more or less access."
    ),
    Consequence.UNKNOWN_VALUES: (
        "This version of Gatehouse cannot read some values. Whether they give or block access is not known."
    ),
}

STAYS_UNTIL_REVOKED: Final = "stays until somebody revokes it"
"""What happens after the end of an access, in the words of every surface."""
ALWAYS_TRUE: Final = frozenset(
    {
        Consequence.NOT_DELETED,
        Consequence.NOT_DELETED_ELSEWHERE,
        Consequence.KEPT,
        Consequence.KEPT_ELSEWHERE,
        Consequence.TOKENS,
        Consequence.GUESTS_STAY,
        Consequence.SYNCHRONIZED_STAY,
        Consequence.ENCRYPTED_MAIL,
        Consequence.TRUST,
        Consequence.REDEMPTION_INBOUND,
        Consequence.REDEMPTION_OUTBOUND,
        Consequence.SYNCHRONIZATION_THEIRS,
        Consequence.DIRECT_CONNECT,
        Consequence.ONLY_NAMED,
        Consequence.ONE_WAY,
        Consequence.UNMANAGED_UNKNOWN,
    }
)
"""What is true of every change of this kind, whatever the partner: how Entra works. It has no values."""


def consequence_words(fact: Fact) -> str:
    """Return the sentence for one consequence of a plan."""
    code = Consequence(fact.code)
    return _SENTENCES[code] if code in _SENTENCES else _FUNCTIONS[code](fact.values)


def _not_closed(values: Values) -> str:
    left = [OpenAccess(name=kind["name"], opening=AccessState(kind["opening"])) for kind in values["ways"]]
    return f"Still open or not known after this: {access_kinds_words(left, with_graph_names=True)}."


def _not_touched(values: Values) -> str:
    settings = access_kind_titles(values["settings"], with_graph_names=True)
    return f"Also set for this partner and not changed: {settings}."


def _written_last(values: Values) -> str:
    names = access_kind_titles(values["names"], with_graph_names=True)
    return f"Sent last, because Microsoft may refuse it: {names}. The other changes stay in place in that case."


def _partner_steps(values: Values) -> str:
    steps, checklist = counted(values["count"], "step"), COMMANDS[Action.CHECKLIST]
    them = "it" if values["count"] == 1 else "them"
    done = (
        f"Partner setup: {steps} for the partner's administrator, not confirmed. Gatehouse cannot see the partner's "
        f"tenant, so the sponsor confirms {them}. {checklist} lists {them}"
    )
    return f"{done}." if values["is_applied"] else f"{done} after the change is applied."


def _extends(values: Values) -> str:
    lasts = f"until {last_day(values['ends_at'])} (UTC)" if "ends_at" in values else f"for another {_duration(values)}"
    counted = "" if "ends_at" in values else ", counted from the last approval"
    return f"No setting changes. The partner's current settings are approved {lasts}{counted}."


def _stays_open(values: Values) -> str:
    after = f"{last_day(values['ends_at'])} (UTC)" if "ends_at" in values else _duration(values)
    return f"After {after}, the sponsor is asked. Access {STAYS_UNTIL_REVOKED}."


def _blocked_at_end(values: Values) -> str:
    after = f"{last_day(values['ends_at'])} (UTC)" if "ends_at" in values else _duration(values)
    return f"After {after}, the partner is blocked unless it is extended."


def default_guests_end_words(*, is_at_end: bool) -> str:
    """Say that a block also ends what the tenant's default gave this partner's guests without a request."""
    return f"{'The block at the end' if is_at_end else 'This block'} ends guest access by default, too."


def _default_guests_end(values: Values) -> str:
    return default_guests_end_words(is_at_end=values["is_at_end"])


def _duration(values: Values) -> str:
    return duration_words(timedelta(seconds=values["seconds"]))


_FUNCTIONS: Final[Mapping[Consequence, Callable[[Values], str]]] = {
    Consequence.NOT_CLOSED: _not_closed,
    Consequence.NOT_TOUCHED: _not_touched,
    Consequence.WRITTEN_LAST: _written_last,
    Consequence.PARTNER_STEPS: _partner_steps,
    Consequence.EXTENDS: _extends,
    Consequence.BLOCKED_AT_END: _blocked_at_end,
    Consequence.DEFAULT_GUESTS_END: _default_guests_end,
    Consequence.STAYS_OPEN: _stays_open,
}

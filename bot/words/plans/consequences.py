"""The words for what an approver must know besides the settings."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from bot.words.actions import COMMANDS, Action
from bot.words.plans.changes import duration_words
from bot.words.settings.openness import access_kind_title, access_kinds_words
from bot.words.settings.values import title
from workflows.core.checks.consequences import Consequence
from workflows.core.errors.facts import Fact, Values
from workflows.core.settings.openness import OpenAccess, Openness
from workflows.core.text import counted

_SENTENCES: Final[Mapping[Consequence, str]] = {
    Consequence.NOT_DELETED: (
        "This blocks the partner and does not delete it: a deleted partner would fall back to the tenant's defaults, "
        "which usually allow B2B collaboration."
    ),
    Consequence.NOT_DELETED_ELSEWHERE: (
        "The partner is blocked by settings of its own. It is in another Microsoft cloud, where removing it would "
        "block it as well."
    ),
    Consequence.KEPT: (
        "The partner's entry is kept, not deleted: a deleted partner would fall back to the tenant's defaults, which "
        "usually allow B2B collaboration."
    ),
    Consequence.KEPT_ELSEWHERE: (
        "The partner's entry is kept, not deleted. The partner is in another Microsoft cloud, where removing its entry "
        "would block it as well."
    ),
    Consequence.TOKENS: (
        "Tokens that are already issued usually keep working for up to an hour; longer where a token lifetime policy "
        "says so."
    ),
    Consequence.GUESTS_STAY: (
        "Guests who are signed in now notice it at their next sign-in or token refresh; their guest accounts stay. "
        "Their sessions belong to their own tenant, and only that tenant can end them."
    ),
    Consequence.SYNCHRONIZED_STAY: "Users who were already synchronized stay; no further ones come.",
    Consequence.ENCRYPTED_MAIL: ("Blocking every application outbound also blocks encrypted (rights-protected) mail."),
    Consequence.TRUST: (
        "Trust does not switch Conditional Access off: what it requires is still required, and the partner's claim "
        "satisfies it."
    ),
    Consequence.REDEMPTION_INBOUND: (
        "Their people keep seeing the consent prompt until the partner also sets its outbound half of automatic "
        "redemption. Gatehouse cannot see or set that half."
    ),
    Consequence.REDEMPTION_OUTBOUND: (
        "Our people keep seeing the consent prompt until the partner also sets its inbound half of automatic "
        "redemption. Gatehouse cannot see or set that half."
    ),
    Consequence.SYNCHRONIZATION_THEIRS: (
        "Users come only when the partner also sets its outbound half of automatic redemption and runs a provisioning "
        "job. What that job does with people who leave is set there."
    ),
    Consequence.DIRECT_CONNECT: "B2B direct connect works only when the partner sets its half too.",
    Consequence.ONLY_NAMED: (
        "Whatever an “only” list does not name is blocked for this partner, even where the tenant's default allows it."
    ),
    Consequence.NOTHING_OF_ITS_OWN: (
        "No setting of its own is left to this partner: the tenant's defaults apply to it. Its entry stays; it is not "
        "deleted."
    ),
    Consequence.DEPENDS_ON_DEFAULT: (
        "Where a setting inherits the tenant's default before or after, it depends on that default whether the change "
        "opens or narrows it."
    ),
    Consequence.UNKNOWN_VALUES: (
        "Some values cannot be read by this version of Gatehouse; whether they open or close anything is not known."
    ),
}


def consequence_words(fact: Fact) -> str:
    """Return the sentence for one consequence of a plan."""
    code = Consequence(fact.code)
    return _SENTENCES[code] if code in _SENTENCES else _MADE[code](fact.values)


def _not_closed(values: Values) -> str:
    left = [OpenAccess(name=kind["name"], opening=Openness(kind["opening"])) for kind in values["ways"]]
    return f"Not closed for certain after this: {access_kinds_words(left)}."


def _not_touched(values: Values) -> str:
    return f"Set for this partner as well, and not changed by this: {', '.join(map(title, values['settings']))}."


def _written_last(values: Values) -> str:
    names = "; ".join(map(access_kind_title, values["names"]))
    return f"Written last, and Microsoft may refuse it; everything before it stands all the same: {names}."


def _partner_steps(values: Values) -> str:
    steps, checklist = counted(values["count"], "step"), COMMANDS[Action.CHECKLIST]
    if values["is_applied"]:
        return (
            f"Ours is one half: {steps} for the partner's administrator, unknown to Gatehouse until the sponsor "
            f"confirms them. {checklist} has them."
        )
    return (
        f"Ours is one half: {steps} for the partner's administrator, unknown to Gatehouse until the sponsor confirms "
        f"them. {checklist} has them once this is applied."
    )


def _extends(values: Values) -> str:
    lasts = f"until {values['ends_at'][:10]} (UTC)" if "ends_at" in values else f"for another {_duration(values)}"
    counted = "" if "ends_at" in values else ", counted from the last approval"
    return f"Nothing is written to the tenant: all that stands for this partner is approved {lasts}{counted}."


def _stays_open(values: Values) -> str:
    after = f"on {values['ends_at'][:10]} (UTC)" if "ends_at" in values else f"after {_duration(values)}"
    return (
        f"Nothing closes by itself {after}: the sponsor is then asked to revoke the access or to "
        "have a new request approved."
    )


def _duration(values: Values) -> str:
    return duration_words(timedelta(seconds=values["seconds"]))


_MADE: Final[Mapping[Consequence, Callable[[Values], str]]] = {
    Consequence.NOT_CLOSED: _not_closed,
    Consequence.NOT_TOUCHED: _not_touched,
    Consequence.WRITTEN_LAST: _written_last,
    Consequence.PARTNER_STEPS: _partner_steps,
    Consequence.EXTENDS: _extends,
    Consequence.STAYS_OPEN: _stays_open,
}

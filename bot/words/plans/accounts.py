"""Disabling and enabling guest accounts in words: what is written and what stays, who is left alone, how many."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.words.sentences import comma_list, counted
from workflows.core.plans.accounts import (
    MAX_ACCOUNTS,
    AccountChange,
    AccountEnd,
    AccountLeft,
    AccountPlan,
    AccountProgress,
    LeftAlone,
    PlannedAccount,
)
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.guest_accounts import MAX_WRITES

VERIFIED: Final = "(verified)"
NAMES_FOR_ADMINS: Final = "Names are shown to admins, and to approvers while they decide."
GROUPS: Final = f"in groups of {MAX_WRITES}"
STAYS: Final = "Nothing is deleted. Accounts, groups and licences stay."
SESSIONS: Final = "Who is signed in now is usually signed out within an hour."
_ENABLED: Final = "An enabled guest can sign in to your tenant again, as far as the partner's settings allow it."
_NO_UNDO: Final = "There will be no Undo: the partner is blocked, so no account of it can be enabled."
NEVER_WRITTEN: Final = (
    "Never written: members, people with a directory role, and accounts that are synchronized from your own servers."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeWords:
    """What is said about one kind of change. All in lower case but titles and sentences."""

    verb: str
    doing: str
    done: str
    form_title: str
    confirm_title: str
    effect: str
    """What the change means, before somebody chooses."""
    after: str
    """What stays and what it means, below the accounts."""


CHANGES: Final[Mapping[AccountChange, ChangeWords]] = {
    AccountChange.DISABLE: ChangeWords(
        verb="disable",
        doing="disabling",
        done="disabled",
        form_title="Disable guest accounts",
        confirm_title="Confirm disabling",
        effect=f"A disabled guest cannot sign in to your tenant. {STAYS} {SESSIONS}",
        after=f"{STAYS} {SESSIONS}",
    ),
    AccountChange.ENABLE: ChangeWords(
        verb="enable",
        doing="enabling",
        done="enabled",
        form_title="Enable guest accounts",
        confirm_title="Confirm enabling",
        effect=f"{_ENABLED} The approvers of this partner decide.",
        after=_ENABLED,
    ),
}
LEFT_ALONE: Final[Mapping[LeftAlone, tuple[str, str]]] = {
    LeftAlone.MEMBER: ("member", "members"),
    LeftAlone.HAS_ROLE: ("with a directory role", "with a directory role"),
    LeftAlone.SYNCHRONIZED: ("synchronized", "synchronized"),
    LeftAlone.ALREADY: ("already {done}", "already {done}"),
    LeftAlone.SAME_ADDRESS: ("with the address of another account", "with the address of another account"),
    LeftAlone.MADE_HERE: ("made here without an invitation", "made here without an invitation"),
    LeftAlone.OTHER_PARTNER: ("of another partner", "of another partner"),
    LeftAlone.NOT_FOUND: ("not found among the partner's guests", "not found among the partner's guests"),
    LeftAlone.GONE: ("that no longer exists", "that no longer exist"),
    LeftAlone.CHANGED: ("changed since the preview", "changed since the preview"),
}
"""Why accounts are left alone, after a number: of one, and of several."""
ENDS: Final[Mapping[AccountEnd, str]] = {
    AccountEnd.SENT: "sent, not read back yet",
    AccountEnd.DONE: "{done}, read back",
    AccountEnd.LEFT_ALONE: "left alone",
    AccountEnd.GONE: "no longer exists",
    AccountEnd.REFUSED: "refused by Microsoft Graph",
    AccountEnd.NOT_SHOWN: "accepted, but not shown by Microsoft Graph",
}
_MAX_ROLES: Final = 3


def account_name(account: PlannedAccount | AccountLeft) -> str:
    """Return the name and the address of an account: "Ann Li (ann@contoso.com)"."""
    name = account.name or account.mail or account.id
    return f"{name} ({account.mail})" if account.mail and account.mail != name else name


def left_words(left: AccountLeft, change: AccountChange) -> str:
    """Return why one account is left alone: "with a directory role: User Administrator"."""
    return reason_words(left.reason, left.values, change)


def reason_words(reason: LeftAlone, values: Mapping[str, Any], change: AccountChange) -> str:
    """Return a reason to leave an account alone: "with a directory role: User Administrator".

    :param values: see `LeftAlone`; empty where they are not known.
    """
    words = LEFT_ALONE[reason][0].format(done=CHANGES[change].done)
    if roles := values.get("roles"):
        more = f" and {len(roles) - _MAX_ROLES} more" if len(roles) > _MAX_ROLES else ""
        return f"{words}: {comma_list(list(roles[:_MAX_ROLES]))}{more}"
    return f"{words}: {partner}" if (partner := values.get("partner")) else words


def left_counts_words(counts: Mapping[LeftAlone, int], change: AccountChange) -> str:
    """Return how many accounts are left alone, by reason: "2 members, 1 synchronized"; empty for none."""
    done = CHANGES[change].done
    shown = [(counts[reason], LEFT_ALONE[reason]) for reason in LeftAlone if counts.get(reason)]
    return comma_list([counted(count, *words).format(done=done) for count, words in shown])


def accounts_words(plan: AccountPlan) -> str:
    """Return how many accounts a plan writes: "37 guest accounts"."""
    return counted(len(plan.accounts), "guest account")


def accounts_title(plan: AccountPlan) -> str:
    """Return the title of a request: "Disable 37 guest accounts"."""
    return f"{CHANGES[plan.change].verb.capitalize()} {accounts_words(plan)}"


def accounts_state_words(request: AccessRequest) -> str:
    """Return the state of a request about guest accounts with its numbers; empty where it has none."""
    plan = None if request.prepared is None else request.plan.accounts
    if plan is None:
        return ""
    words, progress = CHANGES[plan.change], request.accounts or AccountProgress()
    done, count = progress.count(AccountEnd.DONE), len(plan.accounts)
    if request.state is RequestState.AWAITING_CONFIRMATION:
        return f"confirm {words.doing} {accounts_words(plan)}"
    if request.state is RequestState.APPLYING:
        return f"{words.doing} guest accounts, {count - len(progress.remaining(plan)):,} of {count:,}"
    number = accounts_words(plan) if done == count else f"{done:,} of {accounts_words(plan)}"
    if request.state is RequestState.APPLIED:
        return f"{words.done} {number} {VERIFIED}"
    return f"stopped, {words.done} {number} {VERIFIED}" if request.is_terminal and done else ""


def after_words(plan: AccountPlan, *, is_partner_closed: bool) -> str:
    """Return what stays and what a plan means, before it is confirmed.

    :param is_partner_closed: whether the partner is revoked or suspended.
    """
    after = CHANGES[plan.change].after
    return f"{after} {_NO_UNDO}" if is_partner_closed and plan.change is AccountChange.DISABLE else after


def limits_words(plan: AccountPlan) -> Iterator[str]:
    """Return what the preview does not contain, one sentence each."""
    if plan.more:
        yield f"{unchecked_words(plan.more)} Ask again for them afterwards."
    if not plan.is_complete:
        yield "Not everything could be read, so there may be more guests."


def unchecked_words(more: int) -> str:
    """State how many accounts nobody checked, and why."""
    words = counted(more, "more account was", "more accounts were")
    return f"{words} not checked, because one plan has at most {MAX_ACCOUNTS:,}."


def result_words(plan: AccountPlan, progress: AccountProgress) -> str:
    """Return what came of the accounts so far: "35 disabled (read back), 1 left alone, 1 refused"."""
    done = CHANGES[plan.change].done
    counts = [(progress.count(end), words.format(done=done)) for end, words in ENDS.items()]
    parts = [f"{count:,} {words}" for count, words in counts if count]
    if progress.sending:
        parts.append(f"{len(progress.sending):,} sent, no answer yet")
    if not_sent := len(progress.remaining(plan)):
        parts.append(f"{not_sent:,} not sent")
    return comma_list(parts)

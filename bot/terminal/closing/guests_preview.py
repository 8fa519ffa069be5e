"""Print which guest accounts would be disabled, who is left alone, and what does not happen. Nothing is stored."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console

from bot.terminal.printing import safe_text
from bot.words.names.partners import verified_name
from bot.words.plans.accounts import (
    CHANGES,
    account_name,
    accounts_title,
    left_counts_words,
    left_words,
    limits_words,
)
from bot.words.reviews.guests import MATCHES
from workflows.core.partners.reviewing.evidence.usage import GuestMatch
from workflows.core.plans.accounts import AccountPlan

MAX_LEFT: Final = 100
"""Accounts that are left alone and are named; more are counted."""


def print_accounts(partner: str, plan: AccountPlan, console: Console) -> None:
    """Print every account that would be written, with why it counts as the partner's."""
    console.print(safe_text(f"{verified_name(partner)}: {accounts_title(plan).lower()}", style="bold"))
    for line in _lines(plan):
        console.print(safe_text(line))


def _lines(plan: AccountPlan) -> Iterator[str]:
    for one in plan.accounts:
        yield f"- {account_name(one)}: found {MATCHES[GuestMatch(one.why)]}"
    if left := left_counts_words(plan.left_counts, plan.change):
        yield f"Left alone: {left}"
    for account in plan.left_alone[:MAX_LEFT]:
        yield f"- {account_name(account)}: {left_words(account, plan.change)}"
    yield from limits_words(plan)
    yield CHANGES[plan.change].after

"""What came of guest accounts, with the reason of each, and what a preview does not contain."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.slack.cards.approval.sections.accounts import account_items
from bot.slack.cards.approval.sections.accounts_card import accounts_card
from bot.words.plans.accounts import limits_words
from bot.words.requests.states import account_end_words
from tests.bench.account_surfaces import account_request
from tests.workflows.core.builders import NOW, accounts_plan, noted
from workflows.app.evidence.guests.chosen import MAX_CHOSEN
from workflows.core.errors.facts import Fact, Facts
from workflows.core.people import PersonId
from workflows.core.plans.accounts import (
    MAX_ACCOUNTS,
    AccountChange,
    AccountEnd,
    AccountPlan,
    AccountProgress,
    AccountResult,
    LeftAlone,
)
from workflows.core.requests.request import RequestState
from workflows.ports.guest_accounts import MAX_WRITES

DENIED = noted("Microsoft Graph answered 403: the account has an active role.")


def plan(**changes: object) -> AccountPlan:
    """A plan that disables guests of Contoso."""
    accounts = accounts_plan().accounts
    assert accounts is not None
    return replace(accounts, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("end", "left", "reason", "words"),
    [
        (AccountEnd.DONE, None, (), "disabled, read back"),
        (
            AccountEnd.REFUSED,
            None,
            DENIED,
            "refused by Microsoft Graph: Microsoft Graph answered 403: the account has an active role",
        ),
        (AccountEnd.REFUSED, None, (), "refused by Microsoft Graph"),
        (
            AccountEnd.LEFT_ALONE,
            LeftAlone.HAS_ROLE,
            (Fact("has_role", {"roles": ["User Administrator"]}),),
            "left alone: with a directory role: User Administrator",
        ),
        (AccountEnd.LEFT_ALONE, LeftAlone.CHANGED, (), "left alone: changed since the preview"),
    ],
)
def test_each_account_has_what_came_of_it_and_why(
    end: AccountEnd, left: LeftAlone | None, reason: Facts, words: str
) -> None:
    accounts = plan()
    one = accounts.accounts[0]
    progress = AccountProgress(results=(AccountResult(id=one.id, end=end, at=NOW, left=left, reason=reason),))
    assert account_end_words(accounts, progress, one) == words


def test_what_has_no_answer_and_what_was_not_sent_are_told_apart() -> None:
    accounts = plan()
    progress = AccountProgress(sending=(PersonId("guest-0"),))
    said = [account_end_words(accounts, progress, one) for one in accounts.accounts]
    assert said == ["sent, no answer yet", "not sent", "not sent"]


def test_details_say_why_an_account_was_refused() -> None:
    request = account_request(AccountChange.DISABLE)
    refused = AccountResult(id=PersonId("guest-0"), end=AccountEnd.REFUSED, at=NOW, reason=DENIED)
    request = replace(request, accounts=AccountProgress(results=(refused,)))
    assert "the account has an active role; found by mail domain" in str(next(iter(account_items(request))))


def test_a_preview_does_not_promise_accounts_that_nobody_checked() -> None:
    [words] = limits_words(plan(more=37))
    at_most = f"because one plan has at most {MAX_ACCOUNTS:,}."
    assert words == f"37 more accounts were not checked, {at_most} Ask again for them afterwards."
    assert [*limits_words(plan())] == []


def test_the_size_of_a_group_is_that_of_the_writes() -> None:
    running = replace(account_request(AccountChange.DISABLE), state=RequestState.APPLYING)
    assert f"written in groups of {MAX_WRITES}." in str(accounts_card(running, now=NOW).blocks)


def test_the_page_about_guests_has_the_limits_of_now() -> None:
    page = " ".join((Path(__file__).parents[4] / "docs/guests.md").read_text().split())
    assert f"One plan has at most {MAX_ACCOUNTS:,} accounts" in page
    assert f"written in groups of {MAX_WRITES}." in page
    assert f"a list of at most {MAX_CHOSEN} mail addresses" in page

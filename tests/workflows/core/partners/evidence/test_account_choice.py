"""Which accounts of the list a plan writes."""

from dataclasses import replace
from typing import Any

from tests.workflows.core.builders import NOW, planned_accounts
from tests.workflows.guest_accounts import guest, listed
from workflows.core.partners.reviewing.evidence.account_choice import AccountChoice, undo_plan
from workflows.core.partners.reviewing.evidence.guest_listing import GuestRow
from workflows.core.partners.reviewing.evidence.guest_state import Oddity
from workflows.core.partners.reviewing.evidence.usage import GuestFinding, GuestMatch
from workflows.core.plans.accounts import AccountChange, AccountPlan, LeftAlone


def row(number: int, match: GuestMatch = GuestMatch.MAIL, /, **changes: Any) -> GuestRow:
    """One row of the list."""
    of_row = {name: changes.pop(name) for name in ("finding", "oddities") if name in changes}
    return GuestRow(account=listed(guest(number), **changes), match=match, **of_row)


def chosen(*rows: GuestRow, others: dict[Any, str] | None = None, **how: Any) -> AccountPlan:
    """The plan that disables of these rows who may be."""
    choice = AccountChoice(AccountChange.DISABLE, **how)
    for one in rows:
        choice.take(one)
    states = {one.account.id: guest(int(one.account.id[6:]), mail=one.account.mail) for one in choice.candidates}
    return choice.plan(states, {}, others or {}, is_complete=True)


def reasons(plan: AccountPlan) -> dict[str, LeftAlone]:
    """Why each account is left alone."""
    return {one.id: one.reason for one in plan.left_alone}


def test_an_account_that_is_listed_twice_is_taken_once() -> None:
    plan = chosen(row(0), row(0), row(1))
    assert [one.id for one in plan.accounts] == ["guest-0", "guest-1"]
    assert plan.accounts[0].why == "mail"
    assert plan.left_counts == {}


def test_an_address_of_two_accounts_is_left_alone_also_when_a_sign_in_shows_the_second() -> None:
    same = {"mail": "guest0@contoso.com"}
    seen = row(1, GuestMatch.SIGN_IN, **same)
    assert reasons(chosen(row(0), seen)) == {"guest-0": LeftAlone.SAME_ADDRESS, "guest-1": LeftAlone.SAME_ADDRESS}
    unlike = row(1, GuestMatch.SIGN_IN, mail="somebody@fabrikam.com")
    assert reasons(chosen(row(0), unlike)) == {}
    doubled = row(1, oddities=(Oddity.SAME_ADDRESS,), **same)
    assert [one.id for one in chosen(row(0), doubled, chosen={row(1).account.id}).accounts] == ["guest-1"]


def test_an_own_account_is_not_named_and_its_address_is_left_alone() -> None:
    own = row(1, GuestMatch.OWN_ACCOUNT, mail="guest0@contoso.com", oddities=(Oddity.SAME_ADDRESS,))
    assert reasons(chosen(row(0), own)) == {"guest-0": LeftAlone.SAME_ADDRESS}
    assert reasons(chosen(row(0), own, chosen={own.account.id})) == {"guest-1": LeftAlone.NOT_FOUND}


def test_an_account_without_an_address_shares_it_with_nobody() -> None:
    assert reasons(chosen(row(0, mail=""), row(1, mail=""))) == {}


def test_an_address_of_another_partner_is_left_alone() -> None:
    plan = chosen(row(0, GuestMatch.SIGN_IN), others={row(0).account.id: "fabrikam.com"})
    assert [(one.reason, one.values) for one in plan.left_alone] == [
        (LeftAlone.OTHER_PARTNER, {"partner": "fabrikam.com"})
    ]


def test_only_what_a_review_finds_is_taken_when_that_is_asked_for() -> None:
    plan = chosen(row(0), row(1, finding=GuestFinding.UNUSED), only_found=True)
    assert [one.id for one in plan.accounts] == ["guest-1"]


def test_many_that_are_left_alone_are_counted_and_the_first_are_named() -> None:
    plan = chosen(*(row(number, user_type="member") for number in range(250)))
    assert (len(plan.left_alone), plan.left_counts) == (200, {LeftAlone.MEMBER: 250})


def test_an_undo_takes_exactly_what_is_as_it_was_left() -> None:
    disabled = planned_accounts(3)
    states = {
        disabled[0].id: guest(0, is_enabled=False),
        disabled[1].id: guest(1, is_enabled=False, created_at=NOW),
        disabled[2].id: guest(2),
    }
    plan = undo_plan(disabled, states, {})
    assert plan.accounts == (replace(disabled[0], was_enabled=False),)
    assert reasons(plan) == {"guest-1": LeftAlone.CHANGED, "guest-2": LeftAlone.ALREADY}
    assert undo_plan(disabled[:1], states, {disabled[0].id: ("Reader",)}).accounts == ()


def test_whoever_is_not_chosen_or_not_found_is_not_written() -> None:
    plan = chosen(row(0), row(1), chosen={row(1).account.id, row(9).account.id})
    assert [one.id for one in plan.accounts] == ["guest-1"]
    assert reasons(plan) == {"guest-9": LeftAlone.NOT_FOUND}


def test_what_the_list_shows_is_enough_to_leave_an_account_alone() -> None:
    rows = (row(0, is_synchronized=True), row(1, oddities=(Oddity.NOT_INVITED,)), row(2, is_enabled=False))
    assert reasons(chosen(*rows)) == {
        "guest-0": LeftAlone.SYNCHRONIZED,
        "guest-1": LeftAlone.MADE_HERE,
        "guest-2": LeftAlone.ALREADY,
    }


def test_no_more_than_a_thousand_are_held_and_the_others_are_counted() -> None:
    choice = AccountChoice(AccountChange.DISABLE)
    for number in range(1002):
        choice.take(row(number))
    assert len(choice.candidates) == 1000
    plan = choice.plan({}, {}, {}, is_complete=False)
    assert (plan.more, plan.left_counts, plan.is_complete) == (2, {LeftAlone.GONE: 1000}, False)

"""The windows about guest accounts: what is missing is named at its field, and what was not made here is refused."""

from typing import Any

import pytest
from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack import ids
from bot.slack.cards.approval.sections.accounts_card import accounts_card, undo_until
from bot.slack.flows.revoke.guest_form import (
    Which,
    accounts_view,
    confirm_view,
    parse_accounts_form,
    unknown_elements,
)
from bot.slack.payloads.models import Interaction
from tests.bench.account_surfaces import account_request, written
from tests.workflows.core.builders import NOW, TENANT, identity
from workflows.core.errors.raised import Refused
from workflows.core.plans.accounts import AccountChange
from workflows.core.policy.reviews.terms import USUAL_LIMITS
from workflows.core.requests.transitions.guest_accounts import UNDO_WITHIN


def sent(metadata: str, which: str = "all", listed: str = "", reason: str = "Ended") -> Interaction:
    """Return a window as Slack sends it."""
    values: dict[str, Any] = {
        ids.ACCOUNTS_WHICH: {ids.ACCOUNTS_WHICH: {"selected_option": {"value": which}}},
        ids.ACCOUNTS_LIST: {ids.ACCOUNTS_LIST: {"value": listed}},
        ids.REASON: {ids.REASON: {"value": reason}},
    }
    view = {"id": "V1", "private_metadata": metadata, "state": {"values": values}}
    return Interaction.model_validate({"type": "view_submission", "user": {"id": "U0ADMIN"}, "view": view})


@pytest.mark.parametrize("which", ["all", "found"])
def test_a_list_with_another_choice_is_refused_so_that_nobody_else_is_written(which: str) -> None:
    form = parse_accounts_form(sent(f"disable:{TENANT}", which, listed="ann@contoso.com"))
    assert set(form.problems) == {ids.ACCOUNTS_WHICH}
    assert "Choose “Only those in the list below”" in form.problems[ids.ACCOUNTS_WHICH]
    form = parse_accounts_form(sent(f"disable:{TENANT}", which, listed=" \n"))
    assert (form.listed, form.problems, form.change) == ((), {}, AccountChange.DISABLE)


def test_a_list_is_read_where_it_is_chosen() -> None:
    form = parse_accounts_form(sent(f"enable:{TENANT}", "listed", "Ann@contoso.com"))
    assert (form.which, form.listed, form.problems) == (Which.LISTED, ("Ann@contoso.com",), {})
    assert form.tenant_id == TENANT


def test_a_wrong_entry_keeps_everything_typed_and_stands_at_the_list() -> None:
    form = parse_accounts_form(sent(f"disable:{TENANT}", "listed", "Ben Ortiz\nann@contoso.com", "Ended"))
    problem = unknown_elements(("Ben Ortiz",), {}, is_complete=True)
    view = accounts_view(identity(), AccountChange.DISABLE, USUAL_LIMITS, sent=form, problem=problem)
    names = [block.get("block_id") for block in view["blocks"]]
    blocks = {block.get("block_id"): block for block in view["blocks"]}
    assert blocks[ids.ACCOUNTS_WHICH]["element"]["initial_option"]["value"] == "listed"
    assert blocks[ids.ACCOUNTS_LIST]["element"]["initial_value"] == "Ben Ortiz\nann@contoso.com"
    assert blocks[ids.REASON]["element"]["initial_value"] == "Ended"
    above = view["blocks"][names.index(ids.ACCOUNTS_LIST) - 1]
    assert "Nothing was stored." in str(above)
    assert "1 entry is no guest of this partner." in str(above)
    assert "Ben Ortiz" in str(above)
    assert view["callback_id"] == ids.ACCOUNTS_FORM


def test_an_empty_list_a_long_one_and_no_reason_are_named_at_their_fields() -> None:
    assert set(parse_accounts_form(sent(f"disable:{TENANT}", "listed")).problems) == {ids.ACCOUNTS_LIST}
    long = " ".join(f"{number}@x.com" for number in range(101))
    problems = parse_accounts_form(sent(f"disable:{TENANT}", "listed", long, " ")).problems
    assert "These are 101" in problems[ids.ACCOUNTS_LIST]
    assert set(problems) == {ids.ACCOUNTS_LIST, ids.REASON}


@pytest.mark.parametrize("metadata", ["", "delete:x", f"disable:{TENANT}x", "disable:"])
def test_another_window_is_refused(metadata: str) -> None:
    with pytest.raises(Refused):
        parse_accounts_form(sent(metadata))


def test_another_choice_than_the_shown_ones_is_refused() -> None:
    with pytest.raises(Refused):
        parse_accounts_form(sent(f"disable:{TENANT}", "everybody"))


def test_enabling_offers_no_choice_of_unused_accounts() -> None:
    values = [
        option["value"]
        for block in accounts_view(identity(), AccountChange.ENABLE, USUAL_LIMITS)["blocks"]
        if block.get("block_id") == ids.ACCOUNTS_WHICH
        for option in block["element"]["options"]
    ]
    assert values == ["all", "listed"]


def test_the_window_says_what_to_type() -> None:
    view = confirm_view(account_request(AccountChange.DISABLE, count=1))
    assert "Type contoso.com 1 to confirm" in str(view)
    assert view["submit"]["text"] == "Disable 1 account"


def test_undo_is_offered_for_a_day_and_never_for_a_blocked_partner() -> None:
    done = written(account_request(AccountChange.DISABLE), 35)
    until = undo_until(done)
    assert until == done.changed_at + UNDO_WITHIN
    assert undo_until(account_request(AccountChange.DISABLE)) is None
    shown = {
        "now": accounts_card(done, now=NOW),
        "later": accounts_card(done, now=until),
        "blocked": accounts_card(done, now=NOW, is_partner_closed=True),
    }
    offered = {
        name: [one for one in (ids.ACCOUNTS_UNDO, ids.ACCOUNTS_ENABLE) if f"'{one}'" in str(message.blocks)]
        for name, message in shown.items()
    }
    assert offered == {"now": [ids.ACCOUNTS_UNDO], "later": [ids.ACCOUNTS_ENABLE], "blocked": []}


def test_the_card_of_the_channel_names_nobody() -> None:
    from tests.bench.account_surfaces import account_messages

    shown = account_messages()
    assert "Maria" in str(shown["accounts-preview"])
    assert "Maria" not in str([shown["accounts-card"], shown["accounts-card-enable"], shown["accounts-closed"]])


def said(elements: tuple[RichTextElement, ...]) -> str:
    """Return what elements say."""
    return str([element.to_dict() for element in elements])


def test_an_address_of_several_accounts_is_named_with_their_number() -> None:
    shared = {f"a{number}@contoso.com": 2 for number in range(21)}
    shown = said(unknown_elements((), shared, is_complete=True))
    assert "21 addresses have more than one account. Choose one by its object ID." in shown
    assert "a19@contoso.com" in shown
    assert ": 2 accounts" in shown
    assert "and 1 more" in shown
    assert "no guest of this partner" not in shown
    unread = said(unknown_elements(("ann@contoso.com",), {}, is_complete=False))
    assert "1 entry is not found for certain." in unread
    assert "try again later, or use object IDs" in unread
    assert "more than one account" not in unread


def test_before_the_accounts_of_a_blocked_partner_are_disabled_it_is_said_that_there_is_no_undo() -> None:
    asked = account_request(AccountChange.DISABLE)
    said = "There will be no Undo: the partner is blocked"
    assert said in str(accounts_card(asked, now=NOW, is_partner_closed=True).blocks)
    assert said in str(confirm_view(asked, is_partner_closed=True))
    assert "no Undo" not in str([accounts_card(asked, now=NOW).blocks, confirm_view(asked)])
    assert "no Undo" not in str(confirm_view(account_request(AccountChange.ENABLE), is_partner_closed=True))


@pytest.mark.parametrize(("change", "first"), [(AccountChange.ENABLE, "listed"), (AccountChange.DISABLE, "all")])
def test_accounts_are_enabled_by_name_unless_somebody_chooses_all(change: AccountChange, first: str) -> None:
    """Of all disabled accounts some were disabled on purpose."""
    blocks = accounts_view(identity(), change, USUAL_LIMITS)["blocks"]
    radio = next(block["element"] for block in blocks if block.get("block_id") == ids.ACCOUNTS_WHICH)
    assert radio["initial_option"]["value"] == first

"""Who may disable and enable guest accounts, who decides, and what may be undone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflows.core.builders import (
    AMARA,
    DANA,
    NOW,
    RILEY,
    accounts_plan,
    current_roles,
    partnership,
    prepared,
    request,
)
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.partners.closing.guest_accounts import (
    needs_chain,
    require_may_change_guests,
    require_may_enable,
    undone_accounts,
)
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.accounts import (
    AccountChange,
    AccountEnd,
    AccountLeft,
    AccountProgress,
    AccountResult,
    LeftAlone,
)
from workflows.core.policy.template import DisablingGuests
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.block import BLOCK

TEMPLATE = load_catalog(SHIPPED).templates["trusted-partner"]
CHAIN = replace(TEMPLATE, disabling_guests=DisablingGuests.CHAIN)
PLAN = accounts_plan()
IDS = tuple(one.id for one in PLAN.accounts.accounts)  # type: ignore[union-attr]
DONE = AccountProgress(results=tuple(AccountResult(id=one, end=AccountEnd.DONE, at=NOW) for one in IDS[:2]))
ENDED = request(RequestState.APPLIED, RequestKind.DISABLE_GUESTS, accounts=DONE)


def test_only_admins_may() -> None:
    require_may_change_guests(DANA, current_roles(dana="admin"))
    with pytest.raises(Refused, match=R.ONLY_ADMINS_CHANGE_GUESTS):
        require_may_change_guests(AMARA, current_roles(amara="security"))


@pytest.mark.parametrize("state", [PartnershipState.REVOKED, PartnershipState.SUSPENDED])
def test_nothing_is_enabled_of_a_blocked_partner(state: PartnershipState) -> None:
    with pytest.raises(Refused, match=R.GUESTS_OF_BLOCKED_PARTNER) as refused:
        require_may_enable(partnership(state=state))
    assert refused.value.fact.values == {"is_suspended": state is PartnershipState.SUSPENDED}
    require_may_enable(partnership())
    require_may_enable(None, {"tenantId": "t"})
    closed = {**BLOCK, "tenantId": "t", "identitySynchronization": None}
    with pytest.raises(Refused, match=R.GUESTS_OF_BLOCKED_PARTNER):
        require_may_enable(None, closed)


@pytest.mark.parametrize(
    ("change", "record", "template", "is_undo", "expected"),
    [
        (AccountChange.DISABLE, partnership(), TEMPLATE, False, False),
        (AccountChange.DISABLE, partnership(), CHAIN, False, True),
        (AccountChange.DISABLE, partnership(state=PartnershipState.REVOKED), CHAIN, False, False),
        (AccountChange.DISABLE, None, None, False, False),
        (AccountChange.DISABLE, partnership(), None, False, False),
        (AccountChange.ENABLE, partnership(), TEMPLATE, False, True),
        (AccountChange.ENABLE, None, None, False, True),
        (AccountChange.ENABLE, partnership(), TEMPLATE, True, False),
    ],
)
def test_who_decides(change: AccountChange, record: object, template: object, is_undo: bool, expected: bool) -> None:
    assert needs_chain(change, record, template, is_undo=is_undo) is expected  # type: ignore[arg-type]


def test_an_own_disabling_is_undone_for_a_day() -> None:
    in_time = NOW + timedelta(hours=24)
    assert [one.id for one in undone_accounts(ENDED, RILEY, in_time)] == list(IDS[:2])
    with pytest.raises(Refused, match=R.UNDO_TOO_LATE):
        undone_accounts(ENDED, RILEY, in_time + timedelta(seconds=1))
    set_back = NOW - timedelta(minutes=1)
    assert undone_accounts(ENDED, RILEY, set_back)
    with pytest.raises(Refused, match=R.UNDO_TOO_LATE):
        undone_accounts(ENDED, RILEY, set_back - timedelta(seconds=1))
    with pytest.raises(Refused, match=R.UNDO_OF_OTHERS):
        undone_accounts(ENDED, DANA, NOW)


@pytest.mark.parametrize(
    "disabling",
    [
        None,
        request(RequestState.APPLIED),
        replace(ENDED, state=RequestState.APPLYING),
        replace(ENDED, accounts=None),
        request(RequestState.APPLIED, RequestKind.ENABLE_GUESTS, accounts=DONE),
    ],
)
def test_only_what_was_disabled_can_be_undone(disabling: AccessRequest | None) -> None:
    with pytest.raises(Refused, match=R.NOTHING_TO_UNDO):
        undone_accounts(disabling, RILEY, NOW)


def test_an_account_about_which_somebody_else_decided_later_is_left_out() -> None:
    left = AccountLeft(id=IDS[1], name="", mail="", reason=LeftAlone.ALREADY)
    accounts = replace(PLAN.accounts, accounts=(PLAN.accounts.accounts[0],), left_alone=(left,))  # type: ignore[type-var, union-attr]
    plan = replace(PLAN, accounts=accounts)
    known = request(
        RequestState.APPLIED, RequestKind.DISABLE_GUESTS, prepared=prepared(RequestKind.DISABLE_GUESTS, plan=plan)
    )
    later = replace(known, id=RequestId("r-2"), accounts=AccountProgress())
    assert undone_accounts(ENDED, RILEY, NOW, [ENDED, later]) == ()
    unconfirmed = replace(later, accounts=None)
    preparing = replace(request(RequestState.PREPARING, RequestKind.DISABLE_GUESTS), id=RequestId("r-3"))
    assert len(undone_accounts(ENDED, RILEY, NOW, [unconfirmed, preparing])) == 2

"""Who may disable and enable guest accounts, who decides, and what may be undone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import (
    AMARA,
    DANA,
    NOW,
    RILEY,
    TENANT,
    accounts_plan,
    current_roles,
    partnership,
    prepared,
    request,
)
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode as R
from workflows.core.partners.closing.guest_accounts import (
    gives_way_to_disabling,
    needs_chain,
    require_may_change_guests,
    require_may_enable,
    undone_accounts,
)
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import Person, PersonId
from workflows.core.plans.accounts import (
    AccountChange,
    AccountEnd,
    AccountLeft,
    AccountProgress,
    AccountResult,
    LeftAlone,
)
from workflows.core.policy.template import DisablingGuests
from workflows.core.requests.request import CHANGE_OF_KIND, AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.block import BLOCK
from workflows.core.settings.model import TenantId

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


def undone(disabling: AccessRequest | None = ENDED, *others: AccessRequest, **changes: Any) -> tuple[PersonId, ...]:
    """The accounts that may be enabled again."""
    how: dict[str, Any] = {"actor": RILEY, "now": NOW, "tenant_id": TENANT, "others": others} | changes
    return tuple(one.id for one in undone_accounts(disabling, **how))


def test_an_own_disabling_is_undone_for_a_day() -> None:
    in_time = NOW + timedelta(hours=24)
    assert undone(now=in_time) == IDS[:2]
    with pytest.raises(Refused, match=R.UNDO_TOO_LATE):
        undone(now=in_time + timedelta(seconds=1))
    set_back = NOW - timedelta(minutes=1)
    assert undone(now=set_back)
    with pytest.raises(Refused, match=R.UNDO_TOO_LATE):
        undone(now=set_back - timedelta(seconds=1))
    with pytest.raises(Refused, match=R.UNDO_OF_OTHERS):
        undone(actor=DANA)


def test_a_disabling_of_another_partner_is_not_undone() -> None:
    with pytest.raises(Refused, match=R.NOTHING_TO_UNDO):
        undone(tenant_id=TenantId("99999999-9999-4999-8999-999999999999"))


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
        undone(disabling)


def later(
    kind: RequestKind = RequestKind.DISABLE_GUESTS,
    state: RequestState = RequestState.APPLIED,
    *,
    planned: tuple[int, ...] = (),
    already: tuple[int, ...] = (),
    count: int | None = None,
    progress: AccountProgress | None = DONE,
) -> AccessRequest:
    """A later request that was to write some accounts and found others in the wished state."""
    accounts = replace(
        PLAN.accounts,  # type: ignore[type-var]
        change=CHANGE_OF_KIND[kind],
        accounts=tuple(PLAN.accounts.accounts[one] for one in planned),  # type: ignore[union-attr]
        left_alone=tuple(AccountLeft(id=IDS[one], name="", mail="", reason=LeftAlone.ALREADY) for one in already),
        left_counts={LeftAlone.ALREADY: len(already) if count is None else count},
    )
    known = request(state, kind, prepared=prepared(kind, plan=replace(PLAN, accounts=accounts)))
    return replace(known, id=RequestId("r-2"), accounts=progress)


def test_an_account_about_which_somebody_else_decided_later_is_left_out() -> None:
    assert undone(ENDED, ENDED, later(planned=(0,))) == IDS[1:2]
    assert undone(ENDED, later(already=(0,))) == IDS[1:2]
    assert undone(ENDED, later(RequestKind.ENABLE_GUESTS, planned=(0,), count=300)) == IDS[1:2]
    assert undone(ENDED, later(state=RequestState.AWAITING_APPROVAL, planned=(0,), progress=None)) == IDS[1:2]
    with pytest.raises(Refused, match=R.UNDO_OVERTAKEN):
        undone(ENDED, later(planned=(0,)), later(already=(1,)))


def test_where_a_later_plan_names_only_the_first_every_account_is_left_out() -> None:
    with pytest.raises(Refused, match=R.UNDO_OVERTAKEN):
        undone(ENDED, later(planned=(2,), already=(0,), count=300))


def test_a_request_counts_as_later_when_it_changed_later_not_when_it_was_filed_later() -> None:
    filed_before = replace(later(planned=(0,)), created_at=NOW - timedelta(days=1))
    assert undone(ENDED, filed_before) == IDS[1:2]
    assert undone(ENDED, replace(filed_before, changed_at=NOW - timedelta(seconds=1))) == IDS[:2]


@pytest.mark.parametrize(
    "other",
    [
        later(state=RequestState.AWAITING_CONFIRMATION, planned=(0,), progress=None),
        later(state=RequestState.WITHDRAWN, planned=(0,), progress=None),
        request(RequestState.APPLIED),
        request(RequestState.PREPARING, RequestKind.DISABLE_GUESTS),
    ],
)
def test_what_nobody_confirmed_decides_nothing(other: AccessRequest) -> None:
    assert undone(ENDED, replace(other, id=RequestId("r-2"))) == IDS[:2]


def unfit(actor: Person, kind: RequestKind = RequestKind.DISABLE_GUESTS, **changes: Any) -> AccessRequest:
    """A request that ended because all accounts are disabled already."""
    note = (Fact(R.NO_GUESTS_TO_CHANGE, {"change": "disable", "left": {"already": 2}, "is_complete": True}),)
    known = request(RequestState.UNFIT, kind, prepared=None, submitter=actor, note=note)
    fields = replace(known.fields, accounts=changes.pop("accounts", ()))
    return replace(known, id=RequestId("r-2"), fields=fields, **changes)


def test_who_was_told_that_all_are_disabled_decided_about_them() -> None:
    with pytest.raises(Refused, match=R.UNDO_OVERTAKEN):
        undone(ENDED, unfit(DANA))
    assert undone(ENDED, unfit(DANA, accounts=IDS[:1])) == IDS[1:2], "the others were not asked for"
    assert undone(ENDED, unfit(RILEY)) == IDS[:2], "the admin alone was told"
    assert undone(ENDED, unfit(DANA, RequestKind.ENABLE_GUESTS)) == IDS[:2]
    members = (Fact(R.NO_GUESTS_TO_CHANGE, {"left": {"member": 2}}), Fact(R.ONLY_ADMINS_CHANGE_GUESTS))
    assert undone(ENDED, unfit(DANA, note=members)) == IDS[:2]


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        (RequestKind.ENABLE_GUESTS, RequestState.APPLYING, True),
        (RequestKind.DISABLE_GUESTS, RequestState.PREPARING, True),
        (RequestKind.DISABLE_GUESTS, RequestState.AWAITING_CONFIRMATION, True),
        (RequestKind.DISABLE_GUESTS, RequestState.AWAITING_APPROVAL, False),
        (RequestKind.DISABLE_GUESTS, RequestState.APPLYING, False),
    ],
)
def test_what_gives_way_to_a_new_disabling(kind: RequestKind, state: RequestState, expected: bool) -> None:
    assert gives_way_to_disabling(request(state, kind)) is expected

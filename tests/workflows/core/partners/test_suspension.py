"""A suspended partner is blocked, asked nothing, and keeps all that was approved; only a confirmed revoke ends that."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import (
    NOW,
    RILEY,
    SAM,
    STAGES,
    TENANT,
    access_plan,
    closed_document,
    identity,
    particulars,
    partnership,
    prepared,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.partners.approval_policy import is_live
from workflows.core.partners.closing.revoking import require_may_close
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.outcome.messages import closed_message
from workflows.core.partners.partnership import (
    LaterChange,
    Partnership,
    PartnershipState,
    SettingsBasis,
    Suspension,
    is_over,
    later_change,
)
from workflows.core.people import GATEHOUSE
from workflows.core.plans.planning import plan_revocation
from workflows.core.requests.commands.automatic import RecordApplied
from workflows.core.requests.notes import DisplayedState, state_to_display
from workflows.core.requests.request import (
    AccessRequest,
    Closing,
    ObservedPartner,
    RequestId,
    RequestKind,
    RequestState,
)
from workflows.core.settings.model import TenantId
from workflows.core.settings.open_access import AccessState, OpenAccess

S, K = RequestState, RequestKind
SUSPENDED_BY: Final = RequestId("r-suspends")
LATER: Final = NOW + timedelta(days=2)


def closing(state: RequestState = S.APPLYING, how: Closing = Closing.SUSPEND, /, **changes: Any) -> AccessRequest:
    """Return a revocation or a suspension of the usual partner."""
    fields = replace(particulars(K.REVOCATION), closing=how)
    return request(state, K.REVOCATION, **{"id": SUSPENDED_BY, "fields": fields, **changes})


def confirmed(one: AccessRequest, earlier: Partnership | None) -> Partnership:
    """Return the record after the block of a request was read back."""
    read = RecordApplied(configuration=closed_document(), default={})
    record = advance_request_and_record(one, read, replace(situation(), now=LATER), earlier).partnership
    assert record is not None
    return record


def test_everything_that_was_approved_stays_and_nothing_is_due() -> None:
    before = partnership(state=PartnershipState.REVIEW_DUE, reminders=4, remind_setup_at=NOW)
    record = confirmed(closing(), before)
    assert record.state is PartnershipState.SUSPENDED
    assert (record.stages, record.sponsor, record.template) == (before.stages, before.sponsor, before.template)
    assert (record.ends_at, record.at_end, record.review_interval) == (
        before.ends_at,
        before.at_end,
        before.review_interval,
    )
    assert record.suspension == Suspension(at=LATER, request_id=before.request_id)
    assert (record.request_id, record.since, record.version) == (SUSPENDED_BY, LATER, before.version + 1)
    assert (record.due_at, record.review_due_at, record.end_step_at, record.reminders) == (None, None, None, 0)
    assert is_live(record), "its approval policy still counts"
    assert record.is_closed


def test_a_partner_without_a_record_can_be_suspended_and_has_nothing_to_lift() -> None:
    record = confirmed(closing(), None)
    assert record.state is PartnershipState.SUSPENDED
    assert record.suspension == Suspension(at=LATER, request_id=None)
    assert (record.ends_at, record.stages, record.version) == (None, (), 1)


def test_suspending_again_keeps_the_first_time_and_what_was_before_it() -> None:
    first = confirmed(closing(), partnership(basis=SettingsBasis.OVERWRITTEN))
    again = confirmed(closing(id=RequestId("r-again")), first)
    assert (
        again.suspension
        == first.suspension
        == Suspension(at=LATER, request_id=partnership().request_id, basis=SettingsBasis.OVERWRITTEN)
    )
    assert again.request_id == "r-again"
    assert again.is_as_approved, "the block is as it was asked for"


@pytest.mark.parametrize("earlier", [partnership(), partnership(state=PartnershipState.SUSPENDED)])
def test_only_a_confirmed_revocation_resets_the_approval_policy(earlier: Partnership) -> None:
    record = confirmed(closing(S.APPLYING, Closing.REVOKE), earlier)
    assert (record.state, record.stages, record.suspension) == (PartnershipState.REVOKED, (), None)


def test_what_was_revoked_meanwhile_stays_revoked() -> None:
    record = confirmed(closing(), partnership(state=PartnershipState.REVOKED))
    assert record.state is PartnershipState.REVOKED


def test_an_approved_request_opens_a_suspended_partner_again_under_the_policy_that_it_kept() -> None:
    suspended = confirmed(closing(), partnership())
    opened = advance_request_and_record(
        request(S.APPLYING, prepared=prepared(stages=STAGES[:1])),
        RecordApplied(configuration={}),
        situation(),
        suspended,
    ).partnership
    assert opened is not None
    assert (opened.state, opened.suspension, opened.stages) == (PartnershipState.ACTIVE, None, STAGES)


def test_a_weaker_chain_opens_no_longer_than_was_approved() -> None:
    suspended = confirmed(closing(), partnership(ends_at=NOW + timedelta(days=5)))
    weaker = prepared(
        stages=STAGES[:1], plan=access_plan({"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}})
    )
    opened = advance_request_and_record(
        request(S.APPLYING, prepared=weaker), RecordApplied(configuration={}), situation(), suspended
    ).partnership
    assert opened is not None
    assert (opened.state, opened.suspension, opened.not_closed) == (PartnershipState.ACTIVE, None, None)
    assert opened.ends_at == NOW + timedelta(days=5)


def test_the_states_and_the_later_change_name_a_suspension() -> None:
    assert state_to_display(closing(S.APPLIED, not_closed=())) is DisplayedState.SUSPENDED
    assert state_to_display(closing(S.APPLIED, Closing.REVOKE, not_closed=())) is DisplayedState.BLOCKED
    opened = request(S.APPLIED, confirmed_at=NOW)
    assert later_change(opened, closing(S.APPLIED, confirmed_at=LATER)) is LaterChange.SUSPENDED
    assert closing().fields.closing is not Closing.REVOKE
    assert not request(S.APPLIED).is_suspension


def test_the_access_before_a_suspension_can_be_requested_again() -> None:
    assert is_over(request(S.APPLIED), confirmed(closing(), partnership()), LATER)


def refused(how: Closing, record: Partnership | None, *requests: AccessRequest) -> str:
    """Return why a partner cannot be closed like this; empty when it can."""
    try:
        require_may_close(how, record, requests, identity())
    except Refused as error:
        return error.code
    return ""


def by_gatehouse(one: AccessRequest) -> AccessRequest:
    """Return a closing that Gatehouse created by itself, for silence. Until it is sent, an answer ends it."""
    return replace(one, fields=replace(one.fields, silent_since=NOW))


def elsewhere(one: AccessRequest) -> AccessRequest:
    other = replace(
        identity(), tenant_id=TenantId("fab0fab0-2222-4aaa-8bbb-0123456789a2"), default_domain="f", typed_name="f"
    )
    return replace(one, prepared=None, observation=ObservedPartner(identity=other, configuration=None, at=NOW))


@pytest.mark.parametrize(
    ("how", "record", "running", "code"),
    [
        (Closing.SUSPEND, partnership(), [], ""),
        (Closing.SUSPEND, None, [], ""),
        (Closing.SUSPEND, partnership(state=PartnershipState.REVOKED), [], "revoked"),
        (Closing.REVOKE, partnership(state=PartnershipState.REVOKED), [], ""),
        (Closing.REVOKE, partnership(state=PartnershipState.SUSPENDED), [], ""),
        (Closing.SUSPEND, partnership(), [closing(S.APPLYING)], "under_way"),
        (Closing.SUSPEND, partnership(), [closing(S.UNCONFIRMED)], ""),
        (Closing.SUSPEND, partnership(), [closing(S.UNCONFIRMED, Closing.REVOKE)], "under_way"),
        (Closing.REVOKE, partnership(), [closing(S.APPLYING)], ""),
        (Closing.REVOKE, partnership(), [closing(S.APPLYING, Closing.REVOKE)], "under_way"),
        (Closing.REVOKE, partnership(), [closing(S.UNCONFIRMED, Closing.REVOKE)], ""),
        (Closing.SUSPEND, partnership(), [elsewhere(closing(S.APPLYING))], ""),
        (Closing.SUSPEND, partnership(), [request(S.APPLYING)], ""),
        (Closing.SUSPEND, partnership(), [by_gatehouse(closing(S.APPLYING))], ""),
        (Closing.REVOKE, partnership(), [by_gatehouse(closing(S.APPLYING, Closing.REVOKE))], ""),
        (
            Closing.SUSPEND,
            partnership(),
            [replace(by_gatehouse(closing(S.APPLYING)), writing_since=NOW)],
            "under_way",
        ),
    ],
)
def test_a_revocation_is_never_weakened_and_a_suspension_never_in_its_way(
    how: Closing, record: Partnership | None, running: list[AccessRequest], code: str
) -> None:
    assert refused(how, record, *running) == code


def test_the_requester_and_the_sponsor_are_told_that_it_is_a_suspension() -> None:
    read = RecordApplied(configuration=closed_document(), default={})
    effects = advance_request_and_record(closing(), read, situation(), partnership()).effects
    told = {one.person: one.fact for one in effects if one.kind == "tell"}
    assert set(told) == {RILEY.chat_id, SAM.chat_id}
    assert all(fact.values["is_suspended"] for fact in told.values())
    assert {fact.values["tokens_until"] for fact in told.values()} == {(NOW + timedelta(hours=1)).isoformat()}
    assert not any("was_synchronized" in fact.values for fact in told.values())


@pytest.mark.parametrize(("is_allowed", "is_said"), [(True, True), (False, False)])
def test_that_capabilities_were_on_is_said_because_exchange_was_not_read(*, is_allowed: bool, is_said: bool) -> None:
    entry = {
        "@odata.type": "#microsoft.graph.crossTenantCalendarAvailabilityBasic",
        "name": "CalendarAvailabilityBasic",
        "inboundAccess": {"isAllowed": is_allowed},
    }
    plan = plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT, "m365Capabilities": [entry]})
    one = closing(S.APPLIED, prepared=prepared(K.REVOCATION, plan=plan), confirmed_at=NOW)
    assert ("had_capabilities" in closed_message(one).values) is is_said


@pytest.mark.parametrize(
    ("left", "is_all"), [((), True), (None, False), ((OpenAccess(name="x", opening=AccessState.UNKNOWN),), False)]
)
def test_that_nothing_else_is_open_is_said_only_after_a_read_back(left: Any, is_all: bool) -> None:
    one = closing(S.APPLIED, confirmed_at=NOW, not_closed=left)
    assert closed_message(one).values["is_all"] is is_all


def test_that_accounts_were_synchronized_is_said() -> None:
    synchronized = {"tenantId": TENANT, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    plan = plan_revocation(tenant_id=TENANT, default={}, before=synchronized)
    one = closing(S.APPLIED, prepared=prepared(K.REVOCATION, plan=plan), confirmed_at=NOW)
    told = closed_message(one).values
    assert told["was_synchronized"] is True
    assert (told["by"], told["reason"]) == (one.require_prepared().requester.name, one.fields.justification)
    by_itself = replace(one, fields=replace(one.fields, requester=GATEHOUSE.chat_id))
    assert "by" not in closed_message(by_itself).values

"""The life of an adoption in the records: what may be prepared, who may decide, and what it leaves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    NOW,
    RILEY,
    SAM,
    STAGES,
    TENANT,
    access_plan,
    approval,
    everybody,
    identity,
    partnership,
    person,
    prepared,
    request,
    situation,
)
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.partnership import LaterChange, PartnershipState, later_change
from workflows.core.partners.restoration.deciding_template import likely_templates
from workflows.core.people import ChatId
from workflows.core.plans.default_drift import with_inheritance
from workflows.core.plans.named_targets import current_targets, written_targets
from workflows.core.plans.plan import Adoption, Plan
from workflows.core.plans.revision import PlanShown, revisions
from workflows.core.requests.commands.automatic import Expire, RecordApplied, RecordPrepared
from workflows.core.requests.commands.editing import is_editable, require_may_edit
from workflows.core.requests.deciding import require_may_decide
from workflows.core.requests.effects import MessageCode, SendMessage
from workflows.core.requests.eligibility import IneligibleReason, eligibility
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, ObservedPartner, PreparedRequest, RequestKind, RequestState

S = RequestState
STANDS = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}}


def adoption_plan(**changes: Any) -> Plan:
    terms = Adoption(owner=RILEY.id, sponsor=SAM.id, authors=(BRUNO.id,), is_author_known=True)
    usual = replace(access_plan(), operations=(), before=STANDS, adoption=terms)
    return with_inheritance(replace(usual, **changes), {})


def adopted(**changes: Any) -> PreparedRequest:
    seen = ObservedPartner(identity=identity(), configuration=STANDS, at=NOW, default={})
    usual = prepared(
        RequestKind.ADOPTION, observation=seen, plan=adoption_plan(), authors=(BRUNO,), template_title="", names={}
    )
    return replace(usual, **changes)


def adoption(state: RequestState = S.AWAITING_APPROVAL, /, **changes: Any) -> AccessRequest:
    is_prepared = state is not S.PREPARING
    return request(state, RequestKind.ADOPTION, **{"prepared": adopted() if is_prepared else None, **changes})


def test_an_adoption_waits_for_approval_and_writes_nothing() -> None:
    after = advance(adoption(S.PREPARING), RecordPrepared(prepared=adopted()), situation()).request
    assert after.state is S.AWAITING_APPROVAL
    assert after.plan.operations == ()


@pytest.mark.parametrize(
    ("kind", "plan"),
    [
        (RequestKind.ADOPTION, replace(access_plan(), adoption=Adoption(owner=RILEY.id, sponsor=SAM.id))),
        (RequestKind.ADOPTION, replace(access_plan(), operations=())),
        (RequestKind.ACCESS, adoption_plan()),
        (RequestKind.RESTORATION, adoption_plan()),
    ],
)
def test_an_adoption_that_writes_and_another_request_that_adopts_are_refused(kind: RequestKind, plan: Plan) -> None:
    waiting = request(S.PREPARING, kind)
    with pytest.raises(Refused) as caught:
        advance(waiting, RecordPrepared(prepared=adopted(plan=plan)), situation())
    assert caught.value.code is RefusalCode.NOT_AN_ADOPTION


def test_an_author_is_not_asked_and_may_not_decide() -> None:
    waiting = adoption()
    who = eligibility(waiting)
    assert who.ineligible_reason(BRUNO.chat_id) is IneligibleReason.AUTHOR
    assert who.ineligible_reason(ChatId("U-OTHER"), BRUNO.id) is IneligibleReason.AUTHOR
    assert BRUNO.id in who.excluded_ids
    assert BRUNO.chat_id in who.chat_ids
    assert who.eligible_members({BRUNO.chat_id, CHIE.chat_id}) == {CHIE.chat_id}
    with pytest.raises(Refused) as caught:
        require_may_decide(waiting, BRUNO, waiting.plan.digest, current_roles=everybody(), now=NOW)
    assert caught.value.code is RefusalCode.AUTHOR_MAY_NOT_DECIDE


def test_an_author_without_a_chat_user_excludes_nobody_else() -> None:
    left = replace(person("Left"), chat_id=ChatId(""))
    who = eligibility(adoption(prepared=adopted(authors=(left,))))
    assert ChatId("") not in who.chat_ids
    assert ChatId("") not in who.excluded_ids
    assert who.ineligible_reason(AMARA.chat_id) is None


def test_an_approval_of_an_author_does_not_count() -> None:
    digest = adoption().plan.digest
    given = tuple(replace(approval(who, stage), digest=digest) for who, stage in ((AMARA, 0), (BRUNO, 1), (CHIE, 1)))
    verdict = adoption(decisions=given).verdict(everybody())
    assert verdict.open_stage == 1
    assert verdict.missing == 1


@pytest.mark.parametrize(("equal", "title"), [("", ""), ("guest-collaboration", "Guest collaboration")])
def test_the_record_has_the_end_the_sponsor_and_the_template_that_equals_it(equal: str, title: str) -> None:
    terms = Adoption(owner=RILEY.id, sponsor=SAM.id, equal_template=equal)
    done = adopted(plan=adoption_plan(adoption=terms), template_title=title)
    outcome = advance_request_and_record(
        adoption(S.APPLYING, prepared=done), RecordApplied(configuration=STANDS), situation()
    )
    record = outcome.partnership
    assert record is not None
    assert record.state is PartnershipState.ACTIVE
    assert record.is_adopted
    assert (record.template, record.template_title) == (equal, title)
    assert record.ends_at == NOW + timedelta(days=90)
    assert record.stages == STAGES
    [said] = [one.fact.code for one in outcome.effects if isinstance(one, SendMessage)]
    assert said == MessageCode.ADOPTED


def test_adopted_drift_replaces_the_record() -> None:
    earlier = partnership(sponsor=DANA, is_adopted=False)
    done = adoption(S.APPLYING)
    outcome = advance_request_and_record(done, RecordApplied(configuration=STANDS), situation(), earlier)
    assert outcome.partnership is not None
    assert outcome.partnership.is_adopted
    assert outcome.partnership.sponsor == SAM


def test_it_is_not_edited_and_says_how_to_ask_again_when_it_expires() -> None:
    waiting = adoption()
    assert not is_editable(waiting)
    with pytest.raises(Refused) as caught:
        require_may_edit(waiting, RILEY, waiting.plan.digest, NOW)
    assert caught.value.fact.values == {"kind": "adoption"}
    ended = advance(waiting, Expire(), situation(waiting.expires_at)).request
    assert ended.note[0].code is NoteCode.ADOPTION_UNDECIDED


def test_a_later_adoption_is_named_as_that() -> None:
    done = adoption(S.APPLIED, confirmed_at=NOW)
    assert later_change(request(S.APPLIED, confirmed_at=NOW), done) is LaterChange.ADOPTED


def test_a_changed_plan_shows_what_is_open_now_before_and_after() -> None:
    was, becomes = PlanShown(plan=adoption_plan(), default={}), PlanShown(plan=adoption_plan(before={}), default={})
    assert revisions(was, was) == ()
    assert revisions(was, becomes)


def test_the_ids_of_everything_that_stands_are_checked() -> None:
    group = "5a5e1f50-1c1f-4a8a-9d30-1d2f00c0ffe1"
    lists = {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": group, "targetType": "group"}]},
        "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
    }
    stands = {"tenantId": TENANT, "b2bCollaborationOutbound": lists}
    assert written_targets(adoption_plan(before=stands)) == current_targets(stands) != ()


def test_restoring_adopted_settings_needs_the_chain_that_adopted_them() -> None:
    templates = load_catalog(SHIPPED).templates
    plan = adoption_plan(template="guest-collaboration")
    earlier = adoption(S.APPLIED, confirmed_at=NOW, prepared=adopted(plan=plan))
    first, *_ = likely_templates(STANDS, requests=[earlier], templates=templates)
    assert first.name == "guest-collaboration"

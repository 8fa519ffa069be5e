"""Batches that tests of the core start from: plain functions over literal data."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from tests.workflows.core.builders import (
    AMARA,
    BATCH,
    BRUNO,
    CHIE,
    EXPIRY,
    MALLORY,
    NOW,
    RILEY,
    SAM,
    STAGES,
    access_plan,
    identity,
    prepared,
    request,
)
from workflows.core.batches.batch import Batch, BatchRow, BatchState, ListFile, RowState, batch_digest
from workflows.core.people import Person
from workflows.core.plans.plan import Adoption, Plan
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.risk import RiskLevel
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestId, RequestKind, RequestState
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId

SETTINGS: Final = Digest("5e" * 32)


def tenant(number: int) -> TenantId:
    """A tenant id that shows its number."""
    return TenantId(f"00000000-0000-4000-8000-{number:012d}")


def adoption_plan(number: int) -> Plan:
    """The plan that adopts what stands at one partner."""
    return replace(
        access_plan(),
        tenant_id=tenant(number),
        operations=(),
        before={"tenantId": tenant(number)},
        adoption=Adoption(owner=RILEY.id, sponsor=SAM.id, equal_template="", authors=(), is_author_known=True),
    )


def row(number: int, state: RowState = RowState.PLANNED, **changes: Any) -> BatchRow:
    """One partner of a batch; a planned one unless told otherwise."""
    is_planned = state in (RowState.PLANNED, RowState.APPLIED)
    usual = BatchRow(
        tenant_id=tenant(number),
        name=f"partner{number}.example",
        settings=SETTINGS,
        state=state,
        risk=RiskLevel.ELEVATED,
        request_id=RequestId(f"r-{number}") if is_planned else None,
        plan_digest=adoption_plan(number).digest if is_planned else None,
        stages=STAGES,
    )
    return replace(usual, **changes)


def member(number: int, state: RequestState = RequestState.AWAITING_APPROVAL, **changes: Any) -> AccessRequest:
    """The request of a row."""
    observation = ObservedPartner(identity=replace(identity(), tenant_id=tenant(number)), configuration={}, at=NOW)
    known = None
    if state is not RequestState.PREPARING:
        known = prepared(plan=adoption_plan(number), observation=observation)
    usual: dict[str, Any] = {"id": RequestId(f"r-{number}"), "batch": BATCH, "prepared": known, "decisions": ()}
    return request(state, RequestKind.ADOPTION, **{**usual, **changes})


def batch(state: BatchState = BatchState.AWAITING_APPROVAL, *rows: BatchRow, **changes: Any) -> Batch:
    """A batch of three members in a state, with its list; version 5."""
    rows = rows or (row(1), row(2, authors=(MALLORY,)), row(3))
    members = [one for one in rows if one.state is RowState.PLANNED]
    digest = batch_digest(BATCH, members, STAGES)
    is_draft = state is BatchState.DRAFT
    usual = Batch(
        id=BATCH,
        version=5,
        state=state,
        kind=RequestKind.ADOPTION,
        rows=rows,
        drafted_by="os:root",
        created_at=NOW,
        changed_at=NOW,
        expires_at=EXPIRY,
        requester=None if is_draft else RILEY,
        sponsor=None if is_draft else SAM,
        justification="" if is_draft else "They work with us",
        duration=None if is_draft else timedelta(days=90),
        confirmed_at=None if is_draft else NOW,
        stages=STAGES,
        digest=digest,
        list_file=ListFile(file_id="F1", name="list.csv", sha256=Digest("ab" * 32), digest=digest),
        decisions=whole_chain(digest) if state is BatchState.APPLYING else (),
    )
    return replace(usual, **changes)


def decided(person: Person, stage: int, digest: Digest, choice: Choice = Choice.APPROVE) -> Decision:
    """A decision on a batch."""
    return Decision(person=person, choice=choice, stage=stage, digest=digest, reason="", at=NOW)


def whole_chain(digest: Digest) -> tuple[Decision, ...]:
    """Every approval that the usual chain needs."""
    return (decided(AMARA, 0, digest), decided(BRUNO, 1, digest), decided(CHIE, 1, digest))

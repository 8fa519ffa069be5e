"""Batches of adopted partners in each state, as the lifecycle would leave them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from tests.workflows.core.builders import AMARA, CHIE, NOW, RILEY, SAM, approval
from workflows.core.batches.batch import Batch, BatchRow, BatchState, ListFile, RowCode, RowState, batch_digest
from workflows.core.errors.facts import Fact
from workflows.core.people import ADMIN, Role
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import Stage
from workflows.core.requests.request import BatchId, RequestId, RequestKind
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId

BATCH_ID: Final = BatchId("B-5F3C9A10D2")
CHAIN: Final = (
    Stage(title="Security", role=Role("security"), quorum=1),
    Stage(title="Data owners", role=Role("data-owner"), quorum=2),
    Stage(title="Administrators", role=ADMIN, quorum=1),
)
_TITLES: Final = ("Guest collaboration", "Guest collaboration", "Trusted partner", "Teams shared channels", "")
_OPENINGS: Final = (
    ("b2bCollaborationInbound",),
    ("b2bCollaborationInbound", "b2bCollaborationOutbound"),
    ("b2bCollaborationInbound", "inboundTrust.isMfaAccepted", "automaticUserConsentSettings.inboundAllowed"),
    ("b2bDirectConnectInbound", "b2bCollaborationInbound"),
    ("b2bCollaborationInbound", "somethingNew"),
)


def row(number: int, state: RowState = RowState.PLANNED, **changes: Any) -> BatchRow:
    """One partner, whose settings follow from its number."""
    kind = number % len(_TITLES)
    usual = BatchRow(
        tenant_id=TenantId(f"0a1b2c3d-0000-4000-8000-{number:012d}"),
        name=f"partner{number:03d}.example",
        display_name=f"Partner {number}",
        settings=Digest(f"{number:064x}"),
        state=state,
        template=_TITLES[kind].lower().replace(" ", "-"),
        template_title=_TITLES[kind],
        risk=RiskLevel.ELEVATED if kind > 1 else RiskLevel.LOW,
        openings=_OPENINGS[kind],
        authors=(CHIE,) if kind == 0 else (),
        is_author_known=kind == 0,
        request_id=RequestId(f"R-AAAAAAAA{chr(65 + number // 26)}{chr(65 + number % 26)}"),
        plan_digest=Digest(f"{number:064x}"),
        stages=CHAIN[:2],
    )
    return replace(usual, **changes)


def batch(state: BatchState = BatchState.AWAITING_APPROVAL, count: int = 40, **changes: Any) -> Batch:
    """A batch of so many partners; while it waits for approvals, its list is attached."""
    states = {
        BatchState.DRAFT: RowState.WAITING,
        BatchState.PREPARING: RowState.WAITING,
        BatchState.DONE: RowState.APPLIED,
    }
    rows = tuple(row(number, states.get(state, RowState.PLANNED)) for number in range(count))
    is_asked = state not in (BatchState.DRAFT, BatchState.PREPARING)
    if not is_asked:
        rows = tuple(replace(one, request_id=None, plan_digest=None) for one in rows)
    usual = Batch(
        id=BATCH_ID,
        version=7,
        state=state,
        kind=RequestKind.ADOPTION,
        rows=rows,
        drafted_by="root",
        created_at=NOW,
        changed_at=NOW,
        expires_at=NOW + timedelta(days=7),
        requester=None if state is BatchState.DRAFT else RILEY,
        sponsor=None if state is BatchState.DRAFT else SAM,
        justification="" if state is BatchState.DRAFT else "Configured in the portal before Gatehouse, and in use.",
        duration=None if state is BatchState.DRAFT else timedelta(days=180),
        confirmed_at=None if state is BatchState.DRAFT else NOW,
        stages=CHAIN if is_asked else (),
    )
    if is_asked:
        usual = asked(usual)
    return replace(usual, **changes)


def asked(one: Batch) -> Batch:
    """The same batch with its digest and its list."""
    digest = batch_digest(one.id, one.rows, one.stages)
    file = ListFile(file_id="F1", name="list.csv", sha256=Digest("5e" * 32), digest=digest)
    return replace(one, digest=digest, list_file=file)


def approved_once() -> Batch:
    """A batch that waits for its second stage."""
    waiting = batch()
    return replace(waiting, decisions=(approval(AMARA, 0, digest=waiting.digest),))


def with_others(state: BatchState) -> Batch:
    """A batch of which one partner left, and one could not be adopted."""
    usual = batch(state)
    left = replace(usual.rows[3], state=RowState.LEFT, reason=(Fact(RowCode.PLANNED_AGAIN),))
    stopped = Fact(RowCode.STOPPED, {"state": "stopped", "note": []})
    ended = replace(usual.rows[9], state=RowState.ENDED, reason=(stopped,))
    return replace(usual, rows=(*usual.rows[:3], left, *usual.rows[4:9], ended, *usual.rows[10:]))


def draft(count: int = 40) -> Batch:
    """A draft with partners that are decided alone and one that cannot be adopted."""
    usual = batch(BatchState.DRAFT, count)
    high = Fact(RowCode.HIGH_RISK, {"reasons": ["all_trust"]})
    alone = [
        replace(one, state=RowState.ALONE, risk=RiskLevel.HIGH, reason=(high,)) for one in usual.rows[count - 4 : -1]
    ]
    not_possible = replace(
        usual.rows[-1],
        state=RowState.NOT_ASKED,
        risk=None,
        openings=(),
        reason=(Fact("adopts_a_block", {"is_recorded": False}),),
    )
    return replace(usual, rows=(*usual.rows[: count - 4], *alone, not_possible))

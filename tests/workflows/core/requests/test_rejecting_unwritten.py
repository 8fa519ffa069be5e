"""A rejection wins over an approval: who may reject an approved request while nothing of it is written."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    DANA,
    EXPIRY,
    MALLORY,
    NOW,
    REQUEST,
    RILEY,
    SAM,
    WHOLE_CHAIN,
    access_plan,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.people import Person
from workflows.core.policy.approval import Choice
from workflows.core.requests.commands.request import Reject
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.canonical import Digest

DIGEST = access_plan().digest
EARLIER = access_plan(template_hash="hash-0").digest
APPROVED = request(RequestState.APPLYING, decisions=WHOLE_CHAIN)


def rejected(
    known: AccessRequest, actor: Person, roles: Mapping[str, str] | None = None, digest: Digest = DIGEST
) -> AccessRequest:
    command = Reject(actor=actor, request_id=REQUEST, digest=digest, reason="No contract")
    return advance(known, command, situation(EXPIRY, **(roles or {}))).request


@pytest.mark.threats("C6")
@pytest.mark.parametrize(
    ("actor", "roles", "stage"),
    [
        (AMARA, {}, 0),
        (BRUNO, {}, 1),
        (MALLORY, {"mallory": "security"}, 0),
        (MALLORY, {"mallory": "data-owner"}, 1),
        (DANA, {"dana": "admin"}, 1),
    ],
    ids=[
        "who approved",
        "of a later stage",
        "who could have",
        "of the later stage",
        "an admin",
    ],
)
def test_an_approved_request_of_which_nothing_is_written_is_rejected_by_whoever_could_decide(
    actor: Person, roles: dict[str, str], stage: int
) -> None:
    """Also after the deadline: the approval is given, and the rejection wins."""
    after = rejected(APPROVED, actor, roles)
    assert (after.state, after.decisions[:-1]) == (RequestState.REJECTED, WHOLE_CHAIN)
    assert (after.decisions[-1].person, after.decisions[-1].stage) == (actor, stage)
    assert after.decisions[-1].choice is Choice.REJECT


@pytest.mark.parametrize(("actor", "code"), [(RILEY, "own_request"), (SAM, "sponsor")])
def test_who_may_never_decide_on_it_does_not_reject_it_as_an_admin_either(actor: Person, code: str) -> None:
    with pytest.raises(Refused) as refused:
        rejected(APPROVED, actor, {"riley": "admin", "sam": "admin"})
    assert refused.value.code == code


@pytest.mark.threats("C6")
@pytest.mark.parametrize(
    ("actor", "digest", "code"),
    [
        (RILEY, DIGEST, "own_request"),
        (SAM, DIGEST, "sponsor"),
        (MALLORY, DIGEST, "not_an_approver"),
        (AMARA, EARLIER, "stale_card"),
    ],
)
def test_nobody_else_rejects_it(actor: Person, digest: Digest, code: str) -> None:
    with pytest.raises(Refused) as refused:
        rejected(APPROVED, actor, {"riley": "security", "sam": "security"}, digest)
    assert refused.value.code == code


@pytest.mark.threats("C6")
@pytest.mark.parametrize(
    "known",
    [
        replace(APPROVED, writing_since=NOW),
        replace(APPROVED, earlier_write_at=NOW),
        request(RequestState.APPLYING, RequestKind.REVOCATION),
        request(RequestState.APPLYING, RequestKind.ENABLE_GUESTS),
    ],
    ids=["write stored", "earlier write", "revocation", "guest accounts"],
)
def test_what_was_begun_and_what_closes_cannot_be_rejected(known: AccessRequest) -> None:
    with pytest.raises(Refused) as refused:
        rejected(known, AMARA)
    assert refused.value.code == "cannot_reject_any_more"

"""What a later request did to the result of an earlier one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.core.builders import NOW, TENANT, WHOLE_CHAIN, access_plan, prepared, request
from workflows.core.partners.partnership import LaterChange, later_change, replacements_among, result_read_at
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.plans.renewal import plan_renewal
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState

S = RequestState
BLOCK: Final = plan_revocation(tenant_id=TENANT, before=None)
EXTENSION: Final = plan_renewal(
    tenant_id=TENANT,
    before=access_plan().configuration_after(),
    template="trusted-partner",
    template_hash="",
    duration=timedelta(days=90),
)
EARLIER: Final = request(S.APPLIED, confirmed_at=NOW, decisions=WHOLE_CHAIN)
"""Access for 90 days, approved and read back."""


def written(
    day: int, state: S = S.APPLIED, *, plan: Plan | None = None, name: str = "later", **known: Any
) -> AccessRequest:
    """A request whose result was read that many days later."""
    kind = known.pop("kind", RequestKind.ACCESS)
    return request(
        state,
        id=RequestId(name),
        fields=replace(request().fields, kind=kind),
        prepared=prepared() if plan is None else prepared(plan=plan),
        changed_at=NOW + timedelta(days=day),
        **known,
    )


@pytest.mark.parametrize(
    ("later", "change"),
    [
        (written(30, S.OVERWRITTEN), LaterChange.CHANGED_BY_OTHERS),
        (written(30, S.FAILED, applied_part=1), LaterChange.REPLACED_IN_PART),
        (written(30, plan=BLOCK, kind=RequestKind.REVOCATION), LaterChange.REVOKED),
        (written(30, plan=BLOCK), LaterChange.CLOSED_EARLY),
        (written(90, plan=BLOCK), LaterChange.CLOSED),
        (written(30, plan=EXTENSION), LaterChange.EXTENDED),
        (written(30), LaterChange.REPLACED),
    ],
)
def test_what_a_later_request_did(later: AccessRequest, change: LaterChange) -> None:
    assert later_change(EARLIER, later) is change


@pytest.mark.parametrize(
    "earlier",
    [
        replace(EARLIER, decisions=()),
        replace(EARLIER, prepared=prepared(plan=BLOCK)),
        replace(EARLIER, state=S.OVERWRITTEN),
    ],
    ids=["without an end", "a block", "never in force as approved"],
)
def test_only_access_with_an_end_is_closed_early(earlier: AccessRequest) -> None:
    if not earlier.decisions:
        earlier = replace(earlier, prepared=prepared(plan=replace(access_plan(), ends_at=None)))
    assert later_change(earlier, written(30, plan=BLOCK)) is LaterChange.CLOSED


def test_the_first_complete_later_request_replaces_a_result_otherwise_the_first_that_changed_the_partner() -> None:
    first, part, last = written(0, name="first"), written(1, S.FAILED, name="part", applied_part=1), written(2)
    never_written = written(3, S.REJECTED, name="rejected")
    found = replacements_among([last, never_written, first, part])
    assert {key: one.id for key, one in found.items()} == {"first": "later", "part": "later"}
    assert {key: one.id for key, one in replacements_among([first, part]).items()} == {"first": "part"}


def test_results_of_one_moment_do_not_replace_each_other() -> None:
    both = [written(1, name="a"), written(1, name="b")]
    assert replacements_among(both) == {}
    found = replacements_among([*both, written(2)])
    assert {key: one.id for key, one in found.items()} == {"a": "later", "b": "later"}


def test_a_result_is_as_old_as_its_reading() -> None:
    assert result_read_at(EARLIER) == NOW
    assert result_read_at(written(2)) == NOW + timedelta(days=2)
    assert result_read_at(written(2, S.REJECTED)) is None

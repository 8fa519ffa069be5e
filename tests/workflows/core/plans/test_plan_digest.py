"""The digest in every button: one value for one plan, and another value for every other plan."""

import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import TENANT, access_plan, closed_document
from tests.workflows.core.strategies import DOCUMENTS, PROPERTY, reordered
from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.plan import ApprovedSettings, OnSilence, Operation, Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.settings.canonical import canonical_json, digest
from workflows.core.settings.model import TenantId

BEFORE = {
    "tenantId": TENANT,
    "displayName": "Contoso Zürich “Ø”",
    "inboundTrust": None,
    "isServiceProvider": False,
    "@odata.etag": 'W/"1"',
}


@pytest.mark.threats("C5")
def test_golden_an_access_plan_for_a_new_partner() -> None:
    assert (
        access_plan(template_hash="hash-1").digest == "37138e1a9b6de66e1a97a3bd33f85fa2eed61407bf392a7c1d151c9bbdf53d56"
    )


def test_golden_an_access_plan_for_an_existing_partner() -> None:
    assert (
        access_plan(BEFORE, template_hash="hash-1").digest
        == "2fd9ada9fb3081cc462618a654adfc08af542486c8a317e7158732261da7e67b"
    )


def test_golden_a_revocation() -> None:
    before = {"tenantId": TENANT, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    assert (
        plan_revocation(tenant_id=TENANT, default={}, before=before).digest
        == "6affdeba190e4f5945512eead9f1e5b371e1d96f2a20d992e2f7acad722b2c80"
    )


def test_golden_a_plan_with_an_operation_that_graph_may_refuse() -> None:
    plan = access_plan(template_hash="hash-1")
    optional = Operation(method="PATCH", path=plan.operations[0].path, body={"a": 1}, may_be_refused=True)
    with_optional = replace(plan, operations=(*plan.operations, optional))
    assert with_optional.digest == "fb9f4b79165800a73adee61c6127cb937ee099da0f091441cc7a9165abd41565"


@pytest.mark.threats("C5")
def test_golden_the_bytes_that_are_hashed() -> None:
    document = {"b": [3, {"z": None, "y": False}], "a": "é\u2028\n", "€": 1, "\U0001f600": 2, "A": -0}
    assert canonical_json(document) == (
        '{"A":0,"a":"é\u2028\\n","b":[3,{"y":false,"z":null}],"€":1,"\U0001f600":2}'.encode()
    )
    assert digest("gatehouse/test/1", {}) == "49868f55ae7f79ac06d22989444734f429f9101220395410093674a935dfa6cb"


def test_the_digest_is_64_lower_case_hexadecimal_digits() -> None:
    assert len(access_plan().digest) == 64
    assert set(access_plan().digest) <= set("0123456789abcdef")


@pytest.mark.threats("C5")
def test_the_same_document_in_two_domains_has_two_digests() -> None:
    assert digest("gatehouse/plan/1", {"a": 1}) != digest("gatehouse/plan/2", {"a": 1})
    assert digest("a", {}) != digest("a\n", {})


@pytest.mark.threats("C5")
@PROPERTY
@given(DOCUMENTS, st.integers(0, 5))
def test_the_order_of_members_means_nothing(document: dict[str, Any], turn: int) -> None:
    other = reordered(document, turn)
    assert canonical_json(other) == canonical_json(document)
    assert replace(access_plan(), before=other).digest == replace(access_plan(), before=document).digest
    assert json.loads(canonical_json(document)) == document


@pytest.mark.threats("C5")
@PROPERTY
@given(DOCUMENTS, DOCUMENTS)
def test_different_documents_have_different_digests(left: dict[str, Any], right: dict[str, Any]) -> None:
    assume(json.dumps(left, sort_keys=True) != json.dumps(right, sort_keys=True))
    assert digest("d", left) != digest("d", right)


OPERATION = access_plan().operations[0]
SAME_PATH = replace(OPERATION, method="PATCH")


@pytest.mark.parametrize(
    "other",
    [
        replace(access_plan(), tenant_id=TenantId(TENANT.upper())),
        replace(access_plan(), operations=()),
        replace(access_plan(), operations=(OPERATION, OPERATION)),
        replace(access_plan(), operations=(SAME_PATH,)),
        replace(access_plan(), operations=(replace(OPERATION, path=OPERATION.path + "/"),)),
        replace(access_plan(), operations=(replace(OPERATION, body={**OPERATION.body, "inboundTrust": None}),)),
        replace(access_plan(), before={}),
        replace(access_plan(), template="guest-collaboration"),
        replace(access_plan(), template_hash="hash-2"),
        replace(access_plan(), duration=None),
        replace(access_plan(), duration=timedelta(days=90, seconds=1)),
        replace(access_plan(), edition=1),
    ],
)
def test_every_part_of_a_plan_is_in_its_digest(other: Plan) -> None:
    assert other.digest != access_plan().digest


def test_settings_of_which_nothing_was_approved_have_another_digest_and_stored_plans_keep_theirs() -> None:
    kept = ApprovedSettings(configuration={}, inherited=None, is_created=True)
    plan = replace(  # as an earlier version stored it
        access_plan(),
        kept_approval=kept,
        on_silence=OnSilence.ESCALATE,
        template_hash="e779b57684c3cd18d8e8df7144964f79317059dab65f6c3e4f16116615408b58",
    )
    assert plan.digest == "f4d24b74d18a5d50bc8cd7dac3c9089d452eb437e29a5d94908c831657948fbf"
    assert replace(plan, kept_approval=replace(kept, was_approved=False)).digest != plan.digest
    assert replace(plan, on_silence=OnSilence.SUSPEND).digest != plan.digest


def test_the_order_of_operations_is_in_the_digest() -> None:
    plan = replace(access_plan(), operations=(OPERATION, SAME_PATH))
    assert plan.digest != replace(plan, operations=(SAME_PATH, OPERATION)).digest


@pytest.mark.threats("C5")
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"inboundTrust": None}, {}),
        ({"inboundTrust": None}, {"inboundTrust": {}}),
        ({"isSyncAllowed": False}, {"isSyncAllowed": None}),
        ({"isSyncAllowed": False}, {"isSyncAllowed": 0}),
        ({"isSyncAllowed": True}, {"isSyncAllowed": "true"}),
        ({"targets": ["a", "b"]}, {"targets": ["b", "a"]}),
        ({"id": TENANT.upper()}, {"id": TENANT.lower()}),
    ],
)
def test_what_is_written_differently_is_approved_differently(left: dict[str, Any], right: dict[str, Any]) -> None:
    """The digest is over the exact bytes that would be sent, not over what they mean."""
    first, second = (
        replace(access_plan(), operations=(Operation(method="PATCH", path="/x", body=body),)) for body in (left, right)
    )
    assert first.digest != second.digest


@pytest.mark.threats("C5")
def test_composed_and_decomposed_letters_are_different_text() -> None:
    name = "Zürich"
    composed, decomposed = unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)
    assert composed != decomposed
    assert digest("d", {"name": composed}) != digest("d", {"name": decomposed})
    assert digest("d", {composed: 1}) != digest("d", {decomposed: 1})


@pytest.mark.threats("C5")
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, {1: "a"}, object(), "\ud800"])
def test_what_json_cannot_hold_exactly_has_no_digest(value: object) -> None:
    with worded_refusal(UnreadableSetting, match="no exact JSON form") as refused:
        digest("d", {"v": value})
    assert refused.value.fact.values["problem"] not in (None, "", "None"), "it says what cannot be written"


def test_a_digest_does_not_depend_on_the_form_of_a_document_but_on_its_members() -> None:
    assert digest("d", {"v": (1, 2)}) == digest("d", {"v": [1, 2]})
    assert (
        replace(access_plan(), before=closed_document()).digest
        == replace(access_plan(), before=reordered(closed_document(), 2)).digest
    )


def test_the_day_on_which_access_ends_is_approved_in_whatever_time_zone_it_is_given() -> None:
    end = datetime(2027, 6, 1, 12, tzinfo=UTC)
    dated = replace(access_plan(), ends_at=end)
    assert dated.digest != access_plan().digest
    assert dated.digest != replace(dated, ends_at=end + timedelta(days=1)).digest
    assert dated.digest == replace(dated, ends_at=end.astimezone(timezone(timedelta(hours=9)))).digest

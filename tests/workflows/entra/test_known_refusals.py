"""What is added to a refusal of Graph that Microsoft's pages explain, and to no other."""

import json

import pytest

from workflows.core.errors.tenant_problems import KnownRefusal, Purpose
from workflows.entra.answers.answers import Answer, GraphCall
from workflows.entra.answers.failed_calls import failure
from workflows.entra.answers.known_refusals import meaning_of

WRITE = GraphCall(method="POST", path="/partners", purpose=Purpose.CHANGE_PARTNER, permission="Policy.ReadWrite.X")


@pytest.mark.parametrize(
    "says",
    [
        "Failure to update policy due to object limit.",
        "FAILURE TO UPDATE POLICY DUE TO OBJECT LIMIT",
        "The policy would exceed the limit of 25 KB.",
    ],
)
def test_the_object_limit_is_told_by_its_name_next_to_the_services_own_words(says: str) -> None:
    body = json.dumps({"error": {"code": "BadRequest", "message": says}}).encode()
    (refused,) = failure(WRITE, Answer(status=400, body=body)).facts
    assert refused.values["says"] == says.rstrip(".")
    assert refused.values["meaning"] == KnownRefusal.OBJECT_LIMIT


@pytest.mark.parametrize(
    ("status", "says"),
    [(400, "Invalid property 'b2BCollaborationInbound'."), (409, "object limit"), (500, "object limit"), (400, "")],
)
def test_nothing_is_added_to_what_no_page_explains(status: int, says: str) -> None:
    assert meaning_of(status, says) is None

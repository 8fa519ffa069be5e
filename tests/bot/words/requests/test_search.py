"""Fields, states and clicks of auditors have their words."""

import pytest

from bot.words.requests.audit_history import FIELDS, audit_entry_words
from bot.words.requests.search import STATE_CHOICES
from tests.workflows.core.builders import NOW
from workflows.core.requests.commands.editing import EditableField
from workflows.ports.audit_log import AuditEntry


def entry(command: str, outcome: str) -> AuditEntry:
    return AuditEntry(key="k", at=NOW, actor="U", command=command, outcome=outcome, details={})


def test_every_field_and_state_has_words_of_its_own() -> None:
    assert set(FIELDS) == set(EditableField)
    for labels in ([label for label, _ in STATE_CHOICES.values()], list(FIELDS.values())):
        assert len(set(labels)) == len(labels)
        assert all(0 < len(label) <= 75 and label[0].isupper() for label in labels)


@pytest.mark.parametrize(
    ("command", "outcome", "words"),
    [
        ("want_approve", "received", "Approval received"),
        ("want_retry_effect", "received", "want_retry_effect received"),
        ("approve", "accepted", "Approved"),
        ("want_approve", "not_an_approver", "Approval not counted (not an approver)"),
        ("read_history", "not_an_auditor", "read_history refused (not an auditor)"),
    ],
)
def test_an_entry_in_words(command: str, outcome: str, words: str) -> None:
    assert audit_entry_words(entry(command, outcome)) == words

"""The history of a request: what happened, in a few words; a click that was not counted says why."""

from dataclasses import replace

import pytest

from bot.words.requests.history import DONE, entry_words
from tests.bot.surfaces import details, shown
from tests.workflows.core.builders import NOW, classes, request
from workflows.core.requests.commands.partner_record import PartnershipCommand
from workflows.core.requests.commands.request import RequestCommand
from workflows.ports.audit_log import RECEIVED, AuditEntry


def entry(command: str, outcome: str = "accepted") -> AuditEntry:
    return AuditEntry(key=f"{command} {outcome}", at=NOW, actor="U-AMARA", command=command, outcome=outcome, details={})


def test_every_command_about_a_request_or_partner_has_words() -> None:
    commands = [*classes(RequestCommand), *classes(PartnershipCommand)]
    names = {one.__dataclass_fields__["name"].default for one in commands}
    assert names - set(DONE) == set()


@pytest.mark.parametrize(
    ("command", "outcome", "words"),
    [
        ("approve", "accepted", "Approved"),
        ("want_approve", "not_your_turn", "Approval not counted (not your turn)"),
        ("remind_approvers", "reminded_lately", "Reminder refused (reminded lately)"),
        ("something_new", "accepted", "something_new"),
    ],
)
def test_an_entry_in_words(command: str, outcome: str, words: str) -> None:
    assert entry_words(entry(command, outcome)) == words


def test_a_click_that_is_still_to_be_checked_is_not_in_the_history() -> None:
    history = (entry("approve"), entry("want_approve", RECEIVED), entry("submit"))
    text = shown(details(request(), history=history).blocks)
    assert text.count("Approved by") == 1
    assert "want_approve" not in text
    assert "Requested by" in text


def test_the_history_of_a_revocation_claims_no_access_and_no_approval() -> None:
    """The same commands are about openings and closings, so their words must be true of both."""
    for command in ("record_prepared", "replan", "record_applied"):
        said = entry_words(entry(command)).lower()
        assert not any(word in said for word in ("active", "approval", "access"))


def test_the_answer_to_a_review_is_in_the_history_with_its_reason() -> None:
    kept = replace(entry("keep"), details={"reason": "Campaign runs until May", "account": "id-sam"})
    assert "Access kept by : Campaign runs until May" in shown(details(request(), history=(kept,)).blocks)

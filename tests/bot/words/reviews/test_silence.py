"""Who was asked, and what happens without an answer, in words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, cast

import pytest

from bot.words.requests.history import MANAGER_SKIPPED, SKIPPED, entry_words
from bot.words.reviews.silence import (
    ON_SILENCE,
    WHY_OPEN,
    asked_words,
    consequence_words,
    story_words,
    who_answers_words,
)
from tests.workflows.core.builders import AMARA, DANA, NOW, RILEY, SAM, partnership
from workflows.core.partners.history.outside_changes import RecordedEntry
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.partners.reviewing.silence_decision import WAITING_STEPS, SilenceStep
from workflows.core.plans.plan import AtEnd, OnSilence
from workflows.core.policy.reviews.silence import AskedAs, ManagerSkipped, Reminded, ReviewReminder
from workflows.core.requests.commands.review_event import SkipReason
from workflows.ports.audit_log import AuditEntry

DAY: Final = timedelta(days=1)
BY_SPONSOR: Final = Reminded(person=SAM.chat_id, asked_as=(AskedAs.SPONSOR,))


def reminder(number: int, *people: Reminded, **more: Any) -> ReviewReminder:
    at = NOW + number * DAY
    usual: dict[str, Any] = {"is_sent": True, "delivered_at": at if people else None, "people": people}
    return ReviewReminder(number=number, sponsor=SAM.id, issued_at=at, batch="b", **{**usual, **more})


def due(*reminders: ReviewReminder, **changes: Any) -> Partnership:
    return partnership(
        state=PartnershipState.REVIEW_DUE,
        review_reminders=reminders,
        next_review_at=NOW + 20 * DAY,
        on_silence=OnSilence.SUSPEND,
        **changes,
    )


def test_the_last_question_says_whom_it_reached_and_what_follows() -> None:
    admins = [Reminded(person=one.chat_id, asked_as=(AskedAs.ADMIN,)) for one in (DANA, RILEY)]
    manager = Reminded(person=AMARA.chat_id, asked_as=(AskedAs.MANAGER,))
    known = due(reminder(1, BY_SPONSOR), reminder(4, BY_SPONSOR, manager, *admins, manager=AMARA))
    assert asked_words(known) == (
        "Asked 4 times. Last: Mar 5, 2027 at 09:00 UTC, reached Sam (sponsor), Amara (the sponsor's manager) and "
        "2 admins. Without an answer, the access is suspended, on May 1, 2027 at 09:00 UTC at the earliest."
    )
    assert who_answers_words(known) == "The sponsor, Amara (the sponsor's manager), or an admin can answer."


def test_what_is_not_sent_or_reached_nobody_is_said() -> None:
    sending = due(reminder(1, is_sent=False))
    assert asked_words(sending).startswith("Asked once. Without an answer, the access is suspended, on ")
    assert story_words(sending) == ["Asked: Mar 2, 2027 at 09:00 UTC, not sent yet."]
    nobody = due(reminder(3, manager_skipped=ManagerSkipped.GUEST))
    assert story_words(nobody) == [
        "Reminder 3: Mar 4, 2027 at 09:00 UTC, reached nobody. The sponsor's manager was not asked, because the "
        "account is a guest."
    ]
    assert "because the account is a guest" in asked_words(nobody)


def test_what_silence_leads_to_is_said_from_the_first_question_on() -> None:
    assert consequence_words(due()) == (
        "Without an answer, the access is suspended, on May 20, 2027 at 09:00 UTC at the earliest."
    ), "also where nobody knows who got the questions"
    assert consequence_words(partnership()) == ""
    escalates = replace(due(reminder(1, BY_SPONSOR)), on_silence=OnSilence.ESCALATE)
    assert consequence_words(escalates).startswith(
        "Without an answer, the access stays and the admins get an alarm, on"
    )


def test_settings_that_nobody_approved_are_not_said_to_be_suspended() -> None:
    overwritten = due(reminder(1, BY_SPONSOR), basis=SettingsBasis.OVERWRITTEN)
    assert "the access stays and the admins get an alarm" in consequence_words(overwritten)


def test_an_access_that_is_blocked_at_its_end_before_that_is_said_to_be_blocked() -> None:
    ends = due(reminder(1, BY_SPONSOR), at_end=AtEnd.BLOCK, ends_at=NOW + 50 * DAY)
    assert consequence_words(ends) == (
        "Without an answer, the access is blocked at its end, Apr 20, 2027 at 09:00 UTC."
    )


def test_one_person_in_two_roles_is_named_once() -> None:
    only = Reminded(person=SAM.chat_id, asked_as=(AskedAs.SPONSOR, AskedAs.ADMIN))
    assert story_words(due(reminder(4, only)))[0].endswith("reached Sam (sponsor and only admin).")
    former = due(reminder(4, BY_SPONSOR), sponsor=RILEY)
    assert "the former sponsor (sponsor)" in story_words(former)[0]


def test_without_a_record_of_questions_nothing_is_claimed() -> None:
    assert asked_words(partnership()) == ""
    assert consequence_words(partnership()) == ""
    assert who_answers_words(partnership()) == "The sponsor or an admin can answer."
    gone = replace(partnership(), sponsor_gone_at=NOW)
    assert "becomes the sponsor" in who_answers_words(gone)


def test_every_code_has_words() -> None:
    assert set(ON_SILENCE) == set(OnSilence)
    assert set(MANAGER_SKIPPED) == set(ManagerSkipped)
    assert set(SKIPPED) == set(SkipReason)
    assert set(WHY_OPEN) == set(SilenceStep) - WAITING_STEPS - {SilenceStep.SUSPEND}


@pytest.mark.parametrize(
    ("command", "details", "words"),
    [
        (
            "skip_review",
            {"reason": "ends_soon"},
            "Review skipped: the access ends within two weeks, and is blocked then",
        ),
        ("skip_review", {"reason": "of_later"}, "Review skipped: of_later"),
        (
            "record_review_reminder",
            {"people": {"U1": ["sponsor"], "U2": ["manager"], "U3": ["admin"], "U4": ["admin"]}},
            "Review question: reached the sponsor, the sponsor's manager and 2 admins",
        ),
        (
            "record_review_reminder",
            {"people": {}, "manager_skipped": "none"},
            "Review question: reached nobody. The sponsor has no manager in Entra.",
        ),
        ("suspend_for_silence", {}, "Nobody answered the review, suspension requested by Gatehouse"),
    ],
)
def test_the_history_says_whom_a_question_reached_and_why_one_was_left_out(
    command: str, details: dict[str, Any], words: str
) -> None:
    entry = AuditEntry(key="k", at=NOW, actor="gatehouse", command=command, outcome="accepted", details=details)
    assert entry_words(cast("RecordedEntry", entry)) == words

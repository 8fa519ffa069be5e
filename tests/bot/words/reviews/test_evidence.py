"""The evidence in words: short lines for the card, long ones for the details, and names for admins only."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.findings.conditional_access.findings import locked_out_words
from bot.words.reviews.evidence import LABELS, EvidenceTopic, evidence_details, evidence_lines, quoted_words
from tests.bot.words.findings.conditional_access.test_findings import verdict
from tests.workflows.core.builders import NOW, SAM, TENANT, partnership, request
from tests.workflows.core.partners.evidence.test_partner_evidence import CUT, REFUSED, USAGE, WHOLE, scan
from workflows.core.checks.tenant_facts import UnreadableReason
from workflows.core.partners.partnership import Attestation
from workflows.core.partners.reviewing.evidence.partner_evidence import (
    PartnerEvidence,
    SettingsCheck,
    SettingsState,
    UseState,
    evidence_of,
)
from workflows.core.partners.reviewing.evidence.usage import (
    GuestMatch,
    GuestUsage,
    ListedGuest,
    Lockout,
    PartnerUsage,
    UsageScan,
)
from workflows.core.people import PersonId
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TenantId

DAY = timedelta(days=1)
NO_ROLES = "Directory roles of guests were not read: this needs the application for guest accounts."
GUESTS = GuestUsage(
    count=14,
    never_came=3,
    disabled=1,
    matches={GuestMatch.SIGN_IN: 4, GuestMatch.MAIL: 10},
    shared_with=(TenantId("99999999-0000-4000-8000-000000000001"),),
    listed=(
        ListedGuest(
            id=PersonId("b"), match=GuestMatch.MAIL, has_come=True, is_enabled=False, last_sign_in_at=NOW - 2 * DAY
        ),
        ListedGuest(id=PersonId("c"), match=GuestMatch.NAME, has_come=False, is_enabled=True),
    ),
)


def evidence(of: UsageScan | None = None, usage: PartnerUsage | None = None, /, **changes: Any) -> PartnerEvidence:
    settings = SettingsCheck(state=SettingsState.AS_APPROVED, checked_at=NOW)
    answered = partnership(attestations=(Attestation(person=SAM, reason="The launch moved to July", at=NOW),))
    applied = request(RequestState.APPLIED)
    return replace(evidence_of(answered, request=applied, scan=of, usage=usage, settings=settings), **changes)


def of_guests(days: int) -> PartnerUsage:
    """What a scan found of a partner with guests and no sign-in in the log."""
    guests = replace(GUESTS, last_sign_in_at=NOW - days * DAY)
    return PartnerUsage(tenant_id=TENANT, taken_at=NOW, guests=guests)


def text(topic: EvidenceTopic, found: PartnerEvidence) -> str:
    return next((line.text for line in evidence_lines(found) if line.topic is topic), "")


def details(topic: EvidenceTopic, found: PartnerEvidence, people: dict[PersonId, str] | None = None) -> list[str]:
    return [line.text for line in evidence_details(found, people) if line.topic is topic]


def test_the_card_of_a_used_partner_says_all_in_a_few_lines() -> None:
    usage = replace(USAGE, guests=replace(GUESTS, shared_with=()))
    lines = [f"{line.label}: {line.text}" for line in evidence_lines(evidence(scan(), usage))]
    assert lines == [
        "Last used: Feb 28, 2027, by 2 people in 30 days",
        "Guests: 14 (estimate), 3 never came",
        "Settings: As approved",
        f"Approved: Amara, Bruno, Chie, for Riley: “{request().fields.justification}”",
        "Last answer: Sam, Mar 1, 2027: “The launch moved to July”",
        "Limits: Read Mar 1, 2027 at 09:00 UTC; background sign-ins may be missing.",
    ]
    assert sum(len(line.split()) for line in lines) <= 90
    assert set(LABELS) == set(EvidenceTopic)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (evidence(scan(sign_ins=CUT), USAGE), "Feb 28, 2027, by at least 2 people in 30 days"),
        (evidence(scan(), replace(USAGE, people=1, last_sign_in_at=None)), "by 1 person in 30 days"),
        (
            evidence(
                scan(), replace(USAGE, people=0, last_sign_in_at=None, guests=replace(GUESTS, last_sign_in_at=NOW))
            ),
            "Mar 1, 2027, as Entra keeps it with a guest account",
        ),
        (evidence(scan()), "not known; nobody in 30 days"),
        (
            evidence(
                scan(),
                PartnerUsage(tenant_id=TENANT, taken_at=NOW, guests=replace(GUESTS, last_sign_in_at=NOW - 90 * DAY)),
            ),
            "Dec 1, 2026; nobody in 30 days",
        ),
        (evidence(scan(sign_ins=CUT)), "Not known: no sign-in found, but the log was not read to its end"),
        (
            evidence(scan(sign_ins=replace(CUT, unread=UnreadableReason.THROTTLED))),
            "Not known: no sign-in found, but the log was not read to its end (throttled)",
        ),
        (
            evidence(scan(reaches_back_to=NOW - 5 * DAY)),
            "Not known: no sign-in found, but the log has entries since Feb 24, 2027 only",
        ),
        (evidence(scan(reaches_back_to=None)), "Not known: no sign-in found, but the log has no entries"),
        (evidence(), "Not known: the sign-in log has not been read yet"),
        (
            evidence(scan(sign_ins=REFUSED)),
            "Not known: the sign-in log could not be read (permission missing, AuditLog.Read.All)",
        ),
    ],
)
def test_what_is_known_of_the_use_is_said_and_no_more(found: PartnerEvidence, words: str) -> None:
    assert text(EvidenceTopic.USE, found) == words


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (evidence(), "Not known: the list of guests has not been read yet"),
        (
            evidence(scan(guests=replace(REFUSED, permission="User.Read.All"))),
            "Not known: the list of guests could not be read (permission missing, User.Read.All)",
        ),
        (evidence(scan()), "None found"),
        (evidence(scan(guests=CUT)), "Not known: the list was not read to its end"),
        (
            evidence(scan(guests=CUT, activity=REFUSED), replace(USAGE, guests=replace(GUESTS, disabled=0))),
            "at least 14 (estimate), 3 did not accept the invitation",
        ),
        (evidence(scan(), replace(USAGE, guests=GuestUsage(count=2))), "2 (estimate)"),
    ],
)
def test_guests_are_counted_or_said_not_to_be_known(found: PartnerEvidence, words: str) -> None:
    assert text(EvidenceTopic.GUESTS, found) == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (SettingsState.AS_APPROVED, "As approved (verified Mar 1, 2027 at 09:00 UTC)"),
        (SettingsState.DRIFTED, "Different from what was approved, found Mar 1, 2027 at 09:00 UTC"),
        (
            SettingsState.DRIFT_ACCEPTED,
            "Different from what was approved, found Mar 1, 2027 at 09:00 UTC; accepted for now",
        ),
        (SettingsState.NOT_APPROVED, "Nobody approved the current settings, read Mar 1, 2027 at 09:00 UTC"),
    ],
)
def test_settings_against_what_was_approved(state: SettingsState, words: str) -> None:
    assert text(EvidenceTopic.SETTINGS, evidence(settings=SettingsCheck(state=state, checked_at=NOW))) == words


@pytest.mark.parametrize(
    ("lockout", "words"),
    [
        (None, "Not checked"),
        (
            Lockout(checked_at=NOW, unread=UnreadableReason.FORBIDDEN),
            "Not known: Conditional Access could not be read (permission missing), Mar 1, 2027 at 09:00 UTC",
        ),
        (Lockout(checked_at=NOW), "No policy certainly locks anybody out (checked Mar 1, 2027 at 09:00 UTC)."),
        (
            Lockout(checked_at=NOW, is_estimate=True),
            "No policy certainly locks anybody out (checked Mar 1, 2027 at 09:00 UTC)."
            " Entra did not evaluate every sign-in.",
        ),
    ],
)
def test_who_is_locked_out_is_in_the_details_also_when_nobody_is(lockout: Lockout | None, words: str) -> None:
    found = evidence(scan(), lockout=lockout)
    assert details(EvidenceTopic.LOCKED_OUT, found) == [words]
    assert text(EvidenceTopic.LOCKED_OUT, found) == ""


def test_somebody_who_is_locked_out_is_on_the_card() -> None:
    values = verdict(meaning="locked_out", remedies=["exclude"])
    found = evidence(scan(), lockout=Lockout(checked_at=NOW, locked_out=values))
    assert text(EvidenceTopic.LOCKED_OUT, found) == locked_out_words(values)
    (line,) = details(EvidenceTopic.LOCKED_OUT, found)
    assert line == f"{locked_out_words(values)} (checked Mar 1, 2027 at 09:00 UTC)"


def test_setup_approval_and_answer() -> None:
    assert text(EvidenceTopic.SETUP, evidence(setup_needed=3, setup_open=2)) == "2 of 3 steps not confirmed"
    assert text(EvidenceTopic.SETUP, evidence(setup_needed=1)) == "1 step, all confirmed"
    found = evidence()
    assert found.approval is not None
    unknown = replace(found.approval, approvers=(), requester="", justification="")
    assert text(EvidenceTopic.APPROVAL, evidence(approval=unknown)) == (
        "No approval is recorded; requested by nobody known"
    )
    undated = replace(found.approval, at=None, justification="")
    assert text(EvidenceTopic.APPROVAL, evidence(approval=undated)) == "Amara, Bruno, Chie, for Riley"
    (line,) = details(EvidenceTopic.APPROVAL, evidence(approval=undated))
    assert "on an unknown day" in line
    assert text(EvidenceTopic.APPROVAL, evidence(approval=None)) == ""
    assert details(EvidenceTopic.APPROVAL, evidence(approval=None)) == []
    assert text(EvidenceTopic.LAST_ANSWER, evidence(last_answer=None)) == ""


def test_of_a_long_reason_the_beginning_and_the_end_are_quoted() -> None:
    """Until when something is needed often stands at the end."""
    whole = "We test pumps in our laboratory until the end of May"
    assert quoted_words(whole) == whole
    long = f"{whole}, and the new valves until the middle of August"
    assert quoted_words(long) == "We test pumps in our laboratory … until the middle of August"


def test_every_missing_permission_is_named_with_what_could_not_be_read() -> None:
    no_users = replace(REFUSED, permission="User.Read.All")
    lockout = Lockout(checked_at=NOW, unread=UnreadableReason.FORBIDDEN)
    usage = replace(USAGE, lockout=lockout)
    found = evidence(scan(sign_ins=REFUSED, guests=no_users, activity=REFUSED), usage)
    assert text(EvidenceTopic.LIMITS, found).endswith(
        "Missing permissions: AuditLog.Read.All (sign-ins), User.Read.All (guests), Policy.Read.All "
        "(Conditional Access)."
    )
    assert details(EvidenceTopic.LOCKED_OUT, found) == [
        "Not known: Conditional Access could not be read (permission missing, Policy.Read.All), "
        "Mar 1, 2027 at 09:00 UTC"
    ]
    found = evidence(scan(sign_ins=REFUSED, activity=REFUSED))
    assert text(EvidenceTopic.LIMITS, found).endswith(
        "Missing permission: AuditLog.Read.All (sign-ins and last sign-in of guests)."
    )


def test_the_day_of_the_settings_is_said_where_it_is_another_one() -> None:
    earlier = SettingsCheck(state=SettingsState.AS_APPROVED, checked_at=NOW - DAY)
    assert text(EvidenceTopic.SETTINGS, evidence(scan(), settings=earlier)) == (
        "As approved (verified Feb 28, 2027 at 09:00 UTC)"
    )


def test_names_are_for_admins_and_the_others_are_told_so() -> None:
    found = evidence(scan(), replace(USAGE, guests=GUESTS, failed=4))
    assert details(EvidenceTopic.PEOPLE, found) == ["Names are shown to admins only"]
    assert details(EvidenceTopic.PEOPLE, evidence(scan())) == []
    people = {PersonId("a"): "Maria", PersonId("b"): "Jon"}
    assert details(EvidenceTopic.PEOPLE, found, people) == [
        "Maria: signed in during the last 30 days",
        "Jon: guest, matched by mail domain, has come, last sign-in Feb 27, 2027, disabled",
        "Account c, not in our directory: guest, matched by the domain in an #EXT# name, never came",
        "12 more are not listed",
    ]
    assert details(EvidenceTopic.USE, found)[1] == "4 sign-ins failed or stopped before the end"
    assert details(EvidenceTopic.GUESTS, found)[1:] == [
        "Matched: 4 by a sign-in from their tenant, 10 by mail domain",
        "The domain is also recorded for 99999999-0000-4000-8000-000000000001, so some may be their guests",
    ]


def test_where_nothing_could_be_read_no_limit_of_a_figure_is_said() -> None:
    found = evidence(scan(), replace(USAGE, guests=GUESTS))
    unread = replace(found, use=replace(found.use, state=UseState.UNKNOWN), guests=None)
    assert details(EvidenceTopic.LIMITS, unread)[0] == "Read Mar 1, 2027 at 09:00 UTC."


def test_the_details_say_every_limit() -> None:
    found = evidence(scan(activity=REFUSED), replace(USAGE, guests=GUESTS))
    assert details(EvidenceTopic.LIMITS, found) == [
        "Read Mar 1, 2027 at 09:00 UTC; background sign-ins may be missing."
        " Missing permission: AuditLog.Read.All (last sign-in of guests).",
        "The sign-in log reaches back 30 days at most, with some licences less.",
        "It may leave out sign-ins that an application makes without the person.",
        "Guests with another mail domain are not counted, and a matched guest may belong to another company.",
        "The last sign-in of guests could not be read. Only open invitations count as “never came”.",
        NO_ROLES,
    ]
    assert NO_ROLES not in details(EvidenceTopic.LIMITS, evidence(scan(roles=WHOLE), replace(USAGE, guests=GUESTS)))
    assert details(EvidenceTopic.LIMITS, evidence()) == []
    assert len(details(EvidenceTopic.LIMITS, evidence(scan(guests=WHOLE)))) == 3

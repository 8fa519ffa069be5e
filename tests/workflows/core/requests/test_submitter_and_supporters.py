"""Who sent a request for somebody else, and who supports it: neither ever decides on it."""

from dataclasses import replace

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    MALLORY,
    NOW,
    REQUEST,
    access_plan,
    approval,
    everybody,
    person,
    prepared,
    request,
    situation,
)
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.request import Approve, Reject
from workflows.core.requests.eligibility import IneligibleReason, eligibility, ids_of
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, EditRecord, Support

AMARAS_OTHER_ID = replace(AMARA, chat_id=ChatId("U-AMARA-2"))


def sent_by(submitter: Person) -> AccessRequest:
    """Return a request that `submitter` sent for Riley."""
    known = request(prepared=prepared(submitter=submitter))
    return replace(known, fields=replace(known.fields, submitter=submitter.chat_id))


def supported_by(*people: Person) -> AccessRequest:
    """Return Riley's request with supporters."""
    return request(supports=tuple(Support(person=one, at=NOW) for one in people))


@pytest.mark.threats("C1")
@pytest.mark.parametrize("actor", [AMARA, AMARAS_OTHER_ID])
@pytest.mark.parametrize(
    ("known", "code", "words"),
    [
        (sent_by(AMARA), "submitter", "You can't decide on this request, because you sent it for the requester."),
        (supported_by(BRUNO, AMARA), "supporter", "You can't decide on this request, because you support it."),
    ],
)
def test_neither_submitter_nor_supporter_decides(known: AccessRequest, code: str, words: str, actor: Person) -> None:
    digest = access_plan().digest
    for command in (
        Approve(actor=actor, request_id=REQUEST, digest=digest),
        Reject(actor=actor, request_id=REQUEST, digest=digest, reason="Too wide"),
    ):
        with pytest.raises(Refused) as refused:
            advance(known, command, situation())
        assert refused.value.code == code
        assert refusal_words(refused.value) == f"{words} Ask one of the approvers on the card."


@pytest.mark.threats("C1")
@pytest.mark.parametrize("known", [sent_by(AMARA), supported_by(AMARA)])
def test_their_approvals_do_not_count_and_they_are_not_asked(known: AccessRequest) -> None:
    known = replace(known, decisions=(approval(AMARA, 0),))
    assert known.verdict(everybody()).open_stage == 0
    who = eligibility(known)
    assert {AMARA.id, AMARA.chat_id} <= who.excluded_ids
    assert AMARA.chat_id in who.chat_ids
    assert who.eligible_members([AMARA.chat_id, BRUNO.chat_id]) == {BRUNO.chat_id}


def test_the_reason_names_what_the_person_did() -> None:
    reason = eligibility(sent_by(AMARA)).ineligible_reason(AMARA.chat_id, AMARA.id)
    assert reason is IneligibleReason.SUBMITTER
    assert eligibility(supported_by(AMARA)).ineligible_reason(AMARA.chat_id) is IneligibleReason.SUPPORTER
    assert supported_by(AMARA, BRUNO).supporters == (AMARA, BRUNO)


def test_a_request_is_filed_by_its_requester_and_by_who_sent_it() -> None:
    known, riley = sent_by(AMARA), person("Riley")
    assert known.is_filed_by(AMARA.chat_id)
    assert known.is_filed_by(ChatId("U-OTHER"), AMARA.id)
    assert known.is_filed_by(riley.chat_id)
    assert known.is_filed_by(ChatId("U-OTHER"), riley.id)
    assert not known.is_filed_by(BRUNO.chat_id, BRUNO.id)
    assert not known.is_filed_by(None)
    assert known.is_requested_by(riley.chat_id)
    assert not known.is_requested_by(AMARA.chat_id, AMARA.id)


def test_without_a_submitter_nobody_else_filed_it() -> None:
    known = request()
    assert known.submitter_account is None
    assert not known.is_filed_by(BRUNO.chat_id, BRUNO.id)
    assert replace(known, prepared=None).submitter_account is None


def test_everybody_who_takes_part_is_known() -> None:
    """They decide nothing, and choose nobody who decides."""
    known = prepared(submitter=AMARA, authors=(BRUNO,), partner_sponsors=(CHIE,))
    edits = (EditRecord(person=DANA, at=NOW),)
    supports = (Support(person=MALLORY, at=NOW),)
    made = request(prepared=known, edits=edits, supports=supports)
    assert {person.name for person in made.taking_part} == {
        *("Riley", "Sam", "Amara", "Bruno", "Chie", "Dana", "Mallory"),
    }
    assert prepared().submitter is None
    assert {person.name for person in request().taking_part} == {"Riley", "Sam"}


def test_authors_and_sponsors_of_the_partner_are_told_apart_from_everybody_else_who_may_not_decide() -> None:
    known = prepared(submitter=AMARA, authors=(BRUNO,), partner_sponsors=(CHIE,))
    who = eligibility(request(prepared=known))
    reasons = {
        BRUNO: IneligibleReason.AUTHOR,
        CHIE: IneligibleReason.PARTNER_SPONSOR,
        AMARA: IneligibleReason.SUBMITTER,
    }
    for somebody, reason in reasons.items():
        assert who.ineligible_reason(somebody.chat_id) is who.ineligible_reason(somebody.chat_id, somebody.id) is reason
        assert {somebody.id, somebody.chat_id} <= who.excluded_ids
        assert somebody.chat_id in who.chat_ids
    assert who.authors == ids_of([BRUNO])
    assert who.partner_sponsors == ids_of([CHIE])

"""Who filed a request is known by the account, as far as that was read."""

from dataclasses import replace

import pytest

from tests.workflows.core.builders import AMARA, MALLORY, RILEY, request
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId
from workflows.core.requests.request import RequestState


def test_the_account_is_that_of_the_plan_then_of_the_submitter_then_the_one_that_was_known() -> None:
    bare = request(RequestState.PREPARING)
    assert bare.requester_account is None
    assert replace(bare, account=AMARA.id).requester_account == AMARA.id
    assert replace(bare, account=AMARA.id, submitter=MALLORY).requester_account == MALLORY.id
    assert request(account=AMARA.id, submitter=MALLORY).requester_account == RILEY.id


def test_a_person_with_two_chat_ids_is_known_by_the_account() -> None:
    known, other = request(), ChatId("U-SECOND")
    assert known.is_filed_by(RILEY.chat_id)
    assert known.is_filed_by(other, RILEY.id)
    assert not known.is_filed_by(other)
    assert not known.is_filed_by(other, AMARA.id)
    assert not request(RequestState.PREPARING).is_filed_by(other, AMARA.id), (
        "no account is known: nobody is taken for it"
    )


def test_without_a_plan_nothing_can_be_decided() -> None:
    bare = request(RequestState.PREPARING)
    for ask in (lambda: bare.require_prepared(), bare.verdict):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.code == "not_prepared"


def test_a_request_was_sent_under_its_plan_or_an_earlier_one() -> None:
    known = request(RequestState.APPLYING)
    assert not known.was_sent
    assert replace(known, writing_since=known.changed_at).was_sent
    assert replace(known, earlier_write_at=known.changed_at).was_sent

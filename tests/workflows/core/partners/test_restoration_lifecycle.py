"""A restore request in the lifecycle: decided as an access request is, and said to be what it is."""

from dataclasses import replace

import pytest

from bot.words.requests.messages import message_words
from bot.words.requests.states import state_words
from tests.workflows.core.builders import (
    AMARA,
    EXPIRY,
    NOW,
    STAGES,
    WHOLE_CHAIN,
    access_plan,
    closed_document,
    noted,
    partnership,
    prepared,
    request,
    situation,
)
from workflows.core.partners.outcome.advancing import advance_request_and_record
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.planning import plan_revocation
from workflows.core.requests.commands.automatic import Expire, RecordApplied, RecordOverwritten, RecordPrepared, Reopen
from workflows.core.requests.effects import SendMessage
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.canonical import JsonObject

S, RESTORATION = RequestState, RequestKind.RESTORATION


def told(effects: tuple[object, ...]) -> str:
    return " ".join(message_words(effect.fact) for effect in effects if isinstance(effect, SendMessage))


def applied(
    asked: AccessRequest, configuration: JsonObject | None = None
) -> tuple[AccessRequest, PartnershipState, str]:
    done = advance_request_and_record(
        asked, RecordApplied(configuration=configuration or {}, default={}), situation(), partnership()
    )
    assert done.partnership is not None
    return done.request, done.partnership.state, told(done.effects)


def test_it_waits_for_its_chain_also_where_it_only_closes() -> None:
    """A revocation needs no approval because of who asks for it; anybody may ask for a restoration."""
    closing = prepared(
        RESTORATION, plan=plan_revocation(tenant_id=access_plan().tenant_id, default={}, before=None), stages=STAGES
    )
    waiting = advance(request(S.PREPARING, RESTORATION), RecordPrepared(prepared=closing), situation()).request
    assert waiting.state is S.AWAITING_APPROVAL


def test_what_is_restored_opens_a_partnership_again() -> None:
    done, state, text = applied(
        request(S.APPLYING, RESTORATION, prepared=prepared(plan=access_plan(closed_document())))
    )
    assert (done.state, state) == (S.APPLIED, PartnershipState.ACTIVE)
    assert text == "", "the partner setup card says it"
    assert state_words(done) == "restored (verified Mar 1, 2027 at 09:00 UTC)"


def test_who_asked_reads_to_what_it_was_restored() -> None:
    from tests.workflows.core.partners.test_restoration import restoration

    inherits = restoration(closed_document(), None)
    _, state, text = applied(request(S.APPLYING, RESTORATION, prepared=prepared(plan=inherits)))
    assert state is PartnershipState.ACTIVE
    assert "are restored (verified)" in text


def test_what_is_restored_to_a_block_is_recorded_as_one() -> None:
    blocked = plan_revocation(tenant_id=access_plan().tenant_id, default={}, before=None)
    known = prepared(plan=blocked)
    known = replace(known, observation=replace(known.observation, default={}))
    _, state, text = applied(request(S.APPLYING, RESTORATION, prepared=known), closed_document())
    assert state is PartnershipState.REVOKED
    assert "is blocked" in text


def test_undecided_it_expires() -> None:
    assert advance(request(S.AWAITING_APPROVAL, RESTORATION), Expire(), situation(EXPIRY)).request.state is S.EXPIRED


def test_a_lost_role_opens_its_stage_again() -> None:
    asked = request(S.APPLYING, RESTORATION, decisions=WHOLE_CHAIN)
    again = advance(asked, Reopen(reason=noted("lost")), situation(NOW, amara="nothing"))
    assert again.request.state is S.AWAITING_APPROVAL
    assert AMARA not in {decision.person for decision in again.request.decisions}


@pytest.mark.parametrize("state", [S.APPLYING, S.UNCONFIRMED])
def test_what_was_sent_and_then_changed_by_somebody_else_is_never_disowned(state: RequestState) -> None:
    ended = advance_request_and_record(request(state, RESTORATION), RecordOverwritten(configuration=None), situation())
    assert ended.request.state is S.OVERWRITTEN
    assert ended.partnership is not None

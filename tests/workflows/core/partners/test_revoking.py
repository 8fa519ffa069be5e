"""Who may revoke, and which open requests give way to it."""

from dataclasses import replace

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import DANA, NOW, RILEY, SAM, current_roles, identity, partnership, request
from workflows.core.errors.raised import Refused
from workflows.core.partners.closing.revoking import (
    requests_for_more_access,
    requests_stopped_by_revocation,
    require_may_revoke,
    running_revocation,
)
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import Person
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import (
    TERMINAL,
    AccessRequest,
    ObservedPartner,
    RequestId,
    RequestKind,
    RequestState,
)
from workflows.core.settings.model import TenantId

S, K = RequestState, RequestKind
ELSEWHERE = TenantIdentity(
    tenant_id=TenantId("fab0fab0-2222-4aaa-8bbb-0123456789a2"),
    display_name="Fabrikam",
    default_domain="fabrikam.com",
    typed_name="fabrikam.com",
)
DUE = partnership(state=PartnershipState.REVIEW_DUE)
SEEN, SEEN_ELSEWHERE = (ObservedPartner(identity=one, configuration=None, at=NOW) for one in (identity(), ELSEWHERE))


def test_an_admin_may_revoke_and_the_sponsor_who_is_asked() -> None:
    on = current_roles(dana="admin")
    require_may_revoke(None, DANA, on)
    require_may_revoke(DUE, SAM, on)


@pytest.mark.parametrize("person", [RILEY, SAM])
def test_everybody_else_is_told_who_may(person: Person) -> None:
    with pytest.raises(Refused) as caught:
        require_may_revoke(partnership(), person, current_roles())
    assert caught.value.code == "not_an_admin"
    assert "Only partner admins can revoke, and the sponsor when a review is due" in refusal_words(caught.value)
    assert ("You are the sponsor, but no review is due now" in refusal_words(caught.value)) == (person == SAM)


def test_a_sponsor_who_is_asked_is_sent_from_the_command_to_the_card() -> None:
    with pytest.raises(Refused) as caught:
        require_may_revoke(DUE, SAM, current_roles(), in_review=False)
    assert "choose Revoke on the review's card" in refusal_words(caught.value)
    with pytest.raises(Refused) as caught:
        require_may_revoke(None, RILEY, current_roles())
    assert refusal_words(caught.value).endswith("Ask one of them.")


@pytest.mark.parametrize(
    ("one", "is_stopped", "opens"),
    [
        (request(S.AWAITING_APPROVAL), True, True),
        (request(S.APPLYING, K.RESTORATION), True, True),
        (request(S.APPLYING, K.REVOCATION), False, False),
        (request(S.UNCONFIRMED, K.REVOCATION), True, False),
        (request(S.PREPARING), True, True),
        (request(S.PREPARING, observation=SEEN), True, True),
        (request(S.PREPARING, observation=SEEN_ELSEWHERE), False, False),
    ],
    ids=["access", "restore", "revocation", "unread revocation", "by its name", "by its form", "another partner's"],
)
def test_what_would_open_gives_way_and_a_revocation_only_while_it_waits_for_its_proof(
    one: AccessRequest, is_stopped: bool, opens: bool
) -> None:
    assert requests_stopped_by_revocation([one], identity()) == ((one,) if is_stopped else ())
    assert requests_for_more_access([one], identity()) == ((one,) if opens else ())


@pytest.mark.parametrize("state", [one for one in S if one not in TERMINAL])
def test_the_newest_open_revocation_of_the_partner_is_running(state: RequestState) -> None:
    older = replace(request(S.UNCONFIRMED, K.REVOCATION), id=RequestId("r-0"))
    newest = request(state, K.REVOCATION)
    others = [request(S.APPLYING), replace(newest, prepared=None, observation=SEEN_ELSEWHERE)]
    assert running_revocation([older, newest, *others], identity()) == newest
    assert running_revocation(others, identity()) is None


def test_a_revocation_stops_enabling_guest_accounts_and_lets_disabling_go_on() -> None:
    disabling = request(RequestState.APPLYING, RequestKind.DISABLE_GUESTS)
    enabling = request(RequestState.APPLYING, RequestKind.ENABLE_GUESTS)
    assert requests_for_more_access([disabling, enabling], identity()) == (enabling,)

"""What a later request did to an earlier one: one event has the same words on every surface."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.blocks.blocks import paragraph
from bot.slack.blocks.conversion import as_json
from bot.slack.cards.approval.closed_card import closed_card, closed_summary
from bot.slack.cards.approval.details_parts import history_items
from bot.slack.cards.approval.requester_and_sponsor import requester_card, sponsor_card
from bot.slack.flows.audit_log.request_modals import audit_details_view
from bot.slack.flows.home.rows import found_row, own_row
from bot.slack.flows.show.partner_record import history_parts
from bot.words.requests.replacement import LATER, later_state_by_words, later_state_words, replacement_words
from tests.bot.surfaces import shown
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    NOW,
    RILEY,
    SAM,
    TENANT,
    access_plan,
    approval,
    prepared,
    request,
)
from workflows.app.reads.found_requests import Replacement, Today
from workflows.app.reads.newer_requests import AfterEnd
from workflows.core.partners.partnership import LaterChange, later_change
from workflows.core.plans.plan import Adoption
from workflows.core.plans.planning import plan_revocation
from workflows.core.plans.renewal import plan_renewal
from workflows.core.requests.request import AccessRequest, Closing, RequestId, RequestKind, RequestState
from workflows.core.settings.open_access import AccessState, OpenAccess

APPROVALS = (approval(AMARA, 0), approval(BRUNO, 1), approval(CHIE, 1))
ASKED = request(RequestState.APPLIED, confirmed_at=NOW, decisions=APPROVALS)
"""Access for 90 days, approved and verified."""
BLOCK = prepared(plan=plan_revocation(tenant_id=TENANT, before=None), template_title="Block", requester=SAM)
EXTENSION = prepared(
    plan=plan_renewal(
        tenant_id=TENANT,
        before=access_plan().configuration_after(),
        template="trusted-partner",
        template_hash="",
        duration=timedelta(days=90),
    )
)
ADOPTION = replace(
    EXTENSION,
    plan=replace(EXTENSION.plan, adoption=Adoption(owner=RILEY.id, sponsor=SAM.id)),
    template_title="",
)
LEFT = (OpenAccess(name="b2bCollaborationInbound", opening=AccessState.PARTLY),)
NOT_READ = (OpenAccess(name="b2bCollaborationInbound", opening=AccessState.UNKNOWN),)


def later(
    state: RequestState = RequestState.APPLIED,
    kind: RequestKind = RequestKind.ACCESS,
    *,
    days: int = 30,
    **known: Any,
) -> AccessRequest:
    """A later request of the same partner."""
    at = NOW + timedelta(days=days)
    asked = replace(request().fields, kind=kind)
    times = {"changed_at": at, "confirmed_at": at if state is RequestState.APPLIED else None}
    return request(state, id=RequestId("R-BBBBBBBBBB"), fields=asked, **{**times, **known})


EVENTS = [
    (
        later(kind=RequestKind.REVOCATION, not_closed=()),
        LaterChange.REVOKED,
        "revoked later by Riley (R-BBBBBBBBBB)",
        "Revoked by R-BBBBBBBBBB (Trusted partner), verified in the tenant",
    ),
    (
        later(kind=RequestKind.REVOCATION, not_closed=LEFT),
        LaterChange.REVOKED,
        "revoked later by Riley (R-BBBBBBBBBB), not everything closed",
        "Revoked by R-BBBBBBBBBB (Trusted partner), verified in the tenant, not everything closed",
    ),
    (
        later(kind=RequestKind.REVOCATION, not_closed=NOT_READ),
        LaterChange.REVOKED,
        "revoked later by Riley (R-BBBBBBBBBB), not known if everything is closed",
        "Revoked by R-BBBBBBBBBB (Trusted partner), verified in the tenant, not known if everything is closed",
    ),
    (
        replace(
            later(kind=RequestKind.REVOCATION, not_closed=()),
            fields=replace(request().fields, kind=RequestKind.REVOCATION, closing=Closing.SUSPEND),
        ),
        LaterChange.SUSPENDED,
        "suspended later by Riley (R-BBBBBBBBBB)",
        "Suspended by R-BBBBBBBBBB (Trusted partner), verified in the tenant",
    ),
    (
        later(prepared=BLOCK, not_closed=()),
        LaterChange.CLOSED_EARLY,
        "closed early by Sam (R-BBBBBBBBBB)",
        "Closed early by R-BBBBBBBBBB (Block), verified in the tenant",
    ),
    (
        later(prepared=BLOCK, not_closed=(), days=100),
        LaterChange.CLOSED,
        "closed later by Sam (R-BBBBBBBBBB)",
        "Closed by R-BBBBBBBBBB (Block), verified in the tenant",
    ),
    (
        later(prepared=EXTENSION),
        LaterChange.EXTENDED,
        "extended later by Riley (R-BBBBBBBBBB)",
        "Extended by R-BBBBBBBBBB (Trusted partner), verified in the tenant",
    ),
    (
        later(kind=RequestKind.ADOPTION, prepared=ADOPTION),
        LaterChange.ADOPTED,
        "other settings adopted later by Riley (R-BBBBBBBBBB)",
        "Other settings adopted by R-BBBBBBBBBB (Adopt current settings (no template)), verified in the tenant",
    ),
    (
        later(),
        LaterChange.REPLACED,
        "replaced later by Riley (R-BBBBBBBBBB)",
        "Replaced by R-BBBBBBBBBB (Trusted partner), verified in the tenant",
    ),
    (
        later(RequestState.FAILED, applied_part=1),
        LaterChange.REPLACED_IN_PART,
        "replaced later in part by Riley (R-BBBBBBBBBB)",
        "Replaced in part by R-BBBBBBBBBB (Trusted partner), partly applied (verified)",
    ),
    (
        later(RequestState.OVERWRITTEN),
        LaterChange.CHANGED_BY_OTHERS,
        "changed later by somebody else (R-BBBBBBBBBB)",
        "Changed by somebody else while R-BBBBBBBBBB (Trusted partner) was sent",
    ),
]


def test_every_change_has_words_and_an_example() -> None:
    assert set(LATER) == set(LaterChange) == {change for _, change, _, _ in EVENTS}


@pytest.mark.parametrize(("replacement", "change", "state", "sentence"), EVENTS)
def test_what_replaced_a_request_in_words(
    replacement: AccessRequest, change: LaterChange, state: str, sentence: str
) -> None:
    assert later_change(ASKED, replacement) is change
    assert later_state_by_words(ASKED, replacement) == state
    assert replacement_words(ASKED, replacement) == sentence


@pytest.mark.parametrize("event", EVENTS, ids=[str(index) for index in range(len(EVENTS))])
def test_one_event_has_one_word_on_every_surface(event: tuple[AccessRequest, LaterChange, str, str]) -> None:
    replacement, change, state_by, sentence = event
    state, today = later_state_words(ASKED, replacement), Today(successor=replacement)
    replaced = Replacement(request=replacement, at=replacement.changed_at)
    surfaces = {
        "card": shown(closed_card(ASKED, successor=replacement, now=NOW).blocks),
        "notification": closed_summary(ASKED, replacement),
        "requester": shown(requester_card(ASKED, now=NOW, successor=replacement).blocks),
        "sponsor": shown(sponsor_card(ASKED, now=NOW, successor=replacement).blocks),
        "home": shown(
            [as_json(one) for one in own_row(ASKED, NOW, after_end=AfterEnd(can_request_again=True), today=today)]
        ),
        "auditor": shown([as_json(one) for one in found_row(ASKED, today)]),
        "details": shown(audit_details_view(ASKED, successor=replacement, holders={}, history=(), now=NOW)["blocks"]),
        "partner": shown([as_json(paragraph(*history_parts(ASKED, replacement)))]),
    }
    # NB. Where the person stands between, what is still open follows at the end.
    assert [name for name, text in surfaces.items() if LATER[change].state not in text] == []
    headlines = ("card", "notification", "requester", "sponsor", "auditor", "details")
    assert [name for name in headlines if state not in surfaces[name]] == []
    assert [name for name, text in surfaces.items() if "active (verified" in text] == []
    assert [name for name in ("home", "partner") if state_by not in surfaces[name]] == []
    items = history_items(ASKED, (), replaced)
    assert sentence in shown([as_json(paragraph(*items[0]))])
    assert LATER[change].event in surfaces["card"]

"""The report tells who became the sponsor while the access of a request was in force, and nothing from other times."""

from datetime import timedelta
from typing import Any

from tests.workflows.core.builders import AMARA, SAM, partnership, request
from tests.workflows.core.partners.history.test_story import APPLIED, LATER, Entry, story
from workflows.core.partners.history.handovers import HandoverStep
from workflows.core.requests.request import RequestId, RequestState

HOUR = timedelta(hours=1)
PROPOSAL: dict[str, Any] = {"account": SAM.id, "proposed": AMARA.name, "proposed_account": AMARA.id}


def step(command: str, hours: float, actor: str = "gatehouse", **more: Any) -> Entry:
    return Entry(command=command, at=LATER + hours * HOUR, actor=actor, **more)


STEPS = (
    step("propose_sponsor", -1, SAM.chat_id or "", account=SAM.id, details=PROPOSAL),
    step("propose_sponsor", 1, SAM.chat_id or "", account=SAM.id, details=PROPOSAL),
    step("propose_sponsor", 1.5, "U-RILEY", outcome="may_not_propose_sponsor", details={"proposed": 7}),
    step("accept_sponsorship", 2, "U-OTHER", account=AMARA.id, details={"account": AMARA.id, "number": 2}),
    step("record_sponsor_gone", 3),
)


def test_the_steps_are_told_with_the_names_that_were_recorded() -> None:
    told = story(APPLIED, record=partnership(), handover_entries=STEPS)
    assert told.handovers == (
        HandoverStep(
            at=LATER + HOUR, command="propose_sponsor", chat_id=SAM.chat_id or "", name="Sam", proposed="Amara"
        ),
        HandoverStep(at=LATER + 2 * HOUR, command="accept_sponsorship", chat_id="U-OTHER", name="Amara"),
        HandoverStep(at=LATER + 3 * HOUR, command="record_sponsor_gone", chat_id="gatehouse", name=""),
    )


def test_what_happened_before_the_access_or_after_a_later_request_belongs_to_another_one() -> None:
    later = request(RequestState.APPLIED, id=RequestId("r-2"), confirmed_at=LATER + 2 * HOUR)
    replaced = story(APPLIED, record=partnership(), later=later, handover_entries=STEPS)
    assert [one.command for one in replaced.handovers] == ["propose_sponsor"]
    assert story(request(RequestState.REJECTED), record=partnership(), handover_entries=STEPS).handovers == ()

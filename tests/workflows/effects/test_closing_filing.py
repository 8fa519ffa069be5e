"""A closing is stored before the one that it replaces is stopped, so that a crash in between loses none."""

from dataclasses import replace
from typing import Any, cast

from tests.workflows.core.builders import DANA, identity, particulars, partnership, request
from workflows.app.service import Service
from workflows.core.requests.request import AccessRequest, Closing, RequestId, RequestKind, RequestState
from workflows.effects.closing.filing import ClosingFiling, FiledClosing
from workflows.ports.store import Store

FILED = FiledClosing(
    identity=identity(), partnership=partnership(), closing=Closing.REVOKE, person=DANA, reason="They are a competitor"
)


class Recorder:
    """Stands for the service and the store: keeps what is asked of them, in order."""

    def __init__(self, *open_requests: AccessRequest) -> None:
        self.open = list(open_requests)
        self.done: list[str] = []

    async def open_requests(self) -> list[AccessRequest]:
        return list(self.open)

    async def submit(self, request_id: RequestId, *_: Any, **__: Any) -> None:
        self.done.append(f"submit {request_id}")

    async def advance(self, request_id: RequestId, command: Any) -> None:
        self.done.append(f"{command.name} {request_id}")
        self.open = [one for one in self.open if one.id != request_id]


def revocation(request_id: str, state: RequestState) -> AccessRequest:
    fields = replace(particulars(RequestKind.REVOCATION), closing=Closing.REVOKE)
    return request(state, RequestKind.REVOCATION, id=RequestId(request_id), fields=fields)


async def filed(recorder: Recorder) -> list[str]:
    filing = ClosingFiling(service=cast(Service, recorder), store=cast(Store, recorder))
    await filing.file(FILED, RequestId("r-new"), key="k")
    return recorder.done


async def test_what_opens_is_stopped_first_and_an_earlier_closing_only_after_the_new_one_is_stored() -> None:
    sent = revocation("r-sent", RequestState.UNCONFIRMED)
    opens = request(RequestState.AWAITING_APPROVAL, id=RequestId("r-opens"))
    assert await filed(Recorder(sent, opens)) == ["stop r-opens", "submit r-new", "stop r-sent"]


async def test_repeated_after_a_crash_it_does_not_stand_in_its_own_way() -> None:
    sent = revocation("r-sent", RequestState.UNCONFIRMED)
    own = revocation("r-new", RequestState.PREPARING)
    assert await filed(Recorder(sent, own)) == ["submit r-new", "stop r-sent"]

"""The contract of every store about what is counted: requests by state, due reviews, and the queue by kind."""

from datetime import timedelta

from tests.workflows.core.builders import NOW, RILEY, TENANT, partnership, request
from tests.workflows.store.test_contract import PagePosition, entry, place, store
from workflows.core.errors.facts import text_fact
from workflows.core.partners.partnership import PartnershipState
from workflows.core.requests.effects import Apply, Priority, ShowHome, ShowRequest
from workflows.core.requests.request import RequestId, RequestState
from workflows.ports.records import Commit
from workflows.ports.store import Store, StoredNumbers

__all__ = ["place", "store"]


async def test_an_empty_store_counts_nothing(store: Store) -> None:
    assert await store.numbers(NOW) == StoredNumbers()


async def test_requests_are_counted_by_state_and_reviews_while_they_are_due(store: Store) -> None:
    states = (RequestState.APPLIED, RequestState.APPLIED, RequestState.REJECTED)
    for number, state in enumerate(states):
        asked = request(id=RequestId(f"r-{number}"), state=state, version=1)
        await store.commit(Commit(entry=entry(asked.id), request=asked))
    due = partnership(version=1, state=PartnershipState.REVIEW_DUE)
    await store.commit(Commit(entry=entry("due"), partnership=due))
    found = await store.numbers(NOW)
    assert (found.requests, found.reviews_due) == ({RequestState.APPLIED: 2, RequestState.REJECTED: 1}, 1)
    await store.commit(Commit(entry=entry("kept"), partnership=partnership(version=2)))
    assert (await store.numbers(NOW)).reviews_due == 0


async def test_the_queue_is_counted_by_kind_without_what_was_given_up(place: PagePosition, store: Store) -> None:
    effects = (
        Apply(request_id=RequestId("r-1"), tenant_id=TENANT),
        ShowHome(person=RILEY.chat_id),
        ShowRequest(request_id=RequestId("r-1")),
    )
    await store.commit(Commit(entry=entry("asked"), effects=effects))
    stored_at = place.clock.now()
    now = stored_at + timedelta(minutes=2)
    found = await store.numbers(now)
    assert found.effects == {Priority.DECIDE: 1, Priority.SHOW: 1, Priority.HOME: 1}
    assert found.overdue_since == dict.fromkeys(found.effects, stored_at)
    for pending in await store.pending(now, 10):
        if isinstance(pending.effect, Apply):
            await store.retry(pending.id, now + timedelta(minutes=5), (text_fact("later"),))
        if isinstance(pending.effect, ShowRequest):
            await store.give_up(pending.id, (text_fact("never"),))
    found = await store.numbers(now)
    assert found.effects == {Priority.DECIDE: 1, Priority.HOME: 1}
    assert found.overdue_since == {Priority.HOME: stored_at}, "what waits for its next attempt is not overdue"

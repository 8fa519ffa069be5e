"""Read everything of a store through its interface, so that two stores can be compared."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DATA_OWNER, NOW, RILEY, SAM, SECURITY
from tests.workflows.store.moving.filled import tenant
from workflows.ports.pages import START, Page, PagePosition, PartnerFilter, RequestFilter
from workflows.ports.store import Store

LATER: Final = NOW + timedelta(days=3650)
_PAGE: Final = 500
_EVERY: Final = 1_000_000


async def everything_of(store: Store, every: int = 1) -> AsyncIterator[tuple[str, Any]]:
    """Yield the name of each reading, and its result.

    :param every: cards and history are read of every so-many-th request.
    """
    for name, reading in _small(store).items():
        yield name, await reading()
    for person in (RILEY, AMARA, BRUNO, CHIE, SAM):
        yield (
            f"home of {person.name}",
            [
                await store.home_position(person.chat_id),
                await store.home_content(person.chat_id),
                await store.count_home_requests(person.chat_id),
                await store.known_profiles(person.chat_id, person.id),
            ],
        )
    async for page in _pages(lambda position: store.partners_page(PartnerFilter(), limit=_PAGE, position=position)):
        yield "page of partners", page
    async for page in _pages(lambda position: store.requests_page(RequestFilter(), limit=_PAGE, position=position)):
        yield "page of requests", page
        for one in page.items[::every]:
            yield f"cards of {one.id}", await store.copies(f"request:{one.id}")
            yield f"history of {one.id}", list(await store.history(request_id=one.id, limit=100))
            yield f"replaced by {one.id}", await store.first_to_replace(one) if one.prepared is not None else None
    ids = (RILEY.chat_id, RILEY.id)
    async for page in _pages(lambda position: store.own_page(ids, text="", limit=_PAGE, position=position)):
        yield "own page", page
    roles = (SECURITY, DATA_OWNER)
    async for page in _pages(lambda at: store.waiting_page(roles, (SAM.id,), text="", limit=_PAGE, position=at)):
        yield "waiting page", page
    after = 0
    while rows := await store.rows_after(after, limit=_PAGE):
        yield "entries", rows
        after = rows[-1].seq
    pending = sorted(await store.pending(LATER, _EVERY), key=lambda one: one.id)
    yield "pending", [(one.id, one.lane, one.effect, one.attempts) for one in pending]


def _small(store: Store) -> dict[str, Callable[[], Awaitable[Any]]]:
    return {
        "records": lambda: store.records(),
        "open": lambda: store.open_requests(),
        "alone": lambda: store.open_requests_alone(),
        "to apply": lambda: store.requests_to_apply(),
        "roles": lambda: store.roles_waited_for(),
        "waits": lambda: store.approval_waits(_EVERY),
        "expired": lambda: store.expired_since(NOW - timedelta(days=365), _EVERY),
        "named": lambda: store.partnerships_named("partner5.example"),
        "no setup": lambda: store.partners_without_setup(),
        "due": lambda: _in_any_order(store.due(LATER)),
        "ended": lambda: store.ended_partners(LATER),
        "silent": lambda: store.silent_partners(LATER),
        "chain": lambda: store.chain_end(),
        "alarms": lambda: store.open_alarms(),
        "drifts": lambda: store.open_drifts(),
        "freeze": lambda: store.freeze(),
        "batches": lambda: store.open_batches(),
        "batches due": lambda: store.batches_due(LATER),
        "campaigns": lambda: store.open_campaigns(),
        "absences": lambda: store.absences(NOW),
        "denied": lambda: store.denied_notices(),
        "scan": lambda: store.usage_scan(),
        "lookups": lambda: store.kept_lookups(tenant(0), NOW),
        "given up": lambda: store.given_up_effects(),
        "clicks": lambda: store.unchecked_clicks(),
        "messages": lambda: store.waiting_messages(1),
        "counted": lambda: store.count_pending(LATER),
        "work": lambda: store.stored_work(LATER),
        "numbers": lambda: store.numbers(LATER),
        "generation": lambda: store.mark("generation"),
        "tick": lambda: store.mark("last_tick"),
        "people": lambda: store.personal_data.known_people(),
        "an erased person": lambda: store.personal_data.known_person("person-1"),
        "channel": lambda: store.channel_copies("C1", 10),
    }


async def _in_any_order(reading: Awaitable[tuple[Sequence[str], Sequence[str]]]) -> Any:
    """Read what is due: of what is due at the same time, any may come first."""
    requests, partners = await reading
    return sorted(requests), sorted(partners)


async def _pages(read: Callable[[PagePosition], Awaitable[Page[Any]]]) -> AsyncIterator[Page[Any]]:
    position = START
    while True:
        page = await read(position)
        yield page
        if not page.count_after:
            return
        position = PagePosition(cursor=page.last_cursor)


async def first_difference(ours: Store, theirs: Store, every: int = 1) -> str:
    """Return the name of the first reading that is not the same; empty when all are.

    The first look at work gives up what cannot be read; a move has done that already.
    """
    await ours.pending(LATER, _EVERY)
    others = everything_of(theirs, every)
    async for name, expected in everything_of(ours, every):
        other, found = await anext(others)
        if (name, _plain(expected)) != (other, _plain(found)):
            return name
    return ""


def _plain(value: Any) -> Any:
    """Return what counts of a reading: stores may give the same in another kind of sequence."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value

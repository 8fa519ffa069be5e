"""Evidence is read page by page, about exactly the partner that was named, and recorded before anybody gets it."""

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.report.story_json import story_json
from bot.words.requests.audit_history import reason_words
from tests.bench.stage.histories import FIRST, commits, store_history, tenant_of
from tests.workflows.fakes import FixedClock
from workflows.app.evidence.reading import EvidenceReader
from workflows.app.evidence.recording import EvidenceFile, EvidenceKind, EvidenceLog
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.history.days import Days
from workflows.core.partners.history.story import Standing
from workflows.core.people import ChatId
from workflows.core.requests.request import RequestId, RequestState
from workflows.store.common.queries import ListQuery
from workflows.store.location import StoreLocation

REQUESTS, PARTNERS = 130, 3


async def stored(path: Path, *more: object) -> StoreLocation:
    made = list(commits(REQUESTS, PARTNERS))
    return StoreLocation(await store_history(path, [*made, *more]))  # type: ignore[list-item]


async def test_all_pages_are_read_newest_first_and_each_request_once(tmp_path: Path) -> None:
    store = await (await stored(tmp_path / "a.db")).open(FixedClock(datetime.now(UTC)))
    try:
        reader = EvidenceReader(store=store, clock=FixedClock(datetime.now(UTC)))
        stories = [one async for one in reader.stories(Days())]
        assert len({one.request.id for one in stories}) == len(stories) == REQUESTS
        sent = [one.request.created_at for one in stories]
        assert sent == sorted(sent, reverse=True)
        assert {one.entry_count for one in stories} == {1}
        today = datetime.now(UTC).date()
        tomorrow = Days(first=today + timedelta(days=1))
        assert [one async for one in reader.stories(tomorrow)] == []
        assert [one async for one in reader.stories(Days(last=date(2020, 1, 1)))] == []
        assert [one.record.identity.default_domain async for one in reader.catalogue()] == [
            "contoso.com",
            "partner-00001.com",
            "partner-00002.com",
        ]
        assert reader.unreadable == 0
    finally:
        await store.close()


async def test_a_partner_is_found_by_its_names_and_nobody_by_a_name_that_another_tenant_chose(tmp_path: Path) -> None:
    """A tenant may choose the tenant id or the domain of another one as its display name."""
    liar = next(iter(commits(1, 1)))
    assert liar.request is not None
    identity = replace(tenant_of(77), display_name=f"{FIRST.tenant_id} contoso.com")
    prepared = liar.request.require_prepared()
    request = replace(
        liar.request,
        id=RequestId("R-LIAR"),
        fields=replace(liar.request.fields, target=identity.default_domain),
        prepared=replace(
            prepared,
            observation=replace(prepared.observation, identity=identity),
            plan=replace(prepared.plan, tenant_id=identity.tenant_id),
        ),
    )
    lie = replace(liar, request=request, partnership=None, entry=replace(liar.entry, key="lie", request_id=request.id))
    store = await (await stored(tmp_path / "a.db", lie)).open(FixedClock(datetime.now(UTC)))
    try:
        reader = EvidenceReader(store=store, clock=FixedClock(datetime.now(UTC)))
        for name in ("contoso.com", "https://www.contoso.com/about", FIRST.tenant_id.upper()):
            tenants = await reader.tenants_named(name)
            assert tenants == {FIRST.tenant_id}, name
        stories = [one async for one in reader.stories(Days(), tenants)]
        assert {one.request.fields.target for one in stories} == {"contoso.com"}
        assert Standing.IN_FORCE in {one.standing for one in stories} or stories
        with pytest.raises(Refused) as refused:
            await reader.tenants_named("nobody.example.com")
        assert refused.value.code is RefusalCode.NOTHING_RECORDED
        with pytest.raises(InvalidField):
            await reader.tenants_named("no name")
    finally:
        await store.close()


async def test_a_record_that_cannot_be_read_is_counted_and_hides_no_other(tmp_path: Path) -> None:
    location = await stored(tmp_path / "a.db")
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("update requests set doc = '{}' where rowid = 5")
        db.execute("update partnerships set doc = '{}' where domain = 'partner-00002.com'")
    store = await location.open(FixedClock(datetime.now(UTC)))
    try:
        reader = EvidenceReader(store=store, clock=FixedClock(datetime.now(UTC)))
        stories = [one async for one in reader.stories(Days())]
        assert len(stories) == REQUESTS - 1
        assert reader.unreadable > 1, "the request, and the record that its partner's requests need"
        assert Standing.NO_RECORD in {one.standing for one in stories}
        catalogue = EvidenceReader(store=store, clock=FixedClock(datetime.now(UTC)))
        assert len([one async for one in catalogue.catalogue()]) == PARTNERS - 1
        assert catalogue.unreadable == 1
    finally:
        await store.close()


@pytest.mark.parametrize("details", ["{not json", "[]", "7"])
async def test_an_entry_whose_details_cannot_be_read_is_said_and_hides_no_other(tmp_path: Path, details: str) -> None:
    location = await stored(tmp_path / "a.db")
    with sqlite3.connect(location.path) as db:
        db.execute("update audit set details = ? where seq = (select min(seq) from audit)", (details,))
    clock = FixedClock(datetime.now(UTC))
    store = await location.open(clock)
    try:
        reader = EvidenceReader(store=store, clock=clock)
        stories = [one async for one in reader.stories(Days())]
        assert len(stories) == REQUESTS
        assert reader.unreadable == 1
        [entry] = [entry for one in stories for entry in one.entries if not entry.is_readable]
        assert (dict(entry.details), reason_words(entry)) == ({}, "The details of this entry cannot be read.")
        [told] = [one for story in stories for one in story_json(story)["entries"] if not one["is_readable"]]
        assert told["details"] is None
        assert len([one for one in await store.history(limit=1000) if not one.is_readable]) == 1
        actor = ChatId(entry.actor)
        assert await store.times_of(actor, None, [entry.command], datetime(2000, 1, 1, tzinfo=UTC))
    finally:
        await store.close()


async def test_each_taking_is_one_entry_with_the_digest_of_the_text(tmp_path: Path) -> None:
    store = await (await stored(tmp_path / "a.db")).open(FixedClock(datetime.now(UTC)))
    try:
        log = EvidenceLog(store=store, clock=FixedClock(datetime.now(UTC)))
        days = Days(first=date(2026, 11, 1), last=date(2026, 11, 30))
        taken = EvidenceFile(
            kind=EvidenceKind.REPORT,
            format="csv",
            sha256="ab12",
            row_count=7,
            unreadable=2,
            partner="contoso.com",
            days=days,
        )
        await log.record(taken, key="k-1", actor="os:maria", tenants=frozenset({FIRST.tenant_id}))
        plain = EvidenceFile(kind=EvidenceKind.EXPORT, format="json", sha256="cd", row_count=0)
        await log.record(plain, key="k-2", actor="os:maria")
        second, first = await store.history(limit=2)
        assert (first.command, first.actor, first.outcome, first.tenant_id) == (
            "audit_report",
            "os:maria",
            "accepted",
            FIRST.tenant_id,
        )
        assert first.details == {
            "format": "csv",
            "sha256": "ab12",
            "rows": 7,
            "unreadable": 2,
            "partner": "contoso.com",
            "from": "2026-11-01",
            "to": "2026-11-30",
        }
        assert (second.command, second.tenant_id) == ("export", None)
        assert second.details == {"format": "json", "sha256": "cd", "rows": 0}
    finally:
        await store.close()


async def test_long_lists_are_read_without_counting_them_for_each_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await (await stored(tmp_path / "a.db")).open(FixedClock(datetime.now(UTC)))

    def refuse(*_: object) -> int:
        raise AssertionError("it counted the list")

    monkeypatch.setattr(ListQuery, "_count", refuse)
    try:
        reader = EvidenceReader(store=store, clock=FixedClock(datetime.now(UTC)))
        assert len([one async for one in reader.stories(Days())]) == REQUESTS
        assert len([one async for one in reader.catalogue()]) == PARTNERS
    finally:
        await store.close()


async def test_a_request_whose_tenant_is_not_known_is_in_the_report_about_the_name_that_was_typed(
    tmp_path: Path,
) -> None:
    """For example one that failed before the tenant was looked up: no request is left out."""
    pattern = next(iter(commits(1, 1)))
    known = pattern.request
    assert known is not None

    def unknown(number: int, target: str, created_at: datetime) -> object:
        request = replace(
            known,
            id=RequestId(f"R-UNKNOWN{number}"),
            state=RequestState.FAILED,
            prepared=None,
            observation=None,
            decisions=(),
            fields=replace(known.fields, target=target),
            created_at=created_at,
        )
        entry = replace(pattern.entry, key=f"unknown-{number}", request_id=request.id)
        return replace(pattern, request=request, partnership=None, entry=entry)

    now = datetime.now(UTC)
    more = [unknown(1, "contoso.com", now - timedelta(minutes=200)), unknown(2, "nobody.example.com", now)]
    store = await (await stored(tmp_path / "a.db", *more)).open(FixedClock(now))
    try:
        reader = EvidenceReader(store=store, clock=FixedClock(now))
        tenants = await reader.tenants_named("www.contoso.com")
        stories = [one async for one in reader.stories(Days(), tenants, "www.contoso.com")]
        assert RequestId("R-UNKNOWN1") in [one.request.id for one in stories]
        sent = [one.request.created_at for one in stories]
        assert sent == sorted(sent, reverse=True)
        assert await reader.tenants_named("nobody.example.com") == frozenset()
        stories = [one async for one in reader.stories(Days(), frozenset(), "nobody.example.com")]
        assert [one.request.id for one in stories] == ["R-UNKNOWN2"]
    finally:
        await store.close()


async def test_a_partner_whose_records_cannot_be_read_is_incomplete_and_not_unknown(tmp_path: Path) -> None:
    location = await stored(tmp_path / "a.db")
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("update requests set doc = '{}' where sought like '%partner-00002.com%'")
        db.execute("update partnerships set doc = '{}' where domain = 'partner-00002.com'")
    store = await location.open(FixedClock(datetime.now(UTC)))
    try:
        reader = EvidenceReader(store=store, clock=FixedClock(datetime.now(UTC)))
        tenants = await reader.tenants_named("partner-00002.com")
        assert [one async for one in reader.stories(Days(), tenants, "partner-00002.com")] == []
        assert reader.unreadable > 0
    finally:
        await store.close()


async def test_a_partner_without_its_readable_request_makes_the_catalogue_incomplete(tmp_path: Path) -> None:
    location = await stored(tmp_path / "a.db")
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute("update requests set doc = '{}'")
    store = await location.open(FixedClock(datetime.now(UTC)))
    try:
        reader = EvidenceReader(store=store, clock=FixedClock(datetime.now(UTC)))
        assert len([one async for one in reader.catalogue()]) == PARTNERS
        assert reader.unreadable == PARTNERS
    finally:
        await store.close()

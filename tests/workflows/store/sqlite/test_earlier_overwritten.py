"""Records of versions that did not store on which basis the settings of a partner are."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.workflows.core.builders import NOW, TENANT, access_plan, partnership, prepared, request
from tests.workflows.core.partners.test_partly_applied import reducing
from tests.workflows.fakes import FixedClock
from workflows.core.partners.partnership import Partnership, PartnershipState, SettingsBasis
from workflows.core.requests.request import RequestId, RequestKind, RequestState
from workflows.store.codec import PARTNERSHIP, REQUEST, dump
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store

S = RequestState
HOUR = timedelta(hours=1)


def ended(
    number: int, state: RequestState, *, is_reduction: bool = False, kind: RequestKind = RequestKind.ACCESS
) -> str:
    """Return the document of a request that ended so many hours after the record."""
    plan = reducing() if is_reduction else access_plan(None)
    at = NOW + number * HOUR
    known = request(state, kind, id=RequestId(f"r-{number}"), prepared=prepared(plan=plan), changed_at=at)
    return dump(REQUEST, known)


async def opened(path: Path, record: Partnership, *documents: str, without_basis: bool = True) -> Partnership:
    """Write a file as an earlier version did, and read the record with the present one."""
    db = Database(path)
    migrations.apply(db, stop_before="m017_results_that_nobody_approved")
    for number, document in enumerate(documents):
        state = json.loads(document).get("state", "applied")
        db.execute(
            """insert into requests (id, version, state, is_open, requester, tenant_id, created_at, doc, sought)
            values (?, 1, ?, 0, 'U', ?, '2027', ?, '')""",
            (f"r-{number}", state, TENANT, document),
        )
    doc = json.loads(dump(PARTNERSHIP, record))
    if without_basis:
        doc.pop("basis", None)
    db.execute(
        """insert into partnerships (tenant_id, version, state, domain, due_at, ends_at, doc)
        values (?, 1, ?, 'contoso.com', null, '', ?)""",
        (TENANT, record.state.value, json.dumps(doc)),
    )
    db.conn.commit()
    db.close()
    store = await open_store(path, FixedClock())
    try:
        found = await store.partnership(TENANT)
    finally:
        await store.close()
    assert found is not None
    return found


OVERWRITTEN = ended(1, S.OVERWRITTEN)


@pytest.mark.parametrize(
    "later",
    [(), (ended(2, S.APPLIED, is_reduction=True),), (ended(2, S.REJECTED),), ('{"state": "applied"}',)],
    ids=["nothing", "a reduction", "a rejection", "an unreadable request"],
)
async def test_overwritten_settings_are_not_called_approved(tmp_path: Path, later: tuple[str, ...]) -> None:
    """So nobody keeps them in a review, and no surface calls them active."""
    found = await opened(tmp_path / "gatehouse.db", partnership(version=1), ended(0, S.APPLIED), OVERWRITTEN, *later)
    assert (found.basis, found.is_as_approved) == (SettingsBasis.OVERWRITTEN, False)
    assert found.ends_at == found.next_review_at == NOW + HOUR, "when that was found; the review is due since then"


@pytest.mark.parametrize(
    "requests",
    [
        (),
        (ended(0, S.APPLIED),),
        (OVERWRITTEN, ended(2, S.APPLIED)),
        (OVERWRITTEN, ended(2, S.APPLIED, kind=RequestKind.REVOCATION)),
    ],
    ids=["no request", "applied", "approved again", "revoked"],
)
async def test_approved_settings_stay_approved(tmp_path: Path, requests: tuple[str, ...]) -> None:
    usual = partnership(version=1)
    assert await opened(tmp_path / "gatehouse.db", usual, *requests) == usual


async def test_a_revoked_partner_and_a_stored_basis_stay_as_they_are(tmp_path: Path) -> None:
    revoked = partnership(version=1, state=PartnershipState.REVOKED, ends_at=None)
    assert await opened(tmp_path / "revoked.db", revoked, OVERWRITTEN) == revoked
    part = replace(partnership(version=1), basis=SettingsBasis.PARTLY_APPLIED)
    assert await opened(tmp_path / "part.db", part, OVERWRITTEN, without_basis=False) == part


async def test_the_review_of_an_overwritten_partner_is_due_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    usual = partnership(version=1, next_review_at=NOW + 30 * 24 * HOUR)
    await opened(path, usual, OVERWRITTEN)
    store = await open_store(path, FixedClock())
    assert (await store.due(NOW + 2 * HOUR))[1] == [TENANT]
    await store.close()


async def test_a_request_that_waits_gets_the_reminder_times_of_this_version(tmp_path: Path) -> None:
    waits = request(S.AWAITING_APPROVAL, expires_at=NOW + 12 * HOUR, lifetime=12 * HOUR)
    db = Database(tmp_path / "gatehouse.db")
    migrations.apply(db, stop_before="m017_results_that_nobody_approved")
    db.execute(
        """insert into requests (id, version, state, is_open, requester, tenant_id, created_at, due_at, doc, sought)
        values (?, 1, 'awaiting_approval', 1, 'U', ?, '2027', ?, ?, '')""",
        (waits.id, TENANT, (NOW + 12 * HOUR).isoformat(timespec="microseconds"), dump(REQUEST, waits)),
    )
    db.conn.commit()
    db.close()
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    assert (await store.due(NOW + 5 * HOUR))[0] == []
    assert (await store.due(NOW + 7 * HOUR))[0] == [waits.id], "at half time"
    await store.close()

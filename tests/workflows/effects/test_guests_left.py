"""The message about a blocked partner counts the guests whose accounts stay, and never calls what was not read none."""

import pytest

from tests.workflows.core.builders import DANA, NOW, TENANT
from tests.workflows.world import World
from workflows.core.errors.facts import Fact
from workflows.core.partners.reviewing.evidence.usage import (
    WINDOW,
    GuestUsage,
    PartnerUsage,
    ScanResult,
    SourceRead,
    UsageScan,
)
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import MessageCode, SendMessage
from workflows.core.requests.request import RequestId
from workflows.effects.closing.guests_left import with_guests
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

NOT_KNOWN = "How many guest accounts of the partner there are is not known."


async def scanned(world: World, guests: SourceRead, count: int) -> None:
    scan = UsageScan(
        taken_at=NOW,
        since=NOW - WINDOW,
        sign_ins=SourceRead(is_complete=True),
        guests=guests,
        activity=guests,
        reaches_back_to=NOW - WINDOW,
        guests_not_matched=0,
    )
    usage = PartnerUsage(tenant_id=TENANT, taken_at=NOW, guests=GuestUsage(count=count))
    entry = AuditEntry(key="scan", at=NOW, actor="test", command="scan_usage", outcome="accepted", details={})
    partners = (usage,) if count else ()
    assert await world.store.commit(Commit(entry=entry, usage=ScanResult(scan=scan, partners=partners)))


@pytest.mark.parametrize(
    ("guests", "count", "said"),
    [
        (None, 0, NOT_KNOWN),
        (SourceRead(is_complete=True), 0, "No guest account of the partner was found, as of "),
        (SourceRead(rows=50_000), 0, NOT_KNOWN),
        (SourceRead(rows=12, is_complete=True), 3, ". 3 guest accounts of the partner, as of "),
        (SourceRead(rows=50_000), 3, "At least 3 guest accounts of the partner, as of "),
    ],
)
async def test_the_last_scan_counts_the_guests_of_a_blocked_partner(
    world: World, guests: SourceRead | None, count: int, said: str
) -> None:
    await world.opened()
    if guests is not None:
        await scanned(world, guests, count)
    await world.revoke(DANA)
    texts = [text for text in world.notifier.texts_to(DANA.chat_id) if "is blocked" in text]
    assert texts
    assert [text for text in texts if said not in text] == []


async def test_other_messages_and_requests_without_a_tenant_stay_as_they_are(world: World) -> None:
    for code, request_id in ((MessageCode.OPENED, "R-1"), (MessageCode.CLOSED, None), (MessageCode.CLOSED, "R-1")):
        subject = CommandSubject(request_id=None if request_id is None else RequestId(request_id))
        fact = Fact(code, {"partner": "contoso.com"})
        assert await with_guests(SendMessage(person=DANA.chat_id, subject=subject, fact=fact), world.store) == fact

"""What a reviewer sees about use: one scan for all due reviews tells a used, an unused and a drifted partner apart."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from bot.words.reviews.evidence import evidence_details, evidence_lines
from tests.scenarios.stage import CONTOSO, DAY, Stage
from tests.workflows.fakes import FixedClock
from workflows.app.evidence.reviews.gathering import gather_evidence
from workflows.core.partners.reviewing.evidence.partner_evidence import PartnerEvidence, SettingsState, UseState
from workflows.core.settings.model import TenantId

pytestmark = pytest.mark.story

FABRIKAM: Final = "fab0fab0-2222-4aaa-8bbb-0123456789a2"
NORTHWIND: Final = "d00d0000-3333-4aaa-8bbb-0123456789a3"
PARTNERS: Final = {"contoso.com": CONTOSO, "fabrikam.com": FABRIKAM, "northwind.com": NORTHWIND}
MONTH: Final = 30


async def now(stage: Stage) -> datetime:
    return datetime.fromisoformat((await stage.see("clock"))["now"])


async def opened(stage: Stage) -> None:
    for domain in PARTNERS:
        await stage.open_access(target=domain)


async def sign_ins_before(stage: Stage, review_at: datetime, days: Mapping[str, tuple[int, ...]]) -> None:
    """Let the log have these sign-ins, each so many days before the review; the first one of ours a month before."""
    state = (await stage.see("graph/state"))["state"]
    (example, *_) = state["signIns"]
    guests = {user["mail"]: user for user in state["users"].values() if user["userType"] == "Guest" and user["mail"]}
    home = state["organization"]["id"]
    rows = [
        {**example, "id": f"own-{MONTH}", "homeTenantId": home, **at(review_at, MONTH - 1)},
        *(
            {
                **example,
                "id": f"{mail}-{count}",
                "userId": guests[mail]["id"],
                "homeTenantId": PARTNERS[mail.partition("@")[2]],
                **at(review_at, count),
            }
            for mail, counts in days.items()
            for count in counts
        ),
    ]
    silent = {user["id"]: {"signInActivity": None} for user in guests.values()}
    await stage.call("PATCH", "graph/state", {"signIns": rows, "users": silent})


def at(review_at: datetime, days: int) -> dict[str, Any]:
    return {"createdDateTime": f"{review_at - timedelta(days=days, hours=1):%Y-%m-%dT%H:%M:%S}.0000000Z"}


async def evidence(stage: Stage) -> dict[str, PartnerEvidence]:
    """What the bot has stored about each partner, as its card would show it."""
    moment = await now(stage)
    store = await stage.database.location.open_shared(FixedClock(moment))
    try:
        found = {}
        for domain, tenant_id in PARTNERS.items():
            record = await store.partnership(TenantId(tenant_id))
            assert record is not None
            found[domain] = await gather_evidence(record, store=store, now=moment)
        return found
    finally:
        await store.close()


async def scans(stage: Stage) -> int:
    """How often the log of sign-ins of other tenants' people was read from its beginning."""
    reads = [str(one["query"]) for one in await stage.graph("GET") if one["path"].endswith("/auditLogs/signIns")]
    return len([query for query in reads if "homeTenantId ne" in query and "skiptoken" not in query])


async def until_scanned(stage: Stage, after: datetime) -> dict[str, PartnerEvidence]:
    async def is_scanned() -> bool:
        found = await evidence(stage)
        return all(one.taken_at is not None and one.taken_at >= after for one in found.values())

    await stage.until(is_scanned, "a scan of this review")
    return await evidence(stage)


async def test_used_unused_and_drifted_partners_are_told_apart_by_one_scan(stage: Stage) -> None:
    await opened(stage)
    review_at = await now(stage) + timedelta(days=MONTH)
    days = {"maria@contoso.com": (2, 9), "jon@contoso.com": (5,), "pat@northwind.com": (1,)}
    await sign_ins_before(stage, review_at, days)
    await stage.call("PATCH", "graph/state", {"partners": {NORTHWIND: {"inboundTrust": {"isMfaAccepted": False}}}})
    before = await scans(stage)
    await stage.later(MONTH * DAY + 60)
    found = await until_scanned(stage, review_at)

    async def is_swept() -> bool:
        return (await evidence(stage))["northwind.com"].settings.state is SettingsState.DRIFTED

    if not await is_swept():  # a sweep that was under way when the clock moved; the next one is due in an hour
        await stage.later(3660)
    await stage.until(is_swept, "the sweep of the changed partner")
    found = await evidence(stage)
    used, unused, drifted = (found[domain] for domain in PARTNERS)
    assert (used.use.state, used.use.people, used.settings.state) == (UseState.USED, 2, SettingsState.AS_APPROVED)
    assert (unused.use.state, unused.is_unused) == (UseState.UNUSED, True)
    assert (drifted.use.state, drifted.settings.state) == (UseState.USED, SettingsState.DRIFTED)
    assert used.guests is not None
    assert (used.guests.usage.count, used.guests.usage.never_came) == (2, 0)
    assert unused.guests is not None
    assert (unused.guests.usage.count, unused.guests.usage.never_came) == (1, 1), "Yuki was invited and never came"
    assert await scans(stage) - before == 1, "three reviews, one scan"
    lines = {domain: [line.text for line in evidence_lines(one)] for domain, one in found.items()}
    assert "by 2 people in 30 days" in lines["contoso.com"][0]
    assert lines["fabrikam.com"][0].endswith("; nobody in 30 days")
    assert lines["northwind.com"][2].startswith("Different from what was approved")
    assert "Joint bridge project" in " ".join(lines["contoso.com"])


async def test_without_the_permission_the_evidence_says_so_and_nobody_is_unused(stage: Stage) -> None:
    await opened(stage)
    roles = (await stage.see("graph/state"))["state"]["appRoles"]
    await stage.call("PATCH", "graph/state", {"appRoles": [one for one in roles if one != "AuditLog.Read.All"]})
    review_at = await now(stage) + timedelta(days=MONTH)
    await stage.later(MONTH * DAY + 60)
    found = await until_scanned(stage, review_at)
    assert {one.use.state for one in found.values()} == {UseState.UNKNOWN}
    contoso = found["contoso.com"]
    assert tuple(contoso.refused) == ("AuditLog.Read.All",)
    assert contoso.guests is not None, "guests need no log"
    assert (contoso.guests.usage.count, contoso.guests.is_activity_known) == (2, False)
    details = [line.text for line in evidence_details(contoso)]
    assert details[0] == "Not known: the sign-in log could not be read (permission missing, AuditLog.Read.All)"


async def test_a_long_log_is_read_inside_graphs_limit_and_a_page_that_fails_makes_it_at_least(stage: Stage) -> None:
    """Graph throttles; the pages go on after the pause. Then the third page fails for good."""
    await opened(stage)
    review_at = await now(stage) + timedelta(days=MONTH)
    await sign_ins_before(stage, review_at, {"maria@contoso.com": tuple(range(1, 10))})
    await stage.call("PATCH", "graph/state", {"pageSize": 2, "reportsPerTenSeconds": 5})
    await stage.do("faults", target="graph", match="skiptoken", times=1, status=429, headers={"Retry-After": "5"})
    await stage.later(MONTH * DAY + 60)
    found = await until_scanned(stage, review_at)
    assert found["contoso.com"].use.people == 1
    assert not found["contoso.com"].use.is_at_least, "throttled pages were read later"

    await stage.call("PATCH", "graph/state", {"reportsPerTenSeconds": 0})
    await stage.do("faults", target="graph", match="homeTenantId", times=1, delay_seconds=0.1)
    await stage.do("faults", target="graph", match="skiptoken", times=30, status=503)
    again_at = await now(stage) + timedelta(hours=13)
    await stage.later(13 * 3600)
    found = await until_scanned(stage, again_at - timedelta(hours=1))
    assert found["contoso.com"].use.is_at_least
    assert not found["fabrikam.com"].is_unused, "what was not read is not unused"

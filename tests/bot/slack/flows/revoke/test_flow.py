"""Revoking: a known partner can be closed while Microsoft does not answer; what has to be typed; in time."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from bot.sandbox.http.faults import Fault
from bot.slack.blocks.blocks import unbroken_ids
from bot.slack.flows.revoke import flow
from bot.slack.flows.revoke.flow import RevokeFlow
from bot.slack.ids import confirmation_text
from tests.bot.bot_under_test import BotUnderTest, click, submission, window_shown
from tests.waiting import LONGEST_WAIT
from tests.workflows.core import builders
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TenantId

CONTOSO: Final = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
FABRIKAM: Final = TenantId("fab0fab0-2222-4aaa-8bbb-0123456789a2")
AWAY: Final = [
    Fault(target="graph", status=503, times=999),
    Fault(target="slack", method="users.info", status=503, times=999),
]
UNREAD: Final = "cannot be read now"


async def until(gatehouse: BotUnderTest, is_so: Callable[[list[tuple[str, str]]], bool], actor: str = "") -> None:
    """Wait until the audit log tells of something.

    NB. the number is read before the log: a change while the log is read must not be waited for again.
    """
    async with asyncio.timeout(LONGEST_WAIT):
        while True:
            seen = gatehouse.world.revision.number
            if is_so(await gatehouse.outcomes(actor)):
                return
            await gatehouse.world.wait_for_change(seen)


async def until_revoked(gatehouse: BotUnderTest) -> None:
    """Wait until Contoso is recorded as blocked."""
    await until(gatehouse, lambda outcomes: outcomes.count(("record_applied", "accepted")) == 2)
    found = await gatehouse.store.partnership(CONTOSO)
    assert found is not None
    assert found.state is PartnershipState.REVOKED


# --- revoking while somebody does not answer ---


@pytest.mark.parametrize("target", ["contoso.com", CONTOSO])
@pytest.mark.parametrize("away", AWAY, ids=["graph", "directory"])
async def test_a_known_partner_can_be_revoked_while_nothing_can_be_read(
    opened: BotUnderTest, away: Fault, target: str
) -> None:
    """The window opens from our own records, says what is not known, and what is confirmed is done later."""
    opened.world.faults.add(away)
    view_id, text = await window_shown(opened, f"revoke {target}")
    assert UNREAD in text
    assert "in both directions as soon as Microsoft answers" in text
    assert "Your permission is checked then" in text
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": "Project ended"}}
    answer = await opened.control.post("submit", user="admin", view_id=view_id, values=values)
    assert answer["errors"] == {}
    opened.world.faults.clear()
    await opened.control.post("clock", advance_seconds=60)  # what waits is due
    await until_revoked(opened)


async def test_who_may_not_revoke_is_refused_once_that_can_be_read(opened: BotUnderTest) -> None:
    opened.world.faults.add(AWAY[1])
    view_id, text = await window_shown(opened, "revoke contoso.com", user="approver1")
    assert UNREAD in text
    assert "Riley Park" not in text, "who asks is not known yet, so nothing of our records is shown"
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": ""}}
    await opened.control.post("submit", user="approver1", view_id=view_id, values=values)
    opened.world.faults.clear()
    await until(opened, lambda outcomes: ("want_revoke", "not_an_admin") in outcomes, "approver1")


async def test_a_refusal_names_the_tenant(gatehouse: BotUnderTest) -> None:
    _, text = await window_shown(gatehouse, "revoke contoso.com", user="approver1")
    assert "Only partner admins can revoke" in text
    (entry,) = await gatehouse.history()
    assert (entry.command, entry.outcome, entry.tenant_id) == ("/partner revoke", "not_an_admin", CONTOSO)


async def test_a_partner_without_a_record_has_to_be_read_first(gatehouse: BotUnderTest) -> None:
    gatehouse.world.faults.add(AWAY[1])
    _, text = await window_shown(gatehouse, "revoke contoso.com")
    assert "Not possible now" in text


@pytest.mark.parametrize(("target", "expected"), [("contoso.com", UNREAD), ("fabrikam.com", "Not possible now")])
async def test_nobody_waits_long_for_a_directory_that_is_slow(
    opened: BotUnderTest, monkeypatch: pytest.MonkeyPatch, target: str, expected: str
) -> None:
    monkeypatch.setattr(flow, "_READING_SECONDS", 0.2)
    opened.world.faults.add(Fault(target="slack", method="users.info", delay_seconds=600, times=2))
    before = len(opened.world.slack_log.entries)
    _, text = await window_shown(opened, f"revoke {target}")
    assert expected in text
    assert not any("users.info" in entry["path"] for entry in opened.world.slack_log.entries[before:])


async def test_a_blocked_partner_has_nothing_to_revoke(opened: BotUnderTest) -> None:
    view_id, text = await window_shown(opened, "revoke contoso.com")
    assert UNREAD not in text
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": ""}}
    await opened.control.post("submit", user="admin", view_id=view_id, values=values)
    await until_revoked(opened)
    _, text = await window_shown(opened, "revoke contoso.com")
    assert "Blocked already" in text
    assert "is blocked already (verified " in text


async def test_a_blocked_partner_whose_opening_waits_can_be_revoked_again(opened: BotUnderTest) -> None:
    """What waits would put the access back: the window names it, and confirming stops it for good."""
    confirmed = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": ""}}
    view_id, text = await window_shown(opened, "revoke contoso.com")
    assert "What this stops" not in text
    await opened.control.post("submit", user="admin", view_id=view_id, values=confirmed)
    await until_revoked(opened)
    await opened.idle()
    waiting = await opened.file_request()
    view_id, text = await window_shown(opened, "revoke contoso.com")
    assert "already blocked in every respect" in text
    assert unbroken_ids(waiting.id) in text
    answer = await opened.control.post("submit", user="admin", view_id=view_id, values=confirmed)
    assert answer["errors"] == {}
    await opened.idle()
    stopped = await opened.store.request(waiting.id)
    assert stopped is not None
    assert stopped.state is RequestState.STOPPED
    for approver in ("approver1", "approver2", "approver3"):
        await opened.interact(click(approver, "approve", f"{waiting.id}:{waiting.plan.digest}"))
        await opened.idle()
        assert (await opened.outcomes(approver))[-1] == ("want_approve", "not_now")
    found = await opened.store.partnership(CONTOSO)
    assert found is not None
    assert found.state is PartnershipState.REVOKED
    assert "unfit" not in await opened.told("admin")
    _, text = await window_shown(opened, "revoke contoso.com")
    assert "Blocked already" in text
    assert "is blocked already (verified " in text


# --- what has to be typed ---


class Records:
    """Partnerships, and a Graph that does not answer."""

    def __init__(self, *partnerships: Partnership) -> None:
        self._partnerships = partnerships

    async def partnerships_named(self, name: str) -> tuple[Partnership, ...]:
        known = self._partnerships
        return tuple(one for one in known if name in (one.identity.tenant_id, one.identity.default_domain))

    async def find(self, _: str) -> None:
        await asyncio.Event().wait()


def revoke_over(records: Records) -> RevokeFlow:
    """The flow with nothing but records."""
    nothing: Any = None
    known: Any = records
    return RevokeFlow(
        service=nothing, windows=nothing, members=nothing, directory=nothing, store=known, tenant=known, clock=nothing
    )


@pytest.mark.parametrize("domain", ["contoso.onmicrosoft.com", " "])
async def test_exactly_what_the_window_names_has_to_be_typed(domain: str) -> None:
    """A tenant without a domain is confirmed by its id, not by the text that was once typed to find it."""
    usual = builders.partnership()
    known = replace(usual, identity=replace(usual.identity, default_domain=domain, typed_name="contoso.com"))
    expected = confirmation_text(known.identity)
    revoke = revoke_over(Records(known))
    assert await revoke.confirmation_problem(known.identity.tenant_id, f" {expected.upper()} ") == ""
    for typed in ("", "contoso.com", "fabrikam.com"):
        assert f"Type {expected} to confirm" in await revoke.confirmation_problem(known.identity.tenant_id, typed)


async def test_a_confirmation_does_not_wait_for_graph() -> None:
    """It is acknowledged within three seconds, whatever Graph does; our own records are asked first."""
    known = builders.partnership()
    revoke = revoke_over(Records(known))
    assert await revoke.confirmation_problem(known.identity.tenant_id, confirmation_text(known.identity)) == ""
    async with asyncio.timeout(LONGEST_WAIT):
        assert "does not answer in time" in await revoke.confirmation_problem(FABRIKAM, "fabrikam.com")


# --- what was confirmed ---


async def test_a_confirmed_revocation_is_answered_in_time(gatehouse: BotUnderTest) -> None:
    gatehouse.world.faults.add(Fault(target="graph", delay_seconds=600, times=99))
    before = len(gatehouse.world.graph_log.entries)
    values = {"confirm": {"confirm": {"value": "fabrikam.com"}}}
    answer = await gatehouse.interact(submission("admin", "confirm_revoke", FABRIKAM, values))
    assert len(gatehouse.world.graph_log.entries) == before, "it was answered before Graph answered anything"
    assert set(answer.json["errors"]) == {"confirm"}


@pytest.mark.parametrize("values", [{}, {"confirm": {"confirm": {"value": "fabrikam.com"}}}])
async def test_a_revocation_needs_the_partners_domain(gatehouse: BotUnderTest, values: dict[str, Any]) -> None:
    tenant = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
    answer = await gatehouse.interact(submission("admin", "confirm_revoke", tenant, values))
    assert answer.json["response_action"] == "errors"
    assert "contoso.com" in answer.json["errors"]["confirm"]
    assert await gatehouse.outcomes() == [("want_revoke", "form_problems")]

"""The window of a No names the partner only to somebody to whom a question about it was posted."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from bot.slack.flows.partner_setup.access_test import AccessTestFlow
from tests.workflows.core.builders import RILEY, SAM, TENANT, partnership
from workflows.core.partners.partnership import Partnership
from workflows.ports.message_copies import MessageCopy


async def opened(record: Partnership | None, *copies: MessageCopy) -> str:
    """Open the window with the tenant's id, and return what it shows."""
    views = list[Any]()

    async def open_view(_: str, view: Any) -> None:
        views.append(view)

    async def partnership_of(_: str) -> Partnership | None:
        return record

    async def copies_of(subject: str) -> tuple[MessageCopy, ...]:
        assert subject == f"access_test:{TENANT}"
        return copies

    async def ack() -> None:
        """Acknowledge."""

    inside: Any = {
        "service": None,
        "windows": SimpleNamespace(open=open_view),
        "store": SimpleNamespace(partnership=partnership_of, copies=copies_of),
    }
    action = SimpleNamespace(value=f"{TENANT}:1")
    click: Any = SimpleNamespace(actor=RILEY.chat_id, action=action, trigger_id="t")
    acknowledge: Any = ack
    await AccessTestFlow(**inside).open_failure(acknowledge, click)
    return json.dumps(views[0]["blocks"])


def question(audience: str, occasion: str = "1") -> MessageCopy:
    """A question that was posted to a person."""
    return MessageCopy(
        subject=f"access_test:{TENANT}",
        channel="D1",
        message_id="1.0",
        audience=audience,
        content="x",
        occasion=occasion,
    )


async def test_who_was_asked_sees_the_name() -> None:
    assert "contoso.com" in await opened(partnership(), question(RILEY.chat_id))


@pytest.mark.parametrize("copies", [(), (question(SAM.chat_id),), (question(RILEY.chat_id, ""),)])
async def test_who_was_not_asked_sees_neither_the_name_nor_whether_it_is_recorded(
    copies: tuple[MessageCopy, ...],
) -> None:
    shown = await opened(partnership(), *copies)
    assert "contoso" not in shown
    assert shown == await opened(None, question(RILEY.chat_id)), "as for a tenant that is not recorded"

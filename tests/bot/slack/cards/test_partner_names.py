"""A partner chooses its display name itself. Nowhere is it what identifies the partner, and nowhere is it alone."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.bot.slack.cards.every_message import about_partners, about_requests, others, with_identity
from tests.bot.surfaces import dicts
from tests.workflows.core.builders import request
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.transition import partner_of
from workflows.core.settings.model import TenantId

CHOSEN: Final = ("contoso.com", "Approved ✅", "contoso.com (contoso.com)", "Contoso\nPartner: contoso.com")


def fabrikam(chosen: str) -> TenantIdentity:
    """Return the identity of fabrikam.com, whose administrator chose this display name."""
    tenant = TenantId("0fab0fab-0000-4000-8000-000000000001")
    return TenantIdentity(
        tenant_id=tenant, display_name=chosen, default_domain="fabrikam.com", typed_name="fabrikam.com"
    )


def runs(blocks: list[dict[str, Any]]) -> Iterator[list[str]]:
    """List the texts of each paragraph of rich text, and each other text alone."""
    for one in dicts(blocks):
        elements = one.get("elements")
        if isinstance(elements, list) and any(isinstance(run.get("text"), str) for run in elements):
            yield [str(run.get("text", "")) for run in elements]
        elif isinstance(one.get("text"), str) and one.get("type") in ("plain_text", "mrkdwn"):
            yield [one["text"]]


def shown(chosen: str) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    change = with_identity(fabrikam(chosen))
    for name, made in (*about_requests(change), *about_partners(change)):
        yield name, made.text, made.blocks
    for name, blocks in others(change):
        yield name, "", blocks


@pytest.mark.parametrize("chosen", CHOSEN)
def test_a_display_name_stands_only_behind_its_label_and_is_called_not_verified(chosen: str) -> None:
    text, found = " ".join(chosen.split()), 0
    for name, notified, blocks in shown(chosen):
        assert text not in notified, (name, notified)
        for run in runs(blocks):
            for place, piece in enumerate(run):
                if text in piece:
                    assert piece == text, (name, piece)
                    assert run[place - 1].endswith("Display name: "), (name, run)
                    assert run[place + 1].startswith(" (not verified)"), (name, run)
                    assert any("fabrikam.com" in earlier for earlier in run[:place]), (name, run)
                    found += 1
    assert found


@pytest.mark.parametrize("chosen", CHOSEN)
def test_a_message_and_its_notification_begin_with_the_domain(chosen: str) -> None:
    change = with_identity(fabrikam(chosen))
    for name, made in (*about_requests(change), *about_partners(change)):
        assert made.text.startswith("fabrikam.com"), (name, made.text)
        headers = [str(block["text"]["text"]) for block in made.blocks if block["type"] == "header"]
        assert all(re.match(r"(\S+ )?fabrikam\.com: |\S+ \d+ requests? ", one) for one in headers), (name, headers)


@pytest.mark.parametrize("chosen", CHOSEN)
def test_what_is_told_about_a_request_names_the_domain_only(chosen: str) -> None:
    asked: AccessRequest = with_identity(fabrikam(chosen))(request())
    assert partner_of(asked) == "fabrikam.com"

"""The three-way difference on a card: in words and as JSON, within Slack's limits, with nothing from outside alive."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.slack.cards.drift import drift_blocks, drift_json
from tests.workflows.core.builders import TENANT, access_plan, request
from workflows.core.plans.drift import DefaultDrift, Drift, three_way_difference
from workflows.core.requests.request import AccessRequest, RequestState

EVIL = "<!channel> <https://evil.example|Approve>\u202e"


def drifted(state: RequestState, now: dict[str, Any] | None) -> AccessRequest:
    """Return a request whose partner has these settings now."""
    return replace(request(state), drift=three_way_difference(access_plan({"tenantId": TENANT}), now))


def test_it_is_shown_while_the_request_is_asked_again_and_not_after() -> None:
    now = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": False}}
    (block,) = drift_blocks(drifted(RequestState.AWAITING_APPROVAL, now))
    text = json.dumps(block.to_dict())
    for words in (": was ", "; now ", "Changed outside Gatehouse", "now"):
        assert words in text
    assert list(drift_blocks(drifted(RequestState.APPLIED, now))) == []
    assert list(drift_blocks(request(RequestState.AWAITING_APPROVAL))) == []


@pytest.mark.parametrize("count", [0, 60])
def test_values_from_outside_are_plain_and_their_number_is_capped(count: int) -> None:
    now = {"tenantId": TENANT, **{f"unknown{number}": {"name": EVIL} for number in range(count)}}
    (block,) = drift_blocks(drifted(RequestState.AWAITING_APPROVAL, now))
    shown = block.to_dict()
    assert shown["type"] == "rich_text"
    kinds = {part["type"] for element in shown["elements"] for part in _parts(element)}
    assert kinds == {"text"}
    assert len(json.dumps(shown)) < 30_000
    assert "\u202e" not in json.dumps(shown, ensure_ascii=False)


def test_a_changed_default_is_shown_with_what_it_was_and_what_it_is() -> None:
    one = DefaultDrift(name="inboundTrust", before={"isMfaAccepted": False}, now={"isMfaAccepted": True, "x": EVIL})
    drift = Drift(existed=False, exists=False, settings=(), defaults=(one,))
    (block,) = drift_blocks(replace(request(RequestState.AWAITING_APPROVAL), drift=drift))
    text = json.dumps(block.to_dict(), ensure_ascii=False)
    assert ", by the tenant's default: was " in text
    assert "\u202e" not in text
    assert json.loads(drift_json(drift))["default.inboundTrust"]["before"] == {"isMfaAccepted": False}


def test_the_json_is_json() -> None:
    drift = three_way_difference(access_plan({"tenantId": TENANT}), {"tenantId": TENANT, "x": EVIL})
    assert json.loads(drift_json(drift))["x"] == {"approvedFrom": None, "approvedTo": None, "now": EVIL}
    assert drift_json(drift).isascii()
    assert drift_json(replace(drift, settings=())) == "{}"


def _parts(element: dict[str, Any]) -> list[dict[str, Any]]:
    inner = element["elements"]
    return [part for one in inner for part in (_parts(one) if "elements" in one else [one])]

"""The evaluation of settings alone: once for equal settings, and again for every difference that counts."""

from typing import Any

import pytest

from tests.workflows.core.posture.test_posture import ALL, TRUST
from workflows.core.posture.settings_evaluation import evaluate_settings
from workflows.core.settings.canonical import JsonObject

SETTINGS: dict[str, Any] = {"tenantId": "a", "b2bCollaborationInbound": ALL}


def test_partners_with_the_same_settings_share_the_result() -> None:
    first = evaluate_settings(SETTINGS, {}, is_cross_cloud=False)
    assert evaluate_settings({**SETTINGS, "tenantId": "b"}, {}, is_cross_cloud=False) is first


@pytest.mark.parametrize(
    ("settings", "default", "is_cross_cloud"),
    [
        ({**SETTINGS, "inboundTrust": TRUST}, {}, False),
        ({**SETTINGS, "somethingNew": {"allowed": True}}, {}, False),
        ({**SETTINGS, "isServiceProvider": True}, {}, False),
        (None, {}, False),
        (SETTINGS, None, False),
        (SETTINGS, {"inboundTrust": TRUST}, False),
        (SETTINGS, {}, True),
    ],
)
def test_every_other_difference_is_evaluated(
    settings: JsonObject | None, default: JsonObject | None, is_cross_cloud: bool
) -> None:
    first = evaluate_settings(SETTINGS, {}, is_cross_cloud=False)
    assert evaluate_settings(settings, default, is_cross_cloud=is_cross_cloud) is not first


def test_a_document_that_was_changed_is_evaluated_again() -> None:
    changed = {**SETTINGS}
    first = evaluate_settings(changed, {}, is_cross_cloud=False)
    changed["inboundTrust"] = TRUST
    assert evaluate_settings(changed, {}, is_cross_cloud=False).trust != first.trust

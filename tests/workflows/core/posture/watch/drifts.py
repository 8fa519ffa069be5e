"""Build the drift that tests of the watch start from."""

from dataclasses import replace
from typing import Any

from tests.workflows.core.builders import NOW, TENANT
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.watch.drift import Drift, DriftSubject, FoundDrift
from workflows.core.settings.canonical import Digest

SHOWN = Digest("a" * 64)


def found(**changes: Any) -> FoundDrift:
    """A partner that is open to more than was approved."""
    usual = FoundDrift(
        code=ConcernCode.DIFFERS_FROM_APPROVED, settings=("inboundTrust",), opens=True, fingerprint=SHOWN
    )
    return replace(usual, **changes)


def drift(**changes: Any) -> Drift:
    """Drift of Contoso that a sweep found at NOW."""
    usual = Drift(
        subject=DriftSubject(TENANT),
        version=1,
        partner="contoso.com",
        found=found(),
        unchanged_at=None,
        found_at=NOW,
    )
    return replace(usual, **changes)

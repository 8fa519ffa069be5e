"""Why something could not be read, in a few words. A boundary: findings, postures and Conditional Access share it."""

from collections.abc import Mapping
from typing import Final

from workflows.core.checks.facts import Why

WHY: Final[Mapping[Why, str]] = {
    Why.FORBIDDEN: "permission missing",
    Why.NO_LICENCE: "no licence",
    Why.REFUSED: "refused",
    Why.THROTTLED: "throttled",
    Why.UNREACHABLE: "no answer",
    Why.NOT_OFFERED: "not available in this Microsoft cloud",
    Why.OUT_OF_TIME: "no time left",
}

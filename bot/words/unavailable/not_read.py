"""Why something could not be read, in a few words. A boundary: findings, postures and Conditional Access share it."""

from collections.abc import Mapping
from typing import Final

from workflows.core.checks.facts import UnreadReason

UNREAD_REASON_WORDS: Final[Mapping[UnreadReason, str]] = {
    UnreadReason.FORBIDDEN: "permission missing",
    UnreadReason.NO_LICENCE: "no licence",
    UnreadReason.REFUSED: "refused",
    UnreadReason.THROTTLED: "throttled",
    UnreadReason.UNREACHABLE: "no answer",
    UnreadReason.NOT_OFFERED: "not available in this Microsoft cloud",
    UnreadReason.OUT_OF_TIME: "no time left",
}

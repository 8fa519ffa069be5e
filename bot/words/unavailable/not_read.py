"""Why something could not be read, in a few words. A boundary: findings, postures and Conditional Access share it."""

from collections.abc import Mapping
from typing import Final

from workflows.core.checks.tenant_facts import UnreadableReason

UNREAD_REASON_WORDS: Final[Mapping[UnreadableReason, str]] = {
    UnreadableReason.FORBIDDEN: "permission missing",
    UnreadableReason.NO_LICENCE: "no licence",
    UnreadableReason.REFUSED: "refused",
    UnreadableReason.THROTTLED: "throttled",
    UnreadableReason.UNREACHABLE: "no answer",
    UnreadableReason.NOT_OFFERED: "not available in this Microsoft cloud",
    UnreadableReason.OUT_OF_TIME: "no time left",
    UnreadableReason.NOT_ASKED: "not read for many partners at once",
}

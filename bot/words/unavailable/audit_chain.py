"""What is wrong with the audit log, and what its head is for. A boundary: Slack and the terminal share it."""

from collections.abc import Mapping
from typing import Any, Final

from bot.words.sentences import counted
from workflows.core.audit.chain import CLICKS, KeyProblem
from workflows.core.audit.verifying import ChainProblem, ChainProblemCode

_PROBLEMS: Final[Mapping[ChainProblemCode, str]] = {
    ChainProblemCode.EDITED: "Entry {seq} was changed.",
    ChainProblemCode.DELETED: "Entry {seq} is missing.",
    ChainProblemCode.INSERTED: "Entry {seq} was added by something other than Gatehouse.",
    ChainProblemCode.REORDERED: "Entry {seq} was moved.",
    ChainProblemCode.NOT_SIGNED: "Entry {seq} has no signature. Something other than Gatehouse wrote it.",
    ChainProblemCode.UNKNOWN_KEY: "Entry {seq} is signed with the key {key_id}, which is missing here.",
    ChainProblemCode.TAIL_CUT: "The entries from {seq} on are missing.",
    ChainProblemCode.OTHER_CHAIN: "Entry {seq} is not the one of the posted line. The file is another one, or an older "
    "or rewritten one.",
    ChainProblemCode.OTHER_INSTALLATION: "The posted line is of another installation. The line, or the file, is the "
    "wrong one.",
    ChainProblemCode.RECORD_CHANGED: "{record} was changed by something other than Gatehouse.",
    ChainProblemCode.RECORD_ADDED: "{record} was added by something other than Gatehouse.",
    ChainProblemCode.RECORD_MISSING: "{record} was removed by something other than Gatehouse.",
}
_RECORDS: Final[Mapping[str, str]] = {
    "requests": "The request {id}",
    "partnerships": "The record of the partner {id}",
    "batches": "The batch {id}",
    "freezes": "The record of the freeze",
    "absences": "The record of an absence ({id})",
    CLICKS: "A click ({id})",
}
"""The stored records, as people know them."""
_ADVICE: Final[Mapping[ChainProblemCode, str]] = {
    ChainProblemCode.UNKNOWN_KEY: "Add the missing key to AUDIT_KEY or AUDIT_KEY_FILE, before the newest one.",
    ChainProblemCode.OTHER_INSTALLATION: "Take a line that this Gatehouse posted, and check DATABASE_URL.",
}
CHAIN_ADVICE: Final = "Keep a copy of the database file as it is, and compare it with a backup, see docs/audit.md."
NO_HEAD_ADVICE: Final = (
    "It was not compared with a posted line. Only such a line shows whether the last entries were removed: add --head."
)
HEAD_ADVICE: Final = (
    "Keep this message. To compare the log with it: gatehouse audit verify --head, followed by this line."
)
KEY_PROBLEMS: Final[Mapping[KeyProblem, str]] = {
    KeyProblem.NO_KEY: "it has no key",
    KeyProblem.NOT_BASE64: "a key is not base64",
    KeyProblem.TOO_SHORT: "a key has fewer than 32 bytes",
}


def problem_words(code: str, seq: int, key_id: str = "", record: str = "") -> str:
    """Return one problem as a sentence."""
    return _PROBLEMS[ChainProblemCode(code)].format(seq=seq, key_id=key_id, record=_record_words(record))


def _record_words(record: str) -> str:
    """Return a record as the subject of a sentence.

    :param record: the record as `table id`; empty when the problem is an entry.
    """
    table, _, identity = record.partition(" ")
    return _RECORDS.get(table, "The record {id}").format(id=identity)


def words_of(problem: ChainProblem) -> str:
    """Return one problem as a sentence."""
    return problem_words(problem.code, problem.seq, problem.key_id, problem.shown_record)


def problem_advice(code: str) -> str:
    """Return what to do about a problem."""
    return _ADVICE.get(ChainProblemCode(code), CHAIN_ADVICE)


def alarm_values(values: Mapping[str, Any]) -> tuple[str, str]:
    """Return the problem of an alarm, with the number of others, and what to do."""
    others = int(values["count"]) - 1
    more = f" There {'is' if others == 1 else 'are'} {counted(others, 'more problem')}." if others > 0 else ""
    words = problem_words(values["problem"], values["seq"], values["key_id"], values.get("record", ""))
    return f"{words}{more}", problem_advice(values["problem"])


def freeze_reason(problem: ChainProblem) -> str:
    """Return why Gatehouse froze by itself."""
    what = "A record is" if problem.record else "The audit log is"
    return f"{what} not as Gatehouse wrote it. {words_of(problem)}"


def head_words(seq: int) -> str:
    """Return what a posted head is."""
    return f"Audit log until entry {seq}. This line shows later whether an entry was changed or removed."

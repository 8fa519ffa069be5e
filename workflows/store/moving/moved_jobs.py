"""What waiting work of SQLite is as a job of PostgreSQL, and back, so that both can be compared.

A job keeps the number of the effect, because alarms and people name it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from workflows.core.errors.facts import Fact
from workflows.core.requests.effects import Priority, WorkKind
from workflows.ports.effects_queue import QueueCode
from workflows.store.codec import EFFECT, load
from workflows.store.moving.tables import EFFECTS, Row, postgres_row
from workflows.store.postgres.jobs.deferring import LATER, TASK, job_args, job_priority
from workflows.store.redaction import RecordRedactor

EFFECT_COLUMNS: Final = ("id", "lane", "due_at", "attempts", "is_parked", "error", "doc", "rank", "asked_by")
JOB_COLUMNS: Final = ("id", "queue_name", "task_name", "priority", "lock", "args", "status", "attempts")
_CLEAN: Final = RecordRedactor()


class Jobs:
    """Makes jobs of effects, which must come by their numbers: a person's clicks get their turns in that order."""

    def __init__(self, now: str) -> None:
        """Begin.

        :param now: the present time as `text_of` writes it. What is due later holds no lane.
        """
        self._now = now
        self._turns: Counter[tuple[str, str]] = Counter()

    def job_of(self, stored: Mapping[str, Any]) -> Row:
        """Return the job of an effect."""
        row = moved_effect(stored)
        args = _args_of(row)
        is_given_up, is_later = bool(row["is_parked"]), row["due_at"] > self._now
        if args["by"] and not is_given_up:
            self._turns[args["turns"], args["by"]] += 1
            args["turn"] = self._turns[args["turns"], args["by"]]
        return {
            "id": row["id"],
            "queue_name": LATER if is_later and not is_given_up else args["kind"],
            "task_name": TASK,
            "priority": job_priority(Priority(row["rank"]), args["turn"]),
            "lock": None if is_later or is_given_up else row["lane"],
            "args": args,
            "status": "failed" if is_given_up else "todo",
            "attempts": row["attempts"],
        }


def moved_effect(stored: Mapping[str, Any]) -> Row:
    """Return an effect as it is after the move. One that cannot be read is given up, as a bot does that meets it."""
    row = postgres_row(EFFECTS, stored)
    if row["is_parked"]:
        return row
    try:
        load(EFFECT, row["doc"])
    except ValidationError as error:
        why = (Fact(QueueCode.UNREADABLE, {"problems": error.error_count()}),)
        return {**row, "is_parked": 1, "error": _CLEAN.facts_text(why)}
    return row


def effect_of_job(job: Mapping[str, Any]) -> Row:
    """Return the row of SQLite that a job stands for.

    :raises ValueError: when its queue, its lane and its state do not fit together: it would not be performed in time.
    """
    args, is_given_up = job["args"], job["status"] == "failed"
    holds_lane = not is_given_up and job["queue_name"] != LATER
    fits = (
        job["task_name"] == TASK and job["status"] in ("todo", "failed") and job["queue_name"] in (LATER, args["kind"])
    )
    if not fits or job["lock"] != (args["lane"] if holds_lane else None):
        raise ValueError("a job that no effect makes")
    if job["priority"] != job_priority(Priority(args["rank"]), args["turn"]):
        raise ValueError("a job of another priority")
    return {
        "id": job["id"],
        "lane": args["lane"],
        "due_at": args["due"],
        "attempts": job["attempts"],
        "is_parked": int(is_given_up),
        "error": args["error"],
        "doc": args["doc"],
        "rank": args["rank"],
        "asked_by": args["by"],
    }


def _args_of(row: Row) -> dict[str, Any]:
    """Return the arguments of the job. The columns count, also where this version would write others."""
    try:
        args = job_args(load(EFFECT, row["doc"]), row["doc"], row["due_at"])
    except ValidationError:
        rank = Priority(row["rank"])
        kind = WorkKind.WRITE.value if rank is Priority.DECIDE else rank.name.lower()
        args = {"kind": kind, "turns": f"{rank.value}:0", "turn": 0, "faults": 0}
        args |= {"doc": row["doc"], "due": row["due_at"], "is_held": False, "is_planned": False}
    return args | {"lane": row["lane"], "rank": row["rank"], "by": row["asked_by"], "error": row["error"]}

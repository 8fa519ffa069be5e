"""What must hold after each run, whatever ended it: nothing lost, nothing doubled, each write approved, nobody silent.

The oracle shares no code with the product but the counting of approvals: it compares what the simulated Graph carried
out with the stored plans.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.words.settings.open_access import REST_UNKNOWN
from tests.crash.carried_out import Write, carried_out_by
from tests.crash.records import Stored, read
from tests.crash.stage import CrashStage
from tests.scenarios.stage import CHANNEL, words
from workflows.core.policy.approval import evaluate
from workflows.core.requests.request import AccessRequest, RequestKind

PEOPLE: Final = ("requester", "approver1", "approver2", "approver3", "admin")
_ID: Final = re.compile(r"\b[RB].?-?[A-Z0-9]{4,}\b")
_NUMBER: Final = re.compile(r"\d+")
_TIME: Final = re.compile(r"<!date[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a run, without what differs between two runs by chance."""

    tenant: dict[str, Any]
    disabled: frozenset[str]
    requests: tuple[tuple[Any, ...], ...]
    partnerships: tuple[tuple[Any, ...], ...]
    batches: tuple[str, ...]
    alarms: tuple[str, ...]
    drifts: tuple[str, ...]
    parked: int


def check_writes(stage: CrashStage) -> None:
    """Check that each write belongs to one plan with its whole chain and a stored intent, and was carried out once."""
    stored = read(stage.database)
    counts: Counter[tuple[str, str, str, str]] = Counter()
    assert stage.sandbox.entra is not None
    for write in carried_out_by(stage.sandbox.entra._tenant):
        request = _owner(stored, write)
        # A plan may have two operations on one path, each with a part of the settings.
        counts[request.id, write.method, write.path, json.dumps(write.body, sort_keys=True)] += 1
        _check_chain(request, write)
        _check_intent(stored, request, write)
    doubled = {one: count for one, count in counts.items() if count > 1}
    assert not doubled, f"applied twice: {doubled}"


def _owner(stored: Stored, write: Write) -> AccessRequest:
    owners = [request for request in stored.requests if _plans(request, write)]
    assert owners, f"no stored plan has this write: {write}"
    # Two plans may have the same operation, one after the other; a write belongs to the last one decided before it.
    begun = [one for one in owners if one.writing_since is not None and one.writing_since <= write.at]
    return begun[-1] if begun else owners[-1]


def _plans(request: AccessRequest, write: Write) -> bool:
    if request.prepared is None:
        return False
    plan = request.plan
    if plan.accounts is not None:
        wanted = {"accountEnabled": request.fields.kind is RequestKind.ENABLE_GUESTS}
        return write.body == wanted and write.path.rpartition("/")[2] in {one.id for one in plan.accounts.accounts}
    return any((one.method, one.path, one.body) == (write.method, write.path, write.body) for one in plan.operations)


def _check_chain(request: AccessRequest, write: Write) -> None:
    prepared = request.prepared
    assert prepared is not None
    if not prepared.stages:  # a plan that only closes: who may ask for it was checked when it was filed
        assert request.fields.kind in (RequestKind.REVOCATION, RequestKind.DISABLE_GUESTS), request.id
        return
    barred = {
        *prepared.excluded,
        *(one.person.id for one in request.edits),
        *(one.person.id for one in request.supports),
    }
    verdict = evaluate(
        prepared.stages,
        request.decisions,
        digest=prepared.plan.digest,
        excluded=frozenset(barred),
        current_roles=None,
    )
    assert verdict.is_complete, f"{request.id} was written without its chain"
    assert len({one.person.id for one in request.decisions}) == len(request.decisions), "a decision counted twice"
    begun = max((one.at for one in request.edits), default=request.created_at)
    for decision in request.decisions:
        assert begun <= decision.at <= write.at, (request.id, decision, write)


def _check_intent(stored: Stored, request: AccessRequest, write: Write) -> None:
    if request.fields.account_change is not None:
        assert request.accounts is not None
        return
    intents = [
        datetime.fromisoformat(row["at"])
        for row in stored.audit
        if row["request_id"] == request.id and row["command"] == "record_writing"
    ]
    assert intents, f"{request.id} was written without a stored intent"
    assert min(intents) <= write.at


def check_copies(stored: Stored) -> None:
    """Check that no person and no channel has two cards of one thing whose buttons count."""
    live = Counter((row["subject"], row["channel"], row["occasion"]) for row in stored.copies if row["is_live"])
    assert not {one for one, count in live.items() if count > 1}, live


def outcome_of(stage: CrashStage) -> Outcome:
    """Return how a run ended."""
    stored = read(stage.database)
    assert stage.sandbox.entra is not None
    state = stage.sandbox.entra.state()
    return Outcome(
        tenant=_without_times(state["partners"]),
        disabled=frozenset(name for name, user in state["users"].items() if not user["accountEnabled"]),
        requests=tuple(sorted(_told(one) for one in stored.requests)),
        partnerships=tuple(
            (one.identity.tenant_id, one.state.value, one.template, one.sponsor.name) for one in stored.partnerships
        ),
        batches=tuple(stored.batches),
        alarms=tuple(stored.alarms),
        drifts=tuple(stored.drifts),
        parked=stored.parked,
    )


def _without_times(value: Any) -> Any:
    """Return settings without the times at which they were written."""
    if not isinstance(value, dict):
        return value
    return {name: _without_times(one) for name, one in value.items() if name != "lastModifiedDateTime"}


def _told(request: AccessRequest) -> tuple[Any, ...]:
    decisions = sorted((one.person.name, one.choice.value) for one in request.decisions)
    kind = (request.fields.kind.value, request.fields.closing.value)
    return (*kind, request.fields.target, request.state.value, len(request.edits), tuple(decisions), request.round)


async def heard(stage: CrashStage) -> dict[str, set[str]]:
    """Return what each person and the channel were told, without ids, numbers and times."""
    found = {person: {_plain(one) for one in await stage.direct(person)} for person in PEOPLE}
    found[CHANNEL] = {_plain(one) for one in await stage.messages() if not one.get("thread_ts")}
    return found


def _plain(message: dict[str, Any]) -> str:
    text = f"{message['text']} | {words(message) if message.get('blocks') else ''}"
    return _NUMBER.sub("#", _ID.sub("*", _TIME.sub("", text)))[:160]


def silent(expected: dict[str, set[str]], found: dict[str, set[str]]) -> Sequence[tuple[str, str]]:
    """List what somebody was told in the run without a kill and was not told in this one.

    Where it could not be read after a closing write what else is open, people are told that instead.
    """
    told_less = {
        person for person, texts in found.items() if any(REST_UNKNOWN in one for one in texts - expected[person])
    }
    return [
        (person, text)
        for person, texts in expected.items()
        for text in sorted(texts - found[person])
        if person not in told_less
    ]

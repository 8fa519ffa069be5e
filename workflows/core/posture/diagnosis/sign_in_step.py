"""Step 8: the newest sign-ins of the person or of the organization, with Microsoft's codes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

from workflows.core.checks.tenant_facts import LoggedSignIn, UnreadableFact
from workflows.core.errors.facts import Fact, Facts
from workflows.core.posture.diagnosis.facts import DiagnosisFacts, NamedApplication
from workflows.core.posture.diagnosis.known_applications import KNOWN_APPLICATIONS
from workflows.core.posture.diagnosis.offers import is_application_known
from workflows.core.posture.diagnosis.settings_steps import unreadable
from workflows.core.posture.diagnosis.sign_in_codes import SIGN_IN_CODES
from workflows.core.posture.diagnosis.steps import Action, Cause, Note, Step, StepKey, StepResult

_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)
_MAX_CODES: Final = 5
_FOR_ONE_APPLICATION: Final = frozenset({StepKey.OUR_SETTINGS, StepKey.CONDITIONAL_ACCESS})
"""Steps that may differ for each application."""


def sign_in_step(facts: DiagnosisFacts, before: Sequence[Step]) -> Step:
    """Say with which code the last sign-ins failed. An empty log is no proof: other tenants log errors too.

    :param before: the other steps. Where the step of a code passes now, its refusal is of the past. So is one by our
        settings, if Gatehouse changed them since and they are not known to refuse.
    """
    key = StepKey.SIGN_INS
    if facts.sign_ins is None:
        return Step(key=key, result=StepResult.NOT_KNOWN, read_at=None, notes=(Fact(Note.TENANT_NOT_KNOWN),))
    log, at = facts.sign_ins.value, facts.sign_ins.at
    if isinstance(log, UnreadableFact):
        notes: Facts = (unreadable("sign_ins", log),)
        return Step(key=key, result=StepResult.NOT_READABLE, read_at=at, notes=notes)
    incomplete = () if log.is_complete else (Fact(Note.INCOMPLETE_LOG),)
    entries = _own_entries(facts, log.entries)
    people = _people(_of_application(facts, entries))
    if not people:
        nothing = Fact(Note.OTHER_SIGN_INS if entries else Note.NO_SIGN_INS)
        return Step(key=key, result=StepResult.NOT_KNOWN, read_at=at, notes=(nothing, *incomplete))
    since_success = [failures for entries in people if (failures := _failures(entries))]
    over = [entry for failures in since_success if (entry := _first_over(failures, facts, before)) is not None]
    failing = [rest for failures in since_success if (rest := _since_last_over(_before(failures, over), over))]
    explained = [entry for failures in failing if (entry := _explained(failures)) is not None]
    refused = _refused_for([entry for entry in explained if _is_of_application(entry, facts)])
    if (cause := _cause([entry for entry in explained if not _is_of_application(entry, facts)])) is not None:
        return Step(key=key, result=StepResult.STOPS, read_at=at, notes=(*refused, *incomplete), cause=cause)
    earlier = _failed_earlier(over, facts, before)
    if failing or earlier:
        unexplained = (_unexplained(failing),) if failing and not refused else ()
        notes = (*refused, *unexplained, *earlier, *incomplete)
        return Step(key=key, result=StepResult.NOT_KNOWN, read_at=at, notes=notes)
    newest = max((entries[0] for entries in people), key=lambda entry: entry.at or _NO_TIME)
    values = {"at": (newest.at or _NO_TIME).isoformat(), "people": len(people), "application": newest.application}
    return Step(key=key, result=StepResult.PASSES, read_at=at, notes=(Fact(Note.SIGNED_IN, values), *incomplete))


def _first_over(failures: Sequence[LoggedSignIn], facts: DiagnosisFacts, before: Sequence[Step]) -> LoggedSignIn | None:
    """Return the newest refusal of the past: its cause is gone, or our settings are newer."""
    for entry in failures:
        if _is_gone(entry, facts, before) or _is_before_our_settings(entry, facts, before):
            return entry
    return None


def _is_before_our_settings(entry: LoggedSignIn, facts: DiagnosisFacts, before: Sequence[Step]) -> bool:
    """Return whether our settings refused, and Gatehouse set others since, which are not known to refuse.

    That does not prove that they let the person in, but who tries again gives a newer answer.
    """
    code, record = SIGN_IN_CODES.get(entry.code or 0), facts.record
    if code is None or not code.is_read or code.step is not StepKey.OUR_SETTINGS:
        return False
    if record is None or record.settings_since is None or record.has_drifted:
        return False
    stops = any(step.key is code.step and step.result is StepResult.STOPS for step in before)
    return not stops and (entry.at or _NO_TIME) < record.settings_since


def _is_gone(entry: LoggedSignIn, facts: DiagnosisFacts, before: Sequence[Step]) -> bool:
    code = SIGN_IN_CODES.get(entry.code or 0)
    if code is None or code.is_interrupt or not code.is_read:
        return False
    if not any(step.key is code.step and step.result is StepResult.PASSES for step in before):
        return False
    if code.action is Action.TRUST_MFA and not facts.is_direct_connect:
        return False  # Conditional Access was asked about their account, which shared channels do not use
    return code.step is StepKey.ACCOUNT or is_application_known(facts)


def _is_of_application(entry: LoggedSignIn, facts: DiagnosisFacts) -> bool:
    """Return whether a refusal is about its own application only, and none is known to have been asked about.

    The step that reads its cause was then judged for any application, which says nothing about this one.
    """
    code = SIGN_IN_CODES[entry.code or 0]
    is_of_one = code.is_read and code.step in _FOR_ONE_APPLICATION and code.action is not Action.TRUST_MFA
    return is_of_one and not is_application_known(facts)


def _refused_for(refusals: Sequence[LoggedSignIn]) -> Facts:
    """Return the newest refusal whose step was not judged for its application. It names no cause and no remedy."""
    return (_note(Note.REFUSED_FOR, refusals),) if refusals else ()


def _note(code: Note, entries: Sequence[LoggedSignIn], **more: object) -> Fact:
    """Return a note about the newest of some entries."""
    newest = max(entries, key=lambda entry: entry.at or _NO_TIME)
    at = None if newest.at is None else newest.at.isoformat()
    return Fact(code, {"code": newest.code, "application": newest.application, "at": at, **more})


def _before(failures: Sequence[LoggedSignIn], over: Sequence[LoggedSignIn]) -> list[LoggedSignIn]:
    """Return the failures that are newer than a refusal of the past. Older ones were passed before it."""
    return list(takewhile(lambda entry: entry not in over, failures))


def _since_last_over(failures: Sequence[LoggedSignIn], over: Sequence[LoggedSignIn]) -> list[LoggedSignIn]:
    """Return the failures after the newest refusal of the past, of anybody: older ones are from before it."""
    newest = max((entry.at or _NO_TIME for entry in over), default=_NO_TIME)
    return [entry for entry in failures if not over or (entry.at or _NO_TIME) > newest]


def _failed_earlier(over: Sequence[LoggedSignIn], facts: DiagnosisFacts, before: Sequence[Step]) -> Facts:
    if not over:
        return ()
    newest = max(over, key=lambda entry: entry.at or _NO_TIME)
    since = None if facts.record is None or _is_gone(newest, facts, before) else facts.record.settings_since
    return (_note(Note.FAILED_EARLIER, over, since=None if since is None else since.isoformat()),)


def _own_entries(facts: DiagnosisFacts, entries: Iterable[LoggedSignIn]) -> list[LoggedSignIn]:
    """Return the sign-ins of the person; all of the organization's when no person was named."""
    if not facts.is_person:
        return list(entries)
    accounts = () if facts.accounts is None else facts.accounts.value
    ids = set() if isinstance(accounts, UnreadableFact) else {account.id for account in accounts}
    return [entry for entry in entries if entry.user_id in ids or entry.address == facts.subject]


def _of_application(facts: DiagnosisFacts, entries: Sequence[LoggedSignIn]) -> Sequence[LoggedSignIn]:
    """Return the sign-ins to the application that was asked about; all of them when none is known.

    A sign-in to another application proves nothing: the cure of its refusal could close what this person uses.
    """
    asked = None if facts.application is None else facts.application.value
    if not isinstance(asked, NamedApplication) or not asked.name:
        return entries
    name = _name_in_log(asked.name)
    return [entry for entry in entries if not entry.application or _name_in_log(entry.application) == name]


def _name_in_log(name: str) -> str:
    """Return a name in one spelling: the directory and the log name Microsoft's own applications differently."""
    spelling = " ".join(name.casefold().split())
    known = KNOWN_APPLICATIONS.get(spelling)
    return spelling if known is None else known.name.casefold()


def _people(entries: Iterable[LoggedSignIn]) -> list[list[LoggedSignIn]]:
    """Return the sign-ins of each person, the newest first."""
    by_person: dict[str, list[LoggedSignIn]] = {}
    for entry in entries:
        by_person.setdefault(entry.address or entry.user_id, []).append(entry)
    return [sorted(rows, key=lambda row: row.at or _NO_TIME, reverse=True) for rows in by_person.values()]


def _failures(entries: Sequence[LoggedSignIn]) -> list[LoggedSignIn]:
    """Return the failures since the last success, the newest first."""
    found: list[LoggedSignIn] = []
    for entry in entries:
        if entry.is_success:
            break
        found.append(entry)
    return found


def _cause(newest: Sequence[LoggedSignIn]) -> Fact | None:
    """Return the explained error that most people have now; of equally many, the newest.

    :param newest: the newest explained error of each person.
    """
    if not newest:
        return None
    counts = Counter(entry.code for entry in newest)
    chosen = max(newest, key=lambda entry: (counts[entry.code], entry.at or _NO_TIME))
    values = {
        "code": chosen.code,
        "people": counts[chosen.code],
        "application": chosen.application,
        "correlation": chosen.correlation_id,
        "at": None if chosen.at is None else chosen.at.isoformat(),
    }
    return Fact(Cause.SIGN_IN_ERROR, values)


def _explained(failures: Sequence[LoggedSignIn]) -> LoggedSignIn | None:
    return next(
        (entry for entry in failures if (code := SIGN_IN_CODES.get(entry.code or 0)) and not code.is_interrupt), None
    )


def _unexplained(failing: Sequence[Sequence[LoggedSignIn]]) -> Fact:
    codes = list(dict.fromkeys(entry.code for failures in failing for entry in failures if entry.code is not None))
    is_interrupted = bool(codes) and all(code in SIGN_IN_CODES for code in codes)
    return Fact(Note.INTERRUPTED if is_interrupted else Note.UNEXPLAINED, {"codes": codes[:_MAX_CODES]})

"""A diagnosis in words: one row for each step, and the first cause with who can change it and how."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from bot.words.findings.diagnosis.changes import how_words, listed_question, strength_question, try_again
from bot.words.findings.diagnosis.notes import cause_words, note_words
from bot.words.sentences import and_list, counted, minute, or_list
from workflows.core.errors.facts import Fact
from workflows.core.posture.diagnosis.diagnosing import change_for
from workflows.core.posture.diagnosis.steps import (
    APPLICATION_NEEDED,
    Cause,
    Changer,
    Diagnosis,
    Note,
    Side,
    Step,
    StepKey,
    StepResult,
)

TITLES: Final[Mapping[StepKey, str]] = {
    StepKey.HOME: "Their tenant",
    StepKey.OUR_SETTINGS: "Our settings",
    StepKey.THEIR_SETTINGS: "Their side",
    StepKey.ACCOUNT: "Invitation and account",
    StepKey.INVITATIONS: "Who may invite",
    StepKey.CONDITIONAL_ACCESS: "Conditional Access",
    StepKey.SHARING: "SharePoint and Teams",
    StepKey.SIGN_INS: "Sign-ins",
}
RESULTS: Final[Mapping[StepResult, str]] = {
    StepResult.PASSES: "Passes",
    StepResult.STOPS: "Stops them",
    StepResult.NOT_KNOWN: "Not known",
    StepResult.NOT_READABLE: "Not readable here",
}
_CHANGERS: Final[Mapping[Changer, str]] = {
    Changer.APPROVERS: "The approvers of a request to Gatehouse",
    Changer.OUR_ADMINS: "An admin of our tenant",
    Changer.SHAREPOINT_ADMINS: "A SharePoint admin of our tenant",
    Changer.PARTNER_ADMINS: "The partner's administrator",
    Changer.PERSON: "The person",
}
_INVITERS: Final[Mapping[str, str]] = {
    "adminsAndGuestInviters": "An admin, or a person with the Entra role Guest Inviter",
    "adminsGuestInvitersAndAllMembers": "Any member of our tenant",
    "everyone": "Anybody in our tenant",
}
_SIDES: Final[Mapping[Side, str]] = {Side.OURS: "Our side", Side.THEIRS: "Their side"}
_NOT_NEEDED: Final = "Not needed: they have an account."
"""Said of who may invite, where there is an account already. Where there is none, the first cause says who may."""
_ONLY_IF_RIGHT: Final = "Only if the domain is right: "
NOTHING_KNOWN: Final = "Nothing is known to stop them."


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """One step in words."""

    number: int
    title: str
    result: StepResult
    result_words: str
    text: str
    read: str
    """When it was read; empty when nothing was, or when all was read within a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCause:
    """The first thing that stops them, or that nothing is known to."""

    text: str
    who: str = ""
    are_admins: bool = False
    """Whether these are the admins of our tenant, whom an admin can be told by name."""
    how: str = ""
    then: str = ""
    """The second thing that stops them, and who can change it."""
    meant: str = ""
    """Which partner may be meant, where nobody has the domain. It is said before everything else."""
    next: str = ""
    """Whom to ask next, where nothing is known to stop them."""


def step_rows(diagnosis: Diagnosis) -> tuple[StepWords, ...]:
    """Return all steps in words. The first cause is said above them, so its step does not repeat it."""
    has_one_time = bool(read_words(diagnosis))
    return tuple(
        _row(number, step, diagnosis, has_one_time=has_one_time) for number, step in enumerate(diagnosis.steps, start=1)
    )


def read_words(diagnosis: Diagnosis) -> str:
    """Return when everything was read; empty when it was not within a minute."""
    times = [step.read_at for step in diagnosis.steps if step.read_at is not None]
    if not times or max(times) - min(times) > timedelta(minutes=1):
        return ""
    return f"Read {minute(max(times))}."


def _row(number: int, step: Step, diagnosis: Diagnosis, *, has_one_time: bool) -> StepWords:
    is_first = step is diagnosis.first
    cause = () if step.cause is None else ("See above.",) if is_first else (cause_words(step.cause),)
    unsaid = {Note.INVITERS} if step.result is not StepResult.STOPS else set()
    if diagnosis.first is None:
        unsaid |= APPLICATION_NEEDED  # that is the answer, above the steps
    notes = tuple(note for note in step.notes if note.code not in unsaid)
    is_not_needed = step.key is StepKey.INVITATIONS and step.result is StepResult.PASSES
    said = (_NOT_NEEDED,) if is_not_needed else tuple(map(note_words, notes))
    return StepWords(
        number=number,
        title=TITLES[step.key],
        result=step.result,
        result_words=RESULTS[step.result],
        text=" ".join((*cause, *said)),
        read="" if step.read_at is None or has_one_time else f"read {minute(step.read_at)}",
    )


def first_cause(diagnosis: Diagnosis, *, admins: int | None = None) -> FirstCause:
    """Return the first thing that stops them, who can change it, and the command or the place.

    :param admins: how many people hold the role of admin; None when that is not known, or not for this reader.
    """
    first = diagnosis.first
    if first is None or first.cause is None:
        unknown = [TITLES[step.key] for step in diagnosis.open_steps]
        rest = f" Not known here: {and_list(unknown)}." if unknown else ""
        if diagnosis.needs_application:
            return FirstCause(text=_without_application(diagnosis), next=_ask_again(diagnosis) or try_again(diagnosis))
        meant = _meant(diagnosis)
        return FirstCause(text=f"{NOTHING_KNOWN}{rest}", meant=meant, next="" if meant else _next(diagnosis))
    change = change_for(first.cause)
    return FirstCause(
        text=cause_words(first.cause),
        then=_then(diagnosis, first, admins),
        who=_who(diagnosis, change.changer, admins),
        are_admins=change.changer is Changer.OUR_ADMINS,
        how=f"{_ONLY_IF_RIGHT if diagnosis.meant_domains else ''}{how_words(diagnosis, first.cause)}",
        meant=_meant(diagnosis),
    )


def _meant(diagnosis: Diagnosis) -> str:
    """Return which partner may be meant, with the question about it; empty where the domain is somebody's."""
    domains = diagnosis.meant_domains
    if not domains:
        return ""
    person, at, _ = diagnosis.subject.rpartition("@")
    return f"Did you mean {or_list(domains)}? Ask again: /partner diagnose {person}{at}{domains[0]}"


def _next(diagnosis: Diagnosis) -> str:
    """Return what to do where nothing is known to stop them."""
    if again := _ask_again(diagnosis):
        return again
    known = diagnosis.last_sign_in
    if known is not None and known.code == Note.SIGNED_IN:
        return f"They got in on {minute(known.values['at'])}. If it fails again, ask them for the error code."
    if question := listed_question(diagnosis) or strength_question(diagnosis):
        return question  # an old refusal is about another step
    if again := try_again(diagnosis):
        return again
    if not diagnosis.asks_them_first:
        return ""
    return f"Ask the partner's administrator about their side: /partner checklist {diagnosis.domain}"


def _ask_again(diagnosis: Diagnosis) -> str:
    """Return that a refusal is judged when its application is named; empty without such a refusal."""
    refusal = diagnosis.refusal
    if refusal is None:
        return ""
    name = " ".join(refusal.values["application"].split()) or "NAME"
    return f"Ask again with the application that refused them: /partner diagnose {diagnosis.subject} {name}"


def _then(diagnosis: Diagnosis, first: Step, admins: int | None) -> str:
    """Return the second thing that stops them. A failed sign-in is none: it is what the others did."""
    code = None if first.cause is None else first.cause.code
    second = [
        step.cause
        for step in diagnosis.stopping
        if step.cause is not None and step.cause.code not in (code, Cause.SIGN_IN_ERROR)
    ]
    if not second:
        return ""
    more = f" {counted(len(second) - 1, 'more step')} below." if len(second) > 1 else ""
    return f"{cause_words(second[0])} Can change it: {_who(diagnosis, change_for(second[0]).changer, admins)}.{more}"


def _without_application(diagnosis: Diagnosis) -> str:
    """Return that the answer depends on the application, and which one may be meant, where none is known."""
    notes = {note.code: note for step in diagnosis.steps for note in step.notes}
    for code in (Note.UNKNOWN_APPLICATION, Note.SEVERAL_APPLICATIONS):
        if code in notes and (notes[code].values.get("similar") or notes[code].values.get("names")):
            return note_words(notes[code])
    asked = (Note.UNKNOWN_APPLICATION, Note.SOME_APPLICATIONS, Note.POLICY_FOR_APPLICATIONS)
    said = " ".join(note_words(notes[code]) for code in asked if code in notes)
    if diagnosis.refusal is not None and diagnosis.refusal.values["application"]:
        return said  # the next step says which application to ask about
    return f"{said} Name the application: /partner diagnose {diagnosis.subject} NAME."


def _who(diagnosis: Diagnosis, changer: Changer, admins: int | None) -> str:
    if changer is Changer.OUR_ADMINS and admins:
        return f"{_CHANGERS[changer]} ({counted(admins, 'person', 'people')})"
    if changer is not Changer.INVITERS:
        return _CHANGERS[changer]
    notes = (note for step in diagnosis.steps for note in step.notes if note.code == Note.INVITERS)
    may_invite = next((note.values["who"] for note in notes), "")
    return _INVITERS.get(may_invite, "An admin, or who may invite guests: that is not known here")


def side_words(diagnosis: Diagnosis) -> str:
    """Return only on which side the first cause is. For sponsors, who see nothing else."""
    first = diagnosis.first
    if first is None or first.cause is None:
        return "Not known"
    return _SIDES[change_for(first.cause).changer.side]


def is_on_our_side(diagnosis: Diagnosis) -> bool:
    """Return whether the first cause is on our side."""
    first = diagnosis.first
    return first is not None and first.cause is not None and change_for(first.cause).changer.side is Side.OURS


def side_next(diagnosis: Diagnosis) -> str:
    """Return what a sponsor can do, who sees only the side."""
    if not is_on_our_side(diagnosis):
        return "check the partner setup with their administrator. If it is done, tell an admin who cannot get in."
    return "tell an admin who cannot get in, and to which application."


def without_policy_names(diagnosis: Diagnosis) -> Diagnosis:
    """Return the same without names that only admins see: of policies, and of applications that nobody typed."""
    hidden: dict[str, object] = {"policies": [], "strengths": [], "applications": []}
    if not diagnosis.application:
        hidden["application"] = ""
    return replace(diagnosis, steps=tuple(_without_names(step, hidden) for step in diagnosis.steps))


def _without_names(step: Step, hidden: Mapping[str, object]) -> Step:
    notes = tuple(_hidden(note, hidden) for note in step.notes)
    return replace(step, notes=notes, cause=None if step.cause is None else _hidden(step.cause, hidden))


def _hidden(fact: Fact, hidden: Mapping[str, object]) -> Fact:
    names = {**hidden, "by": ""} if fact.code == Cause.ACCOUNT_DISABLED else hidden
    values = {name: names.get(name, value) for name, value in fact.values.items()}
    if "demands" in fact.values:
        values["demands"] = [{**demand, "name": ""} for demand in fact.values["demands"]]
    return Fact(fact.code, values)


def as_json(diagnosis: Diagnosis) -> dict[str, object]:
    """Return a diagnosis as JSON values. The names never change."""
    first = diagnosis.first
    change = None if first is None or first.cause is None else change_for(first.cause)
    return {
        "format": "gatehouse/diagnosis/1",
        "subject": diagnosis.subject,
        "partner": diagnosis.domain,
        "application": diagnosis.application or None,
        "first": None
        if first is None or first.cause is None or change is None
        else {
            "step": first.key.value,
            "cause": first.cause.as_value(),
            "changer": change.changer.value,
            "action": change.action.value,
        },
        "waiting": [
            {"request": request.id, "state": request.state.value}
            for request in (*diagnosis.waiting, *diagnosis.enabling)
        ],
        "steps": [
            {
                "step": step.key.value,
                "result": step.result.value,
                "read_at": None if step.read_at is None else step.read_at.isoformat(),
                "cause": None if step.cause is None else step.cause.as_value(),
                "notes": [note.as_value() for note in step.notes],
            }
            for step in diagnosis.steps
        ],
    }

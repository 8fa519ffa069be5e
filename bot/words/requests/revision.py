"""The differences between the plan that an approver saw and the present plan, one line for each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from bot.words.plans.changes import ChangeLine, describe_changes, duration_words, subject_title
from bot.words.plans.current_settings import CurrentLine, describe_current
from bot.words.plans.drift import default_lines, existence_lines
from bot.words.plans.risk import risk_for_approval_words
from bot.words.requests.titles import left_out_words, prepared_title
from bot.words.sentences import counted, day, last_day
from bot.words.settings.values import NOT_SET
from workflows.core.plans.changes import ChangeSubject, setting_changes
from workflows.core.plans.revision import PlanShown, revisions
from workflows.core.policy.approval import Choice
from workflows.core.policy.template import Stage
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, PreparedRequest

NEEDS_NEW_APPROVAL: Final = "Needs new approval"
NOBODY_HAD_APPROVED: Final = "Plan changed"
UNCHANGED: Final = "not in the plan"
_EDITS: Final = (NoteCode.EDITED, NoteCode.PROPOSAL_ACCEPTED)
MAX_JUSTIFICATION_WORDS: Final = 25
"""Words of a justification; the rest is counted. Details have the present text."""
WORDS_BEFORE: Final = 3
"""Words before the first one that differs."""


class RevisedLine(NamedTuple):
    """One difference between the earlier plan and the present one."""

    subject: str
    before: str
    now: str
    after: str | None = None
    """The value after the approval, where `seen` and `now` are values that others changed."""
    stays_open: bool = False
    """Whether it is access that others opened, and that neither plan writes."""


def new_plan_title(request: AccessRequest) -> str:
    """State in a few words that there is another plan to decide on: approvals no longer count, or there were none.

    It stays in the title of a message. So it says nothing that the next approval makes wrong.
    """
    # NB. without an earlier plan, approvals of this same plan were found to count no longer.
    had_approvals = request.previously_shown is None or any(
        void_decision.choice is Choice.APPROVE for void_decision in request.void_decisions
    )
    return NEEDS_NEW_APPROVAL if had_approvals else NOBODY_HAD_APPROVED


def new_round_words(request: AccessRequest) -> str:
    """State in a few words why an earlier message does not count: who edited the request, or `new_plan_title`."""
    edited = next((fact for fact in request.asked_again if fact.code in _EDITS), None)
    return new_plan_title(request) if edited is None else f"Edited by {edited.values['name']}"


def revision_lines(request: AccessRequest) -> tuple[RevisedLine, ...]:
    """Return the differences between the plan that people saw and the present one; empty when there is none."""
    if request.previously_shown is None or request.prepared is None:
        return ()
    return tuple(_lines(request, request.previously_shown, request.prepared))


def proposal_lines(request: AccessRequest) -> tuple[RevisedLine, ...]:
    """Return the differences between what is asked for and what an approver proposed; empty without a proposal."""
    prepared, proposal = request.prepared, request.proposal
    if prepared is None or proposal is None:
        return ()
    proposed = replace(
        prepared, plan=proposal.plan, template_title=proposal.template_title, stages=proposal.stages, restored=None
    )
    compared = replace(request, drift=None, previous_fields=request.fields, fields=proposal.fields)
    lines = _lines(compared, prepared, proposed)
    if not proposal.plan.left_out or proposal.plan.template != prepared.plan.template:
        return tuple(lines)
    return tuple(line for line in lines if line.now != UNCHANGED)  # what is not asked for has one line of its own


def _lines(request: AccessRequest, earlier: PreparedRequest, present: PreparedRequest) -> Iterator[RevisedLine]:
    yield from _outside_changes(earlier, present)
    earlier_plan, present_plan = _plan_shown(earlier), _plan_shown(present)
    lines_was, lines_now = _by_subject(earlier_plan, earlier.names), _by_subject(present_plan, present.names)
    for revision in revisions(earlier_plan, present_plan):
        title = subject_title(revision.subject)
        if present.plan.adoption is None:
            yield _revised_line(title, lines_was.get(revision.subject), lines_now.get(revision.subject))
        else:
            yield from _line_if_different(
                title, *(_adopted_words(prepared, revision.subject) for prepared in (earlier, present))
            )
    if request.drift is not None:
        for default in default_lines(request.drift):
            yield RevisedLine(f"{default.setting}, by the tenant's default", default.before, default.now)
    yield from _line_if_different(
        "Risk",
        *(risk_for_approval_words(plan_shown.plan, plan_shown.default) for plan_shown in (earlier_plan, present_plan)),
    )
    yield from _line_if_different(
        "Approval policy", *(_policy_words(prepared.stages) for prepared in (earlier, present))
    )
    yield from _template_lines(earlier, present)
    ends = [plan_shown.plan.ends_at for plan_shown in (earlier_plan, present_plan)]
    durations = [plan_shown.plan.duration for plan_shown in (earlier_plan, present_plan)]
    starts = [plan_shown.plan.starts_at for plan_shown in (earlier_plan, present_plan)]
    yield from _line_if_different("Starts on", *("approval" if start is None else day(start) for start in starts))
    yield from _line_if_different("Last day", *("not set" if end is None else last_day(end) for end in ends))
    yield from _line_if_different(
        "Duration", *("no end" if duration is None else duration_words(duration) for duration in durations)
    )
    yield from _line_if_different("Sponsor", earlier.sponsor.name, present.sponsor.name)
    if (earlier_fields := request.previous_fields) is not None:
        new = request.fields
        yield from _line_if_different("Ticket", *(fields.ticket or "none" for fields in (earlier_fields, new)))
        if earlier_fields.justification != new.justification:
            yield RevisedLine("Justification", *_shorten_to_difference(earlier_fields.justification, new.justification))
    if request.drift is not None:
        for line in existence_lines(request.drift):
            yield RevisedLine(line.setting, line.before, line.now)


def _template_lines(earlier: PreparedRequest, present: PreparedRequest) -> Iterator[RevisedLine]:
    yield from _line_if_different("Access template", prepared_title(earlier), prepared_title(present))
    yield from _line_if_different(
        "Not asked for", *(left_out_words(prepared.plan.left_out) or "nothing" for prepared in (earlier, present))
    )


def _revised_line(subject: str, earlier: ChangeLine | None, present: ChangeLine | None) -> RevisedLine:
    if earlier is not None and present is not None:
        if earlier.after == present.after:
            return RevisedLine(subject, earlier.before, present.before, present.after)
        if earlier.before == present.before:
            return RevisedLine(f"{subject}, after approval", earlier.after, present.after)
    return RevisedLine(subject, _before_and_after(earlier), _before_and_after(present))


def _adopted_words(prepared: PreparedRequest, subject: ChangeSubject) -> str:
    """Return what an adoption records of a setting. Its plan writes nothing, so it has no line of the setting."""
    line = _settings_before(prepared).get(subject)
    return NOT_SET if line is None else line.words


def _outside_changes(earlier: PreparedRequest, present: PreparedRequest) -> Iterator[RevisedLine]:
    """Describe outside changes of settings that neither plan writes. They stay, and no line of the plan shows them."""
    planned = {
        change.subject
        for plan_shown in (_plan_shown(earlier), _plan_shown(present))
        for change in plan_shown.changes().values()
    }
    settings_before, settings_after = _settings_before(earlier), _settings_before(present)
    for subject in dict.fromkeys([*settings_after, *settings_before]):
        before, after = settings_before.get(subject), settings_after.get(subject)
        is_own = any(line is not None and line.is_own for line in (before, after))
        # NB. by value: a group that was renamed in the directory is no change of the partner.
        if subject in planned or not is_own or _own_value(before) == _own_value(after):
            continue
        texts = [NOT_SET if line is None else line.words for line in (before, after)]
        title = f"{subject_title(subject)} (changed outside Gatehouse, stays if you approve)"
        is_open = after is not None and after.is_own and after.fact.may_allow_access
        yield RevisedLine(title, texts[0], texts[1], stays_open=is_open)


def _own_value(line: CurrentLine | None) -> Any:
    return None if line is None else line.fact.value


def _settings_before(prepared: PreparedRequest) -> Mapping[ChangeSubject, CurrentLine]:
    observed = prepared.observation
    lines = describe_current(
        observed.configuration,
        observed.default,
        prepared.names,
        is_cross_cloud=prepared.plan.is_cross_cloud,
    )
    return {line.fact.subject: line for line in lines}


def _plan_shown(prepared: PreparedRequest) -> PlanShown:
    return PlanShown(plan=prepared.plan, default=prepared.observation.default)


def _by_subject(plan_shown: PlanShown, names: Mapping[str, str]) -> Mapping[ChangeSubject, ChangeLine]:
    changes, lines = (
        setting_changes(plan_shown.plan, plan_shown.default),
        describe_changes(plan_shown.plan, plan_shown.default, names),
    )
    return {change.subject: line for change, line in zip(changes, lines, strict=True)}


def _before_and_after(line: ChangeLine | None) -> str:
    return UNCHANGED if line is None else f"{line.before} → {line.after}"


def _line_if_different(subject: str, before: str, now: str) -> Iterator[RevisedLine]:
    if before != now:
        yield RevisedLine(subject, before, now)


def _shorten_to_difference(before: str, now: str) -> tuple[str, str]:
    """Return both texts. Long ones start at the first word that differs, and say how many words are left out."""
    words_before, words_now = before.split(), now.split()
    if max(len(words_before), len(words_now)) <= MAX_JUSTIFICATION_WORDS:
        return _words_from(words_before, 0), _words_from(words_now, 0)
    same = next((at for at, pair in enumerate(zip(words_before, words_now, strict=False)) if pair[0] != pair[1]), None)
    start = max(0, (min(len(words_before), len(words_now)) if same is None else same) - WORDS_BEFORE)
    return _words_from(words_before, start), _words_from(words_now, start)


def _words_from(words: Sequence[str], start: int) -> str:
    end = start + MAX_JUSTIFICATION_WORDS
    more = len(words) - end
    text = f"{'… ' if start else ''}{' '.join(words[start:end])}{' …' if more > 0 else ''}"
    counts = [f"{counted(start, 'word')} before"] if start else []
    counts += [f"{counted(more, 'word')} after"] if more > 0 else []
    return f"“{text}” ({', '.join(counts)})" if counts else f"“{text}”"


def _policy_words(stages: Sequence[Stage]) -> str:
    return ", then ".join(f"{stage.title} ({stage.quorum})" for stage in stages)

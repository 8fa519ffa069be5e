"""The risk of a plan with its reasons, and what the plan leaves open, for cards and forms."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks.block_elements import RichTextElement

from bot.slack.blocks.blocks import TextRun, bullets, cleaned_text, fixed_text, paragraph
from bot.slack.cards.partner_and_plan import MAX_LINES, MAX_SETTING_CHARACTERS
from bot.words.plans.current_settings import CurrentLine, describe_staying_open, describe_unchanged
from bot.words.plans.risk import risk_lines
from bot.words.sentences import counted
from bot.words.settings.open_access import graph_names_words, unknown_settings_words
from bot.words.settings.values import NO_NAMES
from workflows.core.plans.current_settings import unmanaged_settings
from workflows.core.plans.plan import Plan
from workflows.core.plans.renewal import is_renewal
from workflows.core.settings.canonical import JsonObject

_MAX_NAMES_CHARACTERS: Final = 500


def risk_elements(plan: Plan, default: JsonObject | None, *, is_decided: bool = False) -> Iterator[RichTextElement]:
    """Return each risk of a plan with its reasons: of what it changes, of what stays, and of all access afterwards.

    :param is_decided: whether the approvals that it needs are complete.
    """
    for line in risk_lines(plan, default, is_decided=is_decided):
        needs = [fixed_text(line.needs)] if line.needs else []
        yield paragraph(fixed_text(line.title, bold=True), *needs)
        if line.reasons:
            yield bullets([fixed_text(reason)] for reason in line.reasons)


def unchanged_access_elements(
    plan: Plan, default: JsonObject | None, names: Mapping[str, str] = NO_NAMES
) -> Iterator[RichTextElement]:
    """Return the settings of a partner that stay: those that allow access by name; the rest are counted.

    A renewal shows all of it, because it extends all of it. So does an adoption.
    """
    unchanged_lines = describe_unchanged(plan, default, names)
    if plan.adoption is not None:
        yield paragraph(fixed_text("Set for this partner, adopted as it is", bold=True))
        yield _current_settings_list(unchanged_lines)
        yield from _unmanaged_elements(plan)
        return
    if is_renewal(plan):
        if unchanged_lines:
            yield paragraph(fixed_text("Access to extend", bold=True))
            yield _current_settings_list(unchanged_lines)
        return
    if open_lines := describe_staying_open(plan, default, names):
        yield paragraph(fixed_text("Stays open, not changed", bold=True))
        yield _current_settings_list(open_lines)
    yield from _unmanaged_elements(plan)
    if closed := sum(not line.fact.may_allow_access for line in unchanged_lines):
        values = counted(closed, "value that lets nobody in", "values that let nobody in")
        yield paragraph(fixed_text(f"Set for this partner and not changed: {values}; /partner show lists them."))


def _unmanaged_elements(plan: Plan) -> Iterator[RichTextElement]:
    if others := unmanaged_settings(plan.configuration_after()):
        yield paragraph(
            fixed_text(f"Also set and not changed: {unknown_settings_words(others)}. Microsoft Graph's names: "),
            cleaned_text(graph_names_words(others), _MAX_NAMES_CHARACTERS),
        )


def _current_settings_list(lines: Sequence[CurrentLine]) -> RichTextElement:
    items: list[list[TextRun]] = [
        [cleaned_text(line.setting, 200, bold=True), fixed_text(": "), cleaned_text(line.words, MAX_SETTING_CHARACTERS)]
        for line in lines[:MAX_LINES]
    ]
    if more := len(lines) - len(items):
        items.append([fixed_text(f"and {more} more; /partner show lists them")])
    return bullets(items)

"""The progress of a plan in words: what stands in the tenant of it, and what does not."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.words.openness import way_title
from bot.words.settings import title
from workflows.core.errors.facts import Values
from workflows.core.plans.refused_writes import NotTaken, RefusedWrite

_NOT_TAKEN: Final[Mapping[NotTaken, str]] = {
    NotTaken.ANSWERED: "",
    NotTaken.NO_ANSWER: "Microsoft Graph did not answer in time.",
    NotTaken.NOT_SHOWN: "Microsoft Graph accepted it and does not show it.",
}
"""Empty: the answer's own words."""


def progress_words(values: Values) -> str:
    """State which operations of a plan took effect, from `workflows.core.plans.progress.progress_values`."""
    if values["done"] == 0:
        return "Nothing was written."
    return (
        f"{values['done']} of {values['total']} writes stand in the tenant. Written: {_names(values['written'])}. "
        f"Not written: {_names(values['not_written'])}."
    )


def not_taken_words(refused: Iterable[RefusedWrite]) -> str:
    """State which refusable writes did not take effect, and why."""
    return " ".join(
        f"Not taken: {'; '.join(map(way_title, one.names))}. {not_taken_reason(one)}".strip() for one in refused
    )


def not_taken_reason(one: RefusedWrite) -> str:
    """State why a write did not take effect: what was answered, or that nothing was."""
    return _NOT_TAKEN[one.because] or one.reason


def changed_default_words(settings: Sequence[str]) -> str:
    """State that the tenant's default changed after approvers saw what the partner would inherit.

    :param settings: Graph's names, as `workflows.effects.inheritance` returns them.
    """
    names = "; ".join(map(title, settings))
    return f"The tenant's default changed after this was shown, and the partner would inherit it: {names}."


def _names(operations: Iterable[Sequence[str]]) -> str:
    return "; ".join(
        ", ".join(map(title, settings)) or "the partner without settings of its own" for settings in operations
    )

"""Remembers what each open request form shows, so that a slow look-up does not undo a later choice.

Slack keeps what is typed, but a view is updated as a whole: whoever updates it has to know the rest. Only a
convenience: a form that is not remembered (after a restart, on another replica) is looked up again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from bot.slack.flows.request_form import Found
from workflows.app.requests.intake import Form
from workflows.ports.tenant_settings import FoundObject

_MOST: Final = 1000
_Said = TypeVar("_Said")


@dataclass(slots=True, kw_only=True)
class OpenForm:
    """One open form. `lock` is held while it is being updated, so that updates arrive in order."""

    form: Form
    looked_up: str = ""
    """What `found` or `problem` is about, as typed."""
    found: Found | None = None
    problem: str = ""
    named: dict[str, tuple[str, FoundObject]] = field(default_factory=dict)
    """By the hole's name, what was typed there and what it was found to be."""
    name_problems: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the hole's name, what was typed there and why it was not taken for anything."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_about(self, typed: str) -> bool:
        """Tell whether what was typed has been looked up already."""
        return self.looked_up.strip() == typed.strip()

    def take_names(self, found: Mapping[str, FoundObject], problems: Mapping[str, str]) -> None:
        """Remember what came of looking up the names that stand in the form now."""
        typed = self.form.holes
        self.named |= {name: (typed[name], one) for name, one in found.items()}
        self.name_problems = {name: (typed[name], problem) for name, problem in problems.items()}

    def now(self, said: Mapping[str, tuple[str, _Said]]) -> dict[str, _Said]:
        """Give what was said of those fields in which the same still stands."""
        return {name: one for name, (typed, one) in said.items() if self.form.holes.get(name) == typed}


class OpenForms:
    """The most recent open forms, by view id; the oldest are forgotten."""

    def __init__(self) -> None:
        self._forms: OrderedDict[str, OpenForm] = OrderedDict()

    def at(self, view_id: str, form: Form) -> OpenForm:
        """Remember how a form was filled in just now, and give all that is known about it."""
        shown = self._forms.pop(view_id, None) or OpenForm(form=form)
        shown.form = form
        self._forms[view_id] = shown
        while len(self._forms) > _MOST:
            self._forms.popitem(last=False)
        return shown

"""Remembers what each open request form shows, so that a slow look-up does not undo a later choice.

Slack keeps what is typed, but a view is updated as a whole: whoever updates it has to know the rest. Only a
convenience: a form that is not remembered (after a restart, on another replica) is looked up again.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from bot.request_form import Found
from workflows.intake import Form

_MOST: Final = 1000


@dataclass(slots=True, kw_only=True)
class OpenForm:
    """One open form. `lock` is held while it is being updated, so that updates arrive in order."""

    form: Form
    looked_up: str = ""
    """What `found` or `problem` is about, as typed."""
    found: Found | None = None
    problem: str = ""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_about(self, typed: str) -> bool:
        """Tell whether what was typed has been looked up already."""
        return self.looked_up.strip() == typed.strip()


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

"""What an open request form shows beside what was typed: what was found for the target and for the names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bot.slack.answers.open_forms import OpenForm
from bot.slack.blocks.blocks import Json
from bot.slack.flows.request_access.form import Found, RequestForm, request_view
from workflows.app.requests.intake import Form
from workflows.core.policy.template import Template
from workflows.ports.tenant_settings import FoundObject

_Said = TypeVar("_Said")


@dataclass(slots=True, kw_only=True)
class OpenRequestForm(OpenForm[Form]):
    """One open request form."""

    looked_up: str = ""
    """What `found` or `problem` is about, as typed."""
    found: Found | None = None
    problem: str = ""
    named: dict[str, tuple[str, FoundObject]] = field(default_factory=dict)
    """By the placeholder's name, what was typed there and what it was found to be."""
    name_problems: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the placeholder's name, what was typed there and why it was not taken for anything."""

    def is_about(self, typed: str) -> bool:
        """Return whether what was typed has been looked up already."""
        return self.looked_up.strip() == typed.strip()

    def take_names(self, found: Mapping[str, FoundObject], problems: Mapping[str, str]) -> None:
        """Remember what came of looking up the names that stand in the form now."""
        typed = self.form.placeholders
        self.named |= {name: (typed[name], one) for name, one in found.items()}
        self.name_problems = {name: (typed[name], problem) for name, problem in problems.items()}

    def view(self, templates: Mapping[str, Template], *, must_look: bool = False) -> Json:
        """Show the form as it is known now.

        :param must_look: whether sending waits for the person to have seen what was found.
        """
        form = self.form
        return request_view(
            RequestForm(
                templates=tuple(templates.values()),
                requester=form.requester,
                target=form.target,
                found=self.found,
                problem=self.problem,
                template=form.template,
                justification=form.justification,
                sponsor=form.sponsor,
                days=form.days,
                placeholders=form.placeholders,
                named=self._now(self.named),
                name_problems=self._now(self.name_problems),
                must_look=must_look,
            )
        )

    def _now(self, said: Mapping[str, tuple[str, _Said]]) -> dict[str, _Said]:
        """Return what was said of those fields in which the same still stands."""
        return {name: one for name, (typed, one) in said.items() if self.form.placeholders.get(name) == typed}

"""The data of an open request form besides the typed values: what was found for the target and for the names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from bot.slack.answers.open_forms import OpenForm
from bot.slack.blocks.blocks import Json
from bot.slack.flows.request_access.form import Found, RequestForm, request_view
from workflows.app.requests.intake import Form
from workflows.core.errors.facts import Fact
from workflows.core.policy.template import Template
from workflows.ports.tenant_settings import FoundObject

_Said = TypeVar("_Said")


@dataclass(slots=True, kw_only=True)
class OpenRequestForm(OpenForm[Form]):
    """One open request form."""

    looked_up: str = ""
    """The typed text that `found` or `problem` is about."""
    found: Found | None = None
    problem: str = ""
    named: dict[str, tuple[str, FoundObject]] = field(default_factory=dict)
    """By the placeholder's name, the typed name and the object found for it."""
    name_problems: dict[str, tuple[str, Fact]] = field(default_factory=dict)
    """By the placeholder's name, the typed name and why no object was accepted for it."""

    def is_about(self, typed: str) -> bool:
        """Return whether the typed text has been looked up already."""
        return self.looked_up.strip() == typed.strip()

    def take_names(self, found: Mapping[str, FoundObject], problems: Mapping[str, Fact]) -> None:
        """Store the results of looking up the names that are now in the form."""
        typed = self.form.placeholders
        self.named |= {name: (typed[name], one) for name, one in found.items()}
        self.name_problems = {name: (typed[name], problem) for name, problem in problems.items()}

    def view(self, templates: Mapping[str, Template], *, must_look: bool = False) -> Json:
        """Return the form with the present data.

        :param must_look: whether the person must see the found objects before sending.
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
        """Return the results for fields whose text has not changed since."""
        return {name: one for name, (typed, one) in said.items() if self.form.placeholders.get(name) == typed}

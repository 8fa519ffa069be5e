"""The data of an open request form besides the typed values: what is offered, found and known about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.slack import ids
from bot.slack.answers.open_forms import OpenForm
from bot.slack.blocks.blocks import Json
from bot.slack.flows.request_access.form import RequestForm, request_view
from bot.slack.flows.request_access.partner_result import LookupResult
from bot.slack.people.approvers import StageApprovers
from workflows.app.requests.forms import Form, Refill
from workflows.core.errors.facts import Fact
from workflows.core.policy.offers import Offer
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.policy.template import Template
from workflows.core.requests.request import ObservedPartner


@dataclass(slots=True, kw_only=True)
class OpenRequestForm(OpenForm[Form]):
    """One open request form."""

    offers: Sequence[Offer] = ()
    looked_up: str = ""
    """The typed text that `lookup_result` or `problem` is about."""
    lookup_result: LookupResult | None = None
    observation: ObservedPartner | None = None
    """What `lookup_result` summarizes."""
    problem: str = ""
    unsearchable: dict[str, Fact] = field(default_factory=dict)
    """By the placeholder's name, why our own directory cannot be searched for it."""
    approvers_by_stage: Sequence[StageApprovers] = ()
    """Who would decide on the chosen template."""
    refill: Refill | None = None
    """The earlier request that it was filled in from."""
    approval_count: int = 0
    """How many people have approved the request that it edits."""
    freeze: Freeze | None = None
    not_offered: Sequence[Template] = ()
    """The templates that only other people may request."""

    def is_about(self, typed_text: str) -> bool:
        """Return whether the typed text has been looked up already."""
        return self.looked_up.strip() == typed_text.strip()

    def forget(self) -> None:
        """Forget the lookup result, because the person has typed another partner."""
        self.lookup_result, self.observation, self.problem, self.looked_up = None, None, "", ""

    def view(self) -> Json:
        """Return the form with the present data."""
        form = self.form
        return request_view(
            RequestForm(
                offers=self.offers,
                requester=form.requester,
                target=form.target,
                lookup_result=self.lookup_result,
                problem=self.problem,
                template=form.template,
                justification=form.justification,
                sponsor=form.sponsor,
                days=form.days,
                ends_on=form.ends_on,
                starts_on=form.starts_on,
                ticket=form.ticket,
                placeholders=form.placeholders,
                labels=form.labels,
                unsearchable=self.unsearchable,
                approvers_by_stage=self.approvers_by_stage,
                edited_request=form.edited_request,
                approval_count=self.approval_count,
                notes=self._notes(),
                freeze=self.freeze,
                answers_review_of=form.answers_review_of,
                for_person=form.for_person,
                not_offered=self.not_offered,
                left_out=form.left_out,
                offered_to_leave_out=() if self.refill is None else self.refill.form.left_out,
            )
        )

    def _notes(self) -> Mapping[str, Fact]:
        """Return how each field differs from the earlier request, until another template is chosen.

        What an approver asked to change stays.
        """
        refill = self.refill
        if refill is None:
            return {}
        is_same = self.form.template in ("", refill.template)
        return {field: note for field, note in refill.notes.items() if is_same or field == ids.EDITS}

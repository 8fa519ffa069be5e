"""The steps of the partner setup that are still open. A step is open until one of our people confirms it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflows.core.checks.partner_setup.steps import SetupStep, StepKey
from workflows.core.people import Person
from workflows.core.settings.canonical import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One of our people stated that the partner has done a step. `step_digest` is the step as it was then."""

    step: StepKey
    step_digest: Digest
    person: Person
    at: datetime


def confirmation_of(step: SetupStep, confirmations: Sequence[Confirmation]) -> Confirmation | None:
    """Return the confirmation of a step; None when there is none.

    A confirmation with the same key does not count when the step required other values at that time.
    """
    return next(
        (
            confirmation
            for confirmation in confirmations
            if confirmation.step is step.key and confirmation.step_digest == step.digest
        ),
        None,
    )


def needed_steps(steps: Sequence[SetupStep]) -> tuple[SetupStep, ...]:
    """List the required steps. Only these are counted, confirmed and included in reminders."""
    return tuple(step for step in steps if step.is_needed)


def open_steps(steps: Sequence[SetupStep], confirmations: Sequence[Confirmation]) -> tuple[SetupStep, ...]:
    """List the required steps that nobody has confirmed."""
    return tuple(step for step in needed_steps(steps) if confirmation_of(step, confirmations) is None)


def valid_confirmations(steps: Sequence[SetupStep], confirmations: Sequence[Confirmation]) -> tuple[Confirmation, ...]:
    """List the confirmations that are still valid, because their steps are unchanged."""
    found_confirmations = (confirmation_of(step, confirmations) for step in steps)
    return tuple(confirmation for confirmation in found_confirmations if confirmation is not None)

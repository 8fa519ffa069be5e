"""The state of the partner setup: our side is done, the partner's side is open until somebody here confirms it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflows.core.partner_setup.steps import SetupStep, StepKey
from workflows.core.people import Person
from workflows.core.settings.canonical import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """The statement of somebody here that the partner has done one step, as it was wanted then."""

    step: StepKey
    wanted: Digest
    person: Person
    at: datetime


def confirmation_of(step: SetupStep, confirmations: Sequence[Confirmation]) -> Confirmation | None:
    """Return the confirmation of exactly this step.

    A confirmation with the same key but other wanted values does not count.
    """
    return next((one for one in confirmations if one.step is step.key and one.wanted == step.digest), None)


def needed_steps(steps: Sequence[SetupStep]) -> tuple[SetupStep, ...]:
    """List the steps that are required. They are counted, confirmed and included in reminders."""
    return tuple(step for step in steps if step.is_needed)


def open_steps(steps: Sequence[SetupStep], confirmations: Sequence[Confirmation]) -> tuple[SetupStep, ...]:
    """List the needed steps that nobody has confirmed."""
    return tuple(step for step in needed_steps(steps) if confirmation_of(step, confirmations) is None)


def still_wanted(steps: Sequence[SetupStep], confirmations: Sequence[Confirmation]) -> tuple[Confirmation, ...]:
    """List the confirmations of steps that are still wanted."""
    found = (confirmation_of(step, confirmations) for step in steps)
    return tuple(one for one in found if one is not None)

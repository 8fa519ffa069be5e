"""Whoever reads of a missing permission is sent to an admin, and not told to try again."""

import pytest

from bot.slack.words.unavailable import not_possible_now_words
from workflows.core.errors.raised import DomainError
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantRefused, TenantUnavailable


@pytest.mark.parametrize("status", [401, 403])
def test_what_only_an_admin_can_mend_is_not_to_be_tried_again(status: int) -> None:
    said = not_possible_now_words(TenantRefused(status, "x", "The application needs the permission Policy.Read.All."))
    assert said == (
        "The application needs the permission Policy.Read.All. Nothing was changed. Tell an admin. Trying again does "
        "not help until this is corrected."
    )


@pytest.mark.parametrize(
    "error", [TenantRefused(400, "x", "No."), TenantUnavailable("No."), PeopleDirectoryUnavailable("No.")]
)
def test_everything_else_may_pass(error: DomainError) -> None:
    assert not_possible_now_words(error) == "No. Nothing was changed; try again."

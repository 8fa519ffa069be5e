"""What stands of a plan and what does not, in words."""

import pytest

from bot.words.plans.progress import changed_default_words, not_taken_reason, not_taken_words, progress_words
from tests.workflows.core.builders import TENANT
from tests.workflows.core.plans.test_drift import BEFORE, SYNC, bare_plan
from workflows.core.plans.plan import plan_revocation
from workflows.core.plans.progress import progress_values
from workflows.core.plans.refused_writes import NotTaken, RefusedWrite, reason_words


def test_progress_names_what_stands_and_what_does_not() -> None:
    plan = plan_revocation(
        tenant_id=TENANT, default={}, before={**BEFORE, **SYNC, "crossCloudMeetingConfiguration": None}
    )
    assert progress_words(progress_values(plan, 0)) == "Nothing was written."
    words = progress_words(progress_values(plan, 1))
    assert words.startswith("1 of 2 writes stand in the tenant. Written: B2B collaboration, inbound, ")
    assert words.endswith("Not written: Identity synchronization into this tenant.")
    assert "Written: the partner without settings of its own." in progress_words(progress_values(bare_plan(), 1))


def test_what_graph_did_not_take_is_named_with_its_reason() -> None:
    refused = (RefusedWrite(names=("places", "m365Capabilities"), reason="Refused (400)."),) * 2
    assert not_taken_words(refused[:1]) == "Not taken: places; Microsoft 365 capabilities. Refused (400)."
    assert not_taken_words(refused).count("Not taken:") == 2
    assert not_taken_words(()) == ""


@pytest.mark.parametrize(
    ("because", "words"),
    [
        (NotTaken.ANSWERED, "Refused (400)."),
        (NotTaken.NO_ANSWER, "Microsoft Graph did not answer in time."),
        (NotTaken.NOT_SHOWN, "Microsoft Graph accepted it and does not show it."),
    ],
)
def test_every_reason_has_words(because: NotTaken, words: str) -> None:
    reason = "Refused (400)." if because is NotTaken.ANSWERED else ""
    one = RefusedWrite(names=("places",), because=because, reason=reason)
    assert not_taken_reason(one) == reason_words(one) == words
    assert not_taken_words([one]) == f"Not taken: places. {words}"


def test_a_changed_default_is_named_by_its_settings() -> None:
    assert changed_default_words(("inboundTrust", "b2bCollaborationInbound")) == (
        "The tenant's default changed after this was shown, and the partner would inherit it: Inbound trust; B2B "
        "collaboration, inbound."
    )

"""The titles of requests and partners: a template, or restored settings."""

from dataclasses import replace

from bot.words.requests.titles import partner_title, prepared_title
from tests.workflows.core.builders import DANA, NOW, partnership, prepared
from workflows.core.requests.request import RequestId, RequestKind, Restored

RESTORED = Restored(
    request_id=RequestId("R-OLD1"), kind=RequestKind.ACCESS, title="Guests", person=DANA, at=NOW, policy_title="Guests"
)
WORDS = "Restore of R-OLD1 (approval policy of “Guests”)"


def test_a_template_is_the_title() -> None:
    assert prepared_title(prepared()) == "Trusted partner"
    assert partner_title(partnership()) == "Trusted partner"


def test_a_restoration_names_the_request_and_whose_approval_policy_decides() -> None:
    assert prepared_title(prepared(template_title="Guests", restored=RESTORED)) == WORDS
    assert partner_title(replace(partnership(), template_title="Guests", restored_from=RequestId("R-OLD1"))) == WORDS


def test_the_title_that_an_earlier_version_stored_stays() -> None:
    earlier = "Restore of R-OLD1 (chain of “Guests”)"
    assert prepared_title(prepared(template_title=earlier, restored=replace(RESTORED, policy_title=""))) == earlier
    assert partner_title(replace(partnership(), template_title=earlier)) == earlier

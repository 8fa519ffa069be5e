"""The sentences about many changes at once name what a reader can recognize."""

from dataclasses import replace
from typing import Any

from bot.words.posture.drift import author_words, difference_words, digest_alarm_words
from tests.workflows.core.posture.watch.drifts import drift, found
from workflows.app.watch.telling import alarm_values, digest_values
from workflows.core.posture.concern_codes import ConcernCode
from workflows.core.posture.watch.drift import Drift


def capability(name: str, target: str, kind: str = "user", *, is_allowed: bool = True) -> dict[str, Any]:
    """A capability as Graph returns it."""
    scopes = {"included": [{"resourceId": target, "resourceType": kind}], "excluded": []}
    access = {"isAllowed": is_allowed, "resourceScopes": scopes}
    return {"@odata.type": f"#microsoft.graph.{name}", "name": name, "inboundAccess": access}


def test_each_changed_capability_is_named_with_both_values() -> None:
    details, tips = "crossTenantCalendarAvailabilityLimitedDetails", "crossTenantMailTipsAll"
    before = [capability(tips, "All"), capability("new", "All")]
    now = [capability(details, "All"), capability(tips, "All", is_allowed=False)]
    one = replace(
        found(settings=("m365Capabilities", "inboundTrust")),
        approved_values={"m365Capabilities": before},
        current_values={"m365Capabilities": now},
    )
    assert difference_words(alarm_values(drift(found=one))) == (
        "the settings are not the approved ones. Different: Inbound trust; MailTips, all (everyone here → nobody); "
        "new (not known → not set); Free/busy times with subject and place (not set → everyone here). "
        "There may be more access than was approved."
    )
    group = replace(
        one,
        settings=("m365Capabilities",),
        current_values={},
        approved_values={"m365Capabilities": [capability(details, "0b000000-0001-4e1b-9b51-6d1f00000001", "group")]},
    )
    assert "Different: Free/busy times with subject and place (1 group of ours → not set)." in difference_words(
        alarm_values(drift(found=group))
    )
    unknown = replace(group, approved_values={})
    assert "Different: Microsoft 365 capabilities." in difference_words(alarm_values(drift(found=unknown)))


def test_that_the_log_shows_no_capabilities_is_said_and_not_that_it_is_late() -> None:
    assert author_words({"state": "not_logged"}) == (
        "Author: not known. Entra's audit log does not show changes of capabilities."
    )


def strangers(count: int) -> list[Drift]:
    """Partners that have no record, so that only their IDs are known."""
    code = found(code=ConcernCode.UNKNOWN_TO_GATEHOUSE)
    return [replace(drift(found=code), partner=f"00000000-0000-4000-8000-{number:012x}") for number in range(count)]


def test_partners_with_a_domain_are_named_and_the_others_counted() -> None:
    problem, advice = digest_alarm_words(digest_values([*strangers(99), drift()]))
    assert problem == (
        "One sweep found 100 changes outside of Gatehouse; 100 of them may give more access. By kind: added outside of "
        "Gatehouse: 99; different from approved: 1. Partners: contoso.com and 99 more."
    )
    assert "Show drift" in advice


def test_a_list_of_bare_ids_is_not_shown() -> None:
    problem, _ = digest_alarm_words(digest_values(strangers(6)))
    assert problem.endswith("By kind: added outside of Gatehouse: 6.")

"""What a partner has already and nobody approved: the card says that no decision closes it, and who can close it."""

import re
from dataclasses import replace
from typing import Any, Final

import pytest

from bot.slack import ids
from bot.slack.blocks.blocks import within_limits
from bot.slack.cards.approval.approval_card import approval_blocks
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.new_approval import MAX_WORDS, new_approval_message
from bot.slack.cards.approval.request_card import request_card
from bot.slack.cards.approval.sections.kept_access import MAX_LINES
from bot.slack.flows.decide.views import decision_view
from bot.words.plans.kept_access import close_words, kept_access_words
from tests.bot.shipped_cards import NAMES, waiting, words_of
from tests.bot.surfaces import assert_sound_message, buttons, dicts, shown
from tests.workflows.core.builders import NOW, TENANT, access_plan, noted, partnership
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.plans.drift import three_way_difference
from workflows.core.plans.planning import plan_access
from workflows.core.requests.request import AccessRequest

TEMPLATES: Final = load_catalog(SHIPPED).templates
EVERYBODY: Final = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {
        "accessType": "allowed",
        "targets": [{"target": "AllApplications", "targetType": "application"}],
    },
}
OPEN: Final = {"tenantId": TENANT, "b2bDirectConnectInbound": EVERYBODY}
STAYS: Final = "Shared channels here: all apps"
BY_OTHERS: Final = (
    "Approve and Reject both leave this open. Recommended: Reject, and ask an admin to run /partner revoke contoso.com "
    "(blocks the whole partner)."
)
MANAGED: Final = CardContext(is_first=False, partnership=partnership())


def found_open(configuration: dict[str, Any], template: str = "guest-collaboration") -> AccessRequest:
    """Return a request about a partner that has these settings already."""
    asked = waiting(TEMPLATES[template])
    known = asked.require_prepared()
    plan = plan_access(
        tenant_id=TENANT,
        before=configuration,
        settings=TEMPLATES[template].settings,
        template=template,
        template_hash="",
        duration=TEMPLATES[template].default_duration,
    )
    observed = replace(known.observation, configuration=configuration)
    return replace(asked, prepared=replace(known, plan=plan, observation=observed))


def opened_by_others(configuration: dict[str, Any] = OPEN) -> AccessRequest:
    """Return a request that others overtook: they opened this while it waited."""
    before, now = waiting(TEMPLATES["guest-collaboration"]), found_open(configuration)
    drift = three_way_difference(before.plan, configuration)
    return replace(
        now, drift=drift, previously_shown=before.prepared, asked_again=noted("Somebody changed this partner.")
    )


def card(asked: AccessRequest, context: CardContext = MANAGED) -> list[dict[str, Any]]:
    return within_limits(approval_blocks(asked, holders=NAMES, context=context, now=NOW), "message")


def test_what_others_opened_is_named_with_the_safe_step_on_the_card_and_in_the_message() -> None:
    asked = opened_by_others()
    message = new_approval_message(asked, holders=NAMES, context=MANAGED, now=NOW)
    whole = request_card(asked, holders=NAMES, context=MANAGED, now=NOW)
    for blocks in (card(asked), message.blocks, whole.blocks):
        said = shown(blocks)
        assert f"Opened outside Gatehouse, not part of this request ⚠️ {STAYS} {BY_OTHERS}" in said
        assert said.count(STAYS) == 1
        assert list(buttons(blocks[-1])) == [ids.REJECT, ids.APPROVE, ids.ASK, ids.REVIEW_REQUEST], "the safe one first"
        [approve] = [one for one in dicts(blocks) if one.get("action_id") == ids.APPROVE]
        assert "style" not in approve
    assert_sound_message(message)
    assert words_of(message.blocks) <= MAX_WORDS
    said = shown(message.blocks)
    assert said.index("Why: ") < said.index(STAYS) < said.index("Plan now: ")
    assert "changed outside Gatehouse, stays" not in said, "it is said already"


def test_details_say_it_at_their_top_and_have_graphs_values_at_their_end() -> None:
    said = shown(decision_view(opened_by_others(), holders=NAMES, history=(), now=NOW))
    places = ("Recommended: Reject", "Changed outside Gatehouse", "Risk", "The exact Microsoft Graph operations")
    found = [said.index(place) for place in (*places, "Changed outside Gatehouse, as in Microsoft Graph")]
    assert found == sorted(found)
    assert "Recommended" not in shown(decision_view(found_open(OPEN), holders=NAMES, history=(), now=NOW))


def test_approve_asks_once_more_and_says_that_it_stays() -> None:
    [confirm] = [one["confirm"] for one in dicts(card(opened_by_others())) if one.get("action_id") == ids.APPROVE]
    assert confirm["text"]["text"].endswith("What others opened stays open, see the card.")


def test_what_others_changed_and_the_plan_writes_is_no_access_that_stays() -> None:
    trusted = {"tenantId": TENANT, "b2bDirectConnectOutbound": {}, "inboundTrust": {"isMfaAccepted": True}}
    asked = opened_by_others(trusted)
    said = shown(new_approval_message(asked, holders=NAMES, context=MANAGED, now=NOW).blocks)
    assert "Opened outside" not in said
    assert "Reject ends the request. It does not undo what others changed." in said
    assert next(iter(buttons(card(asked)[-1]))) == ids.APPROVE


def test_what_others_opened_as_the_request_asks_for_it_is_part_of_the_request() -> None:
    """The plan has nothing left to write there."""
    template = TEMPLATES["trusted-partner"]
    before = waiting(template)
    after = before.plan.configuration_after()
    assert after is not None
    opened = {"tenantId": TENANT, "inboundTrust": {**after["inboundTrust"], "isMfaAccepted": False}}
    asked = replace(found_open(opened, "trusted-partner"), drift=three_way_difference(before.plan, opened))
    said = shown(card(asked))
    assert "Accept their MFA" in said
    assert "Opened outside" not in said


@pytest.mark.parametrize("context", [CardContext(is_first=False), CardContext(is_first=True)])
def test_access_from_before_gatehouse_is_named_and_who_can_close_it(context: CardContext) -> None:
    said = shown(card(found_open(OPEN), context))
    assert f"Open already, not changed by this request ⚠️ {STAYS}" in said
    assert "An admin can close it with /partner revoke contoso.com (blocks the whole partner)." in said
    assert "Recommended" not in said


def test_access_that_was_approved_is_no_warning() -> None:
    assert STAYS not in shown(card(found_open(OPEN), MANAGED))
    unapproved = replace(MANAGED, partnership=partnership(basis="overwritten"))
    assert STAYS in shown(card(found_open(OPEN), unapproved))


def test_many_kinds_of_access_are_counted() -> None:
    wide = {
        **OPEN,
        "b2bDirectConnectOutbound": EVERYBODY,
        "b2bCollaborationOutbound": EVERYBODY,
        "automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": True},
        "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}},
        "protectedContentSharing": {"inboundAllowed": True},
    }
    plan = found_open(wide).plan
    texts = kept_access_words(plan, {})
    assert texts == (
        "No consent prompt on either side, once the partner sets it too",
        "Our people as guests there: all apps",
        STAYS,
        "Our people in their shared channels: all apps",
        "Their administrators create and change accounts here (synchronization)",
        "1 setting that Gatehouse does not know",
    )
    assert f"and {len(texts) - MAX_LINES} more, see Details" in shown(card(opened_by_others(wide)))


def test_a_value_that_cannot_be_read_is_named_without_its_text() -> None:
    plan = access_plan({"tenantId": TENANT, "b2bDirectConnectInbound": {"usersAndGroups": 7}})
    assert "B2B direct connect, inbound: a value that Gatehouse cannot read" in kept_access_words(plan, {})


def test_the_command_names_the_partner_as_it_is_typed() -> None:
    assert close_words("contoso.com", is_opened_outside=False)[1] == "/partner revoke contoso.com"


def test_the_card_and_the_message_about_the_new_plan_list_the_same_differences() -> None:
    """What a partner inherited is known on both, and no line has several settings."""
    trusts = {"isMfaAccepted": False, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False}
    before, configuration = waiting(TEMPLATES["trusted-partner"]), {"tenantId": TENANT, "inboundTrust": trusts}
    drift = three_way_difference(before.plan, configuration)
    asked = replace(
        found_open(configuration, "trusted-partner"),
        drift=drift,
        previously_shown=before.prepared,
        asked_again=noted("Somebody changed this partner."),
    )
    message = new_approval_message(asked, holders=NAMES, context=MANAGED, now=NOW)
    whole = request_card(asked, holders=NAMES, context=MANAGED, now=NOW)
    for blocks in (message.blocks, whole.blocks):
        said = shown(blocks)
        assert "Different from the earlier plan Trust in the partner's MFA: was " in said
        assert "value not known" not in said
        assert re.search(r"and \d+ more differences, see Details", said)
    stranger = shown(request_card(asked, holders=NAMES, context=MANAGED, now=NOW, knows_earlier=False).blocks)
    assert "Different from the earlier plan" not in stranger
    assert "Trust in the partner's MFA: was " in stranger
    assert "value not known" not in stranger

"""The partner setup on cards: the state of each step, who may confirm, and text within Slack's limits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings

from bot.sandbox.slack.block_kit.blocks import problems
from bot.slack.blocks.message import Message
from bot.slack.cards.partner_setup.setup_card import closed_setup_card, setup_card
from bot.slack.cards.partnership import partner_row
from bot.slack.flows.partner_setup.checklist import checklist_message
from bot.slack.flows.show.partner_details import partner_details
from bot.slack.flows.show.partner_list import partner_list
from tests.bot import surfaces
from tests.bot.surfaces import all_of, dicts, hostile_or_blank, shown, texts
from tests.workflows.core.builders import DANA, NOW, REDEEM_STEP, TENANT, identity, partnership
from workflows.app.reads.partner_setup import CurrentSetup
from workflows.core.checks.partner_setup.checklist import OurTenant
from workflows.core.checks.partner_setup.clouds import GLOBAL
from workflows.core.checks.partner_setup.confirmations import Confirmation
from workflows.core.checks.partner_setup.steps import PartnerSetup, setup_of
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.settings.model import TenantId

MICROSOFTS = {"isServiceDefault": True}
HOME = OurTenant(tenant_id=TenantId("6f1d2a34-9b0c-4f6e-8a57-2c1d0e9f4b11"), domain="woodgrove.com", cloud=GLOBAL)
OFFICE = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "Office365", "targetType": "application"}]},
}
WHOLE: dict[str, Any] = {
    "tenantId": TENANT,
    "b2bCollaborationInbound": OFFICE,
    "b2bCollaborationOutbound": OFFICE,
    "b2bDirectConnectInbound": OFFICE,
    "b2bDirectConnectOutbound": OFFICE,
    "automaticUserConsentSettings": {"inboundAllowed": True, "outboundAllowed": True},
    "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}},
    "inboundTrust": {"isMfaAccepted": True},
}
ALL = setup_of(WHOLE, MICROSOFTS)
SAID = Confirmation(step=REDEEM_STEP.key, step_digest=REDEEM_STEP.digest, person=DANA, at=NOW)


def known(**changes: Any) -> Partnership:
    return partnership(**{"setup": ALL.steps, "confirmations": (SAID,), **changes})


def present(setup: PartnerSetup = ALL, **changes: Any) -> CurrentSetup:
    return CurrentSetup(**{"identity": identity(), "setup": setup, "home": HOME, "partnership": known(), **changes})


def assert_sound(message: Message) -> None:
    assert problems(message.blocks, "message") == []
    assert "<" not in message.text


def every_button(value: Any) -> list[str]:
    return [item["action_id"] for item in dicts(value) if item.get("type") == "button"]


def test_the_card_says_who_confirmed_what_and_offers_the_rest() -> None:
    card = setup_card(known(), may_confirm=True)
    assert_sound(card)
    said = shown(card.blocks)
    assert (
        "Our side: done. Partner's side: confirmed by Dana on Mar 1, 2027 at 09:00 UTC (Gatehouse cannot see it)"
        in said
    )
    assert said.count("Our side: done. Partner's side: not confirmed") == 4
    ids = every_button(card.blocks)
    assert (ids.count("confirm_half"), ids.count("unconfirm_half")) == (4, 1)
    assert "Also open by Microsoft's default: their B2B collaboration, outbound" in said
    assert "Until they set it, our people still see the consent prompt there; access works without it." in said
    assert ids[-2:] == ["show_checklist", "remind_half"]
    assert "1 of 5 steps confirmed" in card.text
    assert every_button(setup_card(known(), may_confirm=False).blocks) == ["show_checklist"]


def test_the_card_changes_with_what_is_open() -> None:
    reminded = setup_card(known(remind_setup_at=NOW + timedelta(days=7)), may_confirm=True)
    assert "remind_half" not in every_button(reminded.blocks)
    assert "is reminded on Mar 8, 2027 at 09:00 UTC" in shown(reminded.blocks)
    done = setup_card(known(setup=(REDEEM_STEP,)), may_confirm=True)
    assert "the partner setup is confirmed" in shown(done.blocks)
    assert every_button(done.blocks) == ["unconfirm_half", "show_checklist"]
    usual = setup_card(known(setup=ALL.steps[-2:]), may_confirm=True)
    assert "nothing is needed from the partner" in shown(usual.blocks)
    assert every_button(usual.blocks) == ["show_checklist"]
    for gone in (
        setup_card(known(setup=()), may_confirm=True),
        setup_card(known(state=PartnershipState.REVOKED, setup=()), may_confirm=True),
    ):
        assert_sound(gone)
        assert "nothing is needed from the partner" in shown(gone.blocks)
        assert every_button(gone.blocks) == []


def test_show_and_list_and_home_say_the_state() -> None:
    details = partner_details(identity(), WHOLE, MICROSOFTS, known(), [], now=NOW)
    assert_sound(details)
    said = shown(details.blocks)
    assert "Partner setup" in said
    assert "side: 1 of 5 steps confirmed" in said
    assert "/partner checklist contoso.com" in said
    nothing = partner_details(identity(), None, MICROSOFTS, None, [], now=NOW).blocks
    assert "Nothing to do on the partner's side" in shown(nothing)
    for row in (partner_list(all_of([known()]), NOW).blocks, partner_row(known(), NOW).to_dict()):
        assert "Partner setup: Our side: done. Partner's side: 1 of 5 steps confirmed" in shown(row)
    assert "Partner setup" not in shown(partner_list(all_of([partnership()]), NOW).blocks)


@settings(deadline=None, max_examples=40)
@given(hostile_or_blank)
def test_hostile_names_stay_text(text: str) -> None:
    person = surfaces.hostile_person(text)
    record = known(
        identity=surfaces.hostile_identity(text),
        sponsor=person,
        confirmations=(replace(SAID, person=person),),
        remind_setup_at=NOW,
    )
    home = replace(HOME, domain=text.encode(errors="replace").decode())
    shown_as = (
        setup_card(record, may_confirm=True),
        checklist_message(present(identity=record.identity, partnership=record, home=home), may_confirm=True),
    )
    for message in shown_as:
        assert_sound(message)
        assert not [piece for piece in texts(message.blocks, "mrkdwn") if surfaces.MARK in piece]


def test_every_step_has_its_own_button_below_it_that_names_it_and_asks_once_more() -> None:
    """One column of equal buttons once recorded another step than the one that was read."""
    for message in (setup_card(known(), may_confirm=True), checklist_message(present(), may_confirm=True)):
        labels = []
        for above, row in zip(message.blocks, message.blocks[1:], strict=False):
            if row["type"] != "actions" or "confirm" not in row["elements"][0]:
                continue
            [one] = row["elements"]
            name = one["text"]["text"].partition(": ")[2]
            labels.append(name)
            assert name.lower() in shown(above).lower() or name == "our Microsoft cloud"
            assert name in one["confirm"]["title"]["text"]
            assert "contoso.com" in one["confirm"]["text"]["text"]
        assert len(labels) == len(set(labels)) == 5
        assert "automatic redemption, outbound" in labels


def test_a_reminder_says_who_asked_for_it_and_since_when_and_an_older_card_points_to_it() -> None:
    asked = known(setup_reminder_asked_by=DANA, setup_reminder_asked_at=NOW, setup_reminders=1)
    sponsor = asked.sponsor.chat_id
    mine = replace(asked, setup_reminder_asked_by=asked.sponsor)
    card = setup_card(mine, may_confirm=True, reader=sponsor)
    assert_sound(card)
    assert "You asked to be reminded, on Mar 1, 2027 at 09:00 UTC" in shown(card.blocks)
    assert "reminder of the partner setup" in card.text
    assert "Dana asked that you be reminded" in shown(setup_card(asked, may_confirm=True, reader=sponsor).blocks)
    other = shown(setup_card(asked, may_confirm=True, reader="U-OTHER").blocks)
    assert f"Dana asked that {asked.sponsor.name} be reminded" in other
    for not_yet in (
        setup_card(asked, may_confirm=False),
        setup_card(replace(asked, remind_setup_at=NOW), may_confirm=True),
    ):
        assert "asked" not in shown(not_yet.blocks).replace("asked once", "")
    older = closed_setup_card(asked, has_newer=True)
    assert_sound(older)
    assert "There is a newer card about this below" in shown(older.blocks)
    assert every_button(older.blocks) == []

"""The partner's half as people see it: the state of each step, who may speak, and text that fits into Slack."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from bot.sandbox.slack.blocks import problems
from bot.slack.blocks.message import Message
from bot.slack.cards.reviews import partner_row
from bot.slack.cards.setup_card import half_card
from bot.slack.flows.partner_setup.checklist import MOST_CHUNK, checklist_message, checklist_text, checklist_view
from bot.slack.flows.show.partners import partner_details, partner_list
from tests.bot import surfaces
from tests.bot.surfaces import buttons, dicts, hostile_or_blank, shown, texts
from tests.workflows.core.builders import DANA, NOW, REDEEM_STEP, TENANT, identity, partnership
from workflows.app.reads.checklists import PresentHalf
from workflows.core.partner_setup.checklist import Home
from workflows.core.partner_setup.clouds import GLOBAL
from workflows.core.partner_setup.state import Confirmation
from workflows.core.partner_setup.steps import Half, half_of
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.settings.model import TenantId

MICROSOFTS = {"isServiceDefault": True}
HOME = Home(tenant_id=TenantId("6f1d2a34-9b0c-4f6e-8a57-2c1d0e9f4b11"), domain="woodgrove.com", cloud=GLOBAL)
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
ALL = half_of(WHOLE, MICROSOFTS)
SAID = Confirmation(step=REDEEM_STEP.key, wanted=REDEEM_STEP.digest, person=DANA, at=NOW)


def known(**changes: Any) -> Partnership:
    return partnership(**{"half": ALL.steps, "confirmations": (SAID,), **changes})


def present(half: Half = ALL, **changes: Any) -> PresentHalf:
    return PresentHalf(**{"identity": identity(), "half": half, "home": HOME, "partnership": known(), **changes})


def assert_sound(message: Message) -> None:
    assert problems(message.blocks, "message") == []
    assert "<" not in message.text


def every_button(value: Any) -> list[str]:
    return [item["action_id"] for item in dicts(value) if item.get("type") == "button"]


def test_the_card_says_who_vouched_for_what_and_offers_the_rest() -> None:
    card = half_card(known(), may_speak=True)
    assert_sound(card)
    said = shown(card.blocks)
    assert "ours done, theirs confirmed by Dana on 2027-03-01 09:00 UTC (Gatehouse cannot see it)" in said
    assert said.count("ours done, theirs unknown") == 4
    ids = every_button(card.blocks)
    assert (ids.count("confirm_half"), ids.count("unconfirm_half")) == (4, 1)
    assert "Also open by Microsoft's default: their B2B collaboration, outbound" in said
    assert "Until it is set there, our people keep seeing the consent prompt there; access does not need it." in said
    assert ids[-2:] == ["show_checklist", "remind_half"]
    assert "1 of 5 steps confirmed, the rest unknown" in card.text
    assert every_button(half_card(known(), may_speak=False).blocks) == ["show_checklist"]


def test_the_card_changes_with_what_is_open() -> None:
    reminded = half_card(known(remind_half_at=NOW + timedelta(days=7)), may_speak=True)
    assert "remind_half" not in every_button(reminded.blocks)
    assert "is reminded on 2027-03-08 09:00 UTC" in shown(reminded.blocks)
    done = half_card(known(half=(REDEEM_STEP,)), may_speak=True)
    assert "the partner's half is confirmed" in shown(done.blocks)
    assert every_button(done.blocks) == ["unconfirm_half", "show_checklist"]
    usual = half_card(known(half=ALL.steps[-2:]), may_speak=True)
    assert "nothing is needed from the partner" in shown(usual.blocks)
    assert every_button(usual.blocks) == ["show_checklist"]
    for gone in (
        half_card(known(half=()), may_speak=True),
        half_card(known(state=PartnershipState.REVOKED, half=()), may_speak=True),
    ):
        assert_sound(gone)
        assert "nothing is wanted from the partner" in shown(gone.blocks)
        assert every_button(gone.blocks) == []


def test_the_checklist_is_handed_over_in_pieces_that_end_with_a_step() -> None:
    message = checklist_message(present(), may_speak=True)
    assert_sound(message)
    pieces = checklist_text(present())
    assert all(len(piece) <= MOST_CHUNK for piece in pieces)
    whole = "\n\n".join(pieces)
    for number in ("1 and 2", "3", "4", "5"):
        assert f"\n{number}. " in f"\n{whole}"
    assert "\nOnly if something does not work\n" in whole
    assert whole.startswith("Settings for woodgrove.com in your Microsoft Entra tenant")
    assert "Good to know" in whole
    shown_pieces = [
        item["elements"][0]["text"] for item in dicts(message.blocks) if item.get("type") == "rich_text_preformatted"
    ]
    assert shown_pieces == pieces
    assert every_button(message.blocks) == ["unconfirm_half"] + ["confirm_half"] * 4
    assert every_button(checklist_message(present(), may_speak=False).blocks) == []
    assert problems(checklist_view(present())["blocks"], "modal") == []


def test_only_what_the_record_asks_for_can_be_confirmed() -> None:
    """What stands now but was not recorded, or was recorded in another way, has no button."""
    message = checklist_message(present(partnership=known(half=(REDEEM_STEP,))), may_speak=True)
    assert list(buttons(message.blocks)) == ["unconfirm_half"]
    assert every_button(checklist_message(present(partnership=None), may_speak=True).blocks) == []


def test_hundreds_of_ids_are_cut_into_lines_that_fit() -> None:
    rows = [{"target": f"{n:08d}-0000-4000-8000-000000000000", "targetType": "application"} for n in range(1, 301)]
    wide = {**OFFICE, "applications": {"accessType": "allowed", "targets": rows}}
    half = half_of({"b2bDirectConnectInbound": wide}, MICROSOFTS)
    assert all(len(piece) <= MOST_CHUNK for piece in checklist_text(present(half)))
    assert_sound(checklist_message(present(half), may_speak=True))
    assert "more parts are too long for Slack" in shown(checklist_message(present(half), may_speak=True).blocks)


def test_nothing_to_do_is_told_apart_from_what_could_not_be_checked() -> None:
    nothing = checklist_message(present(half_of({"inboundTrust": {"isMfaAccepted": True}}, MICROSOFTS)), may_speak=True)
    assert_sound(nothing)
    assert "Nothing that is set here for this partner needs a setting on its side." in shown(nothing.blocks)
    assert "no outbound trust setting" in shown(nothing.blocks)
    unread = checklist_message(present(half_of(None, None)), may_speak=True)
    assert_sound(unread)
    assert "Could not be checked" in shown(unread.blocks)
    assert "Nothing that is set here" not in shown(unread.blocks)


def test_show_and_list_and_home_say_the_state() -> None:
    details = partner_details(identity(), WHOLE, MICROSOFTS, known(), [], now=NOW)
    assert_sound(details)
    said = shown(details.blocks)
    assert "The partner's half" in said
    assert "theirs confirmed by Dana" in said
    assert "/partner checklist contoso.com" in said
    assert "Nothing that is set here" in shown(partner_details(identity(), None, MICROSOFTS, None, [], now=NOW).blocks)
    for row in (partner_list([known()], now=NOW).blocks, partner_row(known(), NOW).to_dict()):
        assert "The partner's half: ours done, theirs 1 of 5 steps confirmed" in shown(row)
    assert "partner's half" not in shown(partner_list([partnership()], now=NOW).blocks)


@settings(deadline=None, max_examples=40)
@given(hostile_or_blank)
def test_hostile_names_stay_text(text: str) -> None:
    person = surfaces.hostile_person(text)
    record = known(
        identity=surfaces.hostile_identity(text),
        sponsor=person,
        confirmations=(replace(SAID, person=person),),
        remind_half_at=NOW,
    )
    home = replace(HOME, domain=text.encode(errors="replace").decode())
    shown_as = (
        half_card(record, may_speak=True),
        checklist_message(present(identity=record.identity, partnership=record, home=home), may_speak=True),
    )
    for message in shown_as:
        assert_sound(message)
        assert not [piece for piece in texts(message.blocks, "mrkdwn") if surfaces.MARK in piece]


@pytest.mark.parametrize("is_resolved", [True, False])
def test_another_cloud_leaves_its_addresses_open(is_resolved: bool) -> None:
    abroad = replace(identity(), is_resolved=is_resolved)
    whole = "\n".join(
        checklist_text(present(half_of(WHOLE, MICROSOFTS, is_cross_cloud=not is_resolved), identity=abroad))
    )
    assert ("YOUR-GRAPH" in whole) is not is_resolved
    assert ("Microsoft cloud settings" in whole) is not is_resolved


def test_a_long_step_is_cut_between_values_and_can_be_put_together_again() -> None:
    rows = [{"target": f"{n:08d}-0000-4000-8000-000000000000", "targetType": "application"} for n in range(1, 61)]
    wide = {**OFFICE, "applications": {"accessType": "allowed", "targets": rows}}
    one = present(half_of({"b2bDirectConnectInbound": wide}, MICROSOFTS))
    pieces = checklist_text(one)
    cut = [piece for piece in pieces if piece.endswith((",", ";"))]
    assert len(cut) >= 2
    whole = "\n".join(pieces)
    start = whole.index("{", whole.index("PATCH "))
    body, _ = json.JSONDecoder().raw_decode(whole[start:])
    assert body["b2bDirectConnectOutbound"]["applications"]["targets"] == rows
    for row in rows:
        assert f"@{{ target = '{row['target']}'; targetType = 'application' }}" in whole.replace("\n", " ")
    message = checklist_message(one, may_speak=True)
    assert_sound(message)
    said = shown(message.blocks)
    assert f"part 1 of {len(pieces)}, belongs together" in said
    assert said.count("its last line goes on in the next part") == len(cut)


def test_every_step_has_its_own_button_below_it_that_names_it_and_asks_once_more() -> None:
    """One column of equal buttons once recorded another step than the one that was read."""
    for message in (half_card(known(), may_speak=True), checklist_message(present(), may_speak=True)):
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


def test_what_only_our_default_opens_is_a_remark_to_us_and_no_homework() -> None:
    half = half_of(None, {**MICROSOFTS, "b2bDirectConnectInbound": OFFICE})
    message = checklist_message(present(half, partnership=None), may_speak=True)
    assert_sound(message)
    assert "nothing for the partner's administrator" in message.text
    said = shown(message.blocks)
    assert "B2B direct connect, inbound is open to this partner by our default. Nobody approved that" in said
    assert "PATCH" not in said
    assert checklist_text(present(half)) == []


def test_a_reminder_says_who_asked_for_it_and_since_when_and_an_older_card_points_to_it() -> None:
    asked = known(half_reminder_asked_by=DANA, half_reminder_asked_at=NOW, half_reminders=1)
    sponsor = asked.sponsor.chat_id
    mine = replace(asked, half_reminder_asked_by=asked.sponsor)
    card = half_card(mine, may_speak=True, reader=sponsor)
    assert_sound(card)
    assert "You asked to be reminded, on 2027-03-01 09:00 UTC" in shown(card.blocks)
    assert "reminder of the partner's half" in card.text
    assert "Dana asked that you be reminded" in shown(half_card(asked, may_speak=True, reader=sponsor).blocks)
    other = shown(half_card(asked, may_speak=True, reader="U-OTHER").blocks)
    assert f"Dana asked that {asked.sponsor.name} be reminded" in other
    for not_yet in (half_card(asked, may_speak=False), half_card(replace(asked, remind_half_at=NOW), may_speak=True)):
        assert "asked" not in shown(not_yet.blocks).replace("asked once", "")
    older = half_card(asked, may_speak=True, reader=sponsor, is_older=True)
    assert_sound(older)
    assert "There is a newer card about this below" in shown(older.blocks)
    assert every_button(older.blocks) == []

"""The checklist for the partner's administrator: whole, in pieces that fit into Slack, with what can be confirmed."""

import json
from dataclasses import replace

import pytest

from bot.sandbox.slack.block_kit.blocks import problems
from bot.slack.flows.partner_setup.checklist import (
    MAX_CHUNK_CHARACTERS,
    MAX_CHUNKS,
    checklist_message,
    checklist_text,
    checklist_view,
)
from tests.bot.slack.cards.test_setup_steps import MICROSOFTS, OFFICE, WHOLE, assert_sound, every_button, known, present
from tests.bot.surfaces import buttons, dicts, shown
from tests.workflows.core.builders import REDEEM_STEP, TENANT, identity
from workflows.core.checks.partner_setup.steps import setup_of


def test_the_checklist_is_handed_over_in_pieces_that_end_with_a_step() -> None:
    message = checklist_message(present(), may_confirm=True)
    assert_sound(message)
    pieces = checklist_text(present())
    assert all(len(piece) <= MAX_CHUNK_CHARACTERS for piece in pieces)
    whole = "\n\n".join(pieces)
    for number in ("1 and 2", "3", "4", "5"):
        assert f"\n{number}. " in f"\n{whole}"
    assert "\nOnly if something does not work\n" in whole
    assert whole.startswith("Settings for woodgrove.com in your Microsoft Entra tenant")
    assert "Notes" in whole
    shown_pieces = [
        item["elements"][0]["text"] for item in dicts(message.blocks) if item.get("type") == "rich_text_preformatted"
    ]
    assert shown_pieces == pieces
    assert every_button(message.blocks) == ["unconfirm_half"] + ["confirm_half"] * 4
    assert every_button(checklist_message(present(), may_confirm=False).blocks) == []
    assert problems(checklist_view(present())["blocks"], "modal") == []


def test_only_what_the_record_asks_for_can_be_confirmed() -> None:
    """A step that is not recorded, or recorded differently, has no button."""
    message = checklist_message(present(partnership=known(setup=(REDEEM_STEP,))), may_confirm=True)
    assert list(buttons(message.blocks)) == ["unconfirm_half"]
    assert every_button(checklist_message(present(partnership=None), may_confirm=True).blocks) == []


def test_hundreds_of_ids_are_cut_into_lines_that_fit() -> None:
    rows = [{"target": f"{n:08d}-0000-4000-8000-000000000000", "targetType": "application"} for n in range(1, 301)]
    wide = {**OFFICE, "applications": {"accessType": "allowed", "targets": rows}}
    setup = setup_of({"b2bDirectConnectInbound": wide}, MICROSOFTS)
    assert all(len(piece) <= MAX_CHUNK_CHARACTERS for piece in checklist_text(present(setup)))
    assert_sound(checklist_message(present(setup), may_confirm=True))
    parts, whole = checklist_text(present(setup)), checklist_message(present(setup), may_confirm=True).blocks
    assert f"and {len(parts) - MAX_CHUNKS} more parts, {len(parts)} in all" in shown(whole)
    assert buttons(whole)["show_partner_part"] == f"{TENANT}:checklist:0"


def test_nothing_to_do_is_distinguished_from_what_could_not_be_checked() -> None:
    nothing = checklist_message(
        present(setup_of({"inboundTrust": {"isMfaAccepted": True}}, MICROSOFTS)), may_confirm=True
    )
    assert_sound(nothing)
    assert "Nothing to do on the partner's side." in shown(nothing.blocks)
    assert "You do not need to set anything for this" in shown(nothing.blocks)
    unread = checklist_message(present(setup_of(None, None)), may_confirm=True)
    assert_sound(unread)
    assert "Could not be checked" in shown(unread.blocks)
    assert "These settings need nothing" not in shown(unread.blocks)


@pytest.mark.parametrize("is_resolved", [True, False])
def test_another_cloud_leaves_its_addresses_open(is_resolved: bool) -> None:
    abroad = replace(identity(), is_resolved=is_resolved)
    whole = "\n".join(
        checklist_text(present(setup_of(WHOLE, MICROSOFTS, is_cross_cloud=not is_resolved), identity=abroad))
    )
    assert ("YOUR-GRAPH" in whole) is not is_resolved
    assert ("Microsoft cloud settings" in whole) is not is_resolved


def test_a_long_step_is_cut_between_values_and_can_be_put_together_again() -> None:
    rows = [{"target": f"{n:08d}-0000-4000-8000-000000000000", "targetType": "application"} for n in range(1, 61)]
    wide = {**OFFICE, "applications": {"accessType": "allowed", "targets": rows}}
    one = present(setup_of({"b2bDirectConnectInbound": wide}, MICROSOFTS))
    pieces = checklist_text(one)
    cut = [piece for piece in pieces if piece.endswith((",", ";"))]
    assert len(cut) >= 2
    whole = "\n".join(pieces)
    start = whole.index("{", whole.index("PATCH "))
    body, _ = json.JSONDecoder().raw_decode(whole[start:])
    assert body["b2bDirectConnectOutbound"]["applications"]["targets"] == rows
    for row in rows:
        assert f"@{{ target = '{row['target']}'; targetType = 'application' }}" in whole.replace("\n", " ")
    message = checklist_message(one, may_confirm=True)
    assert_sound(message)
    said = shown(message.blocks)
    assert f"part 1 of {len(pieces)}, belongs together" in said
    assert said.count("its last line goes on in the next part") == len(cut)


def test_what_only_our_default_opens_is_a_remark_to_us_and_no_homework() -> None:
    setup = setup_of(None, {**MICROSOFTS, "b2bDirectConnectInbound": OFFICE})
    message = checklist_message(present(setup, partnership=None), may_confirm=True)
    assert_sound(message)
    assert "nothing for the partner's administrator" in message.text
    said = shown(message.blocks)
    assert "B2B direct connect, inbound is open to this partner by our default. Nobody approved that" in said
    assert "PATCH" not in said
    assert checklist_text(present(setup)) == []

"""The help, and the answer to what is no command."""

import pytest
from hypothesis import given, settings

from bot.sandbox.slack.block_kit.blocks import problems
from bot.slack.partner_commands import help_message, start_message, unknown_command
from tests.bot import surfaces
from tests.bot.surfaces import hostile_or_blank, shown, texts


def test_help_and_unknown_commands_list_every_command() -> None:
    for message in (help_message(), unknown_command("frobnicate"), unknown_command("")):
        assert problems(message.blocks, "message") == []
        for subcommand in ("request", "list", "show", "checklist", "revoke", "help"):
            assert f"/partner {subcommand}" in shown(message.blocks)
        assert "/partner away [@name]" in shown(message.blocks)
        assert "press Enter in the domain field" in shown(message.blocks)


@pytest.mark.parametrize("subcommand", ["show", "REVOKE "])
def test_a_command_that_lacks_its_partner_is_not_called_unknown(subcommand: str) -> None:
    said = shown(unknown_command(subcommand).blocks)
    assert f"Name the partner: /partner {subcommand.strip().lower()}" in said
    assert "is not a known command" not in said


@settings(deadline=None)
@given(hostile_or_blank)
def test_hostile_text_stays_text_in_the_answer_to_an_unknown_command(text: str) -> None:
    message = unknown_command(text)
    assert problems(message.blocks, "message") == []
    assert all(surfaces.MARK not in found for found in texts(message.blocks, "mrkdwn"))


def test_the_command_alone_leads_home_and_to_a_new_request() -> None:
    message = start_message("T0WOODGROVE", "A0GATEHOUSE")
    assert problems(message.blocks, "message") == []
    assert "<slack://app?team=T0WOODGROVE&amp;id=A0GATEHOUSE&amp;tab=home|Open my Home tab>" in str(message.blocks)
    assert surfaces.buttons(message.blocks) == {"open_request": "command"}
    assert "/partner help" in message.text


@pytest.mark.parametrize("app_id", ["", "A0|<!channel>", "a0"])
def test_an_id_of_another_form_never_becomes_a_link(app_id: str) -> None:
    message = start_message("T0WOODGROVE", app_id)
    assert "<" not in str(message.blocks)
    assert "Open my Home tab" in shown(message.blocks)


def test_diagnose_alone_says_with_an_example_what_to_name() -> None:
    (block,) = unknown_command("diagnose").blocks
    said = block["text"]["text"]
    assert "/partner diagnose maria@contoso.com Contractor portal" in said
    assert len(said.split()) <= 60

"""What admins see of refused sign-ins: ids and domains as code, no link to a form, and the chosen name in Details."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.slack.flows.alarms.denied_views import denied_view
from bot.slack.payloads.button_values import parse_denied_notice
from bot.slack.words.alarms import alarm_advice, alarm_message, alarm_text
from tests.bench.denied_surfaces import FLOOD, LISTED, ONE, TENANT, alarm_of, denied_messages
from workflows.core.errors.raised import Refused
from workflows.core.posture.watch.denied_notice import MANY
from workflows.core.posture.watch.denied_sign_ins.counting import OUR_CODES


def text_of(shown: Any) -> str:
    return json.dumps(shown, ensure_ascii=False)


def code_texts(shown: Any) -> list[str]:
    """Every text that is formatted as code."""
    if isinstance(shown, dict):
        style = shown.get("style")
        own = [shown["text"]] if isinstance(style, dict) and style.get("code") else []
        return own + [text for one in shown.values() for text in code_texts(one)]
    return [text for one in shown for text in code_texts(one)] if isinstance(shown, list) else []


def test_the_message_names_the_tenant_as_code_only_and_its_chosen_name_never() -> None:
    shown = alarm_message(alarm_of(ONE), is_admin=True)
    assert code_texts(shown.blocks) == [TENANT.tenant_id, "tailspin.com"]
    for word in (TENANT.tenant_id, "tailspin.com", TENANT.display_name):
        assert word not in shown.text, "the notification names nobody"
    for blocks in denied_messages().values():
        assert TENANT.display_name not in text_of(blocks)


def test_it_says_that_our_own_settings_refuse_and_where_one_person_is_explained() -> None:
    for shown in (text_of(alarm_message(alarm_of(ONE)).blocks), text_of(denied_view(ONE))):
        assert "AADSTS500213 NotAllowedByInboundPolicyTenant: Our inbound settings do not let this person in." in shown
        assert "resource tenant" not in shown
        assert "/partner diagnose" in shown


def test_the_buttons_carry_the_notice_and_open_no_form() -> None:
    (_, answers) = alarm_message(alarm_of(ONE), is_admin=True).blocks
    buttons = [(one["text"]["text"], one["action_id"], one["value"]) for one in answers["elements"]]
    value = f"{TENANT.tenant_id}:{ONE.alarm_id}"
    assert buttons == [("Dismiss for 30 days", "dismiss_denied", value), ("Details", "show_denied", value)]
    assert parse_denied_notice(value) == (ONE.subject, ONE.alarm_id)
    assert parse_denied_notice(f"many:{ONE.alarm_id}") == (MANY, ONE.alarm_id)
    assert len(alarm_message(alarm_of(ONE), is_admin=False).blocks) == 1


@pytest.mark.parametrize("value", ["", "many", "many:", f"contoso.com:{ONE.alarm_id}", f"{TENANT.tenant_id}:A-xyz"])
def test_any_other_value_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        parse_denied_notice(value)


def test_details_mark_the_chosen_name_and_say_how_to_ask() -> None:
    shown = text_of(denied_view(ONE))
    assert TENANT.display_name in code_texts(denied_view(ONE))
    assert "(chosen by that tenant, not verified)" in shown
    assert "/partner request" in shown
    assert "button" not in shown
    assert "could be counted" not in shown
    unnamed = denied_view(replace(ONE, tenants=(replace(TENANT, display_name="", domain=""),)))
    assert "Display name" not in text_of(unnamed)
    assert "not known" in text_of(unnamed)


def test_many_are_counted_and_a_few_are_listed() -> None:
    shown = text_of(denied_view(FLOOD))
    assert "at least 12,000 sign-ins of at least 1,000 tenants" in shown
    assert "995 more tenants" in shown
    assert "people whom the log does not name" in shown
    assert "could be counted" in shown
    few = text_of(denied_view(replace(FLOOD, count=5, is_at_least=False)))
    assert "more tenants" not in few


@pytest.mark.parametrize("notice", [None, replace(ONE, ended_at=ONE.told_at)])
def test_a_notice_that_is_over_says_so(notice: Any) -> None:
    assert "This message is over" in text_of(denied_view(notice))


def test_the_command_line_names_the_tenants_in_plain_text() -> None:
    assert alarm_text(alarm_of(ONE)).endswith(f"Tenant: {TENANT.tenant_id} (domain: tailspin.com).")
    text = alarm_text(alarm_of(FLOOD))
    assert f"{LISTED[3].tenant_id} (domain: not known)" in text
    assert text.endswith("; and 995 more.")
    assert "/partner request" in alarm_advice(alarm_of(ONE))


def test_every_code_that_is_counted_has_words() -> None:
    everything = denied_view(replace(ONE, tenants=(replace(TENANT, codes=tuple(sorted(OUR_CODES))),)))
    assert all(f"AADSTS{code}" in text_of(everything) for code in OUR_CODES)

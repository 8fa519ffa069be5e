"""Every message: its notification names the partner first, never an ID of Entra, and each icon is said in words."""

import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack import ids
from bot.slack.blocks.message import notice
from bot.slack.words.alarms import alarm_message
from bot.words.requests.messages import message_words, notified_message_words
from tests.bot.shipped_cards import NAMES, waiting
from tests.bot.slack.cards.every_message import (
    ALARM_VALUES,
    OF_NO_PARTNER,
    TEMPLATES,
    about_alarms,
    about_partners,
    about_requests,
    others,
    with_identity,
)
from tests.bot.surfaces import buttons, card, details, dicts
from tests.bot.words.requests.test_messages import GOLDEN
from tests.workflows.core.builders import NOW, TENANT
from workflows.app.alarms import new_alarm
from workflows.core.errors.facts import Fact
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.alarms import AlarmCode
from workflows.core.settings.model import TenantId

GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
SAID: Final = {
    "➕": ("More access", "Access to extend"),
    "➖": ("Less access", "with less access", "Blocked"),
    "✅": (
        "active",
        "approved",
        "no issues",
        "check",
        "confirmed",
        "answered",
        "restored",
        "kept",
        "Done",
        "(verified)",
    ),
    "📅": ("starts on",),
    "⏳": ("waiting for approval", "0/", "1/", "2/"),
    "⚙️": ("being", "disabling", "enabling"),
    "✍️": ("confirm",),
    "🔎": ("being prepared", "current settings"),
    "❓": ("waiting for Microsoft", "question", "Question"),
    "💬": ("answered",),
    "❔": ("not known", "Not known", "not checked", "not confirmed", "could not be checked", "Perhaps"),
    "⛔": ("rejected", "Error"),
    "↩️": ("withdrawn",),
    "⌛": ("expired",),
    "⚠️": (
        *("Warning", "issue", "Issue", "Not checked", "could not", "stopped", "changed", "not everything"),
        "Guests are locked out",
    ),
    "❌": ("failed",),
    "⏸️": ("suspended",),
    "🔒": ("blocked", "revoked", "block", "nothing is needed"),
    "🔁": ("needs new approval", "plan changed", "see the newer message"),
    "⏰": ("wait", "ended", "reminder", "review is due"),
    "🔔": ("still needed", "reminded again"),
    "🤝": ("partner setup",),
    "ℹ️": ("replaced", "Note", "nothing is needed", "Deleted", "licence", "no answer is needed"),
}
"""What each icon means: one of these words stands in the same block."""
ICON: Final = re.compile("|".join(sorted(SAID, key=len, reverse=True)))
ANY_ICON: Final = re.compile("[\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")


REQUESTS: Final = dict(about_requests())
PARTNERS: Final = dict(about_partners())
ALARMS: Final = dict(about_alarms())


@pytest.mark.threats("E3")
@pytest.mark.parametrize("name", [*REQUESTS, *PARTNERS])
def test_a_notification_names_the_partner_first_and_no_id_of_entra(name: str) -> None:
    text = {**REQUESTS, **PARTNERS}[name].text
    assert text.startswith("contoso.com"), text
    assert not GUID.search(text), text


@pytest.mark.threats("E3")
@pytest.mark.parametrize("name", REQUESTS)
def test_every_message_about_a_request_has_its_short_id_also_in_its_notification(name: str) -> None:
    made = REQUESTS[name]
    assert "r-1" in made.text, made.text
    assert "r-1" in str(made.blocks)


@pytest.mark.threats("E3")
@settings(deadline=None, max_examples=5)
@given(st.integers(min_value=1, max_value=2**122 - 1), st.from_regex(r"[a-z]{3,20}", fullmatch=True))
def test_notification_and_blocks_of_every_card_are_about_the_same_partner_plan_and_tenant(
    drawn: int, name: str
) -> None:
    """The notification has partner and request. Tenant ID and digest stand where they are decided on, and are one."""
    tenant_id, domain = TenantId(str(UUID(int=drawn))), f"{name}.example"
    who = TenantIdentity(tenant_id=tenant_id, display_name=name, default_domain=domain, typed_name=domain)
    change = with_identity(who)
    for kind, made in [*about_requests(change), *about_partners(change)]:
        assert made.text.startswith(domain), (kind, made.text)
        assert domain in str(made.blocks), kind
        assert "contoso.com" not in f"{made.text}{made.blocks}", kind
    for template in TEMPLATES.values():
        asked = change(waiting(template))
        assert buttons(card(asked, holders=NAMES).blocks)[ids.APPROVE] == f"{asked.id}:{asked.plan.digest}"
        inside = str(details(asked).blocks)
        assert asked.plan.digest in inside
        assert tenant_id in inside


def test_every_kind_of_alarm_is_among_them() -> None:
    assert set(ALARM_VALUES) == set(AlarmCode)


@pytest.mark.parametrize("name", ALARMS)
def test_the_notification_of_an_alarm_names_the_partner_first_and_no_id_of_entra(name: str) -> None:
    is_of_partner = name.split()[0] not in OF_NO_PARTNER
    made = ALARMS[name]
    openings = {"open": "alarm: ", "fixed": "fixed. The alarm was: ", "ended": "ended. The alarm was: "}
    opening = openings[name.split()[-1]]
    expected = f"contoso.com, {opening}" if is_of_partner else opening[0].upper() + opening[1:]
    assert made.text.startswith(expected), made.text
    assert not GUID.search(made.text), made.text


NAMELESS: Final = with_identity(TenantIdentity.without_names(TENANT))


@pytest.mark.parametrize(
    ("name", "text", "blocks"),
    [
        (name, made.text, made.blocks)
        for name, made in [*about_requests(NAMELESS), *about_partners(NAMELESS), *about_alarms(TENANT)]
        if name.split()[0] not in OF_NO_PARTNER
    ],
)
def test_a_partner_without_a_domain_is_said_to_be_one_and_its_id_is_inside_the_message(
    name: str, text: str, blocks: list[dict[str, Any]]
) -> None:
    assert text.startswith("A partner without a known domain"), (name, text)
    assert not GUID.search(text), (name, text)
    assert TENANT in str(blocks), name


def test_stopped_work_of_an_earlier_version_has_the_tenant_id_inside_its_message_only() -> None:
    alarm = new_alarm(AlarmCode.EFFECT_GIVEN_UP, "7", {"what": "show_half", "about": TENANT, "reason": "No."}, NOW)
    made = alarm_message(alarm)
    assert made.text.startswith("A partner without a known domain, alarm: Gatehouse stopped trying: show the partner")
    assert TENANT in str(made.blocks)


@pytest.mark.threats("E3")
@pytest.mark.parametrize(("code", "values"), [(code, values) for code, values, _ in GOLDEN if "partner" in values])
def test_a_message_of_sentences_names_the_partner_first(code: str, values: dict[str, Any]) -> None:
    assert notice(message_words(Fact(code, values))).text.startswith("contoso.com")
    stored = Fact(code, {**values, "partner": "Approved (fabrikam.com)"})
    assert notified_message_words(stored).startswith("fabrikam.com")
    assert message_words(stored).startswith("fabrikam.com")
    unnamed = Fact(code, {**values, "partner": TENANT})
    made = notice(message_words(unnamed), notified_message_words(unnamed))
    assert made.text.startswith("A partner without a known domain")
    assert not GUID.search(made.text)
    assert TENANT in str(made.blocks)


def blocks_with_icons() -> Iterator[tuple[str, str]]:
    shown = {name: made.blocks for name, made in {**REQUESTS, **PARTNERS, **ALARMS}.items()} | dict(others())
    for name, blocks in shown.items():
        for block in blocks:
            text = "\n".join(str(one["text"]) for one in dicts(block) if isinstance(one.get("text"), str))
            if ANY_ICON.search(text):
                yield name, text


def test_every_icon_is_said_in_words_in_the_same_block() -> None:
    """A screen reader says the name of an icon, not what it means here."""
    wrong = set()
    for name, text in blocks_with_icons():
        unknown = set(ANY_ICON.findall(text)) - set("".join(SAID))
        silent = [one for one in ICON.findall(text) if not any(word in text for word in SAID[one])]
        if unknown or silent:
            wrong.add((name, *sorted(unknown), *silent, text[:200]))
    assert wrong == set()


def test_no_button_is_an_icon_only() -> None:
    shown = [made.blocks for made in {**REQUESTS, **PARTNERS}.values()]
    labels = {one["text"]["text"] for one in dicts(shown) if one.get("type") == "button"}
    assert labels
    assert [label for label in labels if not label[0].isalpha()] == []

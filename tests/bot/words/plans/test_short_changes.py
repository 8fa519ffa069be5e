"""The changes of a plan in a few words: every opening is named, and nothing else is."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.blocks.blocks import within_limits
from bot.slack.cards.approval.approval_card import approval_blocks
from bot.slack.cards.approval.card_context import CardContext
from bot.words.plans.short_changes import BOTH_PROMPTED, PROMPTED_PEOPLE, TRUST_NOUNS, Sign, short_changes
from tests.bot.sandbox.page.samples import default_configuration
from tests.bot.surfaces import shown
from tests.workflows.core.builders import NOW, TENANT, prepared, request
from tests.workflows.core.strategies import PROPERTY, SETTINGS, partner_documents
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.raised import NothingToChange
from workflows.core.plans.changes import SettingPart, setting_changes
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.requests.request import ObservedPartner
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Property, Setting

MORE = (AccessChange.OPENS, AccessChange.UNKNOWN)
DEFAULTS = st.none() | st.just(default_configuration())
LABELS = {**TRUST_NOUNS, **PROMPTED_PEOPLE}


def plan_of(before: JsonObject | None, settings: Mapping[Property, Setting]) -> Plan:
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=settings,
        template="trusted-partner",
        template_hash="hash",
        duration=timedelta(days=90),
    )


@PROPERTY
@given(
    before=st.none() | partner_documents(TENANT),
    settings=SETTINGS,
    default=st.none() | st.just(default_configuration()),
)
def test_every_opening_of_a_plan_is_on_its_card(
    before: JsonObject | None, settings: Mapping[Property, Setting], default: JsonObject | None
) -> None:
    with suppress(NothingToChange):
        plan = plan_of(before, settings)
        told = [item for item in setting_changes(plan, default) if item.access in MORE]
        lines = [one.text for one in short_changes(plan, default) if one.sign is not Sign.LESS]
        named = [line.replace(BOTH_PROMPTED, " and ".join(PROMPTED_PEOPLE.values())) for line in lines]
        flags = [item for item in told if item.part is SettingPart.FLAG]
        grouped = [line for line in named if any(label in line for label in LABELS.values())]
        assert len(lines) - len(grouped) == len(told) - len(flags)
        for item in flags:
            assert any(LABELS[item.key] in line for line in grouped), item
        known = prepared(
            plan=plan,
            observation=ObservedPartner(
                identity=prepared().observation.identity, configuration=before, at=NOW, default=default
            ),
        )
        blocks = approval_blocks(request(prepared=known), holders={}, context=CardContext(is_first=True), now=NOW)
        text = shown(within_limits(blocks, "message"))
        for line in lines:
            assert line in text


@PROPERTY
@given(before=partner_documents(TENANT))
def test_a_revocation_opens_nothing(before: JsonObject) -> None:
    plan = plan_revocation(tenant_id=TENANT, before=before, default={})
    assert all(one.sign is not Sign.MORE for one in short_changes(plan, {}))


@pytest.mark.parametrize(
    ("template", "lines"),
    [
        (
            "trusted-partner",
            [
                "Accept their MFA and compliant devices",
                "No consent prompt in our tenant, once the partner sets it too",
                "Their guests: only Office 365 (now: all apps)",
            ],
        ),
        (
            "merger",
            [
                "Accept their MFA, compliant devices and hybrid joined devices",
                "No consent prompt on either side, once the partner sets it too",
                "Shared channels here: only Office 365",
                "Our people in their shared channels: only Office 365",
                "Their guests: only Office 365 (now: all apps)",
                "Our people as guests there: only Office 365 (now: all apps)",
            ],
        ),
        (
            "subsidiary-synchronization",
            [
                "Accept their MFA, compliant devices and hybrid joined devices",
                "No consent prompt in our tenant, once the partner sets it too",
                "Their administrators create and change accounts here (synchronization)",
                "Their guests: only Office 365 (now: all apps)",
            ],
        ),
        (
            "block",
            ["Their guests: blocked (now: all apps)", "Our people as guests there: blocked (now: all apps)"],
        ),
    ],
)
def test_shipped_templates_read_in_a_few_words(template: str, lines: list[str]) -> None:
    plan = plan_of(None, load_catalog(SHIPPED).templates[template].settings)
    assert [one.text for one in short_changes(plan, default_configuration())] == lines


def test_a_default_that_is_not_known_may_open() -> None:
    plan = plan_of(None, load_catalog(SHIPPED).templates["guest-collaboration"].settings)
    assert [one.text for one in short_changes(plan, None) if one.sign is Sign.UNKNOWN] == [
        "Their guests: only Office 365 (now: not known)"
    ]


@pytest.mark.parametrize(("default", "said"), [({}, "not set"), (None, "not known")])
def test_only_what_was_not_read_is_called_not_known(default: JsonObject | None, said: str) -> None:
    plan = plan_of(None, load_catalog(SHIPPED).templates["guest-collaboration"].settings)
    assert f"Their guests: only Office 365 (now: {said})" in [one.text for one in short_changes(plan, default)]

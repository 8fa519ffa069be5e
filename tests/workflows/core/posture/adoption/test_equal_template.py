"""Which template gives exactly the settings that a partner has. Whatever is not certain equals none."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import TENANT
from tests.workflows.core.settings.test_capabilities import COLLABORATION, MIGRATION, SOME, shown
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.plans.planning import plan_access
from workflows.core.policy.placeholders import Placeholder, placeholder_uses
from workflows.core.policy.template import Template, TicketRule, filled_settings
from workflows.core.posture.adoption.equal_template import equal_template
from workflows.core.settings.documents import to_document
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import (
    AccessType,
    Capabilities,
    Capability,
    CapabilityName,
    InboundTrust,
    Property,
    Target,
    TargetConfiguration,
    TargetType,
)

CATALOG = load_catalog(SHIPPED)
TEMPLATES = tuple(CATALOG.templates.values())
GROUP, OURS, APPLICATION = (f"{number}a5e1f50-1c1f-4a8a-9d30-1d2f00c0ffee" for number in (1, 2, 3))
IDS = {
    "portal_application": APPLICATION,
    "pilot_group": GROUP,
    "project_group": OURS,
    "partner_application": APPLICATION,
}


def result_of(template: Template, **changes: Any) -> dict[str, Any]:
    """What a template gives to a partner that had nothing, with some settings changed."""
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings=filled_settings(template, IDS),
        template=template.name,
        template_hash="",
        duration=timedelta(days=1),
    )
    return {**(plan.configuration_after() or {}), **changes}


WITHOUT_TICKET = [one.name for one in TEMPLATES if one.ticket is None or not one.ticket.is_required]


@pytest.mark.parametrize("name", WITHOUT_TICKET)
def test_every_shipped_template_is_recognized_in_its_result(name: str) -> None:
    found = equal_template(result_of(CATALOG.templates[name]), TEMPLATES)
    assert found is not None
    assert found.name == name


def test_a_template_that_requires_a_ticket_equals_nothing_because_an_adoption_has_none() -> None:
    template = CATALOG.templates["guest-collaboration"]
    with_ticket = replace(template, ticket=TicketRule(pattern="[A-Z]+-[0-9]+"))
    assert equal_template(result_of(template), [template]) == template
    assert equal_template(result_of(template), [with_ticket]) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"b2bDirectConnectInbound": {"usersAndGroups": {"accessType": "allowed", "targets": []}, "applications": None}},
        {"inboundTrust": {"isMfaAccepted": True}},
        {"inboundTrust": {"isMfaAccepted": "yes"}},
        {"automaticUserConsentSettings": {"inboundAllowed": True}},
        {"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}},
        {"crossCloudMeetingConfiguration": {"inboundAllowed": True}},
        {"someNewSetting": {"isOpen": True}},
        {"b2bCollaborationInbound": None},
    ],
)
def test_one_setting_more_or_less_equals_no_template(changes: dict[str, Any]) -> None:
    guests = CATALOG.templates["guest-collaboration"]
    assert equal_template(result_of(guests, **changes), TEMPLATES) is None


def test_what_is_off_needs_no_template_and_what_is_on_does() -> None:
    """Trusted partner does not name hybrid joined devices. A portal sets every flag."""
    trusted = CATALOG.templates["trusted-partner"]
    trust = {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}
    off = {**trust, "isHybridAzureADJoinedDeviceAccepted": False}
    assert equal_template(result_of(trusted, inboundTrust=off), TEMPLATES) is trusted
    on = {**trust, "isHybridAzureADJoinedDeviceAccepted": True}
    assert equal_template(result_of(trusted, inboundTrust=on), TEMPLATES) is None
    assert equal_template(result_of(trusted, inboundTrust={**off, "newFlag": True}), TEMPLATES) is None


def test_members_that_are_empty_do_not_count() -> None:
    guests = CATALOG.templates["guest-collaboration"]
    blank = {"crossCloudMeetingConfiguration": {"inboundAllowed": None}, "isServiceProvider": False}
    assert equal_template(result_of(guests, **blank), TEMPLATES) is guests


def test_an_id_that_is_missing_or_not_readable_fills_no_placeholder() -> None:
    portal = CATALOG.templates["contractor-portal"]
    whole = result_of(portal)
    lists = dict(whole["b2bCollaborationInbound"])
    for applications in ({"accessType": "allowed", "targets": []}, "not a list"):
        changed = {**whole, "b2bCollaborationInbound": {**lists, "applications": applications}}
        assert equal_template(changed, [portal]) is None


def test_an_id_of_zeros_fills_no_placeholder() -> None:
    portal = CATALOG.templates["contractor-portal"]
    whole = result_of(portal)
    zeros = "00000000-0000-0000-0000-000000000000"
    applications = {"accessType": "allowed", "targets": [{"target": zeros, "targetType": "application"}]}
    changed = {**whole, "b2bCollaborationInbound": {**whole["b2bCollaborationInbound"], "applications": applications}}
    assert equal_template(changed, [portal]) is None


def test_a_template_that_asks_for_names_is_never_taken_for_equal() -> None:
    """Which names the ids have is not known here: another group could be adopted by the chain of this template."""
    portal = CATALOG.templates["contractor-portal"]
    named = replace(portal, placeholders=tuple(replace(one, prefix="Project-") for one in portal.placeholders))
    assert equal_template(result_of(portal), [named]) is None


def test_an_optional_placeholder_may_be_empty() -> None:
    portal = CATALOG.templates["contractor-portal"]
    optional = replace(portal, placeholders=tuple(replace(one, is_required=False) for one in portal.placeholders))
    assert equal_template(result_of(portal), [optional]) is optional


def test_of_several_equal_templates_the_one_with_the_strongest_chain_decides() -> None:
    guests, merger = CATALOG.templates["guest-collaboration"], CATALOG.templates["merger"]
    strict = replace(guests, name="strict-guests", stages=merger.stages)
    assert equal_template(result_of(guests), [strict, guests]) is strict
    assert equal_template(result_of(guests), [guests, strict]) is strict


def test_a_template_that_returns_a_setting_to_the_default_equals_only_what_inherits() -> None:
    guests = CATALOG.templates["guest-collaboration"]
    inherits = replace(guests, settings={**guests.settings, Property.AUTOMATIC_REDEMPTION: None})
    assert equal_template(result_of(guests), [inherits]) is inherits
    mfa = to_document(InboundTrust(mfa=True))
    assert equal_template(result_of(guests, inboundTrust=mfa), [inherits]) is None


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        ([shown()], "calendar-sharing"),
        ([shown(), {**MIGRATION, "inboundAccess": {"isAllowed": False}}], "calendar-sharing"),
        ([shown(), MIGRATION], None),
        ([shown([SOME])], None),
        ("junk", None),
    ],
)
def test_capabilities_equal_the_template_that_gives_exactly_them(listed: Any, name: str | None) -> None:
    found = equal_template(
        {"tenantId": TENANT, "m365CollaborationInbound": COLLABORATION, "m365Capabilities": listed}, TEMPLATES
    )
    assert (None if found is None else found.name) == name


def test_a_capability_that_is_off_needs_no_template_and_one_that_is_on_does() -> None:
    guests = CATALOG.templates["guest-collaboration"]
    off = equal_template(result_of(guests, m365Capabilities=[shown(is_allowed=False)]), TEMPLATES)
    assert off is not None
    assert off.name == "guest-collaboration"
    assert equal_template(result_of(guests, m365Capabilities=[shown()]), TEMPLATES) is None


def test_a_group_in_a_capability_is_found_for_the_placeholder() -> None:
    calendar = CATALOG.templates["calendar-sharing"]
    people = TargetConfiguration(
        access=AccessType.ALLOWED, targets=(Target(type=TargetType.GROUP, id="{calendar_group}"),)
    )
    given = Capabilities(items=(Capability(name=CapabilityName.FREE_BUSY, people=people),))
    placeholder = Placeholder(name="calendar_group", label="Group", kind=TargetType.GROUP, owner=Owner.OURS)
    own = replace(
        calendar,
        settings={**calendar.settings, Property.M365_CAPABILITIES: given},
        placeholders=(placeholder,),
    )
    standing = {"tenantId": TENANT, "m365CollaborationInbound": COLLABORATION, "m365Capabilities": [shown([SOME])]}
    assert equal_template(standing, [own]) == own
    assert [use.owner for use in placeholder_uses(own.settings)] == [Owner.OURS]

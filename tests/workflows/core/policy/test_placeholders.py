"""Placeholders: the place decides whose ID is needed; only a GUID is accepted; an optional one may stay empty."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words.requests.notes import refusal_words
from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import STAGES
from workflows.core.errors.raised import InvalidField
from workflows.core.policy.placeholders import (
    Placeholder,
    begins_with,
    fill,
    parse_placeholder,
    placeholder_of,
    placeholder_uses,
)
from workflows.core.policy.template import Stage, Template, filled_settings, stages_for
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import (
    ALL_USERS,
    AccessType,
    AppServiceConnect,
    AutomaticRedemption,
    B2BSetting,
    Capabilities,
    Capability,
    CapabilityName,
    InboundTrust,
    M365CollaborationInbound,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
    TenantRestrictions,
)

A, B = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03", "2b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"
GROUP, USER, APPLICATION = TargetType.GROUP, TargetType.USER, TargetType.APPLICATION


def lists(*targets: tuple[TargetType, str]) -> TargetConfiguration:
    """An allow-list."""
    return TargetConfiguration(
        access=AccessType.ALLOWED, targets=tuple(Target(type=kind, id=text) for kind, text in targets)
    )


def b2b(people: TargetConfiguration, application: str = "{portal}") -> B2BSetting:
    """Some people, one application."""
    return B2BSetting(users_and_groups=people, applications=lists((APPLICATION, application)))


def placeholder(
    name: str, kind: TargetType = GROUP, *, owner: Owner = Owner.THEIRS, is_required: bool = True
) -> Placeholder:
    """A placeholder of that name."""
    return Placeholder(name=name, label=name, kind=kind, owner=owner, is_required=is_required)


def template(
    settings: dict[Property, Setting], *placeholders: Placeholder, stages: tuple[Stage, ...] = STAGES
) -> Template:
    """A template of these settings."""
    return Template(
        name="pilot",
        title="Pilot",
        description="",
        settings=settings,
        stages=stages,
        review_interval=timedelta(days=30),
        durations=(timedelta(days=30),),
        default_duration=timedelta(days=30),
        decide_within=timedelta(days=7),
        content_hash="h",
        placeholders=placeholders,
    )


@pytest.mark.parametrize(
    ("name", "people", "applications"),
    [
        (Property.B2B_COLLABORATION_INBOUND, Owner.THEIRS, Owner.OURS),
        (Property.B2B_DIRECT_CONNECT_INBOUND, Owner.THEIRS, Owner.OURS),
        (Property.B2B_COLLABORATION_OUTBOUND, Owner.OURS, Owner.THEIRS),
        (Property.B2B_DIRECT_CONNECT_OUTBOUND, Owner.OURS, Owner.THEIRS),
    ],
)
def test_people_belong_where_they_come_from_and_applications_where_they_are_offered(
    name: Property, people: Owner, applications: Owner
) -> None:
    setting = b2b(lists((GROUP, "{pilot}"), (USER, "{lead}")))
    assert [(place.name, place.kind, place.owner, place.is_alone) for place in placeholder_uses({name: setting})] == [
        ("pilot", GROUP, people, False),
        ("lead", USER, people, False),
        ("portal", APPLICATION, applications, True),
    ]


def test_tenant_restrictions_are_about_the_partner_only() -> None:
    both = b2b(lists((GROUP, "{g}")))
    setting = TenantRestrictions(users_and_groups=both.users_and_groups, applications=both.applications)
    assert {place.owner for place in placeholder_uses({Property.TENANT_RESTRICTIONS: setting})} == {Owner.THEIRS}


def test_every_kind_of_setting_is_walked_and_what_has_no_lists_is_left() -> None:
    settings: dict[Property, Setting] = {
        Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound(users=lists((GROUP, "{g}"))),
        Property.APP_SERVICE_CONNECT_INBOUND: AppServiceConnect(applications=lists((APPLICATION, "{a}"))),
        Property.B2B_COLLABORATION_INBOUND: None,
        Property.B2B_COLLABORATION_OUTBOUND: B2BSetting(users_and_groups=None, applications=None),
        Property.INBOUND_TRUST: InboundTrust(mfa=True),
        Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
    }
    assert [place.name for place in placeholder_uses(settings)] == ["g", "a"]
    done = fill(settings, (placeholder("g"), placeholder("a", APPLICATION)), {"g": A, "a": B, "unknown": "x"})
    assert done[Property.M365_COLLABORATION_INBOUND] == M365CollaborationInbound(users=lists((GROUP, A)))
    assert done[Property.APP_SERVICE_CONNECT_INBOUND] == AppServiceConnect(applications=lists((APPLICATION, B)))
    untouched = set(settings) - {Property.M365_COLLABORATION_INBOUND, Property.APP_SERVICE_CONNECT_INBOUND}
    assert {name: done[name] for name in untouched} == {name: settings[name] for name in untouched}


def test_a_template_is_filled_in() -> None:
    people = lists((GROUP, "{pilot}"), (GROUP, B), (USER, ALL_USERS))
    pilot = template(
        {Property.B2B_COLLABORATION_INBOUND: b2b(people)}, placeholder("pilot"), placeholder("portal", APPLICATION)
    )
    done = filled_settings(pilot, {"pilot": f" {A.upper()} ", "portal": f"{{{B}}}"})
    assert done == {Property.B2B_COLLABORATION_INBOUND: b2b(lists((GROUP, A), (GROUP, B), (USER, ALL_USERS)), B)}
    assert not any(placeholder_of(Target(type=GROUP, id=text)) for text in (A, ALL_USERS, "{}", "{Not}", "x{pilot}"))


def test_an_id_that_is_listed_twice_is_sent_once() -> None:
    people = lists((GROUP, "{pilot}"), (GROUP, "{other}"))
    settings: dict[Property, Setting] = {Property.B2B_COLLABORATION_INBOUND: b2b(people, A)}
    assert fill(settings, (placeholder("pilot"), placeholder("other")), {"pilot": A, "other": A}) == {
        Property.B2B_COLLABORATION_INBOUND: b2b(lists((GROUP, A)), A)
    }


def test_an_optional_placeholder_may_stay_empty_and_is_then_left_out() -> None:
    settings: dict[Property, Setting] = {
        Property.B2B_COLLABORATION_INBOUND: b2b(lists((GROUP, "{more}"), (GROUP, A)), A)
    }
    more = placeholder("more", is_required=False)
    assert fill(settings, (more,), {})[Property.B2B_COLLABORATION_INBOUND] == b2b(lists((GROUP, A)), A)
    with pytest.raises(InvalidField):
        fill(settings, (more,), {"more": "somebody"})


@pytest.mark.parametrize(
    ("kind", "owner", "cure"),
    [
        (GROUP, Owner.THEIRS, "The object ID of a group in the partner's directory. Only the partner can tell you."),
        (USER, Owner.OURS, "The object ID of a user in our own directory."),
        (APPLICATION, Owner.OURS, "The application (client) ID of an application, not its object ID, in our own"),
    ],
)
@pytest.mark.parametrize("typed", ["", "   ", "the portal", "00000000-0000-0000-0000-000000000000", A[:-1], f"{A}0"])
def test_what_is_no_guid_is_said_at_its_field_with_the_cure(
    kind: TargetType, owner: Owner, cure: str, typed: str
) -> None:
    with pytest.raises(InvalidField) as caught:
        parse_placeholder(placeholder("portal", kind, owner=owner), typed)
    assert caught.value.field == "hole_portal"
    assert cure in refusal_words(caught.value)


@pytest.mark.parametrize("typed", ["All", "allusers", "AllApplications", "office365"])
def test_a_word_for_many_is_recognised_where_one_id_is_needed(typed: str) -> None:
    with worded_refusal(InvalidField, match="means all or many, but this template needs one ID here"):
        parse_placeholder(placeholder("pilot"), typed)


@given(st.text())
def test_nothing_but_a_guid_ever_fills_a_placeholder(typed: str) -> None:
    with pytest.raises(InvalidField):
        parse_placeholder(placeholder("pilot"), f"x{typed}")


@pytest.mark.parametrize("access", list(AccessChange))
def test_only_a_proven_narrowing_needs_fewer_people(access: AccessChange) -> None:
    trusted: Any = template({}, stages=(Stage(title="S", role=STAGES[0].role, quorum=3), STAGES[1]))
    needed = stages_for(access, trusted)
    if access in (AccessChange.REDUCES, AccessChange.CLOSES):
        assert needed == (Stage(title="S", role=STAGES[0].role, quorum=1),)
    else:
        assert needed == trusted.stages


@pytest.mark.parametrize(
    ("name", "prefix", "is_so"),
    [("PRJ-Bridge", "prj-", True), ("Straße", "STRASSE", True), ("A PRJ-Bridge", "PRJ-", False), ("Any", "", True)],
)
def test_a_name_begins_with_a_prefix_in_any_case(name: str, prefix: str, is_so: bool) -> None:
    assert begins_with(name, prefix) is is_so


def test_a_group_of_ours_stands_in_a_capability() -> None:
    free_busy = Capability(name=CapabilityName.FREE_BUSY, people=lists((GROUP, "{calendar_group}")))
    unclear = Capability(name=CapabilityName.ROOM_BOOKING, people=None)
    settings: dict[Property, Setting] = {Property.M365_CAPABILITIES: Capabilities(items=(free_busy, unclear))}
    assert [(use.name, use.kind, use.owner) for use in placeholder_uses(settings)] == [
        ("calendar_group", GROUP, Owner.OURS)
    ]
    placeholder = Placeholder(name="calendar_group", label="Group", kind=GROUP, owner=Owner.OURS)
    filled = fill(settings, (placeholder,), {"calendar_group": A})[Property.M365_CAPABILITIES]
    assert filled == Capabilities(items=(Capability(name=CapabilityName.FREE_BUSY, people=lists((GROUP, A))), unclear))

"""Templates and roles: every problem is said at once with file and key; the hash follows the meaning."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from workflows.catalog.catalog import SHIPPED, CatalogProblems, load_catalog
from workflows.core.people import ADMIN, AUDITOR, Role
from workflows.core.policy.placeholders import Placeholder
from workflows.core.policy.relations import RELATIONS
from workflows.core.policy.template import MayRequestFor, TicketRule, filled_settings
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_USERS,
    OFFICE_365,
    AccessType,
    AppServiceConnect,
    AutomaticRedemption,
    B2BSetting,
    Capabilities,
    Capability,
    CapabilityName,
    IdentitySynchronization,
    InboundTrust,
    M365CollaborationInbound,
    M365CollaborationOutbound,
    Property,
    Target,
    TargetConfiguration,
    TargetType,
    TenantRestrictions,
)
from workflows.ports.people_directory import RoleSource

GUID = "0b000000-0001-4e1b-9b51-6d1f00000001"

ROLES = """
[security]
title = "Security"
user_groups = ["partner-security"]

[admin]
title = "Partner admins"
people = ["dana@woodgrove.com"]
"""

TEMPLATE = """
title = "Open"
description = "Their people work as guests."
review_every_days = 90
durations_days = [90, 180]
default_duration_days = 90
decide_within_days = 14

[[stages]]
title = "Security"
role = "security"
quorum = 1

[[stages]]
title = "Admins"
role = "admin"
quorum = 2

[settings.b2b_collaboration_inbound]
users = { access = "allowed", targets = ["AllUsers"] }
applications = { access = "allowed", targets = ["Office365"] }

[settings.inbound_trust]
mfa = true
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a folder with the usual roles, the usual template, and what a test changes about them."""

    def write(template: str = TEMPLATE, *, roles: str | None = ROLES, **others: str) -> Path:
        for name, text in {"open": template, **others}.items():
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        if roles is not None:
            (tmp_path / "roles.toml").write_text(roles, encoding="utf-8")
        return tmp_path

    return write


def problems(folder: Path) -> tuple[str, ...]:
    """What is wrong with a folder."""
    with pytest.raises(CatalogProblems) as caught:
        load_catalog(folder)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def edited(old: str, new: str) -> str:
    """The usual template with one thing changed."""
    assert old in TEMPLATE
    return TEMPLATE.replace(old, new)


# --- what is shipped ---


def settings_of(name: str) -> dict[Property, object]:
    return dict(load_catalog(SHIPPED).templates[name].settings)


TO_OFFICE_365 = B2BSetting(
    users_and_groups=TargetConfiguration(
        access=AccessType.ALLOWED, targets=(Target(type=TargetType.USER, id=ALL_USERS),)
    ),
    applications=TargetConfiguration(
        access=AccessType.ALLOWED, targets=(Target(type=TargetType.APPLICATION, id=OFFICE_365),)
    ),
)


def test_guest_collaboration_opens_office_365_and_trusts_nothing() -> None:
    """“We do not accept their MFA or devices” is written, not left to a default that might trust."""
    assert settings_of("guest-collaboration") == {
        Property.B2B_COLLABORATION_INBOUND: TO_OFFICE_365,
        Property.INBOUND_TRUST: InboundTrust(mfa=False, compliant_device=False, hybrid_joined_device=False),
    }
    template = load_catalog(SHIPPED).templates["guest-collaboration"]
    assert "work as guests in our Office 365. We do not accept their MFA or devices." in template.description
    assert [(stage.role, stage.quorum) for stage in template.stages] == [("security", 1)]


def test_trusted_partner_trusts_mfa_and_compliant_devices_and_redeems_inbound() -> None:
    assert settings_of("trusted-partner") == {
        Property.B2B_COLLABORATION_INBOUND: TO_OFFICE_365,
        Property.INBOUND_TRUST: InboundTrust(mfa=True, compliant_device=True),
        Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=True),
    }
    template = load_catalog(SHIPPED).templates["trusted-partner"]
    for promise in (
        "in our Office 365 as guests",
        "We accept their MFA and compliant devices",
        "once the partner has set its side",
    ):
        assert promise in template.description
    assert [(stage.role, stage.quorum) for stage in template.stages] == [("security", 1), ("data-owner", 2)]
    assert template.review_interval < load_catalog(SHIPPED).templates["guest-collaboration"].review_interval


SHIPPED_NAMES = {
    "block",
    "calendar-sharing",
    "contractor-portal",
    "guest-collaboration",
    "merger",
    "regulated-project",
    "subsidiary-synchronization",
    "teams-shared-channels",
    "trusted-partner",
}


def test_the_shipped_folder_holds_these_nine_and_every_role_they_name() -> None:
    catalog = load_catalog(SHIPPED)
    assert set(catalog.templates) == SHIPPED_NAMES
    named = {stage.role for template in catalog.templates.values() for stage in template.stages}
    assert named | {ADMIN, AUDITOR} == set(catalog.roles)
    assert named | {ADMIN} == catalog.deciding_roles
    for name, template in catalog.templates.items():
        assert template.name == name
        assert template.default_duration in template.durations
        assert list(template.durations) == sorted(template.durations)
        assert re.fullmatch("[0-9a-f]{64}", template.content_hash)


# --- what is read ---


def test_a_template_is_read_whole(write: Write) -> None:
    template = load_catalog(write()).templates["open"]
    assert (template.name, template.title, template.description) == ("open", "Open", "Their people work as guests.")
    assert template.durations == (timedelta(days=90), timedelta(days=180))
    assert (template.default_duration, template.review_interval) == (timedelta(days=90), timedelta(days=90))
    assert template.decide_within == timedelta(days=14)
    assert dict(template.settings) == {
        Property.B2B_COLLABORATION_INBOUND: TO_OFFICE_365,
        Property.INBOUND_TRUST: InboundTrust(mfa=True),
    }


def test_roles_name_chat_groups_entra_groups_and_people(write: Write) -> None:
    roles = ROLES + f'[data-owner]\ntitle = "Data owners"\nuser_groups = ["a", "b"]\nentra_groups = ["{GUID}"]\n'
    catalog = load_catalog(write(roles=roles))
    assert catalog.roles[Role("data-owner")] == RoleSource(
        role=Role("data-owner"), title="Data owners", user_groups=("a", "b"), entra_groups=(GUID,)
    )
    assert catalog.roles[ADMIN].people == ("dana@woodgrove.com",)


def test_a_synchronized_group_is_accepted_only_where_the_role_names_it(write: Write) -> None:
    role = f'[data-owner]\ntitle = "Data owners"\nentra_groups = ["{GUID}"]\naccept_synchronized_groups = ["'
    catalog = load_catalog(write(roles=ROLES + f'{role}{GUID.upper()}"]\n'))
    assert catalog.roles[Role("data-owner")].accept_synchronized_groups == (GUID.upper(),)
    other = GUID[:-1] + "0"
    with pytest.raises(CatalogProblems) as caught:
        load_catalog(write(roles=ROLES + f'{role}{other}"]\n'))
    [problem] = caught.value.problems
    assert problem.startswith("roles.toml: data-owner: ")
    assert problem.endswith(f"accept_synchronized_groups: add {other} to entra_groups too, or remove it")


def test_users_groups_and_applications_are_named_by_id(write: Write) -> None:
    text = edited('targets = ["AllUsers"]', f'targets = ["user:{GUID}", "group:{GUID}"]')
    text = text.replace('targets = ["Office365"]', f'targets = ["Office365", "{GUID}"]')
    setting = load_catalog(write(text)).templates["open"].settings[Property.B2B_COLLABORATION_INBOUND]
    assert isinstance(setting, B2BSetting)
    assert setting.users_and_groups is not None
    assert setting.applications is not None
    assert [(one.type, one.id) for one in setting.users_and_groups.targets] == [("user", GUID), ("group", GUID)]
    assert [(one.type, one.id) for one in setting.applications.targets] == [
        ("application", OFFICE_365),
        ("application", GUID),
    ]


def test_a_whole_block_is_accepted(write: Write) -> None:
    text = TEMPLATE.replace('"allowed"', '"blocked"').replace(OFFICE_365, ALL_APPLICATIONS)
    assert load_catalog(write(text)).templates


def test_who_may_request_is_no_part_of_what_is_approved(write: Write) -> None:
    usual = load_catalog(write(TEMPLATE)).templates["open"]
    assert (usual.may_request, usual.may_request_for) == ((), MayRequestFor.NOBODY)
    keys = 'title = "Open"\nmay_request = ["security", "admin", "security"]\non_behalf_of = "reports"'
    limited = load_catalog(write(TEMPLATE.replace('title = "Open"', keys))).templates["open"]
    assert (limited.may_request, limited.may_request_for) == (("security", "admin"), MayRequestFor.REPORTS)
    assert limited.content_hash == usual.content_hash


def test_a_manager_can_decide_a_stage_and_counts_for_the_risk(write: Write) -> None:
    text = TEMPLATE.replace('role = "security"', 'role = "requester-managers-manager"')
    catalog = load_catalog(write(text))
    assert [stage.role for stage in catalog.templates["open"].stages] == ["requester-managers-manager", "admin"]


@pytest.mark.threats("C7")
def test_one_manager_in_two_stages_is_refused(write: Write) -> None:
    stage = '[[stages]]\ntitle = "Manager"\nrole = "requester-manager"\nquorum = 1\n\n'
    (found,) = problems(write(TEMPLATE.replace("[[stages]]", stage + stage + "[[stages]]", 1)))
    assert found == (
        "open.toml: stages.1.role: requester-manager is one person, who can approve once; name it in one stage only"
    )


@pytest.mark.parametrize("name", sorted(RELATIONS))
def test_the_name_of_a_relation_is_reserved(write: Write, name: str) -> None:
    (found,) = problems(write(roles=f'{ROLES}[{name}]\ntitle = "Managers"\nuser_groups = ["managers"]\n'))
    assert found.startswith(f"roles.toml: {name}: this name is reserved for a person whom Entra names")


# --- what is wrong ---


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('title = "Open"', 'title = "Open"\ncolour = "red"', "open.toml: colour: Extra inputs are not permitted"),
        ("mfa = true", "mfa = true\nfido = true", "open.toml: settings.inbound_trust.fido: Extra inputs"),
        ("mfa = true", 'mfa = "perhaps"', "open.toml: settings.inbound_trust.mfa: Input should be a valid boolean"),
        ('title = "Open"\n', "", "open.toml: title: Field required"),
        ('title = "Open"', 'title = "  "', "open.toml: title: String should have at least 1 character"),
        ("quorum = 1", "quorum = 0", "open.toml: stages.0.quorum: Input should be greater than or equal to 1"),
        ("quorum = 1", "quorum = -1", "open.toml: stages.0.quorum:"),
        ("quorum = 1", "quorum = 1.5", "open.toml: stages.0.quorum:"),
        (
            'role = "security"\nquorum = 1',
            'role = "sponsor-manager"\nquorum = 2',
            "open.toml: stages.0.quorum: only one person is the sponsor-manager, so it must be 1",
        ),
        ('role = "security"', 'role = "legal"', "open.toml: stages.0.role: legal is not in roles.toml; add it there"),
        (
            'title = "Open"',
            'title = "Open"\nmay_request = ["security", "legal"]',
            "open.toml: may_request.1: legal is not in roles.toml; add it there",
        ),
        ('title = "Open"', 'title = "Open"\nmay_request = ["All people"]', "open.toml: may_request.0: String should"),
        (
            'title = "Open"',
            'title = "Open"\nmay_request = "security"',
            "open.toml: may_request: Input should be a",
        ),
        (
            'title = "Open"',
            'title = "Open"\non_behalf_of = "everybody"',
            "open.toml: on_behalf_of: Input should be 'nobody', 'reports' or 'members'",
        ),
        ("default_duration_days = 90", "default_duration_days = 91", "default_duration_days: choose one of durations"),
        ("durations_days = [90, 180]", "durations_days = []", "open.toml: durations_days:"),
        ("durations_days = [90, 180]", "durations_days = [90, 0]", "open.toml: durations_days.1:"),
        ("review_every_days = 90", "review_every_days = 0", "open.toml: review_every_days:"),
        ("decide_within_days = 14", "decide_within_days = 91", "open.toml: decide_within_days:"),
        (
            '["AllUsers"]',
            f'["AllUsers", "user:{GUID}"]',
            "open.toml: settings.b2b_collaboration_inbound: Value error, users.targets: AllUsers stands alone",
        ),
        ('["Office365"]', '["AllApplications", "Office365"]', "applications.targets: AllApplications stands alone"),
        ('["AllUsers"]', '["allusers"]', "; write AllUsers"),
        ('["Office365"]', '["all"]', "; write AllApplications"),
        (
            'users = { access = "allowed"',
            'users = { access = "blocked"',
            "open.toml: settings.b2b_collaboration_inbound: Value error, a block is whole",
        ),
        (
            'applications = { access = "allowed", targets = ["Office365"]',
            'applications = { access = "blocked", targets = ["AllApplications"]',
            "open.toml: settings.b2b_collaboration_inbound: Value error, a block is whole",
        ),
        (
            'applications = { access = "allowed", targets = ["Office365"] }\n',
            "",
            "open.toml: settings.b2b_collaboration_inbound.applications: Field required",
        ),
        ('["AllUsers"]', '["allusers"]', "open.toml: settings.b2b_collaboration_inbound.users.targets.0:"),
        ('["AllUsers"]', "[]", "open.toml: settings.b2b_collaboration_inbound.users.targets:"),
        ('access = "allowed", targets = ["AllU', 'access = "open", targets = ["AllU', ".users.access:"),
        ("[settings.inbound_trust]", "[settings.outbound_trust]", "open.toml: settings.outbound_trust: Extra inputs"),
        *(
            ("[settings.inbound_trust]", f"[settings.{name}]", f"open.toml: settings.{name}: Extra inputs")
            for name in ("is_sync_allowed", "is_service_provider", "is_in_multi_tenant_organization")
        ),
    ],
)
@pytest.mark.threats("C7", "D7")
def test_a_problem_is_named_by_file_and_key(write: Write, old: str, new: str, problem: str) -> None:
    found = problems(write(edited(old, new)))
    assert any(problem in one for one in found), found
    assert all(one.startswith("open.toml: ") for one in found)


def test_the_former_key_of_placeholders_is_refused_with_the_new_one(write: Write) -> None:
    """A folder of templates that was made for an earlier version says [[holes]]."""
    former = '\n[[holes]]\nname = "pilot_group"\nlabel = "Pilot group"\nkind = "group"\n'
    (found,) = problems(write(TEMPLATE.replace('"AllUsers"', '"group:{pilot_group}"') + former))
    assert (
        found == "open.toml: holes: this key is called placeholders now; write [[placeholders]] in place of [[holes]]"
    )


def test_a_template_that_writes_nothing_is_refused(write: Write) -> None:
    text = TEMPLATE[: TEMPLATE.index("[settings")] + "[settings]\n"
    (found,) = problems(write(text))
    assert "open.toml" in found
    assert "the template changes nothing" in found


@pytest.mark.threats("C7")
def test_a_chain_without_stages_is_refused(write: Write) -> None:
    text = re.sub(r"\[\[stages]].*?quorum = 2\n", "", TEMPLATE, flags=re.DOTALL)
    (found,) = problems(write(text.replace("review_every", "stages = []\nreview_every", 1)))
    assert found.startswith("open.toml: stages: Tuple should have at least 1 item")


@pytest.mark.threats("C7")
@pytest.mark.parametrize(
    ("roles", "problem"),
    [
        ('[security]\ntitle = "S"\nuser_groups = ["s"]\n', "roles.toml: admin: this role is missing; it names who may"),
        (ROLES + '[legal]\ntitle = "Legal"\n', "roles.toml: legal: file: Value error, name somebody"),
        (ROLES + '[legal]\ntitle = "Legal"\npeople = ["dana"]\n', "roles.toml: legal: people.0:"),
        (ROLES + '[legal]\ntitle = "Legal"\nentra_groups = ["admins"]\n', "roles.toml: legal: entra_groups.0:"),
        (ROLES + '[legal]\nname = "Legal"\nuser_groups = ["x"]\n', "roles.toml: legal: name: Extra inputs"),
        (ROLES + "[[legal]]\n", "roles.toml: legal:"),
        ("legal = 1\n" + ROLES, "roles.toml: legal:"),
        ("[security\n", "roles.toml: not readable as TOML"),
    ],
)
def test_a_problem_of_the_roles_is_named_by_file_and_key(write: Write, roles: str, problem: str) -> None:
    found = problems(write(roles=roles))
    assert any(one.startswith(problem) for one in found), found


@pytest.mark.parametrize(
    "text", ["title = ", "title = 'a'\ntitle = 'b'", "\x00", "[[[[", f"x = {'9' * 5000}", f"x = {'[' * 5000}"]
)
def test_what_is_no_toml_is_named(write: Write, text: str) -> None:
    (found,) = problems(write(text))
    assert found.startswith("open.toml: not readable as TOML: ")


def test_what_is_no_text_is_named(write: Write) -> None:
    folder = write()
    (folder / "latin.toml").write_bytes('title = "café"'.encode("latin-1"))
    (found,) = problems(folder)
    assert found.startswith("latin.toml: not readable as TOML: ")


def test_every_problem_of_every_file_is_said_at_once(write: Write) -> None:
    found = problems(
        write(
            edited("quorum = 1", "quorum = 0").replace("mfa = true", "mfa = 3"),
            b=edited('role = "security"', 'role = "legal"'),
            c="title = ",
            roles='[security]\ntitle = "S"\nuser_groups = ["s"]\n[data-owner]\ntitle = "D"\n',
        )
    )
    assert {tuple(one.split(": ")[:2]) for one in found} >= {
        ("b.toml", "stages.0.role"),
        ("c.toml", "not readable as TOML"),
        ("open.toml", "settings.inbound_trust.mfa"),
        ("open.toml", "stages.0.quorum"),
        ("roles.toml", "admin"),
        ("roles.toml", "data-owner"),
    }


def test_an_empty_folder_lacks_templates_and_roles(tmp_path: Path) -> None:
    roles, templates = problems(tmp_path)
    assert roles == f"roles.toml: missing in {tmp_path}"
    assert templates.startswith(f"{tmp_path}: no template found")


@pytest.mark.threats("C11")
@pytest.mark.skipif(os.name != "posix", reason="Windows has no such modes")
@pytest.mark.parametrize(("name", "mode"), [("", 0o777), ("roles.toml", 0o666), ("open.toml", 0o646)])
def test_what_everybody_on_the_machine_can_write_does_not_load(write: Write, name: str, mode: int) -> None:
    """Whoever can write roles.toml chooses the approvers."""
    folder = write(TEMPLATE)
    (folder / name).chmod(mode)
    (found,) = problems(folder)
    assert found == (
        f"{name or folder.name}: every user of this machine can write it and so choose approvers; "
        f"run chmod o-w {folder / name}"
    )
    (folder / name).chmod(0o1777 if name == "" else 0o664)
    assert load_catalog(folder).templates, "the group of the deployment may write; a sticky folder keeps its files"


def test_a_folder_with_roles_alone_lacks_templates(tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_text(ROLES)
    (found,) = problems(tmp_path)
    assert "no template found" in found


def test_what_is_no_folder_is_named_by_its_setting(tmp_path: Path) -> None:
    (found,) = problems(tmp_path / "nowhere")
    assert found.startswith("GATEHOUSE_TEMPLATES: ")
    assert "is not a folder" in found


# --- the chain ---


@pytest.mark.parametrize(
    ("quorum", "found"),
    [
        (2, []),
        (
            1,
            [
                "open.toml: stages: the risk is high and needs 3 approvers (stages: at least 2), "
                "but the approval policy has 2 (stages: 2)."
            ],
        ),
    ],
)
def test_a_chain_too_weak_for_what_the_template_can_let_in_does_not_load(
    write: Write, quorum: int, found: list[str]
) -> None:
    """MFA is trusted and the devices are left to a default that may trust them, too."""
    folder = write(edited("quorum = 2", f"quorum = {quorum}"))
    said = [] if quorum == 2 else list(problems(folder))
    assert [one[: len(wanted)] for one, wanted in zip(said, found, strict=True)] == found
    if not found:
        assert load_catalog(folder).templates


def test_the_longest_duration_counts_in_the_risk(write: Write) -> None:
    low = edited("mfa = true", "mfa = false\ncompliant_device = false\nhybrid_joined_device = false")
    low = low.replace('[[stages]]\ntitle = "Admins"\nrole = "admin"\nquorum = 2\n', "")
    assert load_catalog(write(low)).templates
    (found,) = problems(write(low.replace("[90, 180]", "[90, 800]")))
    assert found.startswith("open.toml: stages: the risk is elevated and needs 2 approvers")
    assert "longer than a year" in found


# --- placeholders ---

HOLES = """
[[placeholders]]
name = "pilot"
label = "Pilot group"
kind = "group"
hint = "Ask them."

[[placeholders]]
name = "portal"
label = "Portal"
kind = "application"
"""


def with_placeholders(
    placeholders: str = HOLES, *, people: str = "group:{pilot}", application: str = "{portal}"
) -> str:
    """The usual template with placeholders, and places for them."""
    text = TEMPLATE.replace("[[stages]]", f"{placeholders}\n[[stages]]", 1)
    return text.replace("AllUsers", people).replace("Office365", application)


def test_placeholders_are_read_and_know_whose_ids_they_ask_for(write: Write) -> None:
    template = load_catalog(write(with_placeholders())).templates["open"]
    assert template.placeholders == (
        Placeholder(name="pilot", label="Pilot group", kind=TargetType.GROUP, owner=Owner.THEIRS, hint="Ask them."),
        Placeholder(name="portal", label="Portal", kind=TargetType.APPLICATION, owner=Owner.OURS),
    )
    setting = filled_settings(template, {"pilot": GUID, "portal": GUID})[Property.B2B_COLLABORATION_INBOUND]
    assert isinstance(setting, B2BSetting)
    assert setting.users_and_groups is not None
    assert setting.users_and_groups.targets == (Target(type=TargetType.GROUP, id=GUID),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (with_placeholders(""), "settings: {pilot} is not one of the placeholders; declare it under [[placeholders]]"),
        (with_placeholders(people="AllUsers"), "placeholders: pilot stands nowhere in the settings"),
        (with_placeholders(people="user:{pilot}"), "placeholders: pilot is a group but stands where a user does"),
        (with_placeholders(HOLES.replace('"pilot"', '"portal"')), "placeholders: two placeholders have the same name"),
        (with_placeholders(f"{HOLES}required = false\n"), "placeholders: portal is all that stands in its list"),
        (with_placeholders(HOLES.replace('"application"', '"app"')), "placeholders.1.kind:"),
        (with_placeholders(HOLES.replace('"pilot"', '"Pilot group"')), "placeholders.0.name:"),
        (with_placeholders(people="group:{Pilot group}"), "settings.b2b_collaboration_inbound.users.targets.0:"),
        (with_placeholders(people="{pilot}"), "settings.b2b_collaboration_inbound.users.targets.0:"),
        (
            with_placeholders(people="group:{pilot}").replace(
                "[settings.inbound_trust]",
                "[settings.b2b_collaboration_outbound]\n"
                'users = { access = "allowed", targets = ["group:{pilot}"] }\n'
                'applications = { access = "allowed", targets = ["Office365"] }\n[settings.inbound_trust]',
            ),
            "placeholders: pilot stands for an ID of ours and for one of theirs; make it two placeholders",
        ),
    ],
)
def test_a_placeholder_that_does_not_fit_is_named(write: Write, text: str, problem: str) -> None:
    found = problems(write(text))
    assert any(problem in one for one in found), found
    assert all(one.startswith("open.toml: ") for one in found)


def test_the_hash_follows_the_placeholders_and_only_them(write: Write) -> None:
    """A template without placeholders keeps the hash that stored requests contain."""
    whole = content_hash(write(with_placeholders()))
    for old, new in (
        ("Pilot group", "Group"),
        ("Ask them.", "Ask."),
        ('kind = "application"', 'kind = "application"\n'),
    ):
        changed = content_hash(write(with_placeholders(HOLES.replace(old, new))))
        assert (changed == whole) is (new.strip() == old)


# --- every setting ---


def test_a_setting_can_be_given_back_to_the_default(write: Write) -> None:
    text = re.sub(r"\[settings\.b2b.*", "", TEMPLATE, flags=re.DOTALL)
    text += '[settings]\ninbound_trust = "inherit"\nb2b_direct_connect_inbound = "inherit"\n'
    settings = load_catalog(write(text.replace("quorum = 1", "quorum = 2"))).templates["open"].settings
    assert dict(settings) == {Property.INBOUND_TRUST: None, Property.B2B_DIRECT_CONNECT_INBOUND: None}


def test_synchronization_has_no_default_to_inherit(write: Write) -> None:
    text = re.sub(r"\[settings\.b2b.*", "", TEMPLATE, flags=re.DOTALL)
    (found,) = problems(write(text + '[settings]\nidentity_synchronization = "inherit"\n'))
    assert "there is no default to inherit; write inbound = false" in found


def test_the_seldom_settings_are_written_only_where_they_are_named(write: Write) -> None:
    half = 'access = "allowed", targets = ['
    text = TEMPLATE + (
        f'[settings.tenant_restrictions]\nusers = {{ {half}"AllUsers"] }}\n'
        f'applications = {{ {half}"AllMicrosoftApps"] }}\n'
        f'[settings.m365_collaboration_inbound]\nusers = {{ {half}"group:{GUID}"] }}\n'
        f'[settings.m365_collaboration_outbound]\nusers = {{ {half}"AllUsers"] }}\n'
        f'[settings.app_service_connect_inbound]\napplications = {{ {half}"{GUID}"] }}\n'
        "[settings.identity_synchronization]\ninbound = true\n"
    )
    settings = load_catalog(write(text)).templates["open"].settings
    everybody = TargetConfiguration(access=AccessType.ALLOWED, targets=(Target(type=TargetType.USER, id=ALL_USERS),))
    group = replace(everybody, targets=(Target(type=TargetType.GROUP, id=GUID),))
    application = replace(everybody, targets=(Target(type=TargetType.APPLICATION, id=GUID),))
    assert settings[Property.M365_COLLABORATION_INBOUND] == M365CollaborationInbound(users=group)
    assert settings[Property.M365_COLLABORATION_OUTBOUND] == M365CollaborationOutbound(users_and_groups=everybody)
    assert settings[Property.APP_SERVICE_CONNECT_INBOUND] == AppServiceConnect(applications=application)
    assert settings[Property.IDENTITY_SYNCHRONIZATION] == IdentitySynchronization(is_allowed=True)
    assert isinstance(settings[Property.TENANT_RESTRICTIONS], TenantRestrictions)


# --- the content hash ---


def content_hash(folder: Path) -> str:
    """Return the hash of the usual template in a folder."""
    return load_catalog(folder).templates["open"].content_hash


@pytest.mark.parametrize(
    "same",
    [
        "# What this is for\n" + TEMPLATE + "\n# the end\n",
        TEMPLATE.replace(" = ", "="),
        TEMPLATE.replace("\n", "\r\n"),
        TEMPLATE.replace("[90, 180]", "[\n  90,\n  180,  # half a year\n]"),
        TEMPLATE.replace('"Open"', "'Open'").replace('"Security"', '"  Security "'),
        TEMPLATE.replace("[settings.inbound_trust]\nmfa = true\n", "").replace(
            "[settings.b2b", "[settings.inbound_trust]\nmfa = true\n\n[settings.b2b"
        ),
    ],
    ids=["comments", "spaces", "line ends", "layout", "quotes", "order of tables"],
)
def test_the_hash_stays_when_only_the_writing_changes(write: Write, same: str) -> None:
    before = content_hash(write())
    assert same != TEMPLATE
    assert content_hash(write(same)) == before


def test_the_hash_stays_when_roles_or_other_templates_change(write: Write) -> None:
    """The members of a role are checked at each decision; they are no part of what was approved."""
    before = content_hash(write())
    assert content_hash(write(roles=ROLES.replace("dana@", "eve@"), other=edited("Open", "Other"))) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title = "Open"', 'title = "Opened"'),
        ("as guests.", "as guests!"),
        ("review_every_days = 90", "review_every_days = 91"),
        ("[90, 180]", "[90, 181]"),
        ("default_duration_days = 90", "default_duration_days = 180"),
        ("decide_within_days = 14", "decide_within_days = 15"),
        ('title = "Security"', 'title = "Safety"'),
        ('role = "security"', 'role = "admin"'),
        ("quorum = 1", "quorum = 3"),
        ("mfa = true", "mfa = false"),
        ("mfa = true", "compliant_device = true"),
        ("mfa = true", "mfa = true\ncompliant_device = false"),
        ('["Office365"]', '["AllApplications"]'),
        ('["AllUsers"]', f'["user:{GUID}"]'),
        ("[settings.inbound_trust]\nmfa = true\n", ""),
        ("[settings.inbound_trust]\nmfa = true\n", "[settings.automatic_redemption]\ninbound = true\n"),
    ],
)
def test_the_hash_changes_with_the_meaning(write: Write, old: str, new: str) -> None:
    before = content_hash(write())
    assert content_hash(write(edited(old, new))) != before


# --- what only the form uses ---

FORM = """
need = "Documents and chat"
purpose = "Work with us"
end_date = false
ticket = { pattern = "(PRJ|OPS)-[0-9]{4,}", hint = "As in PRJ-1234." }
"""


def with_form(keys: str = FORM) -> str:
    """The usual template with keys of the form."""
    return edited("review_every_days", f"{keys}review_every_days")


def test_the_keys_of_the_form_are_read_and_leave_the_hash_of_open_requests_alone(write: Write) -> None:
    before = load_catalog(write()).templates["open"]
    template = load_catalog(write(with_form())).templates["open"]
    assert (template.need, template.purpose, template.may_end_on_date) == ("Documents and chat", "Work with us", False)
    assert template.ticket == TicketRule(pattern="(PRJ|OPS)-[0-9]{4,}", hint="As in PRJ-1234.", is_required=True)
    assert template.content_hash == before.content_hash
    assert (before.need, before.purpose, before.ticket, before.may_end_on_date) == ("", "", None, True)


def test_a_prefix_leaves_the_hash_alone_and_is_for_objects_of_ours(write: Write) -> None:
    before = content_hash(write(with_placeholders()))
    ours = load_catalog(write(with_placeholders(f'{HOLES}prefix = "APP-"\n'))).templates["open"]
    assert ([one.prefix for one in ours.placeholders], ours.content_hash) == (["", "APP-"], before)
    theirs = HOLES.replace('hint = "Ask them."', 'prefix = "PRJ-"')
    assert "pilot is an ID of theirs, whose name nobody here can read; remove its prefix" in " ".join(
        problems(write(with_placeholders(theirs)))
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (f'need = "{"n" * 76}"\n', "need: String should have at most 75 characters"),
        (f'purpose = "{"p" * 61}"\n', "purpose: String should have at most 60 characters"),
        ('ticket = { pattern = "(" }\n', "ticket.pattern: Value error, not a regular expression"),
        ('ticket = { pattern = "(a+)+$" }\n', "ticket.pattern: Value error, a group cannot be repeated"),
        ('ticket = { pattern = "(a|b){3}" }\n', "ticket.pattern: Value error, a group cannot be repeated"),
        ('ticket = { hint = "x" }\n', "ticket.pattern: Field required"),
        ('end_date = "soon"\n', "end_date: Input should be a valid boolean"),
    ],
)
def test_wrong_keys_of_the_form_are_named(write: Write, keys: str, said: str) -> None:
    assert said in " ".join(problems(write(with_form(keys))))


def test_every_shipped_template_says_what_for() -> None:
    for template in load_catalog(SHIPPED).templates.values():
        assert template.need, template.name
        assert template.purpose, template.name


# --- auditors ---

AUDITORS = '\n[auditor]\ntitle = "Auditors"\nuser_groups = ["partner-auditors"]\n'


def test_the_role_of_auditors_is_optional_and_decides_nothing(write: Write) -> None:
    assert load_catalog(write()).deciding_roles == {ADMIN, Role("security")}
    catalog = load_catalog(write(roles=ROLES + AUDITORS))
    assert AUDITOR in catalog.roles
    assert AUDITOR not in catalog.deciding_roles


def test_a_template_whose_chain_names_auditors_is_refused(write: Write) -> None:
    folder = write(TEMPLATE.replace('role = "security"', 'role = "auditor"'), roles=ROLES + AUDITORS)
    assert list(problems(folder)) == [
        "open.toml: stages.0.role: auditor only reads and decides nothing; name another role"
    ]


CALENDAR = """
[settings.m365_collaboration_inbound]
users = { access = "allowed", targets = ["AllUsers"] }

[settings.m365_capabilities]
free_busy = ["AllUsers"]
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('access = "allowed"', 'access = "blocked"', "they need Microsoft 365 collaboration"),
        ("[settings.m365_collaboration_inbound]", "[settings.m365_collaboration_outbound]", "they need Microsoft 365"),
        ('free_busy = ["AllUsers"]', "", "name at least one capability"),
        ('free_busy = ["AllUsers"]', "free_busy = []", "free_busy"),
        ('free_busy = ["AllUsers"]', 'migration = ["AllUsers"]', "migration"),
        (
            'free_busy = ["AllUsers"]',
            f'free_busy = ["AllUsers", "group:{"a" * 8}-0a5d-4f3b-9c61-000000000001"]',
            "AllUsers stands alone",
        ),
        (
            '\n[settings.m365_capabilities]\nfree_busy = ["AllUsers"]',
            '\n[settings]\nm365_capabilities = "inherit"',
            "cap",
        ),
    ],
)
def test_a_capability_without_what_it_needs_is_a_problem_of_the_template(
    write: Write, old: str, new: str, problem: str
) -> None:
    assert old in CALENDAR
    usual = TEMPLATE.partition("[settings.")[0]
    assert problem in " ".join(problems(write(usual + CALENDAR.replace(old, new))))


def test_capabilities_are_read_with_their_people_and_change_the_hash() -> None:
    template = load_catalog(SHIPPED).templates["calendar-sharing"]
    everybody = TargetConfiguration(access=AccessType.ALLOWED, targets=(Target(type=TargetType.USER, id=ALL_USERS),))
    assert template.settings == {
        Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound(users=everybody),
        Property.M365_CAPABILITIES: Capabilities(items=(Capability(name=CapabilityName.FREE_BUSY, people=everybody),)),
    }

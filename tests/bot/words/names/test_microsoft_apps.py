"""Microsoft's own applications have the same IDs everywhere, so settings name them without a look-up."""

import pytest

from bot.words.names.microsoft_apps import MICROSOFT_APPS, microsoft_app_name
from bot.words.plans.short_changes import short_changes
from bot.words.settings.values import setting_words
from tests.workflows.core.builders import LIFETIME, TENANT
from workflows.core.checks.rules import RIGHTS_MANAGEMENT
from workflows.core.plans.planning import plan_access
from workflows.core.settings.documents import parse_setting
from workflows.core.settings.model import Property, Target, TargetType, is_guid

TEAMS = "1fec8e78-bce4-4aaf-ab1b-5451cc387264"


def document(application: str) -> dict[str, object]:
    return {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {"accessType": "allowed", "targets": [{"target": application, "targetType": "application"}]},
    }


def test_every_id_is_a_guid_in_the_form_that_graph_returns_and_no_name_is_there_twice() -> None:
    assert all(is_guid(one) and one == one.lower() for one in MICROSOFT_APPS)
    assert len(set(MICROSOFT_APPS.values())) == len(MICROSOFT_APPS)
    assert MICROSOFT_APPS[RIGHTS_MANAGEMENT] == "Microsoft Rights Management Services"


def test_only_applications_have_such_a_name() -> None:
    assert microsoft_app_name(Target(type=TargetType.APPLICATION, id=TEAMS.upper())) == "Microsoft Teams"
    assert microsoft_app_name(Target(type=TargetType.GROUP, id=TEAMS)) is None
    assert microsoft_app_name(Target(type=TargetType.APPLICATION, id=TENANT)) is None


@pytest.mark.parametrize("name", [Property.B2B_COLLABORATION_INBOUND, Property.B2B_COLLABORATION_OUTBOUND])
def test_details_and_cards_name_it_in_both_directions(name: Property) -> None:
    assert f"application “Microsoft Teams” ({TEAMS})" in setting_words(name, document(TEAMS))
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings={name: parse_setting(name, document(TEAMS))},
        template="t",
        template_hash="",
        duration=LIFETIME,
    )
    assert any("only “Microsoft Teams”" in one.text for one in short_changes(plan, {}))

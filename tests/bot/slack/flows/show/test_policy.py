"""`/partner policy`: the list of templates, and one template with its people, deadlines and what silence leads to."""

from dataclasses import replace

import pytest

from bot.slack.flows.show.policy import find_template, policy_list, policy_message
from bot.slack.people.approvers import Approvers, StageApprovers
from tests.bot.surfaces import assert_sound_message, shown
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.errors.raised import InvalidField
from workflows.core.people import Role
from workflows.core.policy.template import MayRequestFor, Stage, Template

TEMPLATES = list(load_catalog(SHIPPED).templates.values())
TRUSTED = next(one for one in TEMPLATES if one.name == "trusted-partner")


def people(template: Template, *, others: int = 0) -> list[StageApprovers]:
    """Return one named approver of each stage."""
    return [
        StageApprovers(stage=one, approvers=Approvers(names=("Amara",), other_count=others)) for one in template.stages
    ]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.name)
@pytest.mark.parametrize("others", [0, 3])
def test_every_shipped_template_is_a_sound_message(template: Template, others: int) -> None:
    message = policy_message(template, people(template, others=others), people(template, others=others))
    assert_sound_message(message)
    said = shown(message.blocks)
    assert "or the request expires and nothing changes" in said
    assert "Every full member may request it." in said
    assert ("unanswered 60 days" in said) is (template.name != "block")


def test_who_may_request_is_named_with_the_people() -> None:
    template = replace(TRUSTED, may_request=(Role("admin"),), may_request_for=MayRequestFor.REPORTS)
    admins = StageApprovers(stage=Stage(title="Partner admins", role=Role("admin"), quorum=1))
    said = shown(policy_message(template, people(template), [admins]).blocks)
    assert "People with the role “admin” may request it. Also for people whose manager in Entra sends it." in said
    assert "not known now" in said


def test_the_list_names_every_template_and_counts_the_rest() -> None:
    message = policy_list(TEMPLATES)
    assert_sound_message(message)
    assert all(one.title in shown(message.blocks) for one in TEMPLATES)
    assert shown(message.blocks).count("every full member may request it") == 1
    assert "Every full member" not in shown(message.blocks), "not for each template"
    limited = replace(TRUSTED, may_request=(Role("admin"),))
    assert "People with the role “admin” may request it." in shown(policy_list([limited]).blocks)
    assert "and 1 more" in shown(policy_list([TRUSTED] * 41).blocks)


def test_a_template_is_found_by_name_and_title_in_any_case() -> None:
    for typed in ("trusted-partner", "Trusted PARTNER", "“Trusted partner”"):
        assert find_template(TEMPLATES, typed) is TRUSTED
    with pytest.raises(InvalidField) as refused:
        find_template(TEMPLATES, "nothing")
    assert refused.value.fact.values["template"] == "nothing"

"""The names that the form only counts can be opened: everybody who would be asked, page by page."""

import pytest

from bot.sandbox.slack.block_kit.blocks import problems
from bot.slack import ids
from bot.slack.blocks.pages import PER_PAGE
from bot.slack.flows.request_access.all_approvers_modal import all_approvers_row, all_approvers_view, parse_page
from bot.slack.people.approvers import Approvers, StageApprovers
from tests.bot.surfaces import assert_sound, buttons
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Role
from workflows.core.policy.template import Stage

SENDER, SPONSOR = ChatId("U0SENDER"), ChatId("U0SPONSOR")


def stages(title: str, count: int = 10) -> list[StageApprovers]:
    """The most stages of a template, each with more people than are named."""
    return [
        StageApprovers(
            stage=Stage(title=title, role=Role("a" * 60 + str(number)), quorum=1),
            approvers=Approvers(names=("Amara",), other_count=30),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("title", ["Security", "“" * 60, '"' * 60, "\\" * 60, "x" * 60])
def test_the_button_fits_and_names_every_stage(title: str) -> None:
    shows = all_approvers_row(stages(title), (SENDER, SPONSOR))
    assert problems([shows.to_dict()], "modal") == []
    asked = parse_page(shows.to_dict()["accessory"]["value"])
    assert [role for _, role in asked.stages] == [one.stage.role for one in stages(title)]
    assert asked.excluded == (SENDER, SPONSOR)


@pytest.mark.parametrize("count", [0, 1, PER_PAGE, PER_PAGE + 1, 3 * PER_PAGE + 5])
def test_the_pages_have_everybody_once(count: int) -> None:
    everybody = [ChatId(f"U{number:04d}") for number in range(count)]
    people = [("Security", everybody[::2]), ("Security", everybody[1::2])]
    value = all_approvers_row(stages("Security", 1), (SENDER,)).to_dict()["accessory"]["value"]
    said = ""
    while value:
        view = all_approvers_view(people, parse_page(value))
        assert_sound(view)
        said += str(view["blocks"])
        value = buttons(view["blocks"]).get(ids.DECIDERS_NEXT, "")
    assert [said.count(person) for person in everybody] == [1] * count


@pytest.mark.parametrize(
    "value", ["", "x", "{}", '{"stages":[["a"]],"excluded":[]}', '{"stages":[],"excluded":[],"page":-1}']
)
def test_a_button_with_another_value_is_refused(value: str) -> None:
    with pytest.raises(Refused):
        parse_page(value)

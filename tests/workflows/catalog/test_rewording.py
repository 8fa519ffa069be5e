"""A release may reword shipped templates: what is open is not asked again, and nothing but words may differ."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from bot.slack.blocks.message import Message
from tests.bot.surfaces import card
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, NOW, RILEY
from tests.workflows.world import CATALOG, World, restarted
from workflows.app.requests.forms import refill
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.catalog.rewording import REWORDED, has_same_meaning
from workflows.catalog.template_files import TemplateFile
from workflows.core.policy.template import Template
from workflows.core.requests.request import RequestState

EARLIER_FILES: Final = sorted((Path(__file__).parent / "reworded").glob("*.toml"))


def earlier(path: Path) -> Template:
    return TemplateFile.model_validate(tomllib.loads(path.read_text())).to_domain(path.stem)


def without_words(template: Template) -> Template:
    """Return a template without what people only read."""
    return replace(
        template,
        description="",
        content_hash="",
        need="",  # a word of the form's menu, which no hash covers
        attest_mfa_for=None,  # a rule of reviews, which no hash covers either
        placeholders=tuple(replace(one, label="", hint="") for one in template.placeholders),
        stages=tuple(replace(one, title="") for one in template.stages),
    )


@pytest.mark.parametrize("path", EARLIER_FILES, ids=lambda path: path.stem)
def test_a_reworded_template_differs_in_its_words_only(path: Path) -> None:
    before, now = earlier(path), load_catalog(SHIPPED).templates[path.stem]
    assert before.content_hash != now.content_hash
    assert REWORDED[before.content_hash] == now.content_hash
    assert without_words(before) == without_words(now)


def test_every_entry_is_of_a_kept_earlier_file_and_leads_to_a_shipped_one() -> None:
    assert set(REWORDED) == {earlier(path).content_hash for path in EARLIER_FILES}
    assert set(REWORDED.values()) <= {one.content_hash for one in load_catalog(SHIPPED).templates.values()}


def test_any_other_hash_is_another_template() -> None:
    (before, now), other = next(iter(REWORDED.items())), "0" * 64
    assert has_same_meaning(before, now)
    assert has_same_meaning(now, now)
    assert not has_same_meaning(now, before), "an earlier file that comes back is an edit like any other"
    assert not has_same_meaning(before, other)
    assert not has_same_meaning(other, now)


async def test_an_open_request_of_the_earlier_words_keeps_its_approvals_and_is_applied(world: World) -> None:
    """Approver and requester see the card as before the upgrade, and nobody is asked again."""
    templates = {**CATALOG.templates, **{path.stem: earlier(path) for path in EARLIER_FILES}}
    async with restarted(world, catalog=replace(CATALOG, templates=templates)) as before:
        asked = await before.waiting(template="merger")
        assert asked.plan.template_hash in REWORDED
        await before.approve(asked, AMARA)
        shown = await before.request(asked.id)
        async with restarted(before, catalog=CATALOG) as later:
            stored = await later.settled(asked.id)
            assert (stored.state, stored.decisions) == (RequestState.AWAITING_APPROVAL, shown.decisions)
            assert seen(card(stored)) == seen(card(shown))
            assert refill(stored, RILEY.chat_id, CATALOG, NOW).notes == {}
            for person in (BRUNO, CHIE):
                await later.approve(stored, person)
            done = await later.request(asked.id)
            assert done.state is RequestState.APPLIED
            assert done.plan.digest == asked.plan.digest, "what was applied is what was approved"
            assert await later.refusals() == []


def seen(message: Message) -> tuple[str, str]:
    return message.text, str(message.blocks)

"""The conversation with a person is opened first, unless Slack has just said that the person is active."""

import pytest

from bot.slack.blocks.message import notice
from bot.slack.outbound.card_copies import CardCopies, UpdateResult
from bot.slack.people.directory import SlackDirectory
from bot.slack.people.display_directory import DisplayDirectory
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import Scene
from tests.bot.slack.people.test_directory import FakeTenant, directory, tenant, user_info
from workflows.core.people import ChatId
from workflows.ports.notifier import NotifierRefused

__all__ = ["directory", "tenant"]

RILEY = ChatId(SLACK_IDS["requester"])


@pytest.fixture
def shown(directory: SlackDirectory, scene: Scene) -> DisplayDirectory:
    """What is known about people for display."""
    return DisplayDirectory(directory, scene.world.clock)


@pytest.fixture
def copies(scene: Scene, shown: DisplayDirectory) -> CardCopies:
    """The copies, with what is known about people."""
    return CardCopies(client=scene.client, store=scene.store, channel=scene.channel(), was_active=shown.was_active)


def opened(scene: Scene) -> int:
    """Count how often a conversation was opened."""
    return sum(entry["path"].endswith("/conversations.open") for entry in scene.world.slack_log.entries)


async def test_a_message_to_an_active_person_opens_the_conversation_itself(
    scene: Scene, copies: CardCopies, shown: DisplayDirectory
) -> None:
    """Slack accepts a person's id as the place of a new message. Updates need the conversation, so it is stored."""
    await shown.user(RILEY)
    for number in range(3):
        assert await copies.post(f"card:{number}", RILEY, notice("Hello")) is None
    assert opened(scene) == 0
    assert len(scene.messages("@requester")) == 3
    [copy] = await scene.store.copies("card:0")
    assert copy.channel.startswith("D")
    assert await copies.update(copy, notice("Hello again")) is UpdateResult.DONE
    places = [
        entry["body"]["channel"] for entry in scene.world.slack_log.entries if entry["path"].endswith("postMessage")
    ]
    assert places == [RILEY, copy.channel, copy.channel], "the known conversation is used"


async def test_a_workspace_that_accepts_no_message_to_a_persons_id_gets_it_in_the_opened_conversation(
    scene: Scene, copies: CardCopies, shown: DisplayDirectory
) -> None:
    await shown.user(RILEY)
    scene.fail("chat.postMessage", "channel_not_found", match=RILEY)
    assert await copies.post("card", RILEY, notice("Hello")) is None
    assert (opened(scene), len(scene.messages("@requester"))) == (1, 1)
    assert await copies.post("card:1", RILEY, notice("Hello")) is None
    assert (opened(scene), len(scene.messages("@requester"))) == (1, 2), "it is known now"


async def test_without_a_recent_answer_about_the_person_it_is_opened(
    scene: Scene, copies: CardCopies, shown: DisplayDirectory
) -> None:
    await copies.send(RILEY, notice("Hello"))
    await copies.send(RILEY, notice("Hello"))
    await shown.user(RILEY)
    await copies.send(RILEY, notice("Hello"))
    scene.world.clock.advance(61)
    await copies.send(RILEY, notice("Hello"))
    assert opened(scene) == 3


async def test_somebody_who_has_left_is_noticed(
    scene: Scene, copies: CardCopies, directory: SlackDirectory, shown: DisplayDirectory, tenant: FakeTenant
) -> None:
    """Slack accepts messages to them, so an old conversation must not be used."""
    await shown.user(RILEY)
    await copies.send(RILEY, notice("Hello"))
    user_info(scene.world, "requester", deleted=True)
    await directory.user(RILEY)
    scene.fail("conversations.open", "user_disabled")
    assert isinstance(await copies.post("card", RILEY, notice("Hello")), NotifierRefused)

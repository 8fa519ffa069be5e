"""The head of the audit log in the channel: one message, which is never changed, also when the channel changes."""

from datetime import UTC, datetime

from tests.bot.slack.outbound.scene import CHANNEL, Scene
from tests.bot.surfaces import shown
from workflows.core.audit.chain import ChainPoint
from workflows.core.audit.heads import head_of, head_text

HEAD = head_text(head_of(ChainPoint(1234, bytes(32)), datetime(2026, 11, 28, 9, tzinfo=UTC)))


async def test_a_head_is_posted_once_and_can_be_pasted(scene: Scene) -> None:
    for _ in range(2):
        await scene.notifier().post_audit_head(HEAD, 1234)
    assert scene.counts() == {CHANNEL: 1}
    (posted,) = scene.messages(CHANNEL)
    text = shown(posted)
    assert f"\n{HEAD}\n" in f"\n{text}\n" or HEAD in text
    assert "Audit log until entry 1234." in text


async def test_the_next_head_is_a_message_of_its_own(scene: Scene) -> None:
    await scene.notifier().post_audit_head(HEAD, 1234)
    await scene.notifier().post_audit_head(HEAD.replace(":1234:", ":1240:"), 1240)
    assert scene.counts() == {CHANNEL: 2}

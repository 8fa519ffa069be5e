"""Blocks: as many as Slack takes."""

from bot.slack.blocks.blocks import MOST_BLOCKS, footnote, within_limits
from tests.bot.surfaces import shown


def test_too_many_blocks_are_cut_and_counted() -> None:
    for surface, most in MOST_BLOCKS.items():
        made = within_limits([footnote(str(number)) for number in range(most + 7)], surface)
        assert len(made) == most
        assert "8 more parts are not shown here." in shown(made[-1])

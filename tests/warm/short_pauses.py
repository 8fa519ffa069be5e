"""Long pauses made short, for the stories that are not about them.

A pause keeps a limit of Entra's, or gives its replicas time. Its length is held where it is tested: the limit of
Conditional Access by a story of its own, the others in tests/workflows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from typing import Any, Final

from tests.stores.bot_processes import ForkedBot
from workflows.intervals import HOME_PUBLISHED_EVERY, USUAL_PAUSES, Pauses

_FACTOR: Final = 0.05


def _shortened(rests: Iterable[float]) -> tuple[float, ...]:
    return tuple(rest * _FACTOR for rest in rests)


SHORT_PAUSES: Final = Pauses(
    due_work_read_every=USUAL_PAUSES.due_work_read_every / 5,
    effect_retried_after=USUAL_PAUSES.effect_retried_after * _FACTOR,
    card_update=USUAL_PAUSES.card_update * _FACTOR,
    read_back_after=_shortened(USUAL_PAUSES.read_back_after),
    optional_read_back_after=_shortened(USUAL_PAUSES.optional_read_back_after),
    optional_sent_again_after=USUAL_PAUSES.optional_sent_again_after * _FACTOR,
    conditional_access=(USUAL_PAUSES.conditional_access[0], 0.0),
    reports=(USUAL_PAUSES.reports[0], 0.0),
    reports_of_a_scan=(USUAL_PAUSES.reports_of_a_scan[0], 0.0),
)
STORY_PAUSES: Final = replace(SHORT_PAUSES, effect_retried_after=USUAL_PAUSES.effect_retried_after)
"""For the stories, in which Slack's limits are enforced: what is tried again sooner, or an App Home that is published
sooner, lets a story go on sooner than these limits allow."""
SHORT_HOME_PAUSE: Final = HOME_PUBLISHED_EVERY * _FACTOR
"""Between two publications of a person's App Home. The usual one is held in tests/workflows/store."""
HOME_PAUSE: Final = "workflows.store.sqlite.message_copies.HOME_PUBLISHED_EVERY"
"""Where the store has it."""
SHORT_READ_PAUSE: Final = _FACTOR
"""Seconds before a read of Graph is sent again, where Graph names no time. The usual ones are those of its SDK."""


class ShortPausesProcess(ForkedBot):
    """A forked process of a bot that makes short pauses."""

    def __init__(
        self,
        *,
        target: Callable[..., object],
        args: Iterable[Any],
        kwargs: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(target=target, args=args, kwargs={**(kwargs or {}), "pauses": STORY_PAUSES}, **more)

    def run(self) -> None:
        """Run the bot, which waits longer for a slow machine."""
        from tests.warm.patience import be_patient  # here, as tests of one part need no more than the pauses

        be_patient()
        super().run()


class ShortPausesForks(ForkServerContext):
    """Forks such processes."""

    Process = ShortPausesProcess

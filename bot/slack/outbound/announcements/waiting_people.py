"""The people whose message Slack does not accept now, while many people are told of one event."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.settings.model import TenantId
from workflows.ports.notifier import NotAllNotified, NotifierUnavailable

_GIVES_UP_AFTER: Final = 10
"""After how many people in a row whose message Slack does not accept now the others wait, too: it accepts nothing."""


@dataclass(slots=True)
class WaitingPeople:
    """The people whose message Slack did not accept now. One of them does not delay the others."""

    people: set[ChatId] = field(default_factory=set)
    error: NotifierUnavailable | None = None
    """The first refusal; None when nobody waits."""
    in_a_row: int = 0

    @contextmanager
    def noted(self, person: ChatId) -> Iterator[None]:
        """Note the person when Slack does not accept the message now.

        :raises NotifierUnavailable: when it accepts nobody's. Then it is not asked for the rest.
        """
        try:
            yield
        except NotifierUnavailable as error:
            self.people.add(person)
            self.error = self.error or error
            self.in_a_row += 1
            if self.in_a_row >= _GIVES_UP_AFTER:
                raise
        else:
            self.in_a_row = 0

    def require_nobody(self, told: Mapping[TenantId, tuple[ChatId, ...]], records: Sequence[Partnership]) -> None:
        """Raise when somebody waits, with what the others got.

        :param records: the partners of whose people somebody waits.
        """
        if self.error is not None:
            waiting = frozenset(record.identity.tenant_id for record in records)
            raise NotAllNotified(self.error, told, waiting) from self.error

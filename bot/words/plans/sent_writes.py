"""The ids of accepted writes in words. They are read at the boundary to Microsoft Graph."""

from collections.abc import Iterator
from typing import Final

from workflows.core.plans.plan import SentWrite

SENT_HINT: Final = "They name the writes in the Microsoft Graph activity logs and for Microsoft's support."


def sent_ids(sent_write: SentWrite) -> Iterator[tuple[str, str]]:
    """Return each known id of a write: its name in Microsoft's logs, and the id."""
    for name, value in (
        ("ClientRequestId", sent_write.ids.client_request_id),
        ("RequestId", sent_write.ids.request_id),
    ):
        if value:
            yield name, value

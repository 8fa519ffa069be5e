"""Give the draft of a file an id that follows from the file, so that the same file has one open draft."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from workflows.core.batches.batch import Batch, BatchState
from workflows.core.requests.request import BatchId
from workflows.core.settings.canonical import digest
from workflows.ports.clock import Clock
from workflows.ports.store import Store

_DOMAIN: Final = "gatehouse/draft-of-file/1"
_DIGITS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedFile:
    """A file, and everything that decides what its rows ask for."""

    digest: str
    """SHA-256 of the file's bytes, in hexadecimal."""
    sheet: str = ""
    template: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def draft_id(self, number: int) -> BatchId:
        """Return the id of its draft with this number, from 0."""
        about = {"file": self.digest, "sheet": self.sheet, "template": self.template, "columns": dict(self.columns)}
        return BatchId(f"B-{digest(_DOMAIN, {'number': number, **about})[:_DIGITS].upper()}")


async def draft_of_file(file: DraftedFile, *, store: Store, clock: Clock) -> tuple[BatchId, Batch | None]:
    """Return the open draft of a file; or None, and the id that its next draft shall have.

    Two commands at the same time get the same id, and the second finds the draft of the first when it stores its own.
    """
    number = 0
    while (found := await store.batch(file.draft_id(number))) is not None:
        # NB. an id is short: another file can be made to have the same one.
        is_same = found.sheet is not None and found.sheet.sha256 == file.digest
        if is_same and found.state is BatchState.DRAFT and found.expires_at > clock.now():
            return found.id, found
        number += 1  # it was confirmed, has ended, or is of another file: this is another request
    return file.draft_id(number), None

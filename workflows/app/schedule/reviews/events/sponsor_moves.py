"""Let a review be due when a sponsor moved to another department. What Entra does not say is no move.

The departments come from the hourly read of the sponsors' accounts, without a request of their own.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from workflows.app.schedule.reviews.events.starting import EventReviews
from workflows.core.people import Person, PersonId
from workflows.core.requests.commands.review_event import ReviewReasonCode, StartReview
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import Account

DEPARTMENTS: Final = "sponsor_departments"
"""The name of the mark with the department of each sponsor as it was last read, as JSON by account."""
_MAX_CHARACTERS: Final = 60


async def start_reviews_of_moved(
    sponsored: Sequence[tuple[TenantId, Person]], accounts: Iterable[Account], reviews: EventReviews
) -> None:
    """Start a review of each partner whose sponsor has another department than when it was last read.

    A department that is empty now, or was never read, is compared with nothing and replaces nothing.
    """
    known = _parsed(await reviews.store.mark(DEPARTMENTS))
    now = {one.id: one.department for one in accounts if one.department}
    is_whole = True
    for tenant_id, sponsor in sponsored:
        before, after = known.get(sponsor.id, ""), now.get(sponsor.id, "")
        if before and after and before.casefold() != after.casefold():
            is_whole = await reviews.start(tenant_id, _review_of(sponsor, before, after)) and is_whole
    sponsors = {sponsor.id for _, sponsor in sponsored}
    found = {**{one: department for one, department in known.items() if one in sponsors}, **now}
    # NB. only after every review is stored: what failed is compared with the earlier department again.
    if is_whole and found != known:
        await reviews.store.save_mark(DEPARTMENTS, json.dumps(found, sort_keys=True))


def _review_of(sponsor: Person, before: str, after: str) -> StartReview:
    return StartReview(
        reason=ReviewReasonCode.SPONSOR_MOVED,
        event=f"{sponsor.id}:{after.casefold()}",
        values={"sponsor": sponsor.name, "before": before[:_MAX_CHARACTERS], "after": after[:_MAX_CHARACTERS]},
    )


def _parsed(text: str | None) -> Mapping[PersonId, str]:
    return {PersonId(account): department for account, department in json.loads(text or "{}").items()}

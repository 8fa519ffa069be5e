"""Campaigns of reviews.

A boundary: nothing else reads the table of campaigns.
"""

from collections.abc import Sequence

from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.requests.commands.campaign import CampaignId
from workflows.store.codec import CAMPAIGN, load
from workflows.store.common.queries import Queries
from workflows.store.common.reading import readable


class CampaignRecords(Queries):
    """Reads campaigns. `commit` changes them."""

    async def campaign(self, campaign_id: CampaignId) -> Campaign | None:
        """Load one campaign, in any state."""
        rows = await self._query("select doc from campaigns where id = ?", campaign_id)
        return load(CAMPAIGN, rows[0]["doc"]) if rows else None

    async def open_campaigns(self) -> Sequence[Campaign]:
        """List the campaigns in which something is left to do, oldest first."""
        rows = await self._query("select id, doc from campaigns where is_open = 1 order by at, id")
        return readable(CAMPAIGN, rows)

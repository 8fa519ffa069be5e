"""Compare what is approved with today's default and today's templates. Each is done only when one of them changed."""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from workflows.app.schedule.reviews.events.starting import EventReviews, LivePartner
from workflows.catalog.catalog import Catalog
from workflows.catalog.rewording import has_same_meaning
from workflows.core.posture.watch.review_causes import grown_risk, stricter_parts
from workflows.core.requests.commands.review_event import ReviewReasonCode, StartReview
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.canonical import JsonObject
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

DEFAULT_COMPARED: Final = "review_default_compared"
"""The name of the mark with the hash of the default with which every partner's risk was compared."""
TEMPLATES_COMPARED: Final = "review_templates_compared"
"""The name of the mark with the hash of the templates with which every partner was compared."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChanges:
    """Starts a review where the risk grew, or where the template would give less today."""

    reviews: EventReviews
    tenant: Tenant
    catalog: Catalog

    async def compare_risk(self) -> None:
        """Read the default, and compare every partner's risk when it changed. What cannot be read is no change."""
        if not await self.reviews.live_partners():
            return
        try:
            default = await self.tenant.read_default()
        except (TenantUnavailable, TenantRefused) as error:
            _log.warning("risk_not_compared", reason=str(error))
            return
        store, fingerprint = self.reviews.store, _hash(default)
        if await store.mark(DEFAULT_COMPARED) == fingerprint:
            return
        if await self.reviews.compare_each(partial(self._compare_risk, default)):
            await store.save_mark(DEFAULT_COMPARED, fingerprint)

    async def _compare_risk(self, default: JsonObject, partner: LivePartner) -> bool:
        request = await self._approved(partner)
        if request is None:
            return True
        approved_default = request.require_prepared().observation.default
        grown = grown_risk(request.plan, approved_default, default)
        if grown is not None:
            before, after = (level.word for level in grown)
            values = {"before": before, "after": after}
            command = StartReview(reason=ReviewReasonCode.RISK_GREW, event=after, values=values)
            return await self.reviews.start(partner.tenant_id, command)
        if ReviewReasonCode.RISK_GREW in partner.events:
            return await self.reviews.end(partner.tenant_id, ReviewReasonCode.RISK_GREW)
        return True

    async def compare_templates(self) -> None:
        """Compare every partner with its template when any template changed."""
        store = self.reviews.store
        fingerprint = _hash({name: template.content_hash for name, template in self.catalog.templates.items()})
        if await store.mark(TEMPLATES_COMPARED) == fingerprint:
            return
        if await self.reviews.compare_each(self._compare_template):
            await store.save_mark(TEMPLATES_COMPARED, fingerprint)

    async def _compare_template(self, partner: LivePartner) -> bool:
        request, record = await self._approved(partner), await self.reviews.store.partnership(partner.tenant_id)
        if request is None or record is None or request.plan.template != record.template:
            return True
        template = self.catalog.templates.get(record.template)
        if template is None or has_same_meaning(request.plan.template_hash, template.content_hash):
            return True
        if parts := stricter_parts(record, request, template, self.reviews.clock.now()):
            values = {"template": template.title, "changes": ",".join(parts)}
            command = StartReview(reason=ReviewReasonCode.TEMPLATE_STRICTER, event=template.content_hash, values=values)
            return await self.reviews.start(partner.tenant_id, command)
        return True

    async def _approved(self, partner: LivePartner) -> AccessRequest | None:
        """Load the request whose plan is applied; None when it has none, as in records of earlier versions."""
        request = await self.reviews.store.request(partner.request_id)
        return None if request is None or request.prepared is None else request


def _hash(value: JsonObject) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()

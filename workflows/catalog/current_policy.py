"""The current approval policy of a partner: from its record, or else from the requests that were applied to it."""

from collections.abc import Sequence
from typing import Protocol

from workflows.catalog.catalog import Catalog
from workflows.core.partners.approval_policy import (
    ApprovalChain,
    ApprovalPolicy,
    is_live,
    merged_chain,
    strongest_chain,
)
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.restoration.restorable import ended_at
from workflows.core.policy.relations import RELATIONS
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.settings.model import TenantId

MAX_REQUESTS = 1000


class PastRequests(Protocol):
    """Finds earlier requests about a tenant; every `Store` is one."""

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant, newest first."""


async def current_policy(record: Partnership | None, *, past: PastRequests | None, catalog: Catalog) -> ApprovalPolicy:
    """Return the approval policy that a new approval chain for this partner must not be weaker than.

    :param record: the partner's record; None when there is none.
    :param past: reads earlier requests; None when they cannot be read.
    """
    return ApprovalPolicy(
        current=await _current_chain(record, past, catalog),
        strongest=strongest_chain(catalog.templates.values()),
        roles=catalog.deciding_roles | RELATIONS.keys(),
    )


async def _current_chain(record: Partnership | None, past: PastRequests | None, catalog: Catalog) -> ApprovalChain:
    if record is None or not is_live(record):
        return ()
    if record.stages:
        return record.stages
    # The record is from a version without this field. The approval chains of the requests applied since the last block
    # are used.
    requests = () if past is None else await past.requests_for(record.identity.tenant_id, MAX_REQUESTS)
    if derived := merged_chain(_chains_since_the_block(requests)):
        return derived
    template = catalog.templates.get(record.template)
    return strongest_chain(catalog.templates.values()) if template is None else template.stages


def _chains_since_the_block(requests: Sequence[AccessRequest]) -> list[ApprovalChain]:
    chains: list[ApprovalChain] = []
    for request in sorted(requests, key=ended_at):
        if not request.was_written or request.prepared is None:
            continue
        if request.is_suspension:
            continue
        if request.fields.kind is RequestKind.REVOCATION:
            chains.clear()
        else:
            chains.append(request.prepared.stages)
    return chains

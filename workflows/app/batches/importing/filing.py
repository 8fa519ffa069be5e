"""Make the request of a row of a sheet: its fields, checked as the form checks them, and the names like its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workflows.app.batches.importing.asked_now import why_not_now
from workflows.app.requests.field_checks import Problems, checked_ticket
from workflows.app.requests.proposing import current_template
from workflows.catalog.catalog import Catalog
from workflows.core.batches.asked_row import AskedAccess
from workflows.core.batches.batch import Batch, BatchRow, RowCode
from workflows.core.checks.findings import FindingCode
from workflows.core.errors.raised import InvalidField
from workflows.core.people import ChatId, Person
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.placeholders import parse_placeholder
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestFields, RequestKind
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookup import look_up
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectory
from workflows.ports.records import RecordsReader
from workflows.ports.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFiling:
    """Makes what is filed for rows of a sheet, with the templates, the people and the time of now."""

    directory: PeopleDirectory
    catalog: Catalog
    clock: Clock

    async def with_sponsor(self, row: BatchRow, asked: AskedAccess) -> BatchRow:
        """Return a row with the chat id of its own sponsor, if it names one.

        :raises InvalidField: when nobody in the chat system has the sponsor's mail address.
        """
        if asked.sponsor is None or asked.sponsor.chat_id:
            return row
        (sponsor,) = await self.directory.people_of([asked.sponsor.id])
        if not sponsor.chat_id:
            raise InvalidField("sponsor", RowCode.SPONSOR_NOT_IN_CHAT, name=sponsor.name)
        return replace(row, asked=replace(asked, sponsor=sponsor))

    def fields(self, batch: Batch, asked: AskedAccess, requester: ChatId, sponsor: Person) -> RequestFields:
        """Return the fields of a row's request.

        :param sponsor: the sponsor of rows that name none.
        :raises InvalidField: when nothing can be asked for it any more.
        """
        now, template = self.clock.now(), current_template(self.catalog, asked.template)
        problems: Problems = {}
        ticket = checked_ticket(asked.ticket, template, problems)
        for field, fact in (*problems.items(), *(("duration", fact) for fact in why_not_now(asked, template, now))):
            raise InvalidField(field, fact.code, **fact.values)
        ids = {one.name: parse_placeholder(one, asked.placeholders.get(one.name, "")) for one in template.placeholders}
        return RequestFields(
            kind=RequestKind.ACCESS,
            requester=requester,
            sponsor=(asked.sponsor or sponsor).chat_id,
            target=asked.target,
            template=template.name,
            justification=asked.reason or batch.justification,
            duration=asked.duration,
            placeholders={name: value for name, value in ids.items() if value},
            ends_at=asked.ends_at,
            starts_at=None if asked.starts_at is None or asked.starts_at <= now else asked.starts_at,
            ticket=ticket,
        )


async def observe_row(row: BatchRow, asked: AskedAccess, *, tenant: Tenant, clock: Clock) -> ObservedPartner:
    """Find the tenant of a row again, and read its settings.

    :raises InvalidField: when the name is that of another tenant now, or of none.
    :raises TenantUnavailable, TenantRefused: when it cannot be read now.
    """
    observation = await look_up(asked.target, tenant=tenant, clock=clock)
    if observation.identity.tenant_id != row.tenant_id:
        raise InvalidField("target", RowCode.OTHER_TENANT, tenant_id=observation.identity.tenant_id)
    return observation


class RecordsWithRows:
    """Records in which the similar names of a sheet's rows are partners, too. Implements `ports.RecordsReader`.

    So the request of each of two rows with similar names shows the other name, also before one of them is a partner.
    """

    def __init__(self, records: RecordsReader, batch: Batch) -> None:
        self._records, self._similar = records, _similar_names(batch)

    async def open_requests_about(self, tenant_id: TenantId, *, only_planned: bool = False) -> Sequence[AccessRequest]:
        """List the open requests that may be about a tenant."""
        return await self._records.open_requests_about(tenant_id, only_planned=only_planned)

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partnership, and the similar names."""
        return (*await self._records.identities(), *self._similar)


def _similar_names(batch: Batch) -> tuple[TenantIdentity, ...]:
    """Return the names that rows resembled when the sheet was judged, each with its tenant where a row has it."""
    tenants: dict[str, TenantId] = {}
    for row in batch.rows:
        if row.is_asked and row.asked is not None:
            tenants |= {row.name: row.tenant_id, row.asked.target: row.tenant_id}
    names = {
        str(finding.values.get("other", ""))
        for row in batch.rows
        for finding in row.findings
        if finding.code == FindingCode.LOOK_ALIKE and not finding.values.get("is_own")
    }
    return tuple(
        TenantIdentity(tenant_id=tenants.get(name, TenantId("")), display_name="", default_domain=name, typed_name=name)
        for name in sorted(names - {""})
    )

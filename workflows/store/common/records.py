"""Read the records of which every kind of store asks the same: alarms, batches, drift, the freeze, people and more.

Everything here runs on SQLite and on PostgreSQL. The `commit` of each store changes these records.

It is long because everything is here that both stores ask alike.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from workflows.core.batches.batch import Batch, BatchState
from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.partners.reviewing.evidence.usage import PartnerUsage, UsageScan
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.delegation.absence import Absence, AbsenceId
from workflows.core.policy.delegation.profiles import KnownProfile
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.posture.watch.denied_notice import DeniedNotice, NoticeSubject
from workflows.core.posture.watch.drift import Drift, DriftSubject
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.commands.campaign import CampaignId
from workflows.core.requests.request import AccessRequest, BatchId, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.pages import START, Page, PagePosition
from workflows.ports.records import FreezeUnreadable
from workflows.store.codec import (
    ABSENCE,
    ALARM,
    BATCH,
    CAMPAIGN,
    DENIED_NOTICE,
    DRIFT,
    FREEZE,
    PARTNER_USAGE,
    PROFILE,
    REQUEST,
    USAGE_SCAN,
    dump,
    load,
    load_shared,
)
from workflows.store.common.queries import ListQuery, Queries
from workflows.store.common.reading import readable
from workflows.store.common.rows import text_of

_LOOKUPS_TOGETHER: Final = 2000
"""How many tenants are kept by one statement."""


class BatchRecords(Queries):
    """Reads batches, which `commit` changes, and keeps what imports of files looked up."""

    async def batch(self, batch_id: BatchId) -> Batch | None:
        """Load one batch, in any state."""
        rows = await self._query("select doc from batches where id = ?", batch_id)
        return load_shared(BATCH, rows[0]["doc"]) if rows else None

    async def open_batches(self) -> Sequence[Batch]:
        """List the batches that have not ended, drafts too, oldest first."""
        return readable(
            BATCH,
            await self._query("select id, doc from batches where is_open = 1 order by created_at, id"),
            are_remembered=True,
        )

    async def batches_of(
        self, requester: ChatId, account: PersonId | None, limit: int, position: PagePosition = START
    ) -> Page[Batch]:
        """List the batches that a person asked for, newest first."""
        where = "(requester = ? or (account = ? and account <> ''))"
        values = (requester, account or "")
        rows = ListQuery("batches", where, values, ("created_at", "id"), is_descending=True)
        return await self._page(BATCH, rows, limit, position, are_remembered=True)

    async def batches_waiting(
        self, roles: Sequence[Role], ids: Collection[ChatId | PersonId], limit: int, position: PagePosition = START
    ) -> Page[Batch]:
        """List the batches that wait for one of these roles and that this person may decide on, by deadline."""
        values = (json.dumps(list(roles)), json.dumps(sorted(ids)))
        where = f"{self._dialect.among.format('waits_for')} and not {self._dialect.overlaps.format('excluded')}"
        rows = ListQuery("batches", where, values, ("expires_at", "id"))
        return await self._page(BATCH, rows, limit, position, are_remembered=True)

    async def is_batch_applying(self) -> bool:
        """Return whether the members of a batch are being recorded."""
        sql = "select 1 from batches where is_open = 1 and state = ? limit 1"
        return bool(await self._query(sql, BatchState.APPLYING.value))

    async def batch_members(self, batch_id: BatchId) -> Mapping[RequestId, RequestState]:
        """Return the state of each request that belongs to a batch now."""
        rows = await self._query("select id, state from requests where batch = ?", batch_id)
        return {RequestId(row["id"]): RequestState(row["state"]) for row in rows}

    async def kept_lookups(self, home: TenantId, since: datetime) -> Mapping[str, TenantIdentity]:
        """Return the tenants that imports found since a moment, by the name that was looked up."""
        rows = await self._query(
            "select name, doc from import_lookups where home = ? and at >= ?", home.lower(), text_of(since)
        )
        return {row["name"]: _identity(row["name"], json.loads(row["doc"])) for row in rows}

    async def keep_lookups(
        self, home: TenantId, found: Mapping[str, TenantIdentity], at: datetime, *, forget_before: datetime
    ) -> None:
        """Keep tenants by the names that were looked up, and delete those of before a moment."""
        names = ("tenant_id", "display_name", "default_domain")
        docs = {name: {one: getattr(identity, one) for one in names} for name, identity in found.items()}
        rows = [(home.lower(), name, text_of(at), json.dumps(doc)) for name, doc in docs.items()]
        for start in range(0, len(rows), _LOOKUPS_TOGETHER):
            some = rows[start : start + _LOOKUPS_TOGETHER]
            sql = f"""insert into import_lookups (home, name, at, doc) values {", ".join(["(?, ?, ?, ?)"] * len(some))}
                on conflict (home, name) do update set at = excluded.at, doc = excluded.doc"""  # noqa: S608
            await self._write(sql, *(value for row in some for value in row))
        await self._write("delete from import_lookups where at < ?", text_of(forget_before))

    async def batches_due(self, now: datetime) -> Sequence[BatchId]:
        """List the drafts and undecided batches whose time is over, or whose approvers are to be reminded."""
        rows = await self._query("select id from batches where due_at <= ? order by due_at, id", text_of(now))
        return [BatchId(row["id"]) for row in rows]


def _identity(name: str, doc: Mapping[str, str]) -> TenantIdentity:
    return TenantIdentity(
        tenant_id=TenantId(doc["tenant_id"]),
        display_name=doc["display_name"],
        default_domain=doc["default_domain"],
        typed_name=name,
    )


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


OPEN_DRIFTS: Final = "select subject as id, doc from drifts where is_open = 1 order by found_at, subject"


class DriftRecords(Queries):
    """Reads drift. `commit` changes it."""

    async def drift(self, subject: DriftSubject) -> Drift | None:
        """Load the record of one partner's drift, also when it has ended."""
        rows = await self._query("select doc from drifts where subject = ?", subject)
        return load(DRIFT, rows[0]["doc"]) if rows else None

    async def open_drifts(self) -> Sequence[Drift]:
        """List the drift that has not ended, the oldest first."""
        return readable(DRIFT, await self._query(OPEN_DRIFTS))

    async def count_open_drifts(self) -> int:
        """Count the drift that has not ended."""
        rows = await self._query("select count(*) as count from drifts where is_open = 1")
        return int(rows[0]["count"])

    async def drifts_to_ask_again(self, now: datetime) -> Sequence[Drift]:
        """List the open drift with an acceptance that has ended."""
        sql = "select subject as id, doc from drifts where ask_again_at <= ? order by ask_again_at"
        return readable(DRIFT, await self._query(sql, text_of(now)))

    async def drifts_without_author(self) -> Sequence[Drift]:
        """List the open drift whose author the audit log has not named yet, the oldest first."""
        sql = "select subject as id, doc from drifts where is_open = 1 and needs_author = 1 order by found_at, subject"
        return readable(DRIFT, await self._query(sql))


class FreezeRecords(Queries):
    """Reads the freeze. `commit` changes it."""

    async def freeze(self) -> Freeze | None:
        """Load the newest freeze, also when it has ended; see `ports.records`."""
        rows = await self._query("select version, doc from freezes")
        if not rows:
            return None
        try:
            freeze = load(FREEZE, rows[0]["doc"])
        except ValidationError as error:
            raise FreezeUnreadable(rows[0]["version"]) from error
        if len(rows) > 1 or freeze.version != rows[0]["version"]:
            raise FreezeUnreadable(rows[0]["version"])
        return freeze

    async def requests_to_apply(self) -> Sequence[AccessRequest]:
        """List the requests whose plan is to be written, or is being written, oldest first."""
        sql = "select id, doc from requests where state = 'applying' order by created_at"
        return readable(REQUEST, await self._query(sql))


class AbsenceRecords(Queries):
    """Reads absences. `commit` changes them."""

    async def absence(self, absence_id: AbsenceId) -> Absence | None:
        """Load one absence, also when it has ended."""
        rows = await self._query("select doc from absences where id = ?", absence_id)
        return load(ABSENCE, rows[0]["doc"]) if rows else None

    async def absences(self, ending_after: datetime) -> Sequence[Absence]:
        """List the absences that end, or ended, after a moment, the first to end first."""
        sql = "select id, doc from absences where ends_at > ? order by ends_at, id"
        return readable(ABSENCE, await self._query(sql, text_of(ending_after)))

    async def count_absences(self, person: PersonId) -> int:
        """Return how many absences of a person are stored, also those that have ended."""
        rows = await self._query("select count(*) as number from absences where person = ?", person)
        return int(rows[0]["number"])


class ProfileRecords(Queries):
    """Reads and writes what is known of profiles."""

    async def known_profiles(self, chat_id: ChatId, account: PersonId) -> Sequence[KnownProfile]:
        """List what is known of a chat user and of an account, the newest first; see `ports.records`."""
        sql = "select chat_id as id, doc from profiles where chat_id = ? or account = ? order by read_at desc"
        return readable(PROFILE, await self._query(sql, chat_id, account))

    async def save_profile(self, known: KnownProfile) -> None:
        """Store what is known of a chat user, in place of what was known."""
        await self._write(
            """insert into profiles (chat_id, account, read_at, doc) values (?, ?, ?, ?) on conflict (chat_id)
            do update set account = excluded.account, read_at = excluded.read_at, doc = excluded.doc""",
            known.profile.chat_id,
            known.profile.account,
            text_of(known.read_at),
            dump(PROFILE, known),
        )


class AlarmRecords(Queries):
    """Reads alarms and marks. `commit` changes alarms."""

    async def alarm(self, alarm_id: AlarmId) -> Alarm | None:
        """Load one alarm, open or cleared."""
        rows = await self._query("select doc from alarms where id = ?", alarm_id)
        return load(ALARM, rows[0]["doc"]) if rows else None

    async def open_alarm(self, code: AlarmCode, subject: str) -> Alarm | None:
        """Load the open alarm with this code and subject; None when there is none."""
        sql = "select id, doc from alarms where code = ? and subject = ? and is_open = 1"
        return next(iter(readable(ALARM, await self._query(sql, code.value, subject))), None)

    async def open_alarms(self) -> Sequence[Alarm]:
        """List the alarms that are not cleared, oldest first."""
        return readable(ALARM, await self._query("select id, doc from alarms where is_open = 1 order by raised_at, id"))

    async def mark(self, name: str) -> str | None:
        """Read a mark of the process; None when it was never stored."""
        rows = await self._query("select value from marks where name = ?", name)
        return str(rows[0]["value"]) if rows else None


class DueRecords(Queries):
    """Lists what is due."""

    async def due(self, now: datetime) -> tuple[Sequence[RequestId], Sequence[TenantId]]:
        """List requests whose expiry or reminder is due, and partnerships whose review or reminder is due."""
        moment = text_of(now)
        rows = await self._query(
            """select 'request' as what, id, due_at from requests where due_at <= ?
            union all select 'partner', tenant_id, due_at from partnerships where due_at <= ? order by due_at""",
            *(moment, moment),
        )
        requests = [RequestId(row["id"]) for row in rows if row["what"] == "request"]
        return requests, [TenantId(row["id"]) for row in rows if row["what"] == "partner"]

    async def ended_partners(self, now: datetime) -> Sequence[TenantId]:
        """List the partners whose end has come and whom Gatehouse blocks then, by their end; see `ports.records`."""
        rows = await self._query(
            """select tenant_id from partnerships where at_end = 'block' and state not in ('revoked', 'suspended')
            and ends_at <> '' and ends_at <= ? order by ends_at, tenant_id""",
            text_of(now),
        )
        return [TenantId(row["tenant_id"]) for row in rows]

    async def silent_partners(self, now: datetime) -> Sequence[TenantId]:
        """List the partners whose review nobody has answered for too long, the longest silence first."""
        rows = await self._query(
            """select tenant_id from partnerships where silent_from <> '' and silent_from <= ?
            order by silent_from, tenant_id""",
            text_of(now),
        )
        return [TenantId(row["tenant_id"]) for row in rows]


class UsageRecords(Queries):
    """Reads what scans found. `commit` changes it."""

    async def usage_scan(self) -> UsageScan | None:
        """Load the newest scan; None when there is none, or it cannot be read."""
        return next(iter(readable(USAGE_SCAN, await self._query("select id, doc from usage_scans"))), None)

    async def partner_usage(self, tenant_id: TenantId) -> PartnerUsage | None:
        """Load what the newest scan found about one partner; None when it found nothing, or it cannot be read."""
        rows = await self._query("select tenant_id as id, doc from partner_usage where tenant_id = ?", tenant_id)
        return next(iter(readable(PARTNER_USAGE, rows)), None)


class DeniedNoticeRecords(Queries):
    """Reads notices. `commit` changes them."""

    async def denied_notice(self, subject: NoticeSubject) -> DeniedNotice | None:
        """Load the newest notice about one tenant, or about many, also when it is over."""
        rows = await self._query("select doc from denied_notices where subject = ?", subject)
        return load(DENIED_NOTICE, rows[0]["doc"]) if rows else None

    async def denied_notices(self, *, only_open: bool = False) -> Sequence[DeniedNotice]:
        """List the newest notice about each tenant, and the one about many, the oldest first."""
        sql = "select subject as id, doc from denied_notices where is_open >= ? order by told_at, subject"
        return readable(DENIED_NOTICE, await self._query(sql, int(only_open)))

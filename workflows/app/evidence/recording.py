"""Record each report and each export in the audit log, before anybody gets it. What cannot be recorded is not given."""

from dataclasses import dataclass, field
from enum import StrEnum

from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.partners.history.days import Days
from workflows.core.people import PersonId
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.records import Commit, RecordStore


class EvidenceKind(StrEnum):
    """What was taken out of the records. The values are the commands' stored names."""

    REPORT = "audit_report"
    EXPORT = "export"
    LOG_EXPORT = "audit_export"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """What somebody gets: the kind, what was asked for, and the digest of the finished text."""

    kind: EvidenceKind
    format: str
    sha256: str
    """SHA-256 of the bytes, so that a filed copy can be compared with this entry."""
    row_count: int
    unreadable: int = 0
    """How many records could not be read and are missing."""
    partner: str = ""
    """The domain or tenant id that was asked for; empty for all partners."""
    days: Days = field(default_factory=Days)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLog:
    """Stores one audit entry for each report and export."""

    store: RecordStore
    clock: Clock

    async def record(
        self,
        evidence_file: EvidenceFile,
        *,
        key: str,
        actor: str,
        account: PersonId | None = None,
        tenants: frozenset[TenantId] = frozenset(),
    ) -> None:
        """Record that somebody gets a report or an export.

        :param key: the key of the audit entry. It is different for each report and each export.
        :param actor: the chat id, or the operating system's user at the command line.
        :param tenants: the tenants that it is about; empty for all.
        :raises StoreNotWritable: when it cannot be stored. The caller must not hand anything over then.
        """
        details = {
            "format": evidence_file.format,
            "sha256": evidence_file.sha256,
            "rows": evidence_file.row_count,
            **({"unreadable": evidence_file.unreadable} if evidence_file.unreadable else {}),
            **({"partner": evidence_file.partner} if evidence_file.partner else {}),
            **({} if evidence_file.days.first is None else {"from": evidence_file.days.first.isoformat()}),
            **({} if evidence_file.days.last is None else {"to": evidence_file.days.last.isoformat()}),
        }
        tenant_id = next(iter(tenants)) if len(tenants) == 1 else None
        entry = entry_of(
            key, self.clock.now(), actor, evidence_file.kind.value, details, tenant_id=tenant_id, account=account
        )
        await self.store.commit(Commit(entry=entry))

    async def record_log_export(self, after: int, through: int, *, key: str, actor: str) -> None:
        """Record that somebody gets entries of the audit log itself. This entry is the last of them, or near it.

        :param after: the number of the last entry that was taken before.
        :param through: the number of the newest entry now.
        :raises StoreNotWritable: when it cannot be stored. The caller must not hand anything over then.
        """
        details = {"format": "ocsf", "after": after, "through": through}
        entry = entry_of(key, self.clock.now(), actor, EvidenceKind.LOG_EXPORT.value, details)
        await self.store.commit(Commit(entry=entry))

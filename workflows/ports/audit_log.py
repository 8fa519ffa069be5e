"""The interface to the audit log: what an entry contains, and how entries are listed.

A window with a history, a search or an export reads entries through `AuditLog`. An entry is stored by
`records.RecordStore.commit`, in one transaction with what it is about.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from workflows.core.audit.chain import ChainedRow, ChainPoint, KeyRing
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.request import AccessRequest, BatchId, RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.pages import Page, PagePosition

if TYPE_CHECKING:
    from workflows.core.audit.verifying import ChainCheck, ChainProblem
    from workflows.core.requests.effects import CheckPermission

RESULT_OF: Final = "verdict:"
"""The key of the audit entry with the result of a click is this prefix and the key of the received click. Stored."""
RECEIVED: Final = "received"
"""The outcome of a click that is checked later; the result of the check has its own entry. Stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry of the audit log. `key` is unique, so that a repeated click gives only one entry."""

    key: str
    at: datetime
    actor: str
    """The chat id of the person, or the user name at the command line; `gatehouse` for the bot itself."""
    command: str
    """The command's stored name."""
    outcome: str
    """`accepted`, or the code of a refusal."""
    request_id: RequestId | None = None
    tenant_id: TenantId | None = None
    account: PersonId | None = None
    """The actor's Entra account, when it was known."""
    details: Mapping[str, Any]
    is_readable: bool = True
    """Whether the stored details can be read. Otherwise `details` is empty, and whoever shows the entry says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedEntry:
    """An entry with its place in the chain."""

    seq: int
    """The sequence number: it increases by one with each entry."""
    mac: str
    """The signature in hexadecimal; empty for an entry that was never signed."""
    key_id: str
    entry: AuditEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A person whom records name."""

    number: int
    """The number of their pseudonym, see `personal.pseudonym`. It is given once."""
    accounts: tuple[PersonId, ...]
    ids: tuple[str, ...]
    """Every account and chat id; empty when their texts were erased."""
    gone_since: datetime | None = None
    """Since when no account of theirs is in Entra, as far as it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureCount:
    """How much of a person is erased, or was."""

    texts: int
    """The texts beside entries of the audit log."""
    entries: int
    older: int
    """How many entries of earlier versions name the person. Their texts are signed, and are not erased."""
    records: int
    """How many records of requests, partners and others."""

    def as_details(self) -> dict[str, int]:
        """Return it as the details of an audit entry."""
        return {"texts": self.texts, "entries": self.entries, "older": self.older, "records": self.records}


class PersonalData(Protocol):
    """Finds and erases the texts of people who left. Every `Store` has one."""

    async def known_people(self) -> Sequence[KnownPerson]:
        """List the people with an account whose texts were not erased, by number."""

    async def known_person(self, identifier: str) -> KnownPerson | None:
        """Return the person with an account, a chat id or a pseudonym; None when records name nobody with it."""

    async def save_gone(self, number: int, since: datetime | None) -> None:
        """Store since when a person's accounts are gone; None: one of them is there."""

    async def records_in_force(self, person: KnownPerson) -> Sequence[str]:
        """List what names a person and is in force or open, as `requests R-…`. Nobody whom these name is erased."""

    async def count_to_erase(self, person: KnownPerson) -> ErasureCount:
        """Count what `erase` would erase. Nothing is changed."""

    async def erase(self, person: KnownPerson, *, key: str, actor: str) -> ErasureCount:
        """Erase a person's texts, and record that. After a kill, it goes on where it was.

        :param key: begins the keys of the audit entries.
        :param actor: who asked for it.
        :raises StaleVersion: when a record in force names the person, or one cannot be read. Something may be erased.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RestsOn:
    """What something that opens access rests on."""

    request_id: str = ""
    request: AccessRequest | None = None
    """The request as it was read; its plan must be the stored one. None: it is not compared."""
    tenant_id: str = ""
    batch_id: str = ""
    drift: str = ""
    """The subject of drift whose acceptances count."""
    click: "CheckPermission | None" = None
    """The click, which must have been received, and not checked yet."""
    freeze: bool = True
    """Whether the record of the freeze counts."""
    freeze_end: bool = False
    """Whether it also counts who asked to end the freeze: with a click that was received."""
    absences: bool = True
    """Whether the records of absences count."""
    whole_log: bool = True
    """Whether no entry may be missing or changed, but for what two admins know of: they ended the freeze about it."""

    @classmethod
    def only_click(cls, click: "CheckPermission") -> "RestsOn":
        """Return that nothing counts but that the click was received."""
        return cls(click=click, freeze=False, absences=False, whole_log=False)


class AuditKeys(Protocol):
    """Gives the keys of the chain. They are never in the database."""

    def ring(self, *, may_create: bool) -> KeyRing:
        """Return the keys.

        :param may_create: whether a key may be made where there is none yet. Beside a running bot it may not.
        :raises StoreUnusable: when there is no key, or it cannot be read; the text says what to do.
        """


class AuditLog(Protocol):
    """Reads the entries of the audit log. Every `Store` implements it."""

    async def entries_after(self, seq: int, *, limit: int) -> Sequence[NumberedEntry]:
        """List the entries after a sequence number, oldest first; all of them page by page, with the last one's number.

        :param seq: 0 for the first page.
        """

    async def rows_after(self, seq: int, *, limit: int) -> Sequence[ChainedRow]:
        """List the rows after a sequence number, oldest first, with the texts exactly as they were signed.

        Bytes that are no UTF-8, which only a damaged file has, are lone surrogates in the texts.
        """

    async def chain_end(self) -> ChainPoint:
        """Return the newest signed entry; `BEGINNING` when there is none."""

    async def verify_chain(self, *, newest: int | None = None) -> "ChainCheck":
        """Verify the signatures of all entries, or of the newest ones. Clicks are stored meanwhile.

        :param newest: how many of the newest entries; None for all of them.
        """

    async def unproven(self, about: RestsOn) -> "Sequence[ChainProblem]":
        """List why what something rests on is not believed. Empty: all of it is as signed entries say.

        The first call reads all entries.
        """

    async def unproven_batches(self, batch_ids: Collection[BatchId]) -> frozenset[BatchId]:
        """Return which batches are not as signed entries say; see `unproven_requests`."""

    async def unproven_requests(self, request_ids: Collection[RequestId]) -> frozenset[RequestId]:
        """Return which of these requests are not as signed entries say. The first call reads all entries."""

    def take_unproven(self) -> "Sequence[ChainProblem]":
        """Return what `unproven` found since the last call, each problem once."""

    async def history(self, *, request_id: RequestId | None = None, limit: int = 200) -> Sequence[AuditEntry]:
        """List audit entries, newest first.

        :param request_id: only entries about this request; None for all entries.
        """

    async def decisions_between(
        self, commands: Sequence[str], since: datetime, until: datetime
    ) -> Sequence[AuditEntry]:
        """List the accepted entries after `since`, until `until` inclusive, oldest first.

        :param commands: only entries with these stored names.
        """

    async def is_known(self, key: str) -> bool:
        """Return whether an audit entry with this key exists."""

    async def times_of(
        self,
        actor: ChatId,
        account: PersonId | None,
        commands: Sequence[str],
        since: datetime,
        *,
        unchecked_before: str | None = None,
    ) -> Sequence[datetime]:
        """List the times when a person's commands of these names were accepted, oldest first.

        Commands that close a partner are not listed: nobody is limited in closing. One whose details have the number
        `counts_as` is listed so often.

        :param actor: the chat id of the person.
        :param account: the account of the person. Entries with this account are listed also when they have another chat
            id. None when the account is not known.
        :param commands: the names of the commands, as stored.
        :param since: entries before this time are not listed.
        :param unchecked_before: the idempotency key of a click. The person's clicks of these names that were received
            before it and have no result yet are listed too, with the time when they were received: one of each other
            request, because one of them at most is accepted. Not those whose check was given up.
        """

    async def approved_before(
        self, click: str, actor: ChatId, account: PersonId, since: datetime
    ) -> Sequence[RequestId]:
        """List the requests that a person approved after `since`, each once, with clicks that were received before.

        A click that is not checked yet is listed as well; one that was refused is not.

        :param click: the idempotency key of the click before which they were received.
        """

    async def history_page(self, request_id: RequestId, *, limit: int, position: PagePosition) -> Page[AuditEntry]:
        """List the audit entries of a request, oldest first.

        A received click is left out when the entry with its result exists, because that says the same and more.
        """

    async def partner_history(self, tenant_id: TenantId, commands: Sequence[str]) -> Sequence[AuditEntry]:
        """List the accepted entries about a partner that belong to no request, oldest first.

        :param commands: only entries with these stored names.
        """

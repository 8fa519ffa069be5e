"""The guests of one partner as text, CSV or JSON, written row by row: only one row is in memory."""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from bot.report.csv_text import BYTE_ORDER_MARK, csv_row, join_values
from bot.slack.blocks.untrusted import clean
from bot.terminal.printing import MAX_CHARACTERS
from bot.words.reviews.guests import ESTIMATE, match_words, state_words, tally_words, unread_words
from workflows.app.evidence.guests.listing import AskedGuests, GuestsRead
from workflows.core.partners.reviewing.evidence.guest_listing import GuestFilter, GuestRow

Write = Callable[[str], Any]


class GuestsFormat(StrEnum):
    """The formats."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


class GuestsWriter(Protocol):
    """Writes rows as they come."""

    def take(self, row: GuestRow) -> bool:
        """Write one row; return whether to read on."""

    def finish(self, read: GuestsRead) -> None:
        """Write what is known at the end: how many there are, and what could not be read."""


_COLUMNS: Final[Mapping[str, Callable[[GuestRow], str]]] = {
    "kind": lambda row: _kind(row),
    "account_id": lambda row: row.account.id,
    "name": lambda row: row.account.name,
    "address": lambda row: row.account.mail,
    "user_type": lambda row: row.account.user_type,
    "found_by": lambda row: row.match.value,
    "invitation_pending": lambda row: _yes(row.account.is_pending),
    "invitation_pending_since": lambda row: _iso(row.pending_since),
    "last_sign_in": lambda row: _iso(row.last_sign_in_at),
    "is_last_sign_in_known": lambda row: _yes(_is_known(row)),
    "is_enabled": lambda row: _yes(row.account.is_enabled),
    "is_synchronized": lambda row: _yes(row.account.is_synchronized),
    "directory_roles": lambda row: join_values(row.roles),
    "finding": lambda row: "" if row.finding is None else row.finding.value,
    "unusual": lambda row: join_values(one.value for one in row.oddities),
}


class _Text:
    def __init__(self, asked: AskedGuests, only: GuestFilter, write: Write) -> None:
        self._asked = asked
        self._only = only
        self._write = write

    def take(self, row: GuestRow) -> bool:
        account = row.account
        who = f"{account.name or account.id} <{account.mail}>" if account.mail else account.name or account.id
        self._write(f"{clean(f'{who}: {state_words(row, self._asked.limits)}', MAX_CHARACTERS)}\n")
        return True

    def finish(self, read: GuestsRead) -> None:
        self._write(f"{tally_words(read, self._asked.limits, self._only)}\n")
        if how := match_words(read.tally):
            self._write(f"Found: {how}.\n")
        self._write("".join(f"{line}\n" for line in (*unread_words(read), ESTIMATE)))


class _Csv:
    def __init__(self, asked: AskedGuests, only: GuestFilter, write: Write) -> None:
        self._asked = asked
        self._only = only
        self._write = write
        write(BYTE_ORDER_MARK + csv_row(_COLUMNS))

    def take(self, row: GuestRow) -> bool:
        self._write(csv_row(column(row) for column in _COLUMNS.values()))
        return True

    def finish(self, read: GuestsRead) -> None:
        """Write the end to standard error: a file of rows has no other place for it."""
        lines = (tally_words(read, self._asked.limits, self._only), *unread_words(read), ESTIMATE)
        sys.stderr.write("".join(f"{line}\n" for line in lines))


class _Json:
    def __init__(self, asked: AskedGuests, only: GuestFilter, write: Write) -> None:
        self._write = write
        self._rows = 0
        identity = asked.identity
        members = {"format": "gatehouse/guests/1", "tenant_id": identity.tenant_id, "domains": asked.domains}
        members |= {"only": only.value}
        head = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in members.items())
        write(f'{{\n{head}"guests": [')

    def take(self, row: GuestRow) -> bool:
        self._write((",\n" if self._rows else "\n") + json.dumps(_as_json(row), sort_keys=True))
        self._rows += 1
        return True

    def finish(self, read: GuestsRead) -> None:
        tally = read.tally
        members = {
            "count": tally.count,
            "findings": {finding.value: count for finding, count in tally.findings.items()},
            "found_by": {match.value: count for match, count in tally.matches.items()},
            "is_complete": read.is_complete,
            "is_estimate": True,
            "missing_permissions": read.missing_permissions,
            "own_accounts": tally.own_accounts,
            "are_roles_read": read.roles.is_complete,
            "read_at": read.read_at.isoformat(),
        }
        tail = "".join(f",\n{json.dumps(key)}: {json.dumps(value, sort_keys=True)}" for key, value in members.items())
        self._write(f"\n]{tail}\n}}\n")


_WRITERS: Final[Mapping[GuestsFormat, Callable[[AskedGuests, GuestFilter, Write], GuestsWriter]]] = {
    GuestsFormat.TEXT: _Text,
    GuestsFormat.CSV: _Csv,
    GuestsFormat.JSON: _Json,
}


def writer_of(file_format: GuestsFormat, asked: AskedGuests, only: GuestFilter, write: Write) -> GuestsWriter:
    """Return what writes the rows in a format. It writes the beginning at once.

    :param only: which guests the rows are.
    """
    return _WRITERS[file_format](asked, only, write)


def _as_json(row: GuestRow) -> dict[str, Any]:
    account = row.account
    return {
        "account_id": account.id,
        "address": account.mail,
        "directory_roles": row.roles,
        "finding": None if row.finding is None else row.finding.value,
        "found_by": row.match.value,
        "invitation_pending": account.is_pending,
        "invitation_pending_since": _iso(row.pending_since) or None,
        "is_enabled": account.is_enabled,
        "is_last_sign_in_known": _is_known(row),
        "is_synchronized": account.is_synchronized,
        "kind": _kind(row),
        "last_sign_in": _iso(row.last_sign_in_at) or None,
        "name": account.name,
        "unusual": [one.value for one in row.oddities],
        "user_type": account.user_type,
    }


def _kind(row: GuestRow) -> str:
    return "own_account" if row.is_own_account else "guest"


def _is_known(row: GuestRow) -> bool:
    return row.account.activity is not None or row.signed_in_at is not None


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()

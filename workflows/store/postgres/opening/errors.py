"""What an error of PostgreSQL means: why the records cannot be written, whether it may pass, and what to do.

Errors of statements have a code. An error of a new connection has only a text (libpq), in the server's language.
"""

from typing import Final

import psycopg

from workflows.ports.records import StoreTrouble

_IS_READ_ONLY: Final = "25006"
_TROUBLES: Final = {
    "53100": StoreTrouble.DISK_FULL,
    _IS_READ_ONLY: StoreTrouble.READ_ONLY,
    "42501": StoreTrouble.READ_ONLY,
    "55P03": StoreTrouble.LOCKED,
    "40P01": StoreTrouble.LOCKED,
    "40001": StoreTrouble.LOCKED,
    "57014": StoreTrouble.CANCELED,
    "58030": StoreTrouble.DISK_ERROR,
    "XX001": StoreTrouble.DAMAGED,
    "XX002": StoreTrouble.DAMAGED,
}
"""What the codes of errors mean that are no programming errors (PostgreSQL, appendix A)."""
_AWAY: Final = ("08", "57P", "53", "25P03", "25P04")
"""The classes of codes that say that the server cannot be used now: connections, operators, resources, lost time."""
_OWNER: Final = "make the user the owner of the database"
_PERMANENT: Final = (
    ("password authentication failed", "correct the user or the password in DATABASE_URL"),
    ("no password supplied", "put the password into DATABASE_URL, or into the file of DATABASE_URL_FILE"),
    ("certificate", "correct sslmode and sslrootcert (a file) in DATABASE_URL, or the certificate of the server"),
    ("does not support ssl", "the server has no TLS: set it up there, or remove sslmode from DATABASE_URL"),
    ("pg_hba.conf", "the server does not let this user in from here: correct its pg_hba.conf"),
    *((part, _OWNER) for part in ("permission denied", "no schema has been selected")),
    ("does not exist", "create the database and the user, or correct DATABASE_URL"),
)
"""A part of what a server says when a setting is wrong, and the cure. In another language it is not found here."""
_START: Final = "start it, or correct DATABASE_URL"
_PASSING: Final = {
    **dict.fromkeys(("too many", "remaining connection slots"), "raise max_connections of the server"),
    **dict.fromkeys(("read-only", "hot standby"), "name the primary in DATABASE_URL, not a standby"),
    **dict.fromkeys(
        ("starting up", "shutting down", "recovery mode", "not yet accepting"), "wait until it has started"
    ),
    "no space left": "make room on the disk of the server",
    **dict.fromkeys(
        (
            *("connection refused", "no such file or directory", "timeout", "timed out", "unreachable", "no route to"),
            *("resolve host", "translate host name", "closed the connection", "connection reset", "connection is lost"),
        ),
        _START,
    ),
}
"""The same of what may pass without another setting."""
_PASSES: Final = frozenset(
    {StoreTrouble.AWAY, StoreTrouble.DISK_FULL, StoreTrouble.LOCKED, StoreTrouble.CANCELED, StoreTrouble.DISK_ERROR}
)
"""Troubles that may pass by themselves, or by what somebody does at the server."""


def trouble_of(error: Exception) -> StoreTrouble | None:
    """Return why the records cannot be written; None for an error of our own."""
    code = getattr(error, "sqlstate", None)
    if code is None:
        return StoreTrouble.AWAY if isinstance(error, psycopg.OperationalError) else None
    return _TROUBLES.get(code) or (StoreTrouble.AWAY if code.startswith(_AWAY) else None)


def cure_of(error: Exception, text: str, sslmode: str) -> tuple[str, bool]:
    """Return what to do about an error, and whether the same may succeed later without another setting.

    :param text: of the error, in small letters.
    :param sslmode: what the address says about TLS; anything else where it says nothing.
    """
    cure, may_pass = _cure(text, sslmode)
    if (code := getattr(error, "sqlstate", None)) is not None:
        may_pass = code == _IS_READ_ONLY or trouble_of(error) in _PASSES
    return cure, may_pass or isinstance(error, TimeoutError)


def _cure(text: str, sslmode: str) -> tuple[str, bool]:
    if "no encryption" in text and sslmode == "disable":
        return "the server requires TLS: write sslmode=verify-full, or at least require, in DATABASE_URL", False
    for part, cure in _PERMANENT:
        if part in text:
            return cure, False
    return next(((cure, True) for part, cure in _PASSING.items() if part in text), (_START, False))

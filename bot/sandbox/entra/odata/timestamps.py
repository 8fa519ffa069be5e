"""Write and read times in the format of Microsoft Graph."""

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """Write a time as Graph does: ISO 8601, UTC, seven digits, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def moment_of(text: str) -> datetime:
    """Read an ISO 8601 date or time; without an offset it is UTC.

    :raises ValueError: when `text` is neither.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

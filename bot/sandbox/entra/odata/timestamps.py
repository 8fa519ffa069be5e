"""Write and read instants the way Microsoft Graph prints them."""

from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """Print `moment` as Graph does: ISO 8601, UTC, seven digits, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def moment_of(text: str) -> datetime:
    """Read an ISO 8601 date or instant; without an offset it means UTC.

    :raises ValueError: when `text` is neither.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

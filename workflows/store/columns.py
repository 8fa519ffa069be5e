"""The values of columns by which records are sorted and found."""

from datetime import UTC, datetime


def text_of(moment: datetime) -> str:
    """Write an instant so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def sought(*texts: str) -> str:
    """Return the words by which a record is found, in the form in which they are compared."""
    return "\n".join(text.strip().casefold().replace("\n", " ") for text in texts if text)

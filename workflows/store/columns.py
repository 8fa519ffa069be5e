"""Make the values of columns by which records are sorted and searched."""

from datetime import UTC, datetime


def text_of(moment: datetime) -> str:
    """Write a time as a text. The order of such texts is the order of the times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def sought(*texts: str) -> str:
    """Return the text in which a record is searched: the given texts in one form for upper and lower case."""
    return "\n".join(text.strip().casefold().replace("\n", " ") for text in texts if text)

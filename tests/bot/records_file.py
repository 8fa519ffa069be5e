"""The file in which the records are that settings name."""

from pathlib import Path

from bot.process.settings import TenantSettings
from workflows.store.location import StoreLocation


def file_of(settings: TenantSettings) -> Path:
    """Return the file of SQLite."""
    records = settings.records
    assert isinstance(records, StoreLocation)
    return records.path

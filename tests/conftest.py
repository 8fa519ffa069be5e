"""For every test."""

import gc


def pytest_collection_finish() -> None:
    """Look no more for garbage in what was imported: half a million objects that stay."""
    gc.collect()
    gc.freeze()

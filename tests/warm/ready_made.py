"""What each bot would make again at its start, made once: it is the same each time.

The stories that type the command, and the tests of each part, hold that it is made rightly.
"""

import tempfile
from functools import cache
from pathlib import Path

from workflows.catalog.catalog import SHIPPED, Catalog, load_catalog
from workflows.store.sqlite.file import StoreFile


def loaded_once(folder: Path) -> Catalog:
    """Load the templates; those of this project, which do not change, once."""
    return shipped_catalog() if folder == SHIPPED else load_catalog(folder)


@cache
def shipped_catalog() -> Catalog:
    """Return this project's templates."""
    return load_catalog(SHIPPED)


@cache
def new_database() -> bytes:
    """Return the file of a store without records."""
    with tempfile.TemporaryDirectory() as folder:
        file = StoreFile(Path(folder) / "gatehouse.db")
        file.open().close()
        file.release()
        return file.path.read_bytes()


def put_new_database(path: Path) -> None:
    """Write such a file, where there is none, as the bot would."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(new_database())

"""Source files that tests look through for what is named in them."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path


def modules_naming(names: Iterable[str], files: Iterable[Path]) -> Iterator[tuple[Path, ast.Module]]:
    """Parse each file with one of these texts in it, in the order of their paths. To parse all would take seconds.

    A name that is written in parts or with escapes is not found.
    """
    for path in sorted(files):
        text = path.read_text(encoding="utf-8")
        if any(name in text for name in names):
            yield path, ast.parse(text)

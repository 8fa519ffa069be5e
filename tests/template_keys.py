"""The tables of keys in docs/templates.md: each key of the files with its default, from the pydantic models.

`uv run poe keys` writes the first two columns. The meaning of each key is written by hand, in the third.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workflows.catalog.settings_table import SettingsTable
from workflows.catalog.template_files import RoleFile, TemplateFile

PAGE: Final = Path(__file__).parents[1] / "docs" / "templates.md"
_HEAD: Final = "| Key | Default | Meaning |\n|---|---|---|"
_ROW: Final = re.compile(r"^\| (`[^|]+`) \| [^|]* \| (.*) \|$", re.MULTILINE)
MODELS: Final[Mapping[str, type[BaseModel]]] = {"template": TemplateFile, "role": RoleFile}
"""The tables of the page: one model of a file each."""


def keys(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield every key of a file with "required" or its default; the keys of a table in it follow it."""
    for name, field in model.model_fields.items():
        key = f"{before}{name}"
        yield key, default(field)
        if (table := table_of(field)) is not None:
            yield from keys(table, f"{key}.")


def default(field: FieldInfo) -> str:
    """Return the default of a key as it is written in a file; "required" for a key without one."""
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    value = list(value) if isinstance(value, tuple) else value
    return f'`"{value.value if isinstance(value, Enum) else value}"`' if isinstance(value, str) else f"`{value}`"


def table_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of the tables that a key contains; None for a plain value, and for the settings."""
    found = [field.annotation, *getattr(field.annotation, "__args__", ())]
    models = [one for one in found if isinstance(one, type) and issubclass(one, BaseModel)]
    return models[0] if models and models[0] is not SettingsTable else None


def written_page(page: str) -> str:
    """Return the page with the tables of the models.

    :raises KeyError: for a key without a meaning on the page.
    """
    for name, model in MODELS.items():
        begin, end = f"<!-- keys of a {name}: begin -->\n", f"<!-- keys of a {name}: end -->"
        head, rest = page.split(begin)
        table, tail = rest.split(end)
        meanings = {key.strip("`"): meaning for key, meaning in _ROW.findall(table)}
        rows = [f"| `{key}` | {value} | {meanings[key]} |" for key, value in keys(model)]
        page = f"{head}{begin}\n" + "\n".join([_HEAD, *rows]) + f"\n\n{end}{tail}"
    return page


if __name__ == "__main__":
    PAGE.write_text(written_page(PAGE.read_text()))

"""The options of the commands that read a file of partners, and the status of a wrong one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from bot.terminal.printing import NOT_POSSIBLE


class FileCommand(TyperCommand):
    """A command that ends with 1 for wrong options as well: its 2 means that something would change."""

    def make_context(self, *args: Any, **more: Any) -> Any:
        """Read the options."""
        with _one_for_wrong_options():
            return super().make_context(*args, **more)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _one_for_wrong_options():
            return super().invoke(ctx)


@contextmanager
def _one_for_wrong_options() -> Iterator[None]:
    try:
        yield
    except TyperException as error:
        vars(error)["exit_code"] = NOT_POSSIBLE
        raise


def chosen_columns(pairs: list[str] | None) -> dict[str, str]:
    """Return the titles that were chosen for fields, by the field.

    :raises typer.BadParameter: for a choice that is not FIELD=TITLE.
    """
    found = [one.partition("=") for one in pairs or ()]
    if not all(name and title for name, _, title in found):
        raise typer.BadParameter("write it as FIELD=TITLE, such as partner=Domain", param_hint="--column")
    return {name: title for name, _, title in found}

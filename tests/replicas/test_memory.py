"""What a process remembers is listed in docs/replicas.md: each module that keeps something is named there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
NO_BOT: Final = (
    "bot/sandbox",  # stands for Slack and Microsoft
    "bot/terminal",  # commands: processes that end
    "bot/report",  # pages of the command line
    "workflows/core",  # pure
    "workflows/store/sqlite",  # of one bot
    "workflows/effects/queue/queue_worker.py",  # of SQLite
    "workflows/store/moving",  # a command
)
OF_ONE_CALL: Final = (
    "bot/words/batches/sheet_report.py",  # a report while it is written
    "workflows/app/approvers/relation_check.py",  # one check
    "workflows/app/reads/offers.py",  # one page
    "workflows/ports/tenant.py",  # reads of one check
    "workflows/sheets/workbook_parts.py",  # one file
    "workflows/sheets/worksheets.py",  # one file
)
"""These have objects that are made for one call, and forgotten at its end."""
KEEPS: Final = {"dict", "set", "list", "deque", "OrderedDict", "Counter", "Cache", "defaultdict"}


def name_of(node: ast.expr) -> str:
    """The last name of what is called: "dict" of `dict[str, int]`."""
    return ast.unparse(node).partition("[")[0].rpartition(".")[2]


def begins_empty(value: ast.expr | None) -> bool:
    """Whether a value is a collection that is filled later."""
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(func=ast.Name(id="field"), keywords=keywords):
            return any(one.arg == "default_factory" and name_of(one.value) in KEEPS for one in keywords)
        case ast.Call():
            return name_of(value.func) in KEEPS and (not value.args or name_of(value.func) == "defaultdict")
    return False


def memories(tree: ast.Module) -> Iterator[str]:
    """What a module keeps: collections of its own or of its objects, and answers of functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.Assign) and begins_empty(node.value):
            target = ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
            is_private = target.startswith(("self._", "_"))
            is_local = isinstance(node, ast.Assign) and not target.startswith("self.")
            is_read_only = isinstance(node, ast.AnnAssign) and "Mapping" in ast.unparse(node.annotation)
            if is_private and not is_local and not is_read_only:
                yield target
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            callables = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
            if {name_of(one) for one in callables} & {"lru_cache", "cache"}:
                yield node.name


def test_each_module_that_remembers_something_is_in_the_list() -> None:
    table = (PROJECT / "docs/replicas.md").read_text().partition("## What each bot remembers")[2]
    named = set(re.findall(r"`([a-z_/]+\.py)`", table))
    found = {
        where: sorted(kept)
        for top in ("bot", "workflows")
        for path in sorted((PROJECT / top).rglob("*.py"))
        if not (where := path.relative_to(PROJECT).as_posix()).startswith((*NO_BOT, *OF_ONE_CALL))
        and (kept := set(memories(ast.parse(path.read_text()))))
    }
    assert len(found) > 20
    assert {where: found[where] for where in found.keys() - named} == {}, "say in docs/replicas.md what two bots do"
    assert named - found.keys() == set(), "they remember nothing"

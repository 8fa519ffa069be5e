"""What a process remembers is listed in docs/replicas.md: each module that keeps something is named there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

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
OWNERS_OF_ONE_CALL: Final = {
    # a window while it is filled or shown to one person, and fields of a view that is made
    "bot/slack/answers/windows.py: window",
    "bot/slack/flows/alarms/campaign_views.py: field",
    "bot/slack/flows/alarms/freeze_views.py: field",
    "bot/slack/flows/decide/delegation/absence_views.py: note",
    "bot/slack/flows/decide/delegation/reassign_flow.py: reason",
    "bot/slack/flows/request_access/adopt/draft_flow.py: window",
    "bot/slack/flows/request_access/adopt/flow.py: window",
    "bot/slack/flows/restore/flow.py: window",
    "bot/slack/flows/revoke/flow.py: window",
    "bot/slack/flows/revoke/lift.py: window",
    "bot/slack/flows/show/guests.py: _Taken",
    "bot/slack/flows/sponsor/flow.py: window",
    # one message to many people, one check of a click, one file, one list
    "bot/slack/outbound/announcements/waiting_people.py: WaitingPeople",
    "bot/slack/people/reads.py: OneCheckReads",
    "workflows/app/batches/importing/judging.py: one",
    "workflows/app/evidence/guests/listing.py: GuestReading",
    "workflows/app/evidence/guests/listing.py: places",
    "workflows/app/requests/filing.py: RequestLimitCheck",
    "workflows/effects/batches/waves.py: WaveRecords",
    "workflows/sheets/object_files.py: _Objects",
    # one pass of the leading bot
    "workflows/app/schedule/access_ends.py: state",
    "workflows/app/schedule/reviews/silences.py: state",
    "workflows/app/watch/comparing.py: SweepFindings",
    "workflows/app/watch/comparing.py: found",
    # one request to Graph, one statement, one transaction
    "workflows/entra/addresses.py: request",
    "workflows/entra/transport/batch.py: item",
    "workflows/entra/transport/batch.py: relative",
    "workflows/entra/transport/connection.py: request",
    "workflows/store/postgres/audit/named_records.py: cursor",
    "workflows/store/postgres/opening/schema.py: connection",
    "workflows/store/postgres/reading/snapshot.py: cursor",
    "workflows/store/postgres/store.py: written",
}
"""The class or the variable of such objects, where the module has others too."""
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


CREATES: Final = {"__init__", "__post_init__", "__new__"}


def changed_in(node: ast.AST) -> Iterator[ast.expr]:
    """What a statement gives a new value."""
    match node:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            yield from targets
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target) | ast.For(target=target):
            yield target
        case ast.AsyncFor(target=target) | ast.NamedExpr(target=target):
            yield target
        case ast.withitem(optional_vars=ast.expr() as target):
            yield target
        case ast.Call(func=func, args=[owner, ast.Constant(value=str(name)), *_]):
            if ast.unparse(func) in ("object.__setattr__", "setattr"):
                yield ast.Attribute(value=owner, attr=name, ctx=ast.Store())


def changes(node: ast.AST, *, of: str = "", functions: tuple[str, ...] = ()) -> Iterator[str]:
    """What is changed after its creation: `Class.attribute` of the object itself, else `variable.attribute`.

    What a function of a module or of another function changes outside of itself is named by its name.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from changes(child, of=child.name)
            continue
        is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
        inner = (*functions, child.name) if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else functions
        if functions and isinstance(child, ast.Global | ast.Nonlocal):
            yield from (f"{functions[-1]}.{name}" for name in child.names)
        for target in () if is_function or not functions else changed_in(child):
            for one in ast.walk(target):
                if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store | ast.Del):
                    owner = ast.unparse(one.value)
                    if owner != "self" or functions[0] not in CREATES:
                        yield f"{of if owner == 'self' else owner}.{one.attr}"
        yield from changes(child, of=of, functions=inner)


@cache
def python_files() -> dict[str, ast.Module]:
    """Every module that a running bot may have, by its path."""
    paths = {
        path.relative_to(PROJECT).as_posix(): path
        for top in ("bot", "workflows")
        for path in (PROJECT / top).rglob("*.py")
    }
    return {where: ast.parse(paths[where].read_text()) for where in sorted(paths) if not where.startswith(NO_BOT)}


def owned(tree: ast.Module) -> dict[str, set[str]]:
    """What a module changes after its creation, by its owner."""
    found: dict[str, set[str]] = {}
    for change in changes(tree):
        found.setdefault(change.rpartition(".")[0], set()).add(change)
    return found


def named_modules() -> set[str]:
    """The modules that the list names."""
    table = (PROJECT / "docs/replicas.md").read_text().partition("## What each bot remembers")[2]
    return set(re.findall(r"`([a-z_/]+\.py)`", table))


def test_each_module_that_remembers_something_is_in_the_list() -> None:
    found = {}
    for where, tree in python_files().items():
        kept = set(memories(tree)).union(
            *(names for owner, names in owned(tree).items() if f"{where}: {owner}" not in OWNERS_OF_ONE_CALL)
        )
        if kept and where not in OF_ONE_CALL:
            found[where] = sorted(kept)
    named = named_modules()
    assert len(found) > 60
    assert {where: found[where] for where in found.keys() - named} == {}, "say in docs/replicas.md what two bots do"
    assert named - found.keys() == set(), "they remember nothing"


def test_what_is_left_out_of_the_list_is_there() -> None:
    owners = {f"{where}: {owner}" for where, tree in python_files().items() for owner in owned(tree)}
    assert owners >= OWNERS_OF_ONE_CALL


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("self.x = 1", "Kept.x"),
        ("self.x += 1", "Kept.x"),
        ("self.x: int = 1", "Kept.x"),
        ("self.y, (self.x, _) = found", "Kept.x"),
        ("del self.x", "Kept.x"),
        ("for self.x in found: pass", "Kept.x"),
        ("with found as self.x: pass", "Kept.x"),
        ("object.__setattr__(self, 'x', 1)", "Kept.x"),
        ("setattr(other, 'x', 1)", "other.x"),
        ("self.part.x = 1", "self.part.x"),
        ("global x; x = 1", "changed.x"),
        ("x = 0\n        def inner():\n            nonlocal x; x = 1", "inner.x"),
        ("def inner():\n            self.x = 1", "Kept.x"),
    ],
)
def test_whatever_is_changed_after_its_creation_is_found(changed: str, expected: str) -> None:
    tree = ast.parse(
        f"class Kept:\n    def __init__(self):\n        self.x = 0\n    def changed(self):\n        {changed}"
    )
    assert expected in set(changes(tree))


def test_what_is_given_at_the_creation_is_no_change() -> None:
    source = "@dataclass\nclass Kept:\n    x: int = 0\n    def __post_init__(self):\n        self.y = z = self.x"
    assert list(changes(ast.parse(source))) == []

"""Every operation is sent from one place, which reads the freeze first. Accounts are changed from one place, too."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.sources import modules_naming

PROJECT: Final = Path(__file__).parents[1]
GATE: Final = "workflows/effects/applying/write_gate.py"
WAVE: Final = "workflows/app/batches/wave_writes.py"
ACCOUNT_WRITER: Final = "workflows/effects/applying/guest_accounts/writing.py"


def tenant_writes(tree: ast.AST) -> Iterator[int]:
    """List the lines that take `write` of something named tenant or gateway, called or handed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "write":
            owner = ast.unparse(node.value).rpartition(".")[2].strip("_()")
            if owner.endswith(("tenant", "gateway", "entra")):
                yield node.lineno
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"getattr", "attrgetter"}
            and any(isinstance(one, ast.Constant) and one.value == "write" for one in node.args)
        ):
            yield node.lineno


def modules(named: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the path and tree of each module of the bot that has this text in it, without the sandbox."""
    for path, tree in modules_naming([named], [*PROJECT.glob("bot/**/*.py"), *PROJECT.glob("workflows/**/*.py")]):
        name = str(path.relative_to(PROJECT))
        if not name.startswith("bot/sandbox/"):
            yield name, tree


def test_only_the_gate_sends_operations() -> None:
    found = {name: list(tenant_writes(tree)) for name, tree in modules("write")}
    assert {name for name, lines in found.items() if lines} == {GATE, WAVE}
    assert len(found[GATE]) == 2, "required and optional writes"
    assert len(found[WAVE]) == 1, "what must be sent alone, after its own last check"


def test_every_send_of_the_gate_reads_the_freeze_before() -> None:
    tree = ast.parse((PROJECT / GATE).read_text())
    senders = [one for one in ast.walk(tree) if isinstance(one, ast.AsyncFunctionDef) and list(tenant_writes(one))]
    assert [one.name for one in senders] == ["send", "send_optional"]
    for one in senders:
        *before, last = one.body
        assert list(tenant_writes(last)), "nothing is sent before the last line"
        asked = " ".join(ast.unparse(statement) for statement in before)
        assert "require_not_frozen" in asked or "_require_never_frozen" in asked
        assert not any(isinstance(node, ast.Try) for node in ast.walk(one)), "an error of that read is never ignored"


def together_writes(tree: ast.AST) -> Iterator[int]:
    """List the lines that take `write_together` of anything, called or handed on, or by its name."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.Attribute) and node.attr == "write_together") or (
            isinstance(node, ast.Constant) and node.value == "write_together"
        ):
            yield node.lineno


def test_only_a_wave_sends_operations_together_and_only_the_gate_gives_it_some() -> None:
    found = {name for name, tree in modules("write_together") if list(together_writes(tree))}
    assert found == {WAVE}
    users = {name for name, _ in modules("wave.write(")}
    assert users == {GATE}


def test_a_wave_makes_the_last_check_of_each_operation_right_before_it_sends_them() -> None:
    tree = ast.parse((PROJECT / WAVE).read_text())
    (sender,) = [one for one in ast.walk(tree) if isinstance(one, ast.AsyncFunctionDef) and list(together_writes(one))]
    text = ast.unparse(sender)
    assert text.index("last_check()") < text.index("write_together")
    (alone,) = [
        ast.unparse(one) for one in ast.walk(tree) if isinstance(one, ast.AsyncFunctionDef) and list(tenant_writes(one))
    ]
    assert alone.index("last_check()") < alone.index("_tenant.write(")
    gate = (PROJECT / GATE).read_text()
    for check in ("self._require_still_wanted, request, done_count)", "self._require_never_frozen, request)"):
        assert f"last_check = partial({check}" in gate


def test_another_way_would_be_found() -> None:
    for line in (
        "self.tenant.write(one)",
        "partial(tenant.write, one)",
        "getattr(x, 'write')",
        "self._gateway.write(o)",
    ):
        assert list(tenant_writes(ast.parse(line))) == [1], line
    for line in ("file.write(x)", "self._thread.write(work)"):
        assert list(tenant_writes(ast.parse(line))) == []


def account_writes(tree: ast.AST) -> Iterator[int]:
    """List the lines that take `set_enabled` of anything, called or handed on, or by its name."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.Attribute) and node.attr == "set_enabled") or (
            isinstance(node, ast.Constant) and node.value == "set_enabled"
        ):
            yield node.lineno


def test_only_one_writer_disables_and_enables_accounts() -> None:
    found = {name: list(account_writes(tree)) for name, tree in modules("set_enabled")}
    assert {name: len(lines) for name, lines in found.items() if lines} == {ACCOUNT_WRITER: 1}


def test_another_writer_of_accounts_would_be_found() -> None:
    for line in ("self.accounts.set_enabled(ids)", "partial(a.set_enabled, ids)", "getattr(x, 'set_enabled')"):
        assert list(account_writes(ast.parse(line))) == [1], line

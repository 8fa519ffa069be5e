"""The domain creates no sentence for people: errors and facts are codes and values."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import workflows.app.requests.restoration.restoring
import workflows.effects.performer
import workflows.entra.gateway
import workflows.partner_lookup.lookup
import workflows.store.sqlite.store  # noqa: F401
from workflows.core.errors.raised import CodedError, FactsError

DOMAIN: Final = Path(__file__).parents[2] / "workflows"
MAKERS: Final = frozenset({"Fact", "text_fact", "unavailable"})
"""Functions that make facts."""


def kinds(error: type[Exception]) -> Iterator[str]:
    """Give the names of an error's class and of all that are made from it."""
    yield error.__name__
    for kind in error.__subclasses__():
        yield from kinds(kind)


def sentences(module: ast.Module, names: frozenset[str]) -> Iterator[str]:
    """Return every text with a space that is passed to one of these classes, or to its `super().__init__`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield from _texts(node)
        if isinstance(node, ast.ClassDef) and node.name in names:
            for inside in ast.walk(node):
                if isinstance(inside, ast.Call) and isinstance(inside.func, ast.Attribute):
                    yield from _texts(inside) if inside.func.attr == "__init__" else ()


def _texts(call: ast.Call) -> Iterator[str]:
    for part in ast.walk(call):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value.strip():
            yield part.value


def told() -> frozenset[str]:
    return frozenset({*kinds(FactsError), *kinds(CodedError), *MAKERS})


def test_every_error_that_a_person_may_read_tells_facts() -> None:
    expected = {"TenantUnavailable", "TenantRefused", "WrongTenant", "StoreNotWritable", "OtherOpenRequest"}
    assert expected | {"PeopleDirectoryUnavailable", "NotifierRefused", "Refused", "InvalidField"} <= told()


def test_no_sentence_is_made_in_the_domain() -> None:
    found = [
        (str(path.relative_to(DOMAIN)), text)
        for path in sorted(DOMAIN.rglob("*.py"))
        for text in sentences(ast.parse(path.read_text()), told())
    ]
    assert found == []


def test_a_sentence_is_found() -> None:
    code = """
raise TenantUnavailable(f"Entra took too long to {purpose}.")
class WrongTenant(TenantUnavailable):
    def __init__(self, found):
        super().__init__(f"Microsoft Graph answers for {found}.")
raise ValueError("no tenant id")
"""
    found = list(sentences(ast.parse(code), told()))
    assert sorted(found) == ["Entra took too long to ", "Microsoft Graph answers for "]

"""Read the installed msgraph-sdk as a description of Graph v1.0: its operations, models and enumerations.

Microsoft generates the SDK from its own description, so it says which addresses, members and values there are. Its
source is read and never imported: the first model that descends from `Entity` imports over a thousand modules, which
takes seconds; to read the few files in question takes a fraction of one.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote


class Name(NamedTuple):
    """A class of the SDK, or a plain Python type (without a file)."""

    file: Path | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The type of one member of a model."""

    reader: str
    """How the SDK reads it: "object", "enum", "primitive", "str", "bool", "int", "datetime", …"""
    type: Name | None
    is_list: bool
    has_flags: bool
    """Whether the text may name several values of an enumeration, separated by commas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method at one address."""

    body: Name | None
    answer: Name | None
    query: frozenset[str]
    """The query parameters it knows, such as `$filter`."""


def _generated() -> Path:
    found = importlib.util.find_spec("msgraph")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "generated"


GENERATED: Final = _generated()
ERROR: Final = Name(GENERATED / "models" / "o_data_errors" / "o_data_error.py", "ODataError")
"""The body of every refusal."""

_KEY: Final = re.compile(r"(\w+)\('[^']*'\)")
_FUNCTION: Final = re.compile(r"(\w+)\((\w+)=.*\)", re.DOTALL)


def model(name: str) -> Name:
    """Name a model by its file, such as "user_sign_in"."""
    file = GENERATED / "models" / f"{name}.py"
    [found] = [one.name for one in _tree(file).body if isinstance(one, ast.ClassDef)]
    return Name(file, found)


@cache
def operation(method: str, path: str) -> Operation | None:
    """Find what the SDK says of a call; `path` is below `/v1.0`. None when the SDK has no such call."""
    folder = _folder(path)
    found = sorted(folder.glob("*_request_builder.py")) if folder else []
    if not found:
        return None
    for node in ast.walk(_tree(found[0])):
        if isinstance(node, ast.AsyncFunctionDef) and node.name == method.lower():
            bodies = [one.annotation for one in node.args.args if one.arg == "body" and one.annotation]
            return Operation(
                body=_annotated(found[0], bodies[0]) if bodies else None,
                answer=_annotated(found[0], node.returns) if node.returns else None,
                query=_query(found[0]),
            )
    return None


@cache
def members(model: Name) -> Mapping[str, Member]:
    """Every member of a model, its ancestors' included."""
    found: dict[str, Member] = {}
    for one in _lineage(model):
        assert one.file is not None
        found = {**dict(_own_members(one.file, _class(one))), **found}
    return found


@cache
def kinds(model: Name) -> Mapping[str, Name]:
    """Return the models that may replace this one, by their `@odata.type`."""
    assert model.file is not None
    found = {}
    for node in ast.walk(_method(_class(model), "create_from_discriminator_value")):
        if not isinstance(node, ast.If):
            continue
        types = [one.value for one in ast.walk(node.test) if isinstance(one, ast.Constant) and "#" in str(one.value)]
        made = [one.value for one in node.body if isinstance(one, ast.Return)]
        if types and made and isinstance(made[0], ast.Call) and isinstance(made[0].func, ast.Name):
            found[str(types[0])] = _resolved(model.file, made[0].func.id)
    return found


@cache
def values(enumeration: Name) -> frozenset[str]:
    """Return the values of an enumeration, without the one for future values: nobody sends that."""
    found = set()
    for node in _class(enumeration).body:
        if isinstance(node, ast.Assign):
            found |= {str(one.value) for one in ast.walk(node.value) if isinstance(one, ast.Constant)}
    return frozenset(found - {"unknownFutureValue"})


def _folder(path: str) -> Path | None:
    """Where the SDK keeps an address: one folder for each segment, in any case as with Graph, "item" for an id."""
    folder = GENERATED
    for segment in _segments(path):
        known = {one.name.replace("_", ""): one for one in folder.iterdir() if one.is_dir()}
        found = known.get(segment.lower().replace(".", "").removeprefix("$"))
        if found is None and not segment.startswith("$"):
            found = known.get("item")
        if found is None:
            return None
        folder = found
    return folder


def _segments(path: str) -> Iterator[str]:
    for segment in path.strip("/").split("/"):
        key, function = _KEY.fullmatch(segment), _FUNCTION.fullmatch(segment)
        if key:
            yield from (key[1], "{}")
        elif function:
            yield f"{function[1]}With{function[2]}"
        else:
            yield segment.removeprefix("microsoft.") if segment.startswith("microsoft.graph.") else segment


def _query(builder: Path) -> frozenset[str]:
    for node in ast.walk(_tree(builder)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("{+baseurl}"):
            return frozenset(
                unquote(name) for part in re.findall(r"\{\?([^}]*)\}", node.value) for name in part.split(",")
            )
    return frozenset()


def _lineage(model: Name) -> Iterator[Name]:
    """The model and its ancestors within the SDK, nearest first."""
    yield model
    assert model.file is not None
    for base in _class(model).bases:
        found = _resolved(model.file, base.id) if isinstance(base, ast.Name) else None
        if found is not None and found.file is not None:
            yield from _lineage(found)


def _own_members(file: Path, node: ast.ClassDef) -> Iterator[tuple[str, Member]]:
    lists = {
        one.target.id: "list[" in ast.unparse(one.annotation)
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    }
    for inner in ast.walk(_method(node, "get_field_deserializers")):
        if not isinstance(inner, ast.Dict):
            continue
        for key, value in zip(inner.keys, inner.values, strict=True):
            assert isinstance(key, ast.Constant)
            assert isinstance(value, ast.Lambda)
            assert isinstance(value.body, ast.Call)
            _, attribute, read = value.body.args
            assert isinstance(attribute, ast.Constant)
            assert isinstance(read, ast.Call)
            assert isinstance(read.func, ast.Attribute)
            reader = read.func.attr.removeprefix("get_").removesuffix("s").removesuffix("_value")
            is_collection = reader.startswith("collection_of_")
            yield (
                str(key.value),
                Member(
                    reader=reader.removeprefix("collection_of_"),
                    type=_annotated(file, read.args[0]) if read.args else None,
                    is_list=is_collection and lists[str(attribute.value)],
                    has_flags=is_collection and not lists[str(attribute.value)],
                ),
            )


def _annotated(file: Path, annotation: ast.expr) -> Name | None:
    """The class that an annotation names, without `Optional`; None for None."""
    while isinstance(annotation, ast.Subscript):
        annotation = annotation.slice
    return _resolved(file, annotation.id) if isinstance(annotation, ast.Name) else None


def _resolved(file: Path, name: str) -> Name:
    return Name(_imports(file).get(name), name)


@cache
def _imports(file: Path) -> Mapping[str, Path]:
    """The classes of the SDK that a file imports, with the files they come from."""
    found = {}
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            source = file.parents[node.level - 1].joinpath(*node.module.split(".")).with_suffix(".py")
            found.update({one.name: source for one in node.names})
    return found


def _class(name: Name) -> ast.ClassDef:
    assert name.file is not None
    [found] = [one for one in _tree(name.file).body if isinstance(one, ast.ClassDef) and one.name == name.name]
    return found


def _method(node: ast.ClassDef, name: str) -> ast.FunctionDef:
    [found] = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == name]
    return found


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))

"""Compare requests to Graph and the simulator's answers with the installed msgraph-sdk, in every clone.

It finds addresses, methods, query parameters, members and enumeration values that the SDK lacks, and values of another
type. The SDK does not say which members are required, which may be null, or how long a text may be. Microsoft's
description says that, where it is present.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from tests.contracts.not_in_sdk import CALLS, MEMBERS, QUERY, REQUIRED, VALUES
from tests.contracts.sdk_source import ERROR, Member, Name, Operation, kinds, members, operation, values

ANNOTATIONS: Final = frozenset({"context", "count", "etag", "id", "nextLink", "type"})
"""OData's own names, which stand after `@odata.`; a model describes only some of them."""
_PYTHON: Final[Mapping[str, tuple[type, ...]]] = {"bool": (bool,), "int": (int,), "float": (int, float)}
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TEXTS: Final[Mapping[str, Callable[[str], object]]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "uuid": UUID,
}


def request_problems(method: str, path: str, query: Mapping[str, str], content: bytes | None) -> list[str]:
    """List what the SDK has against a request; `path` is below `/v1.0`."""
    if _is_beyond(method, path):
        return []
    known = _operation(method, path)
    if known is None:
        return [f"{method} {path}: there is no such call"]
    return [*_query_problems(known, query), *_body_problems(method, path, known, content)]


def response_problems(method: str, path: str, status: int, content: bytes) -> list[str]:
    """List what the SDK has against an answer."""
    if status >= 400:
        return list(object_problems(json.loads(content), ERROR))
    if _is_beyond(method, path):
        return []
    known = _operation(method, path)
    if known is None:
        return [f"{method} {path}: there is no such call"]
    if status == 204 or not content:
        may_be_empty = known.answer is None or method in ("PATCH", "PUT")
        return [] if may_be_empty and status == 204 and not content else [f"a {status} with {len(content)} bytes"]
    if known.answer is None:
        return ["a body where none is described"]
    if known.answer.file is None:
        return list(_plain_problems(known.answer.name, json.loads(content), "the body"))
    return list(object_problems(json.loads(content), known.answer))


def object_problems(value: Any, model: Name, at: str = "") -> Iterator[str]:
    """List everything in one object that the SDK's model does not have, at any depth."""
    if not isinstance(value, Mapping):
        yield f"{at or 'the body'} is no {model.name}"
        return
    stated = value.get("@odata.type")
    if stated is not None and stated != f"#microsoft.graph.{model.name[0].lower()}{model.name[1:]}":
        if stated not in kinds(model):
            yield f"{at or 'the body'} is of type {stated}, which is no {model.name}"
            return
        model = kinds(model)[stated]
    known = members(model)
    for name, inner in value.items():
        here = f"{at}.{name}" if at else name
        described = name.partition("@")[0]
        if described not in known and described and (model.name, described) not in MEMBERS:
            yield f"{here}: {model.name} has no such member"
        elif "@" in name:
            if name.partition("@odata.")[2] not in ANNOTATIONS:
                yield f"{here}: OData has no such annotation"
        elif name in known and inner is not None:
            yield from _member_problems(inner, known[name], here)


def _operation(method: str, path: str) -> Operation | None:
    instead = CALLS.get((method, _template(path)))
    return operation(instead.method or method if instead else method, path)


def _is_beyond(method: str, path: str) -> bool:
    """Tell whether nothing in the SDK describes the bodies of this call."""
    return (method, _template(path)) in CALLS and CALLS[method, _template(path)].method is None


def _template(path: str) -> str:
    return _GUID.sub("{id}", path)


def _query_problems(known: Operation, query: Mapping[str, str]) -> Iterator[str]:
    for name in query:
        if name not in known.query and name not in QUERY:
            yield f"{name}: no such query parameter"


def _body_problems(method: str, path: str, known: Operation, content: bytes | None) -> Iterator[str]:
    if not content:
        if known.body is not None:
            yield "a body is missing"
    elif known.body is None:
        yield "a body where none is described"
    else:
        body = json.loads(content)
        yield from object_problems(body, known.body)
        for name in REQUIRED.get((method, path), ()):
            if body.get(name) is None:
                yield f"{name} is missing"


def _member_problems(value: Any, member: Member, at: str) -> Iterator[str]:
    if not member.is_list:
        yield from _value_problems(value, member, at)
    elif not isinstance(value, list | tuple):
        yield f"{at} is no list"
    else:
        for number, one in enumerate(value):
            yield from _value_problems(one, member, f"{at}[{number}]")


def _value_problems(value: Any, member: Member, at: str) -> Iterator[str]:
    if member.type is None or member.type.file is None:
        yield from _plain_problems(member.type.name if member.type else member.reader, value, at)
    elif member.reader == "object":
        yield from object_problems(value, member.type, at)
    elif not isinstance(value, str):
        yield f"{at} is no text"
    else:
        for one in value.split(",") if member.has_flags else [value]:
            if one not in values(member.type) and (member.type.name, one) not in VALUES:
                yield f"{at}: {member.type.name} has no value {one!r}"


def _plain_problems(reader: str, value: Any, at: str) -> Iterator[str]:
    if reader == "UntypedNode":
        return
    wanted = _PYTHON.get(reader, (str,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and reader != "bool"):
        yield f"{at} is no {reader}"
    elif reader in _TEXTS:
        try:
            _TEXTS[reader](str(value))
        except ValueError:
            yield f"{at} is no {reader}"

"""Find the endpoint of a call: path templates, OData keys in parentheses, functions."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.sandbox.entra.odata.calls import Answer, Call, Refusal
from bot.sandbox.entra.tenant.tenant import Tenant

Handler = Callable[[Tenant, Call], Answer]

_KEY = re.compile(r"([A-Za-z]+)\('((?:[^']|'')*)'\)")
_FUNCTION = re.compile(r"([A-Za-z]+)\((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method on one path template, such as `/users/{userId}`.

    `{x}` matches any segment that does not begin with `$`.
    """

    method: str
    template: str
    handler: Handler
    permissions: frozenset[str]
    """The application permissions; the token needs one of them."""


def endpoint(method: str, template: str, handler: Handler, permissions: str) -> Endpoint:
    """Create an Endpoint; `permissions` are separated by spaces."""
    return Endpoint(method=method, template=template, handler=handler, permissions=frozenset(permissions.split()))


def match(endpoints: Sequence[Endpoint], call: Call) -> tuple[Endpoint, Call]:
    """Return the endpoint for `call`, and the call with its `params`.

    Literal segments are compared without regard to case, as in Graph; the first matching endpoint is used.

    :raises Refusal: 400 when no endpoint has this path, 405 when one has it for other methods only.
    """
    segments = _with_key_segments(call.segments)
    is_known_path = False
    for candidate in endpoints:
        params = _params(candidate.template, segments)
        if params is None:
            continue
        if candidate.method == call.method:
            return candidate, replace(call, params=params)
        is_known_path = True
    if is_known_path:
        raise not_allowed()
    raise Refusal(400, "BadRequest", f"Resource not found for the segment '{_unknown_segment(endpoints, segments)}'.")


def not_allowed() -> Refusal:
    """Return the 405 for a path that exists for other methods only."""
    return Refusal(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


def _with_key_segments(segments: Sequence[str]) -> tuple[str, ...]:
    """Write `partners('key')` as two segments; the argument list of a function stays in one segment."""
    split_segments: list[str] = []
    for segment in segments:
        key = _KEY.fullmatch(segment)
        function = _FUNCTION.fullmatch(segment)
        if key is not None:
            split_segments += [key.group(1), key.group(2).replace("''", "'")]
        elif function is not None:
            split_segments += [f"{function.group(1)}()", function.group(2)]
        else:
            split_segments.append(segment)
    return tuple(split_segments)


def _params(template: str, segments: tuple[str, ...]) -> dict[str, str] | None:
    parts = template.strip("/").split("/")
    if len(parts) != len(segments):
        return None
    params: dict[str, str] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{"):
            if not segment or segment.startswith("$"):
                return None
            params[part[1:-1]] = segment
        elif part.lower() != segment.lower():
            return None
    return params


def _unknown_segment(endpoints: Sequence[Endpoint], segments: tuple[str, ...]) -> str:
    """Return the first segment that no endpoint has at its place; Graph's message names it."""
    for length in range(1, len(segments) + 1):
        head = segments[:length]
        if not any(
            _params("/".join(item.template.strip("/").split("/")[:length]), head) is not None for item in endpoints
        ):
            return head[-1]
    return segments[-1] if segments else ""

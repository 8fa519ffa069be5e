"""Split a path into segments and a query string into options."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote

from bot.sandbox.entra.odata.calls import Refusal


def segments_of(path: str) -> tuple[str, ...]:
    """Split at `/` first and decode afterwards, so that an encoded slash stays inside its segment."""
    return tuple(unquote(part) for part in path.strip("/").split("/"))


def query_of(text: str) -> Mapping[str, str]:
    """Decode a query string.

    :raises Refusal: 400 when a name occurs twice.
    """
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name in parameters:
            raise Refusal(400, "BadRequest", f"Query option '{name}' was specified more than once.")
        parameters[name] = value
    return parameters

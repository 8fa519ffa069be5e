"""Strategies that damage something valid: bytes of a file, and values of a JSON document."""

import json
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import strategies as st

Path = tuple[str | int, ...]

ODD_TEXTS: Final = (
    *(
        "",
        " ",
        "\x00",
        "\ud800",
        "\u202e",
        "null",
        "true",
        "0",
        "-1",
        "1e999",
        "NaN",
        "a" * 5000,
        "<!channel>",
        "{{0}}",
    ),
    *("../../default", "%00", "'; --", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "P1D", "[[[["),
)
LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(ODD_TEXTS)
)
VALUES: Final = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
"""Any value of JSON, and those that only Python's reader accepts."""


def places(value: Any, above: Path = ()) -> Iterator[Path]:
    """Return the way to each value of a document, the document itself first."""
    yield above
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from places(inside, (*above, name))
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            yield from places(inside, (*above, number))


def copied(value: Any) -> Any:
    """Return a copy of a document, which may be changed."""
    return json.loads(json.dumps(value))


@st.composite
def damaged(draw: st.DrawFn, documents: st.SearchStrategy[Any], most: int = 3) -> Any:
    """Draw a document with one or a few changes: a value replaced, left out, doubled, or moved to another place."""
    document = copied(draw(documents))
    for _ in range(draw(st.integers(1, most))):
        place = draw(st.sampled_from(list(places(document))))
        if not place:
            if draw(st.integers(0, 20)) == 0:
                return draw(VALUES)
            continue
        *way, last = place
        inside = document
        for step in way:
            inside = inside[step]
        match draw(st.sampled_from(["replace", "replace", "remove", "double", "move", "nest"])):
            case "replace":
                inside[last] = draw(VALUES)
            case "remove":
                del inside[last]
            case "double" if isinstance(inside, list) and isinstance(last, int):
                inside.insert(last, copied(inside[last]))
            case "nest":
                inside[last] = draw(st.sampled_from([[inside[last]], {"value": inside[last]}, str(inside[last])]))
            case _:
                inside[last] = copied(_at(document, draw(st.sampled_from(list(places(document))))))
    return document


def _at(document: Any, place: Path) -> Any:
    for step in place:
        document = document[step]
    return document


@st.composite
def damaged_bytes(draw: st.DrawFn, contents: st.SearchStrategy[bytes], most: int = 4) -> bytes:
    """Draw bytes with a few changes: some replaced, left out, repeated, put in, or the end cut off."""
    content = bytearray(draw(contents))
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        end = min(len(content), start + draw(st.integers(0, 12)))
        match draw(st.sampled_from(["replace", "flip", "remove", "repeat", "put in", "cut"])):
            case "replace":
                content[start:end] = draw(st.binary(max_size=12))
            case "flip" if content:
                content[start] ^= 1 << draw(st.integers(0, 7))
            case "remove":
                del content[start:end]
            case "repeat":
                content[start:start] = content[start:end] * draw(st.integers(1, 400))
            case "put in":
                content[start:start] = draw(
                    st.sampled_from([one.encode("utf-8", "surrogatepass") for one in ODD_TEXTS])
                )
            case _:
                del content[start:]
    return bytes(content)

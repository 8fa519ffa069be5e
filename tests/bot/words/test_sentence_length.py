"""No sentence of a surface is longer than a person reads at once, in a language that may not be their own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[3]
MAX_WORDS: Final = 20
_END: Final = re.compile(r"(?<=[.?!:;])\s")


def _texts(tree: ast.Module) -> Iterator[str]:
    """Every text that is no docstring; a value in a text counts as one word."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    made = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    inside = {id(piece) for node in made for piece in node.values}
    for text in made:
        yield "".join(str(piece.value) if isinstance(piece, ast.Constant) else "x" for piece in text.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | inside:
            yield node.value


def _long(code: str) -> list[str]:
    texts = _texts(ast.parse(code))
    return [one for text in texts for one in _END.split(text) if len(one.split()) > MAX_WORDS]


def test_no_sentence_has_more_than_twenty_words() -> None:
    files = [file for folder in ("bot/words", "bot/slack") for file in sorted((PROJECT / folder).rglob("*.py"))]
    assert files
    assert [(file.name, _long(file.read_text())) for file in files if _long(file.read_text())] == []


def test_a_long_sentence_is_found() -> None:
    assert _long('x = f"{y} ' + "word " * 20 + '."') != []
    assert _long('x = "' + "word " * 19 + "end. " + "word " * 19 + 'end."') == []

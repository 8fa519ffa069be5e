"""No surface uses the phrases that were replaced because readers stumbled over them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[3]
FORBIDDEN: Final = (
    *("set and read back", "blocked and read back", "put back and read back", "recorded as open"),
    *("Target tenant", "Calls itself", "proves nothing", "Plan digest", "inherits:"),
    *("partner's half", "Our half", "ours done", "theirs unknown", "sets its half"),
    *("What stands", "what stands now", "what stood", "stands now", "all the same", "Put a change back", "To look at"),
    *("Decides now", "Decides after that", "one person counts once", "Asked again", "planned and asked again"),
    *("You filed this request", "the chain that decides", "counts as ours", "count as ours", "counts here"),
    *("mail provider for private persons", "This is not one domain", "cannot be judged", "was not judged"),
    *(
        "as well without changing what applies today",
        "Nothing closes by itself",
        "closes by itself",
        "Choose what to open",
    ),
    *("ask anew", "anew", "vouch", "stranger", "meanwhile", "mended", "nobody's", "Good to know"),
)
SURFACES: Final = ("bot/words", "bot/slack", "bot/terminal")
CHAT: Final = "Slack"


def _texts(file: Path) -> Iterator[str]:
    """Every string literal of a module that is no docstring."""
    tree = ast.parse(file.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def _found(text: str) -> list[str]:
    return [phrase for phrase in FORBIDDEN if re.search(rf"\b{re.escape(phrase)}", text, re.IGNORECASE)]


def test_no_surface_uses_a_replaced_phrase() -> None:
    files = [file for folder in SURFACES for file in sorted((PROJECT / folder).rglob("*.py"))]
    assert [(file.name, text, _found(text)) for file in files for text in _texts(file) if _found(text)] == []


def test_the_words_that_all_surfaces_share_do_not_name_the_chat() -> None:
    files = sorted((PROJECT / "bot" / "words").rglob("*.py"))
    assert [(file.name, text) for file in files for text in _texts(file) if CHAT in text] == []


def test_a_replaced_phrase_is_found() -> None:
    assert _found("contoso.com: set and read back") == ["set and read back"]

"""The texts of all surfaces: no replaced phrase, and no sentence with more than twenty words."""

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
SURFACES: Final = ("bot/words", "bot/slack", "bot/terminal", "bot/sandbox/page")
SENTENCES: Final = ("bot/words", "bot/terminal", "bot/slack/words")
PAGE: Final = PROJECT / "bot" / "sandbox" / "page"
_ANY_FORBIDDEN: Final = re.compile(rf"\b(?:{'|'.join(map(re.escape, FORBIDDEN))})", re.IGNORECASE)
MAX_WORDS: Final = 20
LONG: Final[dict[str, str]] = {}
"""The codes whose sentences may be longer, each with the reason."""
_TEMPLATE_CODE: Final = re.compile(r"\{[%#].*?[%#]\}|<!--.*?-->", re.DOTALL)
_SHOWN_ATTRIBUTES: Final = re.compile(r'\b(?:aria-label|title|placeholder|alt)="([^"]*)"')
_INLINE_TAG: Final = re.compile(r"</?(?:strong|em|code|time|span)\b[^>]*>")
_TAG: Final = re.compile(r"<[^>]+>")
_SCRIPT_TEXT: Final = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`')
CHAT: Final = "Slack"


def _texts(file: Path) -> Iterator[str]:
    """Every string literal of a module that is no docstring."""
    tree = ast.parse(file.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def _page_texts() -> Iterator[tuple[str, str]]:
    """Every text of the sandbox's page by its file: of templates, scripts and modules."""
    for file in sorted(PAGE.rglob("*.html")):
        html = _TEMPLATE_CODE.sub("\n", file.read_text())
        yield from ((file.name, text) for text in _SHOWN_ATTRIBUTES.findall(html))
        yield from (
            (file.name, " ".join(text.split())) for text in _TAG.sub("\n", _INLINE_TAG.sub(" ", html)).split("\n")
        )
    for file in sorted(PAGE.rglob("*.js")):
        code = "\n".join(line for line in file.read_text().split("\n") if not line.lstrip().startswith("//"))
        yield from ((file.name, quoted or template) for quoted, template in _SCRIPT_TEXT.findall(code))
    for file in sorted(PAGE.rglob("*.py")):
        yield from ((file.name, text) for text in _texts(file))


def _found(text: str) -> list[str]:
    if not _ANY_FORBIDDEN.search(text):
        return []
    return [phrase for phrase in FORBIDDEN if re.search(rf"\b{re.escape(phrase)}", text, re.IGNORECASE)]


def test_no_surface_uses_a_replaced_phrase() -> None:
    files = [file for folder in SURFACES for file in sorted((PROJECT / folder).rglob("*.py"))]
    assert [(file.name, text, _found(text)) for file in files for text in _texts(file) if _found(text)] == []


def test_the_sandboxs_page_uses_no_replaced_phrase() -> None:
    assert [(name, text) for name, text in _page_texts() if _found(text)] == []


def test_the_texts_of_the_page_are_found() -> None:
    texts = {text for _, text in _page_texts()}
    assert {"From request to revoke", "Move the clock", "The sandbox answers again.", "More actions"} <= texts


def test_the_words_that_all_surfaces_share_do_not_name_the_chat() -> None:
    files = sorted((PROJECT / "bot" / "words").rglob("*.py"))
    assert [(file.name, text) for file in files for text in _texts(file) if CHAT in text] == []


def _tables(tree: ast.AST, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text with its code: the key in its table, or else the function. A value counts as one word."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Constant(value=str(text)):
                yield key, text
            case ast.JoinedStr(values=parts):
                yield key, "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in parts)
                for one in parts:
                    yield from _tables(one, key) if isinstance(one, ast.FormattedValue) else ()
            case ast.Dict(keys=keys, values=values):
                for code, value in zip(keys, values, strict=True):
                    yield from _tables(ast.Module([ast.Return(value)], []), ast.unparse(code) if code else key)
            case ast.FunctionDef(name=name):
                yield from _tables(node, name)
            case _:
                yield from _tables(node, key)


def _long_sentences(text: str) -> list[str]:
    """Return the sentences with more than twenty words; signs alone are no words."""
    sentences = re.split(r"(?<=[.!?])[”)]?\s+|\n", text)
    return [one for one in sentences if len(re.findall(r"\S*[\w{]\S*", one)) > MAX_WORDS]


def test_no_sentence_is_longer_than_twenty_words() -> None:
    files = [file for folder in SENTENCES for file in sorted((PROJECT / folder).rglob("*.py"))]
    long = [
        (file.name, code, sentence)
        for file in files
        for code, text in _tables(ast.parse(file.read_text()))
        for sentence in _long_sentences(text)
        if code not in LONG
    ]
    assert long == []


def test_no_sentence_of_the_sandboxs_page_is_longer_than_twenty_words() -> None:
    long = [(name, one) for name, text in _page_texts() for one in _long_sentences(text)]
    assert [(name, one) for name, one in long if not one.startswith("default-src")] == []


def test_a_long_sentence_is_found_with_its_code() -> None:
    table = ast.parse("WORDS = {Code.A: 'Short.', Code.B: 'Short. ' 'one ' * 1 + 'Short. " + "word " * 21 + "'}")
    assert [code for code, text in _tables(table) if _long_sentences(text)] == ["Code.B"]
    assert _long_sentences("word " * 20 + "· – " * 5) == []


def test_a_replaced_phrase_is_found() -> None:
    assert _found("contoso.com: set and read back") == ["set and read back"]

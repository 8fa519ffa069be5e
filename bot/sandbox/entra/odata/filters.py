"""Parse a `$filter` into a predicate over stored objects: the part of OData's grammar that Graph's directory takes.

or      = and *( "or" and )          and = not *( "and" not )          not = [ "not" ] term
term    = "(" or ")" | call | path ( "eq" | "ne" | "ge" | … ) literal | path "in" "(" literal *( "," literal ) ")"
call    = ( "startswith" | "endswith" | "contains" ) "(" path "," literal ")" | path "/any(" name ":" or ")"
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.entra.odata.calls import Refusal
from bot.sandbox.entra.odata.timestamps import moment_of

Predicate = Callable[[Mapping[str, Any]], bool]
_Scope = Mapping[str, Any]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?(?![\w-]))"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<number>-?\d+)"
    r"|(?P<name>[A-Za-z_][\w/]*)"
    r"|(?P<punctuation>[(),:]))"
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_TEXT_CALLS: Mapping[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": str.__contains__,
}
_MAX_NESTING = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Filterable:
    """The filters that one resource accepts."""

    resource: str
    """The resource's name in the error text, such as `User`."""
    allows: Mapping[str, frozenset[str]]
    """Property path to operators: `eq ne gt ge lt le in startswith endswith contains any`."""
    needs_advanced: frozenset[str] = frozenset()
    """Operators, and maybe `not`, that need an advanced query: eventual consistency and a count."""


def parse_filter(text: str, filterable: Filterable, *, advanced: bool) -> Predicate:
    """Convert `text` into a predicate. As in the directory, text is compared without regard to case.

    :raises Refusal: 400 `Request_UnsupportedQuery` for a property or operator that cannot be used here. 400
        `BadRequest` for text that is no filter.
    """
    parser = _Parser(_tokens(text), filterable, advanced)
    predicate = parser.any_of(0)
    parser.expect_end()
    return lambda row: predicate({"": row})


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _syntax_error(f"at position {at} in '{text}'")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


def _syntax_error(where: str) -> Refusal:
    return Refusal(400, "BadRequest", f"Invalid filter clause: Syntax error {where}.")


@dataclass(slots=True)
class _Parser:
    tokens: list[tuple[str, str]]
    filterable: Filterable
    advanced: bool
    at: int = 0
    variables: dict[str, str] = field(default_factory=dict)
    """The collection of each lambda variable."""

    def any_of(self, depth: int) -> Callable[[_Scope], bool]:
        terms = [self._all_of(depth)]
        while self._take("name", "or"):
            terms.append(self._all_of(depth))
        return terms[0] if len(terms) == 1 else lambda scope: any(term(scope) for term in terms)

    def expect_end(self) -> None:
        if self.at < len(self.tokens):
            raise _syntax_error(f"near '{self.tokens[self.at][1]}'")

    def _all_of(self, depth: int) -> Callable[[_Scope], bool]:
        terms = [self._maybe_not(depth)]
        while self._take("name", "and"):
            terms.append(self._maybe_not(depth))
        return terms[0] if len(terms) == 1 else lambda scope: all(term(scope) for term in terms)

    def _maybe_not(self, depth: int) -> Callable[[_Scope], bool]:
        if depth > _MAX_NESTING:
            raise _syntax_error("as it nests too deeply")
        if self._take("name", "not"):
            self._require_advanced("not", "not")
            inner = self._maybe_not(depth + 1)
            return lambda scope: not inner(scope)
        if self._take("punctuation", "("):
            inner = self.any_of(depth + 1)
            self._expect("punctuation", ")")
            return inner
        return self._term(depth)

    def _term(self, depth: int) -> Callable[[_Scope], bool]:
        name = self._expect("name")
        if self._take("punctuation", "("):
            if name.lower() in _TEXT_CALLS:
                return self._text_call(name.lower())
            if name.endswith("/any"):
                return self._lambda(name.removesuffix("/any"), depth)
            raise _syntax_error(f"near unknown function '{name}'")
        word = self._expect("name")
        if word == "in":
            return self._membership(name)
        if word not in _COMPARE:
            raise _syntax_error(f"near '{word}'")
        self._require_allowed(name, word)
        return self._comparison(name, _COMPARE[word], self._literal())

    def _comparison(self, path: str, compare: Callable[[Any, Any], bool], wanted: Any) -> Callable[[_Scope], bool]:
        def holds(scope: _Scope) -> bool:
            actual = self._value(scope, path)
            if isinstance(wanted, str) and isinstance(actual, str):
                return compare(actual.casefold(), wanted.casefold())
            if wanted is None or isinstance(wanted, bool) or actual is None:
                return compare is operator.ne if actual is not wanted else compare is operator.eq
            try:
                return compare(_as_kind_of(wanted, actual), wanted)
            except (TypeError, ValueError):
                return False

        return holds

    def _membership(self, path: str) -> Callable[[_Scope], bool]:
        self._require_allowed(path, "in")
        self._expect("punctuation", "(")
        options = [self._comparison(path, operator.eq, self._literal())]
        while self._take("punctuation", ","):
            options.append(self._comparison(path, operator.eq, self._literal()))
        self._expect("punctuation", ")")
        return lambda scope: any(option(scope) for option in options)

    def _text_call(self, name: str) -> Callable[[_Scope], bool]:
        path = self._expect("name")
        self._require_allowed(path, name)
        self._expect("punctuation", ",")
        wanted = self._literal()
        self._expect("punctuation", ")")
        if not isinstance(wanted, str):
            raise _syntax_error(f"near {name}: it takes a text")
        test = _TEXT_CALLS[name]

        def holds(scope: _Scope) -> bool:
            actual = self._value(scope, path)
            return isinstance(actual, str) and test(actual.casefold(), wanted.casefold())

        return holds

    def _lambda(self, path: str, depth: int) -> Callable[[_Scope], bool]:
        self._require_allowed(path, "any")
        variable = self._expect("name")
        self._expect("punctuation", ":")
        self.variables[variable] = path
        inner = self.any_of(depth + 1)
        self._expect("punctuation", ")")
        del self.variables[variable]

        def holds(scope: _Scope) -> bool:
            items = self._value(scope, path)
            return isinstance(items, list) and any(inner({**scope, variable: item}) for item in items)

        return holds

    def _literal(self) -> Any:
        kind, text = self._next()
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "guid":
            return text
        if kind == "number":
            return int(text[:18])
        if kind == "moment":
            try:
                return moment_of(text)
            except ValueError as exc:
                raise _syntax_error(f"near '{text}', which is no date and time") from exc
        constants = {"true": True, "false": False, "null": None}
        if kind == "name" and text in constants:
            return constants[text]
        raise _syntax_error(f"near '{text}', where a literal is expected")

    def _require_allowed(self, path: str, word: str) -> None:
        head, _, rest = path.partition("/")
        full = path
        if head in self.variables:
            full = f"{self.variables[head]}/{rest}" if rest else f"{self.variables[head]}/*"
        if word not in self.filterable.allows.get(full, ()):
            raise _unsupported_filter(path, self.filterable.resource)
        self._require_advanced(word, path)

    def _require_advanced(self, word: str, path: str) -> None:
        if word in self.filterable.needs_advanced and not self.advanced:
            raise _unsupported_filter(path, self.filterable.resource)

    def _value(self, scope: _Scope, path: str) -> Any:
        head, *rest = path.split("/")
        value = scope[head] if head in scope and head else scope[""].get(head)
        for name in rest:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise _syntax_error("at its end")
        self.at += 1
        return self.tokens[self.at - 1]

    def _expect(self, kind: str, text: str | None = None) -> str:
        found_kind, found = self._next()
        if found_kind != kind or (text is not None and found != text):
            raise _syntax_error(f"near '{found}'")
        return found

    def _take(self, kind: str, text: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == (kind, text):
            self.at += 1
            return True
        return False


def _unsupported_filter(path: str, resource: str) -> Refusal:
    message = f"Unsupported or invalid query filter clause specified for property '{path}' of resource '{resource}'."
    return Refusal(400, "Request_UnsupportedQuery", message)


def _as_kind_of(wanted: Any, actual: Any) -> Any:
    return actual if isinstance(wanted, int | str) else moment_of(actual)

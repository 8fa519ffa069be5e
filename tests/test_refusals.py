"""Every refusal that a person reads says what to do next, wherever its sentence is written."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.workflows.core.builders import noted, request, situation
from workflows.core.errors import Refused
from workflows.core.requests.commands.request import RecordUnfit, RecordUnseen
from workflows.core.requests.lifecycle import advance
from workflows.core.requests.request import RequestState

PROJECT: Final = Path(__file__).parents[1]
REFUSALS: Final = {"Refused": 1, "InvalidField": 1, "NothingToChange": 0}
"""What refuses a person, and which of its arguments is the sentence."""

NEXT_STEP: Final = re.compile(
    r"(?:^|[.…] )(?:Ask|Check|Choose|Click|Decide|Fill|File|Let|Look|Name|Revoke|See|Tell|Type|Use|Wait|Write) "
    r"|/partner [a-z]|You need to do nothing|It is possible again at|It can be filed again|; open it again|; wait until"
    r"|‹(?:list|show|request|revoke|restore) [a-z]+›|; see …"
    r"|; type one such as|Say why|An admin has to mend that|revoke the partner instead|Ask for a company domain"
)

MADE_ELSEWHERE: Final = frozenset(
    {
        ("bot/slack/people/members.py", "not_known_now"),
        ("workflows/core/partners/setup_reviews.py", "stale_card"),
        ("workflows/core/requests/lifecycle.py", "not_now"),
        ("workflows/core/partners/revoking.py", "not_an_admin"),
        ("workflows/partner_lookup/identifying.py", "unknown_tenant"),
        ("workflows/partner_lookup/lookup.py", "FIELD"),
        ("workflows/partner_lookup/named_partner.py", "refused.code"),
        ("workflows/effects/prepare.py", "sponsor"),
        ("workflows/app/requests/proposing.py", "FIELD"),
        ("workflows/app/requests/proposing.py", "extension_words(known, template, duration, now)"),
    }
)
"""Refusals whose sentence, or its end, is made by a function; what those say is tested below, or with them."""

NOBODY_READS: Final = frozenset(
    {
        ("workflows/core/partners/setup_reviews.py", "not_due"),
        ("workflows/core/partners/setup_reviews.py", "not_missing"),
        ("workflows/core/requests/lifecycle.py", "never_expires"),
        ("workflows/core/requests/lifecycle.py", "never_given_up"),
        ("workflows/core/requests/lifecycle.py", "not_a_revocation"),
        ("workflows/core/requests/lifecycle.py", "not_again"),
        ("workflows/core/requests/lifecycle.py", "not_due"),
        ("workflows/core/requests/lifecycle.py", "plan_again"),
        ("workflows/core/requests/lifecycle.py", "still_complete"),
        ("workflows/core/partners/reviews.py", "not_due"),
        ("workflows/core/partners/sponsor_handover.py", "not_now"),
    }
)
"""Refusals of commands that the bot gives itself (by the clock, or after a read); no click leads to them."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Give every file that may refuse a person; the sandbox stands in for others, and refuses the bot."""
    for path in sorted([*PROJECT.glob("bot/**/*.py"), *PROJECT.glob("workflows/**/*.py")]):
        if not path.is_relative_to(PROJECT / "bot" / "sandbox"):
            yield str(path.relative_to(PROJECT)), ast.parse(path.read_text())


def sentences(module: ast.Module, constants: Mapping[str, ast.expr]) -> Iterator[tuple[str, str]]:
    """Give the code or field, and the sentence, of every refusal of a file."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS:
            first, sentence = node.args[0], node.args[REFUSALS[node.func.id]]
            yield ast.unparse(first).strip("'"), text_of(sentence, constants)


def text_of(node: ast.expr, constants: Mapping[str, ast.expr]) -> str:
    """Give the fixed words of a sentence, also of constants that it names; a gap stands for what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part, constants) for part in parts)
        case ast.FormattedValue(value=ast.Name(id=name)) | ast.Name(id=name) if name in constants:
            return text_of(constants[name], constants)
        case _:
            return "…"


def constants_of(modules: Iterable[ast.Module]) -> dict[str, ast.expr]:
    """Collect what has a name at the top of a file."""
    return {
        node.target.id: node.value
        for module in modules
        for node in module.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None
    }


def without_a_step(files: Mapping[str, ast.Module]) -> dict[tuple[str, str], str]:
    """List the refusals whose sentence does not say what to do next."""
    constants = constants_of(files.values())
    return {
        (file, code): text
        for file, module in files.items()
        for code, text in sentences(module, constants)
        if not NEXT_STEP.search(text)
    }


def test_every_refusal_says_what_to_do_next() -> None:
    found = without_a_step(dict(sources()))
    assert {place: text for place, text in found.items() if place not in NOBODY_READS | MADE_ELSEWHERE} == {}
    assert found.keys() == NOBODY_READS | MADE_ELSEWHERE, "what is excepted here needs no exception any more"


def test_a_refusal_without_a_next_step_is_found() -> None:
    code = """
RULE: Final = "Only admins do this."
CURE: Final = "Ask one of them."
def refuse(name):
    raise Refused("a", RULE)
def cured(name):
    raise Refused("b", f"{RULE} {CURE}")
def named(name):
    raise InvalidField(FIELD, f"“{name}” is too long.")
def nothing():
    raise NothingToChange("It is so already.")
"""
    assert without_a_step({"x.py": ast.parse(code)}) == {
        ("x.py", "a"): "Only admins do this.",
        ("x.py", "FIELD"): "“…” is too long.",
        ("x.py", "It is so already."): "It is so already.",
    }


@pytest.mark.parametrize("state", [None, *RequestState])
def test_a_command_that_does_not_fit_the_state_says_what_to_do_next(state: RequestState | None) -> None:
    command = (
        RecordUnseen() if state is RequestState.PREPARING else RecordUnfit(code="unknown_tenant", reason=noted("No."))
    )
    with pytest.raises(Refused) as refused:
        advance(None if state is None else request(state), command, situation())
    assert refused.value.code == "not_now"
    assert NEXT_STEP.search(refused.value.reason), refused.value.reason

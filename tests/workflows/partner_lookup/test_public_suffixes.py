"""The public suffix list is the package's own, and it is built once."""

import subprocess
import sys
from pathlib import Path

import pytest
from publicsuffixlist import PSLFILE, PublicSuffixList

from tests.waiting import LONGEST_WAIT
from workflows.partner_lookup.public_suffixes import load_suffixes, registrable_part


def test_every_rule_is_kept_in_both_forms() -> None:
    """What is built here answers as the package's own list: for each rule, below it, and two labels below it."""
    usual, rules = PublicSuffixList(), Path(PSLFILE).read_text("utf-8").splitlines()
    names = {rule.removeprefix("!").replace("*", "any") for rule in rules if rule and not rule.startswith("//")}
    names |= {name.encode("idna").decode() for name in names}
    assert len(names) > 9_000
    asked = [f"{prefix}{name}" for name in names for prefix in ("", "firm.", "www.firm.")]
    assert [registrable_part(one) for one in asked] == [usual.privatesuffix(one) for one in asked]


@pytest.mark.parametrize(
    ("domain", "registrable"),
    [
        ("www.contoso.com", "contoso.com"),
        ("www.contoso.co.uk", "contoso.co.uk"),
        ("co.uk", None),
        ("firm.unlisted", "firm.unlisted"),
        ("www.city.kobe.jp", "city.kobe.jp"),
        ("firm.xn--55qx5d.cn", "firm.xn--55qx5d.cn"),
        ("xn--55qx5d.cn", None),
    ],
)
def test_the_registrable_part(domain: str, registrable: str | None) -> None:
    """A suffix itself belongs to nobody; an unlisted ending is a suffix."""
    assert registrable_part(domain) == registrable


def test_it_is_built_once_and_not_by_imports() -> None:
    """The start of the process does not wait for the list."""
    assert load_suffixes() is load_suffixes()
    code = (
        "import bot.process.app, workflows.partner_lookup.public_suffixes as suffixes\n"
        "print(suffixes.load_suffixes.cache_info().currsize)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=LONGEST_WAIT)
    assert ran.stdout.strip() == "0"

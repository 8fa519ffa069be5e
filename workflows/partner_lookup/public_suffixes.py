"""Find which part of a host name an organization can register, by the public suffix list (publicsuffix.org).

The list has 10,000 rules. It is built once, at the first question or by `load_suffixes`.
"""

from functools import cache
from pathlib import Path

from publicsuffixlist import PSLFILE, PublicSuffixList


def registrable_part(domain: str) -> str | None:
    """Return the registrable part of a domain, as example.co.uk of www.example.co.uk; None when it has none."""
    private_suffix: str | None = load_suffixes().privatesuffix(domain)
    return private_suffix


@cache
def load_suffixes() -> PublicSuffixList:
    """Return the list, the same object each time.

    The package would encode each rule for domains in ASCII (xn--…), which changes few rules and takes most of the time.
    So only the rules with other characters are encoded, here.
    """
    rules = [line.partition(" ")[0].lower() for line in Path(PSLFILE).read_text("utf-8").splitlines()]
    international = [rule for rule in rules if not rule.isascii() and not rule.startswith("//")]
    return PublicSuffixList([*rules, *map(_ascii_rule, international)], accept_encoded_idn=False)


def _ascii_rule(rule: str) -> str:
    """Return a rule with its labels in the ASCII form of IDNA, as domains have it."""
    exception = "!" if rule.startswith("!") else ""
    return exception + rule.removeprefix("!").encode("idna").decode()

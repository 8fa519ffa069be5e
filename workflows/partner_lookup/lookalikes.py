"""Find domains that look like another domain: mixed scripts, similar characters, one letter different.

Similar characters are those of Unicode's list (UTS #39, "confusables.txt", in the package confusable-homoglyphs). Pairs
of letters and digits that people confuse in ASCII names are added here.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import idna
from confusable_homoglyphs import categories

from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.plans.plan import TenantIdentity
from workflows.partner_lookup.public_suffixes import registrable_part
from workflows.partner_lookup.similar_characters import load_prototypes

SOURCE: Final = "Unicode Technical Standard #39, “Unicode Security Mechanisms”"

_TOGETHER: Final = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)
"""The sets of scripts that may be mixed in one label (UTS #39, "Highly Restrictive")."""
_NEUTRAL: Final = frozenset({"COMMON", "INHERITED"})
_PAIRS: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SAME: Final = str.maketrans("015i", "olsl")
_MIN_COMPARED_LENGTH: Final = 5
"""The shortest name that is compared. In shorter names, one different letter is too often a coincidence."""
_MICROSOFT: Final = re.compile(r"(?:^|[.-])(?:onmicrosoft|onmschina|sharepoint)(?:[.-]|$)")
_MICROSOFTS_OWN: Final = (".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn", ".sharepoint.com")
_MIN_LONG_LENGTH: Final = 8
"""Names of at least this length are also suggested when they differ by two letters."""
_MIN_SUGGESTED_LENGTH: Final = 4
_MAX_SUGGESTIONS: Final = 3


class Likeness(StrEnum):
    """The way in which a domain resembles another domain. The values are stored."""

    BEGINS_ALIKE = "begins_alike"
    LOOKS_THE_SAME = "looks_the_same"
    """Its name looks the same: other characters that are hard to tell apart."""
    OTHER_ENDING = "other_ending"
    """The same name, and only the ending is another one."""
    ONE_LETTER_OFF = "one_letter_off"
    """The name differs by one edit; see `edit_distance`."""


_NEAREST_FIRST: Final = tuple(Likeness)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resemblance:
    """How a domain resembles another one, and in what it really differs."""

    likeness: Likeness
    name: str
    """The part of the domain that was compared, without its ending."""
    other_name: str
    ending: str = ""
    """The domain's ending; empty when it is the same as that of the other one."""
    other_ending: str = ""
    here: str = ""
    """The characters of the domain's name that differ; empty when one is missing."""
    there: str = ""
    """The characters of the other name that differ; empty when one is added."""

    def values(self) -> Mapping[str, str]:
        """Return the values of the finding about it, without those that are empty."""
        found = {
            "likeness": self.likeness.value,
            "ending": self.ending,
            "other_ending": self.other_ending,
            "here": self.here,
            "there": self.there,
        }
        return {key: value for key, value in found.items() if value}


def mixed_scripts(domain: str) -> tuple[str, ...]:
    """Return the scripts in one label of a domain, if no language mixes them; otherwise empty."""
    for label in unicode_form(domain).split("."):
        scripts = frozenset(_script(character) for character in label) - _NEUTRAL
        if len(scripts) > 1 and not any(scripts <= common_scripts for common_scripts in _TOGETHER):
            return tuple(sorted(script.capitalize() for script in scripts))
    return ()


def unicode_form(domain: str) -> str:
    """Return a domain with its Unicode characters; the ASCII form when it cannot be converted."""
    if "xn--" not in domain:
        return domain
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


_IN_FILE: Final = {"in_file": True}
"""Said of a domain that is nobody's partner yet."""


def lookalike_findings(
    identity: TenantIdentity,
    *,
    own_domains: Collection[str],
    partners: Collection[str],
    in_file: Collection[str] = (),
) -> tuple[Finding, ...]:
    """List the findings about the typed domain, and about the tenant's default domain.

    :param own_domains: our tenant's verified domains.
    :param partners: the domains of other known partners.
    :param in_file: the domains that stand only in other rows of the same file. Which of two is meant is not known.
    """
    names = dict.fromkeys(name for name in (identity.typed_name, identity.default_domain) if "." in name)
    findings = [finding for name in names for finding in _suspicions(name, own_domains, partners, in_file)]
    return tuple(dict.fromkeys(findings))


def _suspicions(
    domain: str, own_domains: Collection[str], partners: Collection[str], in_file: Collection[str]
) -> Iterator[Finding]:
    unicode_name = unicode_form(domain)
    if unicode_name != domain:
        yield _finding(FindingCode.IDN, Severity.NOTE, shown=unicode_name, domain=domain)
        if latin_form(domain).isascii() and _is_foreign(unicode_name):
            yield _finding(
                FindingCode.LOOK_ALIKE_SCRIPT, Severity.WARNING, shown=unicode_name, latin=latin_form(domain)
            )
    if _MICROSOFT.search(domain) and not domain.endswith(_MICROSOFTS_OWN):
        yield _finding(FindingCode.IMITATES_MICROSOFT, Severity.WARNING, domain=domain)
    for is_own, known_names, where in ((True, own_domains, {}), (False, partners, {}), (False, in_file, _IN_FILE)):
        found = {other: near for other in sorted(set(known_names) - {domain}) if (near := resemblance(domain, other))}
        for other in _nearest_of_each_name(found) if is_own else found:
            about = {"domain": domain, "other": other, **where, **found[other].values()}
            yield _finding(FindingCode.LOOK_ALIKE, Severity.WARNING, **about, is_own=is_own)


def _nearest_of_each_name(found: Mapping[str, Resemblance]) -> Iterator[str]:
    """Yield one of our own domains for each name: contoso.com and contoso.onmicrosoft.com are both ours."""
    nearest: dict[str, str] = {}
    for other in sorted(found, key=lambda one: (bool(found[one].ending), _NEAREST_FIRST.index(found[one].likeness))):
        nearest.setdefault(found[other].other_name, other)
    yield from sorted(nearest.values())


def resemblance(domain: str, other: str) -> Resemblance | None:
    """Return how a domain resembles another one; None when it does not, or when one company has both.

    Names are compared as they are displayed, and without their endings.
    """
    left, right = registrable_domain(domain), registrable_domain(other)
    (name, _, ending), (other_name, _, other_ending) = compared_name(left), compared_name(right)
    if domain.startswith(f"{other}."):
        return Resemblance(likeness=Likeness.BEGINS_ALIKE, name=name, other_name=other_name)
    if left == right:
        return None
    if name == other_name:
        likeness = Likeness.OTHER_ENDING
    elif skeleton(name) == skeleton(other_name):
        likeness = Likeness.LOOKS_THE_SAME
    elif min(len(name), len(other_name)) >= _MIN_COMPARED_LENGTH and differs_by_one_edit(name, other_name):
        likeness = Likeness.ONE_LETTER_OFF
    else:
        return None
    is_other_ending = ending != other_ending
    here, there = _difference(name, other_name)
    return Resemblance(
        likeness=likeness,
        name=name,
        other_name=other_name,
        ending=ending if is_other_ending else "",
        other_ending=other_ending if is_other_ending else "",
        here=here,
        there=there,
    )


def compared_name(registrable: str) -> tuple[str, str, str]:
    """Return the name of a registrable domain as it is displayed, a dot, and its ending."""
    name, dot, ending = registrable.partition(".")
    return unicode_form(name), dot, ending


def _difference(name: str, other: str) -> tuple[str, str]:
    """Return the characters of each name that are between what both begin with, and what both end with."""
    start = _equal_at_start(name, other)
    end = _equal_at_start(name[start:][::-1], other[start:][::-1])
    return name[start : len(name) - end], other[start : len(other) - end]


def _equal_at_start(left: str, right: str) -> int:
    shorter = min(len(left), len(right))
    return next((at for at in range(shorter) if left[at] != right[at]), shorter)


def similar_names(domain: str, known_names: Iterable[str]) -> tuple[str, ...]:
    """List the known names that are similar to a domain, the most similar first; at most three.

    A similar name looks the same, has another ending, or is a part of the domain. Or it differs by one edit (see
    `edit_distance`), or by two in a long name.
    """
    distances = {
        name: _distance(registrable_domain(domain), registrable_domain(name)) for name in known_names if name != domain
    }
    similar = sorted((distance, name) for name, distance in distances.items() if distance is not None)
    return tuple(name for _, name in similar[:_MAX_SUGGESTIONS])


def _distance(left_name: str, right_name: str) -> int | None:
    """Return the distance of two registrable domains; None when they are not similar."""
    if skeleton(left_name) == skeleton(right_name):
        return 0
    name, other = left_name.partition(".")[0], right_name.partition(".")[0]
    distance, shorter = edit_distance(name, other), min(len(name), len(other))
    maximum = 2 if shorter >= _MIN_LONG_LENGTH else 1 if shorter >= _MIN_SUGGESTED_LENGTH else 0
    return distance if distance <= maximum else None


def edit_distance(left: str, right: str) -> int:
    """Return the number of edits between two names. An edit adds, removes or replaces one letter, or swaps two."""
    row_before_last: list[int] = []
    last_row = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        this_row = [row]
        for column, other in enumerate(right, 1):
            steps = [last_row[column] + 1, this_row[column - 1] + 1, last_row[column - 1] + (letter != other)]
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                steps.append(row_before_last[column - 2] + 1)
            this_row.append(min(steps))
        row_before_last, last_row = last_row, this_row
    return last_row[-1]


def skeleton(domain: str) -> str:
    """Return a form of a domain that is equal for domains that look the same (UTS #39 calls it a skeleton)."""
    text = latin_form(domain)
    for pair, letter in _PAIRS:
        text = text.replace(pair, letter)
    return text.translate(_SAME)


def latin_form(domain: str) -> str:
    """Return a domain with each character replaced by the Latin letters that it looks like."""
    return "".join(_prototype(character) for character in unicode_form(domain).lower())


def differs_by_one_edit(left: str, right: str) -> bool:
    """Return whether two names differ by exactly one edit; see `edit_distance`."""
    if len(left) > len(right):
        left, right = right, left
    if len(right) - len(left) > 1 or left == right:
        return False
    start = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), len(left))
    if len(left) < len(right):
        return left[start:] == right[start + 1 :]
    with_swapped_letters = left[:start] + left[start + 1 : start + 2] + left[start : start + 1] + left[start + 2 :]
    return left[start + 1 :] == right[start + 1 :] or with_swapped_letters == right


def registrable_domain(domain: str) -> str:
    """Return the part of a host name that a company can register; the whole name without such a part.

    For a name below onmicrosoft.com it includes the tenant's own part, for example contoso.onmicrosoft.com.
    """
    for suffix in _MICROSOFTS_OWN:
        if domain.endswith(suffix):
            return f"{domain.removesuffix(suffix).rpartition('.')[2]}{suffix}"
    return registrable_part(domain) or domain


def _is_foreign(domain: str) -> bool:
    return any(not character.isascii() and _script(character) not in {"LATIN", *_NEUTRAL} for character in domain)


def _script(character: str) -> str:
    return str(categories.alias(character))


def _prototype(character: str) -> str:
    """Return the Latin letters that a character looks like; the character when there are none."""
    return character if character.isascii() else load_prototypes().get(character, character)


def _finding(code: FindingCode, severity: Severity, **values: Any) -> Finding:
    return Finding(code=code, severity=severity, source=SOURCE, values=values)

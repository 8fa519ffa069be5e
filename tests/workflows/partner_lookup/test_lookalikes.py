"""Domains that look like another one are told from those that only resemble themselves."""

from dataclasses import replace
from random import Random

import pytest

from bot.words.findings.finding import finding_words
from tests.workflows.core.builders import identity
from workflows.core.checks.findings import Severity
from workflows.partner_lookup.lookalikes import (
    differs_by_one_edit,
    lookalike_findings,
    mixed_scripts,
    resemblance,
    skeleton,
)

OWN = ("woodgrove.com", "woodgrove.onmicrosoft.com")
PARTNERS = ("contoso.com", "fabrikam.com", "ab.com")


@pytest.mark.parametrize(
    ("domain", "scripts"),
    [
        ("contoso.com", ()),
        ("münchen.example", ()),
        ("пример.example", ()),
        ("例え.jp", ()),
        ("カタカナ漢字abc.example", ()),
        ("서울abc.example", ()),
        ("сontoso.com", ("Cyrillic", "Latin")),
        ("xn--ontoso-hrf.com", ("Cyrillic", "Latin")),
        ("cοntoso.com", ("Greek", "Latin")),
        ("пример.contoso.com", ()),
    ],
)
def test_scripts_that_no_language_mixes(domain: str, scripts: tuple[str, ...]) -> None:
    assert mixed_scripts(domain) == scripts


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("c0ntoso.com", "contoso.com"),
        ("cornpany.com", "company.com"),
        ("vvoodgrove.com", "woodgrove.com"),
        ("wooclgrove.com", "woodgrove.com"),
        ("1itware.com", "litware.com"),
        ("iitware.com", "litware.com"),
        ("сontoso.com", "contoso.com"),
        ("аррӏе.com", "apple.com"),
    ],
)
@pytest.mark.threats("D3")
def test_what_looks_the_same_has_one_skeleton(left: str, right: str) -> None:
    assert skeleton(left) == skeleton(right)


@pytest.mark.parametrize(
    ("left", "right", "one_off"),
    [
        ("contoso", "contosa", True),
        ("contoso", "contos", True),
        ("contoso", "ccontoso", True),
        ("contoso", "contosos", True),
        ("contoso", "cnotoso", True),
        ("contoso", "contoos", True),
        ("contoso", "contoso", False),
        ("contoso", "contasa", False),
        ("contoso", "conto", False),
        ("contoso", "cnootso", False),
    ],
)
def test_one_letter_off(left: str, right: str, one_off: bool) -> None:
    assert differs_by_one_edit(left, right) is differs_by_one_edit(right, left) is one_off


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("c0ntoso.com", "“c0ntoso.com” looks almost the same as a partner's domain “contoso.com”: it has “0” in place"),
        ("contosa.com", "“contosa.com” resembles a partner's domain “contoso.com”: it has “a” in place of “o”. Check"),
        ("contoso.net", "has the same name as a partner's domain “contoso.com”: the ending is .net, not .com. Check"),
        ("contoso.com.evil.example", "begins like a partner's domain “contoso.com”"),
        ("woodgrvoe.com", "resembles this tenant's own domain “woodgrove.com”: it has “vo” in place of “ov”. Check"),
        ("contos.com", "“contoso.com”: “o” is missing. Check"),
        ("contoso1.com", "“contoso.com”: “1” is added. Check"),
        ("contosa.net", "“contoso.com”: it has “a” in place of “o” and the ending is .net, not .com. Check"),
        ("wooclgrove.co.uk", "“woodgrove.com”: it has “cl” in place of “d” and the ending is .co.uk, not .com. Check"),
        ("xn--contos-gxa.com", "it has “ó” (Latin small letter o with acute) in place of “o”. Check"),
        ("xn--ontoso-hrf.com", "it has “с” (Cyrillic small letter es) in place of “c”. Check"),
        ("contoso-onmicrosoft.com", "looks like a name that Microsoft gives"),
        ("contoso.onmicrosoft.com.evil.example", "looks like a name that Microsoft gives"),
        ("xn--80ak6aa92e.com", "reads like"),
        ("xn--mnchen-3ya.example", "is displayed as “münchen.example”; its plain form is xn--mnchen-3ya.example"),
    ],
)
@pytest.mark.threats("D3")
def test_a_domain_that_is_odd_is_told(asked: str, words: str) -> None:
    who = replace(identity(asked), default_domain=asked)
    found = lookalike_findings(who, own_domains=OWN, partners=PARTNERS)
    assert any(words in finding_words(finding) for finding in found), found


@pytest.mark.parametrize(
    "asked", ["litware.com", "mail.contoso.com", "ad.com", "tailspin.onmicrosoft.com", identity().tenant_id]
)
def test_a_domain_of_its_own_is_not(asked: str) -> None:
    who = replace(identity(asked), default_domain="")
    assert lookalike_findings(who, own_domains=OWN, partners=PARTNERS) == ()


def test_the_domain_that_the_tenant_calls_its_own_is_looked_at_too() -> None:
    who = replace(identity("litware.com"), default_domain="c0ntoso.com")
    (finding,) = lookalike_findings(who, own_domains=OWN, partners=PARTNERS)
    assert (finding.code, finding.severity) == ("look_alike", Severity.WARNING)
    assert lookalike_findings(replace(who, typed_name="c0ntoso.com"), own_domains=OWN, partners=PARTNERS) == (finding,)


def test_a_name_that_cannot_be_displayed_is_accepted_as_it_is() -> None:
    assert mixed_scripts("xn--a.com") == ()


@pytest.mark.parametrize(
    ("asked", "others"),
    [
        ("woodgrov.com", ["woodgrove.com"]),
        ("woodgrov.onmicrosoft.com", ["woodgrove.onmicrosoft.com"]),
        ("woodgrove.net", ["woodgrove.com"]),
        ("wo0dgrove.example", ["woodgrove.com"]),
    ],
)
def test_our_own_domains_of_one_name_are_one_warning_about_the_nearest(asked: str, others: list[str]) -> None:
    who = replace(identity(asked), default_domain="")
    found = lookalike_findings(who, own_domains=OWN, partners=())
    assert [one.values["other"] for one in found] == others


@pytest.mark.parametrize("seed", range(5))
def test_what_is_said_to_differ_turns_one_name_into_the_other(seed: int) -> None:
    """Property: the characters that are named, put in place of each other, make the other name."""
    random = Random(seed)
    print("seed", seed)
    for _ in range(300):
        name = "".join(random.choices("abcdeo0lmnr-", k=random.randint(5, 9))).strip("-") or "contoso"
        at = random.randrange(len(name))
        other = random.choice([name[:at] + name[at + 1 :], name[:at] + random.choice("xyz") + name[at:]])
        left, right = f"{name}.{random.choice(['com', 'net'])}", f"{other}.{random.choice(['com', 'net'])}"
        found = resemblance(left, right)
        if found is None:
            assert min(len(name), len(other)) < 5
            continue
        assert (found.name, found.other_name) == (name, other)
        starts = range(len(name) + 1)
        assert other in {
            name[:start] + found.there + name[start + len(found.here) :]
            for start in starts
            if name.startswith(found.here, start)
        }
        assert bool(found.ending) is (left.partition(".")[2] != right.partition(".")[2])


def test_a_domain_of_another_row_is_called_no_partners_domain() -> None:
    """Of two rows, either one may be the imitation."""
    who = replace(identity("contoso.com"), default_domain="contoso.com")
    [finding] = lookalike_findings(who, own_domains=(), partners=(), in_file=("cont0so.com",))
    assert (finding.values["other"], finding.values["in_file"], finding.values["is_own"]) == (
        "cont0so.com",
        True,
        False,
    )
    assert "the domain of another row “cont0so.com”" in finding_words(finding)
    [of_partner] = lookalike_findings(who, own_domains=(), partners=("cont0so.com",))
    assert "in_file" not in of_partner.values

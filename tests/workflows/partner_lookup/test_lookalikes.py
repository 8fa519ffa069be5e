"""Domains that look like another one are told from those that only resemble themselves."""

from dataclasses import replace

import pytest

from bot.words.findings.finding import finding_words
from tests.workflows.core.builders import identity
from workflows.core.checks.findings import Severity
from workflows.partner_lookup.lookalikes import differs_by_one_edit, lookalike_findings, mixed_scripts, skeleton

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
        ("c0ntoso.com", "“c0ntoso.com” looks the same as a partner's domain “contoso.com”"),
        ("contosa.com", "differs by one letter from a partner's domain “contoso.com”"),
        ("contoso.net", "has the same name, but another ending, as a partner's domain “contoso.com”"),
        ("contoso.com.evil.example", "begins like a partner's domain “contoso.com”"),
        ("woodgrvoe.com", "differs by one letter from this tenant's own domain “woodgrove.com”"),
        ("contoso-onmicrosoft.com", "looks like a name that Microsoft gives"),
        ("contoso.onmicrosoft.com.evil.example", "looks like a name that Microsoft gives"),
        ("xn--80ak6aa92e.com", "reads like"),
        ("xn--mnchen-3ya.example", "is displayed as “münchen.example”; its plain form is xn--mnchen-3ya.example"),
    ],
)
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

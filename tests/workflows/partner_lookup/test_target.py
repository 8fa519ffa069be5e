"""What people type or paste for a partner becomes one domain or tenant id, or is refused with the cure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.words.requests.notes import refusal_words
from tests.bot.words.refused import worded_refusal
from workflows.core.errors.raised import InvalidField
from workflows.core.settings.model import is_tenant_id
from workflows.partner_lookup.target import (
    CONSUMER_DOMAINS,
    CONSUMER_TENANTS,
    FIELD,
    normalize_target,
    target_candidates,
)

GUID = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        # domains
        ("contoso.com", "contoso.com"),
        ("  Contoso.COM\t\n", "contoso.com"),
        ("contoso.com.", "contoso.com"),
        ("mail.eu.contoso.co.uk", "mail.eu.contoso.co.uk"),
        ("contoso.onmicrosoft.com", "contoso.onmicrosoft.com"),
        ("contoso-2.example", "contoso-2.example"),
        ("1und1.de", "1und1.de"),
        ("ｃｏｎｔｏｓｏ.com", "contoso.com"),
        ("a" * 63 + ".com", "a" * 63 + ".com"),
        # what people paste
        ("anna@contoso.com", "contoso.com"),
        ("Anna.Berg+x@Contoso.com", "contoso.com"),
        ("https://contoso.com", "contoso.com"),
        ("HTTP://Contoso.com/about/us", "contoso.com"),
        ("https://contoso.com/", "contoso.com"),
        ("https://contoso.com?x=1", "contoso.com"),
        ("https://contoso.com#people", "contoso.com"),
        ("contoso.com/path", "contoso.com"),
        ("https://anna@contoso.com/x", "contoso.com"),
        # IDN
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("info@bücher.example", "xn--bcher-kva.example"),
        # one script, or scripts that a language mixes
        ("пример.example", "xn--e1afmkfd.example"),
        ("カタカナ漢字abc.example", "xn--abc-jj4ba3j6c3996b6htb.example"),
        # look-alikes in plain letters are judged where they can be compared
        ("c0ntoso.com", "c0ntoso.com"),
        # tenant ids
        (GUID, GUID),
        (GUID.upper(), GUID),
        (f" {{{GUID}}} ", GUID),
    ],
)
def test_it_becomes(typed: str, target: str) -> None:
    assert normalize_target(typed) == target
    assert normalize_target(target) == target


@pytest.mark.parametrize(
    "typed",
    [
        "https://contoso.com?next=anna@evil.example",
        "https://contoso.com#@evil.example",
        "https://contoso.com\\@evil.example",
        "https://contoso.com/@evil.example",
    ],
)
def test_a_web_address_means_its_host_and_nothing_behind_it(typed: str) -> None:
    assert normalize_target(typed) == "contoso.com"


def test_of_a_web_address_with_a_user_the_host_counts() -> None:
    """As in a browser, the text before the @ is a user name, however much it looks like a domain."""
    assert normalize_target("https://contoso.com@evil.example/x") == "evil.example"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Type the partner's domain"),
        ("   \t ", "Type the partner's domain"),
        # invisible characters
        ("con\u200btoso.com", "invisible characters"),
        ("\u202emoc.osotnoc", "invisible characters"),
        ("\ufeffcontoso.com", "invisible characters"),
        ("conto\u00adso.com", "invisible characters"),
        ("contoso.com\u2060", "invisible characters"),
        ("contoso\x00.com", "invisible characters"),
        # not one domain
        ("contoso", "Enter one domain"),
        ("localhost", "Enter one domain"),
        ("Contoso Ltd", "Enter one domain"),
        ("https://", "Enter one domain"),
        ("@", "Enter one domain"),
        ("anna@", "Enter one domain"),
        ("x." * 126 + "com", "Enter one domain"),
        (GUID.replace("-", ""), "Enter one domain"),
        (GUID[:-1], "Enter one domain"),
        (f"urn:uuid:{GUID}", "Enter one domain"),
        # not a valid name
        (".contoso.com", "not a valid domain name"),
        ("contoso..com", "not a valid domain name"),
        ("-contoso.com", "not a valid domain name"),
        ("contoso-.com", "not a valid domain name"),
        ("con_toso.com", "not a valid domain name"),
        ("con*toso.com", "not a valid domain name"),
        ("*.contoso.com", "not a valid domain name"),
        ("xn--contoso-.com", "not a valid domain name"),
        ("xn--a.com", "not a valid domain name"),
        ("a" * 64 + ".com", "not a valid domain name"),
        ("<!channel>.com", "not a valid domain name"),
        ("☃️.example", "not a valid domain name"),
        # scripts that no language mixes
        ("сontoso.com", "mixes Cyrillic and Latin letters"),
        ("contosо.com", "mixes Cyrillic and Latin letters"),
        ("xn--ontoso-hrf.com", "mixes Cyrillic and Latin letters"),
        ("cοntoso.com", "mixes Greek and Latin letters"),
        ("mail.сontoso.com", "mixes Cyrillic and Latin letters"),
        # nobody's own
        ("co.uk", "not a company's domain"),
        ("127.0.0.1", "not a company's domain"),
        ("https://10.0.0.1/x", "not a company's domain"),
        ("com.au", "not a company's domain"),
        ("github.io", "not a company's domain"),
        ("gmail.com", "personal email provider"),
        ("anna@Outlook.com", "personal email provider"),
        ("https://hotmail.com/x", "personal email provider"),
        ("ｇmail.com", "personal email provider"),
        # well-known tenants
        ("9188040d-6c67-4c5b-b112-36a304b66dad", "does not belong to an organization"),
        ("{9188040D-6C67-4C5B-B112-36A304B66DAD}", "does not belong to an organization"),
        ("f8cdef31-a31e-4b4a-93e4-5f571e91255a", "does not belong to an organization"),
        ("00000000-0000-0000-0000-000000000000", "does not belong to an organization"),
        ("common", "Enter one domain"),
        ("organizations", "Enter one domain"),
    ],
)
@pytest.mark.threats("D3", "D4", "D5")
def test_it_is_refused(typed: str, words: str) -> None:
    with pytest.raises(InvalidField) as caught:
        normalize_target(typed)
    assert caught.value.field == FIELD == "target"
    assert words in refusal_words(caught.value)


@pytest.mark.threats("D5")
@pytest.mark.parametrize("domain", sorted(CONSUMER_DOMAINS))
def test_a_mail_provider_is_no_partner(domain: str) -> None:
    with worded_refusal(InvalidField, match="mail provider"):
        normalize_target(domain)


def test_the_lists_are_canonical() -> None:
    """Otherwise they would never match what was normalized."""
    assert {"gmail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com"} <= CONSUMER_DOMAINS
    assert all(domain == domain.lower() and domain.isascii() for domain in CONSUMER_DOMAINS)
    assert all(is_tenant_id(tenant_id) for tenant_id in CONSUMER_TENANTS)
    assert not is_tenant_id("contoso.com")


@given(st.text(max_size=40) | st.text(st.sampled_from("abcxnw-.@/:ß\u200d0 {}<>|,'&"), max_size=20))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_becomes_a_plain_name_or_is_refused(typed: str) -> None:
    """And a plain name stays as it is."""
    try:
        target = normalize_target(typed)
    except InvalidField:
        return
    assert target.isascii()
    assert set(target) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert "." in target or is_tenant_id(target)
    assert normalize_target(target) == target


# --- what people paste ---


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("https://www.contoso.com/about", "www.contoso.com"),
        ("www.contoso.com", "www.contoso.com"),
        ("contoso.com/", "contoso.com"),
        ("//contoso.com/x", "contoso.com"),
        ("contoso.com:443", "contoso.com"),
        ("https://contoso.com:8443/x", "contoso.com"),
        ("ftp://contoso.com", "contoso.com"),
        ("<http://contoso.com|contoso.com>", "contoso.com"),
        ("<https://contoso.com/a?b=c&amp;d=e>", "contoso.com"),
        ("<https://contoso.com|our partner, Contoso Ltd.>", "contoso.com"),
        ("<mailto:a@contoso.com|a@contoso.com>", "contoso.com"),
        ("mailto:a@contoso.com?subject=Hello", "contoso.com"),
        ("Ann <ann@contoso.com>", "contoso.com"),
        ("Ann &lt;<mailto:ann@contoso.com|ann@contoso.com>&gt;", "contoso.com"),
        ("Dr. J.R. O'Neil <j.r.o'neil@contoso.com>;", "contoso.com"),
        ('"Berg, Ann" <ann@contoso.com>', "contoso.com"),
        ("Contoso.com, please", "contoso.com"),
        ("e.g. contoso.com", "contoso.com"),
        ("Is it contoso.com?", "contoso.com"),
        ("(contoso.com)", "contoso.com"),
        ("contoso.com's tenant", "contoso.com"),
        ("“contoso.com”.", "contoso.com"),
        ("'contoso.com'", "contoso.com"),
        ("`contoso.com`", "contoso.com"),
        ("*contoso.com*", "contoso.com"),
        ("_<http://contoso.com|contoso.com>_", "contoso.com"),
        ("contoso.com...", "contoso.com"),
        ("contoso。com。", "contoso.com"),
        ("the tenant contoso.onmicrosoft.com of Contoso", "contoso.onmicrosoft.com"),
        ("contoso.com, ann@contoso.com, https://contoso.com/x", "contoso.com"),
        (f"Tenant ID: {GUID}.", GUID),
        (f"{{{GUID}}},", GUID),
        (f"{GUID} {GUID}", GUID),
        (f"<https://contoso.com/{GUID}|{GUID}>", "contoso.com"),
    ],
)
def test_the_domain_is_removed_from_what_is_pasted(typed: str, target: str) -> None:
    assert normalize_target(typed) == target


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("contoso.com fabrikam.com", "contoso.com, fabrikam.com"),
        ("contoso.com\nfabrikam.com", "contoso.com, fabrikam.com"),
        ("contoso.com\u00a0fabrikam.com", "contoso.com, fabrikam.com"),
        ("contoso.com,fabrikam.com", "contoso.com, fabrikam.com"),
        ("contoso.com;fabrikam.com", "contoso.com, fabrikam.com"),
        ("<http://fabrikam.com|contoso.com>", "fabrikam.com, contoso.com"),
        ("<mailto:a@fabrikam.com|a@contoso.com>", "fabrikam.com, contoso.com"),
        ("contoso.com <ann@fabrikam.com>", "contoso.com, fabrikam.com"),
        ("mailto:a@contoso.com,b@fabrikam.com", "contoso.com, fabrikam.com"),
        ("<mailto:a@contoso.com;b@fabrikam.com|both>", "contoso.com, fabrikam.com"),
        ("mail.contoso.com or contoso.com", "mail.contoso.com, contoso.com"),
        (f"contoso.com {GUID}", f"contoso.com, {GUID}"),
    ],
)
@pytest.mark.threats("D1")
def test_two_names_in_one_text_are_refused_and_named(typed: str, named: str) -> None:
    """The text that a link shows never wins over its address: where they differ, none is taken."""
    with pytest.raises(InvalidField) as caught:
        target_candidates(typed)
    assert refusal_words(caught.value) == f"Enter one domain, not several: {named}."


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("contoso.com", ("contoso.com",)),
        ("https://www.contoso.com/about", ("www.contoso.com", "contoso.com")),
        ("contoso.com www.contoso.com", ("contoso.com",)),
        ("www.contoso.co.uk", ("www.contoso.co.uk", "contoso.co.uk")),
        ("www.com", ("www.com",)),
        ("www.co.uk", ("www.co.uk",)),
        ("wwww.contoso.com", ("wwww.contoso.com",)),
        (GUID, (GUID,)),
    ],
)
def test_www_is_left_out_only_after_the_name_as_it_was_typed(typed: str, candidates: tuple[str, ...]) -> None:
    assert target_candidates(typed) == candidates


@pytest.mark.threats("D5")
@pytest.mark.parametrize("typed", ["www.gmail.com", "<https://www.gmail.com/x|mail>", "Ann <ann@gmail.com>, please"])
def test_a_mail_provider_is_no_partner_however_it_is_pasted(typed: str) -> None:
    with worded_refusal(InvalidField, match=r"“gmail\.com” is a personal email provider"):
        target_candidates(typed)


@pytest.mark.parametrize(
    "typed", ["con&#8203;toso.com", "con&zwnj;toso.com", "<http://сontoso.com|contoso.com>", "con,toso.com"]
)
def test_pasting_leads_around_no_check(typed: str) -> None:
    with pytest.raises(InvalidField):
        target_candidates(typed)


@pytest.mark.parametrize("hyphen", "\u2010\u2011\u2013\u2212", ids=ascii)
def test_a_tenant_id_may_have_other_hyphens_and_a_domain_may_not(hyphen: str) -> None:
    tenant_id = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
    assert normalize_target(tenant_id.replace("-", hyphen)) == tenant_id
    with pytest.raises(InvalidField):
        normalize_target(f"contoso{hyphen}eu.com")

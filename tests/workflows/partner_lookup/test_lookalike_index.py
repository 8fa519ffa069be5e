"""The index of domains finds every one that the comparison with each of them finds."""

from hypothesis import given
from hypothesis import strategies as st

from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookalike_index import LookalikeIndex
from workflows.partner_lookup.lookalikes import lookalike_findings

_names = st.text("abolrn01-", min_size=1, max_size=8).filter(lambda name: name.strip("-") == name)
_domains = st.builds(
    lambda labels, ending: ".".join([*labels, ending]),
    st.lists(_names, min_size=1, max_size=2),
    st.sampled_from(["com", "net", "co.uk"]),
)


def others_like(domain: str, partners: list[str] | frozenset[str]) -> set[object]:
    identity = TenantIdentity(
        tenant_id=TenantId("t"), display_name="", default_domain=domain, typed_name=domain, is_resolved=True
    )
    found = lookalike_findings(identity, own_domains=(), partners=partners)
    return {finding.values.get("other") for finding in found} - {None}


@given(_domains, st.lists(_domains, max_size=12))
def test_no_similar_domain_is_missed(domain: str, partners: list[str]) -> None:
    index = LookalikeIndex(partners)
    assert others_like(domain, index.near(domain)) == others_like(domain, partners)


def test_a_swap_a_missing_letter_another_ending_and_a_beginning_are_near() -> None:
    index = LookalikeIndex(["contoso.com"])
    near = ["cnotoso.com", "contso.com", "contoso.net", "contoso.com.example.net", "c0ntoso.com"]
    assert [name for name in near if index.near(name) != {"contoso.com"}] == []
    assert index.near("fabrikam.com") == frozenset()
    assert index.near("contoso.com") == frozenset()

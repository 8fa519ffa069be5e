"""Find the domains of a long list that may look like another one, without comparing it with each of them.

It may return domains that do not look alike, and never misses one that does: `lookalike_findings` compares them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from workflows.partner_lookup.lookalikes import compared_name, registrable_domain, skeleton


class LookalikeIndex:
    """The domains of a list, by what similar ones have in common."""

    def __init__(self, domains: Iterable[str] = ()) -> None:
        self._by_key: defaultdict[str, set[str]] = defaultdict(set)
        for domain in domains:
            self.add(domain)

    def add(self, domain: str) -> None:
        """Add one domain."""
        for key in _keys(domain):
            self._by_key[key].add(domain)

    def near(self, domain: str) -> frozenset[str]:
        """Return the domains that may look like this one, without itself."""
        keys = {*_keys(domain), *_beginnings(domain)}
        found = (self._by_key[key] for key in keys if key in self._by_key)
        return frozenset(name for names in found for name in names) - {domain}


def _keys(domain: str) -> Iterator[str]:
    """Yield what the domain has in common with every one that looks like it.

    Two names that differ by one edit become equal when at most one letter is left out of each.
    """
    registrable = registrable_domain(domain)
    name, _, _ = compared_name(registrable)
    yield f"whole {domain}"
    yield f"looks {skeleton(name)}"
    yield f"name {name}"
    yield from {f"name {name[:at]}{name[at + 1 :]}" for at in range(len(name))}


def _beginnings(domain: str) -> Iterator[str]:
    """Yield every shorter domain with which it begins, as `contoso.com` in `contoso.com.example.net`."""
    labels = domain.split(".")
    yield from (f"whole {'.'.join(labels[:count])}" for count in range(2, len(labels)))

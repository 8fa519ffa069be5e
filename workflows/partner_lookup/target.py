"""Parse the domain or tenant id that a person typed; return its canonical form or refuse it.

There is no network access here. Only Entra knows whether the domain belongs to a tenant.
"""

import re
import unicodedata
from pathlib import Path
from typing import Final

import idna
from publicsuffixlist import PublicSuffixList

from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookalikes import mixed_scripts
from workflows.partner_lookup.pasted import names_in

FIELD: Final = "target"
"""The name of the form field for every problem found here."""

CONSUMER_TENANTS: Final = frozenset(
    {
        TenantId("9188040d-6c67-4c5b-b112-36a304b66dad"),  # personal Microsoft accounts
        TenantId("f8cdef31-a31e-4b4a-93e4-5f571e91255a"),  # Microsoft's own services
        TenantId("00000000-0000-0000-0000-000000000000"),
    }
)
"""Tenant ids that belong to no organization (Microsoft: "Access tokens", issuer and well-known tenants)."""

CONSUMER_DOMAINS: Final = frozenset(Path(__file__).with_name("consumer_domains.txt").read_text("ascii").split())
"""Personal email providers; their users are no organization that could be a partner."""

_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WWW: Final = "www."
_LABEL_LIMIT: Final = 253
_SUFFIXES: Final = PublicSuffixList()


def is_tenant_id(target: str) -> bool:
    """Return whether a normalized target is a tenant id rather than a domain."""
    return _GUID.fullmatch(target) is not None


def normalize_target(typed: str) -> str:
    """Convert typed text to a lower-case GUID or an ASCII (IDNA 2008) domain name: the first of the candidates.

    :raises InvalidField: with what is wrong and the correction.
    """
    return target_candidates(typed)[0]


def target_candidates(typed: str) -> tuple[str, ...]:
    """List the names that typed text can mean, in the order in which to ask Entra for them.

    The domain is found in a web address, a mail address with or without a name, chat markup, or a sentence. `www.` may
    belong to the name, so only a second candidate omits it. A tenant ID has one candidate.

    :raises InvalidField: with what is wrong and the correction.
    """
    found = tuple(dict.fromkeys(_name(one) for one in names_in(_cleaned(typed))))
    if len({name.removeprefix(_WWW) for name in found}) > 1:
        raise InvalidField(FIELD, RefusalCode.TARGET_SEVERAL, names=list(found))
    (name, *_) = found
    if is_tenant_id(name):
        return (name,)
    bare = name.removeprefix(_WWW)
    if CONSUMER_DOMAINS & {name, bare}:
        raise InvalidField(FIELD, RefusalCode.TARGET_MAIL_PROVIDER, domain=bare)
    return (name, bare) if bare != name and _SUFFIXES.privatesuffix(bare) is not None else (name,)


def _name(text: str) -> str:
    """Return one domain or tenant id in canonical form."""
    if is_tenant_id(text):
        if text in CONSUMER_TENANTS:
            raise InvalidField(FIELD, RefusalCode.TARGET_NO_ORGANIZATION)
        return text
    domain = _ascii_domain(text)
    if _SUFFIXES.privatesuffix(domain) is None or domain.rpartition(".")[2].isdigit():
        raise InvalidField(FIELD, RefusalCode.TARGET_NO_COMPANY, domain=domain)
    return domain


def _cleaned(typed: str) -> str:
    text = " ".join(typed.split())
    if not text:
        raise InvalidField(FIELD, RefusalCode.TARGET_EMPTY)
    if any(unicodedata.category(character) in {"Cc", "Cf"} for character in text):
        raise InvalidField(FIELD, RefusalCode.TARGET_INVISIBLE)
    return text.lower()


def _ascii_domain(host: str) -> str:
    if len(host) > _LABEL_LIMIT or "." not in host or re.search(r"[\s,;:]", host):
        raise InvalidField(FIELD, RefusalCode.TARGET_NOT_ONE)
    try:
        domain = idna.encode(host, uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise InvalidField(FIELD, RefusalCode.TARGET_INVALID) from None
    if scripts := mixed_scripts(domain):
        raise InvalidField(FIELD, RefusalCode.TARGET_MIXED_SCRIPTS, domain=domain, scripts=list(scripts))
    return domain

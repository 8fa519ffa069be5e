"""Check the domain or tenant id that a person typed, and return its canonical form.

There is no network access here: whether a domain belongs to a tenant is asked later.
"""

import re
import unicodedata
from pathlib import Path
from typing import Final

import idna

from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.settings.model import TenantId, is_tenant_id
from workflows.partner_lookup.lookalikes import mixed_scripts
from workflows.partner_lookup.pasted_text import names_in
from workflows.partner_lookup.public_suffixes import registrable_part

FIELD: Final = "target"
"""The name of the form's field for every problem that is found here."""

CONSUMER_TENANTS: Final = frozenset(
    {
        TenantId("9188040d-6c67-4c5b-b112-36a304b66dad"),  # personal Microsoft accounts
        TenantId("f8cdef31-a31e-4b4a-93e4-5f571e91255a"),  # Microsoft's own services
        TenantId("00000000-0000-0000-0000-000000000000"),
    }
)
"""Ids of tenants that belong to no organization (Microsoft: "Access tokens", issuer and well-known tenants)."""

CONSUMER_DOMAINS: Final = frozenset(Path(__file__).with_name("consumer_domains.txt").read_text("ascii").split())
"""The domains of personal email providers. Their users belong to no organization that could be a partner."""

_WWW: Final = "www."
_LABEL_LIMIT: Final = 253


def normalize_target(typed_text: str) -> str:
    """Return the first candidate of a typed text: a GUID in lower case, or a domain in ASCII (IDNA 2008).

    :raises InvalidField: when the text is not one domain or tenant id.
    """
    return target_candidates(typed_text)[0]


def target_candidates(typed_text: str) -> tuple[str, ...]:
    """List the names that a typed text can mean, in the order in which they are looked up.

    The name can be in a web address, a mail address, chat markup or a sentence. `www.` can be a part of the name. So
    only the second candidate is without it. A tenant id has one candidate.

    :raises InvalidField: when the text is not one domain or tenant id.
    """
    names = tuple(dict.fromkeys(_canonical_name(found_name) for found_name in names_in(_in_lower_case(typed_text))))
    if len({name.removeprefix(_WWW) for name in names}) > 1:
        raise InvalidField(FIELD, RefusalCode.TARGET_SEVERAL_NAMES, names=list(names))
    (name, *_) = names
    if is_tenant_id(name):
        return (name,)
    bare = name.removeprefix(_WWW)
    if CONSUMER_DOMAINS & {name, bare}:
        raise InvalidField(FIELD, RefusalCode.TARGET_MAIL_PROVIDER, domain=bare)
    return (name, bare) if bare != name and registrable_part(bare) is not None else (name,)


def _canonical_name(text: str) -> str:
    """Return one domain or tenant id in canonical form."""
    if is_tenant_id(text):
        if text in CONSUMER_TENANTS:
            raise InvalidField(FIELD, RefusalCode.TARGET_NOT_AN_ORGANIZATION)
        return text
    domain = _ascii_domain(text)
    if registrable_part(domain) is None or domain.rpartition(".")[2].isdigit():
        raise InvalidField(FIELD, RefusalCode.TARGET_NOT_A_COMPANY_DOMAIN, domain=domain)
    return domain


def _in_lower_case(typed_text: str) -> str:
    text = " ".join(typed_text.split())
    if not text:
        raise InvalidField(FIELD, RefusalCode.TARGET_EMPTY)
    if any(unicodedata.category(character) in {"Cc", "Cf"} for character in text):
        raise InvalidField(FIELD, RefusalCode.TARGET_INVISIBLE)
    return text.lower()


def _ascii_domain(host: str) -> str:
    if len(host) > _LABEL_LIMIT or "." not in host or re.search(r"[\s,;:]", host):
        raise InvalidField(FIELD, RefusalCode.TARGET_NOT_ONE_NAME)
    try:
        domain = idna.encode(host, uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise InvalidField(FIELD, RefusalCode.TARGET_INVALID) from None
    if scripts := mixed_scripts(domain):
        raise InvalidField(FIELD, RefusalCode.TARGET_MIXED_SCRIPTS, domain=domain, scripts=list(scripts))
    return domain

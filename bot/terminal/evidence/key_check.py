"""The finding of `gatehouse doctor` about the key of the audit log. A boundary: it reads a file, and shows no key."""

import stat
from typing import Final

from bot.process.settings import TenantSettings
from bot.words.requests.notes import refusal_words
from workflows.ports.records import StoreUnusable
from workflows.store.audit_keys import KeyFile

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def key_finding(settings: TenantSettings) -> tuple[str, str]:
    """Return where the keys come from with their ids, and what to do; the second text is empty without a problem."""
    keys = settings.records.audit_keys
    place = f"in the file {keys.path}" if isinstance(keys, KeyFile) else "in AUDIT_KEY"
    if isinstance(keys, KeyFile) and keys.is_own and not keys.path.exists():
        return f"none yet; the bot makes one {place} with its first entry", ""
    try:
        ring = keys.ring(may_create=False)
    except StoreUnusable as error:
        return refusal_words(error), "Put the file back from its copy"
    state = f"{place}; signs with {ring.signing.id}, knows {', '.join(key.id for key in ring.keys)}"
    if isinstance(keys, KeyFile) and keys.path.stat().st_mode & _OTHERS:
        return state, f"Other users can read it. Run chmod 600 {keys.path}"
    if isinstance(keys, KeyFile) and keys.is_own:
        return state, "It is beside the database. Better keep it elsewhere: set AUDIT_KEY or AUDIT_KEY_FILE"
    return state, ""

"""One certificate authority for all sandboxes: its keys and certificates are made once, not at each start.

The tests of `bot.sandbox.entra.tokens` and the stories that type the command hold that a sandbox makes its own. Whoever
else makes an authority gets a new one.
"""

from functools import cache
from typing import Any, Final

import trustme

_NEW: Final = trustme.CA
_OF_SANDBOX: Final = "Gatehouse sandbox"
_HOSTS: Final = ("localhost", "127.0.0.1")


def reuse_authority() -> None:
    """Let every sandbox of this process, and of those forked from it, have the same authority."""
    trustme.CA = _ready_or_new  # type: ignore[misc, assignment]
    made_once()


@cache
def made_once() -> tuple[trustme.CA, trustme.LeafCert]:
    """Return the authority, and the certificate of the sandbox's token endpoint."""
    authority = _NEW(organization_name=_OF_SANDBOX)
    return authority, authority.issue_cert(*_HOSTS)


def _ready_or_new(**named: Any) -> "_ReadyAuthority | trustme.CA":
    return _ReadyAuthority() if named == {"organization_name": _OF_SANDBOX} else _NEW(**named)


class _ReadyAuthority:
    """Looks like `trustme.CA`."""

    def __init__(self) -> None:
        self._authority, self._certificate = made_once()
        self.cert_pem = self._authority.cert_pem

    def issue_cert(self, *hosts: str, **named: Any) -> trustme.LeafCert:
        is_known = hosts == _HOSTS and not named
        return self._certificate if is_known else self._authority.issue_cert(*hosts, **named)

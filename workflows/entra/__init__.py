"""Access to our tenant through Microsoft Graph: the only package that imports msgraph, kiota and azure.

The SDK is used for addresses, tokens and connections. It is not used for these, for the given reasons:

- Bodies are read as JSON. The SDK's models turn unknown enum values into None without a warning. The first model that
  inherits from `Entity` also blocks the event loop for a second.
- A write sends the canonical bytes of the approved operation. The SDK's models write nulls wrongly, and send values
  that were only read.
- Answers are evaluated in `answers`. The SDK's adapter treats a redirect as a success.
- Writes are never repeated. The SDK's retry handler repeats POST and PATCH by default.
- Writes of the cross-tenant policy are never sent in a `$batch`. Only `accountEnabled` of guests is
  (docs/decisions/0043).
- The answer to a `$batch` is read as JSON, too. The SDK's batch classes make only the request, because they keep one of
  two answers with the same id without a warning.
- Every request gets its own client. The builders of a shared client keep the argument of `findTenantInformationBy…` in
  one dictionary. So two parallel lookups can get each other's answer.

`connection` contains the addresses and the configured tenant. `transport` sends requests, and proves the bot's
identity. `addresses` contains every address that can be used. `answers` evaluates answers. `gateway` implements
`ports.Tenant`, and `tenant_settings` implements `ports.TenantSettings`. `guest_accounts` implements
`ports.GuestAccounts` with an application of its own.
"""

from workflows.entra.gateway import Entra, connect
from workflows.entra.guest_accounts.guest_accounts import GraphGuestAccounts, connect_guest_accounts
from workflows.entra.settings import ApplicationCredential, EntraSettings
from workflows.entra.transport.traffic.traffic import Traffic

__all__ = [
    "ApplicationCredential",
    "Entra",
    "EntraSettings",
    "GraphGuestAccounts",
    "Traffic",
    "connect",
    "connect_guest_accounts",
]

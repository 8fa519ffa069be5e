"""Access to the home tenant through Microsoft Graph: the only package that imports msgraph, kiota and azure.

The SDK provides addresses, tokens and connections. What it does not do here, and why:

- Bodies are read raw. The SDK's models turn unknown enum values into None without a warning. The first model that
  inherits from `Entity` blocks the event loop for a second.
- A write sends the canonical bytes of the approved operation. The SDK's models write nulls wrong and send what was
  read.
- Answers are evaluated in `answers`: the SDK's adapter treats a redirect as a success.
- Writes are never repeated: the SDK's retry handler repeats POST and PATCH by default.
- Every request gets its own client. The builders of a shared client keep the argument of `findTenantInformationBy…` in
  a shared dictionary, so two parallel lookups can get each other's answer.

`connection` has the addresses and the configured tenant. `transport` sends, and proves the bot's identity. `addresses`
contains every possible address. `answers` evaluates answers (without SDK). `gateway` is the tenant, and
`tenant_settings` its other settings that matter for a partner.
"""

from workflows.entra.connection import EntraSettings
from workflows.entra.gateway import Entra, connect

__all__ = ["Entra", "EntraSettings", "connect"]

"""Reach the home tenant through Microsoft Graph: the only package that imports msgraph, kiota and azure.

The SDK gives addresses, tokens and connections. What it does not do here, and why:

- Bodies are read raw: its models turn enum values they do not know into None without a word, and the first one that
  descends from `Entity` holds the event loop for a second.
- A write sends the canonical bytes of the approved operation: its models spell nulls wrong and send what was read.
- Answers are judged in `answers`: its adapter takes a redirect for a success.
- Writes are never repeated: its retry handler repeats POST and PATCH by default.
- Every request gets a client of its own: the builders of a shared one keep the argument of `findTenantInformationBy…`
  in a dictionary they share, so that two lookups at a time can get each other's answer.

`connection` sends, `credential` proves who the bot is, `addresses` holds what can be addressed, `answers` judges what
came back (no SDK in it), `gateway` is the tenant and `tenant_settings` what else in it bears on a partner, `lately`
remembers what was read.
"""

from workflows.entra.gateway import Entra, connect
from workflows.entra.settings import EntraSettings

__all__ = ["Entra", "EntraSettings", "connect"]

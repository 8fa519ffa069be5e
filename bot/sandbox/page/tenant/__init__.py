"""The tenant on the page: cross-tenant settings, their latest change, Conditional Access policies."""

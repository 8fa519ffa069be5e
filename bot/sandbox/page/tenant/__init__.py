"""The tenant side of the page: cross-tenant settings, what changed in them, Conditional Access policies."""

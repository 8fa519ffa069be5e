"""Partners in the tenant: their own configurations, and their Microsoft 365 capabilities."""

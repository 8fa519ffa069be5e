"""The cross-tenant access policy: its default, its templates, its partners, and their synchronization."""

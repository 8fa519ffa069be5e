"""Revoking a partner's access: what it would do, and the confirmation."""

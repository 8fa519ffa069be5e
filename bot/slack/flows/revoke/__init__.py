"""Revoking a partner's access: its effect, and the confirmation."""

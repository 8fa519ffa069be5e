"""Disabling and enabling guest accounts: who is shown, and how they are written group by group."""

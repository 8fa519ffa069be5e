"""Closing a partner: revoke it for good, or suspend it and lift that later."""

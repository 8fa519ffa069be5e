"""Closing a partner: revoke, suspend, lift, and the guest accounts of its people."""

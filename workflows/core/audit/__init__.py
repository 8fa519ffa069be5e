"""What audit logs say."""

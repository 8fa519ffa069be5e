"""What a sweep finds: settings that are not as approved, who changed them, and the answers of admins."""

"""The people who decide: what is known of their profiles, what is unusual, and when they get their weekly list. Pure."""

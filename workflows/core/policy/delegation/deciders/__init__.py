"""The people who decide: their profiles, what is unusual, and their weekly list. Pure."""

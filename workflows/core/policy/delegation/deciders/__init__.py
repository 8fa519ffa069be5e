"""The people who decide: what is unusual, and their weekly list. Pure."""

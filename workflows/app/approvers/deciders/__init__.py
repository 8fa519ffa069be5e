"""What is looked at of the people who decide: their profiles, unusual decisions, and their weekly list."""

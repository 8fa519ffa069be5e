"""Advance batches: plan and record their members in waves, upload their list, and check decisions on them."""

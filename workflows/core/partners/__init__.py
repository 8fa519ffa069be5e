"""The record of a partner, and what changes it: applied requests, reviews, revoking, extending, restoring."""

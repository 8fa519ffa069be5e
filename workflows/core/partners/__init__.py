"""The partner's record: what a request leaves behind, reviews, revoking, extending and restoring."""

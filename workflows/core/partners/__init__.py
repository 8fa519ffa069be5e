"""The partner's record: the result of requests, reviews, revoking, extending and restoring."""

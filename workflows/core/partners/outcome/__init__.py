"""What follows when a request was written to the tenant: the partner's record, and messages to send."""

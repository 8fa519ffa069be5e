"""`gatehouse revoke` and `gatehouse suspend`: close a partner without Slack, and prove it."""

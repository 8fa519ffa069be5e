"""Changes of a request that waits for approvals: its requester edits it, and an approver proposes less."""

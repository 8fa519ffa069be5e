"""The messages and the list of a batch, in the approval channel and for each approver."""

"""What approvers see: the approval card, its details, the reminder."""

"""What Slack sends: received, parsed, dispatched."""

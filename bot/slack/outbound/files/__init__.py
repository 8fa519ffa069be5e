"""Files that are sent to Slack: the upload in three steps, and the sending to one person."""

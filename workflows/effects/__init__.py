"""What is done after a commit: permission check, prepare, apply, and the queue that performs them."""

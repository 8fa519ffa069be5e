"""Work after a commit: permission check, prepare, apply, and the queue that performs them."""

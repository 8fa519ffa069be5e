"""What people and time ask for: requests, reads, the schedule. Every change goes through `service`."""

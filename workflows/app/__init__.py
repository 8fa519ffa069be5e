"""The application: requests, reads, the schedule. Every change of a record goes through `service`."""

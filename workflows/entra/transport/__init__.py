"""Sending a request to Graph: token, deadline, rate, retries of reads."""

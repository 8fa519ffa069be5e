"""How a request gets to Graph: token, deadline, pace, retries of reads."""

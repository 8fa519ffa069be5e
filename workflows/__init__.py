"""The domain: requests, approval, plans, reviews. Knows nothing of Slack."""

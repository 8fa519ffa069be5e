"""The domain: requests, approval, plans, reviews. Knows no chat system."""

"""The domain: requests, approval, plans, reviews. It depends on no chat system."""

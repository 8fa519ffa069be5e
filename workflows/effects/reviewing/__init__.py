"""The questions of reviews: who is asked, and who got them."""

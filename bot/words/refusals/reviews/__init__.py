"""The sentences of refusals about reviews: their answers, and campaigns of them."""

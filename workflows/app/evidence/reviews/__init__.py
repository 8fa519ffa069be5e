"""Evidence for reviews: one shared scan of sign-ins and guests, when it runs, and the evidence of one partner."""

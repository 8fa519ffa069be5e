"""Evidence for a review: how a partner's people use the access, from one scan of sign-ins and guests, and what was
approved and answered before."""

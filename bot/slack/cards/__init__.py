"""Cards about requests, reviews and partner setup, built from their parts."""

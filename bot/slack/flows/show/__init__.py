"""What `/partner` only tells: the list, one partner, the posture, help."""

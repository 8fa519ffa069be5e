"""The read-only commands of `/partner`: the list, one partner, the posture, help."""

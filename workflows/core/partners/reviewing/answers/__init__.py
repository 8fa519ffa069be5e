"""The answers of people: that an access is still needed, with its reason and attestation, and whether it works."""

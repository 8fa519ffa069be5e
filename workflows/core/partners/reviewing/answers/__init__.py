"""The answer Keep: the reason and the attestation that it needs, and the time of the next review."""

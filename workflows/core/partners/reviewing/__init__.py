"""Reviews of a partner: the question whether access is still needed, the partner setup, the sponsor."""

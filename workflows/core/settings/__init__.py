"""Cross-tenant access settings of one partner: the model, Graph's documents, effective settings, open access."""

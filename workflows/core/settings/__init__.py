"""One partner's cross-tenant access settings: the model, Graph's documents, what applies, what is open."""

"""Several bots on one PostgreSQL, behind a balancer: processes that are killed and suspended, and nothing is lost."""

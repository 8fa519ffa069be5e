"""The queue of effects in PostgreSQL: each effect is one job of procrastinate, in the transaction of its records."""

"""Create the tables of procrastinate, of which each effect is a job, or bring them to the version of the library.

A new version of the library that changes them gets a step of its own, which does the same as this one.
"""

from typing import Any

from alembic import op

from workflows.store.postgres.migrations.procrastinate_tables import prepare_jobs

revision: str = "p002"
down_revision: str = "p001"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Let procrastinate's own schema and migrations be applied, in the same transaction."""
    connection: Any = op.get_bind().connection.driver_connection
    prepare_jobs(connection)


def downgrade() -> None:
    """Refuse: a version goes back by a backup."""
    raise NotImplementedError

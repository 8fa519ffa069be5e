"""Create the table of the notes that several bots on one database leave for each other. None has to be kept."""

from alembic import op

revision: str = "p003"
down_revision: str = "p002"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Create it without a log: after a crash of the server it is empty, and nothing is missing."""
    op.execute(
        """create unlogged table shared_notes (
            name text collate "C" primary key, doc text not null, kept_until text collate "C" not null
        )"""
    )


def downgrade() -> None:
    """Refuse: a version goes back by a backup."""
    raise NotImplementedError

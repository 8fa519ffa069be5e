"""Apply the steps with the connection that is given; see Alembic, "Sharing a Connection".

A boundary: Alembic runs this file, and nothing imports it.
"""

from alembic import context

from workflows.store.postgres.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()

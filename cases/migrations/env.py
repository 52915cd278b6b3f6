"""EDGE: run migrations inside the transaction that cases.database opened."""

from alembic import context

from cases.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()

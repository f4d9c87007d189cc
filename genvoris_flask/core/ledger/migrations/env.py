"""Runs the ledger's migrations on the connection that ``migrate`` passes to Alembic."""

from alembic import context

from genvoris_flask.core.ledger.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite cannot alter a table in place
)
with context.begin_transaction():
    context.run_migrations()

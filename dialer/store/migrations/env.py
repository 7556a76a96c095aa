"""What Alembic runs: it takes the connection that it is given and the one metadata."""

from alembic import context

from dialer.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    compare_type=True,
    compare_server_default=True,
)

with context.begin_transaction():
    context.run_migrations()

"""What Alembic runs: it takes the connection that it is given and the one metadata."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from dialer.store.schema import JsonText, UtcDateTime, metadata


def _written_type(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """A migration names plain types: it must read the same when the code has moved on."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, JsonText):
        return "sa.Text()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
    render_item=_written_type,
    compare_type=True,
    compare_server_default=True,
)

with context.begin_transaction():
    context.run_migrations()

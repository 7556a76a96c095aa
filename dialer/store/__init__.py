"""The store: units of work, tables, migrations, the outbox."""

from dialer.store.engine import Store
from dialer.store.errors import (
    StoreBusy,
    StoreError,
    StoreInUse,
    StoreUnavailable,
    StoreUncertain,
    StoreUnsupported,
)

__all__ = [
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreInUse",
    "StoreUnavailable",
    "StoreUncertain",
    "StoreUnsupported",
]

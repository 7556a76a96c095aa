"""What may go wrong with the store, said so that a person knows what to do."""

from __future__ import annotations


class StoreError(Exception):
    """Anything that the store refuses or cannot do."""


class StoreUnavailable(StoreError):
    """The store cannot be written now: nothing of this unit of work is stored. `mend` says what helps.

    The store tries again by itself with every next unit; nobody has to restart anything.
    """

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what} — {mend}")
        self.what = what
        self.mend = mend


class StoreBusy(StoreError):
    """More work stands in the queue than can be done in time: this unit was not begun, nothing is stored."""


class StoreUncertain(StoreError):
    """The unit was begun and no answer came in time: it may or may not be stored. Repeat it by its key."""


class StoreInUse(StoreError):
    """Another process holds this store; two writers could destroy it."""


class StoreUnsupported(StoreError):
    """The address names a store that this release does not speak."""


class UnitOfWorkMisused(StoreError):
    """A unit of work did what only the store may do: a mistake in our own code."""

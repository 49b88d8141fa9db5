"""A ledger that is open: its connections, and their end (台账连接)."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from provisioning.store.faults import name_of

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Opened:
    """A context manager: closes its connections at the end. Its repr names the database, never a password."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {name_of(self._engine)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes all connections to the database."""
        self._engine.dispose()

"""How far each file of call records has been read (采集进度)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Row, select

from provisioning.flows.ports import SourceState
from provisioning.store.insertion import insertion
from provisioning.store.tables import call_source

_STATE = ("inode", "offset", "prefix_length", "prefix_sha256", "tail_sha256", "device", "born")
_ALL = ("switch", "path", *_STATE)


def by_path(connection: Connection, switch: str, path: str) -> SourceState | None:
    asked = select(call_source).where(call_source.c.switch == switch, call_source.c.path == path)
    row = connection.execute(asked).first()
    return None if row is None else _state(row)


def of_others(connection: Connection, switch: str) -> tuple[SourceState, ...]:
    asked = select(call_source).where(call_source.c.switch != switch).order_by(call_source.c.path)
    return tuple(_state(row) for row in connection.execute(asked))


def switches(connection: Connection) -> frozenset[str]:
    """The names under which files were read."""
    return frozenset(connection.execute(select(call_source.c.switch).distinct()).scalars())


def is_alone(connection: Connection, switch: str) -> bool:
    """Whether nothing was collected as any other switch's."""
    asked = select(call_source.c.switch).where(call_source.c.switch != switch).limit(1)
    return connection.execute(asked).first() is None


def move(connection: Connection, state: SourceState, *, at: datetime) -> None:
    """Notes how far the file has been read now, in the transaction of the records themselves."""
    row = {name: getattr(state, name) for name in _ALL}
    made = insertion(connection, call_source).values(**row, collected_at=at)
    connection.execute(
        made.on_conflict_do_update(
            index_elements=["switch", "path"],
            set_={name: made.excluded[name] for name in (*_STATE, "collected_at")},
        )
    )


def _state(row: Row[tuple[object, ...]]) -> SourceState:
    return SourceState(**{name: row._mapping[name] for name in _ALL})

"""Many new call records in one go, as their lines were read (批量入库)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.exc import IntegrityError

from provisioning.flows.ports import PlainBatch
from provisioning.store import batches, removal, sources
from provisioning.store.insertion import copying, insert_rows
from provisioning.store.portions import portions
from provisioning.store.records import ROW
from provisioning.store.tables import call_record


def store(connection: Connection, batch: PlainBatch, *, at: datetime) -> bool:
    """Writes the lines, their manifest and the new offset; nothing at all, and False, where one is known.

    In the caller's one transaction. That a key is known is told by the database when it refuses the row; the
    first and the last are asked for before, since what is read again is known from end to end.
    """
    switch, plain = batch.source.switch, batch.plain
    ends = {(plain.uniqueids[place], plain.sequences[place]) for place in (0, -1)}
    if any(_is_known(connection, switch, *key) for key in ends):
        return False
    if _may_be_removed(connection, batch):
        return False
    if not sources.is_alone(connection, switch) and _elsewhere(connection, switch, plain.uniqueids):
        return False
    try:
        with connection.begin_nested():
            lines = batches.Lines(len(plain.starts), plain.total)
            number = batches.note(
                connection,
                batch.source,
                batch.kind,
                batch.manifest,
                lines,
                earliest=min(plain.starts),
                at=at,
            )
            _insert(connection, batch, number)
    except IntegrityError:
        return False
    sources.move(connection, batch.source, at=at)
    return True


def _is_known(connection: Connection, switch: str, uniqueid: str, sequence: int) -> bool:
    asked = select(call_record.c.id).where(
        call_record.c.uniqueid == uniqueid,
        call_record.c.sequence == sequence,
        call_record.c.switch == switch,
    )
    return connection.execute(asked).first() is not None


def _may_be_removed(connection: Connection, batch: PlainBatch) -> bool:
    """Whether a line tells a call so old that its record may have been removed when its time was over."""
    latest = removal.until(connection, batch.source.switch)
    return latest is not None and min(batch.plain.starts) <= latest


def _elsewhere(connection: Connection, switch: str, uniqueids: Sequence[str]) -> bool:
    """Whether another switch's call has one of these names."""
    asked = select(
        exists().where(
            call_record.c.uniqueid.in_(bindparam("some", expanding=True)), call_record.c.switch != switch
        )
    )
    return any(connection.execute(asked, {"some": some}).scalar() for some in portions(uniqueids))


def _insert(connection: Connection, batch: PlainBatch, number: int) -> None:
    plain = batch.plain
    if connection.dialect.name == "sqlite":
        rows = zip(
            repeat(batch.source.switch),
            repeat(number),
            plain.uniqueids,
            plain.sequences,
            plain.starts,
            batch.lines,
            repeat(batch.kind),
            repeat(False),
        )
        insert_rows(connection, call_record, ROW, rows)
        return
    with copying(connection, f"COPY call_record ({', '.join(ROW)}) FROM STDIN") as copy:
        for first in range(0, len(batch.lines), _AT_ONCE):
            copy.write(_copied(batch, number, slice(first, first + _AT_ONCE), utf8=_is_utf8(connection)))


_AT_ONCE = 2000


def _copied(batch: PlainBatch, number: int, some: slice, *, utf8: bool) -> bytes:
    """Rows in COPY's text. A line that is text goes as it is, but for what COPY and bytea read otherwise;
    anything else goes as hexadecimal digits, which are twice as many bytes."""
    plain = batch.plain
    head = f"{_escaped(batch.source.switch)}\t{number}\t".encode()
    end = f"\t{batch.kind}\tf\n".encode()
    parts: list[bytes] = []
    for uniqueid, sequence, start, raw in zip(
        plain.uniqueids[some], plain.sequences[some], plain.starts[some], batch.lines[some], strict=True
    ):
        if raw.isascii() or (utf8 and _is_text(raw)):
            line = raw.replace(b"\\", rb"\\\\").replace(b"\t", rb"\t").replace(b"\r", rb"\r")
        else:
            line = rb"\\x" + raw.hex().encode()
        parts.append(b"%b%b\t%d\t%d\t%b%b" % (head, uniqueid.encode(), sequence, start, line, end))
    return b"".join(parts)


def _is_utf8(connection: Connection) -> bool:
    """Whether text goes to the server, and lies there, in UTF-8: then its bytes stay the same."""
    info = connection.connection.driver_connection.info  # type: ignore[union-attr]
    return all(info.parameter_status(f"{end}_encoding") == "UTF8" for end in ("client", "server"))


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _escaped(text: str) -> str:
    for character, written in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(character, written)
    return text

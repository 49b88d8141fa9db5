"""Many new call records in one go, as their lines were read (批量入库)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, exists, select
from sqlalchemy.exc import IntegrityError

from provisioning.flows.ports import PlainBatch
from provisioning.store import batches, plain_known, removal, sources
from provisioning.store.insertion import copying, insert_alike
from provisioning.store.portions import portions
from provisioning.store.records import ROW
from provisioning.store.tables import call_record


def store(connection: Connection, batch: PlainBatch, *, at: datetime) -> Mapping[str, int] | None:
    """Writes the lines, their manifest and the new offset; nothing at all, and None, where one is known
    otherwise or may be another switch's. Tells how many were what, by flows.admit_records.Verdict.

    In the caller's one transaction. That a key is known is told by the database when it refuses the row; the
    first and the last are asked for before, since what is read again is known from end to end.
    """
    switch, plain = batch.source.switch, batch.plain
    ends = {(plain.uniqueids[place], plain.sequences[place]) for place in (0, -1)}
    if any(_is_known(connection, switch, *key) for key in ends):
        return _store_known(connection, batch, at=at)
    if _may_be_others(connection, batch):
        return None
    try:
        with connection.begin_nested():
            told = _write(connection, batch, batch, {"new": len(plain.starts)}, at=at)
    except IntegrityError:
        return _store_known(connection, batch, at=at)
    sources.move(connection, batch.source, at=at)
    return told


def _store_known(connection: Connection, batch: PlainBatch, *, at: datetime) -> Mapping[str, int] | None:
    """The same where some of the lines, or all, are known: those have to say plainly what the ledger says.
    One that brings microseconds for whole seconds is left to who looks carefully."""
    known = plain_known.known(connection, batch)
    seen = plain_known.seen(batch, known)
    if seen is None:
        return None
    new = plain_known.without(batch, known)
    if new.lines and _may_be_others(connection, new):
        return None
    witnessed = sum(map(len, seen.values()))
    told = {"new": len(new.lines), "replay": len(known) - witnessed, "witnessed": witnessed}
    told = {verdict: count for verdict, count in told.items() if count}
    _write(connection, batch, new, told, at=at)
    plain_known.see(connection, seen, batch.kind)
    sources.move(connection, batch.source, at=at)
    return told


def _write(
    connection: Connection, batch: PlainBatch, new: PlainBatch, told: Mapping[str, int], *, at: datetime
) -> Mapping[str, int]:
    """The manifest of a batch, and those of its lines that are new."""
    if new is batch:
        lines = batches.Lines(len(batch.lines), batch.plain.total)
    else:
        lines = batches.lines_of(new.lines)
    number = batches.note(
        connection,
        batch.source,
        batch.kind,
        replace(batch.manifest, counts=told),
        lines,
        earliest=min(new.plain.starts, default=None),
        at=at,
    )
    _insert(connection, new, number)
    return told


def _is_known(connection: Connection, switch: str, uniqueid: str, sequence: int) -> bool:
    asked = select(call_record.c.id).where(
        call_record.c.uniqueid == uniqueid,
        call_record.c.sequence == sequence,
        call_record.c.switch == switch,
    )
    return connection.execute(asked).first() is not None


def _may_be_others(connection: Connection, batch: PlainBatch) -> bool:
    """Whether new calls may be such as are not new: another switch's call has one of their names, or one is
    so old that its record may have been removed when its time was over."""
    switch = batch.source.switch
    latest = removal.until(connection, switch)
    if latest is not None and min(batch.plain.starts) <= latest:
        return True
    if sources.is_alone(connection, switch):
        return False
    asked = select(
        exists().where(
            call_record.c.uniqueid.in_(bindparam("some", expanding=True)), call_record.c.switch != switch
        )
    )
    return any(connection.execute(asked, {"some": some}).scalar() for some in portions(batch.plain.uniqueids))


def _insert(connection: Connection, batch: PlainBatch, number: int) -> None:
    plain = batch.plain
    if connection.dialect.name == "sqlite":
        same: dict[str, str | int] = {
            "switch": batch.source.switch,
            "batch": number,
            "seen": batch.kind,
            "settled": 0,
        }
        rows = list(zip(plain.uniqueids, plain.sequences, plain.starts, batch.lines, strict=True))
        insert_alike(connection, call_record, same, ("uniqueid", "sequence", "start", "raw"), rows)
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

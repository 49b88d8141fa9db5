"""The columns of a foreign table of call records: which there are, and what they can hold (话单表字段)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Float, Integer, String

from pbx.cdr import FIELDS, TIMES
from provisioning.flows.collect_table import TableRefused
from provisioning.flows.table_source import TableSource

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {"start": ("calldate",)}
"""What else the columns of fields are called, by Asterisk itself."""
LENGTHS: Mapping[str, int] = {"uniqueid": 149, "linkedid": 149, "userfield": 255}
"""How many characters a text has at most; all others 79 (channel.h, cdr.h)."""
_NUMBERS = ("duration", "billsec", "sequence")
_TEXTS = tuple(name for name in FIELDS if name not in (*TIMES, *_NUMBERS, "disposition", "amaflags"))
_TYPES = {
    **dict.fromkeys(TIMES, "double precision"),
    **dict.fromkeys(_NUMBERS, "bigint"),
}


def chosen_columns(source: TableSource, held: Mapping[str, Any]) -> dict[str, Any]:
    """Of each field its column; TableRefused with all that are missing, and how to have them."""
    chosen: dict[str, Any] = {}
    for name in FIELDS:
        said = source.columns.get(name)
        names = (said,) if said else (name, *OTHER_NAMES.get(name, ()))
        if column := next((held[one.lower()] for one in names if one.lower() in held), None):
            chosen[name] = column
    missing = [name for name in FIELDS if name not in chosen]
    if not missing:
        return chosen
    said = f"{source.name}: without {', '.join(missing)} its records cannot be billed"
    if source.file is not None:
        raise TableRefused(
            f"{said}; add them to columns and fields in cdr_sqlite3_custom.conf, as docker/README.md shows, "
            "and move the file away: a new one is made"
        )
    added = ", ".join(f'ADD COLUMN "{name}" {_TYPES.get(name, "text")}' for name in missing)
    table = f"{source.schema}.{source.table}" if source.schema else source.table
    raise TableRefused(
        f"{said}; ALTER TABLE {table} {added}, then reload cdr_pgsql.so or cdr_adaptive_odbc.so; or write &"
        f"{missing[0]}=NAME behind this source where the column has another name"
    )


def looked_at(source: TableSource, chosen: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What keeps the columns from holding what has to stand in them, and what is only to be told."""
    wrong: list[str] = []
    short: list[str] = []
    for name, column in chosen.items():
        kind = column["type"]
        if name in _TEXTS:
            length = getattr(kind, "length", None)
            if isinstance(kind, Integer | Float):
                wrong.append(f"{name} is {kind}: a number loses its leading zeros; make it text")
            elif isinstance(kind, String) and length is not None and length < LENGTHS.get(name, 79):
                short.append(name)
        elif name in TIMES and source.file is None and str(kind).upper() in ("REAL", "FLOAT(24)", "SMALLINT"):
            wrong.append(f"{name} is {kind}, which holds no time: make it double precision")
    notes = []
    if short:
        notes.append(
            f"{', '.join(short)}: shorter than what Asterisk may write: cdr_pgsql loses such a record, "
            "cdr_adaptive_odbc cuts it; make them text"
        )
    return wrong, notes

"""A table of call records as people write it: postgresql://user@host/database?table=cdr (话单表来源).

| after the ? | means |
| --- | --- |
| table | the table; `cdr` where it is not said |
| schema | PostgreSQL only: the schema it lies in |
| times | the zone of times without one: `gmt`, or a name like `Asia/Shanghai` |
| encoding=latin9 | cdr_pgsql wrote it with no `encoding` in cdr_pgsql.conf: texts are made whole again |
| password_file | PostgreSQL only: the file that holds the password, as an absolute path |
| sslmode, sslrootcert | PostgreSQL only: as libpq means them; `verify-full` and a file |
| start, answer, ... | another name of that column, as an alias in cdr_adaptive_odbc.conf makes it |
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pbx.cdr import FIELDS
from provisioning.flows.source_text import SourceUrl, SourceWrong, parse, shown

SCHEMES = frozenset(("postgresql", "sqlite"))
_BOTH = ("table", "times", "encoding", *FIELDS)
_POSTGRESQL = ("schema", "password_file", "sslmode", "sslrootcert")
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """Where a table of call records is, and how to read it. `file` is SQLite's, else there is a server.

    `columns` are names that are not those of the fields. `times` is "" where nobody said it.
    """

    table: str = "cdr"
    schema: str | None = None
    file: str | None = None
    host: str = ""
    port: int | None = None
    database: str = ""
    user: str | None = None
    times: str = ""
    through_latin9: bool = False
    password_file: str | None = None
    sslmode: str | None = None
    sslrootcert: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """By this the ledger knows it: what is read, without how."""
        table = f"{self.schema}.{self.table}" if self.schema else self.table
        if self.file is not None:
            return f"sqlite://{self.file}?table={table}"
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"postgresql://{user}{host}{port}/{self.database}?table={table}"


def table_source(text: str) -> TableSource:
    """What the URL of a table means. SourceWrong says all that is wrong with it, and never a password."""
    url = parse(text)
    wrong = list(_wrong(url))
    if wrong:
        raise SourceWrong(f"{shown(text).partition('?')[0]}: {'; '.join(wrong)}")
    said = url.query
    here = url.scheme == "sqlite"
    return TableSource(
        table=said.get("table", "cdr"),
        schema=said.get("schema"),
        file="/" + url.path.lstrip("/") if here else None,
        host=url.host,
        port=url.port,
        database=url.path[1:],
        user=url.user,
        times=said.get("times", ""),
        through_latin9="encoding" in said,
        password_file=said.get("password_file"),
        sslmode=said.get("sslmode"),
        sslrootcert=said.get("sslrootcert"),
        columns={name: said[name] for name in FIELDS if name in said},
    )


def _wrong(url: SourceUrl) -> Iterator[str]:
    """All that is wrong with a URL, each with what to write."""
    known = _BOTH if url.scheme == "sqlite" else (*_BOTH, *_POSTGRESQL)
    for key in url.query:
        if key == "password":
            yield "a password does not belong there: name a password_file, or use ~/.pgpass"
        elif key not in known:
            near = difflib.get_close_matches(key, known, 1)
            yield f"{key}= is unknown" + (f"; {near[0]}= is meant?" if near else "")
        elif not url.query[key] or not url.query[key].isprintable():
            yield f"{key}= says nothing"
    if url.scheme == "sqlite":
        if url.host or len(url.path.strip("/")) == 0:
            yield "write sqlite:///var/log/asterisk/master.db?table=cdr, with the whole path"
    elif not url.host or not url.path[1:] or "/" in url.path[1:]:
        yield "write postgresql://user@host/database?table=cdr"
    if url.query.get("encoding", "latin9").lower() not in ("latin9", "latin-9"):
        yield "encoding= can be latin9 only: all else the database tells by itself"
    if url.query.get("sslmode", "prefer") not in _SSL_MODES:
        yield f"sslmode= is one of {', '.join(_SSL_MODES)}"
    for key in ("password_file", "sslrootcert"):
        if not url.query.get(key, "/").startswith("/"):
            yield f"{key}= needs the whole path"

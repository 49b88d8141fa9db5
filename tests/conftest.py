"""Databases for the tests: a SQLite file and a real PostgreSQL on loopback, each fresh for each test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from . import ssh_server

if TYPE_CHECKING:
    from provisioning.store.ledger import SqlLedger

    from .ssh_server import SshServer

# No law is about how long a machine takes. The same examples are tried each time and everywhere, so that what
# is red is new; SEATLINE_NEW_EXAMPLES=1 looks for others.
settings.register_profile(
    "seatline",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="SEATLINE_NEW_EXAMPLES" not in os.environ,
)
settings.load_profile("seatline")

_MISSING = "the store's tests need PostgreSQL's initdb and pg_ctl: install the package postgresql"


class Postgres:
    """A PostgreSQL server of the test run's own, without durability, that trusts whoever is on loopback."""

    def __init__(self, folder: Path, *, keeps: bool = False) -> None:
        """With `keeps` what was committed outlives the death of the server, though not a power cut."""
        self._folder = folder
        self._commits = "on" if keeps else "off"
        self._data = folder / "data"
        self._names = count(1)
        self.port = 0

    def start(self, port: int) -> None:
        self.port = port
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync",
                  "-E", "UTF8", "--locale=C")  # fmt: skip
        self.again()

    def again(self) -> None:
        """Starts it, also after it was stopped: at its port, with what it holds."""
        settings = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off -c full_page_writes=off "
            f"-c synchronous_commit={self._commits} -c unix_socket_directories="
        )
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", "600", "-l", log, "-o", settings, "start")

    @contextmanager
    def replica(self) -> Iterator[Postgres]:
        """Another server that follows this one and only reads, until `promote`."""
        folder = self._folder / f"replica-{next(self._names)}"
        folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        with _port() as port:
            follower = Postgres(folder, keeps=True)
            follower.port = port
            source = f"host=127.0.0.1 port={self.port} user=postgres"
            follower._run(
                "pg_basebackup", "-d", source, "-D", str(follower._data), "-R", "--no-sync", "-c", "fast"
            )
            follower.again()
            try:
                yield follower
            finally:
                follower.stop()

    def promote(self) -> None:
        """The replica becomes a server that writes."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", "600", "promote")

    @property
    def is_running(self) -> bool:
        return (self._data / "postmaster.pid").exists()

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def fresh(self, *, template: str = "template0") -> str:
        """The URL of a new database, a copy of the template."""
        name = f"ledger_{next(self._names)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def sql(self, statement: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [_program(program), *arguments]
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            command = ["runuser", "-u", "postgres", "--", *command]
        with (self._folder / "talk").open("ab") as talk:
            subprocess.run(
                command, check=True, stdin=subprocess.DEVNULL, stdout=talk, stderr=talk, cwd=self._folder
            )


def _program(name: str) -> str:
    """PostgreSQL's program of that name, where Debian puts it or on PATH; the newest version's."""
    versions = sorted(Path("/usr/lib/postgresql").glob("[0-9]*"), key=lambda path: int(path.name))
    for version in reversed(versions):
        if (version / "bin" / name).exists():
            return str(version / "bin" / name)
    found = shutil.which(name)
    if found is None:
        pytest.fail(_MISSING, pytrace=False)
    return found


@contextmanager
def _port() -> Iterator[int]:
    """A loopback port for a server that is still to be started; nobody else is given it meanwhile.

    A socket that is bound and does not listen keeps it: Linux lets another that asks for this very port
    listen on it, as both say SO_REUSEADDR, and gives it to nobody who takes any.
    """
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


@pytest.fixture
def reserved_port() -> Iterator[int]:
    """A loopback port that is kept for the server that the test starts."""
    with _port() as port:
        yield port


@contextmanager
def own_postgres(*, keeps: bool = False) -> Iterator[Postgres]:
    """Debian's PostgreSQL, started on a free loopback port, stopped at the end."""
    temporary = tempfile.TemporaryDirectory(prefix="seatline-pg-", ignore_cleanup_errors=True)
    with temporary as name, _port() as port:
        folder = Path(name)
        if os.geteuid() == 0:
            try:
                shutil.chown(folder, "postgres", "postgres")
            except LookupError:
                pytest.fail(_MISSING, pytrace=False)
        server = Postgres(folder, keeps=keeps)
        server.start(port)
        try:
            yield server
        finally:
            if server.is_running:
                server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the whole test run."""
    with own_postgres() as server:
        yield server


class SqliteFiles:
    """New SQLite databases in a folder of the test run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = count(1)

    def empty(self) -> str:
        return f"sqlite:///{self._folder / f'ledger-{next(self._names)}.db'}"

    def renewed(self, template: str) -> str:
        made = self.empty()
        shutil.copy(template.removeprefix("sqlite:///"), made.removeprefix("sqlite:///"))
        return made


class PostgresDatabases:
    """New databases of the test run's PostgreSQL; making one takes a third of a second, so one is reused."""

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def empty(self) -> str:
        return self._server.fresh()

    def renewed(self, template: str) -> str:
        import provisioning.store.tables_nights
        import provisioning.store.tables_witness  # noqa: F401 - its tables are the ledger's too
        from provisioning.store.revision import HEAD
        from provisioning.store.tables import metadata

        database = template.rpartition("/")[2]
        self._server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid();"
            "SET session_replication_role = replica;"  # no triggers: they forbid to empty the audit
            + "".join(f'DELETE FROM "{table}";' for table in metadata.tables)
            + f"UPDATE alembic_version SET version_num = '{HEAD}'",
            database,
        )
        return template


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> SqliteFiles | PostgresDatabases:
    """Both kinds of database, one after the other; `empty` makes a new one, `renewed` a ledger."""
    if request.param == "sqlite":
        return SqliteFiles(tmp_path_factory.mktemp("ledgers"))
    return PostgresDatabases(request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
def new_ledger_url(databases: SqliteFiles | PostgresDatabases) -> Callable[[], str]:
    """Makes the URL of a fresh ledger with its tables; on PostgreSQL the former one is emptied for it."""
    from provisioning.store.upgrade import upgrade

    template = databases.empty()
    upgrade(template)
    return lambda: databases.renewed(template)


@pytest.fixture
def ledger_url(databases: SqliteFiles | PostgresDatabases) -> str:
    """A fresh, empty database: each test that asks for it runs on SQLite and on PostgreSQL."""
    return databases.empty()


@pytest.fixture
def full_ledger_url(new_ledger_url: Callable[[], str]) -> str:
    """A fresh ledger with its tables, not opened: on SQLite and on PostgreSQL."""
    return new_ledger_url()


@pytest.fixture
def ledger(full_ledger_url: str) -> Iterator[SqlLedger]:
    """A fresh ledger, opened: each test that asks for it runs on SQLite and on PostgreSQL."""
    from provisioning.store.ledger import open_ledger

    with open_ledger(full_ledger_url, create=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def _one_ssh_server() -> Iterator[SshServer]:
    with _port() as port, ssh_server.running(port) as server:
        yield server


@pytest.fixture
def ssh_machine(_one_ssh_server: SshServer) -> Iterator[SshServer]:
    """A machine with an SFTP server that runs and shows its usual host key; its folder is empty."""
    for entry in _one_ssh_server.home.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    yield _one_ssh_server
    _one_ssh_server.stop()
    _one_ssh_server.start()

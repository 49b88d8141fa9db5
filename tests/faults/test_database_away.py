"""PostgreSQL away, dying, failing over, read-only, and a commit of which nobody knows whether it was made."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.store.ledger import open_ledger
from provisioning.store.upgrade import upgrade
from tests.conftest import Postgres, own_postgres
from tests.faults.commit_proxy import CommitProxy
from tests.faults.work import Work

LATER = 75
MANY = 60_000
"""So many records that collecting is still at it when the first of them are stored."""


@pytest.fixture(scope="module")
def only_server() -> Iterator[Postgres]:
    with own_postgres(keeps=True) as started:
        yield started


@pytest.fixture
def server(only_server: Postgres) -> Postgres:
    """A server that runs, whatever the test before did to it."""
    if not only_server.is_running:
        only_server.again()
    return only_server


def begun(work: Work) -> subprocess.Popen[str]:
    """A collecting that has stored some of the records, and not yet all."""
    command = work.begin("collect", "--json")
    with open_ledger(work.url, create=False) as ledger:
        while True:
            state = ledger.source("pbx", str(work.file))
            if state is not None and state.offset:
                assert state.offset < work.file.stat().st_size, "the file is too small for this test"
                return command
            assert command.poll() is None, command.communicate()


def test_away_at_the_start(server: Postgres, tmp_path: Path) -> None:
    """With PostgreSQL stopped collecting ends with 75 and one sentence, and the next run collects all."""
    work = Work(tmp_path / "work", server.fresh(), records=300)
    upgrade(work.url)
    server.stop()
    code, out, said = work.run("collect")
    assert (code, out) == (LATER, "")
    assert "Traceback" not in said
    server.again()
    assert work.collect()["new"] == 300
    work.assert_exactly_once()


def test_dying_in_the_middle(server: Postgres, tmp_path: Path) -> None:
    """PostgreSQL stopped at once in the middle of collecting: 75, and the next run goes on where it stood."""
    work = Work(tmp_path / "work", server.fresh(), records=MANY)
    upgrade(work.url)
    command = begun(work)
    server.stop()
    _, said = command.communicate(timeout=300)
    assert command.returncode == LATER, said
    assert "Traceback" not in said
    server.again()
    assert 0 < work.collect()["new"] < MANY
    work.assert_exactly_once()


def test_failing_over(server: Postgres, tmp_path: Path) -> None:
    """The server dies in the middle and its replica is promoted: the next run brings there what it lacks."""
    work = Work(tmp_path / "work", server.fresh(), records=MANY)
    upgrade(work.url)
    with server.replica() as replica:
        database = work.url.rpartition("/")[2]
        both = f"127.0.0.1:{server.port},127.0.0.1:{replica.port}"
        command = begun(work)
        server.stop()
        _, said = command.communicate(timeout=300)
        assert command.returncode == LATER, said
        # A replica only reads: that is no error of ours, and nothing is changed there.
        work.url = replica.url(database)
        code, _, said = work.run("collect")
        assert code == LATER, said
        assert "Traceback" not in said
        replica.promote()
        work.url = (
            f"postgresql+psycopg://postgres@/{database}?host={both}&target_session_attrs=read-write".replace(
                f"host={both}", "host=127.0.0.1,127.0.0.1&port=" + f"{server.port},{replica.port}"
            )
        )
        assert work.collect()["new"] > 0
        work.url = replica.url(database)
        work.assert_exactly_once()


def test_read_only(server: Postgres, tmp_path: Path) -> None:
    """A database that only reads is met with 75; when it writes again, the next run collects all."""
    work = Work(tmp_path / "work", server.fresh(), records=300)
    upgrade(work.url)
    database = work.url.rpartition("/")[2]
    server.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    code, _, said = work.run("collect")
    assert code == LATER, said
    assert "Traceback" not in said
    server.sql(f"ALTER DATABASE {database} RESET default_transaction_read_only")
    assert work.collect()["new"] == 300
    work.assert_exactly_once()


@pytest.mark.parametrize("made", [True, False], ids=["made", "not made"])
def test_unknown_commit(server: Postgres, tmp_path: Path, made: bool) -> None:
    """The line is cut at a commit, made or not: 75, and either way the next run leaves each record once."""
    direct = server.fresh()
    work = Work(tmp_path / "work", direct, records=300)
    upgrade(direct)
    with CommitProxy(server.port, passes_on=made) as proxy:
        work.url = direct.replace(f":{server.port}/", f":{proxy.port}/")
        code, _, said = work.run("collect")
        assert code == LATER, said
        assert "Traceback" not in said
        assert proxy.cut
    work.url = direct
    assert work.collect()["new"] == (0 if made else 300)
    work.assert_exactly_once()


def test_sessions_ended_by_the_administrator(server: Postgres, tmp_path: Path) -> None:
    """Sessions ended in the middle by pg_terminate_backend: 75 or done, and each record is there once."""
    work = Work(tmp_path / "work", server.fresh(), records=MANY)
    upgrade(work.url)
    command = begun(work)
    database = work.url.rpartition("/")[2]
    server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{database}' AND pid <> pg_backend_pid()"
    )
    _, said = command.communicate(timeout=300)
    assert command.returncode in (0, LATER), said  # 0 where it was between two transactions
    work.collect()
    work.assert_exactly_once()

"""A ledger in SQLite that is locked, on a full disk, damaged or without its log; two runs at once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.work import Work

LATER = 75
HELD = 6


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A disk of that size in memory."""
    if os.geteuid() != 0:
        pytest.fail("only root can mount a small disk: run this test as root", pytrace=False)
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def sqlite_work(tmp_path: Path, records: int, *, ledger: Path | None = None) -> Work:
    file = (ledger or tmp_path) / "ledger.db"
    work = Work(tmp_path / "work", f"sqlite:///{file}", records=records)
    assert work.run("db", "upgrade")[0] == 0
    return work


def test_disk_full_under_the_ledger(tmp_path: Path) -> None:
    """On a full disk collecting ends with one sentence, what is stored stays; with room it goes on."""
    with small_disk(tmp_path / "disk", "6m") as disk:
        work = sqlite_work(tmp_path, 12_000, ledger=disk)
        code, _, said = work.run("collect")
        assert code in (1, LATER), said
        assert "Traceback" not in said
        assert "full" in said
        code, out, said = work.run("db", "verify")
        assert code == 0, out + said
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert work.collect()["new"] > 0
        work.assert_exactly_once()


def test_locked_by_somebody(tmp_path: Path) -> None:
    """While another program locks the ledger collecting gives up with 75; afterwards it collects all."""
    work = sqlite_work(tmp_path, 50)
    holder = sqlite3.connect(work.url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    code, _, said = work.run("collect")
    assert code == LATER, said
    assert "Traceback" not in said
    holder.execute("ROLLBACK")
    holder.close()
    assert work.collect()["new"] == 50
    work.assert_exactly_once()


@pytest.mark.parametrize("damage", [b"13800138001", b"\xa5" * 4096], ids=["a digit", "a page"])
def test_damaged(tmp_path: Path, damage: bytes) -> None:
    """Damage is told by `db verify`; restored from a backup, the next run collects what the ledger lacks."""
    work = sqlite_work(tmp_path, 2000)
    work.collect()
    backup = tmp_path / "backup.db"
    assert work.run("db", "backup", str(backup))[0] == 0
    work.grow(500)
    work.collect()
    file = Path(work.url.removeprefix("sqlite:///"))
    bytes_ = bytearray(file.read_bytes())
    place = bytes_.index(b"13800138000", len(bytes_) // 2)
    bytes_[place : place + len(damage)] = damage
    file.write_bytes(bytes_)
    code, out, said = work.run("db", "verify")
    assert code == 1, out + said
    assert "Traceback" not in said
    file.write_bytes(backup.read_bytes())
    assert work.collect()["new"] == 500
    work.assert_exactly_once()


def test_restored_from_a_backup(tmp_path: Path) -> None:
    """A ledger restored from an older backup collects again what came since, once."""
    work = sqlite_work(tmp_path, 300)
    work.collect()
    backup = tmp_path / "backup.db"
    assert work.run("db", "backup", str(backup))[0] == 0
    work.grow(40)
    assert work.collect()["new"] == 40
    Path(work.url.removeprefix("sqlite:///")).write_bytes(backup.read_bytes())
    assert work.collect()["new"] == 40
    work.assert_exactly_once()


def test_two_runs_at_once(tmp_path: Path) -> None:
    """Of collectors started at once one works, the others meet its lock; all is collected once."""
    work = sqlite_work(tmp_path, 5000)
    commands = [work.begin("collect", "--json") for _ in range(4)]
    said = [command.communicate(timeout=300)[1] for command in commands]
    codes = [command.returncode for command in commands]
    assert set(codes) <= {0, HELD}, said
    assert 0 in codes
    work.assert_exactly_once()

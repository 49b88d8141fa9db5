"""Backups that can be trusted, and a ledger that is checked line by line."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from provisioning.core.cycle import Cycle
from provisioning.flows.errors import FlowError, LedgerUnavailable
from provisioning.flows.ports import StoredBill
from provisioning.store import backup as backups
from provisioning.store.backup import backup
from provisioning.store.engine import PAGE
from provisioning.store.ledger import open_ledger
from provisioning.store.verify import verify

CYCLE = Cycle(2025, 7)


@pytest.fixture
def url(full_ledger_url: str, sample: SimpleNamespace, add: Callable[..., Any]) -> str:
    """A ledger with a contract, two records, and a closed bill of one of them."""
    with open_ledger(full_ledger_url, create=False) as ledger:
        add(ledger, (sample.contract(), date(2025, 7, 1)))
        ledger.device_secrets("zhaotong", ["iad-1"], new_secret=sample.secrets_maker(), at=sample.now)
        ledger.store(sample.batch(sample.record(1), sample.record(2)), at=sample.now)
        (first, one), (second, other) = ledger.to_rate(again=False)
        ledger.save_rated([(first, one, sample.verdict()), (second, other, sample.verdict())])
        document = {
            "recurring": [{"amount": "8156.00"}],
            "once": [],
            "calls": [{"calls": 1, "amount": "0.12"}],
            "messages": {"parts": 0, "amount": "0.00"},
            "adjustments": [{"cycle": "2025-06", "amount": "-0.06"}],
            "late_fee": "0.00",
            "payers": [],
            "amount": "8156.06",
        }
        bill = StoredBill(contract="zhaotong-2025", cycle=CYCLE, document=document, closed_at=sample.now)
        ledger.close_bill(bill, calls=[first], amount=Decimal("0.12"), who=sample.who)
    return full_ledger_url


def spoil(url: str, *statements: str) -> None:
    """Changes the ledger as a hand with a database client can, past all its guards."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                for name in ("bill_no_update", "audit_no_delete"):
                    connection.execute(text(f"DROP TRIGGER {name}"))
            else:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


def test_a_good_ledger_has_no_findings(url: str) -> None:
    """Nothing is found in a ledger that nobody has tampered with."""
    assert verify(url) == []


@pytest.mark.parametrize(
    ("statement", "code", "told"),
    [
        ("UPDATE call_record SET raw = '' WHERE sequence = 2", "record-changed", "not the one that was read"),
        ("UPDATE device_secret SET token = 'guess'", "token-wrong", "iad-1 of site zhaotong"),
        ("UPDATE rated_call SET amount = '9.99'", "bill-wrong", "1 calls for 0.12, now 1 calls for 9.99"),
        ("UPDATE rated_call SET bill = NULL", "bill-wrong", "now 0 calls"),
        ('UPDATE bill SET document = \'{"amount": "1.00"}\'', "bill-wrong", "not the document"),
        ('UPDATE bill SET document = \'{"amount": "1.00"}\'', "bill-wrong", "add up to 0, its amount says"),
        ("UPDATE bill SET document = '{}'", "bill-wrong", "cannot be added up|no amounts"),
        (
            "INSERT INTO seat_period (contract, long_number, extra, site, since, searched)"
            " VALUES ('zhaotong-2025', '08702120001', '{}', 'zhaotong', '2025-12-31', '')",
            "numbers-overlap",
            "08702120001 belongs to",
        ),
        (
            "INSERT INTO site (name, contract, area_code, since)"
            " VALUES ('zhaotong', 'zhaotong-2025', '0870', '2025-08-01')",
            "numbers-overlap",
            "zhaotong belongs to",
        ),
        (
            "INSERT INTO contract VALUES ('other-2025', '2025-07-01T00:00:00.000000+00:00');"
            "INSERT INTO seat_period (contract, long_number, second_number, extra, site, since, searched)"
            " VALUES ('other-2025', '08702990001', '08702120001', '{}', 'other', '2025-08-01', '')",
            "numbers-overlap",
            r"08702120001 belongs to zhaotong-2025 and other-2025 \(second number of 08702990001\)",
        ),
        (
            "INSERT INTO dispute (id, contract, cycle, why, opened_at, opened_by, calls, amount, credit,"
            " bill) SELECT 7, contract, cycle, '', closed_at, '', 0, '1.00', '1.00', id FROM bill",
            "credit-wrong",
            "dispute 7: a credit of 1.00 on bill zhaotong-2025 2025-07 is noted, no credit is given",
        ),
        ("DELETE FROM call_record WHERE sequence = 2", "verdict-dangling", "not there"),
        ("UPDATE alembic_version SET version_num = '0000'", "outdated", "older"),
    ],
)
def test_tampering_is_found(url: str, statement: str, code: str, told: str) -> None:
    """Each way of changing the books by hand is found and named."""
    import re

    spoil(url, *statement.split(";"))
    found = [finding for finding in verify(url) if finding.code == code]
    assert any(re.search(told, finding.message) for finding in found), found


def test_many_findings_are_counted(url: str, sample: SimpleNamespace) -> None:
    """Of many findings of one kind the first are told, and how many there are besides."""
    with open_ledger(url) as ledger:
        ledger.store(sample.batch(*(sample.record(n) for n in range(100, 200))), at=sample.now)
    spoil(url, "UPDATE call_record SET raw = '' WHERE sequence >= 100")
    found = verify(url)
    assert len(found) == 21
    assert found[-1].message == "and 80 more of this kind"


def test_a_damaged_page_is_found(tmp_path: Path, sample: SimpleNamespace) -> None:
    """Bytes flipped on the disk are found, and told without a traceback."""
    file = tmp_path / "ledger.db"
    with open_ledger(f"sqlite:///{file}") as ledger:
        ledger.store(sample.batch(*(sample.record(n) for n in range(500))), at=sample.now)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2 // PAGE * PAGE
    content[middle : middle + PAGE] = b"\xa5" * PAGE
    file.write_bytes(content)
    found = verify(f"sqlite:///{file}")
    assert {"damaged"} <= {finding.code for finding in found}


def test_a_backup_is_the_whole_ledger(url: str, tmp_path: Path, postgres: Any) -> None:
    """A backup restores to an equal ledger, is private, and is never written over another."""
    target = tmp_path / "backup"
    assert backup(url, target) == target
    assert target.stat().st_mode & 0o777 == 0o600
    if url.startswith("sqlite"):
        restored = f"sqlite:///{target}"
    else:
        restored = postgres.fresh()
        database = restored.rpartition("/")[2]
        subprocess.run(
            ["pg_restore", "--no-owner", f"--dbname=host=127.0.0.1 port={postgres.port} user=postgres "
             f"dbname={database}", str(target)],
            check=True,
        )  # fmt: skip
    assert verify(restored) == []
    with open_ledger(url) as ledger, open_ledger(restored, create=False) as other:
        assert ledger.versions() == other.versions()
        assert dict(ledger.secrets("zhaotong")) == dict(other.secrets("zhaotong"))
        assert list(ledger.to_rate(again=True)) == list(other.to_rate(again=True))
        assert ledger.bill("zhaotong-2025", CYCLE) == other.bill("zhaotong-2025", CYCLE)
    with pytest.raises(FlowError, match="exists already"):
        backup(url, target)
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_a_backup_while_somebody_writes(url: str, tmp_path: Path, sample: SimpleNamespace) -> None:
    """A backup does not wait for a writer and holds only what was committed."""
    with open_ledger(url) as ledger:

        def meanwhile() -> Any:
            ((number, record),) = list(ledger.to_rate(again=True))
            yield number, record, sample.verdict(reason="not committed yet")
            backup(url, tmp_path / "backup")

        ledger.save_rated(meanwhile())
    assert (tmp_path / "backup").stat().st_size > 0
    if url.startswith("sqlite"):
        copy = sqlite3.connect(tmp_path / "backup")
        found = copy.execute("SELECT count(*) FROM rated_call WHERE reason = 'not committed yet'").fetchone()
        copy.close()
        assert found == (0,)


def test_a_backup_nowhere(url: str, tmp_path: Path) -> None:
    """A backup into a folder that is not there is one clear message."""
    with pytest.raises(FlowError, match="cannot be written"):
        backup(url, tmp_path / "missing" / "backup")


def test_no_backup_of_nothing(tmp_path: Path) -> None:
    """Neither backup nor verification makes a ledger where there is none."""
    url = f"sqlite:///{tmp_path / 'none.db'}"
    with pytest.raises(LedgerUnavailable, match="none to back up"):
        backup(url, tmp_path / "backup")
    with pytest.raises(LedgerUnavailable, match="none to verify"):
        verify(url)
    assert list(tmp_path.iterdir()) == []


def test_the_password_is_not_on_the_command_line(
    postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pg_dump gets the password by its environment, where no process list shows it."""
    spy = tmp_path / "bin"
    spy.mkdir()
    for name in ("pg_dump", "pg_restore"):
        program = spy / name
        program.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{tmp_path}/argv"\n'
            f'printf "%s" "$PGPASSWORD" > "{tmp_path}/word"\nexec {shutil.which(name)} "$@"\n'
        )
        program.chmod(0o755)
    plain = postgres.fresh()
    with open_ledger(plain):
        pass
    monkeypatch.setenv("PATH", f"{spy}:/usr/bin:/bin")
    backup(plain.replace("postgres@", "postgres:CANARYword@"), tmp_path / "backup")
    assert (tmp_path / "word").read_text() == "CANARYword"
    assert "CANARY" not in (tmp_path / "argv").read_text()


def test_a_missing_pg_dump_is_named(postgres: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pg_dump the message says which package has it."""
    url = postgres.fresh()
    monkeypatch.setattr(backups, "_PG_DUMP", "no-such-pg-dump")
    with pytest.raises(FlowError, match="postgresql-client"):
        backup(url, tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def test_the_bills_digest_does_not_depend_on_order() -> None:
    """Two documents with the same content have one digest."""
    from provisioning.store.bills import digest

    one = {"a": 1, "b": ["云南", {"c": None}]}
    assert digest(one) == digest(dict(reversed(one.items()))) == digest(json.loads(json.dumps(one)))

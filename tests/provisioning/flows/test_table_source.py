"""What people write to name a table of call records, and what they are told where it is none."""

from __future__ import annotations

import pytest

from provisioning.flows.source_text import SourceWrong
from provisioning.flows.table_source import TableSource, table_source


def test_a_postgresql_table_is_named_by_its_url():
    """Everything that is not said has a default; `cdr` is Asterisk's own name for the table."""
    assert table_source("postgresql://asterisk@192.0.2.9/calls") == TableSource(
        host="192.0.2.9", database="calls", user="asterisk"
    )


def test_all_that_can_be_said_is_understood():
    """Schema, zone, password file, TLS and other names of columns."""
    found = table_source(
        "postgresql://asterisk@[2001:db8::9]:5433/calls?table=records&schema=pbx&times=Asia/Shanghai"
        "&encoding=latin9&password_file=/etc/seatline/pw&sslmode=verify-full&sslrootcert=/etc/ca.pem&end=ended"
    )
    assert found == TableSource(
        table="records", schema="pbx", host="2001:db8::9", port=5433, database="calls", user="asterisk",
        times="Asia/Shanghai", through_latin9=True, password_file="/etc/seatline/pw", sslmode="verify-full",
        sslrootcert="/etc/ca.pem", columns={"end": "ended"},
    )  # fmt: skip
    assert found.name == "postgresql://asterisk@[2001:db8::9]:5433/calls?table=pbx.records"


@pytest.mark.parametrize(
    "text", ["sqlite:///var/log/asterisk/master.db", "sqlite:////var/log/asterisk/master.db"]
)
def test_a_sqlite_file_is_named_by_its_whole_path(text: str):
    """Three slashes or four, as SQLAlchemy has it: the same file."""
    assert table_source(text).name == "sqlite:///var/log/asterisk/master.db?table=cdr"


def test_the_ledger_knows_a_table_by_what_is_read_not_by_how():
    """Another zone or password file does not make it another source."""
    one = table_source("postgresql://a@h/d?table=cdr&times=gmt")
    assert one.name == table_source("postgresql://a@h/d?password_file=/x").name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgresql://u:geheim@h/d", "a password stands in it"),
        ("postgresql://u@h/d?password=geheim", "name a password_file"),
        ("postgresql://u@h/d?tabel=cdr", "table= is meant?"),
        ("postgresql://u@h/d?table=", "table= says nothing"),
        ("postgresql://u@h", "postgresql://user@host/database?table=cdr"),
        ("postgresql://u@h/d?encoding=gbk", "latin9 only"),
        ("postgresql://u@h/d?sslmode=yes", "sslmode= is one of"),
        ("postgresql://u@h/d?password_file=pw", "needs the whole path"),
        ("sqlite://master.db", "with the whole path"),
        ("sqlite:///x.db?schema=a", "schema= is unknown"),
    ],
)
def test_what_is_no_table_is_refused_and_no_password_repeated(text: str, said: str):
    """Each slip is named with what to write; a password is never shown again."""
    with pytest.raises(SourceWrong) as told:
        table_source(text)
    assert said in str(told.value)
    assert "geheim" not in str(told.value)


def test_all_slips_are_told_at_once():
    """Two slips, one message."""
    with pytest.raises(SourceWrong, match=r"tabel= .*; sslmode= "):
        table_source("postgresql://u@h/d?tabel=cdr&sslmode=yes")

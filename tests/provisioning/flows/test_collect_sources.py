"""The dispatcher: which source is read by whom, and what happens when one fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.flows.admit_records import Verdict
from provisioning.flows.collect_calls import CollectedFile, Source
from provisioning.flows.collect_sources import SourceKind, World, collect_sources, each
from provisioning.flows.errors import LedgerUnavailable
from provisioning.flows.source_text import SourceWrong
from provisioning.side_by_side import Lanes

NOW = datetime(2025, 8, 1, tzinfo=UTC)


class InTurn:
    """Lanes that do one work after the other."""

    def one_at_a_time(self, thing: Any) -> Any:
        return thing

    def run(self, works: Sequence[Callable[[], Any]], *, cut: Callable[[], None]) -> list[Any]:
        return [work() for work in works]


def collected(kinds: Sequence[SourceKind], *texts: str, lanes: Any = None) -> tuple[CollectedFile, ...]:
    sources = [Source(*reversed(text.split(" at "))) for text in texts]
    world = World(kinds=kinds, lanes=lanes or InTurn())
    return collect_sources(sources, object(), world, now=NOW, progress=print).sources  # type: ignore[arg-type]


def kind(*schemes: str, remote: bool = False, **more: Any) -> tuple[SourceKind, list[str]]:
    """A kind of source that notes what it is asked to read."""
    seen: list[str] = []

    def read(source: Source, ledger: object, now: datetime, progress: object) -> CollectedFile:
        seen.append(source.path)
        return CollectedFile(switch=source.switch, path=source.path, counts={Verdict.NEW: 1})

    return SourceKind(schemes=frozenset(schemes), read=each(read), remote=remote, **more), seen


def test_each_source_goes_to_who_reads_its_kind() -> None:
    """A scheme decides who reads; a source named twice is read once, and all come back, switch by switch."""
    files, read_files = kind("")
    tables, read_tables = kind("sqlite", "postgresql", remote=True)
    found = collected(
        [files, tables], "postgresql://h/d at b", "/f at a", "sqlite:///m at a", "/g at b", "/f at a"
    )
    assert read_files == ["/g", "/f"]
    assert read_tables == ["postgresql://h/d", "sqlite:///m"]
    assert [(file.switch, file.path) for file in found] == [
        ("b", "/g"), ("b", "postgresql://h/d"), ("a", "/f"), ("a", "sqlite:///m"),
    ]  # fmt: skip


def test_what_is_no_source_is_told_before_anything_is_read() -> None:
    """All texts that cannot be meant are named in one message, and nothing is read."""

    def refuse(source: Source) -> None:
        raise SourceWrong(f"{source.path}: which machine?")

    files, read_files = kind("")
    far, _ = kind("sftp", remote=True, check=refuse)
    with pytest.raises(SourceWrong) as refused:
        collected([files, far], "/f at a", "gopher://u:hush@h at a", "sftp://x at a")
    lines = str(refused.value).splitlines()
    assert lines[0] == "gopher://u@h: no kind of source we know; known are files, folders, sftp://"
    assert lines[1] == "sftp://x: which machine?"
    assert read_files == []


def test_a_ledger_that_fails_ends_all() -> None:
    """What the ledger raises goes through, from whichever source; what is waited for elsewhere is cut."""

    def fail(source: Source, ledger: object, now: datetime, progress: object) -> CollectedFile:
        raise LedgerUnavailable("the disk is full")

    cuts: list[str] = []
    broken = SourceKind(
        schemes=frozenset({"sftp"}), read=each(fail), remote=True, cut=lambda: cuts.append("cut")
    )
    files, _ = kind("")
    with pytest.raises(LedgerUnavailable, match="the disk is full"):
        collected([files, broken], "sftp://h/f at a", "/f at b", lanes=Lanes())
    assert cuts == ["cut"]

"""Plugs in what reads each kind of source of call records (话单来源接线)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning import settings as configuration
from provisioning import settings_secrets, wiring
from provisioning.settings import Settings
from provisioning.settings_sftp import SftpSettings
from provisioning.side_by_side import Lanes

if TYPE_CHECKING:
    from pbx.live.sftp import Host, SftpFiles
    from provisioning.flows.collect_calls import Collected, CollectedFile, Source
    from provisioning.flows.collect_sources import SourceKind
    from provisioning.flows.ports import Ledger, Progress, SourceState
    from provisioning.flows.proof import CollectedBook, Proof
    from provisioning.flows.source_text import SourceUrl
    from provisioning.store.foreign_records import ForeignTables


def collect(settings: Settings, sources: Iterable[Source], ledger: Ledger, progress: Progress) -> Collected:
    """Collects from these sources, whatever their kind. The caller holds the lock of the records."""
    from provisioning.flows.collect_sources import World, collect_sources

    world = World(kinds=tuple(_kinds(settings)), lanes=Lanes())
    return collect_sources(sources, ledger, world, now=wiring.now(), progress=progress)


FILES = ("", "sftp")
"""Schemes of sources that are files: what was read of them can be compared byte by byte."""


def verify(
    settings: Settings, wanted: Callable[[SourceState], bool], book: CollectedBook, progress: Progress
) -> Iterator[Proof]:
    """The proof for each source of files that is wanted, of this machine first."""
    from provisioning.flows.source_text import scheme_of
    from provisioning.flows.verify_collected import verify
    from provisioning.flows.verify_remote import verify_remote

    def of(scheme: str) -> Callable[[SourceState], bool]:
        return lambda state: scheme_of(state.path) == scheme and wanted(state)

    yield from verify(of(""), book, wiring.record_files(), progress)
    yield from verify_remote(of("sftp"), book, Machines(settings).connected, progress)


def _kinds(settings: Settings) -> Iterator[SourceKind]:
    from provisioning.flows import collect_remote
    from provisioning.flows.collect_sources import SourceKind

    yield SourceKind(schemes=frozenset({""}), read=_read_files)
    machines = Machines(settings)
    yield SourceKind(
        schemes=frozenset({"sftp"}),
        read=machines.read,
        remote=True,
        cut=machines.cut,
        check=collect_remote.check,
    )
    yield from _tables()


def foreign_tables() -> ForeignTables:
    """The databases into which switches write their call records."""
    from provisioning.store.foreign_records import ForeignTables

    return ForeignTables()


def _tables() -> Iterator[SourceKind]:
    """Tables of call records: SQLite's lie on this machine."""
    from provisioning.flows.collect_sources import SourceKind, each
    from provisioning.flows.collect_table import collect_table

    tables = foreign_tables()

    def read(source: Source, ledger: Ledger, now: datetime, progress: Progress) -> CollectedFile:
        return collect_table(source, ledger, tables, now, progress)

    yield SourceKind(schemes=frozenset({"sqlite"}), read=each(read))
    yield SourceKind(schemes=frozenset({"postgresql"}), read=each(read), remote=True, cut=tables.cut)


def _read_files(
    sources: Sequence[Source], ledger: Ledger, now: datetime, progress: Progress
) -> tuple[CollectedFile, ...]:
    """Files and folders of this machine; large ones are read in a process beside this one."""
    from pbx.live.plain_reader import ReadBeside
    from provisioning.flows.collect_calls import collect

    files = wiring.record_files()
    with ReadBeside() as plain:
        return collect(sources, ledger, files, now=now, progress=progress, plain=plain).sources


class Machines:
    """Other machines that have call records, each known by what the settings of its switch say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: set[SftpFiles] = set()

    def read(
        self, sources: Sequence[Source], ledger: Ledger, now: datetime, progress: Progress
    ) -> Iterator[CollectedFile]:
        """Their files, of one switch."""
        from provisioning.flows.collect_remote import RemoteWorld, collect_remote

        world = RemoteWorld(connect=self.connected, pause=time.sleep)
        return collect_remote(sources, ledger, world, now=now, progress=progress)

    @contextmanager
    def connected(self, switch: str, url: SourceUrl) -> Iterator[SftpFiles]:
        """A session; HostFault where it cannot be had."""
        from pbx.live.sftp import SftpFiles

        with SftpFiles.connect(self._host(switch, url)) as files:
            self._open.add(files)
            try:
                yield files
            finally:
                self._open.discard(files)

    def cut(self) -> None:
        """Ends all sessions that are open."""
        for files in tuple(self._open):
            files.cut()

    def _host(self, switch: str, url: SourceUrl) -> Host:
        from pbx.live.sftp import Host

        known = self._settings.switches.get(switch)
        sftp = known.sftp if known is not None else SftpSettings()
        users = Path.home() / ".ssh" / "known_hosts"
        place = f"[switches.{switch}] of seatline.toml"
        return Host(
            host=url.host,
            user=url.user or "",
            port=url.port or 22,
            host_key=sftp.host_key,
            known_hosts=sftp.known_hosts or (users if users.is_file() else None),
            key_file=sftp.key_file,
            passphrase=settings_secrets.sftp_passphrase(switch, sftp, configuration.environment()),
            pin=f'sftp_host_key = "{{key}}" under {place}' if known else f"{{host}} {{key}} into {users}",
        )

"""Plugs the real world into the flows: the ledger, switches, files, the clock, locks, secrets (接线)."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning import settings as configuration
from provisioning import settings_secrets
from provisioning.core.cycle import SHANGHAI
from provisioning.flows.errors import FlowError, LockHeld, SourceUnreachable
from provisioning.settings import Settings
from provisioning.settings_switch import SwitchSettings
from provisioning.settings_table import SettingsWrong

if TYPE_CHECKING:
    import ssl

    from pbx.live.ami import Ami
    from pbx.live.files import RecordFiles
    from pbx.live.recordings import RecordingFolder
    from provisioning.flows.apply_plan import World
    from provisioning.flows.decide_held import QuarantineBook
    from provisioning.flows.find_recordings import RecordingBook
    from provisioning.flows.keep_sounds import Prompt, Sounds
    from provisioning.flows.lay_out_sheet import Outline
    from provisioning.flows.ports import Ledger, Progress
    from provisioning.flows.proof import CollectedBook
    from provisioning.flows.retain_records import RetentionBook
    from provisioning.flows.settle_dispute import DisputeBook
    from provisioning.flows.sweep_recordings import Swept
    from provisioning.store.verify import Finding as LedgerFinding

SECRET_LENGTH = 24


def load_settings(config: Path | None) -> Settings:
    return configuration.load(config, configuration.environment())


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    """The day it is in Shanghai, where the contracts live."""
    return datetime.now(SHANGHAI).date()


def who() -> str:
    """The person at the keyboard, for locks and the audit: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{os.uname().nodename}"


def new_secret() -> str:
    """A SIP secret: 24 random letters and digits."""
    import secrets
    import string

    letters_and_digits = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters_and_digits) for _ in range(SECRET_LENGTH))


def open_ledger(settings: Settings, *, create: bool = False) -> Ledger:
    """The ledger; with `create` an empty one is made where there is none."""
    from provisioning.store.ledger import open_ledger as opened

    return opened(settings.database_url, create=create)


def upgrade_ledger(settings: Settings) -> tuple[str | None, str]:
    """Brings the ledger's tables to this version; the revision before and after."""
    from provisioning.store.upgrade import upgrade

    return upgrade(settings.database_url)


BACKED_UP = "ledger-backed-up"
"""The audit's word for a backup, by which `doctor` knows how old the last one is."""


def back_up_ledger(settings: Settings, file: Path) -> Path:
    from provisioning.store.backup import backup

    made = backup(settings.database_url, file)
    open_ledger(settings).audit(event=BACKED_UP, subject=made.name, detail={}, at=now(), who=who())
    return made


def verify_ledger(settings: Settings) -> Sequence[LedgerFinding]:
    """What is wrong in the ledger; nothing when it can be trusted."""
    from provisioning.store.verify import verify

    return verify(settings.database_url)


def record_files() -> RecordFiles:
    """Call-record files on this machine's disks."""
    from pbx.live.files import RecordFiles

    return RecordFiles()


def connect(switch: SwitchSettings) -> Ami:
    """An AMI session with that switch; SwitchError when it cannot be had."""
    from pbx.live.ami import Ami

    secret = settings_secrets.secret_of(switch, configuration.environment())
    return Ami.connect(
        name=switch.name,
        host=switch.host,
        port=switch.port,
        user=switch.user,
        secret=secret,
        tls=tls_context(switch) if switch.tls else None,
    )


def tls_context(switch: SwitchSettings) -> ssl.SSLContext:
    """What believes the switch's certificate: its ca_file, or what the machine trusts."""
    import ssl

    try:
        return ssl.create_default_context(cafile=switch.ca_file)
    except (OSError, ssl.SSLError) as fault:
        why = fault.strerror or "it holds no certificate"
        raise SettingsWrong(
            f"switch {switch.name}: ca_file {switch.ca_file} cannot be read: {why}; "
            "mend ca_file in seatline.toml"
        ) from None


def switch_named(settings: Settings, name: str | None) -> SwitchSettings:
    """The switch of that name, or the only one there is."""
    if name is not None and name in settings.switches:
        return settings.switches[name]
    if name is None and len(settings.switches) == 1:
        return next(iter(settings.switches.values()))
    known = ", ".join(sorted(settings.switches)) or "none"
    raise SourceUnreachable(
        f"no switch {name!r} in the settings; known: {known}"
        if name is not None
        else f"say which switch is meant; known: {known}. Each is a [switches.NAME] in seatline.toml"
    )


class FileLocks:
    """One writer at a time on this machine, by a lock the kernel drops when its process dies (文件锁)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Holds the lock of that name; LockHeld names its owner and since when."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = (self._folder / f"{name}.lock").open("a+", encoding="utf-8")
        except OSError as fault:
            raise FlowError(f"{self._folder}: cannot keep locks there: {fault.strerror}") from fault
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as fault:
                raise LockHeld(
                    f"{name} is held by {_owner(handle.name)}; try again when it is done"
                ) from fault
            handle.truncate(0)
            handle.write(
                json.dumps({"who": who(), "pid": os.getpid(), "since": now().isoformat("T", "seconds")})
            )
            handle.flush()
            yield


def _owner(path: str) -> str:
    try:
        owner: Mapping[str, object] = json.loads(Path(path).read_text(encoding="utf-8"))
        return f"{owner['who']} (process {owner['pid']}) since {owner['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"


def locks(settings: Settings) -> FileLocks:
    return FileLocks(settings.state)


def read_first(path: str, limit: int) -> bytes:
    """The first bytes of a file, at most so many."""
    with Path(path).open("rb") as file:
        return file.read(limit)


def hand_written_dialplan() -> Mapping[str, str]:
    """The texts of dialplans/*.conf by file name, in order."""
    folder = Path(__file__).parents[1] / "dialplans"
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.conf"))}


def recorded_sites(ledger: Ledger) -> frozenset[str]:
    """Every site that a contract of the ledger has or had."""
    return frozenset(version.contract.site.name for version in ledger.versions())


def sites_without_switch(ledger: Ledger) -> frozenset[str]:
    """The sites whose IADs have always registered straight to the operator."""
    versions = ledger.versions()
    with_one = {one.contract.site.name for one in versions if one.contract.site.switch != "none"}
    return frozenset(one.contract.site.name for one in versions) - with_one


def world(settings: Settings, ledger: Ledger) -> World:
    """What an apply needs of the world around it."""
    import secrets

    from provisioning.flows.apply_plan import World
    from provisioning.flows.lock_switch import Owner

    owner = Owner(who=who(), host=machine(), pid=os.getpid(), token=secrets.token_hex(8))
    return World(
        ledger=ledger, lock=locks(settings), owner=owner, clock=now, pause=time.sleep, alive=is_alive
    )


def machine() -> str:
    """What a process id is unique in: this machine, since it was started, and this pid namespace.

    A host's name is not enough: containers are copied with theirs.
    """
    parts = [Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id")]
    said = [part.read_text(encoding="ascii").strip() for part in parts if part.is_file()]
    namespace = Path("/proc/self/ns/pid")
    if namespace.is_symlink():
        said.append(str(namespace.readlink()))
    return "/".join(said) or os.uname().nodename


def process_id() -> int:
    """Ours."""
    return os.getpid()


def is_alive(pid: int) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_number_sheet(outline: Outline, file: Path, *, replace: bool) -> None:
    """Writes a number sheet to fill in, whole or not at all."""
    from provisioning.documents import new_file
    from provisioning.documents.number_sheet import number_sheet

    new_file.write(file, number_sheet(outline), replace=replace)


def in_shanghai(moment: datetime | None) -> datetime | None:
    """A time that a person gave, as it is meant: by the clocks in Shanghai."""
    return None if moment is None else moment.replace(tzinfo=SHANGHAI)


def is_working_day(day: date) -> bool:
    """Whether people in mainland China work on that day."""
    from provisioning import working_days

    return working_days.is_working_day(day)


def open_recordings(settings: Settings) -> RecordingBook:
    """The ledger, for what it knows of recorded calls."""
    from provisioning.store.ledger import open_ledger as opened

    return opened(settings.database_url, create=False)


def open_disputes(settings: Settings) -> DisputeBook:
    """The ledger, for what it knows of disputes."""
    from provisioning.store.ledger import open_ledger as opened

    return opened(settings.database_url, create=False)


def open_retention(settings: Settings) -> RetentionBook:
    """The ledger, for what of it may go."""
    from provisioning.store.ledger import open_ledger as opened

    return opened(settings.database_url, create=False)


def open_quarantine(settings: Settings) -> QuarantineBook:
    """The ledger, for the lines it keeps without billing them."""
    from provisioning.store.ledger import open_ledger as opened

    return opened(settings.database_url, create=False)


def open_collected(settings: Settings) -> CollectedBook:
    """The ledger, for what it knows of how its call records came in."""
    from provisioning.store.ledger import open_ledger as opened

    return opened(settings.database_url, create=False)


def recording_folder(switch: SwitchSettings) -> RecordingFolder:
    """The folder in which a switch records calls; SettingsWrong where nobody said where it is."""
    from pbx.live.recordings import RecordingFolder

    if switch.recordings is None:
        raise SettingsWrong(
            f"nobody said where switch {switch.name} records calls: set recordings = DIR in "
            f"[switches.{switch.name}] of seatline.toml"
        )
    return RecordingFolder(switch.recordings)


def sweep_recordings(
    settings: Settings, *, verify: bool = False, progress: Progress | None = None
) -> list[Swept]:
    """A sweep over the recordings of each switch that has a folder of them, one at a time."""
    from provisioning.flows.sweep_recordings import sweep

    book = open_recordings(settings)
    with locks(settings).held("recordings"):
        return [
            sweep(
                book,
                recording_folder(switch),
                switch.name,
                now=now(),
                today=today(),
                who=who(),
                verify=verify,
                progress=progress,
            )
            for switch in settings.switches.values()
            if switch.recordings is not None
        ]


def sound_folder(switch: SwitchSettings) -> Sounds:
    """The folder of a switch's recordings."""
    from pbx.live.sounds import SoundFolder

    if switch.sounds is None:
        raise SettingsWrong(
            f"switch {switch.name}: where its recordings lie is not said; write sounds = DIR under "
            f"[switches.{switch.name}] in seatline.toml, the folder that it sees as /srv/seatline/sounds"
        )
    return SoundFolder(switch.sounds)


def sites_with_music(folder: Path) -> tuple[str, ...]:
    """The sites that have classes of music in a folder of sounds."""
    from provisioning.flows.keep_sounds import CLASSES

    return tuple(sorted(file.parent.name for file in folder.glob(f"*/{CLASSES}")))


def reload_music(switch: SwitchSettings) -> None:
    """Has a switch read its classes of music again."""
    from provisioning.flows.write_switch import Pen

    session = connect(switch)
    try:
        Pen(switch=session, pause=time.sleep).reload("res_musiconhold.so")
    finally:
        session.close()


_SOUNDS = Path(__file__).parents[1] / "dialplans" / "sounds"


def shipped_sounds() -> Mapping[str, Mapping[str, bytes]]:
    """The recordings that go with us, by folder and file name."""
    return {
        folder: {file.name: file.read_bytes() for file in sorted((_SOUNDS / folder).glob("*.wav"))}
        for folder in ("_zh", "_en", "_music")
    }


def prompts() -> Mapping[str, Prompt]:
    """What our prompts say, by their names."""
    import csv

    from provisioning.flows.keep_sounds import Prompt

    with (_SOUNDS / "prompts.csv").open(encoding="utf-8", newline="") as table:
        return {
            row["name"]: Prompt(name=row["name"], chinese=row["zh"], english=row["en"])
            for row in csv.DictReader(table)
        }

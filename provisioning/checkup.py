"""What `doctor` looks at: the ledger, the disk, each switch and its sources of call records (体检)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from pbx.errors import SwitchError
from provisioning import wiring, wiring_sources
from provisioning.certificates import good_until
from provisioning.core.recording import contract_at
from provisioning.flows import examine_switch
from provisioning.flows.collect_table import examine_table
from provisioning.flows.errors import FlowError
from provisioning.flows.examine_music import examine_music
from provisioning.flows.examine_sources import Listed, examine_sources
from provisioning.flows.examine_switch import Finding
from provisioning.flows.odd_fetch import ODD_FETCH
from provisioning.flows.ports import Ledger
from provisioning.flows.source_text import scheme_of, shown
from provisioning.flows.table_source import SCHEMES
from provisioning.settings import Settings
from provisioning.settings_switch import SwitchSettings

BACKUP_DAYS = 7
"""A backup older than this is said to be old."""
ODD_FETCH_DAYS = 7
"""Refused requests for IAD files are told for so many days."""
CERTIFICATE_DAYS = 30
"""A certificate that is good for fewer days should be renewed."""
LEAST_FREE = 0.1
"""Share of a disk that should be free where call records are written and the ledger is kept."""


class Usage(Protocol):
    """How full a disk is, in bytes."""

    @property
    def total(self) -> int: ...
    @property
    def free(self) -> int: ...


DiskUsage = Callable[[Path], Usage]
"""Tells how full the disk of a folder is."""


def examine(settings: Settings, usage: DiskUsage = shutil.disk_usage) -> list[Finding]:
    """All checks there are: the ledger, the disk, each switch and its sources of call records."""
    found = [*_ledger_findings(settings), _disk_finding("disk", settings.folder, usage)]
    found += _certificate_findings(settings)
    for switch in settings.switches.values():
        try:
            ami = wiring.connect(switch)
        except (SwitchError, FlowError) as fault:
            found.append(examine_switch.unreachable(switch.name, str(fault)))
        else:
            try:
                if ami.certified_until is not None:
                    found.append(_days_finding(f"{switch.name}: AMI certificate", ami.certified_until))
                found += examine_switch.examine(ami, wiring.now())
                found += examine_sources(ami, _listed(switch.records), _listed(switch_events(switch)))
                if switch.sounds is not None:
                    found.append(examine_music(ami, wiring.sites_with_music(switch.sounds)))
            except SwitchError as fault:
                found.append(examine_switch.unreachable(switch.name, str(fault)))
            finally:
                ami.close()
        found += [
            _record_finding(switch.name, Path(text), usage) for text in switch.records if "://" not in text
        ]
        found += [_table_finding(switch.name, text) for text in switch.records if scheme_of(text) in SCHEMES]
        found += _recording_findings(settings, switch, usage)
        found += _agreement(settings, switch.name)
        found += _sound_findings(switch)
    if not settings.switches:
        text = "no switch is set: add [switches.NAME] to seatline.toml to plan and apply"
        found.append(Finding(check="settings", verdict="warning", text=text))
    return found


def _ledger_findings(settings: Settings) -> Iterator[Finding]:
    try:
        ledger = wiring.open_ledger(settings)
        contracts = len({version.contract.id for version in ledger.versions()})
        held = ledger.held_count()
        backed_up = ledger.last_audited(wiring.BACKED_UP)
        odd_fetches = list(_odd_fetch_findings(ledger))
    except FlowError as fault:
        yield Finding(check="ledger", verdict="bad", text=str(fault))
        return
    yield Finding(check="ledger", verdict="ok", text=f"reachable and migrated, contracts: {contracts}")
    yield _backup_finding(backed_up)
    yield from odd_fetches
    if held:
        text = (
            f"{held} lines of call records are held, broken or at odds with others: they are on no bill; "
            "`seatline quarantine list` shows them"
        )
        yield Finding(check="quarantine", verdict="warning", text=text)


def _odd_fetch_findings(ledger: Ledger) -> Iterator[Finding]:
    """Whether somebody asked `seatline serve` for what is not theirs; nothing where nobody did (异常取用)."""
    count = ledger.audited_since(ODD_FETCH, wiring.now() - timedelta(days=ODD_FETCH_DAYS))
    last = ledger.last_audited(ODD_FETCH)
    if count and last is not None:
        text = (
            f"{count} in the last {ODD_FETCH_DAYS} days, the last at {last:%Y-%m-%d %H:%M} GMT: requests for "
            "IAD files that got nothing; what `seatline serve` said at that time tells which device and from "
            "where"
        )
        yield Finding(check="odd fetches", verdict="warning", text=text)


def _backup_finding(last: datetime | None) -> Finding:
    if last is None:
        text = "no backup on record; make one now and then: seatline db backup FILE"
        return Finding(check="backup", verdict="warning", text=text)
    days = (wiring.now() - last).days
    if days > BACKUP_DAYS:
        text = f"the last backup is {days} days old; make one: seatline db backup FILE"
        return Finding(check="backup", verdict="warning", text=text)
    return Finding(check="backup", verdict="ok", text=f"the last one is from {last:%Y-%m-%d %H:%M} GMT")


def _certificate_findings(settings: Settings) -> Iterator[Finding]:
    """The certificate that IADs are shown, if they are."""
    shown = settings.serve
    if shown.certificate is None or shown.key is None:
        return
    try:
        yield _days_finding("serve certificate", good_until(shown.certificate, shown.key))
    except FlowError as fault:
        yield Finding(check="serve certificate", verdict="bad", text=str(fault))


def _days_finding(check: str, until: datetime) -> Finding:
    days = (until - wiring.now()).days
    text = f"good until {until:%Y-%m-%d}"
    if days < CERTIFICATE_DAYS:
        return Finding(check=check, verdict="warning", text=f"{text}, {days} days: renew it")
    return Finding(check=check, verdict="ok", text=text)


def _sound_findings(switch: SwitchSettings) -> Iterator[Finding]:
    """Whether our prompts are on a switch; nothing where the settings name no folder (提示音)."""
    if switch.sounds is None:
        return
    from provisioning.flows import keep_sounds

    check = f"{switch.name}: sounds"
    shipped = wiring.shipped_sounds()
    try:
        folder = wiring.sound_folder(switch)
        missing = keep_sounds.outdated(folder, shipped)
        strange = keep_sounds.strange_classes(folder, wiring.sites_with_music(switch.sounds))
    except SwitchError as fault:
        yield Finding(check=check, verdict="bad", text=str(fault))
        return
    if strange:
        text = (
            f"{keep_sounds.CLASSES} of {', '.join(strange)} in {switch.sounds} is not as seatline writes it, "
            "and the switch takes it for its own configuration: look who may write there, remove it, and add "
            "the recording again with `seatline sound add`"
        )
        yield Finding(check=check, verdict="bad", text=text)
        return
    if missing:
        text = (
            f"{len(missing)} of our prompts are missing in {switch.sounds} or of another version, so "
            f"callers are not told why they are refused; seatline sound install {switch.name}"
        )
        yield Finding(check=check, verdict="warning", text=text)
        return
    yield Finding(check=check, verdict="ok", text=f"{sum(map(len, shipped.values()))} prompts are in place")


def _agreement(settings: Settings, switch: str) -> Iterator[Finding]:
    """Whether both sources of a switch hold the same calls; nothing where only one was ever read."""
    try:
        seen = wiring.open_ledger(settings).seen_counts(switch)
    except FlowError:
        return  # the ledger has a finding of its own
    both = seen.get(frozenset({"csv", "json"}), 0)
    only = {name: seen.get(frozenset({kind}), 0) for kind, name in _SOURCES.items()}
    if not both:
        return
    if not any(only.values()):
        yield Finding(check=f"{switch}: sources", verdict="ok", text=f"{both} calls, each in both sources")
        return
    lost = ", ".join(f"{count} only in {name}" for name, count in only.items() if count)
    text = f"{both} calls in both sources, {lost}: all are billed; see why the other source lost them"
    yield Finding(check=f"{switch}: sources", verdict="warning", text=text)


_SOURCES = {"json": "cdr_custom's file", "csv": "Master.csv"}


def _disk_finding(check: str, folder: Path, usage: DiskUsage) -> Finding:
    disk = usage(folder)
    share = disk.free / disk.total
    if share < LEAST_FREE:
        text = f"{folder}: only {share:.0%} free: a full disk loses call records without a word; make room"
        return Finding(check=check, verdict="bad", text=text)
    return Finding(check=check, verdict="ok", text=f"{share:.0%} free")


def _recording_findings(settings: Settings, switch: SwitchSettings, usage: DiskUsage) -> Iterator[Finding]:
    """Whether calls that have to be recorded can be, and whether recordings go when their time is over."""
    check, folder = f"{switch.name}: recordings", switch.recordings
    try:
        wanted = _sites_recorded(wiring.open_ledger(settings))
        overdue = wiring.open_recordings(settings).count_due(switch.name, wiring.today() - timedelta(days=1))
    except FlowError:
        return  # the ledger has a finding of its own
    if folder is None:
        if sites := [site for site in wanted if switch.serves(site)]:
            text = (
                f"{', '.join(sites)}: calls are recorded and nobody keeps them: set recordings = DIR in "
                f"[switches.{switch.name}] of seatline.toml"
            )
            yield Finding(check=check, verdict="bad", text=text)
        return
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        text = f"{folder}: no folder that we may read and write"
        yield Finding(check=check, verdict="bad", text=text)
        return
    disk = usage(folder)
    share = disk.free / disk.total
    if share < LEAST_FREE:
        text = f"{folder}: only {share:.0%} free: on a full disk calls that have to be recorded are refused"
        yield Finding(check=check, verdict="bad", text=text)
    elif overdue:
        text = f"{overdue} are past their day and still there: run `seatline recording sweep`, each night"
        yield Finding(check=check, verdict="warning", text=text)
    else:
        yield Finding(check=check, verdict="ok", text=f"{share:.0%} free, none past its day")


def _sites_recorded(ledger: Ledger) -> list[str]:
    """The sites whose contract in force wants its calls recorded."""
    versions, today = ledger.versions(), wiring.today()
    sites = sorted({one.contract.site.name for one in versions})
    in_force = ((site, contract_at(versions, site, today)) for site in sites)
    return [site for site, one in in_force if one and one.policy.recording_keep_days is not None]


def _table_finding(switch: str, text: str) -> Finding:
    """Whether a table of call records can be read, and what its columns lack."""
    readable, notes = examine_table(text, wiring_sources.foreign_tables())
    check = f"{switch}: {shown(text).partition('?')[0]}"
    if readable and not notes:
        return Finding(check=check, verdict="ok", text="its columns hold all that a call record has")
    return Finding(check=check, verdict="warning" if readable else "bad", text="; ".join(notes))


def switch_events(switch: SwitchSettings) -> tuple[str, ...]:
    """The files of channel events that are collected of a switch."""
    return switch.witness.events


def _listed(sources: tuple[str, ...]) -> list[Listed]:
    """The sources of the settings, each with the names of the files it means."""
    return [Listed(text=text, names=_names(text)) for text in sources]


def _names(text: str) -> tuple[str, ...] | None:
    name = text.rstrip("/").rpartition("/")[2]
    if "://" not in text and Path(text).is_dir():
        try:
            return tuple(Path(path).name for path in wiring.record_files().listing(text).taken) or None
        except OSError:
            return None
    return (name,) if "." in name else None


def _record_finding(switch: str, path: Path, usage: DiskUsage) -> Finding:
    check = f"{switch}: {path.name}"
    if not path.exists():
        text = f"{path}: not there; a switch makes it with its first call record"
        return Finding(check=check, verdict="warning", text=text)
    if not os.access(path, os.R_OK):
        return Finding(check=check, verdict="bad", text=f"{path}: we may not read it")
    return _disk_finding(check, path.parent, usage)

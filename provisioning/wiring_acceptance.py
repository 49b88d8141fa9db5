"""Plugs the real world into an acceptance: softphones or SIPp, the far end, the report's files (验收接线)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning import settings as configuration
from provisioning import settings_secrets, wiring
from provisioning.flows.errors import FlowError
from provisioning.settings import Settings
from provisioning.settings_switch import SwitchSettings
from provisioning.settings_table import SettingsWrong

if TYPE_CHECKING:
    from pbx.trial import Desk
    from provisioning.acceptance.report import Report
    from provisioning.flows.acceptance_equipment import Equipment, Exchange, Instrument


def equipment(
    settings: Settings,
    switch: SwitchSettings,
    *,
    number: str | None,
    ask: Callable[[str], None],
) -> Equipment:
    """What test calls are made with from this machine. FlowError where there is neither pjsua2 nor SIPp."""
    from pbx.live import sipp
    from pbx.live.trial_sipp import SippTrials
    from pbx.live.trial_softphones import SoftphoneTrials
    from provisioning.flows.acceptance_equipment import Equipment

    if switch.sip is None:
        raise SettingsWrong(
            f'where telephones register at {switch.name} is not said: set sip = "host:port" in '
            f"[switches.{switch.name}] of seatline.toml"
        )
    softphones = find_spec("pjsua2") is not None
    if not softphones and not sipp.installed():
        raise FlowError(
            "nothing here can make a call: install softphones (pip install 'seatline[softphone]') or SIPp "
            "(Debian: apt-get install sip-tester)"
        )
    instrument: Callable[[], AbstractContextManager[Instrument]] = (
        SoftphoneTrials if softphones else SippTrials
    )
    exchange: Callable[[], AbstractContextManager[Exchange]] | None = SippTrials if sipp.installed() else None
    return Equipment(
        instrument=instrument,
        exchange=exchange,
        sip=switch.sip,
        outside=_outside(settings),
        number=number,
        answers=settings.outside.answers,
        ask=ask,
        clock=wiring.now,
        pause=time.sleep,
    )


def _outside(settings: Settings) -> Desk | None:
    from pbx.trial import Desk

    far = settings.outside
    if far.number is None or far.sip is None or far.user is None:
        return None
    secret = settings_secrets.outside_secret(far, configuration.environment())
    return Desk(user=far.number, auth_user=far.user, secret=secret, registrar=far.sip)


def report_files(file: Path, *, replace: bool) -> tuple[Path, Path]:
    """The report's two files, PDF and JSON, by the name of the first.

    FlowError before a call is made, where it can be seen then that they cannot be written.
    """
    if file.suffix.lower() != ".pdf":
        raise FlowError(f"--report {file}: give a name that ends in .pdf; a .json is written beside it")
    both = file, file.with_suffix(".json")
    if not file.parent.is_dir():
        raise FlowError(f"--report {file}: there is no folder {file.parent}")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise FlowError(f"--report {file}: no right to write in the folder {file.parent}")
    if folders := [one for one in both if one.is_dir()]:
        raise FlowError(f"--report {file}: {folders[0]} is a folder")
    if not replace and (there := [one for one in both if one.exists()]):
        raise FlowError(f"{there[0]} is there already; --force writes over it, or give another name")
    return both


def write_report(report: Report, files: tuple[Path, Path], *, replace: bool) -> None:
    """Writes the report as PDF and as JSON, each whole or not at all."""
    import json

    from provisioning.acceptance.report import to_json
    from provisioning.documents import new_file
    from provisioning.documents.acceptance_report import as_pdf

    told = json.dumps(to_json(report), ensure_ascii=False, indent=1) + "\n"
    new_file.write(files[0], as_pdf(report), replace=replace)
    new_file.write(files[1], told.encode(), replace=replace)

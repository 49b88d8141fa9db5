"""The secrets that the settings name: from the environment first, then from files (密钥)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from provisioning.settings import OutsideSettings
from provisioning.settings_sftp import SftpSettings
from provisioning.settings_switch import SwitchSettings
from provisioning.settings_table import SettingsWrong


def secret_of(switch: SwitchSettings, environment: Mapping[str, str]) -> str:
    """The AMI secret of a switch: SEATLINE_SECRET_<NAME> first, then its secret_file."""
    variable = "SEATLINE_SECRET_" + switch.name.upper().replace("-", "_")
    if secret := environment.get(variable, "").strip():
        return secret
    if switch.secret_file is None:
        raise SettingsWrong(f"switch {switch.name} has no secret: set secret_file, or {variable}")
    return _secret_in(switch.secret_file, f"switch {switch.name}", variable)


def collector_secret(switch: SwitchSettings, environment: Mapping[str, str]) -> str:
    """The secret of the AMI user that watches calls: SEATLINE_COLLECTOR_SECRET_<NAME>, then its file."""
    variable = "SEATLINE_COLLECTOR_SECRET_" + switch.name.upper().replace("-", "_")
    if secret := environment.get(variable, "").strip():
        return secret
    file = switch.witness.secret_file
    if file is None:
        raise SettingsWrong(
            f"nobody may watch the calls of switch {switch.name}: set collector_secret_file to the secret of "
            f"its AMI user {switch.witness.collector!r} (manager.conf: read = cdr), or {variable}"
        )
    return _secret_in(file, f"switch {switch.name}", variable, key="collector_secret_file")


def sftp_passphrase(switch: str, sftp: SftpSettings, environment: Mapping[str, str]) -> str | None:
    """The passphrase of our SSH key: SEATLINE_SFTP_PASSPHRASE_<NAME> first, then its file; None without."""
    variable = "SEATLINE_SFTP_PASSPHRASE_" + switch.upper().replace("-", "_")
    if secret := environment.get(variable, "").strip():
        return secret
    if sftp.passphrase_file is None:
        return None
    return _secret_in(sftp.passphrase_file, f"switch {switch}", variable, key="sftp_passphrase_file")


def outside_secret(outside: OutsideSettings, environment: Mapping[str, str]) -> str:
    """The secret of the test telephone outside: SEATLINE_OUTSIDE_SECRET first, then its secret_file."""
    variable = "SEATLINE_OUTSIDE_SECRET"
    if secret := environment.get(variable, "").strip():
        return secret
    if outside.secret_file is None:
        raise SettingsWrong(f"[outside] has no secret: set secret_file, or {variable}")
    return _secret_in(outside.secret_file, "[outside]", variable)


def nightly_secret(
    file: Path | None, whose: str, variable: str, environment: Mapping[str, str], *, key: str
) -> str:
    """A secret of [nightly.mail] or [nightly.webhook]: the environment first, then its file."""
    if secret := environment.get(variable, "").strip():
        return secret
    if file is None:
        raise SettingsWrong(f"{whose} has no secret: set {key}, or {variable}")
    return _secret_in(file, whose, variable, key=key)


def _secret_in(file: Path, whose: str, variable: str, *, key: str = "secret_file") -> str:
    try:
        secret = file.read_text(encoding="utf-8-sig").strip()
        why = "it holds more than one line" if secret else "it is empty"
    except OSError as fault:
        secret, why = "", str(fault.strerror)
    except UnicodeDecodeError:
        secret, why = "", "it is no text"
    if secret and len(secret.splitlines()) == 1:
        return secret
    raise SettingsWrong(
        f"{whose}: {key} {file} cannot be used: {why}; mend {key} in seatline.toml, or set {variable}"
    )

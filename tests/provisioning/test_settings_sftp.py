"""Settings of a switch whose call records lie on another machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.settings import Settings, load
from provisioning.settings_secrets import sftp_passphrase
from provisioning.settings_sftp import SftpSettings
from provisioning.settings_table import SettingsWrong


def settled(folder: Path, *lines: str) -> Settings:
    file = folder / "seatline.toml"
    file.write_text("\n".join(('[switches.pbx-2]\nami = "127.0.0.1:5038"', *lines)), encoding="utf-8")
    return load(file, {})


def test_keys_and_files_of_sftp_start_from_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path starts where seatline.toml lies, ~ is the home; an address stays as it is written."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    switch = settled(
        tmp_path,
        'records = ["sftp://collector@pbx-2.example.net/var/log/asterisk"]',
        'sftp_host_key = "ssh-ed25519 AAAA"',
        'sftp_key_file = "keys/ours"',
        'sftp_known_hosts = "~/.ssh/known_hosts"',
    ).switches["pbx-2"]
    assert switch.records == ("sftp://collector@pbx-2.example.net/var/log/asterisk",)
    assert switch.sftp == SftpSettings(
        host_key="ssh-ed25519 AAAA",
        key_file=tmp_path / "keys" / "ours",
        known_hosts=tmp_path / "home" / ".ssh" / "known_hosts",
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('records = ["sftp://u:hush@pbx/f"]', "records: sftp://u@pbx/f: a password stands in it"),
        ('records = ["sftp://u@[pbx/f"]', "no address"),
        ("sftp_host_key = 1", "sftp_host_key is text"),
        ('sftp_password = "hush"', "unknown setting sftp_password"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, line: str, said: str) -> None:
    """A password has no place in the settings, neither in an address nor under a name of its own."""
    with pytest.raises(SettingsWrong) as refused:
        settled(tmp_path, line)
    assert said in str(refused.value)
    assert "hush" not in str(refused.value)


def test_a_passphrase_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """The environment goes before the file; a file that is not there is told with what to set."""
    (tmp_path / "phrase").write_text("from-file\n", encoding="utf-8")
    kept = SftpSettings(passphrase_file=tmp_path / "phrase")
    assert sftp_passphrase("pbx-2", SftpSettings(), {}) is None
    assert sftp_passphrase("pbx-2", kept, {}) == "from-file"
    assert sftp_passphrase("pbx-2", kept, {"SEATLINE_SFTP_PASSPHRASE_PBX_2": "ours"}) == "ours"
    with pytest.raises(SettingsWrong, match=r"sftp_passphrase_file .* or set SEATLINE_SFTP_PASSPHRASE_PBX_2"):
        sftp_passphrase("pbx-2", SftpSettings(passphrase_file=tmp_path / "gone"), {})

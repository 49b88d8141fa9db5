"""Files on another machine, read by SFTP from a real sshd."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbx.host_fault import HostFault
from pbx.live.sftp import Host, SftpFiles

from ...ssh_server import SshServer

MANY = bytes(range(256)) * 12_000
"""Three megabytes: more than is fetched at once."""


def host(machine: SshServer, **changed: Any) -> Host:
    meant = {
        "host": "127.0.0.1",
        "port": machine.port,
        "user": machine.user,
        "key_file": machine.key_file,
        "host_key": machine.public(),
    }
    return Host(**{**meant, **changed})


@pytest.fixture
def files(ssh_machine: SshServer) -> Iterator[SftpFiles]:
    with SftpFiles.connect(host(ssh_machine)) as connected:
        yield connected


def test_a_folder_means_what_it_means_on_a_disk(ssh_machine: SshServer, files: SftpFiles) -> None:
    """Master.csv and the .json files are read, also in Asterisk's two folders; the rest is named."""
    home = ssh_machine.home
    (home / "cdr-csv").mkdir()
    (home / "other").mkdir()
    for name in ("cdr-csv/Master.csv", "cdr-csv/08702120001.csv", "seatline.json", "other/Master.csv"):
        (home / name).write_bytes(b"x\n")
    found = files.listing(str(home))
    assert found.taken == (f"{home}/seatline.json", f"{home}/cdr-csv/Master.csv")
    assert found.ignored == (f"{home}/cdr-csv/08702120001.csv",)
    assert files.listing(f"{home}/seatline.json").taken == (f"{home}/seatline.json",)


def test_rotated_files_are_found_oldest_first(ssh_machine: SshServer, files: SftpFiles) -> None:
    """What rotating left beside a file is found by its name, gzipped or not, also through a link."""
    place = ssh_machine.home / "Master.csv"
    for age, name in enumerate(("Master.csv", "Master.csv.1", "Master.csv-20250701.gz", "Master.csv.x")):
        (ssh_machine.home / name).write_bytes(b"x")
        os.utime(ssh_machine.home / name, (1_750_000_000 - age, 1_750_000_000 - age))
    (ssh_machine.home / "Master.csv.2").symlink_to("Master.csv.x")
    names = [Path(path).name for path in files.generations(str(place))]
    assert names == ["Master.csv.2", "Master.csv-20250701.gz", "Master.csv.1"]


def test_every_byte_comes_from_its_place(ssh_machine: SshServer, files: SftpFiles) -> None:
    """A file larger than what is fetched at once is read whole, from any place, in any order."""
    (ssh_machine.home / "a").write_bytes(MANY)
    with files.open(f"{ssh_machine.home}/a") as file:
        assert file.size == len(MANY)
        for offset in (0, 2_900_000, 4096, 1_048_575, 1_048_576, 500_000, len(MANY) - 1, len(MANY)):
            for length in (1, 4096, 65_536, 300_000):
                assert file.read(offset, length) == MANY[offset : offset + length]
        read = bytearray()
        while more := file.read(len(read), 8_000_000):
            read += more
        assert bytes(read) == MANY


def test_a_file_that_is_renamed_and_grows_stays_the_same(ssh_machine: SshServer, files: SftpFiles) -> None:
    """An open file is read on under whatever name, with what is written to it meanwhile."""
    place = ssh_machine.home / "Master.csv"
    place.write_bytes(b"first\n")
    with files.open(str(place)) as file:
        assert file.read(0, 262_144) == b"first\n"
        place.rename(ssh_machine.home / "Master.csv.1")
        place.write_bytes(b"another\n")
        with (ssh_machine.home / "Master.csv.1").open("ab") as more:
            more.write(b"second\n")
        assert file.read(6, 262_144) == b"second\n"
        assert file.size == 13


def test_a_file_cut_while_it_is_read_gives_no_invented_bytes(
    ssh_machine: SshServer, files: SftpFiles
) -> None:
    """Where a file is emptied and written anew meanwhile, what is read of it ends; nothing fills the gap."""
    place = ssh_machine.home / "Master.csv"
    place.write_bytes(MANY)
    with files.open(str(place)) as file:
        place.write_bytes(b"new\n")
        assert file.read(0, 1_000_000) == b"new\n"
        assert file.read(2_000_000, 1_000_000) == b""


def test_a_gzipped_file_is_what_it_holds(ssh_machine: SshServer, files: SftpFiles) -> None:
    """A gzipped file is told by its first bytes and unpacked."""
    (ssh_machine.home / "Master.csv.1.gz").write_bytes(gzip.compress(MANY))
    with files.open(f"{ssh_machine.home}/Master.csv.1.gz") as file:
        assert file.archived
        assert file.size == len(MANY)
        assert file.read(1_000_000, 300_000) == MANY[1_000_000:1_300_000]


def test_an_empty_file_is_known_by_when_it_was_written(ssh_machine: SshServer, files: SftpFiles) -> None:
    """SFTP tells no inode: 0 stands for it, and for an empty file the second in which it was written."""
    place = ssh_machine.home / "Master.csv"
    place.touch()
    os.utime(place, (1_750_000_000, 1_750_000_000))
    with files.open(str(place)) as file:
        assert (file.inode, file.device, file.born, file.size) == (1_750_000_000, 0, 0, 0)
    place.write_bytes(b"x")
    with files.open(str(place)) as file:
        assert file.inode == 0


def test_what_is_no_file_is_told(ssh_machine: SshServer, files: SftpFiles) -> None:
    """A folder, a pipe, nothing at all and a file we may not read are told apart; the machine is fine."""
    os.mkfifo(ssh_machine.home / "pipe")
    (ssh_machine.home / "shut").touch(0)
    for name, kind, said in (
        ("", OSError, "this is a folder"),
        ("pipe", OSError, "this is a pipe"),
        ("nothing", FileNotFoundError, "no such file"),
        ("shut", PermissionError, "does not let us read it"),
    ):
        with pytest.raises(kind, match=said):
            files.open(f"{ssh_machine.home}/{name}")
    assert files.fault is None


def test_a_session_that_ended_says_so(ssh_machine: SshServer, files: SftpFiles) -> None:
    """When the machine goes away every question says so, and the fault is kept as the machine's."""
    (ssh_machine.home / "a").write_bytes(MANY)
    with files.open(f"{ssh_machine.home}/a") as file:
        ssh_machine.stop()
        with pytest.raises(HostFault, match="the connection was lost"):
            file.read(0, 4096)
    assert files.fault is not None
    assert files.fault.passing
    with pytest.raises(HostFault, match="the connection was lost"):
        files.listing("/")


@pytest.mark.parametrize(
    ("changed", "said", "passing"),
    [
        ({"host_key": "nonsense"}, "the host key in the settings is none", False),
        ({"known_hosts": Path("/nowhere"), "host_key": None}, "known hosts /nowhere cannot be read", False),
        ({"key_file": Path("/nowhere")}, "our private key /nowhere cannot be read", False),
        ({"user": "daemon", "host_key": None}, "its host key is not known here", False),
    ],
)
def test_what_is_wrong_is_one_clear_fault(
    ssh_machine: SshServer, changed: dict[str, Any], said: str, passing: bool
) -> None:
    """What keeps us out is told in the words of who has to mend it."""
    with pytest.raises(HostFault, match=said) as refused:
        SftpFiles.connect(host(ssh_machine, **changed))
    assert refused.value.passing is passing


def test_a_key_that_others_may_read_is_refused(ssh_machine: SshServer, tmp_path: Path) -> None:
    """A private key that is not private is not used."""
    open_key = tmp_path / "key"
    open_key.write_bytes(ssh_machine.key_file.read_bytes())
    open_key.chmod(0o644)
    with pytest.raises(HostFault, match=r"others may read our private key .* chmod 600"):
        SftpFiles.connect(host(ssh_machine, key_file=open_key))


def test_a_key_that_the_machine_does_not_know_is_refused(ssh_machine: SshServer) -> None:
    """Who is not let in is told which key was shown, and where its public half belongs."""
    stranger = ssh_machine.folder / "other"
    with pytest.raises(HostFault, match=f"does not let .* in with the key {stranger}: put the public key"):
        SftpFiles.connect(host(ssh_machine, key_file=stranger))


def test_a_locked_key_needs_its_passphrase(ssh_machine: SshServer, tmp_path: Path) -> None:
    """A private key with a passphrase opens with it only, and the passphrase is in no repr."""
    import asyncssh

    key = asyncssh.read_private_key(str(ssh_machine.key_file))
    locked = tmp_path / "key"
    locked.touch(0o600)
    locked.write_bytes(key.export_private_key("pkcs8-pem", passphrase="hush-hush"))
    for wrong in ("nope", None):
        with pytest.raises(HostFault, match="passphrase"):
            SftpFiles.connect(host(ssh_machine, key_file=locked, passphrase=wrong))
    right = host(ssh_machine, key_file=locked, passphrase="hush-hush")
    assert "hush" not in repr(right)
    with SftpFiles.connect(right) as connected:
        assert connected.listing(str(ssh_machine.home)).taken == ()

"""What doctor finds at ledger, disk and certificates: a real ledger, and certificates made by openssl."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioning import checkup, wiring
from provisioning.flows.examine_switch import Finding
from provisioning.flows.odd_fetch import OddFetch, write_down
from provisioning.settings import ServeSettings, Settings, load
from provisioning.settings_switch import SwitchSettings
from provisioning.store.ledger import open_ledger

Disk = namedtuple("Disk", "total used free")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a folder with an empty ledger."""
    (tmp_path / "seatline.toml").write_text("", encoding="utf-8")
    found = load(tmp_path / "seatline.toml", {})
    open_ledger(found.database_url).close()
    return found


def finding(found: list[Finding], check: str) -> Finding:
    (one,) = (one for one in found if one.check == check)
    return one


def audited(settings: Settings, event: str, *ages: timedelta) -> None:
    """Notes such an event, so long ago each."""
    with open_ledger(settings.database_url) as ledger:
        for age in ages:
            ledger.audit(event=event, subject="s", detail={}, at=datetime.now(UTC) - age, who="w")


def test_a_ledger_without_a_backup(settings: Settings) -> None:
    """Where no backup is on record, that is a warning, with the command that makes one."""
    found = finding(checkup.examine(settings), "backup")
    assert (found.verdict, "seatline db backup FILE" in found.text) == ("warning", True)
    assert "no backup on record" in found.text


@pytest.mark.parametrize(
    ("ages", "verdict", "said"),
    [
        ([0], "ok", "the last one is from"),
        ([7], "ok", "the last one is from"),
        ([8], "warning", "the last backup is 8 days old"),
        ([40, 9], "warning", "the last backup is 9 days old"),
        ([40, 1], "ok", "the last one is from"),
    ],
)
def test_how_old_the_last_backup_is(settings: Settings, ages: list[int], verdict: str, said: str) -> None:
    """The last backup counts; up to seven days old it is good enough."""
    audited(settings, wiring.BACKED_UP, *(timedelta(days=age, minutes=1) for age in ages))
    found = finding(checkup.examine(settings), "backup")
    assert found.verdict == verdict
    assert found.text.startswith(said)


def test_a_backup_that_is_made_is_on_record(settings: Settings, tmp_path: Path) -> None:
    """What makes a backup notes it by the word that doctor looks for."""
    wiring.back_up_ledger(settings, tmp_path / "copy.db")
    assert finding(checkup.examine(settings), "backup").verdict == "ok"


def test_a_ledger_that_is_not_there(tmp_path: Path) -> None:
    """Without a ledger that is the finding, and the disk is looked at all the same."""
    found = checkup.examine(Settings(folder=tmp_path, database_url=f"sqlite:///{tmp_path}/none.db"))
    assert finding(found, "ledger").verdict == "bad"
    assert {one.check for one in found} == {"ledger", "disk", "settings"}


@pytest.mark.parametrize(
    ("free", "verdict", "said"),
    [(100, "ok", "10% free"), (99, "bad", "only 10% free"), (5, "bad", "only 0% free"), (600, "ok", "60%")],
)
def test_how_full_the_disk_is(settings: Settings, free: int, verdict: str, said: str) -> None:
    """With less than a tenth of the disk free call records are in danger."""
    found = finding(checkup.examine(settings, lambda folder: Disk(1000, 1000 - free, free)), "disk")
    assert found.verdict == verdict
    assert said in found.text
    assert (str(settings.folder) in found.text) == (verdict == "bad")


def test_the_disk_of_call_records_is_looked_at(tmp_path: Path) -> None:
    """The disk that a switch writes its records to may be full while ours is not; a missing file is told."""
    records = tmp_path / "log" / "Master.csv"
    records.parent.mkdir()
    named = (str(records), str(tmp_path / "gone" / "cdr.json"))
    switch = SwitchSettings(name="pbx", host="127.0.0.1", port=9, records=named)
    records.write_text("")
    made = Settings(
        folder=tmp_path, database_url=f"sqlite:///{tmp_path}/seatline.db", switches={"pbx": switch}
    )
    found = checkup.examine(
        made, lambda folder: Disk(100, 99, 1) if folder == records.parent else shutil.disk_usage(folder)
    )
    assert finding(found, "pbx: Master.csv").text.startswith(f"{records.parent}: only 1% free")
    assert finding(found, "pbx: cdr.json").verdict == "warning"


def test_odd_fetches_of_the_last_days_are_told(settings: Settings) -> None:
    """Requests for IAD files that got nothing within seven days are counted, with the last one's time."""
    assert not [one for one in checkup.examine(settings) if one.check == "odd fetches"]
    audited(settings, "iad-odd-fetch", timedelta(days=8), timedelta(days=7, minutes=1))
    assert not [one for one in checkup.examine(settings) if one.check == "odd fetches"]
    at = datetime.now(UTC) - timedelta(days=2)
    audited(settings, "iad-odd-fetch", timedelta(days=6))
    odd = OddFetch(reason="taken", site="zhaotong", iad="iad-1", remote="192.0.2.1", user_agent="x")
    with open_ledger(settings.database_url) as ledger:
        write_down(ledger, odd, left_out=0, at=at, who="w")
    found = finding(checkup.examine(settings), "odd fetches")
    assert found.verdict == "warning"
    assert found.text.startswith(f"2 in the last 7 days, the last at {at:%Y-%m-%d %H:%M} GMT")
    assert "seatline serve" in found.text


def certificate(folder: Path, days: int) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is good for so many days and an hour at most, and its key."""
    made, key, request, more = (folder / f"{days}.{ending}" for ending in ("pem", "key", "csr", "cnf"))
    more.write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:TRUE\n")
    for command in (
        ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", request],
        ["x509", "-req", "-in", request, "-signkey", key, "-days", str(days), "-extfile", more, "-out", made],
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return made, key


@pytest.mark.parametrize(
    ("days", "verdict", "said"),
    [
        (31, "ok", "good until "),
        (29, "warning", "28 days: renew it"),
        (-1, "bad", "the certificate has expired"),
    ],
)
def test_how_long_the_certificate_of_serve_is_good(
    settings: Settings, tmp_path: Path, days: int, verdict: str, said: str
) -> None:
    """The certificate that devices are shown should be good for another 30 days."""
    shown = serving_files(settings, *certificate(tmp_path, days))
    found = finding(checkup.examine(shown), "serve certificate")
    assert found.verdict == verdict
    assert said in found.text


def test_a_certificate_of_serve_that_is_missing(settings: Settings, tmp_path: Path) -> None:
    """A certificate that is set and not there is bad; where none is set there is nothing to say."""
    found = checkup.examine(serving_files(settings, tmp_path / "none.pem", tmp_path / "none.key"))
    assert finding(found, "serve certificate").verdict == "bad"
    assert "none.pem" in finding(found, "serve certificate").text
    assert not [one for one in checkup.examine(settings) if one.check == "serve certificate"]


def serving_files(settings: Settings, certificate: Path, key: Path) -> Settings:
    return Settings(
        folder=settings.folder,
        database_url=settings.database_url,
        serve=ServeSettings(certificate=certificate, key=key),
    )


@contextmanager
def manager(made: Path, key: Path) -> Iterator[int]:
    """A switch that lets in one client over TLS and denies whatever it asks for; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(30)

    def serve() -> None:
        plain, _ = listening.accept()
        plain.settimeout(30)
        try:
            with context.wrap_socket(plain, server_side=True) as line:
                converse(line)
        except (ssl.SSLError, ConnectionError):
            plain.close()  # it does not believe the certificate

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        thread.join()
        listening.close()


def converse(line: ssl.SSLSocket) -> None:
    line.sendall(b"Asterisk Call Manager/9.0.0\r\n")
    rest = b""
    while data := line.recv(65536):
        *actions, rest = (rest + data).split(b"\r\n\r\n")
        for action in actions:
            said = dict(header.split(": ", 1) for header in action.decode().split("\r\n"))
            let_in = said["Action"].lower() == "login"
            answer = "Success" if let_in else "Error\r\nMessage: Permission denied"
            line.sendall(f"Response: {answer}\r\nActionID: {said['ActionID']}\r\n\r\n".encode())


def examined(settings: Settings, made: Path, key: Path) -> list[Finding]:
    """What doctor finds at a switch that shows this certificate."""
    (settings.folder / "secret").write_text("Sesame")
    with manager(made, key) as port:
        switch = SwitchSettings(
            name="pbx", host="127.0.0.1", port=port, tls=True, ca_file=made,
            secret_file=settings.folder / "secret",
        )  # fmt: skip
        return checkup.examine(
            Settings(folder=settings.folder, database_url=settings.database_url, switches={"pbx": switch})
        )


@pytest.mark.parametrize(("days", "verdict"), [(31, "ok"), (29, "warning")])
def test_how_long_the_certificate_of_a_switch_is_good(
    settings: Settings, tmp_path: Path, days: int, verdict: str
) -> None:
    """The certificate of a switch's AMI should be good for another 30 days; the other checks go on."""
    found = examined(settings, *certificate(tmp_path, days))
    assert finding(found, "pbx: AMI certificate").verdict == verdict
    assert "lacks write=config,system" in finding(found, "pbx: rights").text


def test_a_switch_whose_certificate_has_expired(settings: Settings, tmp_path: Path) -> None:
    """A switch with an expired certificate cannot be asked: that is the finding, and it says why."""
    found = examined(settings, *certificate(tmp_path, -1))
    assert finding(found, "pbx: AMI").verdict == "bad"
    assert finding(found, "pbx: AMI").text.endswith("TLS could not be agreed on: certificate has expired")
    assert not [one for one in found if one.check == "pbx: AMI certificate"]


@pytest.mark.parametrize(
    ("free", "verdict", "said"), [(50, "ok", "50% free, none past its day"), (5, "bad", "only 5% free")]
)
def test_the_room_for_recordings(
    settings: Settings, tmp_path: Path, free: int, verdict: str, said: str
) -> None:
    """Where recordings lie a tenth of the disk has to be free: on a full one calls are refused."""
    (tmp_path / "recordings").mkdir()
    switch = SwitchSettings(name="pbx", host="127.0.0.1", port=9, recordings=tmp_path / "recordings")
    with_switch = replace(settings, switches={"pbx": switch})
    found = checkup.examine(with_switch, lambda folder: Disk(100, 100 - free, free))
    one = finding(found, "pbx: recordings")
    assert one.verdict == verdict
    assert said in one.text


def test_a_folder_of_recordings_that_is_not_there(settings: Settings, tmp_path: Path) -> None:
    """A folder of recordings that we may not use is a fault, and named."""
    switch = SwitchSettings(name="pbx", host="127.0.0.1", port=9, recordings=tmp_path / "nowhere")
    found = checkup.examine(replace(settings, switches={"pbx": switch}))
    one = finding(found, "pbx: recordings")
    assert one.verdict == "bad"
    assert "nowhere: no folder" in one.text

"""Settings come from one file and the environment; a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.settings import ServeSettings, Settings, listen_address, load
from provisioning.settings_secrets import collector_secret, outside_secret, secret_of
from provisioning.settings_table import SettingsWrong


def settings(folder: Path, text: str, **environment: str) -> Settings:
    (folder / "seatline.toml").write_text(text, encoding="utf-8")
    return load(folder / "seatline.toml", environment)


def test_without_a_file_the_ledger_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any setting the ledger is SQLite in the working folder."""
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).database_url == f"sqlite:///{tmp_path}/seatline.db"


def test_paths_start_from_the_settings_file(tmp_path: Path) -> None:
    """A relative path in the settings starts from the file's folder."""
    found = settings(
        tmp_path, '[switches.pbx]\nami = "127.0.0.1:5038"\nsecret_file = "s"\nrecords = ["a/Master.csv"]\n'
    )
    assert found.switches["pbx"].secret_file == tmp_path / "s"
    assert found.switches["pbx"].records == (str(tmp_path / "a/Master.csv"),)


def test_the_environment_wins(tmp_path: Path) -> None:
    """SEATLINE_DATABASE_URL overrides the file."""
    url = "postgresql+psycopg://x@127.0.0.1/y"
    assert (
        settings(tmp_path, 'database_url = "sqlite:///a.db"', SEATLINE_DATABASE_URL=url).database_url == url
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("databse_url = 'x'", "unknown setting databse_url"),
        ("[switches.pbx]\nami = 'nowhere'", "host:port"),
        ("[switches.pbx]\nami = 'h:1'\nsecret = 'x'", "unknown setting secret"),
        ("[switches.pbx]\nami = 'h:1'\nsites = 'zhaotong'", "list of text"),
        ("[switches.pbx]\nami = 'h:1'\nsip = 'sip:h'", "host:port"),
        ("[switches.pbx]\nami = 'h:1'\nsip = 5060", "host:port"),
        ("[switches.pbx]\nami = 'h:1'\nsip = '192.0.2.10:70000'", "host:port"),
        ("[switches.pbx]\nami = 'a:b:1'", "host:port"),
        ("[serve]\nlisten = '0.0.0.0'", "listen"),
        ("[serve]\nlisten = '0.0.0.0:0'", "listen"),
        ("[serve]\nlisten = ':8080'", "listen"),
        ("[serve]\nlisten = 8080", "listen"),
        ("[serve]\nurl = 'prov.example.net'", "url is how devices reach us"),
        ("[serve]\nurl = 'ftp://prov.example.net'", "url is how devices reach us"),
        ("[serve]\nurl = 'http://a:b@prov.example.net'", "url is how devices reach us"),
        ("[serve]\nurl = 'http://prov.example.net/?a=b'", "url is how devices reach us"),
        ("[serve]\ncertificate = 'c.pem'", "certificate and key"),
        ("[serve]\nkey = 'k.pem'", "certificate and key"),
        ("[serve]\ncertificate = 1\nkey = 'k.pem'", "certificate is text"),
        ("[serve]\nport = 8080", "unknown setting port"),
        ("serve = 1", "serve] is a table"),
        ("[iad_templates]\ndinstar = 1", "dinstar is text"),
        ("[iad_templates]\n'../x' = 'a'", "is no model"),
        ("iad_templates = 1", "iad_templates] is a table"),
        (
            "[switches.a]\nami = 'h:1'\nsites = ['x', 'y']\n[switches.b]\nami = 'h:2'\nsites = ['z', 'y']",
            r"site y is in `sites` of \[switches.a\] and of \[switches.b\]",
        ),
        ("switches = 3", "table"),
        ("= 3", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, said: str) -> None:
    """A setting that cannot be meant is named, with its file."""
    with pytest.raises(SettingsWrong, match=said) as caught:
        settings(tmp_path, text)
    assert "seatline.toml" in str(caught.value)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """A settings file that was asked for and is missing is an error."""
    with pytest.raises(SettingsWrong, match="no such settings file"):
        load(tmp_path / "other.toml", {})


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """The environment's secret goes before the file's."""
    (tmp_path / "s").write_text("from-file\n", encoding="utf-8")
    switch = settings(tmp_path, '[switches.pbx]\nami = "h:1"\nsecret_file = "s"').switches["pbx"]
    assert secret_of(switch, {}) == "from-file"
    assert secret_of(switch, {"SEATLINE_SECRET_PBX": "from-environment"}) == "from-environment"


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    """A switch without a secret says which variable would hold it."""
    switch = settings(tmp_path, '[switches.pbx]\nami = "h:1"').switches["pbx"]
    with pytest.raises(SettingsWrong, match="SEATLINE_SECRET_PBX"):
        secret_of(switch, {})


def test_a_secret_file_that_is_missing_is_named(tmp_path: Path) -> None:
    """A secret that cannot be read is told with its switch, its key, its file and the variable."""
    switch = settings(tmp_path, '[switches.pbx]\nami = "h:1"\nsecret_file = "gone"').switches["pbx"]
    with pytest.raises(SettingsWrong) as caught:
        secret_of(switch, {})
    for part in ("switch pbx", f"secret_file {tmp_path / 'gone'}", "SEATLINE_SECRET_PBX"):
        assert part in str(caught.value)


def test_marks_that_editors_leave_do_no_harm(tmp_path: Path) -> None:
    """A byte order mark and the ends of lines that Windows writes are part of neither settings nor secret."""
    file = tmp_path / "seatline.toml"
    file.write_bytes(b'\xef\xbb\xbf[switches.pbx]\r\nami = "h:1"\r\nsecret_file = "s"\r\n')
    (tmp_path / "s").write_bytes(b"\xef\xbb\xbffrom-file\r\n")
    switch = load(file, {}).switches["pbx"]
    assert secret_of(switch, {}) == "from-file"
    assert secret_of(switch, {"SEATLINE_SECRET_PBX": "from-environment\r\n"}) == "from-environment"


@pytest.mark.parametrize(("text", "said"), [("\n", "it is empty"), ("one\ntwo\n", "more than one line")])
def test_a_secret_file_holds_one_line(tmp_path: Path, text: str, said: str) -> None:
    """An empty secret file, or one with more lines, is told as that, not tried at the switch."""
    (tmp_path / "s").write_text(text, encoding="utf-8")
    switch = settings(tmp_path, '[switches.pbx]\nami = "h:1"\nsecret_file = "s"').switches["pbx"]
    with pytest.raises(SettingsWrong, match=said):
        secret_of(switch, {})


def test_where_iads_find_switch_and_files(tmp_path: Path) -> None:
    """A switch has the SIP address of its IADs; [serve] says where files are handed out."""
    found = settings(
        tmp_path,
        '[switches.pbx]\nami = "127.0.0.1:5038"\nsip = "192.0.2.10:5060"\n'
        '[serve]\nlisten = "[::]:8443"\nurl = "https://prov.example.net/"\n'
        'certificate = "c.pem"\nkey = "/etc/k.pem"\n'
        '[iad_templates]\n"dinstar-dag2000-16s" = "templates/dag2000"\n',
    )
    assert found.switches["pbx"].sip == "192.0.2.10:5060"
    assert found.serve == ServeSettings(
        host="::",
        port=8443,
        url="https://prov.example.net",
        certificate=tmp_path / "c.pem",
        key=Path("/etc/k.pem"),
    )
    assert found.iad_templates == {"dinstar-dag2000-16s": tmp_path / "templates" / "dag2000"}


def test_without_serve_files_are_handed_out_on_this_machine_only(tmp_path: Path) -> None:
    """Without [serve] the address is loopback, and devices are told nothing."""
    found = settings(tmp_path, '[switches.pbx]\nami = "127.0.0.1:5038"')
    assert found.serve == ServeSettings(host="127.0.0.1", port=8080, url=None)
    assert found.switches["pbx"].sip is None
    assert found.iad_templates == {}


@pytest.mark.parametrize("text", ["8080", "host", "host:", "host:65536", "::1:8080", "[::1]", "a b:1x"])
def test_an_address_to_listen_on_is_host_and_port(text: str) -> None:
    """What is no host and port is named as such."""
    with pytest.raises(SettingsWrong, match="no address to listen on"):
        listen_address(text)
    assert listen_address("[::1]:8080") == ("::1", 8080)


def test_the_telephone_outside_is_whole_or_not_there(tmp_path: Path) -> None:
    """A test number of the operator's has where and as whom it registers, and its secret; numbers that answer
    stand for themselves."""
    whole = '[outside]\nnumber = "13800138000"\nsip = "127.0.0.2:5070"\nuser = "m"\nsecret_file = "s"\n'
    found = settings(tmp_path, whole + 'answers = ["01085200000"]\n').outside
    assert (found.number, found.sip, found.answers) == ("13800138000", "127.0.0.2:5070", ("01085200000",))
    (tmp_path / "s").write_text("secret\n")
    assert outside_secret(found, {}) == "secret"
    assert outside_secret(found, {"SEATLINE_OUTSIDE_SECRET": "other"}) == "other"
    assert settings(tmp_path, '[outside]\nanswers = ["01085200000"]\n').outside.number is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('number = "13800138000"', "needs sip and user"),
        ("number = 13800138000", "is text"),
        ('number = "0870-1"', "text of digits"),
        ('answers = "01085200000"', "text of digits"),
        ("answers = [1085200000]", "text of digits"),
        ('sip = "x y"', "host:port"),
        ('secret = "x"', "unknown setting secret"),
    ],
)
def test_a_wrong_telephone_outside_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Half a telephone, bare numbers and unknown keys are refused with what to write instead."""
    with pytest.raises(SettingsWrong, match=said):
        settings(tmp_path, f"[outside]\n{text}\n")


def test_what_tells_of_calls_beside_their_records_is_set_per_switch(tmp_path: Path) -> None:
    """Files of events start from the settings' folder; the collector's secret comes as any other."""
    table = '[switches.pbx]\nami = "127.0.0.1:5038"\nevents = ["e.json"]\n'
    pbx = settings(tmp_path, table).switches["pbx"]
    assert pbx.witness.events == (str(tmp_path / "e.json"),)
    assert collector_secret(pbx, {"SEATLINE_COLLECTOR_SECRET_PBX": "s"}) == "s"
    with pytest.raises(SettingsWrong, match="set collector_secret_file"):
        collector_secret(pbx, {})
    (tmp_path / "file").write_text("kept\n")
    more = 'collector_secret_file = "file"\ncollector = "watcher"\n'
    named = settings(tmp_path, table + more).switches["pbx"]
    assert (collector_secret(named, {}), named.witness.collector) == ("kept", "watcher")
    with pytest.raises(SettingsWrong, match="events is a list of text"):
        settings(tmp_path, table.replace('["e.json"]', '"e.json"'))

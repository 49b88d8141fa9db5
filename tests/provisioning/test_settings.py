"""Settings come from one file and the environment; a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.settings import Settings, SettingsWrong, load, secret_of


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
    assert found.switches["pbx"].records == (tmp_path / "a/Master.csv",)


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

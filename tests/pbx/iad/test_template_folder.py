"""The folder of a user's template is believed only when all of it agrees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pbx.errors import Malformed
from pbx.iad.template_folder import load

FOLDER = Path(__file__).parent / "templates" / "dinstar-example"
FILES: Mapping[str, bytes] = {file.name: file.read_bytes() for file in FOLDER.iterdir()}


def changed(file: str, old: str, new: str) -> dict[str, bytes]:
    """The example with a change in one file."""
    encoding = "utf-8" if file.endswith(".toml") else "gbk"
    text = FILES[file].decode(encoding)
    assert old in text
    return {**FILES, file: text.replace(old, new, 1).encode(encoding)}


def test_the_example_is_whole() -> None:
    """The example loads, with files beside it that are nobody's business."""
    assert load({**FILES, "README.md": b"x"}).MODELS == {"dinstar-example": 4}


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("sample.expected", "le = 0", "le = 1", r"sample.expected:24:10: .* unused.tmpl:2 for port 2 gives"),
        ("port.tmpl", "enable = 1", "enable=1", r"sample.expected:18:7: .* port.tmpl:2 for port 1 gives"),
        ("device.tmpl", "; end", "; end\n;", r"sample.expected:39: ends where device.tmpl:21 goes on"),
        ("device.tmpl", "; end\n", "", r"sample.expected:38: goes on where the template has ended"),
        ("variables.toml", '"crlf"', '"lf"', r"sample.expected:1: has another line end"),
        ("port.tmpl", "${display}", "${displya}", r"port.tmpl:6:11: \$\{displya\} is not known here"),
        ("unused.tmpl", "= 0", "= ${password}", r"unused.tmpl:2:10: .*block of a port in use"),
        ("device.tmpl", "${expires}", "${port}", r"device.tmpl:15:11: .*block of a port"),
        ("device.tmpl", "${expires}", "${ports}", r"device.tmpl:15:11: \$\{ports\} is not declared"),
        ("device.tmpl", "${expires}", "${expires", r"device.tmpl:15:11: a \$\{ without its \}"),
        ("device.tmpl", "${expires}", "3600", r"used nowhere: expires"),
        ("device.tmpl", "${caller_id}", "dtmf", r"used nowhere: caller_id"),
        ("device.tmpl", "#fax#", "# fax #", r"device.tmpl: the line '#fax#'"),
        ("variables.toml", "${mac}.txt", "${password}.txt", r"file_name:1:1: \$\{password\}"),
        ("variables.toml", "ports = 4", "ports = 0", r"ports is a number"),
        ("variables.toml", "ports = 4", "ports = true", r"ports is a number"),
        ("variables.toml", "ports = 4", "ports = 2", r"port 3 is none of 1 to 2"),
        ("variables.toml", "ports = 4", "", r"ports is missing"),
        ("variables.toml", "ports = 4", "ports = 4\nlogic = 1", r"unknown key logic"),
        ("variables.toml", '"gbk"', '"big5"', r"encoding is one of ascii, gb18030, gbk"),
        ("variables.toml", '"gbk"', '"utf-8"', r"device.tmpl: not utf-8 at byte 3"),
        ("variables.toml", '"ini-quote"', '"json"', r"escape is one of none, xml, ini-quote"),
        ("variables.toml", "values.user_phone", "values.password", r"\[values.NAME\] stands for one of"),
        ("variables.toml", 'tls = "2"', "tls = 2", r"\[values.transport\] is our word"),
        ("variables.toml", "[values.user_phone]", "[values.t38]", r"used nowhere: t38"),
        ("variables.toml", "Example * ", "* * * ", r"user_agent has at most 2"),
        ("variables.toml", "caller_id =", "user =", r"'user' is no name of its own"),
        ("variables.toml", '"fax.tmpl"', '"nowhere.tmpl"', r"nowhere.tmpl: not in the folder"),
        ("variables.toml", '"no-fax.tmpl"', '"fax.tmpl"', r"fax.tmpl:1:21: .*block of a port in use"),
        ("variables.toml", "model =", "model", r"variables.toml: not valid TOML"),
        ("sample.toml", "[[lines]]", "[[lines]]\nport = 1\nuser='1'\nauth_user='1'\npassword='1'\n[[lines]]",
         r"port 1 is none of 1 to 4, or stands there twice"),
        ("sample.toml", "port = 3", "prot = 3", r"sample.toml: not the values of a device"),
        ("sample.toml", "domain =", "host =", r"sample.toml: not the values of a device"),
        ("sample.toml", "mac =", "imei =", r"sample.toml: unknown key imei"),
        ("sample.toml", '"iad-1"', '"iad\\n1"', r"control character U\+000A"),
        ("port.tmpl", "${display}\n", "${display}", r"port.tmpl: its last line has no line end"),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_named(file: str, old: str, new: str, said: str) -> None:
    """A folder that does not agree with itself is refused, naming the file and where in it."""
    with pytest.raises(Malformed, match=said) as caught:
        load(changed(file, old, new))
    assert "Sample" not in str(caught.value)


def test_a_template_that_nothing_uses_is_named() -> None:
    """A file of the ending .tmpl that nothing uses is a slip."""
    with pytest.raises(Malformed, match=r"old.tmpl: used nowhere"):
        load({**FILES, "old.tmpl": b"x\n"})


@pytest.mark.parametrize("file", sorted(FILES))
def test_every_file_of_the_example_is_needed(file: str) -> None:
    """A folder that lacks a file is refused by that file's name."""
    with pytest.raises(Malformed, match=file):
        load({name: content for name, content in FILES.items() if name != file})


def test_a_sample_shows_both_kinds_of_ports() -> None:
    """A sample without an unused port proves nothing of how ports are switched off."""
    more = "".join(
        f'\n[[lines]]\nport = {port}\nuser = "1"\nauth_user = "1"\npassword = "1"\n' for port in (2, 4)
    )
    with pytest.raises(Malformed, match="ports in use and ports not in use"):
        load({**FILES, "sample.toml": FILES["sample.toml"] + more.encode()})


def test_a_sample_that_is_cut_short_is_noticed() -> None:
    """A sample's last byte counts too."""
    cut = FILES["sample.expected"].removesuffix(b"; end\r\n")
    with pytest.raises(Malformed, match=r"sample.expected:38: ends where device.tmpl:20 goes on"):
        load({**FILES, "sample.expected": cut})
    with pytest.raises(Malformed, match=r"sample.expected:38: has another line end"):
        load({**FILES, "sample.expected": FILES["sample.expected"].removesuffix(b"\r\n")})
    with pytest.raises(Malformed, match=r"sample.expected:39: goes on where the template has ended"):
        load({**FILES, "sample.expected": FILES["sample.expected"] + b";\r\n"})


def test_a_sample_may_say_whose_telephones_they_are() -> None:
    """The label of a port stands in the sample beside its line."""
    files = changed("port.tmpl", "${display}", "${seat_name}")
    files |= {"variables.toml": files["variables.toml"].replace(b'"display"', b'"seat_name"')}
    text = files["sample.toml"].decode()
    assert text.count("display = ") >= 1
    assert load({**files, "sample.toml": text.replace("display = ", "seat_name = ").encode()})

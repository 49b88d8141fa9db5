"""[nightly] in seatline.toml, and from where /metrics may be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning import settings
from provisioning.flows.errors import FlowError
from provisioning.settings import Settings

WHOLE = """\
[nightly]
reports = "reports"
keep_days = 30
language = "en"
metrics = "/srv/metrics/seatline.prom"
tell = "findings"
[nightly.mail]
smtp = "smtp.example.net"
from = "seatline@example.net"
to = ["duty@example.net", "ops@example.net"]
user = "seatline"
password_file = "mail-password"
[nightly.webhook]
url_file = "hook"
format = "dingtalk"
secret_file = "hook-secret"
[serve]
metrics_from = ["127.0.0.1", "192.0.2.0/24"]
"""


def load(folder: Path, text: str) -> Settings:
    file = folder / "seatline.toml"
    file.write_text(text, encoding="utf-8")
    return settings.load(file, {})


def test_all_that_can_be_said(tmp_path: Path) -> None:
    """Files start where seatline.toml lies; the port is that of the security; networks are networks."""
    told = load(tmp_path, WHOLE)
    night = told.nightly
    assert (night.reports, night.keep_days, night.language) == (tmp_path / "reports", 30, "en")
    assert (night.metrics, night.tell) == (Path("/srv/metrics/seatline.prom"), "findings")
    assert night.mail is not None
    assert (night.mail.host, night.mail.port, night.mail.security) == ("smtp.example.net", 587, "starttls")
    assert (night.mail.to, night.mail.password_file) == (
        ("duty@example.net", "ops@example.net"),
        tmp_path / "mail-password",
    )
    assert night.webhook is not None
    assert (night.webhook.url_file, night.webhook.manner) == (tmp_path / "hook", "dingtalk")
    assert told.serve.metrics_from == ("127.0.0.1/32", "192.0.2.0/24")


def test_nothing_said(tmp_path: Path) -> None:
    """Without [nightly] nothing is written, nobody is told, and nobody sees metrics."""
    told = load(tmp_path, "")
    assert (told.nightly.reports, told.nightly.metrics, told.nightly.mail) == (None, None, None)
    assert told.serve.metrics_from == ()


MAIL = 'from = "a@example.net"\nto = ["b@example.net"]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[nightly]\nreport = 'x'", "unknown setting report; known are keep_days, language"),
        ("nightly = 3", "is a table of settings"),
        ("[nightly]\nreports = 3", "reports is text"),
        ("[nightly]\nkeep_days = 0", "keep_days is a number of days"),
        ("[nightly]\nkeep_days = true", "keep_days is a number of days"),
        ("[nightly]\nlanguage = 'de'", "language is one of zh, en, not 'de'"),
        ("[nightly]\ntell = 'never'", "tell is one of failure, findings, always"),
        ("[nightly.mail]\n" + MAIL, 'needs smtp = "host" or "host:port"'),
        ("[nightly.mail]\nsmtp = 'mx:99999'\n" + MAIL, 'needs smtp = "host" or "host:port"'),
        ("[nightly.mail]\nsmtp = 'mx'\nfrom = 'a@example.net'", "mail addresses"),
        ("[nightly.mail]\nsmtp = 'mx'\nfrom = 'a@b.net\\r\\nBcc: x'\nto = ['b@b.net']", "mail addresses"),
        ("[nightly.mail]\nsmtp = 'mx'\nuser = 'u'\n" + MAIL, "user and password_file belong together"),
        (
            "[nightly.mail]\nsmtp = 'mx'\nsecurity = 'none'\nuser = 'u'\npassword_file = 'p'\n" + MAIL,
            "the password would cross the network in clear",
        ),
        ("[nightly.webhook]\nformat = 'json'", "needs one of url and url_file"),
        ("[nightly.webhook]\nurl = 'ftp://x'", "url is an address like"),
        ("[nightly.webhook]\nurl = 'http://x'\nformat = 'irc'", "format is one of json, dingtalk"),
        ("[nightly.webhook]\nurl = 'http://x'\nformat = 'slack'\nsecret_file = 's'", "knows no signature"),
        ("[serve]\nmetrics_from = ['everybody']", "metrics_from is a list of networks"),
        ("[serve]\nmetrics_from = '127.0.0.1'", "metrics_from is a list of networks"),
    ],
)
def test_what_cannot_be_meant(tmp_path: Path, text: str, said: str) -> None:
    """Each slip ends with 3, and one sentence that says where and what to write."""
    with pytest.raises(FlowError) as fault:
        load(tmp_path, text)
    assert said in str(fault.value)
    assert fault.value.exit_code == 3

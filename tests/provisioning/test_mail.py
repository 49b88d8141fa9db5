"""Mail, against a mail server on loopback."""

from __future__ import annotations

import email
import email.policy
import importlib.util
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioning.flows.tell_night import Message, NotTold
from provisioning.mail import Mail
from provisioning.settings_nightly import MailSettings

_spec = importlib.util.spec_from_file_location("mail_sink", Path(__file__).with_name("mail_sink.py"))
assert _spec is not None
assert _spec.loader is not None
sinks = sys.modules.setdefault("mail_sink", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sinks)

MESSAGE = Message(subject="夜间作业\r\nBcc: x@example.net", text="采集话单: 失败\n.\n", document={})
PASSWORD = "CANARYpassword0000"


def mail(port: int, **changes: Any) -> Mail:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "seatline@example.net",
        "to": ("duty@example.net", "ops@example.net"),
    }
    return Mail(settings=MailSettings(**{**given, **changes}), password=PASSWORD)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    file = tmp_path_factory.mktemp("mail") / "both.pem"
    key = file.with_name("key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(file)],
        check=True, capture_output=True,
    )  # fmt: skip
    return file


def server_trust(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


def test_a_mail_reaches_all_it_is_for() -> None:
    """Chinese arrives as written, a line of one dot too, and a subject has one line: no header slips in."""
    with sinks.mail_sink() as sink:
        mail(sink.port).send(MESSAGE)
    ((to, text),) = sink.mails
    assert to == ["duty@example.net", "ops@example.net"]
    got = email.message_from_string(text, policy=email.policy.SMTP)
    assert (got["Subject"], got["Bcc"]) == ("夜间作业 Bcc: x@example.net", None)
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content().replace("\r\n", "\n").startswith("采集话单: 失败\n.")


def test_with_tls_and_a_password(certificate: Path) -> None:
    """Over STARTTLS with a certificate that is believed, the user logs in and the mail is taken."""
    with sinks.mail_sink(trust=server_trust(certificate)) as sink:
        told = mail(sink.port, security="starttls", user="u", password_file=Path("p"), ca_file=certificate)
        told.send(MESSAGE)
    assert (len(sink.mails), sink.logins) == (1, 1)


def test_a_certificate_nobody_believes(certificate: Path) -> None:
    """Nothing is sent, no password least of all, to a server that cannot prove who it is."""
    with sinks.mail_sink(trust=server_trust(certificate)) as sink:
        told = mail(sink.port, security="starttls", user="u", password_file=Path("p"))
        with pytest.raises(NotTold) as fault:
            told.send(MESSAGE)
    assert (sink.mails, sink.logins) == ([], 0)
    assert PASSWORD not in str(fault.value) + repr(told)


def test_who_is_refused_is_named() -> None:
    """A mail that one of two does not get is not told; who it is stands in the fault."""
    with (
        sinks.mail_sink(refuse="ops@") as sink,
        pytest.raises(NotTold, match=r"not taken for ops@example\.net"),
    ):
        mail(sink.port).send(MESSAGE)
    assert sink.mails[0][0] == ["duty@example.net"]


def test_nobody_there(reserved_port: int) -> None:
    """No server, and one that hangs up, are one sentence each with the place."""
    with pytest.raises(NotTold, match=f"{reserved_port}: Connection refused"):
        mail(reserved_port).send(MESSAGE)
    with sinks.mail_sink(broken=True) as sink, pytest.raises(NotTold, match=r"mail by 127\.0\.0\.1"):
        mail(sink.port).send(MESSAGE)


def test_a_name_that_is_no_hosts(certificate: Path) -> None:
    """A host with a mistake in its name, and a password that no server can be told, are one sentence each,
    without the password."""
    with pytest.raises(NotTold, match=r"^mail by mail\.\.example\.net:25: UnicodeError$"):
        mail(25, host="mail..example.net").send(MESSAGE)
    with sinks.mail_sink(trust=server_trust(certificate)) as sink:
        told = mail(sink.port, security="starttls", user="seatline", ca_file=certificate).settings
        with pytest.raises(NotTold, match=r": UnicodeEncodeError$"):
            Mail(settings=told, password=f"{PASSWORD}密").send(MESSAGE)

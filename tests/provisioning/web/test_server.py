"""Where is listened: nowhere in clear beyond this machine, unless that is meant."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from provisioning.flows.errors import FlowError
from provisioning.web.server import Place


def certificate(folder: Path, *more: str) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-days", "2", "-subj", "/CN=prov.example.net", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(made), *(more or ("-nodes",))],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_this_machine_may_speak_in_clear(host: str) -> None:
    """On loopback no certificate is needed."""
    Place(host=host, port=8080).check()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "prov.example.net", "localhost.example.net"])
def test_beyond_this_machine_a_certificate_is_needed(host: str) -> None:
    """Anywhere else passwords in clear are refused, unless somebody says that they are meant."""
    with pytest.raises(FlowError, match=r"certificate and key under \[serve\].*--plain-http"):
        Place(host=host, port=8080).check()
    Place(host=host, port=8080, plain_http=True).check()
    Place(host=host, port=8080, certificate=Path("c"), key=Path("k")).check()


def test_a_certificate_is_read(tmp_path: Path) -> None:
    """A certificate with its key serves, over TLS 1.2 and above."""
    made, key = certificate(tmp_path)
    context = Place(host="::1", port=1, certificate=made, key=key).tls()
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert Place(host="::1", port=1).tls() is None


def test_a_certificate_that_does_not_serve_is_named(tmp_path: Path) -> None:
    """A file that is missing, no certificate, another's key or locked is named, with what is wrong."""
    made, key = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = certificate(tmp_path / "other")
    (tmp_path / "locked").mkdir()
    _, locked = certificate(tmp_path / "locked", "-passout", "pass:Sesame1")
    for one, two, said in (
        (tmp_path / "none.pem", key, "none.pem: no such file"),
        (made, tmp_path / "none.key", "none.key: no such file"),
        (key, key, "do not serve"),
        (made, other, "key values mismatch"),
        (made, locked, "the key has a password"),
        (tmp_path, key, "cannot be read"),
    ):
        with pytest.raises(FlowError, match=said):
            Place(host="::1", port=1, certificate=one, key=two).tls()


def test_a_place_that_is_taken_is_named() -> None:
    """An address on which somebody else listens is a plain message."""
    with socket.create_server(("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(
            FlowError, match=rf"cannot listen on 127.0.0.1 port {port}: Address already in use"
        ):
            Place(host="127.0.0.1", port=port).listener()
    with pytest.raises(FlowError, match=r"cannot listen on no.such.host.invalid"):
        Place(host="no.such.host.invalid", port=1).listener()


def test_a_place_is_told_as_an_address() -> None:
    """What is told is the address a browser would take."""
    assert str(Place(host="::1", port=8080)) == "http://[::1]:8080"
    assert str(Place(host="192.0.2.1", port=8443, certificate=Path("c"), key=Path("k"))) == (
        "https://192.0.2.1:8443"
    )

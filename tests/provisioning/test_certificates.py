"""How long a certificate is good for, with real ones made by openssl."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioning.certificates import CertificateExpired, good_until
from provisioning.flows.errors import FlowError


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def made(folder: Path, days: int) -> tuple[Path, Path]:
    """A certificate signed by itself that is good for so many days, and its key."""
    certificate, key, request = (str(folder / f"{days}.{ending}") for ending in ("pem", "key", "csr"))
    name = ("-subj", "/CN=prov.example.net")
    openssl("req", "-newkey", "rsa:2048", "-nodes", *name, "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-signkey", key, "-days", str(days), "-out", certificate)
    return Path(certificate), Path(key)


def test_the_last_day_of_a_certificate(tmp_path: Path) -> None:
    """A certificate made for 90 days is good until then."""
    until = good_until(*made(tmp_path, 90))
    assert abs(until - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=5)


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    """A certificate whose days are over is said to have expired."""
    with pytest.raises(CertificateExpired, match="has expired"):
        good_until(*made(tmp_path, -1))


def test_files_that_are_no_certificate(tmp_path: Path) -> None:
    """A missing file, a key of another certificate, and text are each told in one sentence."""
    certificate, key = made(tmp_path, 90)
    _, other = made(tmp_path, 30)
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    with pytest.raises(FlowError, match="cannot be read: No such file"):
        good_until(tmp_path / "nowhere.pem", key)
    with pytest.raises(FlowError, match="no certificate with its key"):
        good_until(certificate, other)
    with pytest.raises(FlowError, match="no certificate with its key"):
        good_until(text, key)
